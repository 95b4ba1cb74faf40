use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::*;
use crate::service::{Effort, Offer, Selection};
use crate::wire::{
    self, Attr, Busy, Datagram, Epoch, Query, Reply, SessionsBuf, Tlv, TlvBuf, Tlvs, short_name,
    whole_name,
};
use crate::{Cast, Event, Evidence, Finding, Path, Protocol, Via};

mod believing;
mod capacity;
mod ending;
mod forging;
mod querying;
mod spoiling;
mod truncating;

/// Where the asker is.
const HERE: &str = "10.0.0.200:40000";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A host that answers, honestly or not.
#[derive(Clone, Copy)]
struct Host {
    number: u16,
    id: u64,
    name: &'static str,
    /// Bytes of attributes.
    more: usize,
    epoch: Epoch,
}

fn host(number: u16) -> Host {
    let epoch = Epoch { boot: 1, seq: 1 };
    Host { number, id: 1_000 + u64::from(number), name: "honest", more: 0, epoch }
}

impl Host {
    /// Somebody at this host who speaks in its id.
    fn forged(self, number: u16) -> Host {
        Host { number, name: "forger", ..self }
    }

    fn since(self, boot: u32, seq: u32) -> Host {
        Host { epoch: Epoch { boot, seq }, ..self }
    }

    fn at(&self) -> SocketAddr {
        let [a, b] = self.number.to_be_bytes();
        ([10, 0, a, b], 50_009).into()
    }

    fn tlvs(&self) -> TlvBuf {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Name(self.name)).unwrap();
        tlvs.push(Tlv::Epoch(self.epoch)).unwrap();
        let more = vec![b'x'; self.more];
        for value in more.chunks(200) {
            tlvs.push(Tlv::Attr(Attr { key: "more", value: Some(value) })).unwrap();
        }
        tlvs
    }

    fn words(&self) -> u64 {
        wire::digest(120, self.tlvs().as_tlvs())
    }

    fn whole_len(&self) -> usize {
        32 + self.tlvs().as_tlvs().len()
    }

    /// Whether a filter says that this has been heard.
    fn is_known_to(&self, asked: &Asked) -> bool {
        let (query, fits) = (asked.query(), self.whole_len() <= asked.query().reply_limit());
        query.silences(whole_name(self.id, self.at(), self.words()))
            || !fits && query.silences(short_name(self.id, self.at(), self.words()))
    }

    /// Its answer to a question, cut short where it does not fit.
    fn reply(&self, asked: &Asked) -> Vec<u8> {
        let (query, tlvs, mut part) = (asked.query(), self.tlvs(), TlvBuf::new());
        let is_whole = self.whole_len() <= query.reply_limit();
        part.push(Tlv::Digest(self.words())).unwrap();
        part.push(Tlv::Epoch(self.epoch)).unwrap();
        part.push(Tlv::Name(self.name)).unwrap();
        let tlvs = if is_whole { &tlvs } else { &part }.as_tlvs();
        let whole = (!is_whole).then_some(self.whole_len() as u16);
        bytes(Reply { id: self.id, whole, tlvs, ..empty(query.txn, query.round) })
    }
}

fn empty(txn: u64, round: u16) -> Reply<'static> {
    let tlvs = Tlvs::NONE;
    Reply { txn, id: 0, round, copy: 0, whole: None, busy: false, lease_s: 120, tlvs }
}

fn bytes(reply: Reply<'_>) -> Vec<u8> {
    encoded(Datagram::Reply(reply))
}

fn encoded(datagram: Datagram<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    datagram.encode(None, &mut bytes);
    bytes
}

/// A question.
#[derive(Debug, Clone)]
struct Asked {
    at: Instant,
    bytes: Vec<u8>,
}

impl Asked {
    fn query(&self) -> Query<'_> {
        match wire::decode(&self.bytes) {
            Ok(Datagram::Query(query)) => query,
            other => panic!("{other:?}"),
        }
    }
}

/// A discovery, and what it has told.
struct Run {
    discoverer: Discoverer,
    now: Instant,
    /// What the driver says of each sweep.
    evidence: Option<Evidence>,
    /// Longer questions reach nobody.
    narrow: usize,
    told: Vec<String>,
    done: Option<Summary>,
}

fn run(config: Discovery) -> Run {
    let discoverer = Discoverer::new(config, 1);
    let evidence = Some(Evidence::CLEAN);
    let now = Instant::from_millis(7);
    Run { discoverer, now, evidence, narrow: 1200, told: Vec::new(), done: None }
}

/// A discovery of so few that no sample is asked first.
fn few() -> Discovery {
    Discovery { expected: Some(3), ..Discovery::all() }
}

fn text(event: &Event<'_>) -> String {
    match event {
        Event::Found(found) => {
            let instance = found.instance().expect("a service");
            let part = if instance.truncated { " in part" } else { "" };
            format!(
                "{} is {} at {}{part}",
                instance.id,
                found.name().unwrap_or("?"),
                found.from.remote
            )
        }
        Event::Changed { finding, change } => {
            format!(
                "{} {change:?} {} at {}",
                finding.instance().expect("a service").id,
                finding.name().unwrap_or("?"),
                finding.from.remote
            )
        }
        other => format!("{other:?}"),
    }
}

impl Run {
    /// Runs on to the next question, or to the end.
    fn ask(&mut self) -> Option<Asked> {
        loop {
            self.now = self.discoverer.deadline()?.max(self.now);
            if let Some(asked) = self.step() {
                return Some(asked);
            }
        }
    }

    /// Does one thing that is due now.
    fn step(&mut self) -> Option<Asked> {
        match self.discoverer.handle_timeout(self.now)? {
            Action::Send { message, .. } => {
                let mut bytes = Vec::new();
                message.encode(&mut bytes);
                return Some(Asked { at: self.now, bytes });
            }
            Action::Audit => {
                let audits = self.evidence.map(Observation::Audit);
                audits.into_iter().for_each(|o| self.discoverer.handle_observation(self.now, o));
            }
            Action::Emit(event) => self.told.push(text(&event)),
            Action::Done(summary) => self.done = Some(summary),
        }
        None
    }

    /// Runs on to the first question for which this holds.
    fn ask_until(&mut self, is_it: impl Fn(&Query<'_>) -> bool) -> Asked {
        loop {
            let asked = self.ask().expect("it goes on");
            if is_it(&asked.query()) {
                return asked;
            }
        }
    }

    fn hear_from(&mut self, from: SocketAddr, cast: Cast, datagram: &[u8]) -> Option<String> {
        let from = Path::new(from).from_local(HERE.parse().unwrap());
        let arrival = Arrival::new(from, cast, true);
        match self.discoverer.handle_datagram(self.now, arrival, datagram) {
            Some(Action::Emit(event)) => {
                self.told.push(text(&event));
                self.told.last().cloned()
            }
            other => other.map(|other| format!("{other:?}")),
        }
    }

    /// A host answers a question a millisecond after what came before.
    fn answer(&mut self, host: Host, asked: &Asked) -> Option<String> {
        self.now = self.now + ms(1);
        self.hear_from(host.at(), Cast::Unicast, &host.reply(asked))
    }

    fn summary(&self) -> Summary {
        self.discoverer.summary(self.now)
    }

    /// Runs to the end, where these answer as responders do.
    fn end(&mut self, there: &[Host]) -> Summary {
        while self.ask_all(there) {}
        self.done.expect("it has ended")
    }

    /// Runs on to a question, which these answer, or to the end.
    fn ask_all(&mut self, there: &[Host]) -> bool {
        let Some(asked) = self.ask() else { return false };
        let arrives = asked.query().length <= self.narrow;
        for host in there.iter().filter(|_| arrives) {
            if asked.query().is_in(host.id) && !host.is_known_to(&asked) {
                self.answer(*host, &asked);
            }
        }
        true
    }

    fn found(&self) -> u64 {
        self.told.iter().filter(|told| told.contains(" is ")).count() as u64
    }
}
