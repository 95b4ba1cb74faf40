//! The course of a machine's life: not yet started, running, closing, done.

use core::time::Duration;

use crate::{Action, Doubts, Instant, Summary};

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

    /// Asks for the end, which then is the reason for a doubt; if it was not asked for before.
    pub(crate) fn close_for(&mut self, reason: Doubts) {
        if self.is_open() {
            self.counts.doubts |= reason;
        }
        self.close();
    }

    pub(crate) fn is_open(&self) -> bool {
        !(self.closing || self.done)
    }

    /// Whether it was started, and not yet asked to end.
    pub(crate) fn is_running(&self) -> bool {
        self.started.is_some() && self.is_open()
    }

    /// The operating system dropped datagrams before they were read.
    pub(crate) fn drop_datagrams(&mut self, datagrams: u64) {
        if self.is_running() && datagrams > 0 {
            self.counts.dropped = self.counts.dropped.saturating_add(datagrams);
            self.counts.doubts |= Doubts::DROPPED;
        }
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
            Some(Instant::AT_ONCE)
        } else {
            next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_counted_as_far_as_a_number_goes_while_it_runs() {
        let mut life = Life::default();
        life.drop_datagrams(1);
        assert_eq!(life.counts, Summary::default());
        life.start(Instant::ZERO);
        life.drop_datagrams(0);
        assert_eq!(life.counts, Summary::default());
        life.drop_datagrams(1);
        life.drop_datagrams(u64::MAX);
        assert_eq!((life.counts.dropped, life.counts.doubts), (u64::MAX, Doubts::DROPPED));
        life.close();
        life.counts.dropped = 0;
        life.drop_datagrams(1);
        assert_eq!(life.counts.dropped, 0);
    }
}
