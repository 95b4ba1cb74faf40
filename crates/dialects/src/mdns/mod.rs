//! Multicast DNS (RFC 6762) with its service discovery (RFC 6763): who offers which service on the link.
//!
//! A [`Discoverer`] asks once, and comes to its end; a [`Watcher`] tells who comes and goes. Neither ever answers.
//!
//! Peers have habits that the standards do not tell of, and both take all of them: answers to the asker alone, or
//! to the group alone; with a number and a question, or with neither; with all that belongs to an instance, or
//! with its name only. What is missing is asked for.
//!
//! An instance is told by its whole name in small letters, with its link, as
//! [`Key::Foreign`](mcast_proto::Key::Foreign): `lab._ipp._tcp.local%3` on the interface of number 3. Its addresses
//! are those of its host and the one that it was first heard from.
//!
//! [`wire`] looks at a message in place, for those who only listen, and [`question`] writes one that asks.

mod answer;
mod arrival;
mod cut;
mod discoverer;
mod facts;
#[cfg(test)]
mod fixtures;
mod hosts;
mod identity;
mod instance;
mod known;
#[cfg(test)]
mod laws;
mod lease;
#[cfg(test)]
mod left_out;
mod meaning;
mod name;
mod overheard;
mod question;
#[cfg(test)]
mod real;
mod retries;
mod schedule;
mod shares;
mod silence;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod stage;
mod steps;
mod table;
mod told;
mod turns;
mod types;
mod watcher;
pub mod wire;

pub use discoverer::{Discoverer, Discovery};
pub use facts::PROTOCOL;
pub use identity::ServiceType;
pub(crate) use meaning::meaning;
pub use question::question;
pub use watcher::{Port, Watcher, Watching};

use alloc::vec;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use mcast_proto::{Lane, Networked, Role};

/// The group (RFC 6762 section 3).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

/// The group over IPv6.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// The port of both.
pub const PORT: u16 = 5353;

/// It asks from a private port. By the second lane it hears the group, and asks it from the protocol's port for what
/// has no room in an answer to a private port; where that port can't be had, it does without.
impl Networked for Discoverer {
    fn lanes(&self) -> Vec<Lane> {
        vec![lane(Role::Asker), lane(Role::AskingMember)]
    }
}

/// From the protocol's port it is a member of the group that also asks.
impl Networked for Watcher {
    fn lanes(&self) -> Vec<Lane> {
        vec![lane(match self.from_port() {
            Port::Own => Role::Member,
            Port::Private => Role::Asker,
        })]
    }
}

/// With a TTL of 255, which RFC 6762 section 11 asks for.
fn lane(role: Role) -> Lane {
    let groups = vec![(GROUP_V4, PORT).into(), (GROUP_V6, PORT).into()];
    Lane { port: Some(PORT), ttl: Some(255), ..Lane::new(role, groups) }
}
