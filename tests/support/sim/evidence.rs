//! Cards that do not work, and what a driver can tell a machine of them.

use std::net::SocketAddr;

use mcast_proto::{Evidence, Observation};

use super::Sim;
use super::host::{Attached, CardId, NodeId};
use super::packet::Packet;

/// How a card is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It sends and hears.
    Works,
    /// Its cable is pulled: the system takes what is to be sent, and it goes nowhere.
    Unplugged,
    /// The system refuses to send by it, as a VPN's may. It hears.
    Refuses,
}

impl Sim {
    /// Changes how a card of a node is. Its machine hears of it at the next audit.
    ///
    /// # Panics
    /// If the node does not have the address.
    pub fn set_condition(&mut self, id: NodeId, card: SocketAddr, condition: Condition) {
        let card = self.card(id, card);
        let card = &mut self.cards[card.0 as usize];
        card.has_changed |= card.condition != condition;
        card.condition = condition;
    }

    /// A node's card with this address.
    pub(super) fn card(&self, id: NodeId, address: SocketAddr) -> CardId {
        let mut cards = self.nodes[id.0 as usize].cards();
        let found = cards.find(|&at| self.cards[at].address == address);
        CardId(found.expect("the node has the address") as u32)
    }

    /// Tells a machine what became of what it sent and heard since the last audit.
    pub(super) fn audit(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        let mut evidence = Evidence::CLEAN;
        for card in &mut self.cards[node.cards()] {
            evidence.unsent += std::mem::take(&mut card.unsent);
            evidence.changed |= std::mem::take(&mut card.has_changed);
            if let Some(socket) = &mut card.socket {
                evidence.dropped += std::mem::take(&mut socket.unaudited);
            }
        }
        self.trace.audit(self.now, id, &evidence);
        let now = node.clock.reads(self.now);
        node.machine.handle_observation(now, Observation::Audit(evidence));
    }
}

impl Attached {
    /// Whether a datagram leaves by it. What goes to the group and does not is noted, unless nothing
    /// ever left by it: such a card is not in use.
    pub(super) fn lets_out(&mut self, packet: &Packet) -> bool {
        let leaves = self.condition == Condition::Works;
        self.is_used |= self.condition != Condition::Refuses;
        self.unsent += u64::from(!leaves && self.is_used && packet.is_to_group());
        leaves
    }
}
