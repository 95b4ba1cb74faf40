//! Sending to a group, once or at a steady pace.

use alloc::vec::Vec;
use core::time::Duration;

use crate::life::Life;
use crate::{Action, Arrival, Destination, Instant, Machine, Message, Summary};

/// What a [`Sender`] sends, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The datagram's bytes.
    pub payload: Vec<u8>,
    /// How many times in all; `None`: until it is closed.
    pub count: Option<u64>,
    /// The time from one to the next, kept on average: a send that comes late does not put off those
    /// after it. Without a count it is a millisecond at the least.
    pub every: Duration,
}

impl Default for Sending {
    /// An empty datagram, once.
    fn default() -> Sending {
        Sending { payload: Vec::new(), count: Some(1), every: Duration::from_secs(1) }
    }
}

/// Sends to the group.
#[derive(Debug, Clone)]
pub struct Sender {
    config: Sending,
    life: Life,
    next: Instant,
}

impl Sender {
    /// A sender that starts at the first [`Machine::handle_timeout`].
    pub fn new(mut config: Sending) -> Sender {
        if config.count.is_none() {
            config.every = config.every.max(Duration::from_millis(1));
        }
        Sender { config, life: Life::default(), next: Instant::ZERO }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }

    fn all_sent(&self) -> bool {
        self.config.count.is_some_and(|count| self.life.counts.sent >= count)
    }
}

impl Machine for Sender {
    /// A sender hears nothing.
    fn handle_datagram<'d>(
        &mut self,
        _now: Instant,
        _arrival: Arrival,
        _datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.life.counts.ignored += 1;
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            self.next = now;
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if self.all_sent() || !self.life.is_open() {
            return Some(self.life.finish(now));
        }
        self.next = self.next + self.config.every;
        self.life.counts.sent += 1;
        let message = Message::Plain(&self.config.payload);
        Some(Action::Send { to: Destination::GROUP, message })
    }

    fn deadline(&self) -> Option<Instant> {
        // The end comes with the last datagram, not a pause later.
        let next = if self.all_sent() { Instant::AT_ONCE } else { self.next };
        self.life.deadline(Some(next))
    }

    fn close(&mut self, _now: Instant) {
        self.life.close();
    }
}

#[cfg(test)]
mod tests;
