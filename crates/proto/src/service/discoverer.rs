//! The asking side: everybody, once.

use core::time::Duration;

use super::asking::{Asking, Goal, Limits};
use super::inquiries::{Inquiries, Step, Why};
use super::instance::{Instance, Via};
use super::known::{Heard, Known};
use super::proof::is_proven;
use super::selection::Selection;
use crate::life::Life;
use crate::path::is_peer;
use crate::rng::Rng;
use crate::wire::{self, Datagram, DecodeError, Keyring, Reply, Tlvs};
use crate::{
    Action, Arrival, Cast, Destination, Event, Instant, Machine, Message, Observation, Path,
    Summary,
};

/// How sure a discovery is to be before it says that it is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// 8 quiet sweeps, 0.3 s: for wired networks.
    Fast,
    /// 16, 0.6 s: who is behind at most 50 % of loss each way is missed once in ten thousand times.
    #[default]
    Normal,
    /// 32, 1.3 s: the same behind 70 % of loss is missed once in a thousand times.
    Thorough,
}

impl Effort {
    /// Sweeps in a row that hear nobody new, after which a discovery is complete.
    pub fn quiet_sweeps(self) -> u32 {
        match self {
            Effort::Fast => 8,
            Effort::Normal => 16,
            Effort::Thorough => 32,
        }
    }
}

/// What a [`Discoverer`] asks, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// Who is asked.
    pub selection: Selection,
    /// When it is enough.
    pub effort: Effort,
    /// The end comes this long after the start in any case. Where nobody answers it comes then.
    pub deadline: Option<Duration>,
    /// The end comes this long after the last new answer, or after the start while there is none. An
    /// end that comes by it is not a complete one.
    pub silence: Option<Duration>,
    /// The end comes as soon as this many responders have answered.
    pub count: Option<u64>,
    /// How many responders are expected, where that is known: it saves asking a sample first.
    pub expected: Option<u64>,
    /// Responders that are remembered, about 150 bytes each; with more the result is not complete.
    pub capacity: usize,
    /// Responders that one source address may have, where no secret is shared: one host can't make up
    /// a hundred thousand.
    pub per_source: usize,
    /// Answers a second that are asked for at the most.
    pub answer_rate: u32,
    /// Queries a second at the most. On Wi-Fi, where multicasts are slow, 100 is better.
    pub query_rate: u32,
    /// The shared secret, without which answers are then ignored.
    pub keyring: Option<Keyring>,
}

impl Discovery {
    /// The defaults, for all responders: three seconds at the most.
    pub fn all() -> Discovery {
        Discovery {
            selection: Selection::all(),
            effort: Effort::default(),
            deadline: Some(Duration::from_secs(3)),
            silence: None,
            count: None,
            expected: None,
            capacity: 200_000,
            per_source: 16,
            answer_rate: 100_000,
            query_rate: 2_000,
            keyring: None,
        }
    }

    /// The defaults, for the responders of a service.
    ///
    /// # Errors
    ///
    /// As [`Selection::service`].
    pub fn of(service: &str) -> Result<Discovery, DecodeError> {
        Ok(Discovery { selection: Selection::service(service)?, ..Discovery::all() })
    }

    pub(super) fn per_source(&self) -> usize {
        // Who has the secret may have as many as it likes.
        if self.keyring.is_some() { usize::MAX } else { self.per_source }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            answers: self.answer_rate,
            queries: self.query_rate,
            buffer: DEFAULT_BUFFER,
            sealed: self.keyring.is_some(),
        }
    }
}

/// What Linux's default receive buffer holds, until the driver says what there is.
const DEFAULT_BUFFER: u64 = 256;

/// Finds everybody, and says whether it did: see the [module](super).
///
/// Its driver should also hear the group, where it can: answers to the group are asked for where
/// nobody answers otherwise.
#[derive(Debug, Clone)]
pub struct Discoverer {
    config: Discovery,
    asking: Asking,
    known: Known,
    inquiries: Inquiries,
    /// Responders were left out for want of room.
    left_out: bool,
    /// When somebody was last found.
    last_news: Option<Instant>,
    life: Life,
}

impl Discoverer {
    /// A discoverer that starts at the first [`Machine::handle_timeout`]. `seed` decides the session's
    /// number, which answers must repeat: it must not be one that others can guess.
    pub fn new(config: Discovery, seed: u64) -> Discoverer {
        let txn = Rng::new(seed).next();
        Discoverer {
            asking: Asking::new(txn, config.limits()),
            known: Known::new(txn, config.capacity, config.per_source()),
            inquiries: Inquiries::new(),
            left_out: false,
            last_news: None,
            life: Life::default(),
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        let quiet_enough = self.life.started().is_some() && self.asking.is_at_rest();
        let complete = quiet_enough && !self.left_out;
        Summary { complete: Some(complete), sweeps: self.asking.sweeps(), ..self.life.summary(now) }
    }

    /// When the run ends at the latest, if nobody new answers.
    pub fn ends(&self) -> Option<Instant> {
        let started = self.life.started()?;
        let by_deadline = self.config.deadline.map(|after| started + after);
        let by_silence = self.config.silence.map(|after| self.last_news.unwrap_or(started) + after);
        [by_deadline, by_silence].into_iter().flatten().min()
    }

    fn is_at_end(&self, now: Instant) -> bool {
        !self.life.is_open()
            || self.ends().is_some_and(|end| end <= now)
            || (self.asking.is_at_rest() && self.inquiries.is_empty())
    }

    fn finish(&mut self, now: Instant) -> Action<'static> {
        let summary = self.summary(now);
        self.life.counts = Summary { elapsed: Duration::ZERO, ..summary };
        self.life.finish(now)
    }

    /// Decodes an answer of this session; `None` if it is anything else.
    fn open<'d>(&mut self, arrival: Arrival, datagram: &'d [u8]) -> Option<Reply<'d>> {
        let keyring = self.config.keyring.as_ref();
        match wire::decode(datagram) {
            Ok(Datagram::Reply(reply))
                if reply.txn == self.asking.txn
                    && self.asking.is_recent(reply.round)
                    && is_peer(arrival.from.remote) =>
            {
                self.life.counts.received += 1;
                is_proven(keyring, arrival, datagram, &mut self.life.counts).then_some(reply)
            }
            // What the group hears besides answers, our own questions first of all.
            Ok(
                Datagram::Query(_)
                | Datagram::Announce(_)
                | Datagram::Goodbye(_)
                | Datagram::Busy(_),
            ) => None,
            _ => {
                self.life.counts.received += 1;
                self.life.counts.ignored += 1;
                None
            }
        }
    }

    fn hear_reply<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        reply: Reply<'d>,
    ) -> Option<Action<'d>> {
        let Arrival { from, cast, .. } = arrival;
        let by_group = matches!(cast, Cast::Group(_));
        let tlvs = (!reply.is_truncated()).then_some(reply.tlvs);
        let heard = self.known.hear(from, reply.id, tlvs, reply.tlvs.epoch());
        let is_new = heard == Heard::New;
        self.asking.heard(now, reply.id, reply.round, is_new, by_group);

        let instance = Instance {
            id: reply.id,
            from,
            via: if by_group { Via::Group } else { Via::Unicast },
            round_trip: Some(self.asking.since_asked(now)),
            lease: Duration::from_secs(reply.lease_s.into()),
            authentic: self.config.keyring.is_some(),
            truncated: reply.is_truncated(),
            tlvs: reply.tlvs,
        };
        match heard {
            Heard::New => {
                self.last_news = Some(now);
                self.life.counts.found += 1;
                self.life.counts.found_by_group += u64::from(by_group);
                if self.config.count.is_some_and(|count| self.life.counts.found >= count) {
                    self.life.close();
                }
                if reply.is_truncated() && self.inquiries.open(now, reply.id, from, Why::Details) {
                    return None; // it is reported when the rest is there, or won't come
                }
                Some(Action::Emit(Event::ServiceFound(instance)))
            }
            Heard::Described if self.inquiries.close(reply.id).is_some() => {
                Some(Action::Emit(Event::ServiceFound(instance)))
            }
            Heard::Described => {
                let change = super::instance::Change::Content;
                Some(Action::Emit(Event::ServiceChanged { instance, change }))
            }
            Heard::Changed(change) => {
                Some(Action::Emit(Event::ServiceChanged { instance, change }))
            }
            Heard::Nothing => {
                self.life.counts.duplicates += 1;
                None
            }
            Heard::NoRoom => {
                self.left_out = true;
                self.life.counts.ignored += 1;
                None
            }
        }
    }
}

impl Machine for Discoverer {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if self.life.started().is_none() || !self.life.is_open() {
            return None;
        }
        let reply = self.open(arrival, datagram)?;
        self.hear_reply(now, arrival, reply)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            let goal = Goal {
                quiet: self.config.effort.quiet_sweeps(),
                even_if_nobody: false,
                expected: self.config.expected,
                watch: false,
                group: false,
            };
            self.asking.start(now, goal);
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if self.is_at_end(now) {
            return Some(self.finish(now));
        }
        let key = self.config.keyring.as_ref().map(Keyring::signing);
        let (to, query) = match self.inquiries.poll(now) {
            Some(Step::Ask { id, at, by_group }) => {
                let to = if by_group { Destination::Group } else { Destination::Peer(at) };
                (to, self.asking.ask_one(now, id, &self.config.selection))
            }
            Some(Step::Unanswered(inquiry)) => {
                let instance = untold(inquiry.id, inquiry.at, self.config.keyring.is_some());
                return Some(Action::Emit(Event::ServiceFound(instance)));
            }
            None => {
                let query = self.asking.poll(now, &self.known, &self.config.selection, |_| true)?;
                (Destination::Group, query)
            }
        };
        self.life.counts.sent += 1;
        let message = Message::Structured { datagram: Datagram::Query(query), key };
        Some(Action::Send { to, message })
    }

    fn deadline(&self) -> Option<Instant> {
        let at_rest =
            (self.asking.is_at_rest() && self.inquiries.is_empty()).then_some(Instant::ZERO);
        let next = [self.asking.deadline(), self.inquiries.deadline(), self.ends(), at_rest];
        self.life.deadline(next.into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        self.life.close();
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match observation {
            Observation::ReceiveBuffer { datagrams } => self.asking.set_buffer(now, datagrams),
            Observation::Dropped { datagrams } => {
                self.asking.dropped(datagrams);
                self.life.counts.dropped = self.life.counts.dropped.saturating_add(datagrams);
            }
            // The sweeps go on by the interfaces that there are.
            Observation::NetworkChanged | Observation::Audit(_) => {}
        }
    }
}

/// A responder whose answer did not fit, and who did not answer when it was asked for the rest.
fn untold(id: u64, from: Path, authentic: bool) -> Instance<'static> {
    Instance {
        id,
        from,
        via: Via::Unicast,
        round_trip: None,
        lease: Duration::ZERO,
        authentic,
        truncated: true,
        tlvs: Tlvs::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// When a discovery that hears nobody ends.
    fn ends(config: Discovery) -> Duration {
        let mut discoverer = Discoverer::new(config, 1);
        let mut now = Instant::ZERO;
        loop {
            if let Some(Action::Done(summary)) = discoverer.handle_timeout(now) {
                assert_eq!(summary.complete, Some(false));
                return now - Instant::ZERO;
            }
            now = discoverer.deadline().unwrap().max(now);
        }
    }

    #[test]
    fn where_nobody_answers_it_ends_by_silence_or_deadline() {
        let (short, long) = (Some(Duration::from_millis(700)), Some(Duration::from_secs(9)));
        for (deadline, silence) in [(short, None), (None, short), (short, long), (long, short)] {
            assert_eq!(Some(ends(Discovery { deadline, silence, ..Discovery::all() })), short);
        }
    }

    #[test]
    fn questions_that_the_group_hears_are_not_counted_as_refused_answers() {
        let mut discoverer = Discoverer::new(Discovery::all(), 1);
        let mut query = Vec::new();
        if let Some(Action::Send { message, .. }) = discoverer.handle_timeout(Instant::ZERO) {
            message.encode(&mut query);
        }
        let remote = "10.0.0.9:4000".parse().unwrap();
        let from = Path::new(remote);
        let arrival = Arrival::new(from, Cast::Unknown, true);
        for (datagram, counted) in [(query.as_slice(), 0), (b"junk", 1)] {
            assert_eq!(discoverer.handle_datagram(Instant::ZERO, arrival, datagram), None);
            let Summary { received, ignored, .. } = discoverer.summary(Instant::ZERO);
            assert_eq!((received, ignored), (counted, counted));
        }
    }
}
