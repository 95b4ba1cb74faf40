//! Asking on and on: who comes, changes and goes.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use mcast_net::{Endpoint, Settings};
use mcast_proto::plain::{self, Watching};
use mcast_proto::{Doubts, Instant, Machine, Summary, service};

use super::{Discover, doubts};
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
                let endpoint = place::open(Endpoint::asker, settings)?;
                show(session, format, machine, endpoint, plain::Watcher::summary)?
            }
            Protocol::Structured => {
                session.told = Told::Services;
                let machine = service::Watcher::new(self.discovery()?, mcast_net::seed());
                let endpoint = place::open(Endpoint::peer, settings)?;
                show(session, format, machine, endpoint, service::Watcher::summary)?
            }
        };
        if !is_quiet && !ended.is_unheard {
            let summary = &ended.report.summary;
            let found = Plural(summary.found, "responder");
            let doubts = doubts::explain(&ended.report, Doubts::CLOSED, self.bounds());
            let more =
                doubts.map_or(String::new(), |reasons| format!("; there may be more: {reasons}"));
            stderr::say(format_args!("{found} found in {}{more}", Seconds(summary.elapsed)));
        }
        Ok(ended.status_or(Status::Success))
    }
}

/// How often it is looked whether there still is room, where there is no table.
const LOOK: Duration = Duration::from_secs(1);

/// Runs a watch, with a table where that is wanted. Says once, and as soon as it is so, that there is no
/// room for more: nobody knows when the end comes.
fn show<M: Machine>(
    mut session: Session,
    format: Format,
    machine: M,
    endpoint: Endpoint,
    summary: impl Fn(&M, Instant) -> Summary,
) -> Result<Ended, Failure> {
    let roster = session.keep_roster();
    let place = endpoint.interface_names().join(", ");
    let mut table = (format == Format::Table).then(|| Table::new(roster, place));
    let period = table.as_ref().map_or(LOOK, |_| table::REFRESH);
    let mut is_told = false;
    let look = move |now: Instant, machine: &M| {
        if let Some(table) = &mut table {
            table.draw(now);
        }
        if !is_told && summary(machine, now).doubts.contains(Doubts::NO_ROOM) {
            log::warn!("{}: from now on those who answer give way to others", doubts::NO_ROOM);
            is_told = true;
        }
    };
    session.run(Ticking::new(machine, Some((period, look))), endpoint, |_| {})
}
