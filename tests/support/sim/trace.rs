//! What happened, for people and for comparing two runs.

use std::fmt::Write;
use std::net::SocketAddr;

use mcast_proto::service::{Change, Loss};
use mcast_proto::{Arrival, Destination, Event, Instant, Refusal, Summary};

use super::NodeId;

/// Something that a machine reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Instant,
    /// Whose machine.
    pub node: NodeId,
    /// What.
    pub what: What,
}

/// What a machine reported. A probe that a responder heard is kept in the trace alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A responder was found.
    Found {
        /// Where it answered from.
        from: SocketAddr,
    },
    /// A responder of the structured protocol was found.
    ServiceFound {
        /// Its number.
        id: u64,
        /// Where it answered from.
        from: SocketAddr,
    },
    /// It changed.
    ServiceChanged {
        /// Its number.
        id: u64,
        /// In what.
        change: Change,
    },
    /// It is gone.
    ServiceLost {
        /// Its number.
        id: u64,
        /// Why.
        reason: Loss,
    },
    /// A probe was refused.
    Refused(Refusal),
    /// It finished.
    Done(Summary),
}

impl Record {
    pub(super) fn of_event(at: Instant, node: NodeId, event: &Event<'_>) -> Option<Record> {
        let what = match event {
            Event::Found { from, .. } => What::Found { from: from.remote },
            Event::Request { refused: Some(why), .. } | Event::Query { refused: Some(why), .. } => {
                What::Refused(*why)
            }
            Event::ServiceFound(instance) => {
                What::ServiceFound { id: instance.id, from: instance.from.remote }
            }
            Event::ServiceChanged { instance, change } => {
                What::ServiceChanged { id: instance.id, change: *change }
            }
            Event::ServiceLost { id, reason, .. } => What::ServiceLost { id: *id, reason: *reason },
            _ => return None,
        };
        Some(Record { at, node, what })
    }
}

/// Lines of a failing run that are printed.
const LAST_LINES: usize = 100;

pub(super) struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(super) fn new(on: bool) -> Trace {
        Trace { lines: on.then(Vec::new) }
    }

    pub(super) fn send(&mut self, at: Instant, from: NodeId, to: Destination, datagram: &[u8]) {
        self.line(at, from, |line| match to {
            Destination::Group => write!(line, "sends to the group {}", Bytes(datagram)),
            Destination::Peer(peer) => write!(line, "sends to {} {}", peer.remote, Bytes(datagram)),
        });
    }

    pub(super) fn arrival(&mut self, at: Instant, to: NodeId, arrival: Arrival, datagram: &[u8]) {
        let from = arrival.from.remote;
        self.line(at, to, |line| write!(line, "hears {from} {}", Bytes(datagram)));
    }

    pub(super) fn lost(&mut self, at: Instant, to: NodeId) {
        self.line(at, to, |line| write!(line, "loses a datagram"));
    }

    pub(super) fn overflow(&mut self, at: Instant, to: NodeId) {
        self.line(at, to, |line| write!(line, "has no room for a datagram"));
    }

    pub(super) fn event(&mut self, at: Instant, node: NodeId, event: &Event<'_>) {
        self.line(at, node, |line| write!(line, "reports {event:?}"));
    }

    pub(super) fn done(&mut self, at: Instant, node: NodeId, summary: &Summary) {
        self.line(at, node, |line| write!(line, "is done: {summary:?}"));
    }

    pub(super) fn text(&self) -> String {
        self.lines.as_deref().unwrap_or_default().concat()
    }

    pub(super) fn print(&self) {
        let Some(lines) = &self.lines else {
            return eprintln!("(this run keeps no trace)");
        };
        let whole = std::env::var("MCAST_SIM_TRACE").is_ok_and(|value| value == "all");
        let from = if whole { 0 } else { lines.len().saturating_sub(LAST_LINES) };
        eprintln!("trace, {from} earlier lines left out:");
        eprint!("{}", lines[from..].concat());
    }

    fn line(
        &mut self,
        at: Instant,
        node: NodeId,
        text: impl FnOnce(&mut String) -> std::fmt::Result,
    ) {
        let Some(lines) = &mut self.lines else { return };
        let mut line = format!("{:>14.6} ms  node {:<5} ", at.as_nanos() as f64 / 1e6, node.0);
        text(&mut line).expect("writing to a string does not fail");
        line.push('\n');
        lines.push(line);
    }
}

/// A datagram on one line: all its bytes, text as text.
struct Bytes<'a>(&'a [u8]);

impl std::fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
