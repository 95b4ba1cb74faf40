//! Asking on and on: who comes, changes and goes.

use std::time::Duration;

use clap::Args;
use mcast_net::{Endpoint, Settings};
use mcast_proto::plain::{self, Watching};
use mcast_proto::{Doubts, service};

use super::Discover;
use crate::doubts;
use crate::failure::{Failure, Status};
use crate::parse::{Protocol, parse_period};
use crate::place;
use crate::progress::Progress;
use crate::render::{Format, Plural, Seconds, Told};
use crate::session::{Run, Session};
use crate::terminal::TERMINAL;

/// Whether to watch, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Watching")]
pub(super) struct Watch {
    /// Do not end: tell who is found, changes and is lost, until Ctrl-C; a line each, on a terminal a
    /// table of who is there
    #[arg(long, conflicts_with_all = ["count", "timeout", "deadline", "repeat"])]
    pub(super) watch: bool,

    /// Send the probe this often; who leaves three in a row unanswered is lost. Services say
    /// themselves how often they are to be asked
    #[arg(
        long, value_name = "DURATION", default_value = "10s", value_parser = parse_period,
        requires = "watch", conflicts_with = "service",
    )]
    every: Duration,
}

impl Discover {
    /// Watches until a signal comes.
    pub(super) fn watch(
        &self,
        protocol: Protocol,
        probe: Vec<u8>,
        settings: &Settings,
        is_quiet: bool,
    ) -> Result<Status, Failure> {
        let format = match self.network.format() {
            Format::Text if TERMINAL.stdout().can_erase => Format::Table,
            format => format,
        };
        let ended = match protocol {
            Protocol::Plain => {
                let progress = Progress::Watch(plain::Watcher::summary);
                let run = self.run_with(Told::Responders, progress);
                let session = Session::new(Run { format, ..run })?;
                let watching = Watching { probe, every: self.watch.every, ..Watching::default() };
                let machine = plain::Watcher::new(watching);
                session.run(machine, place::open(Endpoint::asker, settings)?)?
            }
            Protocol::Structured => {
                let progress = Progress::Watch(service::Watcher::summary);
                let run = self.run_with(Told::Services, progress);
                let session = Session::new(Run { format, ..run })?;
                let machine = service::Watcher::new(self.discovery()?, mcast_net::seed());
                session.run(machine, place::open(Endpoint::peer, settings)?)?
            }
        };
        if !is_quiet && !ended.is_unheard {
            let summary = &ended.report.summary;
            let found = Plural(summary.found, "responder");
            let doubts = doubts::explain(&ended.report, Doubts::CLOSED, self.bounds());
            let more =
                doubts.map_or(String::new(), |reasons| format!("; there may be more: {reasons}"));
            TERMINAL.say(format_args!("{found} found in {}{more}", Seconds(summary.elapsed)));
        }
        Ok(ended.status_or(Status::Success))
    }
}
