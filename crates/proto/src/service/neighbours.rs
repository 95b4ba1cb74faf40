//! Other watchers of the same service.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::Instant;
use crate::wire::Query;

/// Queries of others that are remembered.
const MOST: usize = 16;
/// A watcher that asked within this, half of the usual lease, is still there.
const LATELY: Duration = Duration::from_secs(60);
/// For how long answers to one may come.
const ANSWERED_WITHIN: Duration = Duration::from_secs(15);

/// What other watchers asked lately: answers that they asked to be sent to all count here too.
#[derive(Debug, Clone, Default)]
pub(super) struct Neighbours {
    /// Sessions that asked for answers to the group, and when they did so last.
    sessions: VecDeque<(u64, Instant)>,
    heard: Option<Instant>,
}

impl Neighbours {
    /// Another watcher asked.
    pub(super) fn heard(&mut self, now: Instant, query: &Query<'_>) {
        self.heard = Some(now);
        if !query.multicast_reply {
            return;
        }
        if let Some(session) = self.sessions.iter_mut().find(|(txn, _)| *txn == query.txn) {
            session.1 = now;
            return;
        }
        if self.sessions.len() == MOST {
            self.sessions.pop_front();
        }
        self.sessions.push_back((query.txn, now));
    }

    /// Whether a session asked, lately enough for an answer to come now, for answers to all.
    pub(super) fn asked(&self, now: Instant, txn: u64) -> bool {
        self.sessions.iter().any(|(asked, at)| *asked == txn && now - *at <= ANSWERED_WITHIN)
    }

    /// Whether there is another watcher, so that one asking can serve both.
    pub(super) fn watch_too(&self, now: Instant) -> bool {
        self.heard.is_some_and(|heard| now - heard <= LATELY)
    }
}
