//! Other watchers of the same service.

use core::time::Duration;

use crate::Instant;

/// A watcher that asked within this, half of the usual lease, is still there.
const LATELY: Duration = Duration::from_secs(60);

/// Whether others watch too: then answers are asked for to the group, where one serves all who ask at
/// about the same time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Neighbours {
    heard: Option<Instant>,
}

impl Neighbours {
    /// Another watcher asked.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = Some(now);
    }

    /// Whether there is another watcher, so that one asking can serve both.
    pub(crate) fn watch_too(&self, now: Instant) -> bool {
        self.heard.is_some_and(|heard| now - heard <= LATELY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_watcher_is_there_for_a_minute_after_it_asked() {
        let mut neighbours = Neighbours::default();
        assert!(!neighbours.watch_too(Instant::ZERO));
        neighbours.heard(Instant::from_millis(1_000));
        assert!(neighbours.watch_too(Instant::from_millis(61_000)));
        assert!(!neighbours.watch_too(Instant::from_millis(61_001)));
    }
}
