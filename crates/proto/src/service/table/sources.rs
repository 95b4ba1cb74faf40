//! How many voices speak from each address, so that where room is short the greediest gives way.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

/// Voices that one address always has room for: more than one host's services.
const FAIR_SHARE: usize = 64;

/// The voices of all known responders, by address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    all: usize,
    /// By address and place of the responder.
    voices: BTreeMap<(IpAddr, u64), usize>,
    by_address: BTreeMap<IpAddr, usize>,
    /// The addresses with more than their fair share, by how many they have.
    greedy: BTreeSet<(usize, IpAddr)>,
}

impl Sources {
    /// All voices.
    pub(crate) fn len(&self) -> usize {
        self.all
    }

    /// All voices, of which no address counts for more than this.
    pub(crate) fn len_bounded(&self, most: usize) -> u64 {
        self.by_address.values().map(|count| (*count).min(most) as u64).sum()
    }

    /// One more voice of the responder at `place` is at this address.
    pub(crate) fn add(&mut self, address: IpAddr, place: u64) {
        self.all += 1;
        *self.voices.entry((address, place)).or_default() += 1;
        let count = self.by_address.entry(address).or_default();
        self.greedy.remove(&(*count, address));
        *count += 1;
        if *count > FAIR_SHARE {
            self.greedy.insert((*count, address));
        }
    }

    /// One fewer is.
    pub(crate) fn remove(&mut self, address: IpAddr, place: u64) {
        let Some(voices) = self.voices.get_mut(&(address, place)) else { return };
        let Some(count) = self.by_address.get_mut(&address) else { return };
        self.all -= 1;
        *voices -= 1;
        if *voices == 0 {
            self.voices.remove(&(address, place));
        }
        self.greedy.remove(&(*count, address));
        *count -= 1;
        match *count {
            0 => drop(self.by_address.remove(&address)),
            count if count > FAIR_SHARE => drop(self.greedy.insert((count, address))),
            _ => {}
        }
    }

    /// The address with the most voices, if that is more than its fair share, and the place of one of
    /// its responders: the first one after `from`, in a circle, which is not `spared`.
    pub(crate) fn greediest(&self, from: u64, spared: u64) -> Option<(IpAddr, u64)> {
        let (_, address) = *self.greedy.last()?;
        let after = self.voices.range((address, from)..=(address, u64::MAX));
        let before = self.voices.range((address, 0)..(address, from));
        let mut places = after.chain(before).map(|((_, place), _)| *place);
        Some((address, places.find(|place| *place != spared)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn add(sources: &mut Sources, last: u8, places: core::ops::Range<u64>) {
        places.for_each(|place| sources.add(host(last), place));
    }

    #[test]
    fn nobody_is_greedy_up_to_sixty_four_voices() {
        let mut sources = Sources::default();
        add(&mut sources, 1, 0..64);
        add(&mut sources, 2, 0..64);
        assert_eq!((sources.len(), sources.greediest(0, 99)), (128, None));
        sources.add(host(2), 64);
        assert_eq!(sources.greediest(0, 99), Some((host(2), 0)));
        sources.remove(host(2), 7);
        assert_eq!((sources.len(), sources.greediest(0, 99)), (128, None));
    }

    #[test]
    fn where_each_counts_for_few_the_others_are_not_counted() {
        let mut sources = Sources::default();
        add(&mut sources, 1, 0..3);
        add(&mut sources, 2, 0..16);
        add(&mut sources, 3, 0..17);
        assert_eq!((sources.len_bounded(16), sources.len_bounded(2)), (35, 6));
    }

    #[test]
    fn the_greediest_is_who_has_the_most_at_that_time() {
        let mut sources = Sources::default();
        add(&mut sources, 1, 0..70);
        add(&mut sources, 2, 0..80);
        assert_eq!(sources.greediest(0, 99), Some((host(2), 0)));
        (0..15).for_each(|place| sources.remove(host(2), place));
        assert_eq!(sources.greediest(0, 99), Some((host(1), 0)));
        add(&mut sources, 2, 0..6);
        assert_eq!(sources.greediest(0, 99), Some((host(2), 0)));
        (0..80).for_each(|place| sources.remove(host(2), place));
        (0..70).for_each(|place| sources.remove(host(1), place));
        assert_eq!((sources.len(), sources.greediest(0, 99)), (0, None));
        let Sources { voices, by_address, greedy, .. } = sources;
        assert!(voices.is_empty() && by_address.is_empty() && greedy.is_empty());
    }

    #[test]
    fn its_responders_are_gone_through_in_a_circle_and_one_is_spared() {
        let mut sources = Sources::default();
        add(&mut sources, 1, 0..65);
        // What others have there is not theirs.
        add(&mut sources, 0, 65..90);
        add(&mut sources, 2, 65..90);
        for (from, spared, found) in
            [(7, 99, 7), (7, 7, 8), (64, 64, 0), (65, 99, 0), (65, 0, 1), (u64::MAX, 99, 0)]
        {
            assert_eq!(sources.greediest(from, spared), Some((host(1), found)), "{from} {spared}");
        }
        sources.add(host(1), u64::MAX);
        assert_eq!(sources.greediest(65, 99), Some((host(1), u64::MAX)));
        assert_eq!(sources.greediest(u64::MAX, 99), Some((host(1), u64::MAX)));
    }

    #[test]
    fn several_voices_of_one_responder_are_several() {
        let mut sources = Sources::default();
        for _ in 0..65 {
            sources.add(host(1), 7);
        }
        assert_eq!(sources.greediest(0, 7), None);
        sources.add(host(1), 8);
        sources.remove(host(1), 7);
        assert_eq!(sources.greediest(0, 8), Some((host(1), 7)));
        sources.remove(host(1), 9);
        sources.remove(host(2), 7);
        assert_eq!(sources.len(), 65);
    }
}
