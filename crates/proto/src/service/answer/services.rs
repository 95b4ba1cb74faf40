//! The services that a machine offers.

use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::service::answer::names::NameCache;
use crate::service::answer::unfit::{MOST_SERVICES, Unfit};
use crate::service::answer::words::Words;
use crate::service::offer::Offer;
use crate::wire::{Epoch, Query};

/// A service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    // First, and together, what every datagram touches: most are for others.
    pub(crate) id: u64,
    names: NameCache,
    pub(crate) words: Words,
    /// It has been withdrawn, and is saying goodbye.
    is_leaving: bool,
}

impl Service {
    fn new(id: u64, words: Words) -> Service {
        let names = NameCache::new(id, words.digest());
        Service { id, names, words, is_leaving: false }
    }

    fn set_offer(&mut self, offer: Offer) {
        self.words.set_offer(offer);
        self.names = NameCache::new(self.id, self.words.digest());
    }

    fn is_asked(&mut self, query: &Query<'_>, local: Option<&SocketAddr>) -> bool {
        !self.is_leaving
            && query.is_in(self.id)
            && query.selects(self.words.offer())
            && !local.is_some_and(|local| self.is_heard(query, *local))
    }

    /// Whether the asker says that it has heard what it would be answered, from where it would be.
    fn is_heard(&mut self, query: &Query<'_>, local: SocketAddr) -> bool {
        let is_whole = if query.multicast_reply {
            self.words.is_whole_to_group()
        } else {
            self.words.whole_len() <= query.reply_limit()
        };
        let names = self.names.from(local);
        query.silences(names.whole) || (!is_whole && query.silences(names.short))
    }
}

/// All of them, each in a place that it keeps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    places: Vec<Option<Service>>,
    /// Where each id is, by id.
    by_id: Vec<(u64, u16)>,
    /// How many are offered: all but those that are leaving.
    offered: usize,
    /// The greatest age that a service had that has gone. What comes after it is older, so that who is
    /// offered anew under its old id is not taken for what it was before.
    gone_at: Option<u32>,
    last_gone: Option<u64>,
}

impl Services {
    pub(crate) fn new() -> Services {
        Services::default()
    }

    /// How many places there are.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    /// How many are offered.
    pub(crate) fn offered(&self) -> usize {
        self.offered
    }

    /// Whether an id is one of them.
    pub(crate) fn has(&self, id: u64) -> bool {
        self.place_of(id).is_some()
    }

    /// Those that are offered, with their places, and so many as [`offered`](Self::offered) says.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Service)> {
        self.places.iter().enumerate().filter_map(|(place, service)| {
            Some((place, service.as_ref().filter(|service| !service.is_leaving)?))
        })
    }

    /// Puts those that a query is for, and that have something to say within so many bytes, into the set; says
    /// whether the query is for any, whatever it has to say. `local` is where it would be answered from, if that
    /// matters: where the asker says what it has heard.
    pub(crate) fn find(
        &mut self,
        query: &Query<'_>,
        local: Option<&SocketAddr>,
        limit: usize,
        asked: &mut [u64],
    ) -> bool {
        let mut is_any = false;
        for (places, word) in self.places.chunks_mut(u64::BITS as usize).zip(asked) {
            let mut able = 0;
            for (at, place) in places.iter_mut().enumerate() {
                if let Some(service) = place
                    && service.is_asked(query, local)
                {
                    is_any = true;
                    able |= u64::from(service.words.least_len() <= limit) << at;
                }
            }
            *word = able;
        }
        is_any
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Service> {
        self.places.get(place)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Service> {
        self.places.get_mut(place)?.as_mut()
    }

    /// The id that speaks for all: of the first one, or where all have gone of the last that went.
    pub(crate) fn speaker(&self) -> Option<u64> {
        self.iter().next().map(|(_, service)| service.id).or(self.last_gone)
    }

    /// Adds a service, whose words `say` makes with the age that it is to have; says where it is. One that is
    /// leaving stays instead.
    pub(crate) fn add(
        &mut self,
        id: u64,
        offer: Offer,
        say: impl FnOnce(Offer, u32) -> Words,
    ) -> Result<usize, Unfit> {
        if let Some(place) = self.place_of(id) {
            let leaving = self.get_mut(place).filter(|service| service.is_leaving);
            let service = leaving.ok_or(Unfit::IdTwice(id))?;
            service.set_offer(offer);
            service.is_leaving = false;
            self.offered += 1;
            return Ok(place);
        }
        let place = self.places.iter().position(Option::is_none).unwrap_or(self.places.len());
        if place == MOST_SERVICES {
            return Err(Unfit::TooMany);
        }
        let age = self.gone_at.map_or(0, |age| age.saturating_add(1));
        let service = Some(Service::new(id, say(offer, age)));
        match self.places.get_mut(place) {
            Some(free) => *free = service,
            None => {
                // Most machines have one, and memory is dear to some.
                if self.places.is_empty() {
                    self.places.reserve_exact(1);
                }
                self.places.push(service);
            }
        }
        let at = self.by_id.partition_point(|(other, _)| *other < id);
        self.by_id.insert(at, (id, place as u16));
        self.offered += 1;
        Ok(place)
    }

    /// Has a service that is offered say something else; says where it is.
    pub(crate) fn set_offer(&mut self, id: u64, offer: Offer) -> Result<usize, Unfit> {
        let (place, service) = self.offered_as(id)?;
        service.set_offer(offer);
        Ok(place)
    }

    /// Has a service be offered no more; says where it is until it is [removed](Self::remove).
    pub(crate) fn withdraw(&mut self, id: u64) -> Result<usize, Unfit> {
        let (place, service) = self.offered_as(id)?;
        service.is_leaving = true;
        self.last_gone = Some(id);
        self.offered -= 1;
        Ok(place)
    }

    /// Takes out a service that is leaving.
    pub(crate) fn remove(&mut self, place: usize) {
        let Some(service) = self.places.get_mut(place).and_then(Option::take) else { return };
        let Epoch { seq, .. } = service.words.epoch();
        self.gone_at = self.gone_at.max(Some(seq));
        self.by_id.retain(|(id, _)| *id != service.id);
    }

    /// A service that is offered, and where it is.
    fn offered_as(&mut self, id: u64) -> Result<(usize, &mut Service), Unfit> {
        let place = self.place_of(id).ok_or(Unfit::UnknownId(id))?;
        let service = self.get_mut(place).filter(|service| !service.is_leaving);
        Ok((place, service.ok_or(Unfit::UnknownId(id))?))
    }

    fn place_of(&self, id: u64) -> Option<usize> {
        let at = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.by_id.get(at).map(|(_, place)| usize::from(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Offer {
        Offer::new("printer").unwrap()
    }

    fn say(offer: Offer, seq: u32) -> Words {
        Words::new(offer, Epoch { boot: 5, seq }, 120, false)
    }

    fn of(ids: &[u64]) -> Services {
        let mut services = Services::new();
        ids.iter().for_each(|id| assert!(services.add(*id, offer(), say).is_ok()));
        services
    }

    fn ids(services: &Services) -> Vec<u64> {
        services.iter().map(|(_, service)| service.id).collect()
    }

    fn age(services: &Services, place: usize) -> u32 {
        services.get(place).unwrap().words.epoch().seq
    }

    #[test]
    fn each_has_a_place_of_its_own_that_it_keeps_and_leaves_to_another() {
        let mut services = of(&[7, 3, 9]);
        assert_eq!((ids(&services), services.offered()), (Vec::from([7, 3, 9]), 3));
        assert_eq!(services.withdraw(3), Ok(1));
        assert_eq!((ids(&services), services.offered(), services.places()), ([7, 9].into(), 2, 3));
        // Until it has said goodbye the place is its own.
        assert_eq!(services.add(4, offer(), say), Ok(3));
        assert!(services.has(3) && services.places() == 4);
        services.remove(1);
        services.remove(1);
        assert!(!services.has(3) && services.get(1).is_none());
        assert_eq!(services.add(5, offer(), say), Ok(1));
        assert_eq!((ids(&services), services.offered()), ([7, 5, 9, 4].into(), 4));
        assert_eq!((services.speaker(), Services::new().speaker()), (Some(7), None));
        [7, 5, 9, 4].iter().for_each(|id| assert!(services.withdraw(*id).is_ok()));
        assert_eq!((services.speaker(), services.offered()), (Some(4), 0));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut services = of(&[7]);
        assert_eq!(services.add(7, offer(), say), Err(Unfit::IdTwice(7)));
        assert_eq!(services.set_offer(8, offer()), Err(Unfit::UnknownId(8)));
        assert_eq!(services.withdraw(8), Err(Unfit::UnknownId(8)));
        assert_eq!(services.withdraw(7), Ok(0));
        assert_eq!(services.withdraw(7), Err(Unfit::UnknownId(7)));
        assert_eq!(services.set_offer(7, offer()), Err(Unfit::UnknownId(7)));
        let mut services = Services::new();
        for id in 0..MOST_SERVICES as u64 {
            assert_eq!(services.add(id, offer(), say), Ok(id as usize));
        }
        assert_eq!(services.add(u64::MAX, offer(), say), Err(Unfit::TooMany));
        assert_eq!((services.offered(), services.places()), (MOST_SERVICES, MOST_SERVICES));
    }

    #[test]
    fn who_comes_back_is_later_than_all_that_was_said_of_it() {
        let mut services = of(&[7, 8]);
        services.set_offer(7, offer()).unwrap();
        let mut scratch = crate::wire::TlvBuf::new();
        assert_eq!(services.withdraw(7), Ok(0));
        services.get_mut(0).unwrap().words.goodbye(&mut scratch);
        // It stays.
        assert_eq!(services.add(7, offer(), say), Ok(0));
        assert_eq!((age(&services, 0), services.offered()), (3, 2));
        // It has gone.
        services.withdraw(7).unwrap();
        services.remove(0);
        assert_eq!(services.add(7, offer(), say), Ok(0));
        assert_eq!((age(&services, 0), age(&services, 1)), (4, 0));
    }
}
