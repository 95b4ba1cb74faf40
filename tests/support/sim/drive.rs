//! What a driver does for its machine, as `mcast-net` does it on sockets.

use std::ops::Range;
use std::rc::Rc;

use mcast_proto::{Action, Destination, Instant, Message, Observation};

use super::Sim;
use super::host::{Attached, CardId, NodeId};
use super::packet::{Packet, without_zone};
use super::queue::Happening;
use super::record::Record;

impl Sim {
    /// A machine reads a datagram.
    pub(super) fn arrives(&mut self, card: CardId, packet: &Rc<Packet>) {
        let receiver = &mut self.cards[card.0 as usize];
        let to = receiver.node;
        let node = &mut self.nodes[to.0 as usize];
        if node.paused_until > self.now {
            node.backlog.push((card, Rc::clone(packet)));
            return;
        }
        let now = node.clock.reads(self.now);
        self.trace.arrival(self.now, to, packet);
        if let Some(account) = &mut self.account {
            account.received(to, packet);
        }
        if let Some(socket) = &mut receiver.socket {
            // As the kernel does it: the count comes with the next datagram that is read.
            let datagrams = std::mem::take(&mut socket.unreported);
            if datagrams > 0 {
                node.machine.handle_observation(now, Observation::Dropped { datagrams });
            }
        }
        let arrival = packet.arrival(receiver.interface, receiver.address);
        match node.machine.handle_datagram(now, arrival, &packet.bytes) {
            Some(Action::Emit(event)) => {
                self.trace.event(self.now, to, &event);
                self.records.extend(Record::of_event(self.now, to, &event));
            }
            Some(Action::Done(summary)) => {
                self.trace.done(self.now, to, &summary);
                self.records.push(Record::of_end(self.now, to, summary));
            }
            Some(Action::Send { .. } | Action::Audit) => {
                panic!("node {} acted in reaction to a datagram", to.0)
            }
            None => {}
        }
        self.reschedule(to);
    }

    /// After a pause what came meanwhile is read first, as by a driver that was waiting.
    pub(super) fn resumes(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        if node.paused_until > self.now {
            return; // it was paused again
        }
        for (card, packet) in std::mem::take(&mut node.backlog) {
            self.arrives(card, &packet);
        }
        self.wake_at(id, self.now);
    }

    pub(super) fn wake(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        if node.wake != self.now {
            return; // an earlier wake-up took this one's place
        }
        node.wake = Instant::FAR_FUTURE;
        if node.paused_until > self.now {
            return; // it is woken when it runs again
        }
        // A machine that never comes to rest would stop the clock: that is a failure to show.
        for _ in 0..1_000_000 {
            if self.nodes[id.0 as usize].due().is_none_or(|due| due > self.now) {
                return self.reschedule(id);
            }
            self.time_out(id);
        }
        panic!("node {} is still due after a million calls at {:?}", id.0, self.now);
    }

    fn time_out(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        match node.machine.handle_timeout(node.clock.reads(self.now)) {
            Some(Action::Send { to, message }) => {
                let cards = node.first_card..node.first_card + node.cards;
                for card in ways(&self.cards, cards, to) {
                    let packet = self.cards[card as usize].packet(to, &message, &mut self.buffer);
                    self.outgoing.push((CardId(card), packet));
                }
            }
            Some(Action::Emit(event)) => {
                self.trace.event(self.now, id, &event);
                self.records.extend(Record::of_event(self.now, id, &event));
            }
            Some(Action::Done(summary)) => {
                self.trace.done(self.now, id, &summary);
                self.records.push(Record::of_end(self.now, id, summary));
            }
            Some(Action::Audit) => self.audit(id),
            None => {}
        }
        let mut outgoing = std::mem::take(&mut self.outgoing);
        for (card, packet) in outgoing.drain(..) {
            self.send(card, packet);
        }
        self.outgoing = outgoing;
    }

    pub(super) fn reschedule(&mut self, id: NodeId) {
        if let Some(due) = self.nodes[id.0 as usize].due() {
            self.wake_at(id, due.max(self.now));
        }
    }

    pub(super) fn wake_at(&mut self, id: NodeId, at: Instant) {
        let node = &mut self.nodes[id.0 as usize];
        if at < node.wake {
            node.wake = at;
            self.queue.push(at, Happening::Wake(id));
        }
    }
}

/// By which of a host's cards a datagram leaves. By none: the one on which the peer was heard is gone.
fn ways(cards: &[Attached], own: Range<u32>, to: Destination) -> Range<u32> {
    let Destination::Peer(_, path) = to else { return own };
    let fits = |card: &u32| {
        let card = &cards[*card as usize];
        card.address.is_ipv4() == path.remote.is_ipv4()
            && path.interface.is_none_or(|id| id.0 == card.interface)
    };
    let is_asked = |card: &u32| Some(cards[*card as usize].address) == path.local;
    let found = own.clone().filter(fits).find(is_asked).or_else(|| own.clone().find(fits));
    found.map_or(0..0, |card| card..card + 1)
}

impl Attached {
    fn packet(&self, to: Destination, message: &Message<'_>, buffer: &mut Vec<u8>) -> Packet {
        let to = match to {
            Destination::Group(_) => self.group,
            Destination::Peer(_, path) => without_zone(path.remote),
        };
        buffer.clear();
        message.encode_from(self.address, buffer);
        let bytes = buffer.as_slice().into();
        Packet { from: self.known_as(), to, on_link: self.on_link, bytes }
    }
}
