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

    fn ms(n: u64) -> Instant {
        Instant::from_millis(n)
    }

    #[test]
    fn it_starts_once_and_counts_its_time_from_there() {
        let mut life = Life::default();
        assert!(life.is_open() && !life.is_running());
        assert_eq!((life.started(), life.summary(ms(9)).elapsed), (None, Duration::ZERO));
        assert_eq!(life.deadline(None), Some(Instant::AT_ONCE));
        assert!(life.start(ms(5)) && !life.start(ms(7)));
        assert!(life.is_open() && life.is_running());
        assert_eq!(life.started(), Some(ms(5)));
        life.counts.found = 3;
        let summary = life.summary(ms(9));
        assert_eq!((summary.found, summary.elapsed), (3, Duration::from_millis(4)));
        assert_eq!((life.deadline(Some(ms(8))), life.deadline(None)), (Some(ms(8)), None));
    }

    #[test]
    fn it_closes_at_once_and_then_it_is_done() {
        let mut life = Life::default();
        life.start(ms(0));
        life.close();
        assert!(!life.is_open() && !life.is_running());
        assert_eq!(life.deadline(Some(ms(8))), Some(Instant::AT_ONCE));
        let Action::Done(summary) = life.finish(ms(9)) else { panic!("not done") };
        assert_eq!((summary.elapsed, summary.doubts), (Duration::from_millis(9), Doubts::NONE));
        assert_eq!(life.deadline(Some(ms(8))), None);
        let mut life = Life::default();
        life.start(ms(0));
        let _done = life.finish(ms(9));
        assert!(!life.is_open() && !life.is_running());
    }

    #[test]
    fn what_closed_it_first_is_the_reason() {
        let mut life = Life::default();
        life.counts.doubts = Doubts::NO_ROOM;
        life.close_for(Doubts::COUNT);
        life.close_for(Doubts::DEADLINE);
        assert!(!life.is_open());
        assert_eq!(life.counts.doubts, Doubts::NO_ROOM | Doubts::COUNT);
    }

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
