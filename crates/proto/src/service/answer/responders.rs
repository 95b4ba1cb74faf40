//! The answering side, which does what a query says and keeps no state from it but for a moment.

mod hearing;
mod saying;

use alloc::vec::Vec;
use core::time::Duration;

use crate::life::Life;
use crate::limit::Limiter;
use crate::path::is_peer;
use crate::rng::Rng;
use crate::secret::{Salts, Secret};
use crate::service::answer::announcer::Announcer;
use crate::service::answer::answers::Answers;
use crate::service::answer::audience::Audience;
use crate::service::answer::crowd::Crowd;
use crate::service::answer::places;
use crate::service::answer::pressure::Pressure;
use crate::service::answer::recent::Recent;
use crate::service::answer::responding::Answering;
use crate::service::answer::services::Services;
use crate::service::answer::unfit::Unfit;
use crate::service::answer::words::Words;
use crate::service::offer::Offer;
use crate::wire::{
    self, Datagram, Epoch, Keyring, MAX_LEASE_S, MAX_TLV_BYTES, MIN_LEASE_S, TlvBuf,
};
use crate::{Action, Arrival, Instant, Machine, Observation, Rate, Summary};

/// Offers any number of services, up to [`MOST_SERVICES`](crate::service::MOST_SERVICES): answers the queries that
/// ask for them, announces each, and says goodbye for each. Services come, change and go while it runs.
///
/// To those who ask it is as many responders, each with an id of its own. What a host has once, it has once:
/// sockets, a budget ([`Rate::of_services`]), a memory of what was answered. A query that asks for several of
/// them is one [`Event::Asked`](crate::Event::Asked), and their answers are spread evenly over its window.
///
/// ```
/// use mcast_proto::Instant;
/// use mcast_proto::service::{Answering, Offer, Responders, Unfit};
///
/// let mut responders = Responders::new(Answering::default(), 1);
/// let now = Instant::ZERO;
/// let printer = responders.add(now, None, Offer::new("printer")?.port(631)?)?;
/// let scanner = responders.add(now, Some(7), Offer::new("scanner")?)?;
/// responders.update(now, scanner, Offer::new("scanner")?.attr("paper", b"a4")?)?;
/// responders.withdraw(now, printer)?;
/// assert_eq!(responders.update(now, 8, Offer::new("fax")?), Err(Unfit::UnknownId(8)));
/// assert!(responders.ids().eq([7]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Responders {
    // First, and together, what every datagram touches: most are for others.
    services: Services,
    /// Which of them the query is for that is being heard.
    asked: Vec<u64>,
    life: Life,
    answers: Answers,
    announcer: Announcer,
    recent: Recent,
    audience: Audience,
    crowd: Crowd,
    limiter: Option<Limiter>,
    /// Of a machine with one service.
    rate: Option<Rate>,
    pressure: Pressure,
    keyring: Option<Keyring>,
    is_announced: bool,
    allow_off_link: bool,
    boot: u32,
    lease_s: u32,
    ids: Salts,
    rng: Rng,
    /// What is being said that is not said as it is every time.
    scratch: TlvBuf,
}

impl Responders {
    /// A machine without services, which starts at the first [`Machine::handle_timeout`] and runs until it is
    /// closed. `seed` decides the ids of services that are added without one, its waiting times, and which of
    /// its sources share a budget, which others should not be able to guess.
    pub fn new(config: Answering, seed: u64) -> Responders {
        let secret = Secret::new(seed);
        let stores = config.stores.bounded();
        let lease_s = config.lease.as_secs().clamp(MIN_LEASE_S.into(), MAX_LEASE_S.into()) as u32;
        let limiter = |rate| Limiter::new(rate, stores.sources, secret.number("sources"));
        Responders {
            services: Services::new(),
            asked: Vec::new(),
            life: Life::default(),
            answers: Answers::new(stores.pending),
            announcer: Announcer::new(Duration::from_secs(lease_s.into())),
            recent: Recent::new(stores.recent, secret.number("recent")),
            audience: Audience::new(),
            crowd: Crowd::new(),
            limiter: config.rate.map(limiter),
            rate: config.rate,
            pressure: Pressure::new(),
            keyring: config.keyring,
            is_announced: config.announce,
            allow_off_link: config.allow_off_link,
            boot: config.boot,
            lease_s,
            ids: secret.salts("ids"),
            rng: secret.rng("jitter"),
            scratch: TlvBuf::with_capacity(MAX_TLV_BYTES),
        }
    }

    /// One with this service, and the service's id, which follows from the seed where none is given.
    pub(crate) fn of_one(
        config: Answering,
        seed: u64,
        id: Option<u64>,
        offer: Offer,
    ) -> (Responders, u64) {
        let mut responders = Responders::new(config, seed);
        let id = id.unwrap_or_else(|| Secret::new(seed).number("id"));
        let added = responders.add(Instant::ZERO, Some(id), offer);
        debug_assert_eq!(added, Ok(id), "there is room for one");
        (responders, id)
    }

    /// Offers one more service from now on, and announces it. Without an id it has one that follows from the
    /// seed; see [`Identity`](crate::service::Identity) for ids that stay. One that was just withdrawn is offered again.
    ///
    /// # Errors
    ///
    /// If a service has the id, there are too many, or it has been closed.
    pub fn add(&mut self, now: Instant, id: Option<u64>, offer: Offer) -> Result<u64, Unfit> {
        self.expect_open()?;
        let id = id.unwrap_or_else(|| self.ids.next());
        let (boot, lease_s, is_sealed) = (self.boot, self.lease_s, self.keyring.is_some());
        let say = |offer, seq| Words::new(offer, Epoch { boot, seq }, lease_s, is_sealed);
        let place = self.services.add(id, offer, say)?;
        let places = self.services.places();
        self.asked.resize(places::words_for(places), 0);
        self.answers.grow(places);
        self.announcer.grow(places);
        self.audience.grow(places);
        self.share_rate();
        self.announce_one(now, place);
        Ok(id)
    }

    /// Has a service say something else of itself from now on, and announces that.
    ///
    /// # Errors
    ///
    /// If no service has the id, or it has been closed.
    pub fn update(&mut self, now: Instant, id: u64, offer: Offer) -> Result<(), Unfit> {
        self.expect_open()?;
        let place = self.services.set_offer(id, offer)?;
        self.announce_one(now, place);
        Ok(())
    }

    /// Has a service say something else of itself from now on, also in answers that wait to be sent. It is not
    /// announced: for what is read anew whenever somebody asks ([`Event::Asked`](crate::Event::Asked)).
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub fn set_offer(&mut self, id: u64, offer: Offer) -> Result<(), Unfit> {
        self.expect_open()?;
        self.services.set_offer(id, offer).map(drop)
    }

    /// Offers a service no more from now on, and says goodbye for it.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub fn withdraw(&mut self, now: Instant, id: u64) -> Result<(), Unfit> {
        self.expect_open()?;
        let place = self.services.withdraw(id)?;
        self.answers.forget(place, &mut self.rng);
        self.audience.forget(place);
        if self.is_announced && self.life.started().is_some() {
            self.announcer.say_goodbye(now, 1, core::iter::once(place));
        } else {
            self.announcer.forget(place);
            self.services.remove(place);
        }
        self.share_rate();
        Ok(())
    }

    /// The ids of the services that are offered.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        self.services.iter().map(|(_, service)| service.id)
    }

    /// What was done so far, for all services together.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }

    /// Announces all services again: after an address has changed, an interface has come up, or the host has
    /// slept.
    pub fn announce(&mut self, now: Instant) {
        if self.is_announced && self.life.is_running() {
            let all = self.services.iter().map(|(place, _)| place);
            self.announcer.begin(now, self.services.offered(), all, &mut self.rng);
        }
    }

    fn announce_one(&mut self, now: Instant, place: usize) {
        // At the start all are announced.
        if self.is_announced && self.life.is_running() {
            self.announcer.begin(now, 1, core::iter::once(place), &mut self.rng);
        }
    }

    fn expect_open(&self) -> Result<(), Unfit> {
        if self.life.is_open() { Ok(()) } else { Err(Unfit::Closed) }
    }

    fn share_rate(&mut self) {
        if let (Some(limiter), Some(rate)) = (&mut self.limiter, self.rate) {
            limiter.set_rate(rate.of_services(self.services.offered()));
        }
    }

    fn is_saying_goodbye(&self) -> bool {
        !self.life.is_open() && self.announcer.deadline().is_some()
    }
}

impl Machine for Responders {
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
        if !self.life.is_open() && !self.is_saying_goodbye() {
            return self.life.deadline(None).map(|_| self.life.finish(now));
        }
        if let Some((answer, place)) = self.answers.pop_due(now, &mut self.rng) {
            return self.reply(now, &answer, place);
        }
        if let Some((_, place)) = self.audience.due().filter(|(due, _)| *due <= now) {
            return self.group_reply(now, place);
        }
        if self.pressure.due().is_some_and(|due| due <= now) {
            return self.busy(now);
        }
        let (place, speech) = self.announcer.poll(now, &mut self.rng)?;
        self.speak(place, speech)
    }

    fn deadline(&self) -> Option<Instant> {
        if self.is_saying_goodbye() {
            return self.announcer.deadline();
        }
        let audience = self.audience.due().map(|(due, _)| due);
        let asked = earlier(self.answers.due(), audience);
        let unasked = earlier(self.pressure.due(), self.announcer.deadline());
        self.life.deadline(earlier(asked, unasked))
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

    /// Answers still waiting are dropped; a goodbye is sent twice for each service.
    fn close(&mut self, now: Instant) {
        self.answers.clear();
        self.audience.clear();
        self.pressure.clear();
        if self.is_announced && self.life.is_running() {
            let all = self.services.iter().map(|(place, _)| place);
            self.announcer.say_goodbye(now, self.services.offered(), all);
        }
        self.life.close();
    }
}

/// The earlier of two moments, as far as there are any.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

// Some of them need a key.
#[cfg(all(test, feature = "auth"))]
mod tests;
