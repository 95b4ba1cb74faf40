//! This machine's network interfaces.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mcast_proto::InterfaceId;

/// A network interface, as it was when it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its number (`if_nametoindex`, RFC 3493 section 4).
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its addresses with their networks, in the system's order. One that may yet turn out to be
    /// another host's too (tentative, RFC 4862 section 5.4) is not among them.
    pub addresses: Vec<Network>,
    /// What else is on its link by the system's routes, those through a gateway and the default ones
    /// left out; empty where the system is not asked (it is on Linux).
    pub routes: Vec<Prefix>,
    /// Whether it is up and has a carrier.
    pub up: bool,
    /// Whether the system says that it can multicast.
    pub multicast: bool,
    /// Whether it is a loopback interface.
    pub loopback: bool,
    /// Whether it is a link to one peer alone, such as a tunnel.
    pub point_to_point: bool,
}

/// An address of an interface, and the network that it reaches directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The interface's own address.
    pub address: IpAddr,
    /// How many leading bits the network's addresses share.
    pub prefix_len: u8,
    /// The far end's address, on a point-to-point link that has one.
    pub peer: Option<IpAddr>,
    /// Whether the address is on its way out, and another to be preferred (RFC 4862 section 5.5.4).
    pub deprecated: bool,
}

/// The addresses that share their leading bits with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    /// One of them.
    pub address: IpAddr,
    /// How many leading bits they share.
    pub len: u8,
}

impl Interface {
    /// Its addresses of one family.
    pub(crate) fn addresses_of(&self, ipv4: bool) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().map(|network| network.address).filter(move |ip| ip.is_ipv4() == ipv4)
    }

    /// The broadcast addresses of its IPv4 networks, of those that have one: in a network of two addresses
    /// both are hosts (RFC 3021).
    pub(crate) fn broadcasts(&self) -> impl Iterator<Item = Ipv4Addr> {
        let networks = self.addresses.iter().filter(|network| network.peer.is_none());
        networks.filter_map(|network| match network.address {
            IpAddr::V4(ip) if network.prefix_len <= 30 => {
                Some(Ipv4Addr::from_bits(ip.to_bits() | u32::MAX >> network.prefix_len))
            }
            _ => None,
        })
    }

    /// Whether a host with this address is on this interface's link.
    pub fn is_on_link(&self, ip: IpAddr) -> bool {
        ip.is_loopback()
            || is_link_local(ip)
            || self.addresses.iter().any(|network| network.contains(ip))
            || self.routes.iter().any(|route| same_prefix(route.address, ip, route.len))
    }

    /// The own address to speak to `ip` from: the one whose network `ip` is in, else the first that
    /// reaches as far as `ip`, else the first of its family. One that is deprecated stands back.
    pub fn source_for(&self, ip: IpAddr) -> Option<IpAddr> {
        let of_family = || self.addresses.iter().filter(|n| n.address.is_ipv4() == ip.is_ipv4());
        // An IPv4 host has a link-local address for want of another (RFC 3927 section 1.9), an IPv6
        // host has one besides the others (RFC 6724 section 5, rule 2).
        let wants_link_local = ip.is_ipv6() && is_link_local(ip);
        let reaches_as_far = |n: &&Network| is_link_local(n.address) == wants_link_local;
        of_family()
            .filter(|network| network.contains(ip))
            .max_by_key(|network| (!network.deprecated, network.prefix_len))
            .or_else(|| of_family().filter(reaches_as_far).find(|network| !network.deprecated))
            .or_else(|| of_family().find(reaches_as_far))
            .or_else(|| of_family().next())
            .map(|network| network.address)
    }
}

impl Network {
    fn contains(&self, ip: IpAddr) -> bool {
        same_prefix(self.address, ip, self.prefix_len)
            || self.peer.is_some_and(|peer| same_prefix(peer, ip, self.prefix_len))
    }
}

fn same_prefix(a: IpAddr, b: IpAddr, prefix_len: u8) -> bool {
    let shift = |width: u32| width.saturating_sub(prefix_len.into());
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(shift(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(shift(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// The interface with this number.
pub(crate) fn find(interfaces: &[Interface], id: InterfaceId) -> Option<&Interface> {
    interfaces.iter().find(|interface| interface.index == id.0)
}

/// Whether an address, a host's or a group's, means something on one link only: 169.254/16
/// (RFC 3927), 224.0.0/24 (RFC 5771 section 4), fe80::/10 (RFC 4291 section 2.5.6) and groups of
/// link-local scope (RFC 7346).
pub(crate) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local() || ip.octets()[..3] == [224, 0, 0],
        IpAddr::V6(ip) => ip.is_unicast_link_local() || has_link_scope(ip),
    }
}

/// Whether an address, a host's or a group's, means something only with the number of an interface: fe80::/10 and
/// groups of link-local scope or less (RFC 4007 section 6, RFC 4291 section 2.7).
///
/// ```
/// assert!(mcast_net::needs_zone("ff02::fb".parse()?));
/// assert!(!mcast_net::needs_zone("ff05::2".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn needs_zone(ip: Ipv6Addr) -> bool {
    ip.is_unicast_link_local() || ip.is_multicast() && ip.octets()[1] & 0x0f <= 2
}

fn has_link_scope(ip: Ipv6Addr) -> bool {
    ip.is_multicast() && ip.octets()[1] & 0x0f == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(networks: &[(&str, u8)]) -> Interface {
        let network = |(address, prefix_len): &(&str, u8)| Network {
            address: address.parse().unwrap(),
            prefix_len: *prefix_len,
            peer: None,
            deprecated: false,
        };
        Interface {
            index: 2,
            name: "eth0".into(),
            addresses: networks.iter().map(network).collect(),
            routes: Vec::new(),
            up: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn on_link_is_what_the_prefixes_hold() {
        let card = card(&[("10.0.0.1", 24), ("10.1.2.3", 32), ("2001:db8:0:1::1", 64)]);
        for near in ["10.0.0.255", "10.1.2.3", "2001:db8:0:1::ff", "fe80::9", "169.254.3.4", "::1"]
        {
            assert!(card.is_on_link(ip(near)), "{near}");
        }
        for far in ["10.0.1.1", "10.1.2.4", "2001:db8:0:2::1", "8.8.8.8", "::ffff:10.0.0.2"] {
            assert!(!card.is_on_link(ip(far)), "{far}");
        }
    }

    #[test]
    fn the_far_end_of_a_tunnel_is_on_link() {
        let mut tunnel = card(&[("10.8.0.2", 32)]);
        tunnel.addresses[0].peer = Some(ip("10.8.0.1"));
        assert!(tunnel.is_on_link(ip("10.8.0.1")));
        assert!(!tunnel.is_on_link(ip("10.8.0.3")));
    }

    #[test]
    fn a_prefix_of_zero_and_a_whole_one_hold() {
        assert!(card(&[("10.0.0.1", 0)]).is_on_link(ip("192.0.2.1")));
        assert!(card(&[("fd00::1", 0)]).is_on_link(ip("2001:db8::1")));
        assert!(!card(&[("fd00::1", 128)]).is_on_link(ip("fd00::2")));
    }

    #[test]
    fn one_speaks_from_the_address_that_the_peer_can_reach() {
        let card = card(&[
            ("169.254.1.1", 16),
            ("10.0.0.1", 24),
            ("10.0.9.1", 24),
            ("fe80::1", 64),
            ("2001:db8::1", 64),
        ]);
        for (peer, source) in [
            ("10.0.9.77", "10.0.9.1"),
            ("10.0.0.77", "10.0.0.1"),
            ("169.254.7.7", "169.254.1.1"),
            ("192.0.2.1", "10.0.0.1"),
            ("224.1.1.1", "10.0.0.1"),
            ("224.0.0.251", "10.0.0.1"),
            ("fe80::77", "fe80::1"),
            ("ff12::5008", "fe80::1"),
            ("ff05::5008", "2001:db8::1"),
            ("2001:db8:7::1", "2001:db8::1"),
        ] {
            assert_eq!(card.source_for(ip(peer)), Some(ip(source)), "{peer}");
        }
    }

    #[test]
    fn of_networks_in_each_other_the_narrower_is_meant() {
        let card = card(&[("10.0.0.1", 8), ("10.0.5.1", 24)]);
        assert_eq!(card.source_for(ip("10.0.5.77")), Some(ip("10.0.5.1")));
        assert_eq!(card.source_for(ip("10.0.6.77")), Some(ip("10.0.0.1")));
    }

    #[test]
    fn the_loopback_is_listed() {
        let all = crate::interfaces::interfaces().unwrap();
        let lo = all.iter().find(|interface| interface.loopback).expect("a loopback interface");
        assert!(lo.index > 0 && !lo.name.is_empty());
        assert!(all.is_sorted_by_key(|interface| interface.index));
    }
}
