//! A recorder of what passes the switch.

use std::cell::RefCell;
use std::rc::Rc;

use mcast_proto::Instant;

use super::Sim;
use super::packet::Packet;

/// What nodes said, in the order in which it passed the switch; what was lost before it is missing, and
/// so is what forgers said. It goes on recording while its simulation runs, and outlives it: what an
/// earlier session said is sent again by [`Forger::replaying`](super::Forger::replaying).
#[derive(Debug, Clone, Default)]
pub struct Tape(Rc<RefCell<Vec<Heard>>>);

/// A datagram on a [`Tape`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When.
    pub at: Instant,
    /// What.
    pub packet: Packet,
}

impl Tape {
    /// Everything so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.0.borrow().clone()
    }

    /// The datagrams that are wanted, so far.
    pub fn packets(&self, is_wanted: impl Fn(&Packet) -> bool) -> Vec<Packet> {
        let heard = self.0.borrow();
        heard.iter().map(|heard| &heard.packet).filter(|p| is_wanted(p)).cloned().collect()
    }

    pub(super) fn hear(&self, at: Instant, packet: &Packet) {
        self.0.borrow_mut().push(Heard { at, packet: packet.clone() });
    }
}

impl Sim {
    /// Records from now on.
    pub fn tape(&mut self) -> Tape {
        let tape = Tape::default();
        self.tapes.push(tape.clone());
        tape
    }
}
