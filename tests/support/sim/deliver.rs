//! The way of a datagram, step by step.

use std::net::SocketAddr;
use std::rc::Rc;

use mcast_proto::{Cast, Instant};

use super::Sim;
use super::evidence::Condition;
use super::host::{CardId, NodeId};
use super::link::{HEADERS, Link};
use super::packet::Packet;
use super::queue::Happening;

/// Each machine lies somewhere else in memory, and of a hundred thousand most are in no cache: so
/// many are looked at before the first is called, so that the processor fetches them at one time.
const FETCHED_TOGETHER: usize = 16;

impl Sim {
    /// Makes a datagram appear at a node, from any source and whatever its bytes: a forgery, a replay,
    /// noise. It is not lost on the way and waits in no queue.
    ///
    /// # Panics
    /// With [`Cast::Unknown`]: on a wire it is always known.
    pub fn inject(&mut self, to: NodeId, from: SocketAddr, cast: Cast, datagram: &[u8]) {
        let card = CardId(self.nodes[to.0 as usize].first_card);
        let to = match cast {
            Cast::Group(group) => group,
            Cast::Unicast => self.cards[card.0 as usize].address,
            _ => panic!("a datagram to an unknown address"),
        };
        let packet = Rc::new(Packet::new(from, to, datagram));
        self.queue.push(self.now, Happening::Arrives { card, packet });
    }

    /// Makes a datagram appear at every member of a group, from any source.
    pub fn inject_to_group(&mut self, group: SocketAddr, from: SocketAddr, datagram: &[u8]) {
        let packet = Rc::new(Packet::new(from, group, datagram));
        let members: Vec<CardId> = self
            .members
            .range((group, 0)..=(group, u32::MAX))
            .flat_map(|(_, cards)| cards.clone())
            .collect();
        for card in members {
            let packet = Rc::clone(&packet);
            self.queue.push(self.now, Happening::Arrives { card, packet });
        }
    }

    /// A datagram leaves by a card.
    pub(super) fn send(&mut self, card: CardId, packet: Packet) {
        let sender = &mut self.cards[card.0 as usize];
        let (node, island) = (sender.node, sender.island);
        let link = self.links[sender.link as usize];
        if !sender.lets_out(&packet) {
            return self.trace.held(self.now, node);
        }
        self.trace.send(self.now, node, &packet);
        self.traffic.count(&packet);
        if let Some(account) = &mut self.account {
            account.sent(node, &packet);
        }
        if let Some(sent) = &mut self.sent {
            sent.push((node, Rc::clone(&packet.bytes)));
        }
        let fading = &mut self.cards[card.0 as usize].fading_out;
        let lost = fading.loses(self.now, link.loss_out, link.burst, &mut self.rng);
        if !lost && link.passes(packet.bytes.len()) {
            let at = self.now + link.time_out(&mut self.rng);
            let packet = Rc::new(packet);
            self.queue.push(at, Happening::AtSwitch { island, packet });
        }
    }

    /// A datagram that a node sent passes the switch, where others may listen.
    pub(super) fn at_switch(&mut self, island: u32, packet: &Rc<Packet>) {
        for tape in &self.tapes {
            tape.hear(self.now, packet);
        }
        self.overhear(island, packet);
        self.forward(island, packet);
    }

    /// A datagram goes from the switch to its receivers.
    pub(super) fn forward(&mut self, island: u32, packet: &Rc<Packet>) {
        if packet.is_to_group() {
            let held_until = self.air.as_ref().map_or(self.now, |air| air.held_until(self.now));
            if held_until > self.now {
                let packet = Rc::clone(packet);
                self.queue.push(held_until, Happening::OnAir { island, packet });
            } else {
                self.on_air(island, packet);
            }
        } else {
            let at = match &mut self.air {
                Some(air) => air.unicast(self.now),
                None => self.now,
            };
            if let Some(&card) = self.by_address.get(&packet.to) {
                self.carry(at, card, island, packet);
            }
        }
    }

    /// A datagram to a group has its turn, over the radio channel where there is one.
    pub(super) fn on_air(&mut self, island: u32, packet: &Rc<Packet>) {
        let at = match &mut self.air {
            Some(air) => air.multicast(self.now, packet.bytes.len()),
            None => self.now,
        };
        self.fan_out(at, island, packet);
    }

    fn fan_out(&mut self, at: Instant, island: u32, packet: &Rc<Packet>) {
        let group = packet.to;
        let members: Vec<u32> = self
            .members
            .range((group, 0)..=(group, u32::MAX))
            .map(|(&(_, link), _)| link)
            .collect();
        for number in members {
            let link = self.links[number as usize];
            if link.is_steady_inwards() {
                let packet = Rc::clone(packet);
                let happening = Happening::AtMembers { island, link: number, packet };
                self.queue.push(at + link.delay, happening);
            } else {
                for at_member in 0..self.members[&(group, number)].len() {
                    let card = self.members[&(group, number)][at_member];
                    self.carry(at, card, island, packet);
                }
            }
        }
    }

    /// A datagram starts on the link to one card.
    fn carry(&mut self, at: Instant, card: CardId, island: u32, packet: &Rc<Packet>) {
        let receiver = &self.cards[card.0 as usize];
        let node = receiver.node;
        let link = self.links[receiver.link as usize];
        if receiver.island != island
            || (receiver.drops_unicasts && !packet.is_to_group())
            || !link.passes(packet.bytes.len())
        {
            return;
        }
        let copies = 1 + u32::from(link.duplicate > 0.0 && self.rng.f64() < link.duplicate);
        for _ in 0..copies {
            let fading = &mut self.cards[card.0 as usize].fading_in;
            if fading.loses(self.now, link.loss_in, link.burst, &mut self.rng) {
                self.trace.lost(self.now, node);
                continue;
            }
            let at = at + link.time_in(&mut self.rng);
            self.queue.push(at, Happening::AtPort { card, packet: Rc::clone(packet) });
        }
    }

    /// A datagram to a group comes to all members with one link at once.
    pub(super) fn at_members(&mut self, island: u32, link: u32, packet: &Rc<Packet>) {
        let group = packet.to;
        // Nothing that a member does here changes who the members are.
        let Some(members) = self.members.get_mut(&(group, link)) else { return };
        let members = std::mem::take(members);
        let way = self.links[link as usize];
        if way.passes(packet.bytes.len()) {
            for few in members.chunks(FETCHED_TOGETHER) {
                for &card in few {
                    let node = self.cards[card.0 as usize].node;
                    std::hint::black_box(self.nodes[node.0 as usize].machine.deadline());
                }
                for &card in few {
                    self.at_member(card, island, way, packet);
                }
            }
        }
        self.members.insert((group, link), members);
    }

    fn at_member(&mut self, card: CardId, island: u32, way: Link, packet: &Rc<Packet>) {
        let member = &mut self.cards[card.0 as usize];
        if member.island != island {
            return;
        }
        if member.fading_in.loses(self.now, way.loss_in, way.burst, &mut self.rng) {
            let node = member.node;
            self.trace.lost(self.now, node);
        } else {
            self.at_port(card, packet);
        }
    }

    pub(super) fn at_port(&mut self, card: CardId, packet: &Rc<Packet>) {
        let receiver = &mut self.cards[card.0 as usize];
        if receiver.condition == Condition::Unplugged {
            return;
        }
        let Some(socket) = &mut receiver.socket else { return self.arrives(card, packet) };
        let packet = Rc::clone(packet);
        match socket.accept(self.now, packet.bytes.len()) {
            Some(at) => self.queue.push(at, Happening::Arrives { card, packet }),
            None => {
                self.traffic.overflows += 1;
                self.trace.overflow(self.now, receiver.node);
            }
        }
    }
}

/// What all nodes together did, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Datagrams sent to a group, counted on each card.
    pub multicasts: u64,
    /// Datagrams sent to one node.
    pub unicasts: u64,
    /// Bytes of all of them, each with 42 bytes of Ethernet, IP and UDP headers.
    pub bytes: u64,
    /// Datagrams that found a switch port or a socket buffer full.
    pub overflows: u64,
}

impl Traffic {
    fn count(&mut self, packet: &Packet) {
        let kind = if packet.is_to_group() { &mut self.multicasts } else { &mut self.unicasts };
        *kind += 1;
        self.bytes += (packet.bytes.len() + HEADERS) as u64;
    }
}
