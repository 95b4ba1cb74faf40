//! Some of a machine's services, by their places: a bit for each.

use core::ops::Range;

use crate::rng::Rng;

const BITS: usize = u64::BITS as usize;

/// How many words a set of so many places has.
pub(crate) fn words_for(places: usize) -> usize {
    places.div_ceil(BITS)
}

/// Takes a place out; says whether it was in.
pub(crate) fn remove(set: &mut [u64], place: usize) -> bool {
    let Some(word) = set.get_mut(place / BITS) else { return false };
    let bit = 1 << (place % BITS);
    let was_in = *word & bit != 0;
    *word &= !bit;
    was_in
}

pub(crate) fn is_empty(set: &[u64]) -> bool {
    set.iter().all(|word| *word == 0)
}

pub(crate) fn count(set: &[u64]) -> usize {
    match set {
        // The usual: to count bits takes longer than to see that there is one.
        [word] if word & word.wrapping_sub(1) == 0 => usize::from(*word != 0),
        _ => set.iter().map(|word| word.count_ones() as usize).sum(),
    }
}

/// All that are in, in their order.
pub(crate) fn all(set: &[u64]) -> impl Iterator<Item = usize> {
    let mut next = first_in(set, 0..usize::MAX);
    core::iter::from_fn(move || {
        let place = next?;
        next = first_in(set, place + 1..usize::MAX);
        Some(place)
    })
}

/// One of those that are in, each with the same chance; where none is, the first place.
pub(crate) fn any(set: &[u64], rng: &mut Rng) -> usize {
    match count(set) {
        0 | 1 => first_in(set, 0..usize::MAX),
        count => all(set).nth(rng.up_to(count as u64 - 1) as usize),
    }
    .unwrap_or(0)
}

/// The first that is in, in the order that begins at `start` and goes on at the beginning.
pub(crate) fn first(set: &[u64], start: usize) -> Option<usize> {
    first_in(set, start..usize::MAX).or_else(|| first_in(set, 0..start))
}

/// The one that comes after `place` in that order.
pub(crate) fn next(set: &[u64], start: usize, place: usize) -> Option<usize> {
    if place < start {
        return first_in(set, place + 1..start);
    }
    first_in(set, place + 1..usize::MAX).or_else(|| first_in(set, 0..start))
}

fn first_in(set: &[u64], range: Range<usize>) -> Option<usize> {
    let mut at = range.start / BITS;
    let mut left = set.get(at)? & u64::MAX << (range.start % BITS);
    while left == 0 {
        at += 1;
        left = *set.get(at)?;
    }
    let place = at * BITS + left.trailing_zeros() as usize;
    (place < range.end).then_some(place)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn insert(set: &mut [u64], place: usize) {
        set[place / BITS] |= 1 << (place % BITS);
    }

    #[test]
    fn what_was_put_in_is_in_until_it_is_taken_out() {
        let mut set = [0; 3];
        let places = [0, 1, 63, 64, 100, 191];
        places.iter().for_each(|place| insert(&mut set, *place));
        assert!(all(&set).eq(places) && count(&set) == 6 && !is_empty(&set));
        assert!(remove(&mut set, 63) && !remove(&mut set, 63) && !remove(&mut set, 192));
        assert!(all(&set).eq([0, 1, 64, 100, 191]));
        assert_eq!([0, 1, 8, 9, u64::MAX].map(|word| count(&[word])), [0, 1, 1, 2, 64]);
        assert!(is_empty(&[]) && is_empty(&[0; 2]) && !is_empty(&[0, 2]));
        assert_eq!((words_for(0), words_for(64), words_for(65)), (0, 1, 2));
    }

    #[test]
    fn an_order_begins_anywhere_and_has_each_once() {
        let mut set = [0; 3];
        let places = [3, 63, 64, 130];
        places.iter().for_each(|place| insert(&mut set, *place));
        for start in 0..200 {
            let order: Vec<usize> =
                core::iter::successors(first(&set, start), |place| next(&set, start, *place))
                    .collect();
            let mut expected = places;
            expected.rotate_left(places.iter().filter(|place| **place < start).count() % 4);
            assert_eq!(order, expected, "from {start} on");
        }
        assert_eq!((first(&[0; 3], 5), first(&[], 0)), (None, None));
    }
}
