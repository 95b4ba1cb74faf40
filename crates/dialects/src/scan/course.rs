//! The course of a machine: not yet started, running, closing, done; and what it has counted.

use core::time::Duration;

use mcast_proto::{Action, Doubts, Instant, Summary};

#[derive(Debug, Clone, Default)]
pub(crate) struct Course {
    /// `None` until the first `handle_timeout`.
    started: Option<Instant>,
    closing: bool,
    done: bool,
    pub(crate) counts: Summary,
}

impl Course {
    /// Starts it, if this is the first call: then it says so.
    pub(crate) fn start(&mut self, now: Instant) -> bool {
        let is_first = self.started.is_none();
        self.started.get_or_insert(now);
        is_first
    }

    pub(crate) fn started(&self) -> Option<Instant> {
        self.started
    }

    /// Asks for the end. What asked for it first is the reason for a doubt.
    pub(crate) fn close_for(&mut self, reason: Doubts) {
        if self.is_open() {
            self.counts.doubts |= reason;
        }
        self.closing = true;
    }

    pub(crate) fn is_open(&self) -> bool {
        !(self.closing || self.done)
    }

    /// Whether it was started, and not yet asked to end.
    pub(crate) fn is_running(&self) -> bool {
        self.started.is_some() && self.is_open()
    }

    /// A datagram that is of no use: malformed, from nobody, or without room.
    pub(crate) fn ignore(&mut self) {
        self.counts.ignored += 1;
    }

    /// There was no room for somebody.
    pub(crate) fn lack_room(&mut self) {
        self.counts.doubts |= Doubts::NO_ROOM;
    }

    /// The operating system dropped datagrams before they were read.
    pub(crate) fn drop_datagrams(&mut self, datagrams: u64) {
        if self.is_running() && datagrams > 0 {
            self.counts.dropped = self.counts.dropped.saturating_add(datagrams);
            self.counts.doubts |= Doubts::DROPPED;
        }
    }

    pub(crate) fn finish(&mut self, now: Instant) -> Action<'static> {
        self.closing = true;
        self.done = true;
        Action::Done(self.summary(now))
    }

    pub(crate) fn summary(&self, now: Instant) -> Summary {
        let mut summary = self.counts;
        summary.elapsed = self.started.map_or(Duration::ZERO, |started| now - started);
        summary
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
    fn it_starts_once_closes_once_and_is_done_once() {
        let mut course = Course::default();
        assert!(course.is_open() && !course.is_running());
        assert_eq!(course.deadline(None), Some(Instant::AT_ONCE));
        assert!(course.start(Instant::from_millis(5)) && !course.start(Instant::from_millis(7)));
        assert!(course.is_running());
        let next = Some(Instant::from_millis(9));
        assert_eq!((course.deadline(next), course.deadline(None)), (next, None));
        course.close_for(Doubts::COUNT);
        course.close_for(Doubts::CLOSED);
        assert_eq!(course.counts.doubts, Doubts::COUNT);
        assert_eq!(course.deadline(next), Some(Instant::AT_ONCE));
        let done = course.finish(Instant::from_millis(8));
        let Action::Done(summary) = done else { panic!("not done") };
        assert_eq!(summary.elapsed, Duration::from_millis(3));
        assert_eq!(course.deadline(next), None);
    }

    #[test]
    fn drops_are_counted_while_it_runs() {
        let mut course = Course::default();
        course.drop_datagrams(1);
        course.start(Instant::ZERO);
        course.drop_datagrams(0);
        assert_eq!(course.counts, Summary::default());
        course.drop_datagrams(1);
        course.drop_datagrams(u64::MAX);
        assert_eq!((course.counts.dropped, course.counts.doubts), (u64::MAX, Doubts::DROPPED));
    }
}
