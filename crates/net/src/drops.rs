//! How many datagrams the system drops, while a run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mcast_proto::Instant;

/// How old the number may be: asking the system costs a call for each socket.
const STALE: Duration = Duration::from_millis(100);

/// Tells, from anywhere, how many datagrams the system dropped because a run did not read them in
/// time. See [`Endpoint::drops`](crate::Endpoint::drops).
#[derive(Debug, Clone, Default)]
pub struct Drops(Arc<AtomicU64>);

impl Drops {
    /// The number so far, as it was a tenth of a second before the run last woke, or later; 0 where
    /// the system does not say.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps [`Drops`] up to date, where somebody looks at them.
#[derive(Debug, Default)]
pub(crate) struct DropsKeeper {
    drops: Drops,
    noted: Option<Instant>,
}

impl DropsKeeper {
    pub(crate) fn drops(&self) -> Drops {
        self.drops.clone()
    }

    /// Takes down what `count` counts, if that is due.
    pub(crate) fn note(&mut self, now: Instant, count: impl FnOnce() -> u64) {
        let is_watched = Arc::strong_count(&self.drops.0) > 1;
        if is_watched && self.noted.is_none_or(|noted| now - noted >= STALE) {
            self.drops.0.store(count(), Ordering::Relaxed);
            self.noted = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_asked_only_for_those_who_look_and_not_all_the_time() {
        let mut keeper = DropsKeeper::default();
        keeper.note(Instant::ZERO, || panic!("nobody looks"));
        let drops = keeper.drops();
        keeper.note(Instant::ZERO, || 7);
        keeper.note(Instant::from_millis(99), || panic!("it is fresh"));
        assert_eq!(drops.total(), 7);
        keeper.note(Instant::from_millis(100), || 8);
        assert_eq!(drops.total(), 8);
    }
}
