//! Where datagrams come from and go to.

use core::net::{IpAddr, SocketAddr};

use crate::Instant;

/// A network interface, by the number that its operating system gives it (`if_nametoindex`,
/// RFC 3493 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId(pub u32);

/// A way to a peer: its address, and where it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Path {
    /// The far end.
    pub remote: SocketAddr,
    /// The interface, where the driver knows it.
    pub interface: Option<InterfaceId>,
    /// The own end: the address and port that an answer leaves from, as the far end will see them;
    /// `None` where the driver does not know, or an address translator is on the way.
    pub local: Option<SocketAddr>,
}

impl Path {
    /// The way to a peer of which no more than its address is known.
    pub fn new(remote: SocketAddr) -> Path {
        Path { remote, interface: None, local: None }
    }

    /// The same by this interface.
    pub fn by(self, interface: InterfaceId) -> Path {
        Path { interface: Some(interface), ..self }
    }

    /// The same from this own end.
    pub fn from_local(self, local: SocketAddr) -> Path {
        Path { local: Some(local), ..self }
    }
}

/// How a datagram was addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cast {
    /// To this multicast group (and port).
    Group(SocketAddr),
    /// To an address of ours alone.
    Unicast,
    /// The platform does not say.
    Unknown,
}

/// What the driver knows of a datagram besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival {
    /// Who sent it, and the interface that it came in by.
    pub from: Path,
    /// How it was addressed.
    pub cast: Cast,
    /// Whether its source is a neighbour: in a prefix of the receiving interface or in a route on its
    /// link, link-local, the far end of its point-to-point link, or this host itself; or whether the
    /// datagram came with a TTL or hop limit of 255, which no router leaves as it is (RFC 5082).
    pub on_link: bool,
    /// When the operating system took it in, where the driver knows: at or before the time at which it
    /// is handed to the machine. Round trips are measured by it.
    pub taken: Option<Instant>,
}

impl Arrival {
    /// A datagram of which the time at which the system took it in is not known.
    pub fn new(from: Path, cast: Cast, on_link: bool) -> Arrival {
        Arrival { from, cast, on_link, taken: None }
    }

    /// The same, taken in by the operating system at that time.
    pub fn taken_at(self, taken: Instant) -> Arrival {
        Arrival { taken: Some(taken), ..self }
    }

    /// The same, where an answer leaves from this own address and port.
    pub fn at_local(self, local: SocketAddr) -> Arrival {
        Arrival { from: self.from.from_local(local), ..self }
    }

    /// When it came, by the best that is known, where it is handed over at `now`.
    pub(crate) fn time(&self, now: Instant) -> Instant {
        self.taken.map_or(now, |taken| taken.min(now))
    }
}

/// Where a datagram is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The group, once on every interface that is in use.
    Group,
    /// A peer alone, by the interface on which it was heard, from the address that it reached.
    Peer(Path),
}

/// Whether an address can be a peer's: an answer to any other would go to many or to nobody.
pub(crate) fn is_peer(address: SocketAddr) -> bool {
    let ip_is_one_host = match address.ip() {
        IpAddr::V4(ip) => !(ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified()),
        IpAddr::V6(ip) => !(ip.is_multicast() || ip.is_unspecified()),
    };
    ip_is_one_host && address.port() != 0
}
