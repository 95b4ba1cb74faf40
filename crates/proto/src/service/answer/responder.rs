//! The answering side of one service.

use crate::service::answer::responders::Responders;
use crate::service::answer::responding::Responding;
use crate::service::offer::Offer;
use crate::{Action, Arrival, Instant, Machine, Observation, Summary};

/// Answers the queries that ask for its service, announces itself, and says goodbye.
///
/// A query that asks others, or that knows what this responder says already, is not reported. See the
/// [module](crate::service). For several services see [`Responders`], which this is with one.
#[derive(Debug, Clone)]
pub struct Responder {
    all: Responders,
    id: u64,
}

impl Responder {
    /// A responder that starts at the first [`Machine::handle_timeout`]. `seed` decides its id, where
    /// the configuration does not, its waiting times, and which of its sources share a budget, which
    /// others should not be able to guess.
    pub fn new(config: Responding, seed: u64) -> Responder {
        let (offer, id, answering) = config.into_parts();
        let (all, id) = Responders::of_one(answering, seed, id, offer);
        Responder { all, id }
    }

    /// Its number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.all.summary(now)
    }

    /// Announces itself again: after an address has changed, an interface has come up, or the host has
    /// slept.
    pub fn announce(&mut self, now: Instant) {
        self.all.announce(now);
    }

    /// Says something else of itself from now on, and announces that. Once it was closed nothing changes.
    pub fn update(&mut self, now: Instant, offer: Offer) {
        // It has its one service until it is closed.
        let _closed = self.all.update(now, self.id, offer);
    }

    /// Says something else of itself from now on, also in answers that wait to be sent. It is not announced:
    /// for what is read anew whenever somebody asks ([`Event::Asked`](crate::Event::Asked)).
    pub fn set_offer(&mut self, offer: Offer) {
        // As above.
        let _closed = self.all.set_offer(self.id, offer);
    }
}

impl Machine for Responder {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.all.handle_datagram(now, arrival, datagram)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.all.handle_timeout(now)
    }

    fn deadline(&self) -> Option<Instant> {
        self.all.deadline()
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.all.handle_observation(now, observation);
    }

    fn close(&mut self, now: Instant) {
        self.all.close(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_number_is_the_one_it_is_given_or_one_that_follows_from_the_seed() {
        let offer = Offer::new("printer").unwrap();
        let of = |id, seed| {
            Responder::new(Responding { id, ..Responding::of(offer.clone()) }, seed).id()
        };
        assert_eq!((of(Some(7), 1), of(Some(7), 2)), (7, 7));
        assert_eq!(of(None, 1), of(None, 1));
        assert_ne!(of(None, 1), of(None, 2));
        assert_ne!(of(None, 1), 1);
    }

    #[test]
    fn it_is_responders_with_one_service() {
        let offer = |name| Offer::new("printer").unwrap().name(name).unwrap();
        let mut responder = Responder::new(Responding::of(offer("lab-3")), 1);
        assert!(responder.all.ids().eq([responder.id()]));
        assert!(responder.handle_timeout(Instant::ZERO).is_none());
        responder.update(Instant::ZERO, offer("lab-4"));
        responder.set_offer(offer("lab-5"));
        assert!(responder.deadline().is_some());
        responder.close(Instant::ZERO);
        responder.update(Instant::ZERO, offer("lab-6"));
        assert_eq!(responder.summary(Instant::ZERO), Summary::default());
    }
}
