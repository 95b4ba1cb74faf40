//! `mcast doctor`: why multicast does or does not work here, and what to do.

mod kept;
mod objects;
mod text;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use mcast_doctor::probe::Conduct;
use mcast_doctor::{Examination, Facts, Finding, Level, examine, verdict};
use mcast_net::Settings;
use mcast_net::clock::Clock;
use mcast_proto::plain;

use super::completions::write_stdout;
use crate::args::{Console, LinkArgs};
use crate::escape::OneLine;
use crate::failure::{Failure, Status};
use crate::parse::parse_period;
use crate::signals::Interrupt;
use crate::terminal::TERMINAL;

/// Say why multicast does or does not work on this machine, and what to do
///
/// Looks at interfaces, routes, memberships, ports, limits and the packet filter, sends a few datagrams to
/// itself, and asks the network in three protocols that devices speak. What is heard, and what is not, shows
/// which part fails. Each finding is a fact with its numbers. It names a cause only if nothing else fits, and
/// a command that mends it. Doctor changes nothing, and takes less than ten seconds. Root sees more: all rules
/// of the packet filter, the programs of other users, and the IGMP querier.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// Also test the ways to this host and back: a name or an address, where mcast respond --service NAME runs
    #[arg(long, value_name = "HOST")]
    with: Option<String>,

    /// Observe for this long; 5m shows what a switch forgets [default: 4s, with a host 9s]
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_period)]
    how_long: Option<Duration>,

    /// Save the facts to a file, as JSON, so that --judge gives the same findings anywhere
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Judge the facts in such a file, without a look at this machine
    #[arg(long, value_name = "FILE", conflicts_with_all = ["with", "how_long", "save", "interfaces", "ipv4", "ipv6"])]
    judge: Option<PathBuf>,

    #[command(flatten)]
    network: LinkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast doctor                      what is wrong with this machine and its network?
  sudo mcast doctor                 the same, with all that only root may see
  mcast doctor --with 10.0.0.2      what comes through to that host, and back?
  mcast doctor -i wlan0 --for 5m    what works, and stops after some minutes?
  mcast doctor --save facts.json    for a report of a fault
  mcast doctor --json | jq -r 'select(.level == \"fault\").code'

Exit status: 0 there is no fault, 1 there is one, 2 the command line is wrong, 3 it could not look,
130 or 143 it was interrupted.";

/// What was found, and how.
struct Diagnosis {
    facts: Facts,
    findings: Vec<Finding>,
    /// How long it took; `None` where kept facts were judged.
    elapsed: Option<Duration>,
}

impl Diagnosis {
    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// The interfaces that are used, by name.
    fn interfaces(&self) -> Vec<&str> {
        let used = self.facts.interfaces.iter().filter(|interface| interface.used);
        used.map(|interface| interface.name.as_str()).collect()
    }

    /// How many hosts were heard.
    fn hosts(&self) -> usize {
        let devices = &self.facts.signal.devices;
        let hosts = devices.iter().map(|device| (&device.interface, device.address));
        hosts.collect::<std::collections::BTreeSet<_>>().len()
    }
}

impl Doctor {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        let interrupt = Interrupt::watch()?;
        let (facts, elapsed) = match &self.judge {
            Some(file) => (kept::read(file)?, None),
            None => {
                let clock = Clock::new();
                let start = clock.now();
                let facts = self.look(console.quiet, &interrupt)?;
                (facts, Some(clock.now() - start))
            }
        };
        if let Some(file) = &self.save {
            kept::write(file, &facts)?;
        }
        let findings = verdict::findings(&facts);
        let diagnosis = Diagnosis { facts, findings, elapsed };
        write_stdout(&match self.network.json {
            true => objects::all(&diagnosis),
            false => text::all(&diagnosis, TERMINAL.stdout().has_colors).into_bytes(),
        })?;
        Ok(match interrupt.signal() {
            Some(signal) => Status::Interrupted(signal),
            None if diagnosis.count(Level::Fault) > 0 => Status::Unfulfilled,
            None => Status::Success,
        })
    }

    /// Examines this machine.
    fn look(&self, is_quiet: bool, interrupt: &Interrupt) -> Result<Facts, Failure> {
        let is_ended = Arc::new(AtomicBool::new(false));
        let end = is_ended.clone();
        interrupt.then(move || end.store(true, Ordering::Relaxed));
        let is_stopped = || is_ended.load(Ordering::Relaxed);
        let mut progress = |what: &str| {
            if !is_quiet {
                // A host's name is as it was given.
                TERMINAL.status(OneLine(what));
            }
        };
        let mut conduct = Conduct::new(&mut progress, &is_stopped);
        let examination = Examination { with: self.with.clone(), how_long: self.how_long };
        let facts = examine(&self.settings(), &examination, &mut conduct);
        TERMINAL.settle();
        Ok(facts?)
    }

    fn settings(&self) -> Settings {
        let LinkArgs { interfaces, ipv4, ipv6, .. } = &self.network;
        let v4 = (*ipv4 || !ipv6).then(|| (plain::GROUP_V4, plain::PORT).into());
        let v6 = (*ipv6 || !ipv4).then(|| (plain::GROUP_V6, plain::PORT).into());
        let groups = v4.into_iter().chain(v6).collect();
        Settings { groups, interfaces: interfaces.clone(), ..Settings::default() }
    }
}
