//! A machine of several services, which come, change and go while it runs.

use std::collections::BTreeMap;

use mcast_proto::ops::Outcome;
use mcast_proto::service::{Answering, Offer, Responders, Responding, Unfit};
use mcast_proto::wire::{Datagram, Epoch, Keyring, decode};
use mcast_proto::{Action, Arrival, Instant, Machine, Observation};
use proptest::prelude::*;

use super::{ID, SEED, answering, offer};

/// Services at one time.
pub(crate) const MOST: usize = 6;

/// A recipe for one.
#[derive(Debug, Clone)]
pub(crate) struct Several {
    pub(crate) answering: Answering,
    /// What is offered, of all lengths: the first of it at the start, all of it in the course of time.
    offers: Vec<Offer>,
    at_first: usize,
}

pub(crate) fn any_several() -> impl Strategy<Value = Several> {
    let service = prop_oneof![3 => Just("printer"), 1 => Just("scanner")];
    let offer = (service, prop_oneof![3 => 0..100usize, 1 => 0..1_200usize]);
    let offers = proptest::collection::vec(offer, 1..=MOST);
    (answering::any_responding(), offers, 0..=MOST).prop_map(|(responding, offers, at_first)| {
        let Responding { boot, lease, announce, rate, allow_off_link, keyring, stores, .. } =
            responding;
        let answering = Answering { boot, lease, announce, rate, allow_off_link, keyring, stores };
        let offers = offers.into_iter().map(|(service, bytes)| offer_of(service, bytes)).collect();
        Several { answering, offers, at_first }
    })
}

fn offer_of(service: &str, bytes: usize) -> Offer {
    offer(service, bytes)
}

impl Several {
    pub(crate) fn with(self, keyring: Option<Keyring>) -> Several {
        Several { answering: Answering { keyring, ..self.answering }, ..self }
    }

    pub(crate) fn make(&self) -> Changing {
        let mut all = Responders::new(self.answering.clone(), SEED);
        for (nth, offer) in self.offers.iter().take(self.at_first).enumerate() {
            let added = all.add(Instant::ZERO, Some(ID + nth as u64), offer.clone());
            assert_eq!(added, Ok(ID + nth as u64));
        }
        Changing { all, offers: self.offers.clone(), changes: 0 }
    }
}

/// One that changes something whenever its driver tells how much its socket holds, which means nothing to it.
pub(crate) struct Changing {
    all: Responders,
    offers: Vec<Offer>,
    changes: usize,
}

impl Changing {
    fn change(&mut self, now: Instant) {
        let nth = self.changes % self.offers.len();
        let (id, offer) = (ID + nth as u64, self.offers[nth].clone());
        let has = self.all.ids().any(|known| known == id);
        let kind = self.changes / self.offers.len();
        self.changes += 1;
        let changed = match (has, kind % 3) {
            (false, _) => self.all.add(now, Some(id), offer).map(drop),
            (true, 0) => self.all.update(now, id, offer),
            (true, 1) => self.all.withdraw(now, id),
            (true, _) => self.all.set_offer(id, self.offers[0].clone()),
        };
        assert!(matches!(changed, Ok(()) | Err(Unfit::Closed)), "{changed:?}");
    }
}

impl Machine for Changing {
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

    fn close(&mut self, now: Instant) {
        self.all.close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        if let Observation::ReceiveBuffer { .. } = observation {
            self.change(now);
        }
        self.all.handle_observation(now, observation);
    }
}

/// What is said of a service never has an earlier age than what was said before, and none that it had with
/// other words: who hears it would take it for two with one id.
pub(crate) fn each_service_ages(outcome: &Outcome) {
    let mut said: BTreeMap<u64, (Epoch, Option<Vec<u8>>)> = BTreeMap::new();
    for (at, _, bytes) in outcome.sent() {
        let (id, tlvs, is_whole) = match decode(bytes) {
            Ok(Datagram::Announce(announce)) => (announce.id, announce.tlvs, true),
            Ok(Datagram::Goodbye(goodbye)) => (goodbye.id, goodbye.tlvs, false),
            _ => continue,
        };
        let epoch = tlvs.epoch().expect("it has one");
        let words = is_whole.then(|| tlvs.as_bytes().to_vec());
        if let Some((before, known)) = said.insert(id, (epoch, words.clone())) {
            let is_later = (epoch.boot, epoch.seq) > (before.boot, before.seq);
            assert!(is_later || (epoch == before && words == known), "{epoch:?} of {id} at {at:?}");
        }
    }
}
