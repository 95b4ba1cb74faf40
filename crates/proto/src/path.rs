//! Where datagrams come from and go to.

use core::net::{IpAddr, SocketAddr};

/// A network interface, by the number that its operating system gives it (`if_nametoindex`,
/// RFC 3493 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId(pub u32);

/// A way to a peer: its address, and where it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The far end.
    pub remote: SocketAddr,
    /// The interface, where the driver knows it.
    pub interface: Option<InterfaceId>,
    /// The own port that it sent to, where the driver knows it: an answer leaves from there.
    pub port: Option<u16>,
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
pub struct Arrival {
    /// Who sent it, and the interface that it came in by.
    pub from: Path,
    /// How it was addressed.
    pub cast: Cast,
    /// Whether the source is in a prefix of the receiving interface (RFC 6762 section 11 asks the
    /// same), or is link-local, or is this host itself.
    pub on_link: bool,
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
