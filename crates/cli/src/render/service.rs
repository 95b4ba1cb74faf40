//! What a responder of the structured protocol says of itself, as it is shown.

use std::fmt::{self, Display};
use std::net::SocketAddr;

use data_encoding::BASE64;
use mcast_proto::service::{Instance, Via};
use mcast_proto::wire::{Attr, Endpoint, Tlv};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Address;
use super::address::Host;
use crate::escape::Escaped;

/// Displays where a service is to be reached: at the address that answered, unless it names another,
/// and at the port that it names; without one, the address alone.
pub(crate) struct Reach<'a> {
    pub(crate) instance: Instance<'a>,
    pub(crate) interface: Option<&'a str>,
}

impl Reach<'_> {
    fn endpoint(&self) -> Option<SocketAddr> {
        let Endpoint { address, port } = self.instance.tlvs.iter().find_map(|tlv| match tlv {
            Tlv::Endpoint(endpoint) => Some(endpoint),
            _ => None,
        })?;
        // With its zone.
        let mut endpoint = self.instance.from.remote;
        if let Some(ip) = address.filter(|ip| *ip != endpoint.ip()) {
            endpoint = SocketAddr::new(ip, port);
        }
        endpoint.set_port(port);
        Some(endpoint)
    }
}

impl Display for Reach<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interface = self.interface;
        match self.endpoint() {
            Some(address) => write!(f, "{}", Address { address, interface }),
            None => {
                let address = Address { address: self.instance.from.remote, interface };
                write!(f, "{}", Host(address))
            }
        }
    }
}

/// Displays what it offers: service, name and attributes.
pub(crate) struct Offered<'a>(pub(crate) Instance<'a>);

impl Display for Offered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Offered(instance) = self;
        write!(f, "{}", Escaped(instance.service().unwrap_or("-").as_bytes()))?;
        write!(f, "  {}", Escaped(instance.name().unwrap_or("-").as_bytes()))?;
        for Attr { key, value } in instance.attrs() {
            write!(f, "  {}", Escaped(key.as_bytes()))?;
            if let Some(value) = value {
                write!(f, "={}", Escaped(value))?;
            }
        }
        if instance.truncated {
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
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<Address<'a>>,
    via: Word<Via>,
    lease_ms: u64,
    authentic: bool,
    truncated: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn of(instance: Instance<'a>, interface: Option<&'a str>) -> Fields<'a> {
        let endpoint = Reach { instance, interface }.endpoint();
        Fields {
            service: instance.service(),
            name: instance.name(),
            port: instance.port(),
            txt: Text(instance),
            txt_base64: Bytes(instance),
            id: Id(instance.id),
            endpoint: endpoint.map(|address| Address { address, interface }),
            via: Word(instance.via),
            lease_ms: instance.lease.as_millis().try_into().unwrap_or(u64::MAX),
            authentic: instance.authentic,
            truncated: instance.truncated,
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
fn first_of_each(instance: Instance<'_>) -> impl Iterator<Item = Attr<'_>> {
    let is_first = move |(place, attr): &(usize, Attr<'_>)| {
        instance.attrs().take(*place).all(|earlier| earlier.key != attr.key)
    };
    instance.attrs().enumerate().filter(is_first).map(|(_, attr)| attr)
}

/// The attributes that are text; null for one without a value.
struct Text<'a>(Instance<'a>);

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
struct Bytes<'a>(Instance<'a>);

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
    use std::net::SocketAddr;
    use std::time::Duration;

    use mcast_proto::Path;
    use mcast_proto::wire::{TlvBuf, Tlvs};

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

    fn instance<'a>(remote: &str, tlvs: Tlvs<'a>) -> Instance<'a> {
        Instance {
            id: 0xfeed,
            from: Path::new(remote.parse::<SocketAddr>().unwrap()),
            via: Via::Unicast,
            round_trip: Some(Duration::from_micros(520)),
            lease: Duration::from_secs(120),
            authentic: false,
            truncated: false,
            tlvs,
        }
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
        let fields = Fields::of(instance("10.0.0.3:41234", said.as_tlvs()), Some("eth0"));
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
            let instance = instance(remote, said.as_tlvs());
            Reach { instance, interface: Some("eth0") }.to_string()
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
            Offered(instance("10.0.0.3:1", said.as_tlvs())).to_string(),
            r"print\u{202e}er  -  k\\=\x1b[2J\n  a4"
        );
    }
}
