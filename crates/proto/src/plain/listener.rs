//! Hearing whatever is sent to a group.

use core::time::Duration;

use crate::life::Life;
use crate::{Action, Arrival, Cast, Event, Instant, Machine, Protocol, Summary};

/// When a [`Listener`] ends. The default is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Listening {
    /// After this many datagrams.
    pub count: Option<u64>,
    /// After this long without a datagram.
    pub silence: Option<Duration>,
}

/// Reports every datagram.
#[derive(Debug, Clone)]
pub struct Listener {
    config: Listening,
    life: Life,
    last_heard: Instant,
}

impl Listener {
    /// A listener that starts at the first [`Machine::handle_timeout`].
    pub fn new(config: Listening) -> Listener {
        Listener { config, life: Life::default(), last_heard: Instant::ZERO }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }
}

impl Machine for Listener {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if !self.life.is_open() {
            return None;
        }
        self.life.counts.received += 1;
        self.last_heard = now;
        if self.config.count.is_some_and(|count| self.life.counts.received >= count) {
            self.life.close();
        }
        let group = match arrival.cast {
            Cast::Group(group) => Some(group),
            Cast::Unicast | Cast::Unknown => None,
        };
        let (protocol, from, payload) = (Protocol::PLAIN, arrival.from, datagram);
        Some(Action::Emit(Event::Message { protocol, from, group, payload }))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            self.last_heard = now;
        }
        let over = self.deadline().is_some_and(|end| end <= now);
        over.then(|| self.life.finish(now))
    }

    fn deadline(&self) -> Option<Instant> {
        self.life.deadline(self.config.silence.map(|silence| self.last_heard + silence))
    }

    fn close(&mut self, _now: Instant) {
        self.life.close();
    }
}

#[cfg(test)]
mod tests;
