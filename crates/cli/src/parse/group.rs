//! A multicast group as it is written, and the groups of each protocol.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::num::ParseIntError;
use std::str::FromStr;

use mcast_net::Interface;
use mcast_proto::{plain, service};

use super::number::parse_port;
use crate::failure::Failure;

/// A group as it is written: `ADDR`, `ADDR:PORT`, `[ADDR]:PORT`; IPv6 with a zone: `ff12::1%eth0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    ip: IpAddr,
    zone: Option<String>,
    /// `None`: the protocol's.
    port: Option<u16>,
}

/// Which of the two protocols is spoken: each has groups and a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Plain,
    Structured,
}

impl Protocol {
    fn port(self) -> u16 {
        match self {
            Protocol::Plain => plain::PORT,
            Protocol::Structured => service::PORT,
        }
    }

    /// Its group over IPv4.
    pub(crate) fn group_v4(self) -> Group {
        let ip = match self {
            Protocol::Plain => plain::GROUP_V4,
            Protocol::Structured => service::GROUP_V4,
        };
        Group { ip: ip.into(), zone: None, port: Some(self.port()) }
    }

    /// Its group over IPv6.
    pub(crate) fn group_v6(self) -> Group {
        let ip = match self {
            Protocol::Plain => plain::GROUP_V6,
            Protocol::Structured => service::GROUP_V6,
        };
        Group { ip: ip.into(), zone: None, port: Some(self.port()) }
    }
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Group, String> {
        let (host, port) = split_port(text)?;
        let (address, zone) = match host.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (host, None),
        };
        let Ok(ip) = address.parse::<IpAddr>() else {
            return Err(format!(
                "{address:?} is not an IP address; write for example 224.1.1.1:50008 or [ff12::5008]:50008"
            ));
        };
        if !ip.is_multicast() {
            return Err(format!(
                "{ip} is not a multicast address; those are 224.0.0.0 to 239.255.255.255 and ff00::/8"
            ));
        }
        if zone.is_some_and(|zone| ip.is_ipv4() || zone.is_empty()) {
            return Err("a zone is an interface's name or number after an IPv6 address".into());
        }
        let port = port.map(parse_port).transpose()?;
        Ok(Group { ip, zone: zone.map(str::to_owned), port })
    }
}

/// Splits off a port. An IPv6 address without brackets has none: its colons are its own.
fn split_port(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or("a \"]\" is missing")?;
        return match port.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if port.is_empty() => Ok((host, None)),
            None => Err("after \"]\" comes :PORT or nothing".into()),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        _ => Ok((text, None)),
    }
}

impl Group {
    /// The group of this address and port.
    pub(super) fn new(ip: IpAddr, port: u16) -> Group {
        Group { ip, zone: None, port: Some(port) }
    }

    pub(crate) fn is_ipv6(&self) -> bool {
        self.ip.is_ipv6()
    }

    /// Its address, the zone looked up among this machine's interfaces, and the port the protocol's
    /// where none is written.
    pub(crate) fn address(
        &self,
        protocol: Protocol,
        interfaces: impl FnOnce() -> Result<Vec<Interface>, mcast_net::Error>,
    ) -> Result<SocketAddr, Failure> {
        let port = self.port.unwrap_or(protocol.port());
        let (IpAddr::V6(ip), Some(zone)) = (self.ip, &self.zone) else {
            return Ok(SocketAddr::new(self.ip, port));
        };
        let interfaces = interfaces()?;
        let scope_id = match interfaces.iter().find(|interface| interface.name == *zone) {
            Some(interface) => interface.index,
            None => zone.parse().map_err(|_: ParseIntError| {
                mcast_net::Error::unknown_interface(format_args!("named {zone:?}"), &interfaces)
            })?,
        };
        Ok(SocketAddrV6::new(ip, port, 0, scope_id).into())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone.as_ref().map_or(String::new(), |zone| format!("%{zone}"));
        match self.ip {
            IpAddr::V4(ip) => write!(f, "{ip}")?,
            IpAddr::V6(ip) => write!(f, "[{ip}{zone}]")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(text: &str) -> Result<String, String> {
        let address = text.parse::<Group>()?.address(Protocol::Plain, || Ok(Vec::new()));
        address.map(|address| address.to_string()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn groups_are_read_in_every_form() {
        for (text, expected) in [
            ("224.1.1.1", "224.1.1.1:50008"),
            ("239.255.0.1:4000", "239.255.0.1:4000"),
            ("ff12::5008", "[ff12::5008]:50008"),
            ("[ff05::beef]", "[ff05::beef]:50008"),
            ("[ff05::beef]:4000", "[ff05::beef]:4000"),
            ("[ff02::1%3]:4000", "[ff02::1%3]:4000"),
            ("ff02::1%3", "[ff02::1%3]:50008"),
        ] {
            assert_eq!(group(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_group_without_a_port_takes_the_protocols() {
        let group: Group = "239.1.2.3".parse().unwrap();
        let port = |protocol| group.address(protocol, || Ok(Vec::new())).unwrap().port();
        assert_eq!((port(Protocol::Plain), port(Protocol::Structured)), (50_008, 50_009));
    }

    #[test]
    fn what_is_no_group_is_told_why() {
        for (text, part) in [
            ("10.0.0.1", "not a multicast address"),
            ("[fe80::1]:5", "not a multicast address"),
            ("", "not an IP address"),
            ("printer", "not an IP address"),
            ("224.1.1", "not an IP address"),
            ("224.1.1.1:0", "not a port"),
            ("224.1.1.1:65536", "not a port"),
            ("224.1.1.1:", "not a port"),
            ("[ff02::1", "missing"),
            ("[ff02::1]5", "after"),
            ("224.1.1.1%eth0", "zone"),
            ("ff02::1%", "zone"),
            ("ff02::1%eth9", "no interface named \"eth9\""),
        ] {
            let error = group(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_zone_is_looked_up() {
        let interfaces = || {
            Ok(vec![Interface {
                index: 7,
                name: "eth0".into(),
                addresses: Vec::new(),
                routes: Vec::new(),
                up: true,
                multicast: true,
                loopback: false,
                point_to_point: false,
            }])
        };
        for (text, scope_id) in [("[ff12::1%eth0]:9", 7), ("[ff12::1%3]:9", 3)] {
            let group: Group = text.parse().unwrap();
            let expected = SocketAddrV6::new("ff12::1".parse().unwrap(), 9, 0, scope_id);
            let address = group.address(Protocol::Plain, interfaces).unwrap();
            assert_eq!(address, SocketAddr::V6(expected), "{text}");
        }
    }
}
