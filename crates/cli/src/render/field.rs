//! The parts of a record: each knows how it is shown, to people and to programs.

use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use mcast_proto::Finding;
use mcast_proto::wire::Attr;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::address::{Address, Host};
use super::services::Services;
use crate::escape::Escaped;

/// A word of the protocol's, as it displays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Display> Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Display> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A moment, as RFC 3339 has it, in UTC: for people to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) SystemTime);

/// The last second that RFC 3339 can write, in the year 9999.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

impl Time {
    /// A clock that stands before 1970 or after 9999 is shown at that limit: better than no line.
    fn in_bounds(self) -> SystemTime {
        let epoch = SystemTime::UNIX_EPOCH;
        self.0.clamp(epoch, epoch + LAST_SECOND)
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis(self.in_bounds()).fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_micros(self.in_bounds()))
    }
}

/// A round-trip time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Milliseconds(pub(crate) Duration);

impl Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7.2} ms", self.0.as_secs_f64() * 1000.0)
    }
}

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(milliseconds(self.0))
    }
}

/// Milliseconds to the microsecond: more digits would be noise.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// For how long somebody may be taken to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease(pub(crate) Duration);

impl Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs())
    }
}

impl Serialize for Lease {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0.as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// What was said: in JSON a field of its own name where it is text, and of another where it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Payload<'a> {
    #[serde(rename = "payload")]
    Text(&'a str),
    #[serde(rename = "payload_base64", serialize_with = "serialize_base64")]
    Bytes(&'a [u8]),
}

impl<'a> Payload<'a> {
    pub(crate) fn as_bytes(&self) -> &'a [u8] {
        match self {
            Payload::Text(text) => text.as_bytes(),
            Payload::Bytes(bytes) => bytes,
        }
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    fn from(bytes: &'a [u8]) -> Payload<'a> {
        str::from_utf8(bytes).map_or(Payload::Bytes(bytes), Payload::Text)
    }
}

fn serialize_base64<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&BASE64.encode_display(bytes))
}

/// What somebody offers: in JSON its fields are the record's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Offer<'a> {
    pub(crate) service: Option<&'a str>,
    #[serde(skip_serializing_if = "Services::is_one")]
    pub(crate) services: Services<'a>,
    pub(crate) name: Option<&'a str>,
    pub(super) port: Option<u16>,
    txt: TextAttrs<'a>,
    #[serde(skip_serializing_if = "ByteAttrs::is_empty")]
    txt_base64: ByteAttrs<'a>,
}

impl<'a> Offer<'a> {
    pub(super) fn of(finding: Finding<'a>) -> Offer<'a> {
        Offer {
            service: finding.service(),
            services: Services(finding),
            name: finding.name(),
            port: finding.port(),
            txt: TextAttrs(finding),
            txt_base64: ByteAttrs(finding),
        }
    }

    /// Its attributes, each of which displays.
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        self.txt.0.attrs().map(Attribute)
    }
}

impl Display for Offer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.services, text_or_dash(self.name))?;
        self.attributes().try_for_each(|attribute| write!(f, "  {attribute}"))
    }
}

/// One of its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attribute<'a>(Attr<'a>);

impl Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attr { key, value } = self.0;
        write!(f, "{}", Escaped(key.as_bytes()))?;
        value.map_or(Ok(()), |value| write!(f, "={}", Escaped(value)))
    }
}

/// A text off the network that may be missing.
pub(super) fn text_or_dash(text: Option<&str>) -> Escaped<'_> {
    Escaped(text.unwrap_or("-").as_bytes())
}

/// Each key's first value: an object has each key once.
fn first_of_each(finding: Finding<'_>) -> impl Iterator<Item = Attr<'_>> {
    let is_first = move |(place, attr): &(usize, Attr<'_>)| {
        finding.attrs().take(*place).all(|earlier| earlier.key != attr.key)
    };
    finding.attrs().enumerate().filter(is_first).map(|(_, attr)| attr)
}

/// The attributes that are text; null for one without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TextAttrs<'a>(Finding<'a>);

impl Serialize for TextAttrs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for Attr { key, value } in first_of_each(self.0) {
            match value.map(str::from_utf8) {
                None => map.serialize_entry(key, &())?,
                Some(Ok(text)) => map.serialize_entry(key, text)?,
                Some(Err(_)) => {}
            }
        }
        map.end()
    }
}

/// The attributes that are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ByteAttrs<'a>(Finding<'a>);

impl<'a> ByteAttrs<'a> {
    fn values(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        first_of_each(self.0)
            .filter_map(|attr| Some((attr.key, attr.value?)))
            .filter(|(_, value)| str::from_utf8(value).is_err())
    }

    fn is_empty(&self) -> bool {
        self.values().next().is_none()
    }
}

impl Serialize for ByteAttrs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|(key, value)| (key, BASE64.encode(value))))
    }
}

/// All the addresses of one who may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addresses<'a> {
    pub(super) finding: Finding<'a>,
    pub(super) interface: Option<&'a str>,
}

impl Addresses<'_> {
    fn iter(&self) -> impl Iterator<Item = Host<'_>> {
        self.finding
            .addresses()
            .map(|ip| Host(Address { address: SocketAddr::new(ip, 0), interface: self.interface }))
    }
}

impl Serialize for Addresses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::service::Instance;
    use mcast_proto::wire::{Tlv, TlvBuf};
    use mcast_proto::{Body, Path, Protocol};

    use super::super::json::line;
    use super::*;

    fn offer<'a>(tlvs: &'a TlvBuf) -> Offer<'a> {
        let tlvs = tlvs.as_tlvs();
        let instance = Instance { id: 0xfeed, authentic: false, truncated: false, tlvs };
        let from = Path::new(([10, 0, 0, 3], 41_234).into());
        Offer::of(Finding::new(Protocol::MCAST, from, Body::Service(instance)))
    }

    fn tlvs(parts: &[Tlv<'_>]) -> TlvBuf {
        let mut buffer = TlvBuf::new();
        parts.iter().for_each(|part| buffer.push(*part).unwrap());
        buffer
    }

    fn attr<'a>(key: &'a str, value: Option<&'a [u8]>) -> Tlv<'a> {
        Tlv::Attr(Attr { key, value })
    }

    fn shown(value: &impl Serialize) -> String {
        let mut buffer = Vec::new();
        line(&mut buffer, value);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn json_has_each_key_once_and_bytes_that_are_no_text_apart() {
        let said = tlvs(&[
            Tlv::Service("printer"),
            Tlv::Name("lab-3\u{202e}"),
            attr("color", Some(b"yes")),
            attr("color", Some(b"no")),
            attr("a4", None),
            attr("raw", Some(b"\xff\x00")),
        ]);
        assert_eq!(
            shown(&offer(&said)),
            concat!(
                r#"{"service":"printer","name":"lab-3\u202e","port":null,"#,
                r#""txt":{"color":"yes","a4":null},"txt_base64":{"raw":"/wA="}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_it_says_of_itself_can_do_nothing_to_a_terminal() {
        let said = tlvs(&[
            Tlv::Service("print\u{202e}er"),
            attr("k\\", Some(b"\x1b[2J\n")),
            attr("a4", None),
        ]);
        assert_eq!(offer(&said).to_string(), r"print\u{202e}er  -  k\\=\x1b[2J\n  a4");
    }

    #[test]
    fn a_clock_that_is_wrong_costs_no_line() {
        for (time, shown_as) in [
            (SystemTime::UNIX_EPOCH - Duration::from_secs(1), "\"1970-01-01T00:00:00.000000Z\"\n"),
            (
                SystemTime::UNIX_EPOCH + LAST_SECOND + Duration::from_secs(1),
                "\"9999-12-31T23:59:59.000000Z\"\n",
            ),
        ] {
            assert_eq!(shown(&Time(time)), shown_as);
        }
    }
}
