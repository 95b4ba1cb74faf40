//! Which peers a datagram reaches at once, and which the kernel would first have to look for.

use std::net::IpAddr;
use std::time::Duration;

use mcast_proto::Instant;

use crate::interfaces::Kernel;
use crate::interfaces::interface::Interface;
use crate::interfaces::neighbour::{Neighbour, State};

/// For how long the kernel's word that it knows the way is good: the kernel says it again after that.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How many neighbours are remembered at the most; a power of two.
const REMEMBERED: usize = 256;

/// Remembers which neighbours the kernel knows the way to, and has it asked about others.
#[derive(Debug)]
pub(crate) struct Neighbours {
    /// Each neighbour has one place, and gives way to the next that has it too: to forget one costs a
    /// question, not a datagram.
    resolved: Box<[Option<(Neighbour, Instant)>; REMEMBERED]>,
}

impl Neighbours {
    pub(crate) fn new() -> Neighbours {
        Neighbours { resolved: Box::new([None; REMEMBERED]) }
    }

    /// Whether a datagram to this neighbour would leave at once.
    pub(crate) fn state(
        &mut self,
        now: Instant,
        neighbour: Neighbour,
        interfaces: &[Interface],
        ask: impl FnOnce(Neighbour) -> State,
    ) -> State {
        let place = place(neighbour);
        if let Some((remembered, until)) = self.resolved[place]
            && remembered == neighbour
            && now < until
        {
            return State::Resolved;
        }
        let state = match is_looked_for(neighbour, interfaces) {
            true => ask(neighbour),
            false => State::Resolved,
        };
        if state == State::Resolved {
            self.resolved[place] = Some((neighbour, now + GOOD_FOR));
        }
        state
    }
}

/// Asks the kernel. Where there is no asking, as before Linux 5.0, a neighbour is taken to be there.
pub(crate) fn ask(kernel: &mut Kernel, (index, ip): Neighbour) -> State {
    kernel.neighbour(index, ip).unwrap_or_else(|cause| {
        log::debug!("{ip}: cannot ask for the state of a neighbour: {cause}");
        State::Resolved
    })
}

/// Whether the kernel has to find the neighbour's hardware address: not this host itself, nor the only
/// other end of a link. What is beyond the link goes to a gateway, for which the kernel has a bound of
/// its own (`unres_qlen_bytes`).
fn is_looked_for((index, ip): Neighbour, interfaces: &[Interface]) -> bool {
    let is_own = || interfaces.iter().any(|i| i.addresses.iter().any(|n| n.address == ip));
    let interface = interfaces.iter().find(|interface| interface.index == index);
    interface.is_some_and(|i| !i.loopback && !i.point_to_point && i.is_on_link(ip)) && !is_own()
}

fn place((index, ip): Neighbour) -> usize {
    let bits = match ip {
        IpAddr::V4(ip) => ip.to_bits(),
        // Neighbours differ in the lower half, most of them in its end.
        IpAddr::V6(ip) => (ip.to_bits() as u64 ^ (ip.to_bits() as u64 >> 32)) as u32,
    };
    // Knuth's multiplicative hashing: the upper bits are the mixed ones.
    ((bits ^ index.rotate_right(8)).wrapping_mul(0x9e37_79b1) >> 24) as usize % REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::interface::Network;

    fn card(index: u32, address: &str) -> Interface {
        let address = address.parse().unwrap();
        Interface {
            index,
            name: format!("eth{index}"),
            addresses: vec![Network { address, prefix_len: 24, peer: None, deprecated: false }],
            routes: Vec::new(),
            up: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
        }
    }

    #[test]
    fn the_kernel_is_asked_for_neighbours_alone_and_once_a_second_where_it_knows_the_way() {
        let interfaces = [
            card(2, "10.0.0.1"),
            Interface { point_to_point: true, ..card(3, "10.1.0.1") },
            Interface { loopback: true, ..card(1, "127.0.0.1") },
        ];
        let mut neighbours = Neighbours::new();
        let mut asked = Vec::new();
        let mut ask = |now, (index, ip): (u32, &str), state| {
            let neighbour = (index, ip.parse().unwrap());
            neighbours.state(Instant::from_millis(now), neighbour, &interfaces, |_| {
                asked.push(now);
                state
            })
        };
        for not_looked_for in [(1, "127.0.0.9"), (2, "10.0.0.1"), (2, "192.0.2.1"), (3, "10.1.0.2")]
        {
            assert_eq!(ask(0, not_looked_for, State::Failed), State::Resolved);
        }
        let neighbour = (2, "10.0.0.2");
        assert_eq!(ask(1, neighbour, State::Unknown), State::Unknown);
        assert_eq!(ask(2, neighbour, State::Resolving), State::Resolving);
        assert_eq!(ask(3, neighbour, State::Resolved), State::Resolved);
        assert_eq!(ask(1002, neighbour, State::Failed), State::Resolved);
        assert_eq!(ask(1003, neighbour, State::Failed), State::Failed);
        assert_eq!(ask(1004, neighbour, State::Unknown), State::Unknown);
        assert_eq!(asked, [1, 2, 3, 1003, 1004]);
    }

    #[test]
    fn neighbours_are_spread_over_the_places() {
        let of_network = |number: u8| place((2, [10, 0, 0, number].into()));
        let mut places: Vec<usize> = (0..=255).map(of_network).collect();
        places.sort_unstable();
        places.dedup();
        assert!(places.len() > REMEMBERED / 2, "{} places", places.len());
    }
}
