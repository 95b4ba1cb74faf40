//! Those whom the next answer to the group is for.

use alloc::vec::Vec;
use core::time::Duration;

use super::asking::GROUP_GAP;
use crate::Instant;
use crate::rng::Rng;
use crate::wire::MAX_SESSIONS;

/// The sessions that asked for an answer to the group since the last one. One answer serves many; where
/// more asked than it can name, each has the same chance, so that nobody who asks much keeps others out.
#[derive(Debug, Clone)]
pub(super) struct Audience {
    /// Each with the round that it asked in. A session that asked in two rounds is two: the one may be
    /// somebody's who made it up in the other's name.
    sessions: Vec<(u64, u16)>,
    /// How many asked.
    asked: u64,
    due: Option<Instant>,
    /// Where in a window the next answer is, in parts of 2^32. It is the same in each window: the answers
    /// of many responders to many who ask are then spread as far as those to one.
    spot: u64,
    last: Option<Instant>,
}

impl Audience {
    pub(super) fn new() -> Audience {
        let sessions = Vec::with_capacity(MAX_SESSIONS);
        Audience { sessions, asked: 0, due: None, spot: 0, last: None }
    }

    /// A session asks, for an answer within this window. It comes as soon as anybody is to have it, so
    /// that who asks for a late one keeps nobody waiting.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        session: (u64, u16),
        window: Duration,
        rng: &mut Rng,
    ) {
        if self.due.is_none() {
            self.spot = rng.next() >> 32;
        }
        let soonest = self.last.map_or(now, |last| last + GROUP_GAP);
        let nanos = (window.as_nanos() * u128::from(self.spot)) >> 32;
        let due = (now + Duration::from_nanos(nanos as u64)).max(soonest);
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
        if self.sessions.contains(&session) {
            return;
        }
        self.asked += 1;
        if self.sessions.len() < MAX_SESSIONS {
            self.sessions.push(session);
            return;
        }
        // Reservoir sampling (Vitter's algorithm R).
        let place = rng.up_to(self.asked - 1);
        if let Some(other) = self.sessions.get_mut(place as usize) {
            *other = session;
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes out, once an answer is due, those whom it is for: so many of them, at random, at the most.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        most: usize,
        rng: &mut Rng,
    ) -> Option<impl Iterator<Item = (u64, u16)>> {
        self.due.take_if(|due| *due <= now)?;
        (self.last, self.asked) = (Some(now), 0);
        while self.sessions.len() > most {
            self.sessions.swap_remove(rng.up_to(self.sessions.len() as u64 - 1) as usize);
        }
        Some(self.sessions.drain(..))
    }

    pub(super) fn clear(&mut self) {
        self.sessions.clear();
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(24);

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn one_answer_serves_all_who_ask_until_it_is_due_and_the_next_comes_no_sooner_than_the_gap() {
        let mut rng = Rng::new(1);
        let mut audience = Audience::new();
        audience.ask(at(0), (7, 1), WINDOW, &mut rng);
        let due = audience.due().unwrap();
        assert!(due > at(0) && due <= at(24));
        audience.ask(at(0), (8, 3), WINDOW, &mut rng);
        audience.ask(at(0), (7, 1), WINDOW, &mut rng);
        assert_eq!(audience.due(), Some(due));
        assert!(audience.take_due(at(0), 64, &mut rng).is_none());
        let served: Vec<_> = audience.take_due(due, 64, &mut rng).unwrap().collect();
        assert_eq!(served, [(7, 1), (8, 3)]);
        assert_eq!(audience.due(), None);
        audience.ask(due, (7, 3), Duration::ZERO, &mut rng);
        assert_eq!(audience.due(), Some(due + GROUP_GAP));
        audience.clear();
        assert_eq!(audience.due(), None);
        audience.ask(due, (9, 1), Duration::ZERO, &mut rng);
        let served: Vec<_> = audience.take_due(due + GROUP_GAP, 64, &mut rng).unwrap().collect();
        assert_eq!(served, [(9, 1)]);
    }

    #[test]
    fn who_asks_for_a_late_answer_keeps_nobody_waiting() {
        let mut rng = Rng::new(2);
        for _ in 0..100 {
            let mut audience = Audience::new();
            audience.ask(at(0), (7, 1), Duration::from_secs(10), &mut rng);
            audience.ask(at(1), (8, 1), WINDOW, &mut rng);
            assert!(audience.due() <= Some(at(25)));
        }
    }

    #[test]
    fn many_who_ask_at_once_get_their_answers_over_the_whole_window() {
        let mut rng = Rng::new(3);
        let mut quarters = [0u32; 4];
        for _ in 0..1_000 {
            let mut audience = Audience::new();
            (0..50).for_each(|txn| audience.ask(at(0), (txn, 1), WINDOW, &mut rng));
            let due = audience.due().unwrap() - at(0);
            quarters[(due.as_nanos() * 4 / WINDOW.as_nanos()) as usize] += 1;
        }
        assert!(quarters.iter().all(|n| (200..300).contains(n)), "{quarters:?}");
    }

    #[test]
    fn a_round_that_was_made_up_in_a_sessions_name_does_not_take_its_place() {
        let mut rng = Rng::new(4);
        let mut audience = Audience::new();
        for round in [1, 60_000, 1, 2] {
            audience.ask(at(0), (7, round), WINDOW, &mut rng);
        }
        let served: Vec<_> = audience.take_due(at(24), 64, &mut rng).unwrap().collect();
        assert_eq!(served, [(7, 1), (7, 60_000), (7, 2)]);
    }

    #[test]
    fn of_many_each_has_the_same_chance_however_few_are_named() {
        let mut rng = Rng::new(5);
        for (asking, named) in [(256, 64), (256, 8), (64, 8)] {
            let mut served = [0u32; 4];
            for _ in 0..500 {
                let mut audience = Audience::new();
                (0..asking).for_each(|txn| audience.ask(at(0), (txn, 1), Duration::ZERO, &mut rng));
                let taken: Vec<_> = audience.take_due(at(0), named, &mut rng).unwrap().collect();
                assert_eq!(taken.len(), named);
                taken.iter().for_each(|(txn, _)| served[(*txn * 4 / asking) as usize] += 1);
            }
            let mean = 125 * named as u32;
            let usual = mean * 9 / 10..=mean * 11 / 10;
            assert!(served.iter().all(|n| usual.contains(n)), "{asking}, {named}: {served:?}");
        }
    }
}
