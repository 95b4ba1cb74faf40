//! The course that every network verb takes: run a machine, print what it reports, sum up.

use std::io::{self, Write};

use mcast_net::clock::Clock;
use mcast_net::{Driver, Endpoint, Heard, Report};
use mcast_proto::{Doubts, Machine};

use crate::describing::Describing;
use crate::failure::{Failure, Status};
use crate::names::Names;
use crate::progress::{Progress, Stats};
use crate::readiness;
use crate::reload::Changer;
use crate::render::{Done, Format, Plural, Renderer, Requests, Told};
use crate::roster::Roster;
use crate::run::Run;
use crate::signals::Interrupt;
use crate::table::Table;
use crate::terminal::{IfFull, Key, Keyboard, Output, Reader, TERMINAL, Trouble, explain};
use crate::tick::Ticking;
use crate::within::Within;

/// A run that is ready to begin.
pub(crate) struct Session<M> {
    run: Run<M>,
    roster: Roster,
    printer: Printer,
    interrupt: Interrupt,
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) report: Report,
    /// The signal that ended it.
    pub(crate) signal: Option<u8>,
    /// The reader of our output closed it: it has seen enough, and nothing more is to be said.
    pub(crate) is_unheard: bool,
    /// As many were there at the same time as were waited for.
    pub(crate) is_reached: bool,
    /// What a responder was asked.
    pub(crate) requests: Requests,
    /// Further addresses of those who were found, which have no line.
    pub(crate) further: u64,
}

impl<M: Machine + 'static> Session<M> {
    /// Makes ready for a run. From here on a signal ends it in good order, so this comes before the
    /// opening of sockets: who sees that they are open may signal.
    pub(crate) fn new(run: Run<M>) -> Result<Session<M>, Failure> {
        let Run { format, reader, times, .. } = run;
        let roster = Roster::default();
        let watched = matches!(run.progress, Progress::Watch(_)).then(|| roster.clone());
        let mut renderer = Renderer::new(format, TERMINAL.stdout().has_colors, watched);
        if times {
            renderer = renderer.with_times();
        }
        if TERMINAL.stdout().is_terminal {
            renderer = renderer.for_terminal();
        }
        let names = matches!(run.told, Told::Devices { .. }).then(Names::default);
        if names.is_some() {
            renderer = renderer.naming_devices();
        }
        let interrupt = Interrupt::watch()?;
        let stop = interrupt.clone();
        let tell = move |trouble: Trouble<'_>| match (reader, trouble) {
            (Reader::Needed, _) => stop.stop(),
            (Reader::Optional, trouble) => warn_of(&trouble),
        };
        let output = Output::start("stdout", stdout()?, reader, renderer.due(), tell)?;
        TERMINAL.hand_over(&output)?;
        let if_full = match reader {
            Reader::Needed => IfFull::Wait,
            Reader::Optional => IfFull::Drop,
        };
        let printer = Printer {
            renderer,
            names,
            output,
            if_full,
            is_dropping: false,
            requests: Requests::default(),
        };
        Ok(Session { run, roster, printer, interrupt })
    }

    /// The same, which tells this at its end.
    pub(crate) fn telling(mut self, told: Told) -> Session<M> {
        self.run.told = told;
        self
    }

    /// The same, of which this hears how it is changed.
    pub(crate) fn started_by(mut self, on_start: impl FnOnce(Changer<M>) + 'static) -> Session<M> {
        self.run.on_start = Some(Box::new(on_start));
        self
    }

    /// Runs a machine to its end.
    pub(crate) fn run(self, machine: M, endpoint: Endpoint) -> Result<Ended, Failure> {
        let volume = self.run.stats.then(Stats::default);
        let stats = volume.as_ref().map(|volume| volume.tick(endpoint.drops()));
        let table = (self.run.format == Format::Table)
            .then(|| Table::new(self.roster.clone(), &endpoint.interface_names().join(", ")));
        let progress = self.run.progress.tick(table.clone());
        let machine = Ticking::new(Ticking::new(machine, progress), stats);
        let machine = Within::new(machine, self.run.until.deadline);
        let mut driver = Driver::new(machine, endpoint);
        let Session {
            run: Run { told, mut describing, is_service, waits, until, on_start, .. },
            roster,
            mut printer,
            interrupt,
        } = self;
        if let Some(on_start) = on_start {
            let handle = driver.handle();
            on_start(Changer::new(move |change| {
                handle.change(|machine, now| {
                    change(machine.machine_mut().machine_mut().machine_mut(), now);
                })
            }));
        }
        // Once it can be changed too, and has all the threads that it will have.
        if waits {
            printer.ready(driver.endpoint(), &told);
        }
        let enough = driver.stopper();
        let mut is_reached = false;
        let (releaser, stopper) = (printer.output.clone(), driver.stopper());
        interrupt.then(move || {
            if is_service {
                readiness::stopping();
            }
            releaser.release();
            stopper.stop();
        });
        // However the run ends, the terminal is left as it was.
        let keyboard = table.as_ref().and_then(|table| listen(table.clone(), &interrupt));
        let result = driver.run(|heard| {
            if let Some(volume) = &volume {
                volume.note(&heard.event);
            }
            printer.print(&heard, describing.as_mut());
            if !is_reached
                && until.count.is_some_and(|count| roster.lock().all().len() as u64 >= count)
            {
                is_reached = true;
                enough.stop();
            }
        });
        if let Some(table) = table {
            table.finish();
        }
        drop(keyboard);
        if is_service && interrupt.signal().is_none() {
            readiness::stopping();
        }
        TERMINAL.settle();
        let result = result.map_err(Failure::from);
        let Printer { mut renderer, output, if_full, requests, .. } = printer;
        if let Some(describing) = describing.filter(|_| result.is_ok()) {
            let is_over = || interrupt.is_asked();
            describing.read(is_over, |described| {
                output.print(renderer.described(described, Clock::wall()), if_full);
            });
        }
        output.print(renderer.rest(), if_full);
        match &result {
            Ok(report) => output.print(renderer.done(&Done::new(report, &told, requests)), if_full),
            Err(failure) => output.print(&renderer.error(failure, Clock::wall()), if_full),
        };
        let finished = output.finish(if_full);
        let report = result.map_err(Failure::told)?;
        let lost = Plural(finished.unwritten, "line");
        if let Some(error) = finished.error {
            return Err(Failure::output(format_args!("{error}; {lost} lost")));
        }
        let is_unheard = finished.closed && if_full == IfFull::Wait;
        if finished.unwritten > 0 && !finished.closed {
            log::warn!("{lost} dropped: whoever reads stdout did not take them");
        }
        if report.summary.unauthentic > 0 {
            let datagrams = Plural(report.summary.unauthentic, "datagram");
            log::info!("{datagrams} refused in all: with another key than ours, or none");
        }
        // Where it is a reason for doubt the verb's last words tell it.
        let is_told = told.is_discovery() && report.summary.doubts.contains(Doubts::DROPPED);
        if report.kernel_drops > 0 && !is_unheard && !is_told {
            let datagrams = Plural(report.kernel_drops, "datagram");
            log::warn!(
                "{datagrams} lost: they came faster than they were read and filled the socket's \
                 buffer; a higher net.core.rmem_max makes it larger"
            );
        }
        let given_up = report.interfaces.iter().map(|interface| interface.send_drops).sum();
        if given_up > 0 && !is_unheard {
            let datagrams = Plural(given_up, "datagram");
            log::warn!(
                "{datagrams} not sent: whom they are for was not found on the link, or there was no \
                 room for them"
            );
        }
        let useless = report.interfaces.iter().map(|interface| interface.receive_drops).sum();
        if useless > 0 && !is_unheard {
            let datagrams = Plural(useless, "datagram");
            log::info!(
                "{datagrams} left: cut short, or come by an interface or from a source that is not in use"
            );
        }
        let further = renderer.further();
        Ok(Ended { report, signal: interrupt.signal(), is_unheard, is_reached, requests, further })
    }
}

/// Has the keys move a table and end the run.
fn listen(table: Table, interrupt: &Interrupt) -> Option<Keyboard> {
    let (interrupt, pressed) = (interrupt.clone(), table.clone());
    let keyboard = Keyboard::listen(move |key| match key {
        Key::Quit => interrupt.stop(),
        key => pressed.press(key),
    })?;
    table.has_keys();
    Some(keyboard)
}

/// Prints events.
struct Printer {
    renderer: Renderer,
    /// Of the interfaces by which machines heard what they tell later.
    names: Option<Names>,
    output: Output,
    /// What becomes of lines that are not read.
    if_full: IfFull,
    is_dropping: bool,
    requests: Requests,
}

impl Printer {
    fn ready(&mut self, endpoint: &Endpoint, told: &Told) {
        let (groups, names) = (endpoint.groups(), endpoint.interface_names());
        let line = self.renderer.ready(Clock::wall(), &groups, &names, told);
        TERMINAL.print(line, self.if_full);
    }

    fn print(&mut self, heard: &Heard<'_>, describing: Option<&mut Describing>) {
        let Printer { renderer, names, .. } = self;
        self.requests.note(&heard.event);
        let interface = match (heard.interface, names) {
            (None, Some(names)) => names.of(&heard.event),
            (interface, _) => interface,
        };
        if let Some(describing) = describing {
            describing.note(&heard.event, interface);
        }
        let line = renderer.event(&heard.event, interface, Clock::wall());
        if !TERMINAL.print(line, self.if_full) && !self.is_dropping {
            log::warn!("stdout takes no more: lines are dropped, the run goes on");
            self.is_dropping = true;
        }
    }
}

/// Says what is wrong with a stdout that the run can do without.
fn warn_of(trouble: &Trouble<'_>) {
    match trouble {
        Trouble::Full(error) => log::warn!(
            "cannot write to stdout: {}; the run goes on, and so does the writing when there is room",
            explain(error)
        ),
        Trouble::RoomAgain(0) => log::warn!("stdout has room again: no line was lost"),
        Trouble::RoomAgain(dropped) => {
            log::warn!("stdout has room again: {} lost meanwhile", Plural(*dropped, "line"));
        }
        Trouble::Failed(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            log::warn!("stdout is closed: the run goes on, unseen");
        }
        Trouble::Failed(error) => {
            log::warn!("cannot write to stdout: {}; the run goes on, unseen", explain(error));
        }
    }
}

/// Standard output, past the buffer that std puts before it: it would hide what of it was written.
#[cfg(unix)]
fn stdout() -> io::Result<impl Write + Send + 'static> {
    use std::os::fd::AsFd;

    Ok(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Standard output. std translates what goes to a terminal here.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn stdout() -> io::Result<impl Write + Send + 'static> {
    Ok(io::stdout())
}

impl Ended {
    /// The status of a run that ended in itself with `status`.
    pub(crate) fn status_or(&self, status: Status) -> Status {
        match self.signal {
            Some(signal) => Status::Interrupted(signal),
            None if self.is_unheard => Status::Success,
            None => status,
        }
    }
}
