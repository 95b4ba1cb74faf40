//! Asking on and on: who comes, changes and goes.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use mcast_net::{Endpoint, Settings};
use mcast_proto::plain::{self, Watching};
use mcast_proto::{Instant, Machine, service};

use super::Discover;
use crate::failure::{Failure, Status};
use crate::output::Reader;
use crate::parse::{Protocol, parse_period};
use crate::place;
use crate::render::{Format, Plural, Seconds, Told};
use crate::session::{Ended, Session};
use crate::stderr;
use crate::table::{self, Table};
use crate::tick::Ticking;

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
            Format::Text if io::stdout().is_terminal() => Format::Table,
            format => format,
        };
        let mut session = Session::new(format, Reader::Needed)?;
        session.told = Told::Responders;
        let ended = match protocol {
            Protocol::Plain => {
                let watching = Watching { probe, every: self.watch.every, ..Watching::default() };
                let machine = plain::Watcher::new(watching);
                show(session, format, machine, place::open(Endpoint::asker, settings)?)?
            }
            Protocol::Structured => {
                session.told = Told::Services;
                let machine = service::Watcher::new(self.discovery()?, mcast_net::seed());
                show(session, format, machine, place::open(Endpoint::peer, settings)?)?
            }
        };
        if !is_quiet && !ended.is_unheard {
            let summary = &ended.report.summary;
            let found = Plural(summary.found, "responder");
            stderr::say(format_args!("{found} found in {}", Seconds(summary.elapsed)));
        }
        Ok(ended.status_or(Status::Success))
    }
}

/// Runs a watch, with a table where that is wanted.
fn show<M: Machine>(
    mut session: Session,
    format: Format,
    machine: M,
    endpoint: Endpoint,
) -> Result<Ended, Failure> {
    let mut table = Table::new(session.keep_roster(), endpoint.interface_names().join(", "));
    let draw = move |now: Instant, _: &M| table.draw(now);
    let tick = (format == Format::Table).then_some((table::REFRESH, draw));
    session.run(Ticking::new(machine, tick), endpoint, |_| {})
}
