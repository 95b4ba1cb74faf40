//! The course that every network verb takes: run a machine, print what it reports, sum up.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};
use std::thread;

use mcast_net::clock::Clock;
use mcast_net::{Driver, Endpoint, Error, Heard, InterfaceReport, Report, Settings, Stopper};
use mcast_proto::{Machine, Summary};

use crate::failure::{Failure, Status};
use crate::output::{Output, Reader};
use crate::render::{Done, Format, InterfaceDone, Plural, Renderer, Told};
use crate::roster::Roster;
use crate::signals::Interrupt;
use crate::stderr;

/// How a verb's run meets the world.
pub(crate) struct Session {
    renderer: Renderer,
    reader: Reader,
    interrupt: Interrupt,
    /// Whether a progress line stands on stderr meanwhile.
    pub(crate) progress: bool,
    /// What the end tells.
    pub(crate) told: Told,
}

/// A driver for a machine of any kind.
pub(crate) type AnyDriver = Driver<Box<dyn Machine + Send>>;

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) report: Report,
    /// The signal that ended it.
    pub(crate) signal: Option<u8>,
    /// The reader of our output closed it: it has seen enough, and nothing more is to be said.
    pub(crate) is_unheard: bool,
}

impl Session {
    /// Makes ready for a run. From here on a signal ends it in good order, so this comes before the
    /// opening of sockets: who sees that they are open may signal.
    pub(crate) fn new(format: Format, reader: Reader) -> Result<Session, Failure> {
        let renderer = Renderer::new(format);
        let interrupt = Interrupt::watch()?;
        Ok(Session { renderer, reader, interrupt, progress: false, told: Told::Traffic })
    }

    /// Has lines and tables tell who is there, and keeps the list of them.
    pub(crate) fn keep_roster(&mut self) -> Roster {
        self.renderer.keep_roster()
    }

    /// Runs a machine to its end. `inspect` sees each event before it is printed.
    pub(crate) fn run<M: Machine>(
        self,
        machine: M,
        endpoint: Endpoint,
        mut inspect: impl FnMut(&Heard<'_>),
    ) -> Result<Ended, Failure> {
        let mut driver = Driver::new(machine, endpoint);
        self.conduct(vec![driver.stopper()], |printer| {
            driver.run(|heard| {
                inspect(&heard);
                printer.print(&heard);
            })
        })
    }

    /// Runs machines side by side, each in a thread of its own, until all have ended; where one fails,
    /// the others are ended too. The report is of all together.
    pub(crate) fn run_all(self, mut drivers: Vec<AnyDriver>) -> Result<Ended, Failure> {
        let stoppers: Vec<Stopper> = drivers.iter().map(Driver::stopper).collect();
        self.conduct(stoppers.clone(), |printer| {
            let printer = Mutex::new(printer);
            let print = |heard: Heard<'_>| {
                printer.lock().unwrap_or_else(PoisonError::into_inner).print(&heard);
            };
            let stop_all = || stoppers.iter().for_each(Stopper::stop);
            let run = |driver: &mut AnyDriver| driver.run(print).inspect_err(|_| stop_all());
            thread::scope(|scope| {
                let runs: Vec<_> =
                    drivers.iter_mut().map(|driver| scope.spawn(move || run(driver))).collect();
                let reports = runs.into_iter().map(|run| match run.join() {
                    Ok(report) => report,
                    Err(panic) => std::panic::resume_unwind(panic),
                });
                reports.collect::<Result<Vec<_>, _>>().map(together)
            })
        })
    }

    /// Has `run` run drivers, which these stop, and prints what there is to be printed.
    fn conduct(
        self,
        stoppers: Vec<Stopper>,
        run: impl FnOnce(&mut Printer) -> Result<Report, Error>,
    ) -> Result<Ended, Failure> {
        let Session { renderer, reader, interrupt, progress, told } = self;
        let stop = move || stoppers.iter().for_each(Stopper::stop);
        let closed = stop.clone();
        let output = Output::start(io::stdout(), reader, move || match reader {
            Reader::Needed => closed(),
            Reader::Optional => log::warn!("stdout is closed: the run goes on, unseen"),
        })?;
        let releaser = output.clone();
        interrupt.then(move || {
            releaser.release();
            stop();
        });
        let take_turns = progress && io::stdout().is_terminal();
        let mut printer = Printer { renderer, output, take_turns };
        let result = run(&mut printer);
        let Printer { mut renderer, output, .. } = printer;
        stderr::settle();
        if let Ok(report) = &result {
            output.print(renderer.done(&done(report, told)));
        }
        let finished = output.finish();
        let report = result?;
        if let Some(error) = finished.error {
            return Err(Failure::output(error));
        }
        let is_unheard = finished.closed && reader == Reader::Needed;
        if finished.unwritten > 0 && !finished.closed {
            let lines = Plural(finished.unwritten, "line");
            log::warn!("{lines} dropped: whoever reads stdout did not take them");
        }
        if report.summary.unauthentic > 0 {
            let datagrams = Plural(report.summary.unauthentic, "datagram");
            log::info!("{datagrams} refused in all: with another key than ours, or none");
        }
        if report.kernel_drops > 0 && !is_unheard {
            let datagrams = Plural(report.kernel_drops, "datagram");
            log::warn!(
                "{datagrams} lost: they came faster than they were read and filled the socket's \
                 buffer; a higher net.core.rmem_max makes it larger"
            );
        }
        Ok(Ended { report, signal: interrupt.signal(), is_unheard })
    }
}

/// Prints events.
struct Printer {
    renderer: Renderer,
    output: Output,
    /// Lines and progress share a terminal.
    take_turns: bool,
}

impl Printer {
    fn print(&mut self, heard: &Heard<'_>) {
        if self.take_turns {
            stderr::clear();
        }
        self.output.print(self.renderer.event(&heard.event, heard.interface, Clock::wall()));
        if self.take_turns {
            self.output.flush();
        }
    }
}

/// One report of several.
fn together(reports: Vec<Report>) -> Report {
    let none = Report { summary: Summary::default(), kernel_drops: 0, interfaces: Vec::new() };
    reports.into_iter().fold(none, |mut all, report| {
        let (sum, part) = (&mut all.summary, report.summary);
        sum.sent += part.sent;
        sum.received += part.received;
        sum.duplicates += part.duplicates;
        sum.ignored += part.ignored;
        sum.unauthentic += part.unauthentic;
        sum.elapsed = sum.elapsed.max(part.elapsed);
        all.kernel_drops += report.kernel_drops;
        for interface in report.interfaces {
            match all.interfaces.iter_mut().find(|known| known.name == interface.name) {
                Some(InterfaceReport { sent, received, .. }) => {
                    *sent += interface.sent;
                    *received += interface.received;
                }
                None => all.interfaces.push(interface),
            }
        }
        all
    })
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

/// Displays where a verb is at work: `224.1.1.1:50008 on eth0, wlan0`.
pub(crate) struct Place<'a>(pub(crate) &'a Settings, pub(crate) &'a Endpoint);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<String> = self.0.groups.iter().map(ToString::to_string).collect();
        write!(f, "{}", groups.join(", "))?;
        match &self.1.interface_names()[..] {
            [] => write!(f, " as soon as an interface is up"),
            names => write!(f, " on {}", names.join(", ")),
        }
    }
}

fn done(report: &Report, told: Told) -> Done<'_> {
    let interfaces = report.interfaces.iter().map(|interface| InterfaceDone {
        name: &interface.name,
        sent: interface.sent,
        received: interface.received,
    });
    Done::new(&report.summary, report.kernel_drops, interfaces.collect(), told)
}
