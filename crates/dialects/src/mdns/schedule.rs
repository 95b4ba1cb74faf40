//! When something is due of whom.

use alloc::collections::BTreeSet;

use mcast_proto::Instant;

/// Whose turn is when, each at one time at the most.
#[derive(Debug, Clone)]
pub(super) struct Schedule<T> {
    turns: BTreeSet<(Instant, T)>,
}

impl<T: Ord + Copy> Schedule<T> {
    /// Nobody's turn.
    pub(super) fn new() -> Schedule<T> {
        Schedule { turns: BTreeSet::new() }
    }

    /// When the next turn is.
    pub(super) fn next(&self) -> Option<Instant> {
        self.turns.first().map(|(due, _)| *due)
    }

    /// Brings a turn forward to a time, where it is later or there is none. A turn that comes too early does no
    /// harm, so that it is never put off, which would cost an allocation for each lease that is renewed.
    pub(super) fn bring_forward(&mut self, turn: &mut Option<Instant>, due: Instant, whose: T) {
        if turn.is_some_and(|turn| turn <= due) || due == Instant::FAR_FUTURE {
            return;
        }
        self.cancel(turn, whose);
        *turn = Some(due);
        self.turns.insert((due, whose));
    }

    /// There is no turn any more.
    pub(super) fn cancel(&mut self, turn: &mut Option<Instant>, whose: T) {
        if let Some(due) = turn.take() {
            self.turns.remove(&(due, whose));
        }
    }

    /// The next whose turn it is. The caller notes that it has none any more.
    pub(super) fn take(&mut self, now: Instant) -> Option<T> {
        self.next().filter(|due| *due <= now)?;
        self.turns.pop_first().map(|(_, whose)| whose)
    }
}

#[cfg(test)]
impl<T> Schedule<T> {
    pub(super) fn len(&self) -> usize {
        self.turns.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn turns_come_in_order_and_are_brought_forward_and_never_put_off() {
        let mut schedule = Schedule::new();
        let mut turns = [None; 3];
        for (whose, due) in [(0, 30), (1, 20), (2, 10), (0, 5), (1, 50)] {
            schedule.bring_forward(&mut turns[whose], at(due), whose);
        }
        schedule.bring_forward(&mut turns[2], Instant::FAR_FUTURE, 2);
        assert_eq!(turns, [Some(at(5)), Some(at(20)), Some(at(10))]);
        assert_eq!((schedule.next(), schedule.take(at(4))), (Some(at(5)), None));
        assert_eq!((schedule.take(at(9)), schedule.take(at(9))), (Some(0), None));
        schedule.cancel(&mut turns[2], 2);
        schedule.cancel(&mut turns[2], 2);
        assert_eq!(
            (schedule.take(at(99)), schedule.take(at(99)), schedule.next()),
            (Some(1), None, None)
        );
    }
}
