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
    /// Each with the round that it asked in.
    sessions: Vec<(u64, u16)>,
    /// How many asked.
    asked: u64,
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Audience {
    pub(super) fn new() -> Audience {
        Audience { sessions: Vec::with_capacity(MAX_SESSIONS), asked: 0, due: None, last: None }
    }

    /// A session asks, for an answer within this window.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        (txn, round): (u64, u16),
        window: Duration,
        rng: &mut Rng,
    ) {
        let soonest = self.last.map_or(now, |last| last + GROUP_GAP);
        self.due.get_or_insert((now + rng.within(window)).max(soonest));
        if let Some(session) = self.sessions.iter_mut().find(|(asker, _)| *asker == txn) {
            session.1 = round;
            return;
        }
        self.asked += 1;
        if self.sessions.len() < MAX_SESSIONS {
            self.sessions.push((txn, round));
            return;
        }
        // Reservoir sampling (Vitter's algorithm R).
        let place = rng.up_to(self.asked - 1);
        if let Some(session) = self.sessions.get_mut(place as usize) {
            *session = (txn, round);
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes out, once an answer is due, so many of those whom it is for.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        most: usize,
    ) -> Option<impl Iterator<Item = (u64, u16)>> {
        self.due.take_if(|due| *due <= now)?;
        (self.last, self.asked) = (Some(now), 0);
        // Which places are taken is random, but for those who came while there was room.
        let surplus = self.sessions.len().saturating_sub(most);
        Some(self.sessions.drain(..).skip(surplus))
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
        assert!(due <= at(24));
        audience.ask(at(0), (8, 3), Duration::ZERO, &mut rng);
        audience.ask(at(0), (7, 2), WINDOW, &mut rng);
        assert_eq!(audience.due(), Some(due));
        assert!(due == at(0) || audience.take_due(at(0), 64).is_none());
        let served: Vec<_> = audience.take_due(due, 64).unwrap().collect();
        assert_eq!(served, [(7, 2), (8, 3)]);
        assert_eq!(audience.due(), None);
        audience.ask(due, (7, 3), Duration::ZERO, &mut rng);
        assert_eq!(audience.due(), Some(due + GROUP_GAP));
        audience.clear();
        assert_eq!(audience.due(), None);
    }

    #[test]
    fn of_many_each_has_the_same_chance() {
        let mut rng = Rng::new(2);
        let mut served = [0u32; 4];
        for _ in 0..1_000 {
            let mut audience = Audience::new();
            (0..256).for_each(|txn| audience.ask(at(0), (txn, 1), Duration::ZERO, &mut rng));
            let named: Vec<_> = audience.take_due(at(0), 64).unwrap().collect();
            assert_eq!(named.len(), 64);
            named.iter().for_each(|(txn, _)| served[*txn as usize / 64] += 1);
        }
        assert!(served.iter().all(|n| (15_000..17_000).contains(n)), "{served:?}");
    }
}
