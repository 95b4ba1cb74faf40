//! The way of a datagram, step by step.

use std::net::SocketAddr;
use std::rc::Rc;

use mcast_proto::{Action, Arrival, Cast, Destination, Instant, InterfaceId, Observation, Path};

use super::link::HEADERS;
use super::queue::Happening;
use super::trace::{Record, What};
use super::{NodeId, Sim};

/// The one interface that every node has.
const INTERFACE: InterfaceId = InterfaceId(1);

/// Each machine lies somewhere else in memory, and of a hundred thousand most are in no cache: so
/// many are looked at before the first is called, so that the processor fetches them at one time.
const FETCHED_TOGETHER: usize = 16;

impl Sim {
    /// Makes a datagram appear at a node, from any source and whatever its bytes: a forgery, a replay,
    /// noise. It is not lost on the way and waits in no queue.
    pub fn inject(&mut self, to: NodeId, from: SocketAddr, cast: Cast, datagram: &[u8]) {
        let arrival = Arrival::new(path(from), cast, true);
        self.queue.push(self.now, Happening::Arrives { to, arrival, datagram: datagram.into() });
    }

    /// Makes a datagram appear at every member of a group, from any source.
    pub fn inject_to_group(&mut self, group: SocketAddr, from: SocketAddr, datagram: &[u8]) {
        let datagram: Rc<[u8]> = datagram.into();
        let arrival = Arrival::new(path(from), Cast::Group(group), true);
        let members: Vec<NodeId> = self
            .members
            .range((group, 0)..=(group, u32::MAX))
            .flat_map(|(_, ids)| ids.clone())
            .collect();
        for to in members {
            let datagram = Rc::clone(&datagram);
            self.queue.push(self.now, Happening::Arrives { to, arrival, datagram });
        }
    }

    /// Sends what is in the buffer.
    pub(super) fn send(&mut self, from: NodeId, to: Destination) {
        let node = &self.nodes[from.0 as usize];
        let link = self.links[node.link as usize];
        let island = node.island;
        self.trace.send(self.now, from, to, &self.buffer);
        match to {
            Destination::Group => self.traffic.multicasts += 1,
            Destination::Peer(_) => self.traffic.unicasts += 1,
        }
        self.traffic.bytes += (self.buffer.len() + HEADERS) as u64;
        let lost = link.loss_out > 0.0 && self.rng.f64() < link.loss_out;
        if lost && self.sent.is_none() {
            return;
        }
        let datagram: Rc<[u8]> = self.buffer.as_slice().into();
        if let Some(sent) = &mut self.sent {
            sent.push((from, Rc::clone(&datagram)));
        }
        if !lost {
            let at = self.now + link.time_out(&mut self.rng);
            self.queue.push(at, Happening::AtSwitch { from, island, to, datagram });
        }
    }

    pub(super) fn at_switch(
        &mut self,
        from: NodeId,
        island: u32,
        to: Destination,
        datagram: Rc<[u8]>,
    ) {
        let sender = &self.nodes[from.0 as usize];
        let (source, group, on_link) = (path(sender.address), sender.group, sender.on_link);
        match to {
            Destination::Group => {
                let at = match &mut self.air {
                    Some(air) => air.multicast(self.now, datagram.len()),
                    None => self.now,
                };
                let arrival = Arrival::new(source, Cast::Group(group), on_link);
                self.fan_out(at, group, arrival, island, &datagram);
            }
            Destination::Peer(peer) => {
                let at = match &mut self.air {
                    Some(air) => air.unicast(self.now),
                    None => self.now,
                };
                let arrival = Arrival::new(source, Cast::Unicast, on_link);
                if let Some(&to) = self.by_address.get(&peer.remote) {
                    self.carry(at, to, arrival, island, &datagram);
                }
            }
        }
    }

    fn fan_out(
        &mut self,
        at: Instant,
        group: SocketAddr,
        arrival: Arrival,
        island: u32,
        datagram: &Rc<[u8]>,
    ) {
        let members: Vec<u32> = self
            .members
            .range((group, 0)..=(group, u32::MAX))
            .map(|(&(_, link), _)| link)
            .collect();
        for number in members {
            let link = self.links[number as usize];
            if link.is_steady_inwards() {
                let datagram = Rc::clone(datagram);
                let happening = Happening::AtMembers { arrival, island, link: number, datagram };
                self.queue.push(at + link.delay, happening);
            } else {
                for at_member in 0..self.members[&(group, number)].len() {
                    let to = self.members[&(group, number)][at_member];
                    self.carry(at, to, arrival, island, datagram);
                }
            }
        }
    }

    /// A datagram starts on the link to one node.
    fn carry(
        &mut self,
        at: Instant,
        to: NodeId,
        arrival: Arrival,
        island: u32,
        datagram: &Rc<[u8]>,
    ) {
        let node = &self.nodes[to.0 as usize];
        let link = self.links[node.link as usize];
        if node.island != island || (node.drops_unicasts && arrival.cast == Cast::Unicast) {
            return;
        }
        let copies = 1 + u32::from(link.duplicate > 0.0 && self.rng.f64() < link.duplicate);
        for _ in 0..copies {
            if link.loss_in > 0.0 && self.rng.f64() < link.loss_in {
                self.trace.lost(self.now, to);
                continue;
            }
            let at = at + link.time_in(&mut self.rng);
            let datagram = Rc::clone(datagram);
            self.queue.push(at, Happening::AtPort { to, arrival, datagram });
        }
    }

    /// A datagram to a group comes to all members with one link at once.
    pub(super) fn at_members(
        &mut self,
        arrival: Arrival,
        island: u32,
        link: u32,
        datagram: &Rc<[u8]>,
    ) {
        let Cast::Group(group) = arrival.cast else { return };
        // Nothing that a member does here changes who the members are.
        let Some(members) = self.members.get_mut(&(group, link)) else { return };
        let members = std::mem::take(members);
        let loss = self.links[link as usize].loss_in;
        for few in members.chunks(FETCHED_TOGETHER) {
            for &to in few {
                std::hint::black_box(self.nodes[to.0 as usize].machine.deadline());
            }
            for &to in few {
                self.at_member(to, arrival, island, loss, datagram);
            }
        }
        self.members.insert((group, link), members);
    }

    fn at_member(
        &mut self,
        to: NodeId,
        arrival: Arrival,
        island: u32,
        loss: f64,
        datagram: &Rc<[u8]>,
    ) {
        if self.nodes[to.0 as usize].island != island {
            return;
        }
        if loss > 0.0 && self.rng.f64() < loss {
            self.trace.lost(self.now, to);
        } else if self.nodes[to.0 as usize].socket.is_some() {
            self.at_port(to, arrival, Rc::clone(datagram));
        } else {
            self.arrives(to, arrival, datagram);
        }
    }

    pub(super) fn at_port(&mut self, to: NodeId, arrival: Arrival, datagram: Rc<[u8]>) {
        let Some(socket) = &mut self.nodes[to.0 as usize].socket else {
            return self.arrives(to, arrival, &datagram);
        };
        match socket.accept(self.now, datagram.len()) {
            Some(at) => self.queue.push(at, Happening::Arrives { to, arrival, datagram }),
            None => {
                self.traffic.overflows += 1;
                self.trace.overflow(self.now, to);
            }
        }
    }

    pub(super) fn arrives(&mut self, to: NodeId, arrival: Arrival, datagram: &[u8]) {
        self.trace.arrival(self.now, to, arrival, datagram);
        let node = &mut self.nodes[to.0 as usize];
        if node.paused_until > self.now {
            return;
        }
        if let Some(socket) = &mut node.socket {
            // As the kernel does it: the count comes with the next datagram that is read.
            let count = std::mem::take(&mut socket.unreported);
            if count > 0 {
                node.machine
                    .handle_observation(self.now, Observation::Dropped { datagrams: count });
            }
        }
        let arrival = arrival.at_local(node.address);
        match node.machine.handle_datagram(self.now, arrival, datagram) {
            Some(Action::Emit(event)) => {
                self.trace.event(self.now, to, &event);
                self.records.extend(Record::of_event(self.now, to, &event));
            }
            Some(Action::Done(summary)) => {
                self.trace.done(self.now, to, &summary);
                self.records.push(Record { at: self.now, node: to, what: What::Done(summary) });
            }
            Some(Action::Send { .. } | Action::Audit) => {
                panic!("node {} acted in reaction to a datagram", to.0)
            }
            None => {}
        }
        self.reschedule(to);
    }
}

fn path(remote: SocketAddr) -> Path {
    Path::new(remote).by(INTERFACE)
}
