//! A network in memory, in which a whole run is decided by one seed.
//!
//! Nodes are [`Machine`](mcast_proto::Machine)s; a [`Sim`] is their driver, their clock and the wire between them. Every
//! choice that a real network makes by chance (loss, delay, order, copies) is drawn from one generator,
//! and everything that happens waits in one queue ordered by time and then by arrival, so that a seed
//! replays its run byte for byte. A test that fails while a `Sim` is alive prints the command that
//! replays it and the end of the trace; `MCAST_SIM_SEED` runs every simulation with that seed,
//! `MCAST_SIM_TRACE=all` prints the trace whole.
//!
//! A datagram goes from a node's [`Card`] over its [`Link`] to the switch, from there over the link of
//! each receiver, and where the receiver has a [`Socket`] through its switch port and its socket buffer.
//! At the switch a [`Tape`] records it and a [`Forger`] hears it, who puts datagrams of his own there,
//! in whosever name. An [`Account`] has who got how many bytes from whom, and [`Truth`] judges whether
//! what an asker told is true.

mod account;
mod air;
mod attach;
mod change;
mod clock;
mod deliver;
mod drive;
mod evidence;
mod fading;
mod forger;
mod host;
mod link;
mod offer;
mod packet;
mod queue;
mod record;
mod replay;
mod socket;
mod station;
mod tape;
mod trace;
mod truth;

pub use account::{Account, Flow};
pub use air::Air;
pub use clock::Clock;
pub use deliver::Traffic;
pub use evidence::Condition;
pub use forger::{Cue, Forger, Wire};
pub use host::{Card, Host, NodeId};
pub use link::Link;
pub use offer::offer_with;
pub use packet::Packet;
pub use record::{Record, What};
pub use socket::{Socket, Stalls};
pub use station::{Entry, Log, Station};
pub use tape::{Heard, Tape};
pub use truth::{Truth, Verdict};

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use mcast_proto::Instant;

use air::AirQueue;
use host::{Addresses, Attached, CardId, Node};
use queue::{Happening, Queue};
use trace::Trace;

/// The network, its nodes and its clock.
pub struct Sim {
    seed: u64,
    rng: fastrand::Rng,
    now: Instant,
    queue: Queue,
    nodes: Vec<Node>,
    cards: Vec<Attached>,
    by_address: BTreeMap<SocketAddr, CardId>,
    /// Who hears a group, apart by link: all with the same quiet link hear it in one happening.
    members: BTreeMap<(SocketAddr, u32), Vec<CardId>>,
    links: Vec<Link>,
    air: Option<AirQueue>,
    addresses: Addresses,
    forgers: Vec<Forger>,
    tapes: Vec<Tape>,
    account: Option<Account>,
    trace: Trace,
    traffic: Traffic,
    records: Vec<Record>,
    /// Every datagram sent, where recording was asked for.
    sent: Option<Vec<(NodeId, Rc<[u8]>)>>,
    buffer: Vec<u8>,
    outgoing: Vec<(CardId, Packet)>,
}

impl Sim {
    /// An empty network. `MCAST_SIM_SEED` in the environment goes before `seed`.
    ///
    /// # Panics
    /// If `MCAST_SIM_SEED` is not a number.
    pub fn new(seed: u64) -> Sim {
        let seed = match std::env::var(replay::SEED) {
            Ok(given) => given.parse().expect("MCAST_SIM_SEED is a decimal number"),
            Err(_) => seed,
        };
        Sim {
            seed,
            rng: fastrand::Rng::with_seed(seed),
            now: Instant::ZERO,
            queue: Queue::default(),
            nodes: Vec::new(),
            cards: Vec::new(),
            by_address: BTreeMap::new(),
            members: BTreeMap::new(),
            links: Vec::new(),
            air: None,
            addresses: Addresses::default(),
            forgers: Vec::new(),
            tapes: Vec::new(),
            account: None,
            trace: Trace::new(true),
            traffic: Traffic::default(),
            records: Vec::new(),
            sent: None,
            buffer: Vec::with_capacity(2048),
            outgoing: Vec::new(),
        }
    }

    /// The same without a trace, for runs of millions of datagrams; with one all the same where
    /// `MCAST_SIM_TRACE` is set.
    #[must_use]
    pub fn without_trace(mut self) -> Sim {
        self.trace = Trace::new(std::env::var_os(trace::WANTED).is_some());
        self
    }

    /// The same with everything going over one shared radio channel.
    #[must_use]
    pub fn over_air(mut self, air: Air) -> Sim {
        self.air = Some(AirQueue::new(air));
        self
    }

    /// The same with an [`Account`] of who got how many bytes from whom.
    #[must_use]
    pub fn with_account(mut self) -> Sim {
        self.account = Some(Account::default());
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

    /// An address that nobody has, of the family of this one: for several nodes that are to share it.
    pub fn free_ip(&mut self, like: IpAddr) -> IpAddr {
        self.addresses.next_like(like)
    }

    /// The address of a node, of its first card where it has several.
    pub fn address(&self, id: NodeId) -> SocketAddr {
        self.cards[self.nodes[id.0 as usize].first_card as usize].address
    }

    /// All addresses of a node.
    pub fn addresses(&self, id: NodeId) -> impl Iterator<Item = SocketAddr> {
        self.cards[self.nodes[id.0 as usize].cards()].iter().map(|card| card.address)
    }

    /// The present.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// What all nodes sent so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Who got how many bytes from whom so far.
    ///
    /// # Panics
    /// If none is kept: see [`with_account`](Self::with_account).
    pub fn account(&self) -> &Account {
        self.account.as_ref().expect("an account is kept")
    }

    /// What the machines reported so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What one machine reported so far.
    pub fn records_of(&self, id: NodeId) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.node == id)
    }

    /// Datagrams that came to the switch port of a node's first card in its busiest millisecond.
    pub fn busiest_millisecond(&self, id: NodeId) -> u64 {
        let card = &self.cards[self.nodes[id.0 as usize].first_card as usize];
        card.socket.as_ref().map_or(0, |socket| socket.busiest_millisecond())
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
            Happening::Resumes(id) => self.resumes(id),
            Happening::Turn(forger) => self.turn(forger),
            Happening::Forged { island, packet } => self.forged(island, &packet),
            Happening::OnAir { island, packet } => self.on_air(island, &packet),
            Happening::AtSwitch { island, packet } => self.at_switch(island, &packet),
            Happening::AtMembers { island, link, packet } => self.at_members(island, link, &packet),
            Happening::AtPort { card, packet } => self.at_port(card, &packet),
            Happening::Arrives { card, packet } => self.arrives(card, &packet),
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("simulation failed; replay it with: {}", replay::command(self.seed));
            self.trace.print();
        }
    }
}
