//! What is to be sent, in buffers that are made once.

use std::net::SocketAddr;

use crate::endpoint::resolving::Resolving;
use crate::interfaces::neighbours::Neighbours;
use crate::sys::{BATCH, Outgoing};

/// A batch of datagrams of this length needs no room that is made while it runs: an ordinary answer has up to
/// 128 bytes.
const SHORT: usize = 128;

/// Peers that are told at once of those to whom something was given up. More say no more: to a machine
/// they are everybody.
const GIVEN_UP: usize = 16;

/// See the module.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) batch: Vec<Outgoing>,
    /// What the datagrams of the batch carry.
    pub(crate) bytes: Vec<u8>,
    pub(crate) neighbours: Neighbours,
    pub(crate) resolving: Resolving,
    pub(crate) given_up: GivenUp,
    /// Whether anything was ever sent.
    pub(crate) has_sent: bool,
}

/// Whom something was for that is not sent any more, and who was not told to the machine yet.
#[derive(Debug)]
pub(crate) struct GivenUp(Vec<SocketAddr>);

impl GivenUp {
    pub(crate) fn note(&mut self, to: SocketAddr) {
        if self.0.len() < GIVEN_UP && !self.0.contains(&to) {
            self.0.push(to);
        }
    }
}

impl Outbox {
    pub(crate) fn new() -> Outbox {
        Outbox {
            batch: Vec::with_capacity(BATCH),
            bytes: Vec::with_capacity(BATCH * SHORT),
            neighbours: Neighbours::new(),
            resolving: Resolving::new(),
            given_up: GivenUp(Vec::with_capacity(GIVEN_UP)),
            has_sent: false,
        }
    }

    /// Whether something is left of the batch that there was no room for. The machine is not to be
    /// asked for more until there is not.
    pub(crate) fn is_blocked(&self) -> bool {
        !self.batch.is_empty()
    }

    /// Whether anything waits, for room or for its peer.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_blocked() || self.resolving.due().is_some()
    }

    /// The peers to whom something was given up since this was last asked.
    pub(crate) fn given_up(&mut self) -> impl Iterator<Item = SocketAddr> {
        self.given_up.0.drain(..)
    }

    /// Datagrams to the group that wait for room.
    pub(crate) fn waiting_for_group(&self) -> u64 {
        self.batch.iter().filter(|datagram| datagram.is_to_group).count() as u64
    }

    /// Drops what there was no room for in the channel at this place, which is closed; those behind it
    /// move up. Returns how many datagrams it were.
    pub(crate) fn forget(&mut self, place: usize) -> u64 {
        let before = self.batch.len();
        let gone = self.batch.iter().filter(|d| d.channel == place && !d.is_to_group);
        gone.for_each(|datagram| self.given_up.note(datagram.to));
        self.batch.retain(|datagram| datagram.channel != place);
        for datagram in &mut self.batch {
            datagram.channel -= usize::from(datagram.channel > place);
        }
        (before - self.batch.len()) as u64
    }

    /// Whether something waits for room in the socket of the channel at this place.
    pub(crate) fn waits_for(&self, place: usize) -> bool {
        self.batch.iter().any(|datagram| datagram.channel == place)
    }
}
