//! WS-Discovery, by which Windows hosts, network printers and cameras of ONVIF are found.
//!
//! Nothing has a lease: a device says hello and bye, and a watcher asks again and again. Questions are
//! multicast, and each has a number that its answers repeat; so answers to others are told apart.
//!
//! A datagram that is a copy of one of the last three seconds allocates nothing. Any other is read as XML of
//! 8 KiB and 1,000 nodes at the most, which takes about 80 bytes a node.

mod answer;
mod envelope;
mod identity;
mod question;

pub use envelope::Kind;
pub use question::{GROUP_V4, GROUP_V6, PORT};

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Arrival, Instant, Lane, Protocol, Role};

use crate::scan::{self, Dialect, Draws, Told, Uuid, Verdict};
use crate::xml::document;

/// Asks once who is there.
pub type Discoverer = scan::Discoverer<Wsd>;
/// Hears hellos and byes, and asks again and again.
pub type Watcher = scan::Watcher<Wsd>;

/// Asks for devices of three kinds: those of Windows and its printers, and cameras by two names.
#[derive(Debug, Clone, Default)]
pub struct Wsd {
    answers: answer::Answers,
}

/// What a datagram is, and the number of the message that it answers, for those who only count.
pub fn read(datagram: &[u8]) -> Option<(Kind, Option<String>)> {
    let document = document(datagram)?;
    let envelope = envelope::Envelope::of(&document)?;
    Some((envelope.kind, envelope.relates_to().map(String::from)))
}

/// A probe for devices, and the number by which its answers say so.
pub fn probe(id: [u8; 16]) -> (Vec<u8>, String) {
    let (id, mut bytes) = (Uuid(id), Vec::new());
    question::probe(question::KINDS[0], id, &mut bytes);
    (bytes, format!("urn:uuid:{id}"))
}

impl Dialect for Wsd {
    fn protocol(&self) -> Protocol {
        Protocol::new("wsd")
    }

    fn lane(&self) -> Lane {
        let groups = alloc::vec![(GROUP_V4, PORT).into(), (GROUP_V6, PORT).into()];
        Lane { port: Some(PORT), ..Lane::new(Role::AskingPeer, groups) }
    }

    fn questions(&self) -> usize {
        question::KINDS.len()
    }

    fn ask(&mut self, nth: usize, now: Instant, draws: &mut Draws, into: &mut Vec<u8>) {
        if let Some(kind) = question::KINDS.get(nth) {
            let id = draws.uuid();
            self.answers.ask(id, now);
            question::probe(*kind, id, into);
        }
    }

    /// A device waits half a second at the most, and then sends its answer again within another.
    fn answers_within(&self) -> Duration {
        Duration::from_millis(1_500)
    }

    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn hear(&mut self, datagram: &[u8], arrival: &Arrival, to: &mut Told<'_>) -> Verdict {
        self.answers.hear(datagram, arrival, to)
    }
}

#[cfg(test)]
mod tests;
