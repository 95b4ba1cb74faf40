//! What happened, for people and for comparing two runs.

use std::fmt::Write;

use mcast_proto::{Event, Evidence, Instant, Summary};

use super::host::NodeId;
use super::packet::Packet;

/// The environment's variable that asks for traces; with `all`, for the whole of one that is printed.
pub(super) const WANTED: &str = "MCAST_SIM_TRACE";
/// Lines of a failing run that are printed.
const LAST_LINES: usize = 100;

pub(super) struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(super) fn new(on: bool) -> Trace {
        Trace { lines: on.then(Vec::new) }
    }

    pub(super) fn send(&mut self, at: Instant, from: NodeId, packet: &Packet) {
        self.line(at, from, |line| write!(line, "sends to {}", To(packet)));
    }

    pub(super) fn held(&mut self, at: Instant, from: NodeId) {
        self.line(at, from, |line| write!(line, "sends by a card that lets nothing out"));
    }

    pub(super) fn forged(&mut self, at: Instant, packet: &Packet) {
        let from = packet.from;
        self.line_of(at, "forger    ", |line| write!(line, "sends as {from} to {}", To(packet)));
    }

    pub(super) fn arrival(&mut self, at: Instant, to: NodeId, packet: &Packet) {
        let (from, bytes) = (packet.from, Bytes(&packet.bytes));
        self.line(at, to, |line| write!(line, "hears {from} {bytes}"));
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

    pub(super) fn audit(&mut self, at: Instant, node: NodeId, evidence: &Evidence) {
        self.line(at, node, |line| write!(line, "audits: {evidence:?}"));
    }

    pub(super) fn text(&self) -> String {
        self.lines.as_deref().unwrap_or_default().concat()
    }

    pub(super) fn print(&self) {
        let Some(lines) = &self.lines else {
            return eprintln!("(this run keeps no trace)");
        };
        let whole = std::env::var(WANTED).is_ok_and(|value| value == "all");
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
        if self.lines.is_some() {
            self.line_of(at, &format!("node {:<5}", node.0), text);
        }
    }

    fn line_of(
        &mut self,
        at: Instant,
        who: &str,
        text: impl FnOnce(&mut String) -> std::fmt::Result,
    ) {
        let Some(lines) = &mut self.lines else { return };
        let mut line = format!("{:>14.6} ms  {who} ", at.as_nanos() as f64 / 1e6);
        text(&mut line).expect("writing to a string does not fail");
        line.push('\n');
        lines.push(line);
    }
}

/// Where a datagram goes and what it says.
struct To<'a>(&'a Packet);

impl std::fmt::Display for To<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = Bytes(&self.0.bytes);
        if self.0.is_to_group() {
            write!(f, "the group {bytes}")
        } else {
            write!(f, "{} {bytes}", self.0.to)
        }
    }
}

/// A datagram on one line: all its bytes, text as text.
struct Bytes<'a>(&'a [u8]);

impl std::fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
