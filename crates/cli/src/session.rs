//! The course that every network verb takes: run a machine, print what it reports, sum up.

use std::fmt;
use std::io::{self, IsTerminal};

use mcast_net::clock::Clock;
use mcast_net::{Driver, Endpoint, Heard, Report, Settings};
use mcast_proto::Machine;

use crate::failure::{Failure, Status};
use crate::output::{Output, Reader};
use crate::render::{Done, Format, InterfaceDone, Plural, Renderer};
use crate::signals::Interrupt;
use crate::stderr;

/// How a verb's run meets the world.
pub(crate) struct Session {
    renderer: Renderer,
    reader: Reader,
    interrupt: Interrupt,
    /// Whether a progress line stands on stderr meanwhile.
    pub(crate) progress: bool,
    /// Whether the end tells who was found.
    pub(crate) is_discovery: bool,
}

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
        Ok(Session { renderer, reader, interrupt, progress: false, is_discovery: false })
    }

    /// Runs a machine to its end. `inspect` sees each event before it is printed.
    pub(crate) fn run<M: Machine>(
        mut self,
        machine: M,
        endpoint: Endpoint,
        mut inspect: impl FnMut(&Heard<'_>),
    ) -> Result<Ended, Failure> {
        let mut driver = Driver::new(machine, endpoint);
        let reader = self.reader;
        let stopper = driver.stopper();
        let output = Output::start(io::stdout(), reader, move || match reader {
            Reader::Needed => stopper.stop(),
            Reader::Optional => log::warn!("stdout is closed: the run goes on, unseen"),
        })?;
        let (stopper, releaser) = (driver.stopper(), output.clone());
        self.interrupt.then(move || {
            releaser.release();
            stopper.stop();
        });
        // Lines and progress on one terminal take turns.
        let take_turns = self.progress && io::stdout().is_terminal();
        let result = driver.run(|heard| {
            inspect(&heard);
            if take_turns {
                stderr::clear();
            }
            output.print(self.renderer.event(&heard.event, heard.interface, Clock::wall()));
            if take_turns {
                output.flush();
            }
        });
        stderr::clear();
        if let Ok(report) = &result {
            output.print(self.renderer.done(&done(report, self.is_discovery)));
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
        if report.kernel_drops > 0 && !is_unheard {
            let datagrams = Plural(report.kernel_drops, "datagram");
            log::warn!(
                "{datagrams} lost: they came faster than they were read and filled the socket's \
                 buffer; a higher net.core.rmem_max makes it larger"
            );
        }
        Ok(Ended { report, signal: self.interrupt.signal(), is_unheard })
    }
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

fn done(report: &Report, is_discovery: bool) -> Done<'_> {
    let interfaces = report.interfaces.iter().map(|interface| InterfaceDone {
        name: &interface.name,
        sent: interface.sent,
        received: interface.received,
    });
    Done::new(&report.summary, report.kernel_drops, interfaces.collect(), is_discovery)
}
