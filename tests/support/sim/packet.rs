//! A datagram on its way.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::rc::Rc;

use mcast_proto::{Arrival, Cast, InterfaceId, Path};

/// A UDP datagram, as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The source that it names, true or not.
    pub from: SocketAddr,
    /// Where it is to go: to a group's members, or to who has the address.
    pub to: SocketAddr,
    /// Whether receivers find its source on their link.
    pub on_link: bool,
    /// What it says.
    pub bytes: Rc<[u8]>,
}

impl Packet {
    /// A datagram from the link.
    pub fn new(from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> Packet {
        Packet { from, to, on_link: true, bytes: bytes.into() }
    }

    /// The same from beyond the link.
    #[must_use]
    pub fn off_link(self) -> Packet {
        Packet { on_link: false, ..self }
    }

    /// Whether it goes to a group.
    pub fn is_to_group(&self) -> bool {
        self.to.ip().is_multicast()
    }

    /// What a driver knows of it that has it by this interface, where answers leave from `local`.
    pub(super) fn arrival(&self, interface: u32, local: SocketAddr) -> Arrival {
        let cast = if self.is_to_group() {
            Cast::Group(with_zone(self.to, interface))
        } else {
            Cast::Unicast
        };
        let from = Path::new(with_zone(self.from, interface)).by(InterfaceId(interface));
        Arrival::new(from, cast, self.on_link).at_local(local)
    }
}

/// The address as a host on this interface writes it: link-local ones with a zone (RFC 4007).
pub(super) fn with_zone(address: SocketAddr, interface: u32) -> SocketAddr {
    match address.ip() {
        IpAddr::V6(ip) if ip.is_unicast_link_local() || ip.is_multicast() => {
            SocketAddrV6::new(ip, address.port(), 0, interface).into()
        }
        _ => address,
    }
}

/// The address as it stands on the wire, which knows no zones.
pub(super) fn without_zone(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}
