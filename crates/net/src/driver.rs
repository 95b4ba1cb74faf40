//! Running a machine on sockets.

use std::time::Duration;

use mcast_proto::{Action, Arrival, Event, Instant, Machine, Observation, Summary};

use crate::account::{InterfaceReport, Refused};
use crate::clock::Clock;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::sys::BATCH;
use crate::waker::Stopper;

/// What a small datagram takes up of a receive buffer, by Linux's reckoning: its socket buffer's
/// overhead is most of it.
const BYTES_A_DATAGRAM: usize = 832;

/// For how long the end of a run is put off by what the machine still had to say and there is no room
/// for.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Runs a [`Machine`] on an [`Endpoint`]'s sockets. It starts no thread, installs no signal handler and
/// prints nothing.
#[derive(Debug)]
pub struct Driver<M> {
    machine: M,
    endpoint: Endpoint,
    clock: Clock,
    /// What the machine did, and when it had finished.
    finished: Option<(Summary, Instant)>,
    /// Nothing was told to the machine yet.
    is_new: bool,
}

/// An event with the name of the interface that it came by.
#[derive(Debug)]
pub struct Heard<'a> {
    /// What the machine reports.
    pub event: Event<'a>,
    /// The name of the interface; `None` where the event came from none.
    pub interface: Option<&'a str>,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The machine's own account.
    pub summary: Summary,
    /// Datagrams that the system dropped because they were not read in time; 0 where it does not say
    /// (it does on Linux).
    pub kernel_drops: u64,
    /// What went over each interface that was ever in use.
    pub interfaces: Vec<InterfaceReport>,
    /// The interfaces that refused all there was to send from the start on, as a VPN's may.
    pub refused: Vec<Refused>,
}

impl<M: Machine> Driver<M> {
    /// A driver that starts at [`run`](Self::run).
    pub fn new(machine: M, endpoint: Endpoint) -> Driver<M> {
        Driver { machine, endpoint, clock: Clock::new(), finished: None, is_new: true }
    }

    /// A handle that ends the run from another thread.
    pub fn stopper(&self) -> Stopper {
        self.endpoint.stopper.clone()
    }

    /// The machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The sockets.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Runs the machine until it has finished, and passes on what it reports. Once it has, another call
    /// tells the same at once.
    ///
    /// While `on_event` runs nothing is read: what comes meanwhile waits in the sockets' buffers.
    ///
    /// # Errors
    ///
    /// When an asker's first sends fail on every interface, or the system can't wait for datagrams. An
    /// interface that fails while others work, and one that fails later on, is logged and counted.
    pub fn run(&mut self, mut on_event: impl FnMut(Heard<'_>)) -> Result<Report, Error> {
        loop {
            let now = self.clock.now();
            self.tell(now);
            if self.endpoint.stopper.is_asked() {
                self.machine.close(now);
            }
            // What there was no room for goes first.
            if !self.endpoint.outbox.is_blocked() {
                self.handle_due(now, &mut on_event)?;
            }
            self.endpoint.flush(now)?;
            for to in self.endpoint.outbox.given_up() {
                self.machine.handle_observation(now, Observation::Unsent { to });
            }
            if let Some((summary, at)) = self.finished
                && (!self.endpoint.outbox.is_waiting() || now - at >= LAST_WORDS)
            {
                return Ok(self.report(summary));
            }

            let deadline = self.deadline(now);
            let woken_by_change = self.endpoint.wait(deadline - self.clock.now())?;
            let now = self.clock.now();
            if woken_by_change {
                self.endpoint.note_change(now);
            }
            let Driver { machine, endpoint, .. } = self;
            endpoint.receive(pass_on(machine, now, &mut on_event));
        }
    }

    /// Tells the machine what it can't see: how much its sockets hold, what was dropped, and that the
    /// network is another one.
    fn tell(&mut self, now: Instant) {
        let is_changed = self.endpoint.take_change();
        if is_changed || self.is_new {
            let datagrams = self.endpoint.receive_buffer().map(|bytes| bytes / BYTES_A_DATAGRAM);
            if let Some(datagrams) = datagrams.and_then(|datagrams| datagrams.try_into().ok()) {
                self.machine.handle_observation(now, Observation::ReceiveBuffer { datagrams });
            }
        }
        if is_changed && !self.is_new {
            self.machine.handle_observation(now, Observation::NetworkChanged);
        }
        self.is_new = false;
        let datagrams = self.endpoint.note_drops(now);
        if datagrams > 0 {
            self.machine.handle_observation(now, Observation::Dropped { datagrams });
        }
    }

    /// Carries out what is due, a batch at the most, so that a machine with much to send does not keep
    /// the sockets and the stopper waiting.
    fn handle_due(
        &mut self,
        now: Instant,
        on_event: &mut impl FnMut(Heard<'_>),
    ) -> Result<(), Error> {
        for _ in 0..BATCH {
            if self.machine.deadline().is_none_or(|deadline| deadline > now) {
                break;
            }
            match self.machine.handle_timeout(now) {
                Some(Action::Send { to, message }) => self.endpoint.queue(now, to, &message),
                Some(Action::Emit(event)) => on_event(Heard { event, interface: None }),
                Some(Action::Audit) => self.audit(now, on_event)?,
                Some(Action::Done(summary)) => self.finished = Some((summary, now)),
                None => {}
            }
        }
        Ok(())
    }

    /// Tells the machine what became of what it sent and heard, once it has heard all that has come: an
    /// answer that is there but was not read would be taken for silence.
    fn audit(&mut self, now: Instant, on_event: &mut impl FnMut(Heard<'_>)) -> Result<(), Error> {
        let Driver { machine, endpoint, .. } = self;
        let is_unread = endpoint.receive_all(pass_on(machine, now, on_event));
        let mut evidence = endpoint.audit(now)?;
        // What can't be read in time is as good as dropped.
        evidence.dropped += u64::from(is_unread);
        machine.handle_observation(now, Observation::Audit(evidence));
        Ok(())
    }

    /// When there is something to do though nothing comes in.
    fn deadline(&mut self, now: Instant) -> Instant {
        let machine = match self.finished {
            Some((_, at)) => Some(at + LAST_WORDS),
            None if self.endpoint.outbox.is_blocked() => None,
            None => self.machine.deadline(),
        };
        let sockets = [self.endpoint.flush_due(), Some(self.endpoint.tend(now))];
        machine.into_iter().chain(sockets.into_iter().flatten()).min().unwrap_or(now)
    }

    fn report(&self, summary: Summary) -> Report {
        Report {
            summary,
            kernel_drops: self.endpoint.kernel_drops(),
            interfaces: self.endpoint.reports(),
            refused: self.endpoint.refused(),
        }
    }
}

/// Gives datagrams to a machine, and passes on what it makes of them.
fn pass_on<M: Machine>(
    machine: &mut M,
    now: Instant,
    on_event: &mut impl FnMut(Heard<'_>),
) -> impl FnMut(Arrival, &[u8], Option<&str>) {
    move |arrival, bytes, interface| {
        if let Some(Action::Emit(event)) = machine.handle_datagram(now, arrival, bytes) {
            on_event(Heard { event, interface });
        }
    }
}
