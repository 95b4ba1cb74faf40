//! What a test does to the network and its nodes in the middle of a run.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::{Machine, Observation};

use super::Sim;
use super::host::{CardId, NodeId};
use super::link::Link;
use super::queue::Happening;

impl Sim {
    /// Changes the link of each of a node's cards from now on.
    pub fn set_link(&mut self, id: NodeId, link: Link) {
        let number = self.link_number(link);
        for at in self.nodes[id.0 as usize].cards() {
            self.leave(CardId(at as u32));
            self.cards[at].link = number;
            self.join(CardId(at as u32));
        }
    }

    /// Moves a node to an island: it hears, and is heard by, only those on the same one.
    pub fn move_to_island(&mut self, id: NodeId, island: u32) {
        for at in self.nodes[id.0 as usize].cards() {
            self.cards[at].island = island;
        }
    }

    /// Moves one of a node's cards to an island.
    ///
    /// # Panics
    /// If the node does not have the address.
    pub fn move_card_to_island(&mut self, id: NodeId, card: SocketAddr, island: u32) {
        let card = self.card(id, card);
        self.cards[card.0 as usize].island = island;
    }

    /// Keeps a node's host from running for this long. What comes meanwhile waits in its socket's
    /// buffer, as far as it fits, and is read afterwards.
    pub fn pause(&mut self, id: NodeId, length: Duration) {
        let until = self.now + length;
        for at in self.nodes[id.0 as usize].cards() {
            if let Some(socket) = &mut self.cards[at].socket {
                socket.stop(self.now, until);
            }
        }
        self.nodes[id.0 as usize].paused_until = until;
        self.queue.push(until, Happening::Resumes(id));
    }

    /// Puts a firewall before a node that lets through only what is sent to its group.
    pub fn drop_unicasts_to(&mut self, id: NodeId) {
        for at in self.nodes[id.0 as usize].cards() {
            self.cards[at].drops_unicasts = true;
        }
    }

    /// Gives a card of a node another address, and tells its machine that the network has changed.
    ///
    /// # Panics
    /// If the node does not have the one, or another has the other.
    pub fn renumber(&mut self, id: NodeId, from: SocketAddr, to: SocketAddr) {
        let card = self.card(id, from);
        if self.by_address.get(&from) == Some(&card) {
            self.by_address.remove(&from);
        }
        let state = &mut self.cards[card.0 as usize];
        state.address = to;
        state.has_changed = true;
        self.claim(card);
        self.tell(id, Observation::NetworkChanged);
    }

    /// Puts a new machine in a node's place, at the same addresses: a restart. The old one is dropped
    /// without a goodbye.
    pub fn restart(&mut self, id: NodeId, machine: impl Machine + 'static) {
        self.nodes[id.0 as usize].machine = Box::new(machine);
        self.tell_receive_buffer(id, self.now);
        self.wake_at(id, self.now);
    }

    /// Tells a node's machine what a driver observes.
    pub fn tell(&mut self, id: NodeId, observation: Observation) {
        let node = &mut self.nodes[id.0 as usize];
        node.machine.handle_observation(node.clock.reads(self.now), observation);
        self.reschedule(id);
    }

    /// Asks a node's machine to come to its end.
    pub fn close(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        node.machine.close(node.clock.reads(self.now));
        self.reschedule(id);
    }

    /// Puts a card among the members of its group.
    pub(super) fn join(&mut self, card: CardId) {
        let state = &self.cards[card.0 as usize];
        if state.joined {
            self.members.entry((state.group, state.link)).or_default().push(card);
        }
    }

    fn leave(&mut self, card: CardId) {
        let state = &self.cards[card.0 as usize];
        if let Some(members) = self.members.get_mut(&(state.group, state.link)) {
            members.retain(|&member| member != card);
        }
    }

    /// Makes a card the one that has its address.
    pub(super) fn claim(&mut self, card: CardId) {
        let state = &self.cards[card.0 as usize];
        let before = self.by_address.insert(state.known_as(), card);
        let shares = before.is_none_or(|other| {
            // The port of a group is shared by all who say so.
            let is_open = |state: &super::host::Attached| {
                state.joined && state.address.port() == state.group.port()
            };
            other == card || (is_open(state) && is_open(&self.cards[other.0 as usize]))
        });
        assert!(shares, "{} is taken", state.known_as());
    }
}
