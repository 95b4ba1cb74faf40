//! Asking on and on: who comes, changes and goes.

use std::time::Duration;

use clap::Args;
use mcast_net::{Endpoint, Settings};
use mcast_proto::plain::{self, Watching};
use mcast_proto::{Doubts, service};

use super::end::End;
use super::services::Services;
use crate::doubts;
use crate::failure::{Failure, Status};
use crate::parse::parse_period;
use crate::place;
use crate::progress::Progress;
use crate::render::{Format, Plural, Seconds, Told};
use crate::run::{Run, Until};
use crate::session::Session;
use crate::terminal::{Reader, TERMINAL};

/// Whether to watch, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Watching")]
pub(super) struct Watch {
    /// Do not end: tell who is found, changes and is lost, until Ctrl-C. A line each says when, what and
    /// why; on a terminal it is a table of who is there. With --count it ends as soon as so many are there
    /// at the same time, with --deadline after that time; exit 1 if fewer were
    #[arg(long, conflicts_with_all = ["timeout", "repeat"])]
    pub(super) watch: bool,

    /// Send the probe this often. Who leaves three in a row unanswered is lost. Services set their
    /// own interval
    #[arg(
        long, value_name = "DURATION", default_value = "10s", value_parser = parse_period,
        requires = "watch", conflicts_with = "service",
    )]
    every: Duration,
}

/// Who is watched.
pub(super) enum Watched<'a> {
    Responders { probe: Vec<u8> },
    Services(&'a Services),
}

impl Watch {
    /// Watches until a signal comes.
    pub(super) fn run(
        &self,
        watched: Watched<'_>,
        end: &End,
        settings: &Settings,
        format: Format,
        is_quiet: bool,
    ) -> Result<Status, Failure> {
        let format = match format {
            Format::Text if TERMINAL.stdout().can_erase => Format::Table,
            format => format,
        };
        let until = Until { count: end.count, deadline: end.deadline };
        let ended = match watched {
            Watched::Responders { probe } => {
                let progress = Progress::Watch(plain::Watcher::summary);
                let told = Told::Responders;
                let run = Run { told, progress, until, ..Run::new(format, Reader::Needed) };
                let session = Session::new(run)?;
                let watching = Watching { probe, every: self.every, ..Watching::default() };
                let machine = plain::Watcher::new(watching);
                session.run(machine, place::open(Endpoint::asker, settings)?)?
            }
            Watched::Services(services) => {
                let progress = Progress::Watch(service::Watcher::summary);
                let told = Told::Services;
                let run = Run { told, progress, until, ..Run::new(format, Reader::Needed) };
                let session = Session::new(run)?;
                let machine = service::Watcher::new(services.watching(end)?, mcast_net::seed());
                session.run(machine, place::open(Endpoint::peer, settings)?)?
            }
        };
        if !is_quiet && !ended.is_unheard {
            let summary = &ended.report.summary;
            let found = Plural(summary.found, "responder");
            let doubts = doubts::explain(&ended.report, Doubts::CLOSED, end.bounds());
            let more =
                doubts.map_or(String::new(), |reasons| format!("; there may be more: {reasons}"));
            let never = match end.count {
                Some(count) if !ended.is_reached => format!(", never {count} at the same time"),
                _ => String::new(),
            };
            let time = Seconds(summary.elapsed);
            TERMINAL.say(format_args!("{found} found in {time}{never}{more}"));
        }
        let is_enough = match end.count {
            Some(_) => ended.is_reached,
            None => end.deadline.is_none() || ended.report.summary.found > 0,
        };
        Ok(ended.status_or(if is_enough { Status::Success } else { Status::Unfulfilled }))
    }
}
