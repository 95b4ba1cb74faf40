//! An interface that is used, and the addresses that a probe speaks from there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use mcast_net::{Network, needs_zone};

use crate::facts::Interface;

/// An interface that is used.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) interface: mcast_net::Interface,
    pub(super) mtu: u32,
}

impl Card {
    /// Those of these interfaces that are used.
    pub(super) fn used(interfaces: &[Interface]) -> impl Iterator<Item = Card> {
        interfaces.iter().filter(|interface| interface.used).map(Card::of)
    }

    /// This interface, used or not.
    pub(super) fn of(interface: &Interface) -> Card {
        let networks = interface.addresses.iter().filter_map(|text| network(text));
        let used = mcast_net::Interface {
            index: interface.index,
            name: interface.name.clone(),
            addresses: networks.collect(),
            routes: Vec::new(),
            up: interface.up,
            multicast: interface.multicast,
            loopback: interface.loopback,
            point_to_point: interface.point_to_point,
        };
        Card { interface: used, mtu: interface.mtu }
    }

    /// The address to speak from to a group, or to a peer, of its family.
    pub(super) fn source_for(&self, ip: IpAddr) -> Option<IpAddr> {
        self.interface.source_for(ip)
    }

    /// Whether this is one of its own addresses.
    pub(super) fn is_own(&self, ip: IpAddr) -> bool {
        self.interface.addresses.iter().any(|own| own.address == ip)
    }

    /// Whether a host of this address is on its link.
    pub(super) fn is_on_link(&self, ip: IpAddr) -> bool {
        self.interface.is_on_link(ip)
    }

    /// An address as this card needs it: link-local ones of IPv6 with its number.
    pub(super) fn at(&self, ip: IpAddr, port: u16) -> SocketAddr {
        match ip {
            IpAddr::V6(ip) if needs_zone(ip) => {
                SocketAddrV6::new(ip, port, 0, self.interface.index).into()
            }
            ip => SocketAddr::new(ip, port),
        }
    }
}

fn network(text: &str) -> Option<Network> {
    let (address, len) = text.split_once('/')?;
    let (address, prefix_len) = (address.parse().ok()?, len.parse().ok()?);
    Some(Network { address, prefix_len, peer: None, deprecated: false })
}

/// The two families by an address of each that is nobody's.
pub(super) const FAMILIES: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Card {
        let addresses = ["10.0.0.1/24", "10.0.0.9/30", "2001:db8::1/64", "fe80::1/64", "no"];
        Card::of(&Interface {
            index: 7,
            addresses: addresses.map(String::from).to_vec(),
            ..Interface::default()
        })
    }

    #[test]
    fn it_speaks_from_the_address_that_is_nearest() {
        for (to, from) in [
            ("10.0.0.77", "10.0.0.1"),
            ("10.0.0.10", "10.0.0.9"),
            ("239.255.80.9", "10.0.0.1"),
            ("ff12::5009", "fe80::1"),
            ("ff05::1", "2001:db8::1"),
            ("fe80::9", "fe80::1"),
            ("2001:db8::9", "2001:db8::1"),
        ] {
            let source = card().source_for(to.parse().unwrap());
            assert_eq!(source, Some(from.parse().unwrap()), "{to}");
        }
    }

    #[test]
    fn what_is_on_its_link_is_known_by_its_networks() {
        let is_on_link = |ip: &str| card().is_on_link(ip.parse().unwrap());
        assert!(is_on_link("10.0.0.200") && is_on_link("fe80::7") && is_on_link("2001:db8::2"));
        assert!(!is_on_link("10.0.1.1") && !is_on_link("2001:db8:1::2"));
        assert_eq!(card().at("fe80::7".parse().unwrap(), 9).to_string(), "[fe80::7%7]:9");
        assert_eq!(card().at("2001:db8::2".parse().unwrap(), 9).to_string(), "[2001:db8::2]:9");
        assert_eq!(card().at("ff12::1".parse().unwrap(), 9).to_string(), "[ff12::1%7]:9");
    }
}
