//! A run as an iterator: a thread drives the machine, and what it reports is handed over.

use std::iter::FusedIterator;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use mcast_proto::{Machine, OwnedEvent};

use crate::driver::{Driver, Heard, Report};
use crate::error::Error;
use crate::waker::Stopper;

/// How many events may wait to be taken. More than a burst of answers that a person waits for, and a
/// few hundred kilobytes at the most where they are of the usual size.
const BACKLOG: usize = 1024;

/// What a machine reports, one after the other, while a thread of its own runs it: made by
/// [`Driver::into_events`].
///
/// The iterator waits for the next event, and ends when the machine has finished, is stopped, or the
/// run fails; [`finish`](Self::finish) then tells which. Dropping it stops the run and waits until its
/// sockets are closed.
///
/// # When events are not taken in time
///
/// No event is ever dropped. 1024 may wait; then the machine waits too, a responder answers nobody, and
/// what comes in waits in the sockets' buffers. What those can't hold the system drops, which
/// [`Report::kernel_drops`] counts. A stop that is asked for meanwhile comes about as soon as there is
/// room again. So take the events as they come, or let the machine be run by [`Driver::run`], with a
/// function that is quick.
#[derive(Debug)]
pub struct Events {
    /// `None` once nobody wants to hear more.
    heard: Option<Receiver<OwnedHeard>>,
    stopper: Stopper,
    /// `None` once it has been waited for.
    run: Option<JoinHandle<Result<Report, Error>>>,
}

/// An event of [`Events`]: [`Heard`], with everything that it borrowed copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedHeard {
    event: OwnedEvent,
    interface: Option<String>,
}

impl<M: Machine + Send + 'static> Driver<M> {
    /// Starts a thread that runs the machine, and gives what it reports as an iterator.
    ///
    /// ```no_run
    /// use mcast_net::{Driver, Settings};
    /// use mcast_proto::Event;
    /// use mcast_proto::plain::{Discoverer, Discovery};
    ///
    /// let machine = Discoverer::new(Discovery::default(), mcast_net::seed());
    /// let mut events = Driver::open(machine, &Settings::default())?.into_events()?;
    /// for heard in &mut events {
    ///     if let Event::Found(finding) = heard.as_heard().event {
    ///         println!("{} is there", finding.from.remote);
    ///     }
    /// }
    /// let report = events.finish()?;
    /// println!("{} found", report.summary.found);
    /// # Ok::<(), mcast_net::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the system starts no thread. What goes wrong later on is told by [`Events::finish`].
    pub fn into_events(mut self) -> Result<Events, Error> {
        let (sender, heard) = sync_channel(BACKLOG);
        let stopper = self.stopper();
        let run = thread::Builder::new()
            .name("mcast".into())
            .spawn(move || {
                self.run(|heard| {
                    // It fails when the reader is gone, who has asked for the end before that.
                    let _ = sender.send(OwnedHeard::from(heard));
                })
            })
            .map_err(|cause| Error::system("start a thread", cause))?;
        Ok(Events { heard: Some(heard), stopper, run: Some(run) })
    }
}

impl Events {
    /// A handle that ends the run from another thread: the iterator then ends after the events that
    /// are waiting.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Tells what the run did, and ends it first where it goes on. Events that were not taken are
    /// dropped.
    ///
    /// # Errors
    ///
    /// Why the run failed: see [`Driver::run`].
    ///
    /// # Panics
    ///
    /// With the machine's panic, where it panicked.
    pub fn finish(mut self) -> Result<Report, Error> {
        match self.end() {
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => resume_unwind(panic),
            None => unreachable!("only this and the drop that follows it end a run"),
        }
    }

    fn end(&mut self) -> Option<thread::Result<Result<Report, Error>>> {
        self.stopper.stop();
        // Without a reader the thread does not wait for room.
        self.heard = None;
        self.run.take().map(JoinHandle::join)
    }
}

impl Iterator for Events {
    type Item = OwnedHeard;

    fn next(&mut self) -> Option<OwnedHeard> {
        self.heard.as_ref()?.recv().ok()
    }
}

impl FusedIterator for Events {}

impl Drop for Events {
    fn drop(&mut self) {
        // Who drops it does not ask what became of it.
        let _ = self.end();
    }
}

impl OwnedHeard {
    /// What was heard, to be matched on.
    pub fn as_heard(&self) -> Heard<'_> {
        Heard { event: self.event.as_event(), interface: self.interface.as_deref() }
    }
}

impl From<Heard<'_>> for OwnedHeard {
    fn from(heard: Heard<'_>) -> OwnedHeard {
        OwnedHeard { event: heard.event.into(), interface: heard.interface.map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use mcast_proto::plain::{self, Sender, Sending};
    use mcast_proto::{Action, Arrival, Event, Instant, Path, Protocol, Summary};

    use super::*;
    use crate::{Endpoint, ErrorKind, Selector, Settings, interfaces};

    /// An end at which a [`Counter`] panics.
    const PANICS: u64 = u64::MAX - 1;

    /// Reports numbers as fast as they are taken, and sends nothing.
    struct Counter {
        reported: Arc<AtomicU64>,
        bytes: [u8; 8],
        end: u64,
    }

    impl Machine for Counter {
        fn handle_datagram<'d>(
            &mut self,
            _: Instant,
            _: Arrival,
            _: &'d [u8],
        ) -> Option<Action<'d>> {
            None
        }

        fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
            assert!(self.end != PANICS, "as asked");
            let number = self.reported.load(Ordering::SeqCst);
            if number >= self.end {
                let mut summary = Summary::default();
                summary.received = number;
                return Some(Action::Done(summary));
            }
            self.reported.store(number + 1, Ordering::SeqCst);
            self.bytes = number.to_le_bytes();
            let from = Path::new(([127, 0, 0, 1], 1).into());
            let (protocol, payload) = (Protocol::PLAIN, &self.bytes);
            Some(Action::Emit(Event::Message { protocol, from, group: None, payload }))
        }

        fn deadline(&self) -> Option<Instant> {
            Some(Instant::ZERO)
        }

        fn close(&mut self, _: Instant) {
            self.end = 0;
        }
    }

    /// Sockets on the loopback interface alone.
    fn endpoint() -> Endpoint {
        let loopback = interfaces().unwrap().into_iter().find(|i| i.loopback).unwrap();
        let interfaces = vec![Selector::Index(loopback.index)];
        let groups = vec![(plain::GROUP_V4, plain::PORT).into()];
        Endpoint::asker(&Settings { groups, interfaces, ..Settings::default() }).unwrap()
    }

    fn count_to(end: u64) -> (Events, Arc<AtomicU64>) {
        let reported = Arc::new(AtomicU64::new(0));
        let machine = Counter { reported: reported.clone(), bytes: [0; 8], end };
        (Driver::new(machine, endpoint()).into_events().unwrap(), reported)
    }

    fn until(what: &str, condition: impl Fn() -> bool) {
        for _ in 0..6000 {
            if condition() {
                return;
            }
            thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("gave up waiting: {what}");
    }

    fn number(heard: &OwnedHeard) -> u64 {
        let Event::Message { payload, .. } = heard.as_heard().event else { panic!("{heard:?}") };
        u64::from_le_bytes(payload.try_into().unwrap())
    }

    #[test]
    fn a_slow_reader_misses_nothing_and_makes_the_machine_wait() {
        const EVENTS: u64 = 5 * BACKLOG as u64;
        let (mut events, reported) = count_to(EVENTS);
        until("a full backlog", || reported.load(Ordering::SeqCst) > BACKLOG as u64);
        for expected in 0..EVENTS {
            // The backlog, this one, and the one that the thread has in hand.
            assert!(reported.load(Ordering::SeqCst) <= expected + BACKLOG as u64 + 1);
            assert_eq!(number(&events.next().unwrap()), expected);
        }
        assert_eq!(events.next(), None);
        assert_eq!(events.next(), None);
        assert_eq!(events.finish().unwrap().summary.received, EVENTS);
    }

    #[test]
    fn dropping_it_ends_a_run_that_waits_for_its_reader() {
        let (events, reported) = count_to(u64::MAX);
        until("a full backlog", || reported.load(Ordering::SeqCst) > BACKLOG as u64);
        drop(events);
        // The thread is over, and has dropped the machine.
        assert_eq!(Arc::strong_count(&reported), 1);
    }

    #[test]
    fn stopping_it_ends_the_iterator_after_what_was_reported() {
        let (mut events, reported) = count_to(u64::MAX);
        let stopper = events.stopper();
        assert_eq!(events.next().as_ref().map(number), Some(0));
        stopper.stop();
        let last = events.by_ref().last().map_or(0, |heard| number(&heard));
        assert_eq!(last + 1, reported.load(Ordering::SeqCst));
        assert_eq!(events.finish().unwrap().summary.received, last + 1);
    }

    #[test]
    fn finishing_tells_why_a_run_failed() {
        // Longer than UDP can carry, so that nothing is sent.
        let sending =
            Sending { payload: vec![0; 70_000], count: Some(1), every: Default::default() };
        let mut events = Driver::new(Sender::new(sending), endpoint()).into_events().unwrap();
        assert_eq!(events.next(), None);
        assert_eq!(events.finish().unwrap_err().kind(), ErrorKind::TooLong);
    }

    #[test]
    fn finishing_passes_on_a_machines_panic() {
        let (mut events, _) = count_to(PANICS);
        assert_eq!(events.next(), None);
        let panic = catch_unwind(AssertUnwindSafe(|| events.finish())).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"as asked"));
    }
}
