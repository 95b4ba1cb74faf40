//! What is said too often to be shown line by line, summed up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_proto::{Event, Instant};

use super::field::Time;
use super::look::Look;
use super::text;
use crate::throttle::{Sum, Throttle};

/// The sums of a run. Two that are cloned are one.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    throttle: Arc<Mutex<Throttle>>,
    clock: Clock,
    look: Look,
}

impl Sums {
    pub(super) fn new(look: Look) -> Sums {
        Sums { throttle: Arc::default(), clock: Clock::new(), look }
    }

    /// Whether an event is to have its line. Before that it appends the sums that are due.
    pub(super) fn admits(
        &self,
        buffer: &mut Vec<u8>,
        event: &Event<'_>,
        interface: Option<&str>,
    ) -> bool {
        let (from, is_answered) = match event {
            Event::Asked { from, refused, .. } => (from, Some(refused.is_none())),
            Event::Message { from, .. } => (from, None),
            // Who is there is told once.
            Event::Found(_) | Event::Changed { .. } | Event::Lost { .. } => return true,
        };
        let now = self.clock.now();
        let mut throttle = self.lock();
        self.append_due(buffer, &mut throttle, now);
        throttle.admits(now, from, interface, is_answered)
    }

    /// Appends the sums that are due, and says when the next ones may be.
    pub(super) fn append(&self, buffer: &mut Vec<u8>) -> Option<Duration> {
        self.append_due(buffer, &mut self.lock(), self.clock.now())
    }

    /// Appends all that was not summed up yet.
    pub(super) fn append_rest(&self, buffer: &mut Vec<u8>) {
        self.lock().end(self.clock.now(), |sum| self.append_sum(buffer, &sum));
    }

    fn append_due(
        &self,
        buffer: &mut Vec<u8>,
        throttle: &mut Throttle,
        now: Instant,
    ) -> Option<Duration> {
        let remains = throttle.remains(now)?;
        if remains > Duration::ZERO {
            return Some(remains);
        }
        throttle.end(now, |sum| self.append_sum(buffer, &sum));
        None
    }

    fn append_sum(&self, buffer: &mut Vec<u8>, sum: &Sum<'_>) {
        text::sum(buffer, self.look, Time(Clock::wall()), sum);
    }

    fn lock(&self) -> MutexGuard<'_, Throttle> {
        // A panic elsewhere leaves it whole enough to count on.
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
