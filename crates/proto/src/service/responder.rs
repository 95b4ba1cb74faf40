//! The answering side, which does what a query says and keeps no state from it.

use core::net::IpAddr;
use core::time::Duration;

use super::announcer::{Announcer, Speech};
use super::answers::{Answer, Answers};
use super::crowd::Crowd;
use super::offer::{Offer, Responding};
use super::proof::is_proven;
use super::recent::Recent;
use crate::life::Life;
use crate::limit::{Limiter, TokenBucket};
use crate::path::is_peer;
use crate::rng::Rng;
use crate::secret::Secret;
use crate::wire::{
    self, Announce, Datagram, Epoch, Goodbye, Keyring, MAX_LEASE_S, MIN_LEASE_S, Query, Reply,
    TRAILER, Tlv, TlvBuf, Tlvs,
};
use crate::{
    Action, Arrival, Cast, Destination, Event, Instant, Machine, Message, Observation, Refusal,
    Summary,
};

/// Datagrams a second that are looked into.
const DECODED: u32 = 10_000;
/// Answers to the group are this far apart.
const GROUP_ANSWER_EVERY: Duration = Duration::from_secs(1);

/// Answers the queries that ask for it, announces itself, and says goodbye.
///
/// A query that asks others, or that knows this responder already, is not reported. See the
/// [module](super).
#[derive(Debug, Clone)]
pub struct Responder {
    // First, and together, what every datagram touches: most are for others.
    id: u64,
    decoded: TokenBucket,
    life: Life,
    answers: Answers,
    announcer: Announcer,
    recent: Recent,
    crowd: Crowd,
    limiter: Option<Limiter>,
    last_group_answer: Option<Instant>,
    epoch: Epoch,
    lease_s: u32,
    rng: Rng,
    config: Responding,
    /// What is left of the offer where it does not fit.
    shortened: TlvBuf,
}

impl Responder {
    /// A responder that starts at the first [`Machine::handle_timeout`]. `seed` decides its id, where
    /// the configuration does not, and its waiting times.
    pub fn new(config: Responding, seed: u64) -> Responder {
        let secret = Secret::new(seed);
        let mut rng = Rng::new(seed);
        let stores = config.stores;
        let lease_s = config.lease.as_secs().clamp(MIN_LEASE_S.into(), MAX_LEASE_S.into()) as u32;
        let mut responder = Responder {
            id: config.id.unwrap_or_else(|| rng.next()),
            life: Life::default(),
            decoded: TokenBucket::FULL,
            answers: Answers::new(stores.pending),
            recent: Recent::new(stores.recent),
            crowd: Crowd::default(),
            limiter: config
                .rate
                .map(|rate| Limiter::new(rate, stores.sources, secret.number("sources"))),
            last_group_answer: None,
            announcer: Announcer::new(Duration::from_secs(lease_s.into())),
            epoch: Epoch { boot: config.boot, seq: 0 },
            lease_s,
            rng,
            config,
            shortened: TlvBuf::new(),
        };
        // One TLV of eleven bytes always fits.
        let _fits = responder.shortened.push(Tlv::Epoch(responder.epoch));
        responder.set_epoch(0);
        responder
    }

    /// Its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }

    /// Announces itself again: after an address has changed, an interface has come up, or the host has
    /// slept.
    pub fn announce(&mut self, now: Instant) {
        if self.config.announce && self.life.started().is_some() && self.life.is_open() {
            self.announcer.begin(now, &mut self.rng);
        }
    }

    /// Says something else of itself from now on.
    pub fn update(&mut self, now: Instant, offer: Offer) {
        self.config.offer = offer;
        self.set_epoch(self.epoch.seq.saturating_add(1));
        self.announce(now);
    }

    fn set_epoch(&mut self, seq: u32) {
        self.epoch.seq = seq;
        self.config.offer.set_epoch(self.epoch);
        self.shortened.set_epoch(self.epoch);
    }

    fn sealed_len(&self, length: usize) -> usize {
        length + if self.config.keyring.is_some() { TRAILER } else { 0 }
    }

    /// Whether a query is for this responder, and proves what it must; only then does anything come of
    /// it.
    fn is_asked(&mut self, arrival: Arrival, query: &Query<'_>, datagram: &[u8]) -> bool {
        let keyring = self.config.keyring.as_ref();
        // Who asks with a secret would not take an answer without.
        query.is_in(self.id)
            && !query.silences(self.id)
            && query.selects(self.config.offer.tlvs())
            && is_proven(keyring, arrival, datagram, &mut self.life.counts)
    }

    /// Schedules the answer to a query that is for this responder.
    fn answer(&mut self, now: Instant, arrival: Arrival, query: &Query<'_>) -> Result<(), Refusal> {
        let Arrival { from, cast, on_link, .. } = arrival;
        if !on_link && (!self.config.allow_off_link || matches!(cast, Cast::Group(_))) {
            return Err(Refusal::OffLink);
        }
        let by_group = query.multicast_reply && on_link;
        let wanted = if on_link { query.copies } else { 1 };
        let whole = self.sealed_len(wire::MIN_DATAGRAM + self.config.offer.tlvs().len());
        let bytes = whole.min(query.reply_limit());
        let copies = self.admit(now, from.remote.ip(), query.txn, bytes, wanted)?;
        let replaced = self.answers.replace(from, query.txn);
        let answer = Answer {
            due: now,
            to: from,
            by_group,
            txn: query.txn,
            round: query.round,
            copy: 0,
            limit: query.reply_limit(),
        };
        let window = self.crowd.window(now, query);
        if !self.answers.spread(now, answer, copies, window, replaced, &mut self.rng) {
            return Err(Refusal::Busy);
        }
        self.recent.insert(from.remote, query);
        if by_group {
            self.last_group_answer = Some(now);
        }
        Ok(())
    }

    /// How many of so many copies of an answer may be sent to a source: at least one, or why none.
    fn admit(
        &mut self,
        now: Instant,
        source: IpAddr,
        txn: u64,
        bytes: usize,
        wanted: u8,
    ) -> Result<u8, Refusal> {
        let Some(limiter) = &mut self.limiter else { return Ok(wanted) };
        limiter.admit(now, source, Some(txn), bytes, &mut self.rng)?;
        Ok(1 + (1..wanted).take_while(|_| limiter.may_copy(now, source, bytes)).count() as u8)
    }

    fn hear_query<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        query: &Query<'d>,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if !self.is_asked(arrival, query, datagram) {
            return None;
        }
        let answered_group_lately = query.multicast_reply
            && self.last_group_answer.is_some_and(|last| now - last < GROUP_ANSWER_EVERY);
        let shortest = self.sealed_len(wire::MIN_DATAGRAM);
        if self.recent.contains(arrival.from.remote, query) || answered_group_lately {
            self.life.counts.duplicates += 1;
            return None;
        }
        if query.reply_limit() < shortest {
            self.life.counts.ignored += 1;
            return None;
        }
        let refused = self.answer(now, arrival, query).err();
        self.life.counts.ignored += u64::from(refused.is_some());
        let service = query.tlvs.iter().find_map(|tlv| match tlv {
            Tlv::SelectService(name) => Some(name),
            _ => None,
        });
        let (from, watch) = (arrival.from, query.watch);
        Some(Action::Emit(Event::Query { from, service, watch, refused }))
    }

    fn is_saying_goodbye(&self) -> bool {
        !self.life.is_open() && self.announcer.deadline().is_some()
    }

    fn reply(&self, answer: &Answer) -> (Destination, Reply<'_>) {
        let (whole, shortened) = (self.config.offer.tlvs(), self.shortened.as_tlvs());
        let fits =
            |tlvs: &Tlvs<'_>| self.sealed_len(wire::MIN_DATAGRAM + tlvs.len()) <= answer.limit;
        let tlvs = [whole, shortened].into_iter().find(fits).unwrap_or(Tlvs::NONE);
        let reply = Reply {
            txn: answer.txn,
            id: self.id,
            round: answer.round,
            copy: answer.copy,
            lease_s: self.lease_s,
            whole: (!fits(&whole))
                .then_some(self.sealed_len(wire::MIN_DATAGRAM + whole.len()) as u16),
            busy: false,
            tlvs,
        };
        let to = if answer.by_group { Destination::Group } else { Destination::Peer(answer.to) };
        (to, reply)
    }
}

impl Machine for Responder {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if !self.life.is_open() {
            return None;
        }
        self.life.counts.received += 1;
        if !is_peer(arrival.from.remote) || !self.decoded.take_one(now, DECODED) {
            self.life.counts.ignored += 1;
            return None;
        }
        match wire::decode(datagram) {
            Ok(Datagram::Query(query)) => self.hear_query(now, arrival, &query, datagram),
            Ok(Datagram::Announce(announce)) => {
                if announce.id != self.id && arrival.on_link {
                    self.crowd.heard_announcement(now);
                    self.announcer.heard_announcement(now, &mut self.rng);
                }
                None
            }
            Ok(Datagram::Reply(_) | Datagram::Goodbye(_) | Datagram::Busy(_)) => None,
            Err(_) => {
                self.life.counts.ignored += 1;
                None
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            self.announce(now);
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if !self.life.is_open() && !self.is_saying_goodbye() {
            return Some(self.life.finish(now));
        }
        if let Some(answer) = self.answers.pop_due(now) {
            self.life.counts.sent += 1;
            let (to, reply) = self.reply(&answer);
            return Some(send(to, Datagram::Reply(reply), &self.config));
        }
        let speech = self.announcer.poll(now, &mut self.rng)?;
        self.life.counts.sent += 1;
        self.set_epoch(self.epoch.seq.saturating_add(1));
        let datagram = match speech {
            Speech::Announcement => Datagram::Announce(Announce {
                id: self.id,
                lease_s: self.lease_s,
                tlvs: self.config.offer.tlvs(),
            }),
            Speech::Goodbye => {
                Datagram::Goodbye(Goodbye { id: self.id, tlvs: self.shortened.as_tlvs() })
            }
        };
        Some(send(Destination::Group, datagram, &self.config))
    }

    fn deadline(&self) -> Option<Instant> {
        if self.is_saying_goodbye() {
            return self.announcer.deadline();
        }
        let next = [self.answers.due(), self.announcer.deadline()];
        self.life.deadline(next.into_iter().flatten().min())
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        if let Observation::NetworkChanged = observation {
            self.announce(now);
        }
    }

    /// Answers still waiting are dropped; a goodbye is sent twice.
    fn close(&mut self, now: Instant) {
        self.answers.clear();
        if self.life.started().is_some() && self.life.is_open() && self.config.announce {
            self.announcer.say_goodbye(now);
        }
        self.life.close();
    }
}

fn send<'a>(to: Destination, datagram: Datagram<'a>, config: &'a Responding) -> Action<'a> {
    let key = config.keyring.as_ref().map(Keyring::signing);
    Action::Send { to, message: Message::Structured { datagram, key } }
}
