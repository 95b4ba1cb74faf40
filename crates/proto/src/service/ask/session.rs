//! What a discoverer and a watcher have in common: a session in which they ask, and hear answers.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use core::net::IpAddr;
use core::time::Duration;

use crate::life::Life;
use crate::path::is_peer;
use crate::rng::Rng;
use crate::secret::{Salts, Secret};
use crate::service::ask::asking::{Asking, News, Step};
use crate::service::discovery::Discovery;
use crate::service::instance::Instance;
use crate::service::proof::is_proven;
use crate::service::selection::Selection;
use crate::service::table::entry::Heard;
use crate::service::table::known::Known;
use crate::service::table::said::{Part, Said};
use crate::service::table::voice::Voice;
use crate::service::watch::departed::Departed;
use crate::wire::{self, Busy, Datagram, Keyring, Reply, Tlv};
use crate::{
    Action, Arrival, Body, Cast, Destination, Doubts, Event, Finding, Instant, Message,
    Observation, Path, Protocol, Via,
};

/// A session: its number, its plan, and everybody that it has heard.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) rng: Rng,
    pub(crate) selection: Selection,
    pub(crate) keyring: Option<Keyring>,
    pub(crate) asking: Asking,
    txns: Salts,
    pub(crate) known: Known,
    /// The part of an answer that was reported last.
    reported: Option<Box<Part>>,
    pub(crate) departed: Departed,
    /// Those of whom it is still to be told that they are lost.
    pub(crate) parting: BTreeSet<u64>,
    /// What keeps the session from being complete for good.
    pub(crate) flaws: Doubts,
    pub(crate) life: Life,
}

/// An answer to the session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'d> {
    pub(crate) heard: Heard,
    pub(crate) place: u64,
    /// The digest of what is said.
    pub(crate) words: u64,
    pub(crate) id: u64,
    pub(crate) lease: Duration,
    pub(crate) finding: Finding<'d>,
}

/// What a datagram is to the session.
#[derive(Debug)]
pub(crate) enum Taken<'d> {
    Answer(Answer<'d>),
    /// Not an answer, and not authenticated yet.
    Other(Datagram<'d>),
    Nothing,
}

impl Session {
    pub(crate) fn new(config: &Discovery, seed: u64) -> Session {
        let secret = Secret::new(seed);
        let mut txns = secret.salts("txn");
        let txn = txns.next();
        Session {
            rng: secret.rng("jitter"),
            selection: config.selection.clone(),
            keyring: config.keyring.clone(),
            asking: Asking::new(txn, secret.salts("salts"), secret.rng("pauses"), config.limits()),
            txns,
            known: Known::new(txn, config.capacity, secret),
            reported: None,
            departed: Departed::default(),
            parting: BTreeSet::new(),
            flaws: Doubts::NONE,
            life: Life::default(),
        }
    }

    /// Begins anew with another configuration, as another session of the same run: it knows nobody, and what
    /// was answered to the one before is no answer.
    pub(crate) fn restart(&mut self, config: &Discovery) {
        // Nobody has seen this number, nor ever will.
        let seed = self.txns.next();
        let mut life = core::mem::take(&mut self.life);
        (life.counts.found, life.counts.found_by_group) = (0, 0);
        *self = Session { life, ..Session::new(config, seed) };
    }

    /// Gives the session another number, where it has asked so much that its rounds would come again.
    /// Says whether it did, so that everybody has another place.
    pub(crate) fn renew(&mut self) -> bool {
        if !self.asking.is_worn_out() {
            return false;
        }
        let txn = self.txns.next();
        self.asking.set_txn(txn);
        self.known.set_txn(txn);
        true
    }

    /// Takes a datagram in.
    pub(crate) fn take<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Taken<'d> {
        let decoded = wire::decode(datagram);
        if !is_peer(arrival.from.remote) || decoded.is_err() {
            self.life.counts.received += 1;
            self.life.counts.ignored += 1;
            return Taken::Nothing;
        }
        match decoded {
            Ok(Datagram::Reply(reply)) => match self.hear_reply(now, arrival, reply, datagram) {
                Some(answer) => Taken::Answer(answer),
                None => Taken::Nothing,
            },
            Ok(Datagram::Busy(busy)) => {
                // Who proves nothing must at least be here.
                let is_heeded = arrival.on_link || self.keyring.is_some();
                if is_heeded && is_about_us(arrival, busy) && self.is_authentic(arrival, datagram) {
                    self.asking.spoil(Doubts::REFUSED);
                }
                Taken::Nothing
            }
            Ok(other) => Taken::Other(other),
            Err(_) => Taken::Nothing,
        }
    }

    pub(crate) fn is_authentic(&mut self, arrival: Arrival, datagram: &[u8]) -> bool {
        is_proven(self.keyring.as_ref(), arrival, datagram, &mut self.life.counts)
    }

    fn hear_reply<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        reply: Reply<'d>,
        datagram: &[u8],
    ) -> Option<Answer<'d>> {
        // One to the group names those whom it answers; others are not for this session. In our name it
        // may answer a round that somebody made up, too.
        let named = reply.tlvs.sessions().into_iter().flat_map(|sessions| sessions.iter());
        let ours = named.filter(|(txn, _)| *txn == self.asking.txn).map(|(_, round)| round);
        let named = ours.max_by_key(|round| self.asking.answered(now, *round).is_some());
        let addressed = (reply.txn == self.asking.txn).then_some(reply.round);
        let by_group = named.is_some() || matches!(arrival.cast, Cast::Group(_));
        let number = addressed.or(named);
        if number.is_none() && matches!(arrival.cast, Cast::Group(_)) {
            return None;
        }
        self.life.counts.received += 1;
        let round = number.and_then(|number| self.asking.answered(now, number));
        let Some(round) = round else {
            self.life.counts.ignored += 1;
            return None;
        };
        if !self.is_authentic(arrival, datagram) {
            return None;
        }
        let epoch = reply.tlvs.epoch();
        if self.departed.has(now, reply.id, epoch) || self.parting.contains(&reply.id) {
            self.life.counts.duplicates += 1;
            return None;
        }
        let Some((words, print)) = self.known.words(arrival.from, &reply) else {
            self.life.counts.ignored += 1;
            return None;
        };
        if reply.busy {
            self.asking.spoil(Doubts::REFUSED);
        }
        let via = if by_group { Via::Group } else { Via::Unicast };
        let lease = Duration::from_secs(reply.lease_s.into());
        let said = Said {
            at: arrival.from,
            via,
            id: reply.id,
            words,
            print,
            missing: reply.whole,
            epoch,
            lease,
            tlvs: reply.tlvs,
            asked: round.began,
        };
        let voices = self.known.voices();
        let heard = self.known.hear(now, said);
        let news = match heard {
            _ if self.known.voices() > voices => News::Voice,
            Heard::New | Heard::NewInPart | Heard::NoRoom => News::Voice,
            Heard::Whole | Heard::Changed(_) => News::Changed,
            Heard::Nothing => News::Nothing,
        };
        let taken = arrival.time(now);
        let round_trip = self.asking.heard(taken, reply.id, round.number, news, via);
        let instance = Instance {
            id: reply.id,
            authentic: self.keyring.is_some(),
            truncated: reply.is_truncated(),
            tlvs: reply.tlvs,
        };
        let mut finding = found(instance, arrival.from, via, lease);
        finding.round_trip = round_trip;
        let place = self.known.place(reply.id);
        self.note(heard, place, via);
        Some(Answer { heard, place, words, id: reply.id, lease, finding })
    }

    /// Keeps the books of what was heard.
    fn note(&mut self, heard: Heard, place: u64, via: Via) {
        let counts = &mut self.life.counts;
        match heard {
            Heard::New | Heard::Whole => {
                counts.found += 1;
                counts.found_by_group += u64::from(via == Via::Group);
            }
            Heard::NewInPart | Heard::Changed(_) => {}
            Heard::Nothing => counts.duplicates += 1,
            Heard::NoRoom => counts.ignored += 1,
        }
        if self.known.was_full {
            self.flaws |= Doubts::NO_ROOM;
        }
        if self.known.at(place).is_some_and(|entry| entry.in_conflict) {
            self.flaws |= Doubts::CONFLICT;
        }
    }

    /// Tells of a responder whose whole answer could not be had what is known of it.
    pub(crate) fn report_in_part(&mut self) -> Option<Action<'_>> {
        let (id, part) = self.known.report_in_part()?;
        self.life.counts.found += 1;
        self.life.counts.found_by_group += u64::from(part.via == Via::Group);
        let part = self.reported.insert(part);
        let authentic = self.keyring.is_some();
        let instance = Instance { id, authentic, truncated: true, tlvs: part.tlvs() };
        Some(Action::Emit(Event::Found(found(instance, part.from, part.via, part.lease))))
    }

    /// Whether something is missing of what somebody known says.
    pub(crate) fn cut_short(&self) -> Doubts {
        if self.known.missing().is_some() { Doubts::CUT_SHORT } else { Doubts::NONE }
    }

    /// Whether somebody is known of whom nothing was told.
    pub(crate) fn has_unreported(&self) -> bool {
        self.known.has_unreported()
    }

    /// Goes on with the plan to where something is to be done.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.asking.advance(now, &self.known, &self.selection);
    }

    /// Does what is due for the plan.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        is_silent: impl Fn(&Voice) -> bool,
    ) -> Option<Action<'_>> {
        match self.asking.poll(now, &self.known, &self.selection, is_silent)? {
            Step::Audit => Some(Action::Audit),
            Step::Ask(query) => {
                self.life.counts.sent += 1;
                let key = self.keyring.as_ref().map(Keyring::signing);
                let message = Message::Structured { datagram: Datagram::Query(query), key };
                Some(Action::Send { to: Destination::GROUP, message })
            }
        }
    }

    pub(crate) fn observe(&mut self, now: Instant, observation: Observation) {
        match observation {
            Observation::ReceiveBuffer { datagrams } => self.asking.set_buffer(now, datagrams),
            Observation::Dropped { datagrams } => {
                self.asking.dropped(datagrams);
                self.life.counts.dropped = self.life.counts.dropped.saturating_add(datagrams);
            }
            Observation::NetworkChanged => self.asking.spoil(Doubts::NETWORK_CHANGED),
            Observation::Audit(evidence) => self.asking.audited(evidence),
            // Questions go to the group; what becomes of those is audited.
            Observation::Unsent { .. } => {}
        }
    }
}

/// Whether a responder that refuses questions may have refused ours.
fn is_about_us(arrival: Arrival, busy: Busy<'_>) -> bool {
    let own = arrival.from.local.map(|own| own.ip().to_canonical());
    let is_ours = |refused: Option<IpAddr>| {
        refused.is_none_or(|ip| own.is_none_or(|own| own == ip.to_canonical()))
    };
    busy.tlvs.iter().any(|tlv| matches!(tlv, Tlv::Refused(ip) if is_ours(ip)))
}

/// A responder that was heard there.
fn found(instance: Instance<'_>, from: Path, via: Via, lease: Duration) -> Finding<'_> {
    let mut finding = Finding::new(Protocol::MCAST, from, Body::Service(instance));
    (finding.via, finding.lease) = (via, Some(lease));
    finding
}

/// What is reported to the application of an answer.
pub(crate) fn report<'d>(answer: &Answer<'d>) -> Option<Action<'d>> {
    let Answer { heard, finding, .. } = *answer;
    match heard {
        Heard::New | Heard::Whole => Some(Action::Emit(Event::Found(finding))),
        Heard::Changed(change) => Some(Action::Emit(Event::Changed { finding, change })),
        Heard::NewInPart | Heard::Nothing | Heard::NoRoom => None,
    }
}
