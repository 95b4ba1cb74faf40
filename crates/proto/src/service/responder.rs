//! The answering side, which does what a query says and keeps no state from it but for a moment.

use core::time::Duration;

use super::announcer::{Announcer, Speech};
use super::answers::{Answer, Answers, Placed};
use super::audience::Audience;
use super::crowd::Crowd;
use super::names::NameCache;
use super::offer::Offer;
use super::pressure::Pressure;
use super::proof::is_proven;
use super::recent::Recent;
use super::responding::Responding;
use super::words::Words;
use crate::life::Life;
use crate::limit::Limiter;
use crate::path::is_peer;
use crate::rng::Rng;
use crate::secret::Secret;
use crate::wire::{
    self, Announce, Busy, Datagram, Goodbye, Keyring, MAX_LEASE_S, MIN_LEASE_S, Query, Reply, Tlv,
};
use crate::{
    Action, Arrival, Cast, Destination, Event, Instant, Machine, Message, Observation, Protocol,
    Question, Refusal, Summary,
};

/// Answers the queries that ask for it, announces itself, and says goodbye.
///
/// A query that asks others, or that knows what this responder says already, is not reported. See the
/// [module](super).
#[derive(Debug, Clone)]
pub struct Responder {
    // First, and together, what every datagram touches: most are for others.
    id: u64,
    names: NameCache,
    life: Life,
    answers: Answers,
    announcer: Announcer,
    recent: Recent,
    audience: Audience,
    crowd: Crowd,
    limiter: Option<Limiter>,
    pressure: Pressure,
    words: Words,
    keyring: Option<Keyring>,
    is_announced: bool,
    allow_off_link: bool,
    rng: Rng,
}

impl Responder {
    /// A responder that starts at the first [`Machine::handle_timeout`]. `seed` decides its id, where
    /// the configuration does not, its waiting times, and which of its sources share a budget, which
    /// others should not be able to guess.
    pub fn new(config: Responding, seed: u64) -> Responder {
        let secret = Secret::new(seed);
        let stores = config.stores.bounded();
        let lease_s = config.lease.as_secs().clamp(MIN_LEASE_S.into(), MAX_LEASE_S.into()) as u32;
        let id = config.id.unwrap_or_else(|| secret.number("id"));
        let limiter = |rate| Limiter::new(rate, stores.sources, secret.number("sources"));
        let words = Words::new(config.offer, config.boot, lease_s, config.keyring.is_some());
        Responder {
            id,
            names: NameCache::new(id, words.digest()),
            life: Life::default(),
            answers: Answers::new(stores.pending),
            announcer: Announcer::new(Duration::from_secs(lease_s.into())),
            recent: Recent::new(stores.recent, secret.number("recent")),
            audience: Audience::new(),
            crowd: Crowd::new(),
            limiter: config.rate.map(limiter),
            pressure: Pressure::new(),
            words,
            keyring: config.keyring,
            is_announced: config.announce,
            allow_off_link: config.allow_off_link,
            rng: secret.rng("jitter"),
        }
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
        if self.is_announced && self.life.started().is_some() && self.life.is_open() {
            self.announcer.begin(now, &mut self.rng);
        }
    }

    /// Says something else of itself from now on, and announces that.
    pub fn update(&mut self, now: Instant, offer: Offer) {
        self.set_offer(offer);
        self.announce(now);
    }

    /// Says something else of itself from now on, also in answers that wait to be sent. It is not announced:
    /// for what is read anew whenever somebody asks ([`Event::Asked`]).
    pub fn set_offer(&mut self, offer: Offer) {
        self.words.set_offer(offer);
        self.names = NameCache::new(self.id, self.words.digest());
    }

    /// Whether a query is for this responder, and proves what it must; only then does anything come of
    /// it.
    fn is_asked(&mut self, arrival: Arrival, query: &Query<'_>, datagram: &[u8]) -> bool {
        if !query.is_in(self.id)
            || !query.selects(self.words.offer())
            || self.is_heard(arrival, query)
        {
            return false;
        }
        // Who asks with a secret would not take an answer without.
        is_proven(self.keyring.as_ref(), arrival, datagram, &mut self.life.counts)
    }

    /// Whether the asker says that it has heard what it would be answered, from where it would be.
    fn is_heard(&mut self, arrival: Arrival, query: &Query<'_>) -> bool {
        if query.filter.as_bytes().is_empty() {
            return false;
        }
        let Some(local) = arrival.from.local else { return false };
        let is_whole = if query.multicast_reply {
            self.words.is_whole_to_group()
        } else {
            self.words.whole_len() <= query.reply_limit()
        };
        let names = self.names.from(local);
        query.silences(names.whole) || (!is_whole && query.silences(names.short))
    }

    /// Schedules the answer to a query that is for this responder.
    fn answer(
        &mut self,
        now: Instant,
        arrival: Arrival,
        query: &Query<'_>,
        mark: u64,
    ) -> Result<(), Refusal> {
        let Arrival { from, cast, on_link, .. } = arrival;
        if !on_link && (!self.allow_off_link || matches!(cast, Cast::Group(_))) {
            return Err(Refusal::OffLink);
        }
        let window = self.crowd.window(now, query);
        if query.multicast_reply {
            self.audience.ask(now, (query.txn, query.round), window, &mut self.rng);
            return Ok(());
        }
        // One for one beyond the link.
        let wanted = if on_link { query.copies } else { 1 };
        let limit = query.reply_limit();
        let copies = self.admit(now, arrival, query.txn, wanted, limit)?;
        let answer =
            Answer { to: from, txn: query.txn, round: query.round, limit, copy: 0, copies };
        match self.answers.spread(now, answer, window, &mut self.rng) {
            Placed::Free => {}
            Placed::InPlaceOf(other) => self.give_up(now, &other),
            Placed::Nowhere => return Err(Refusal::Busy),
        }
        self.recent.insert(mark);
        Ok(())
    }

    /// An answer has given way to another. Whose first copy had not been sent was refused.
    fn give_up(&mut self, now: Instant, answer: &Answer) {
        if answer.copy == 0 {
            self.pressure.refuse(now, Some(answer.to.remote.ip()), &mut self.rng);
        }
    }

    /// How many of so many copies may be sent to a source: at least one, or why none.
    fn admit(
        &mut self,
        now: Instant,
        arrival: Arrival,
        txn: u64,
        wanted: u8,
        limit: usize,
    ) -> Result<u8, Refusal> {
        let bytes = self.words.whole_len().min(limit);
        let Some(limiter) = &mut self.limiter else { return Ok(wanted) };
        let source = arrival.from.remote.ip();
        limiter.admit(now, source, Some(txn), bytes, &mut self.rng)?;
        let further = (1..wanted).take_while(|_| limiter.may_copy(now, source, bytes));
        Ok(1 + further.count() as u8)
    }

    fn hear_query<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        query: &Query<'d>,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        // The group gets no answer to what comes from beyond the link: its asker alone may get one.
        let multicast_reply = query.multicast_reply && arrival.on_link;
        let query = &Query { multicast_reply, ..*query };
        if !self.is_asked(arrival, query, datagram) {
            return None;
        }
        let mark = self.recent.mark(arrival.from.remote, datagram);
        if self.recent.contains(mark) {
            self.life.counts.duplicates += 1;
            return None;
        }
        // To the group it says as much as it can, whatever the question's length.
        if !query.multicast_reply && query.reply_limit() < self.words.least_len() {
            self.life.counts.ignored += 1;
            return None;
        }
        let refused = self.answer(now, arrival, query, mark).err();
        self.life.counts.ignored += u64::from(refused.is_some());
        match refused {
            Some(Refusal::SourceRate | Refusal::Busy) => {
                let source = Some(arrival.from.remote.ip());
                self.pressure.refuse(now, source, &mut self.rng);
            }
            Some(Refusal::TotalRate) => self.pressure.refuse(now, None, &mut self.rng),
            _ => {}
        }
        let service = query.tlvs.iter().find_map(|tlv| match tlv {
            Tlv::SelectService(name) => Some(name),
            _ => None,
        });
        let (protocol, from) = (Protocol::MCAST, arrival.from);
        let question = Question::Service { name: service, watch: query.watch };
        Some(Action::Emit(Event::Asked { protocol, from, question, refused }))
    }

    fn hear_announcement(&mut self, now: Instant, arrival: Arrival, id: u64, datagram: &[u8]) {
        let keyring = self.keyring.as_ref();
        if id != self.id
            && arrival.on_link
            && is_proven(keyring, arrival, datagram, &mut self.life.counts)
        {
            self.crowd.heard_announcement(now, id);
            self.announcer.heard_announcement(now, &mut self.rng);
        }
    }

    fn is_saying_goodbye(&self) -> bool {
        !self.life.is_open() && self.announcer.deadline().is_some()
    }

    // What is due.

    fn reply(&mut self, now: Instant, answer: &Answer) -> Action<'_> {
        let lease_s = self.words.lease_s();
        let said = self.words.within(answer.limit);
        let reply = Reply {
            txn: answer.txn,
            id: self.id,
            round: answer.round,
            copy: answer.copy,
            whole: said.whole,
            busy: self.pressure.is_on(now, Some(answer.to.remote.ip())),
            lease_s,
            tlvs: said.tlvs,
        };
        send(Destination::Peer(answer.to), Datagram::Reply(reply), self.keyring.as_ref())
    }

    /// An answer to the group, for all who asked for one.
    fn group_reply(&mut self, now: Instant) -> Option<Action<'_>> {
        let lease_s = self.words.lease_s();
        let named = self.words.most_named();
        let said = self.words.group_answer(self.audience.take_due(now, named, &mut self.rng)?);
        let reply = Reply {
            txn: 0,
            id: self.id,
            round: 0,
            copy: 0,
            whole: said.whole,
            busy: self.pressure.is_on(now, None),
            lease_s,
            tlvs: said.tlvs,
        };
        Some(send(Destination::Group, Datagram::Reply(reply), self.keyring.as_ref()))
    }

    fn busy(&mut self, now: Instant) -> Option<Action<'_>> {
        let tlvs = self.words.written_by(|tlvs| self.pressure.take_due(now, tlvs))?;
        self.life.counts.sent += 1;
        let busy = Busy { id: self.id, tlvs };
        Some(send(Destination::Group, Datagram::Busy(busy), self.keyring.as_ref()))
    }

    fn speak(&mut self, speech: Speech) -> Action<'_> {
        let id = self.id;
        let datagram = match speech {
            Speech::Announcement => {
                let lease_s = self.words.lease_s();
                Datagram::Announce(Announce { id, lease_s, tlvs: self.words.offer() })
            }
            Speech::Goodbye => Datagram::Goodbye(Goodbye { id, tlvs: self.words.goodbye() }),
        };
        send(Destination::Group, datagram, self.keyring.as_ref())
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
        if !is_peer(arrival.from.remote) {
            self.life.counts.ignored += 1;
            return None;
        }
        match wire::decode(datagram) {
            Ok(Datagram::Query(query)) => self.hear_query(now, arrival, &query, datagram),
            Ok(Datagram::Announce(announce)) => {
                self.hear_announcement(now, arrival, announce.id, datagram);
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
        if let Some(answer) = self.answers.pop_due(now, &mut self.rng) {
            self.life.counts.sent += 1;
            return Some(self.reply(now, &answer));
        }
        if self.audience.due().is_some_and(|due| due <= now) {
            self.life.counts.sent += 1;
            return self.group_reply(now);
        }
        if self.pressure.due().is_some_and(|due| due <= now) {
            return self.busy(now);
        }
        let speech = self.announcer.poll(now, &mut self.rng)?;
        self.life.counts.sent += 1;
        Some(self.speak(speech))
    }

    fn deadline(&self) -> Option<Instant> {
        if self.is_saying_goodbye() {
            return self.announcer.deadline();
        }
        let next = [
            self.answers.due(),
            self.audience.due(),
            self.pressure.due(),
            self.announcer.deadline(),
        ];
        self.life.deadline(next.into_iter().flatten().min())
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match observation {
            Observation::NetworkChanged => self.announce(now),
            // Whoever asked does not know that it was not heard in vain.
            Observation::Unsent { to } if self.life.is_open() => {
                self.pressure.refuse(now, Some(to.ip()), &mut self.rng);
            }
            // Nor whoever asked what was not read; who that was nobody knows.
            Observation::Dropped { .. } if self.life.is_open() => {
                self.pressure.refuse(now, None, &mut self.rng);
            }
            _ => {}
        }
    }

    /// Answers still waiting are dropped; a goodbye is sent twice.
    fn close(&mut self, now: Instant) {
        self.answers.clear();
        self.audience.clear();
        self.pressure.clear();
        if self.life.started().is_some() && self.life.is_open() && self.is_announced {
            self.announcer.say_goodbye(now);
        }
        self.life.close();
    }
}

fn send<'a>(to: Destination, datagram: Datagram<'a>, keyring: Option<&'a Keyring>) -> Action<'a> {
    let key = keyring.map(Keyring::signing);
    Action::Send { to, message: Message::Structured { datagram, key } }
}

// Some of them need a key.
#[cfg(all(test, feature = "auth"))]
mod tests;
