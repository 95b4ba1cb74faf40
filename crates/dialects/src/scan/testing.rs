//! Driving a machine in tests.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use mcast_proto::ops::{Did, Op, run_from};
use mcast_proto::{
    Arrival, Cast, Change, Destination, Event, Instant, InterfaceId, Key, Loss, Machine, Path,
    Summary,
};

/// A machine with what it did so far.
pub(crate) struct Driven<M> {
    pub(crate) machine: M,
    pub(crate) now: Instant,
    log: Vec<(Instant, Did)>,
}

impl<M: Machine> Driven<M> {
    /// Started, a second after the epoch.
    pub(crate) fn start(machine: M) -> Driven<M> {
        let now = Instant::from_millis(1_000);
        let mut driven = Driven { machine, now, log: Vec::new() };
        driven.step(&[]);
        driven
    }

    pub(crate) fn step(&mut self, ops: &[Op]) {
        let outcome = run_from(self.now, &mut self.machine, ops);
        self.now = outcome.now;
        self.log.extend(outcome.log);
    }

    pub(crate) fn wait(&mut self, duration: Duration) {
        self.step(&[Op::Wait(duration)]);
    }

    /// A datagram comes, from a neighbour.
    pub(crate) fn hear(&mut self, arrival: Arrival, datagram: &[u8]) {
        self.step(&[Op::Datagram(arrival, datagram.to_vec())]);
    }

    /// What was sent since this was last asked.
    pub(crate) fn take_sent(&mut self) -> Vec<(Destination, Vec<u8>)> {
        let log = core::mem::take(&mut self.log);
        let (sent, rest) = log.into_iter().partition(|(_, did)| matches!(did, Did::Sent(..)));
        self.log = rest;
        let of = |(_, did)| match did {
            Did::Sent(to, bytes) => Some((to, bytes)),
            _ => None,
        };
        Vec::into_iter(sent).filter_map(of).collect()
    }

    /// What was told since this was last asked.
    pub(crate) fn take_told(&mut self) -> Vec<Told> {
        let log = core::mem::take(&mut self.log);
        let (told, rest) = log.into_iter().partition(|(_, did)| matches!(did, Did::Told(_)));
        self.log = rest;
        let of = |(_, did)| match did {
            Did::Told(event) => Some(Told::of(event.as_event())),
            _ => None,
        };
        Vec::into_iter(told).filter_map(of).collect()
    }

    /// When it was done, and with what, if it is.
    pub(crate) fn done(&self) -> Option<(Instant, Summary)> {
        self.log.iter().find_map(|(at, did)| match did {
            Did::Done(summary) => Some((*at, *summary)),
            _ => None,
        })
    }
}

/// What was told, in few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Found(Heard),
    Changed(Heard, Change),
    Lost(String, Loss),
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    pub(crate) services: Vec<String>,
    pub(crate) endpoint: Option<SocketAddr>,
    pub(crate) url: Option<String>,
    pub(crate) lease: Option<Duration>,
    pub(crate) round_trip: Option<Duration>,
    pub(crate) attributes: Vec<(String, Option<String>)>,
}

impl Told {
    fn of(event: Event<'_>) -> Told {
        match event {
            Event::Found(finding) => Told::Found(Heard::of(&finding)),
            Event::Changed { finding, change } => Told::Changed(Heard::of(&finding), change),
            Event::Lost { key, reason, .. } => Told::Lost(text_of(key), reason),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn found(&self) -> &Heard {
        match self {
            Told::Found(told) => told,
            other => panic!("not found: {other:?}"),
        }
    }

    pub(crate) fn changed(&self) -> (&Heard, Change) {
        match self {
            Told::Changed(told, change) => (told, *change),
            other => panic!("not changed: {other:?}"),
        }
    }
}

impl Heard {
    fn of(finding: &mcast_proto::Finding<'_>) -> Heard {
        let mcast_proto::Body::Facts(facts) = finding.body else { panic!("{finding:?}") };
        let services = facts.iter().filter_map(|fact| match fact {
            mcast_proto::Fact::Service(service) => Some(service.to_string()),
            _ => None,
        });
        Heard {
            key: text_of(finding.key()),
            name: finding.name().map(ToString::to_string),
            services: services.collect(),
            endpoint: finding.endpoint(),
            url: finding.url().map(ToString::to_string),
            lease: finding.lease,
            round_trip: finding.round_trip,
            attributes: finding
                .attrs()
                .map(|attr| (attr.key.to_string(), attr.value.map(lossy)))
                .collect(),
        }
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name)?;
        found.1.as_deref()
    }
}

fn text_of(key: Key<'_>) -> String {
    match key {
        Key::Foreign(key) => lossy(key),
        other => panic!("{other:?}"),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// As an answer to the asker alone comes, from a neighbour.
pub(crate) fn answer_from(from: &str) -> Arrival {
    let path = Path::new(from.parse().expect("an address")).by(InterfaceId(1));
    Arrival::new(path, Cast::Unicast, true)
}

/// As what is sent to a group comes, from a neighbour.
pub(crate) fn to_group_from(from: &str) -> Arrival {
    let mut arrival = answer_from(from);
    arrival.cast = Cast::Group("239.255.255.250:1900".parse().expect("an address"));
    arrival
}

/// The same from beyond the link.
pub(crate) fn off_link(mut arrival: Arrival) -> Arrival {
    arrival.on_link = false;
    arrival
}
