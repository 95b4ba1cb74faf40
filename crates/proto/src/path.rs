//! Where datagrams come from and go to.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use crate::Instant;

/// Which of a machine's lanes: its place in what the machine's
/// [`lanes`](crate::Networked::lanes) gave. Most machines have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LaneId(pub u8);

impl LaneId {
    /// The first, and of most machines the only one.
    pub const FIRST: LaneId = LaneId(0);
}

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

    /// Whether its far end can be a single host's: an answer to any other address would go to many or to nobody.
    pub fn is_peer(&self) -> bool {
        is_peer(self.remote)
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
#[non_exhaustive]
pub enum Cast {
    /// To this multicast group (and port).
    Group(SocketAddr),
    /// To an address of ours alone.
    Unicast,
    /// The platform does not say.
    Unknown,
}

/// In words, to follow "sent".
impl fmt::Display for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cast::Group(group) => write!(f, "to the group {group}"),
            Cast::Unicast => f.write_str("to this host"),
            Cast::Unknown => f.write_str("to whom nobody says"),
        }
    }
}

/// What the driver knows of a datagram besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival {
    /// Who sent it, and the interface that it came in by.
    pub from: Path,
    /// The lane that it came in by.
    pub lane: LaneId,
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
    /// A datagram on the first lane, of which the time at which the system took it in is not known.
    pub fn new(from: Path, cast: Cast, on_link: bool) -> Arrival {
        Arrival { from, lane: LaneId::FIRST, cast, on_link, taken: None }
    }

    /// The same on that lane.
    pub fn by_lane(self, lane: LaneId) -> Arrival {
        Arrival { lane, ..self }
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
    pub fn time(&self, now: Instant) -> Instant {
        self.taken.map_or(now, |taken| taken.min(now))
    }
}

/// Where a datagram is to go. There are no others: a driver that knew not all of them would lose datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// All of a lane's groups, and where it broadcasts the broadcast addresses too: once on every interface
    /// that is in use.
    Group(LaneId),
    /// A peer alone, by that lane and by the interface on which it was heard, from the address that it
    /// reached.
    Peer(LaneId, Path),
}

impl Destination {
    /// The groups of the only lane.
    pub const GROUP: Destination = Destination::Group(LaneId::FIRST);

    /// A peer of the only lane.
    pub const fn peer(path: Path) -> Destination {
        Destination::Peer(LaneId::FIRST, path)
    }

    /// By which lane.
    pub fn lane(self) -> LaneId {
        match self {
            Destination::Group(lane) | Destination::Peer(lane, _) => lane,
        }
    }

    /// The same by that lane.
    pub fn by_lane(self, lane: LaneId) -> Destination {
        match self {
            Destination::Group(_) => Destination::Group(lane),
            Destination::Peer(_, path) => Destination::Peer(lane, path),
        }
    }
}

/// In words, to follow "sent".
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Group(_) => f.write_str("to the group"),
            Destination::Peer(_, path) => write!(f, "to {}", path.remote),
        }
    }
}

/// Whether an address can be a peer's: an answer to any other would go to many or to nobody.
pub(crate) fn is_peer(address: SocketAddr) -> bool {
    let ip_is_one_host = match address.ip() {
        IpAddr::V4(ip) => !(ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified()),
        IpAddr::V6(ip) => !(ip.is_multicast() || ip.is_unspecified()),
    };
    ip_is_one_host && address.port() != 0
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::time::Duration;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_path_keeps_what_is_known_of_it() {
        let (remote, local) = (address("10.0.0.2:9"), address("10.0.0.1:7"));
        let path = Path::new(remote).by(InterfaceId(3));
        assert_eq!((path.remote, path.interface, path.local), (remote, Some(InterfaceId(3)), None));
        let path = path.from_local(local);
        assert_eq!((path.interface, path.local), (Some(InterfaceId(3)), Some(local)));
        let arrival = Arrival::new(Path::new(remote), Cast::Unicast, true);
        assert_eq!(arrival.at_local(local).from, Path::new(remote).from_local(local));
    }

    #[test]
    fn a_lane_is_kept_and_changed_alone() {
        let peer = Path::new(address("10.0.0.2:9"));
        for to in [Destination::GROUP, Destination::peer(peer)] {
            assert_eq!(to.lane(), LaneId::FIRST);
            let moved = to.by_lane(LaneId(3));
            assert_eq!(moved.lane(), LaneId(3));
            assert_eq!(moved.by_lane(LaneId::FIRST), to);
        }
        let arrival = Arrival::new(peer, Cast::Unicast, true);
        assert_eq!(arrival.lane, LaneId::FIRST);
        assert_eq!(arrival.by_lane(LaneId(2)), Arrival { lane: LaneId(2), ..arrival });
    }

    #[test]
    fn an_arrival_is_when_the_system_took_it_in_and_never_later_than_now() {
        let now = Instant::from_millis(500);
        let arrival = Arrival::new(Path::new(address("10.0.0.2:9")), Cast::Unicast, true);
        assert_eq!(arrival.time(now), now);
        for (taken, time) in [(400, 400), (500, 500), (600, 500)] {
            let arrival = arrival.taken_at(Instant::from_millis(taken));
            assert_eq!(arrival.time(now) - Instant::ZERO, Duration::from_millis(time));
        }
    }

    #[test]
    fn a_peer_is_one_host_and_has_a_port() {
        for peer in ["10.0.0.2:9", "127.0.0.1:9", "[fe80::1%2]:9", "[::1]:9", "[2001:db8::1]:9"] {
            assert!(is_peer(address(peer)), "{peer}");
        }
        for other in [
            "10.0.0.2:0",
            "[::1]:0",
            "0.0.0.0:9",
            "[::]:9",
            "255.255.255.255:9",
            "224.0.0.1:9",
            "239.255.255.255:9",
            "[ff02::1]:9",
        ] {
            assert!(!is_peer(address(other)), "{other}");
        }
    }

    #[test]
    fn where_a_datagram_is_from_and_goes_is_said_in_words() {
        let group = address("224.1.1.1:50008");
        for (cast, words) in [
            (Cast::Group(group), "to the group 224.1.1.1:50008"),
            (Cast::Unicast, "to this host"),
            (Cast::Unknown, "to whom nobody says"),
        ] {
            assert_eq!(cast.to_string(), words);
        }
        assert_eq!(Destination::GROUP.to_string(), "to the group");
        let peer = Path::new(address("[fe80::1%2]:9")).by(InterfaceId(2));
        assert_eq!(Destination::peer(peer).to_string(), "to [fe80::1%2]:9");
    }
}
