//! How machines come onto the network.

use std::net::SocketAddr;

use mcast_proto::{Instant, Machine, Observation};

use super::Sim;
use super::evidence::Condition;
use super::fading::Fading;
use super::host::{Attached, Card, CardId, Host, Node, NodeId};
use super::link::Link;
use super::socket::SocketQueue;

impl Sim {
    /// Puts a machine on the network; it starts now.
    ///
    /// # Panics
    /// As [`add_at`](Self::add_at).
    pub fn add(&mut self, host: Host, machine: impl Machine + 'static) -> NodeId {
        self.add_at(self.now, host, machine)
    }

    /// Puts a machine on the network; it hears from now and starts at `start`, by the simulation's
    /// clock.
    ///
    /// # Panics
    /// If the address is taken, by others than hearers of a group at the group's port.
    pub fn add_at(
        &mut self,
        start: Instant,
        host: Host,
        machine: impl Machine + 'static,
    ) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        let first_card = u32::try_from(self.cards.len()).expect("fewer than 2^32 cards");
        let cards = u32::try_from(host.cards.len()).expect("a few cards");
        for card in host.cards {
            self.attach(id, &card);
        }
        self.nodes.push(Node {
            machine: Box::new(machine),
            clock: host.clock,
            first_card,
            cards,
            paused_until: Instant::ZERO,
            backlog: Vec::new(),
            wake: Instant::FAR_FUTURE,
        });
        self.tell_receive_buffer(id, start);
        self.wake_at(id, start.max(self.now));
        id
    }

    fn attach(&mut self, node: NodeId, card: &Card) {
        let id = CardId(u32::try_from(self.cards.len()).expect("fewer than 2^32 cards"));
        let address = card.address.unwrap_or_else(|| {
            SocketAddr::new(self.addresses.next_like(card.group.ip()), card.port)
        });
        let link = self.link_number(card.link);
        self.cards.push(Attached {
            node,
            island: card.island,
            link,
            fading_out: Fading::default(),
            fading_in: Fading::default(),
            joined: card.joined,
            on_link: card.on_link,
            drops_unicasts: false,
            condition: Condition::Works,
            is_used: false,
            unsent: 0,
            has_changed: false,
            interface: card.interface,
            socket: card.socket.map(|socket| Box::new(SocketQueue::new(socket))),
            address,
            outside: card.outside,
            group: card.group,
        });
        self.claim(id);
        self.join(id);
    }

    /// Tells a new machine how much the smallest of its sockets holds.
    pub(super) fn tell_receive_buffer(&mut self, id: NodeId, moment: Instant) {
        let node = &mut self.nodes[id.0 as usize];
        let sockets = self.cards[node.cards()].iter().filter_map(|card| card.socket.as_ref());
        if let Some(datagrams) = sockets.map(|socket| socket.holds()).min() {
            let now = node.clock.reads(moment);
            node.machine.handle_observation(now, Observation::ReceiveBuffer { datagrams });
        }
    }

    pub(super) fn link_number(&mut self, link: Link) -> u32 {
        let at = self.links.iter().position(|known| *known == link).unwrap_or_else(|| {
            self.links.push(link);
            self.links.len() - 1
        });
        u32::try_from(at).expect("fewer than 2^32 links")
    }
}
