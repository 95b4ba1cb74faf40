//! The answering side of the plain protocol, and the rules that keep it from being a weapon.

use alloc::vec::Vec;
use core::time::Duration;

use super::{PORT, REPLY};
use crate::life::Life;
use crate::limit::{Limiter, Rate, SOURCES};
use crate::path::is_peer;
use crate::rng::Rng;
use crate::schedule::Waiting;
use crate::secret::Secret;
use crate::{
    Action, Arrival, Cast, Destination, Event, Instant, Machine, Message, Protocol, Question,
    Refusal, Summary,
};

/// What a [`Responder`] answers, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responding {
    /// The answer's bytes.
    pub reply: Vec<u8>,
    /// Only this probe is answered; `None`: every probe is.
    pub only: Option<Vec<u8>>,
    /// Each answer waits for a random time up to this, so that many responders don't answer in one
    /// burst that the asker's socket can't hold.
    pub delay: Duration,
    /// Answers a second at the most, each counted by its length; `None`: without limit.
    pub rate: Option<Rate>,
    /// The responder's own port. What comes from this port and is not known to have been sent to the
    /// group may be another responder's answer, and is not answered.
    pub port: u16,
    /// Whether probes from beyond the link are answered. Their source may be forged, and the answer
    /// leaves the network: it is sent only where it is no longer than the probe.
    pub allow_off_link: bool,
    /// The end comes after this many answers.
    pub count: Option<u64>,
}

impl Default for Responding {
    /// The tutorial's server: `Me!` to every probe.
    fn default() -> Responding {
        Responding {
            reply: REPLY.to_vec(),
            only: None,
            delay: Duration::ZERO,
            rate: Some(Rate::default()),
            port: PORT,
            allow_off_link: false,
            count: None,
        }
    }
}

/// Answers probes, each at most once, by unicast.
///
/// Every probe is reported, answered or not. See the [module's example](super).
#[derive(Debug, Clone)]
pub struct Responder {
    config: Responding,
    rng: Rng,
    limiter: Option<Limiter>,
    waiting: Waiting,
    life: Life,
}

impl Responder {
    /// What it was told to answer, and how much.
    pub fn config(&self) -> &Responding {
        &self.config
    }

    /// Answers with these bytes from now on, also those whose answers wait to be sent: for what is read anew
    /// whenever somebody asks ([`Event::Asked`]). Where probes from beyond the link are answered and these
    /// bytes are more than before, the answers that wait are dropped instead: they may be longer than
    /// their probes.
    pub fn set_reply(&mut self, reply: Vec<u8>) {
        if self.config.allow_off_link && reply.len() > self.config.reply.len() {
            self.waiting = Waiting::new();
        }
        self.config.reply = reply;
    }

    /// A responder that starts at the first [`Machine::handle_timeout`], or at the first datagram.
    /// `seed` decides the delays.
    pub fn new(config: Responding, seed: u64) -> Responder {
        let secret = Secret::new(seed);
        Responder {
            rng: secret.rng("jitter"),
            limiter: config.rate.map(|rate| Limiter::new(rate, SOURCES, secret.number("sources"))),
            waiting: Waiting::new(),
            life: Life::default(),
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }

    /// Decides whether a probe is answered; the order is that of the cost to an attacker, so that what
    /// would never be answered takes nothing from the rate of what would.
    fn judge(&mut self, now: Instant, arrival: Arrival, probe: &[u8]) -> Result<(), Refusal> {
        let Arrival { from, cast, on_link, .. } = arrival;
        match cast {
            Cast::Group(_) => {}
            Cast::Unicast => return Err(Refusal::NotToGroup),
            Cast::Unknown if from.remote.port() == self.config.port => {
                return Err(Refusal::NotToGroup);
            }
            Cast::Unknown => {}
        }
        if !is_peer(from.remote) {
            return Err(Refusal::NotAPeer);
        }
        if !on_link && !self.config.allow_off_link {
            return Err(Refusal::OffLink);
        }
        if self.config.only.as_deref().is_some_and(|only| only != probe) {
            return Err(Refusal::OtherProbe);
        }
        if !on_link && self.config.reply.len() > probe.len() {
            return Err(Refusal::LongerThanProbe);
        }
        if self.waiting.is_full() || self.answers_promised() {
            return Err(Refusal::Busy);
        }
        match &mut self.limiter {
            Some(limiter) => {
                let (source, length) = (from.remote.ip(), self.config.reply.len());
                limiter.admit(now, source, None, length, &mut self.rng)
            }
            None => Ok(()),
        }
    }

    /// Whether the answers sent and waiting make up the count that was asked for.
    fn answers_promised(&self) -> bool {
        let promised = self.life.counts.sent + self.waiting.len() as u64;
        self.config.count.is_some_and(|count| promised >= count)
    }

    fn all_sent(&self) -> bool {
        self.config.count.is_some_and(|count| self.life.counts.sent >= count)
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
        let refused = self.judge(now, arrival, datagram).err();
        if refused.is_some() {
            self.life.counts.ignored += 1;
        } else {
            self.waiting.push(now + self.rng.within(self.config.delay), arrival.from);
        }
        let (protocol, question) = (Protocol::PLAIN, Question::Plain(datagram));
        Some(Action::Emit(Event::Asked { protocol, from: arrival.from, question, refused }))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.life.start(now);
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if !self.life.is_open() {
            return Some(self.life.finish(now));
        }
        let to = self.waiting.pop_due(now)?;
        self.life.counts.sent += 1;
        if self.all_sent() {
            self.life.close();
        }
        let message = Message::Plain(&self.config.reply);
        Some(Action::Send { to: Destination::Peer(to), message })
    }

    fn deadline(&self) -> Option<Instant> {
        self.life.deadline(self.waiting.due())
    }

    /// Answers still waiting are dropped: nobody is left to have meant them.
    fn close(&mut self, _now: Instant) {
        self.life.close();
    }
}

#[cfg(test)]
mod tests;
