//! What is still to happen, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use mcast_proto::Instant;

use super::host::{CardId, NodeId};
use super::packet::Packet;

pub(super) enum Happening {
    /// A machine's deadline.
    Wake(NodeId),
    /// A host runs again after a pause.
    Resumes(NodeId),
    /// It is a forger's turn.
    Turn(usize),
    /// A datagram that a forger made reaches the switch.
    Forged { island: u32, packet: Rc<Packet> },
    /// A datagram has left its sender and reaches the switch. It can be heard on `island` alone.
    AtSwitch { island: u32, packet: Rc<Packet> },
    /// A multicast that was held for the DTIM queues up for the radio channel.
    OnAir { island: u32, packet: Rc<Packet> },
    /// A datagram to a group reaches all members with this link.
    AtMembers { island: u32, link: u32, packet: Rc<Packet> },
    /// A datagram reaches the queue of a switch port.
    AtPort { card: CardId, packet: Rc<Packet> },
    /// A machine reads a datagram.
    Arrives { card: CardId, packet: Rc<Packet> },
}

struct Entry {
    at: Instant,
    number: u64,
    happening: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// Ordered by time, then by the order in which things were put in.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    pushed: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, happening: Happening) {
        self.heap.push(Reverse(Entry { at, number: self.pushed, happening }));
        self.pushed += 1;
    }

    pub(super) fn next_time(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, Happening)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.happening))
    }
}
