//! Hearing whatever is sent to a group.

use core::time::Duration;

use crate::{Action, Arrival, Cast, Event, Instant, Machine, Summary};

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
    started: Option<Instant>,
    last_heard: Instant,
    closing: bool,
    done: bool,
    summary: Summary,
}

impl Listener {
    /// A listener that starts at the first [`Machine::handle_timeout`].
    pub fn new(config: Listening) -> Listener {
        Listener {
            config,
            started: None,
            last_heard: Instant::ZERO,
            closing: false,
            done: false,
            summary: Summary::default(),
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        let elapsed = self.started.map_or(Duration::ZERO, |started| now - started);
        Summary { elapsed, ..self.summary }
    }

    fn all_heard(&self) -> bool {
        self.config.count.is_some_and(|count| self.summary.received >= count)
    }
}

impl Machine for Listener {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if self.closing || self.done || self.all_heard() {
            return None;
        }
        self.summary.received += 1;
        self.last_heard = self.last_heard.max(now);
        let group = match arrival.cast {
            Cast::Group(group) => Some(group),
            Cast::Unicast | Cast::Unknown => None,
        };
        Some(Action::Emit(Event::Message { from: arrival.from, group, payload: datagram }))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.started.is_none() {
            self.started = Some(now);
            self.last_heard = now;
        }
        if self.deadline().is_none_or(|end| end > now) {
            return None;
        }
        self.done = true;
        Some(Action::Done(self.summary(now)))
    }

    fn deadline(&self) -> Option<Instant> {
        if self.done {
            None
        } else if self.started.is_none() || self.closing || self.all_heard() {
            Some(Instant::ZERO)
        } else {
            self.config.silence.map(|silence| self.last_heard + silence)
        }
    }

    fn close(&mut self, _now: Instant) {
        self.closing = true;
    }
}
