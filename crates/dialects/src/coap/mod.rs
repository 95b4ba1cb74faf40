//! CoAP's discovery (RFC 7252 section 8, RFC 6690), by which sensors and lamps are found.
//!
//! All are asked for `/.well-known/core`, and answer within five seconds with a list of links. A list that is
//! too long for a datagram comes in blocks, and the rest is asked of its server alone (RFC 7959).
//!
//! A server that answers as before, under another number, costs no allocation.
//!
//! Messages are read by hand: it takes a hundred lines, and no memory. An established implementation, which
//! takes a vector an option, is what the tests compare them with.

mod answer;
mod identity;
mod links;
mod meaning;
mod message;
mod question;

pub(crate) use meaning::meaning;
pub use question::{GROUP_V4, GROUP_V6, PORT};

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Arrival, Instant, Lane, Protocol, Role};

use crate::scan::{self, Dialect, Draws, Told, Verdict};

/// Asks once who is there.
pub type Discoverer = scan::Discoverer<Coap>;
/// Asks again and again: nobody announces itself.
pub type Watcher = scan::Watcher<Coap>;

/// The longest query.
const LONGEST_QUERY: usize = 64;

/// Asks for what servers have: all of it, or what a query selects.
#[derive(Debug, Clone, Default)]
pub struct Coap {
    query: Option<String>,
    answers: answer::Answers,
}

/// A query that can't be asked: it is empty, longer than 64 bytes, or has characters other than the printable
/// ones of ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadQuery;

impl core::fmt::Display for BadQuery {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a query has 1 to 64 printable characters of ASCII")
    }
}

impl core::error::Error for BadQuery {}

impl Coap {
    /// Asks for what has an attribute alone, such as `rt=core.rd*` (RFC 6690 section 4.1).
    ///
    /// # Errors
    ///
    /// If it is none: see [`BadQuery`].
    pub fn query(query: &str) -> Result<Coap, BadQuery> {
        let is_good = (1..=LONGEST_QUERY).contains(&query.len())
            && query.bytes().all(|byte| byte.is_ascii_graphic());
        if is_good {
            Ok(Coap { query: Some(query.into()), ..Coap::default() })
        } else {
            Err(BadQuery)
        }
    }
}

impl Dialect for Coap {
    fn protocol(&self) -> Protocol {
        Protocol::new("coap")
    }

    fn lane(&self) -> Lane {
        let groups = alloc::vec![(GROUP_V4, PORT).into(), (GROUP_V6, PORT).into()];
        Lane { port: Some(PORT), ..Lane::new(Role::Asker, groups) }
    }

    fn questions(&self) -> usize {
        1
    }

    fn ask(&mut self, _nth: usize, now: Instant, draws: &mut Draws, into: &mut Vec<u8>) {
        let (token, id) = answer::numbers(draws);
        self.answers.ask(token, now);
        question::get(id, token, self.query.as_deref(), None, into);
    }

    /// Five seconds over which servers spread their answers (DEFAULT_LEISURE), and one on the way.
    fn answers_within(&self) -> Duration {
        Duration::from_secs(6)
    }

    fn every(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn hear(&mut self, datagram: &[u8], arrival: &Arrival, to: &mut Told<'_>) -> Verdict {
        self.answers.hear(self.query.as_deref(), datagram, arrival, to)
    }

    fn due(&self) -> Option<Instant> {
        self.answers.due()
    }

    fn wake(&mut self, to: &mut Told<'_>) {
        self.answers.wake(self.query.as_deref(), to);
    }

    fn give_up(&mut self, to: &mut Told<'_>) {
        self.answers.give_up(to);
    }
}

#[cfg(test)]
mod tests;
