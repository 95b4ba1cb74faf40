//! A machine that speaks no protocol.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use mcast_proto::{Action, Arrival, Destination, Instant, Machine, Message, Observation};

/// Says what it is told to say when it is told to, and keeps what it hears and what its driver tells.
#[derive(Debug, Default)]
pub struct Station {
    sayings: VecDeque<Saying>,
    /// What is being said.
    present: Vec<u8>,
    log: Log,
}

#[derive(Debug)]
struct Saying {
    at: Instant,
    /// `None`: it asks for an audit.
    to: Option<Destination>,
    bytes: Vec<u8>,
}

/// What a [`Station`] heard and was told so far.
#[derive(Debug, Clone, Default)]
pub struct Log(Rc<RefCell<Vec<Entry>>>);

/// Something in a [`Log`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A datagram, and when it was handed over by the station's own clock.
    Datagram(Instant, Arrival, Vec<u8>),
    /// What its driver told.
    Observation(Observation),
}

impl Station {
    /// One that hears, and what it will have heard.
    pub fn new() -> (Station, Log) {
        let station = Station::default();
        let log = station.log.clone();
        (station, log)
    }

    /// The same that says this then. What is said later is added later.
    #[must_use]
    pub fn saying(mut self, at: Instant, to: Destination, bytes: &[u8]) -> Station {
        self.sayings.push_back(Saying { at, to: Some(to), bytes: bytes.to_vec() });
        self
    }

    /// The same that asks for an audit then.
    #[must_use]
    pub fn auditing(mut self, at: Instant) -> Station {
        self.sayings.push_back(Saying { at, to: None, bytes: Vec::new() });
        self
    }
}

impl Log {
    /// Everything so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.borrow().clone()
    }

    /// The datagrams so far: when, how, and what they said.
    pub fn datagrams(&self) -> Vec<(Instant, Arrival, Vec<u8>)> {
        let of = |entry: Entry| match entry {
            Entry::Datagram(at, arrival, bytes) => Some((at, arrival, bytes)),
            Entry::Observation(_) => None,
        };
        self.entries().into_iter().filter_map(of).collect()
    }

    /// What the driver told so far.
    pub fn observations(&self) -> Vec<Observation> {
        let of = |entry: Entry| match entry {
            Entry::Observation(observation) => Some(observation),
            Entry::Datagram(..) => None,
        };
        self.entries().into_iter().filter_map(of).collect()
    }

    fn push(&self, entry: Entry) {
        self.0.borrow_mut().push(entry);
    }
}

impl Machine for Station {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.log.push(Entry::Datagram(now, arrival, datagram.to_vec()));
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        let Saying { to, bytes, .. } = self.sayings.pop_front_if(|next| next.at <= now)?;
        self.present = bytes;
        match to {
            Some(to) => Some(Action::Send { to, message: Message::Plain(&self.present) }),
            None => Some(Action::Audit),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.sayings.front().map(|next| next.at)
    }

    /// It says no more.
    fn close(&mut self, _now: Instant) {
        self.sayings.clear();
    }

    fn handle_observation(&mut self, _now: Instant, observation: Observation) {
        self.log.push(Entry::Observation(observation));
    }
}
