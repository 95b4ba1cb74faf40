//! What a datagram says, for those who only listen.
//!
//! [`of`] reads one datagram by itself: no question is remembered, and nothing is told that its bytes do not say. A
//! protocol is known by the group and port that a datagram was sent to, and by its being well-formed; our own
//! structured protocol by how each of its datagrams begins. What is none of these has no meaning here.

pub(crate) mod part;
mod structured;

pub use part::{Act, Meaning, Part, Text};

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Reads a datagram of one protocol.
type Read = fn(&[u8]) -> Option<Meaning>;

/// A protocol's groups, its port, and how its datagrams are read.
const KNOWN: &[(Ipv4Addr, Ipv6Addr, u16, Read)] = &[
    #[cfg(feature = "mdns")]
    (crate::mdns::GROUP_V4, crate::mdns::GROUP_V6, crate::mdns::PORT, crate::mdns::meaning),
    #[cfg(feature = "ssdp")]
    (crate::ssdp::GROUP_V4, crate::ssdp::GROUP_V6, crate::ssdp::PORT, crate::ssdp::meaning),
    #[cfg(feature = "wsd")]
    (crate::wsd::GROUP_V4, crate::wsd::GROUP_V6, crate::wsd::PORT, crate::wsd::meaning),
    #[cfg(feature = "coap")]
    (crate::coap::GROUP_V4, crate::coap::GROUP_V6, crate::coap::PORT, crate::coap::meaning),
];

/// What a datagram says that was sent to this group and port, as far as the group is known. `None` where it is of
/// no protocol that is known there, or says nothing.
pub fn of(group: Option<SocketAddr>, datagram: &[u8]) -> Option<Meaning> {
    if let Some(meaning) = structured::meaning(datagram) {
        return Some(meaning);
    }
    let group = group?;
    let is_its = |&&(v4, v6, port, _): &&(Ipv4Addr, Ipv6Addr, u16, Read)| {
        let is_there = match group.ip() {
            IpAddr::V4(ip) => ip == v4,
            IpAddr::V6(ip) => is_of_any_scope(ip, v6),
        };
        is_there && group.port() == port
    };
    let (_, _, _, read) = KNOWN.iter().find(is_its)?;
    read(datagram)
}

/// Whether a group is this one but for its scope: many have one for a link, a site and more (RFC 4291 section 2.7).
fn is_of_any_scope(ip: Ipv6Addr, group: Ipv6Addr) -> bool {
    let without_scope = |ip: Ipv6Addr| ip.to_bits() & !(0xf << 112);
    without_scope(ip) == without_scope(group)
}

#[cfg(test)]
mod tests;
