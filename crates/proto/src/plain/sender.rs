//! Sending to a group, once or at a steady pace.

use alloc::vec::Vec;
use core::time::Duration;

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

/// Sends to the group.
#[derive(Debug, Clone)]
pub struct Sender {
    config: Sending,
    started: Option<Instant>,
    next: Instant,
    closing: bool,
    done: bool,
    summary: Summary,
}

impl Sender {
    /// A sender that starts at the first [`Machine::handle_timeout`].
    pub fn new(mut config: Sending) -> Sender {
        if config.count.is_none() {
            config.every = config.every.max(Duration::from_millis(1));
        }
        Sender {
            config,
            started: None,
            next: Instant::ZERO,
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

    fn ended(&self) -> bool {
        self.closing || self.config.count.is_some_and(|count| self.summary.sent >= count)
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
        self.summary.ignored += u64::from(!self.done);
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.started.is_none() {
            self.started = Some(now);
            self.next = now;
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if self.ended() {
            self.done = true;
            return Some(Action::Done(self.summary(now)));
        }
        self.next = self.next + self.config.every;
        self.summary.sent += 1;
        let message = Message::Plain(&self.config.payload);
        Some(Action::Send { to: Destination::Group, message })
    }

    fn deadline(&self) -> Option<Instant> {
        if self.done {
            None
        } else if self.started.is_none() || self.ended() {
            Some(Instant::ZERO)
        } else {
            Some(self.next)
        }
    }

    fn close(&mut self, _now: Instant) {
        self.closing = true;
    }
}
