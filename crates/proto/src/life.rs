//! The course of a machine's life: not yet started, running, closing, done.

use core::time::Duration;

use crate::{Action, Instant, Summary};

/// Where a machine is in its life, and what it has counted so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    /// `None` until the first `handle_timeout`.
    started: Option<Instant>,
    closing: bool,
    done: bool,
    pub(crate) counts: Summary,
}

impl Life {
    /// Starts it, if this is the first call: then it says so.
    pub(crate) fn start(&mut self, now: Instant) -> bool {
        let first = self.started.is_none();
        self.started.get_or_insert(now);
        first
    }

    pub(crate) fn started(&self) -> Option<Instant> {
        self.started
    }

    /// Asks for the end. There is no way back from it.
    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    pub(crate) fn is_open(&self) -> bool {
        !(self.closing || self.done)
    }

    pub(crate) fn finish(&mut self, now: Instant) -> Action<'static> {
        self.done = true;
        Action::Done(self.summary(now))
    }

    pub(crate) fn summary(&self, now: Instant) -> Summary {
        let elapsed = self.started.map_or(Duration::ZERO, |started| now - started);
        Summary { elapsed, ..self.counts }
    }

    /// When the machine is to be called, if `next` is its next business while it runs.
    pub(crate) fn deadline(&self, next: Option<Instant>) -> Option<Instant> {
        if self.done {
            None
        } else if self.started.is_none() || self.closing {
            Some(Instant::ZERO)
        } else {
            next
        }
    }
}
