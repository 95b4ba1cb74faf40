//! What of many is due first.

use alloc::vec::Vec;

use crate::Instant;

/// When each of a machine's services has something to do: a binary heap in which each has one entry at the
/// most, so that another time takes the place of the one before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers {
    /// By time, and of equal times by place.
    heap: Vec<(Instant, u16)>,
    /// Where in the heap each place is.
    spots: Vec<Option<u16>>,
}

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers::default()
    }

    /// Makes room for so many places.
    pub(crate) fn grow(&mut self, places: usize) {
        self.spots.resize(places, None);
        self.heap.reserve(places.saturating_sub(self.heap.len()));
    }

    /// What is due first.
    pub(crate) fn first(&self) -> Option<(Instant, usize)> {
        self.heap.first().map(|(due, place)| (*due, usize::from(*place)))
    }

    pub(crate) fn get(&self, place: usize) -> Option<Instant> {
        let spot = (*self.spots.get(place)?)?;
        self.heap.get(usize::from(spot)).map(|(due, _)| *due)
    }

    /// Says when a place is due from now on; `None`: never.
    pub(crate) fn set(&mut self, place: usize, due: Option<Instant>) {
        let Some(spot) = self.spots.get(place) else { return };
        match (*spot, due) {
            (Some(spot), Some(due)) => {
                let spot = usize::from(spot);
                if let Some(entry) = self.heap.get_mut(spot) {
                    entry.0 = due;
                }
                self.settle(spot);
            }
            (None, Some(due)) => {
                let spot = self.heap.len();
                self.heap.push((due, place as u16));
                self.note(spot);
                self.settle(spot);
            }
            (Some(spot), None) => {
                let spot = usize::from(spot);
                self.swap(spot, self.heap.len().saturating_sub(1));
                self.heap.pop();
                if let Some(spot) = self.spots.get_mut(place) {
                    *spot = None;
                }
                self.settle(spot);
            }
            (None, None) => {}
        }
    }

    /// Moves what is at a spot to where it belongs.
    fn settle(&mut self, mut spot: usize) {
        if spot >= self.heap.len() {
            return;
        }
        while spot > 0 && self.heap.get(spot) < self.heap.get((spot - 1) / 2) {
            self.swap(spot, (spot - 1) / 2);
            spot = (spot - 1) / 2;
        }
        loop {
            // A spot that is not there is no smaller than any.
            let key =
                |spot: usize| self.heap.get(spot).map_or((true, None), |it| (false, Some(it)));
            let (left, right) = (2 * spot + 1, 2 * spot + 2);
            let child = if key(right) < key(left) { right } else { left };
            if key(child) >= key(spot) {
                return;
            }
            self.swap(spot, child);
            spot = child;
        }
    }

    fn swap(&mut self, one: usize, other: usize) {
        if one < self.heap.len() && other < self.heap.len() {
            self.heap.swap(one, other);
            self.note(one);
            self.note(other);
        }
    }

    fn note(&mut self, spot: usize) {
        if let Some((_, place)) = self.heap.get(spot)
            && let Some(known) = self.spots.get_mut(usize::from(*place))
        {
            *known = Some(spot as u16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn the_first_is_the_first_of_all_whatever_was_set_before() {
        let mut rng = Rng::new(1);
        for places in [1, 2, 3, 40] {
            let mut timers = Timers::new();
            timers.grow(places);
            let mut expected = alloc::vec![None; places];
            for _ in 0..2_000 {
                let place = rng.up_to(places as u64 - 1) as usize;
                let due = Some(Instant::from_millis(rng.up_to(9))).filter(|_| rng.up_to(3) > 0);
                timers.set(place, due);
                expected[place] = due;
                let of = |(place, due): (usize, &Option<Instant>)| due.map(|due| (due, place));
                assert_eq!(timers.first(), expected.iter().enumerate().filter_map(of).min());
                assert!((0..places).all(|place| timers.get(place) == expected[place]));
            }
        }
        let mut timers = Timers::new();
        timers.set(0, Some(Instant::ZERO)); // there is no such place
        assert_eq!((timers.first(), timers.get(0)), (None, None));
    }
}
