//! From where datagrams come.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::Choices;
use crate::{Arrival, Cast, InterfaceId, Path, plain, service};

/// The machine's own address of each family, as far as its driver knows it.
pub const OWN_V4: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 200);
/// See [`OWN_V4`].
pub const OWN_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 200);

/// Hosts from which datagrams come.
const HOSTS: u64 = 8;

/// Of which protocol the peers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peers {
    Plain,
    Structured,
}

impl Peers {
    /// The port on which they hear the group, and from which they answer.
    pub(super) fn port(self) -> u16 {
        match self {
            Peers::Plain => plain::PORT,
            Peers::Structured => service::PORT,
        }
    }

    fn group(self) -> SocketAddr {
        let group = match self {
            Peers::Plain => plain::GROUP_V4,
            Peers::Structured => service::GROUP_V4,
        };
        SocketAddr::from((group, self.port()))
    }

    /// Mostly as an honest peer's would arrive, from one of few addresses.
    pub(super) fn arrival(self, choices: &mut Choices<'_>) -> Arrival {
        let (group, unicast) = (Cast::Group(self.group()), Cast::Unicast);
        let cast = choices.pick(&[group, group, group, unicast, unicast, Cast::Unknown]);
        let remote = self.remote(choices);
        let on_link = !choices.one_in(8);
        let from = Path { interface: interface(choices), ..Path::new(remote) };
        self.at_own(choices, Arrival::new(from, cast, on_link))
    }

    /// Mostly as the answer of an honest responder would, whose host is known by its id.
    pub(super) fn arrival_of(self, choices: &mut Choices<'_>, id: u64) -> Arrival {
        if choices.one_in(8) {
            return self.arrival(choices);
        }
        let remote = SocketAddr::from((host(id % HOSTS), self.port()));
        let from = Path { interface: interface(choices), ..Path::new(remote) };
        self.at_own(choices, Arrival::new(from, Cast::Unicast, true))
    }

    /// At the machine's own address, where its driver knows that.
    fn at_own(self, choices: &mut Choices<'_>, arrival: Arrival) -> Arrival {
        let own: IpAddr = if arrival.from.remote.is_ipv4() { OWN_V4.into() } else { OWN_V6.into() };
        match choices.below(8) {
            0..5 => arrival.at_local(SocketAddr::new(own, self.port())),
            5 => arrival.at_local(SocketAddr::from((host(100), self.port()))),
            _ => arrival,
        }
    }

    /// Several askers and responders share a host; and some addresses no peer can have.
    pub(super) fn remote(self, choices: &mut Choices<'_>) -> SocketAddr {
        let port = choices.pick(&[40_000, 40_000, 40_001, self.port()]);
        match choices.below(16) {
            0..11 => SocketAddr::from((host(choices.below(HOSTS)), port)),
            11..15 => {
                let ip = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, choices.below(4) as u16);
                SocketAddr::V6(SocketAddrV6::new(ip, port, 0, choices.below(3) as u32))
            }
            _ => choices.pick(&[
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
                SocketAddr::from((Ipv4Addr::BROADCAST, port)),
                self.group(),
                SocketAddr::from((host(1), 0)),
            ]),
        }
    }
}

fn host(number: u64) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, number as u8)
}

fn interface(choices: &mut Choices<'_>) -> Option<InterfaceId> {
    choices.pick(&[Some(1), Some(1), Some(2), None]).map(InterfaceId)
}
