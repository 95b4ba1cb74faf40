//! Running a machine on sockets.

pub(crate) mod handle;

use std::time::Duration;

use mcast_proto::{Action, Arrival, Event, Instant, Machine, Networked, Observation, Summary};

use crate::clock::Clock;
use crate::driver::handle::{Changes, Handle};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::identity::ClaimedId;
use crate::report::Report;
use crate::settings::Settings;
use crate::sys::BATCH;
use crate::waiting::waker::Stopper;

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
    stall: Stall,
    changes: Changes<M>,
    /// An id that is kept from others for as long as this is.
    pub(crate) claimed: Option<ClaimedId>,
}

/// What a turn has come to.
#[derive(Debug)]
pub(crate) enum Turn {
    /// There is nothing to do until then, or until something comes in.
    Wait(Instant),
    Over(Report),
}

/// An event with the name of the interface that it came by.
#[derive(Debug)]
pub struct Heard<'a> {
    /// What the machine reports.
    pub event: Event<'a>,
    /// The name of the interface; `None` where the event came from none.
    pub interface: Option<&'a str>,
}

impl<M: Networked> Driver<M> {
    /// A driver with the sockets that its machine needs, which starts at [`run`](Self::run). Where the
    /// settings name no groups, they are those of the machine's protocol.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::of`].
    pub fn open(machine: M, settings: &Settings) -> Result<Driver<M>, Error> {
        let endpoint = Endpoint::of(&machine, settings)?;
        Ok(Driver::new(machine, endpoint))
    }
}

impl<M: Machine> Driver<M> {
    /// A driver with sockets of the caller's choice, which must be what the machine needs. It starts at
    /// [`run`](Self::run).
    pub fn new(machine: M, endpoint: Endpoint) -> Driver<M> {
        let changes = Changes::new(endpoint.stopper.clone());
        let (clock, stall) = (Clock::new(), Stall::default());
        Driver {
            machine,
            endpoint,
            clock,
            finished: None,
            is_new: true,
            stall,
            changes,
            claimed: None,
        }
    }

    /// A handle that ends the run, or changes the machine while it runs, from any thread.
    pub fn handle(&self) -> Handle<M> {
        self.changes.handle()
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
            match self.turn(&mut on_event)? {
                Turn::Over(report) => return Ok(report),
                Turn::Wait(until) => self.hear(until - self.clock.now(), &mut on_event)?,
            }
        }
    }

    /// Does all that there is to do without waiting.
    pub(crate) fn turn(&mut self, on_event: &mut impl FnMut(Heard<'_>)) -> Result<Turn, Error> {
        let now = self.clock.now();
        self.inform(now);
        self.changes.make(now, &mut self.machine);
        if self.endpoint.stopper.is_asked() {
            self.machine.close(now);
        }
        // What there was no room for goes first.
        if !self.endpoint.outbox.is_blocked() {
            self.handle_due(on_event)?;
        }
        // The functions that were called meanwhile took their time.
        let now = self.clock.now();
        self.endpoint.flush(now)?;
        for to in self.endpoint.outbox.given_up() {
            self.machine.handle_observation(now, Observation::Unsent { to });
        }
        if let Some((summary, at)) = self.finished
            && (!self.endpoint.outbox.is_waiting() || now - at >= LAST_WORDS)
        {
            self.changes.end();
            return Ok(Turn::Over(self.report(summary)));
        }
        Ok(Turn::Wait(self.deadline(now)))
    }

    /// Waits for so long at the most until something comes in, and gives it to the machine.
    pub(crate) fn hear(
        &mut self,
        patience: Duration,
        on_event: &mut impl FnMut(Heard<'_>),
    ) -> Result<(), Error> {
        let woken_by_change = self.endpoint.wait(patience)?;
        if woken_by_change {
            self.endpoint.note_change(self.clock.now());
        }
        let Driver { machine, endpoint, clock, .. } = self;
        endpoint.receive(clock, pass_on(machine, on_event));
        Ok(())
    }

    /// Ends the run without waiting: what the machine has to say at its end is said once, where there is
    /// room.
    #[cfg(all(target_os = "linux", any(feature = "tokio", feature = "async-io")))]
    pub(crate) fn end_at_once(&mut self) {
        self.machine.close(self.clock.now());
        // Nobody hears of what goes wrong.
        let _ = self.handle_due(&mut |_| {});
        let _ = self.endpoint.flush(self.clock.now());
    }

    /// The run is over, failed or not: no change is accepted any more.
    #[cfg(all(target_os = "linux", any(feature = "tokio", feature = "async-io")))]
    pub(crate) fn refuse_changes(&self) {
        self.changes.end();
    }

    #[cfg(all(target_os = "linux", any(feature = "tokio", feature = "async-io")))]
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Tells the machine what it can't see: how much its sockets hold, what was dropped, and that the
    /// network is another one.
    fn inform(&mut self, now: Instant) {
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
    fn handle_due(&mut self, on_event: &mut impl FnMut(Heard<'_>)) -> Result<(), Error> {
        for _ in 0..BATCH {
            let now = self.clock.now();
            let deadline = self.machine.deadline();
            if deadline.is_none_or(|deadline| deadline > now) {
                self.stall.note_progress();
                break;
            }
            let Driver { machine, endpoint, .. } = self;
            let mut is_idle = false;
            match machine.handle_timeout(now) {
                Some(Action::Send { to, message }) => endpoint.queue(now, to, &message),
                Some(Action::Emit(event)) => {
                    // What was to be sent before it does not wait until whoever hears of it is done.
                    if endpoint.outbox.is_blocked() {
                        endpoint.flush(now)?;
                    }
                    on_event(Heard { event, interface: None });
                }
                Some(Action::Audit) => self.audit(on_event)?,
                Some(Action::Done(summary)) => self.finished = Some((summary, now)),
                None => is_idle = true,
            }
            if !is_idle || self.machine.deadline() != deadline {
                self.stall.note_progress();
            } else if self.stall.note_idle_turn() {
                break;
            }
        }
        Ok(())
    }

    /// Tells the machine what became of what it sent and heard, once it has heard all that has come: an
    /// answer that is there but was not read would be taken for silence.
    fn audit(&mut self, on_event: &mut impl FnMut(Heard<'_>)) -> Result<(), Error> {
        let Driver { machine, endpoint, clock, .. } = self;
        let is_unread = endpoint.receive_all(clock, pass_on(machine, on_event));
        let now = clock.now();
        let mut evidence = endpoint.audit(now)?;
        // What can't be read in time is as good as dropped.
        evidence.dropped += u64::from(is_unread);
        machine.handle_observation(now, Observation::Audit(evidence));
        Ok(())
    }

    /// When there is something to do though nothing comes in.
    fn deadline(&mut self, now: Instant) -> Instant {
        let upkeep = self.endpoint.maintain(now);
        // The machine is to be told at once of what was found.
        if self.endpoint.is_changed {
            return now;
        }
        let machine = match self.finished {
            Some((_, at)) => Some(at + LAST_WORDS),
            None if self.endpoint.outbox.is_blocked() => None,
            None if self.stall.is_stalled() => Some(now + PACE),
            None => self.machine.deadline(),
        };
        let sockets = [self.endpoint.flush_due(), Some(upkeep)];
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
    on_event: &mut impl FnMut(Heard<'_>),
) -> impl FnMut(Instant, Arrival, &[u8], Option<&str>) {
    move |now, arrival, bytes, interface| {
        if let Some(Action::Emit(event)) = machine.handle_datagram(now, arrival, bytes) {
            on_event(Heard { event, interface });
        }
    }
}

/// Calls in a row for nothing after which a machine is taken to be stuck: more than any of this project's
/// has things that fall due at one time without a word.
const MOST_IDLE_TURNS: u32 = 100_000;

/// How long a machine that is stuck is left alone.
const PACE: Duration = Duration::from_millis(10);

/// Whether a machine asks to be called at once, again and again, and then does nothing.
#[derive(Debug, Default)]
struct Stall {
    idle_turns: u32,
    is_told: bool,
}

impl Stall {
    fn note_progress(&mut self) {
        self.idle_turns = 0;
    }

    /// Notes that the machine was called for nothing, and returns whether that is too often.
    fn note_idle_turn(&mut self) -> bool {
        self.idle_turns = self.idle_turns.saturating_add(1);
        if self.is_stalled() && !std::mem::replace(&mut self.is_told, true) {
            log::error!(
                "the machine has a deadline that has passed and does nothing about it, which is a mistake \
                 in it; it is called a hundred times a second from now on"
            );
        }
        self.is_stalled()
    }

    fn is_stalled(&self) -> bool {
        self.idle_turns >= MOST_IDLE_TURNS
    }
}
