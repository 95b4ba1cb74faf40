//! A network in memory, in which a whole run is decided by one seed.
//!
//! Nodes are [`Machine`]s; a [`Sim`] is their driver, their clock and the wire between them. Every
//! choice that a real network makes by chance (loss, delay, order, copies) is drawn from one generator,
//! and everything that happens waits in one queue ordered by time and then by arrival, so that a seed
//! replays its run byte for byte. A test that fails while a `Sim` is alive prints the seed and the end
//! of the trace; `MCAST_SIM_SEED` runs every simulation with that seed, `MCAST_SIM_TRACE=all` prints
//! the trace whole.
//!
//! A datagram goes from a node over its [`Link`] to the switch, from there over the link of each
//! receiver, and where the receiver has a [`Socket`] through its switch port and its socket buffer.

mod deliver;
mod link;
mod queue;
mod trace;

pub use link::{Air, Link, Socket, Stalls};
pub use trace::{Record, What};

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use mcast_proto::{Action, Evidence, Instant, Machine, Observation};

use link::{AirQueue, SocketQueue};
use queue::{Happening, Queue};
use trace::Trace;

/// A node, by the order in which it was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// Where a node stands in the network.
#[derive(Debug, Clone)]
pub struct Host {
    /// Its address; `None`: the next free one in 10.0.0.0/8 with `port`.
    pub address: Option<SocketAddr>,
    /// Its port where `address` is left to the simulator.
    pub port: u16,
    /// The group that it sends to.
    pub group: SocketAddr,
    /// Whether it hears the group too.
    pub joined: bool,
    /// Whether others take its address to be on their link.
    pub on_link: bool,
    /// The way to the switch and back.
    pub link: Link,
    /// Queues between the switch and the machine; `None`: it takes everything at once.
    pub socket: Option<Socket>,
}

impl Host {
    /// A perfect host that sends to this group, and hears it where `joined`.
    pub fn new(group: SocketAddr, joined: bool) -> Host {
        let port = if joined { group.port() } else { 40_000 };
        Host {
            address: None,
            port,
            group,
            joined,
            on_link: true,
            link: Link::default(),
            socket: None,
        }
    }

    /// The same with this link.
    #[must_use]
    pub fn link(self, link: Link) -> Host {
        Host { link, ..self }
    }

    /// The same with this socket.
    #[must_use]
    pub fn socket(self, socket: Socket) -> Host {
        Host { socket: Some(socket), ..self }
    }
}

/// What all nodes together did, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Datagrams sent to a group.
    pub multicasts: u64,
    /// Datagrams sent to one node.
    pub unicasts: u64,
    /// Bytes of all of them, each with 42 bytes of Ethernet, IP and UDP headers.
    pub bytes: u64,
    /// Datagrams that found a switch port or a socket buffer full.
    pub overflows: u64,
}

struct Node {
    machine: Box<dyn Machine>,
    address: SocketAddr,
    group: SocketAddr,
    joined: bool,
    on_link: bool,
    link: u32,
    /// Nodes hear each other only where this is the same.
    island: u32,
    drops_unicasts: bool,
    paused_until: Instant,
    /// The earliest wake-up in the queue for it.
    wake: Instant,
    socket: Option<Box<SocketQueue>>,
}

/// The network, its nodes and its clock.
pub struct Sim {
    seed: u64,
    rng: fastrand::Rng,
    now: Instant,
    queue: Queue,
    nodes: Vec<Node>,
    by_address: BTreeMap<SocketAddr, NodeId>,
    /// Who hears a group, apart by link: all with the same quiet link hear it in one happening.
    members: BTreeMap<(SocketAddr, u32), Vec<NodeId>>,
    links: Vec<Link>,
    air: Option<AirQueue>,
    next_address: u32,
    trace: Trace,
    traffic: Traffic,
    records: Vec<Record>,
    /// Every datagram sent, where recording was asked for.
    sent: Option<Vec<(NodeId, Rc<[u8]>)>>,
    buffer: Vec<u8>,
}

impl Sim {
    /// An empty network. `MCAST_SIM_SEED` in the environment goes before `seed`.
    ///
    /// # Panics
    /// If `MCAST_SIM_SEED` is not a number.
    pub fn new(seed: u64) -> Sim {
        let seed = match std::env::var("MCAST_SIM_SEED") {
            Ok(given) => given.parse().expect("MCAST_SIM_SEED is a decimal number"),
            Err(_) => seed,
        };
        Sim {
            seed,
            rng: fastrand::Rng::with_seed(seed),
            now: Instant::ZERO,
            queue: Queue::default(),
            nodes: Vec::new(),
            by_address: BTreeMap::new(),
            members: BTreeMap::new(),
            links: Vec::new(),
            air: None,
            next_address: u32::from(Ipv4Addr::new(10, 0, 0, 1)),
            trace: Trace::new(true),
            traffic: Traffic::default(),
            records: Vec::new(),
            sent: None,
            buffer: Vec::with_capacity(2048),
        }
    }

    /// The same without a trace, for runs of millions of datagrams.
    #[must_use]
    pub fn without_trace(mut self) -> Sim {
        self.trace = Trace::new(false);
        self
    }

    /// The same with everything going over one shared radio channel.
    #[must_use]
    pub fn over_air(mut self, air: Air) -> Sim {
        self.air = Some(AirQueue::new(air));
        self
    }

    /// Keeps a copy of every datagram sent from now on, for replays: see [`sent`](Self::sent).
    pub fn record_datagrams(&mut self) {
        self.sent = Some(Vec::new());
    }

    /// Every datagram sent since [`record_datagrams`](Self::record_datagrams), and who sent it.
    pub fn sent(&self) -> &[(NodeId, Rc<[u8]>)] {
        self.sent.as_deref().unwrap_or_default()
    }

    /// A number drawn from the seed, to seed a machine with.
    pub fn draw(&mut self) -> u64 {
        self.rng.u64(..)
    }

    /// Puts a machine on the network; it starts now.
    pub fn add(&mut self, host: Host, machine: impl Machine + 'static) -> NodeId {
        self.add_at(self.now, host, machine)
    }

    /// Puts a machine on the network; it hears from now and starts at `start`.
    ///
    /// # Panics
    /// If the address is taken.
    pub fn add_at(
        &mut self,
        start: Instant,
        host: Host,
        machine: impl Machine + 'static,
    ) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        let address = host.address.unwrap_or_else(|| {
            let ip = Ipv4Addr::from(self.next_address);
            self.next_address += 1;
            SocketAddr::from((ip, host.port))
        });
        assert!(self.by_address.insert(address, id).is_none(), "{address} is taken");
        let link = self.link_number(host.link);
        if host.joined {
            self.members.entry((host.group, link)).or_default().push(id);
        }
        let mut machine: Box<dyn Machine> = Box::new(machine);
        let socket = host.socket.map(|socket| {
            machine.handle_observation(
                start,
                Observation::ReceiveBuffer { datagrams: socket.buffer as u64 },
            );
            Box::new(SocketQueue::new(socket))
        });
        self.nodes.push(Node {
            machine,
            address,
            group: host.group,
            joined: host.joined,
            on_link: host.on_link,
            link,
            island: 0,
            drops_unicasts: false,
            paused_until: Instant::ZERO,
            wake: Instant::FAR_FUTURE,
            socket,
        });
        self.wake_at(id, start.max(self.now));
        id
    }

    /// Changes a node's link from now on.
    pub fn set_link(&mut self, id: NodeId, link: Link) {
        let number = self.link_number(link);
        let node = &mut self.nodes[id.0 as usize];
        let before = std::mem::replace(&mut node.link, number);
        if node.joined && before != number {
            let group = node.group;
            self.members.entry((group, before)).or_default().retain(|&member| member != id);
            self.members.entry((group, number)).or_default().push(id);
        }
    }

    /// Moves a node to an island: it hears, and is heard by, only those on the same one. All start
    /// on island 0.
    pub fn move_to_island(&mut self, id: NodeId, island: u32) {
        self.nodes[id.0 as usize].island = island;
    }

    /// Keeps a node's host from running for this long: what comes to it meanwhile is lost.
    pub fn pause(&mut self, id: NodeId, length: Duration) {
        self.nodes[id.0 as usize].paused_until = self.now + length;
    }

    /// Puts a firewall before a node that lets through only what is sent to its group.
    pub fn drop_unicasts_to(&mut self, id: NodeId) {
        self.nodes[id.0 as usize].drops_unicasts = true;
    }

    /// Puts a new machine in a node's place, at the same address: a restart. The old one is dropped
    /// without a goodbye.
    pub fn restart(&mut self, id: NodeId, machine: impl Machine + 'static) {
        self.nodes[id.0 as usize].machine = Box::new(machine);
        self.wake_at(id, self.now);
    }

    /// Asks a node's machine to come to its end.
    pub fn close(&mut self, id: NodeId) {
        self.nodes[id.0 as usize].machine.close(self.now);
        self.reschedule(id);
    }

    /// The address of a node.
    pub fn address(&self, id: NodeId) -> SocketAddr {
        self.nodes[id.0 as usize].address
    }

    /// The present.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// What all nodes sent so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// What the machines reported so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What one machine reported so far.
    pub fn records_of(&self, id: NodeId) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.node == id)
    }

    /// Datagrams that came to the node's switch port in its busiest millisecond.
    pub fn busiest_millisecond(&self, id: NodeId) -> u64 {
        self.nodes[id.0 as usize].socket.as_ref().map_or(0, |socket| socket.busiest_millisecond())
    }

    /// The trace so far, one line a happening.
    pub fn trace(&self) -> String {
        self.trace.text()
    }

    /// Whether a machine has reported that it is done.
    pub fn is_done(&self, id: NodeId) -> bool {
        self.records.iter().rev().any(|r| r.node == id && matches!(r.what, What::Done(_)))
    }

    /// Runs for this long.
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    /// Runs up to and including this moment.
    pub fn run_until(&mut self, end: Instant) {
        while self.queue.next_time().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = self.now.max(end);
    }

    /// Runs until a machine is done, or until `limit`; says whether it is done.
    pub fn run_until_done(&mut self, id: NodeId, limit: Instant) -> bool {
        let mut seen = 0;
        while self.queue.next_time().is_some_and(|at| at <= limit) {
            self.step();
            if self.records[seen..].iter().any(|r| r.node == id && matches!(r.what, What::Done(_)))
            {
                return true;
            }
            seen = self.records.len();
        }
        false
    }

    fn step(&mut self) {
        let Some((at, happening)) = self.queue.pop() else { return };
        self.now = at;
        match happening {
            Happening::Wake(id) => self.wake(id),
            Happening::AtSwitch { from, island, to, datagram } => {
                self.at_switch(from, island, to, datagram);
            }
            Happening::AtMembers { arrival, island, link, datagram } => {
                self.at_members(arrival, island, link, &datagram);
            }
            Happening::AtPort { to, arrival, datagram } => self.at_port(to, arrival, datagram),
            Happening::Arrives { to, arrival, datagram } => {
                self.arrives(to, arrival, &datagram);
            }
        }
    }

    fn wake(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        if node.wake != self.now {
            return; // an earlier wake-up took this one's place
        }
        node.wake = Instant::FAR_FUTURE;
        let paused_until = node.paused_until;
        if paused_until > self.now {
            return self.wake_at(id, paused_until);
        }
        // A machine that never comes to rest would stop the clock: that is a failure to show.
        for _ in 0..1_000_000 {
            let node = &mut self.nodes[id.0 as usize];
            if node.machine.deadline().is_none_or(|due| due > self.now) {
                return self.reschedule(id);
            }
            match node.machine.handle_timeout(self.now) {
                Some(Action::Send { to, message }) => {
                    self.buffer.clear();
                    message.encode_from(node.address, &mut self.buffer);
                    self.send(id, to);
                }
                Some(Action::Emit(event)) => {
                    self.trace.event(self.now, id, &event);
                    self.records.extend(Record::of_event(self.now, id, &event));
                }
                Some(Action::Done(summary)) => {
                    self.trace.done(self.now, id, &summary);
                    self.records.push(Record { at: self.now, node: id, what: What::Done(summary) });
                }
                Some(Action::Audit) => self.audit(id),
                None => {}
            }
        }
        panic!("node {} is still due after a million calls at {:?}", id.0, self.now);
    }

    /// Tells a machine what became of what it sent and heard.
    fn audit(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        let dropped =
            node.socket.as_mut().map_or(0, |socket| std::mem::take(&mut socket.unaudited));
        let evidence = Evidence::new(0, dropped, false);
        node.machine.handle_observation(self.now, Observation::Audit(evidence));
    }

    fn reschedule(&mut self, id: NodeId) {
        if let Some(due) = self.nodes[id.0 as usize].machine.deadline() {
            self.wake_at(id, due.max(self.now));
        }
    }

    fn wake_at(&mut self, id: NodeId, at: Instant) {
        let node = &mut self.nodes[id.0 as usize];
        if at < node.wake {
            node.wake = at;
            self.queue.push(at, Happening::Wake(id));
        }
    }

    fn link_number(&mut self, link: Link) -> u32 {
        let at = self.links.iter().position(|known| *known == link).unwrap_or_else(|| {
            self.links.push(link);
            self.links.len() - 1
        });
        u32::try_from(at).expect("fewer than 2^32 links")
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("simulation failed; replay it with MCAST_SIM_SEED={}", self.seed);
            self.trace.print();
        }
    }
}
