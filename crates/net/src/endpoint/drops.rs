//! How many datagrams the system drops, while a run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mcast_proto::Instant;

/// How old the number may be: asking the system costs a call for each socket. A machine that asks many
/// slows down by it, fifty times a second at the most.
const STALE: Duration = Duration::from_millis(20);

/// Tells, from anywhere, how many datagrams the system dropped because a run did not read them in
/// time. See [`Endpoint::drops`](crate::Endpoint::drops).
#[derive(Debug, Clone, Default)]
pub struct Drops(Arc<AtomicU64>);

impl Drops {
    /// The number so far, as it was 20 ms before the run last woke, or later; 0 where the system does
    /// not say.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps [`Drops`] up to date.
#[derive(Debug, Default)]
pub(crate) struct DropsKeeper {
    drops: Drops,
    noted: Option<Instant>,
}

impl DropsKeeper {
    pub(crate) fn drops(&self) -> Drops {
        self.drops.clone()
    }

    /// Takes down what `count` counts, if that is due, and returns by how much it has grown.
    pub(crate) fn note(&mut self, now: Instant, count: impl FnOnce() -> u64) -> u64 {
        if self.noted.is_some_and(|noted| now - noted < STALE) {
            return 0;
        }
        self.noted = Some(now);
        let total = count();
        total.saturating_sub(self.drops.0.swap(total, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_asked_now_and_then() {
        let mut keeper = DropsKeeper::default();
        let drops = keeper.drops();
        assert_eq!(keeper.note(Instant::ZERO, || 7), 7);
        assert_eq!(keeper.note(Instant::from_millis(19), || panic!("it is fresh")), 0);
        assert_eq!(drops.total(), 7);
        assert_eq!(keeper.note(Instant::from_millis(20), || 9), 2);
        assert_eq!(drops.total(), 9);
    }
}
