//! The services that are offered, and what becomes of them when others are to be.

use std::collections::BTreeSet;

use mcast_net::{ClaimedId, IdSource};
use mcast_proto::Instant;
use mcast_proto::service::{MOST_SERVICES, Offer, Responders, Unfit};

use crate::failure::Failure;
use crate::offer::OfferWords;

/// A service that is offered.
#[derive(Debug)]
pub(super) struct Offered {
    words: OfferWords,
    id: u64,
    /// Its id, kept from other programs of this host, but for one that was given.
    _claim: Option<ClaimedId>,
}

/// What is done to the machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Withdraw { id: u64 },
    Update { id: u64, offer: Offer },
    Add { id: u64, offer: Offer },
}

impl Offered {
    fn new(words: OfferWords, ids: &IdSource) -> Offered {
        let name = words.name.as_deref().unwrap_or_default();
        let claim = words.id.is_none().then(|| ids.claim(&words.service, name));
        let id = words.id.or(claim.as_ref().map(ClaimedId::id)).unwrap_or_default();
        log::info!("service {:?} has the id {id:016x}", words.service);
        Offered { words, id, _claim: claim }
    }

    /// Whether these words are about this service.
    fn is(&self, words: &OfferWords) -> bool {
        let of = |words: &OfferWords| (words.service.clone(), words.name.clone(), words.id);
        of(&self.words) == of(words)
    }
}

impl Step {
    /// Does it.
    pub(super) fn make(self, responders: &mut Responders, now: Instant) -> Result<(), Unfit> {
        match self {
            Step::Withdraw { id } => responders.withdraw(now, id),
            Step::Update { id, offer } => responders.update(now, id, offer),
            Step::Add { id, offer } => responders.add(now, Some(id), offer).map(drop),
        }
    }
}

/// What leads from the services that are offered to those that are to be, and which those are: in both a service
/// of the same name and the same given id is the same.
///
/// # Errors
///
/// If the new ones can't be offered. Nothing has changed then.
pub(super) fn steps(
    offered: &mut Vec<Offered>,
    wanted: &[OfferWords],
    ids: &IdSource,
) -> Result<Vec<Step>, Failure> {
    if wanted.len() > MOST_SERVICES {
        return Err(Failure::usage(format!("more than {MOST_SERVICES} services")));
    }
    let offers: Vec<Offer> =
        wanted.iter().map(OfferWords::offer).collect::<Result<_, _>>().map_err(Failure::usage)?;
    // Of each service that is wanted, which of the old ones it is.
    let mut is_taken = vec![false; offered.len()];
    let mut old_of = |words: &OfferWords| {
        let is_it = |(nth, old): (usize, &Offered)| !is_taken[nth] && old.is(words);
        let nth = offered.iter().enumerate().position(is_it)?;
        is_taken[nth] = true;
        Some(nth)
    };
    let places: Vec<Option<usize>> = wanted.iter().map(&mut old_of).collect();
    let kept: BTreeSet<u64> = places.iter().flatten().map(|&nth| offered[nth].id).collect();
    let fresh = wanted.iter().zip(&places).filter(|(_, place)| place.is_none());
    if let Some(id) = fresh.filter_map(|(words, _)| words.id).find(|id| kept.contains(id)) {
        return Err(Failure::usage(format!("two services have the id {id:016x}")));
    }
    let mut steps = Vec::new();
    let mut before: Vec<Option<Offered>> = std::mem::take(offered).into_iter().map(Some).collect();
    let gone = before.iter().zip(&is_taken).filter(|(_, is_taken)| !**is_taken);
    steps.extend(gone.filter_map(|(old, _)| Some(Step::Withdraw { id: old.as_ref()?.id })));
    for ((words, offer), place) in wanted.iter().zip(offers).zip(places) {
        match place.and_then(|nth| before[nth].take()) {
            Some(old) => {
                if old.words != *words {
                    steps.push(Step::Update { id: old.id, offer });
                }
                offered.push(Offered { words: words.clone(), ..old });
            }
            None => {
                let new = Offered::new(words.clone(), ids);
                steps.push(Step::Add { id: new.id, offer });
                offered.push(new);
            }
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service of this name, number and port.
    fn words(name: &str, id: u64, port: u16) -> OfferWords {
        OfferWords {
            service: "printer".into(),
            name: Some(name.into()),
            port: Some(port),
            txt: Vec::new(),
            // None is claimed for it.
            id: Some(id),
        }
    }

    #[test]
    fn only_what_is_new_is_done_and_what_goes_makes_room_first() {
        let (ids, mut offered) = (IdSource::default(), Vec::new());
        let before = [words("a", 1, 631), words("b", 2, 631), words("c", 3, 631)];
        let all = steps(&mut offered, &before, &ids).unwrap();
        assert!(matches!(
            all[..],
            [Step::Add { id: 1, .. }, Step::Add { id: 2, .. }, Step::Add { id: 3, .. }]
        ));
        assert_eq!(steps(&mut offered, &before, &ids).unwrap(), []);
        // One is as it was, one says something else, one gives its number to another, and the order is another.
        let after = [words("d", 2, 631), words("c", 3, 632), words("a", 1, 631)];
        let offer = |words: &OfferWords| words.offer().unwrap();
        let expected = [
            Step::Withdraw { id: 2 },
            Step::Add { id: 2, offer: offer(&after[0]) },
            Step::Update { id: 3, offer: offer(&after[1]) },
        ];
        assert_eq!(steps(&mut offered, &after, &ids).unwrap(), expected);
        assert_eq!(steps(&mut offered, &after, &ids).unwrap(), []);
        let none = steps(&mut offered, &[], &ids).unwrap();
        assert!(none.len() == 3 && offered.is_empty(), "{none:?}");
    }

    #[test]
    fn what_cannot_be_offered_changes_nothing() {
        let (ids, mut offered) = (IdSource::default(), Vec::new());
        let before = [words("a", 1, 631)];
        assert_eq!(steps(&mut offered, &before, &ids).unwrap().len(), 1);
        let long = (0..100).map(|nth| format!("k{nth}={}", "x".repeat(200)).parse().unwrap());
        let too_long = OfferWords { txt: long.collect(), ..words("a", 1, 631) };
        let of_kept = words("b", 1, 631);
        let too_many = vec![words("c", 4, 631); MOST_SERVICES + 1];
        for wrong in [&[too_long][..], &[words("a", 1, 631), of_kept], &too_many] {
            assert!(steps(&mut offered, wrong, &ids).is_err());
            assert_eq!(steps(&mut offered, &before, &ids).unwrap(), []);
        }
    }
}
