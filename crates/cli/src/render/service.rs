//! What a responder of the structured protocol says of itself, as it is shown.

use std::fmt::{self, Display};
use std::time::Duration;

use data_encoding::BASE64;
use mcast_proto::wire::Attr;
use mcast_proto::{Body, Finding, Via};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Address;
use super::address::Host;
use crate::escape::Escaped;

/// Displays where a service is to be reached: at the address that answered, unless it names another,
/// and at the port that it names; without one, the address alone.
pub(crate) struct Reach<'a> {
    pub(crate) finding: Finding<'a>,
    pub(crate) interface: Option<&'a str>,
}

impl Display for Reach<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interface = self.interface;
        let heard = Address { address: self.finding.from.remote, interface };
        match (self.finding.endpoint(), self.finding.body) {
            (Some(address), _) => write!(f, "{}", Address { address, interface }),
            // What is at the port is what answered.
            (None, Body::Plain { .. }) => write!(f, "{heard}"),
            (None, _) => write!(f, "{}", Host(heard)),
        }
    }
}

/// Displays what it offers: service, name and attributes.
pub(crate) struct Offered<'a>(pub(crate) Finding<'a>);

impl Display for Offered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Offered(finding) = self;
        write!(f, "{}", Escaped(finding.service().unwrap_or("-").as_bytes()))?;
        write!(f, "  {}", Escaped(finding.name().unwrap_or("-").as_bytes()))?;
        for Attr { key, value } in finding.attrs() {
            write!(f, "  {}", Escaped(key.as_bytes()))?;
            if let Some(value) = value {
                write!(f, "={}", Escaped(value))?;
            }
        }
        if finding.instance().is_some_and(|instance| instance.truncated) {
            f.write_str("  (and more that it did not get to say)")?;
        }
        Ok(())
    }
}

/// An instance's fields in JSON.
#[derive(Serialize)]
pub(super) struct Fields<'a> {
    service: Option<&'a str>,
    name: Option<&'a str>,
    port: Option<u16>,
    txt: Text<'a>,
    #[serde(skip_serializing_if = "Bytes::is_empty")]
    txt_base64: Bytes<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<Address<'a>>,
    via: Word<Via>,
    lease_ms: Option<u64>,
    authentic: bool,
    truncated: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn of(finding: Finding<'a>, interface: Option<&'a str>) -> Fields<'a> {
        let instance = finding.instance();
        let milliseconds = |time: Duration| time.as_millis().try_into().unwrap_or(u64::MAX);
        Fields {
            service: finding.service(),
            name: finding.name(),
            port: finding.port(),
            txt: Text(finding),
            txt_base64: Bytes(finding),
            id: instance.map(|instance| Id(instance.id)),
            endpoint: finding.endpoint().map(|address| Address { address, interface }),
            via: Word(finding.via),
            lease_ms: finding.lease.map(milliseconds),
            authentic: instance.is_some_and(|instance| instance.authentic),
            truncated: instance.is_some_and(|instance| instance.truncated),
        }
    }
}

/// A responder's number, as 16 hexadecimal digits: JSON's own numbers end at 2^53.
pub(super) struct Id(pub(super) u64);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

/// A word of the protocol's, as it displays.
pub(super) struct Word<T>(pub(super) T);

impl<T: Display> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Each key's first value: an object has each key once.
fn first_of_each(finding: Finding<'_>) -> impl Iterator<Item = Attr<'_>> {
    let is_first = move |(place, attr): &(usize, Attr<'_>)| {
        finding.attrs().take(*place).all(|earlier| earlier.key != attr.key)
    };
    finding.attrs().enumerate().filter(is_first).map(|(_, attr)| attr)
}

/// The attributes that are text; null for one without a value.
struct Text<'a>(Finding<'a>);

impl Serialize for Text<'_> {
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
struct Bytes<'a>(Finding<'a>);

impl<'a> Bytes<'a> {
    fn values(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        first_of_each(self.0)
            .filter_map(|attr| Some((attr.key, attr.value?)))
            .filter(|(_, value)| str::from_utf8(value).is_err())
    }

    fn is_empty(&self) -> bool {
        self.values().next().is_none()
    }
}

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|(key, value)| (key, BASE64.encode(value))))
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::service::Instance;
    use mcast_proto::wire::{Endpoint, Tlv, TlvBuf, Tlvs};
    use mcast_proto::{Path, Protocol};

    use super::*;

    fn tlvs(parts: &[Tlv<'_>]) -> TlvBuf {
        let mut buffer = TlvBuf::new();
        parts.iter().for_each(|part| buffer.push(*part).unwrap());
        buffer
    }

    fn attr<'a>(key: &'a str, value: Option<&'a [u8]>) -> Tlv<'a> {
        Tlv::Attr(Attr { key, value })
    }

    fn endpoint(address: Option<&str>) -> Tlv<'static> {
        let address = address.map(|address| address.parse().unwrap());
        Tlv::Endpoint(Endpoint { address, port: 631 })
    }

    fn finding<'a>(remote: &str, tlvs: Tlvs<'a>) -> Finding<'a> {
        let instance = Instance { id: 0xfeed, authentic: false, truncated: false, tlvs };
        let from = Path::new(remote.parse().unwrap());
        let mut finding = Finding::new(Protocol::MCAST, from, Body::Service(instance));
        finding.round_trip = Some(Duration::from_micros(520));
        finding.lease = Some(Duration::from_secs(120));
        finding
    }

    #[test]
    fn json_has_each_key_once_and_bytes_that_are_no_text_apart() {
        let said = tlvs(&[
            Tlv::Service("printer"),
            Tlv::Name("lab-3\u{202e}"),
            endpoint(None),
            attr("color", Some(b"yes")),
            attr("color", Some(b"no")),
            attr("a4", None),
            attr("raw", Some(b"\xff\x00")),
        ]);
        let fields = Fields::of(finding("10.0.0.3:41234", said.as_tlvs()), Some("eth0"));
        let mut line = Vec::new();
        super::super::json::line(&mut line, &fields);
        assert_eq!(
            String::from_utf8(line).unwrap(),
            concat!(
                r#"{"service":"printer","name":"lab-3\u202e","port":631,"#,
                r#""txt":{"color":"yes","a4":null},"txt_base64":{"raw":"/wA="},"#,
                r#""id":"000000000000feed","endpoint":"10.0.0.3:631","via":"unicast","#,
                r#""lease_ms":120000,"authentic":false,"truncated":false}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_service_is_reached_where_it_says_or_where_it_answered_from() {
        let shown = |remote, said: &TlvBuf| {
            let finding = finding(remote, said.as_tlvs());
            Reach { finding, interface: Some("eth0") }.to_string()
        };
        assert_eq!(shown("10.0.0.3:41234", &tlvs(&[])), "10.0.0.3");
        assert_eq!(shown("[fe80::3%2]:41234", &tlvs(&[])), "fe80::3%eth0");
        assert_eq!(shown("10.0.0.3:41234", &tlvs(&[endpoint(None)])), "10.0.0.3:631");
        assert_eq!(shown("[fe80::3%2]:41234", &tlvs(&[endpoint(None)])), "[fe80::3%eth0]:631");
        let elsewhere = tlvs(&[endpoint(Some("10.0.0.4"))]);
        assert_eq!(shown("10.0.0.3:41234", &elsewhere), "10.0.0.4:631");
    }

    #[test]
    fn what_it_says_of_itself_can_do_nothing_to_a_terminal() {
        let said = tlvs(&[
            Tlv::Service("print\u{202e}er"),
            attr("k\\", Some(b"\x1b[2J\n")),
            attr("a4", None),
        ]);
        assert_eq!(
            Offered(finding("10.0.0.3:1", said.as_tlvs())).to_string(),
            r"print\u{202e}er  -  k\\=\x1b[2J\n  a4"
        );
    }
}
