//! When a discovery ends, of responders or of services, and what its end is worth.

use std::time::Duration;

use clap::Args;
use mcast_proto::Doubts;

use crate::doubts::{self, Bounds};
use crate::failure::Status;
use crate::parse::{parse_count, parse_period};
use crate::session::Ended;

/// When to end.
#[derive(Debug, Args)]
pub(super) struct End {
    /// Stop after this long without a new answer. Without --deadline, stop after ten times as long in
    /// any case
    #[arg(short, long, value_name = "DURATION", default_value = "3s", value_parser = parse_period)]
    pub(super) timeout: Duration,

    /// Stop after this long in any case
    #[arg(long, value_name = "DURATION", value_parser = parse_period)]
    pub(super) deadline: Option<Duration>,

    /// End as soon as this many have answered, with --watch as soon as so many are there at the same time;
    /// exit 1 if fewer do
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count::<u64>)]
    pub(super) count: Option<u64>,
}

impl End {
    /// Whether as many were found as were wanted.
    pub(super) fn status(&self, ended: &Ended) -> Status {
        let is_enough = ended.report.summary.found >= self.count.unwrap_or(1);
        ended.status_or(if is_enough { Status::Success } else { Status::Unfulfilled })
    }

    /// What may be the reason for that nobody was found, besides that nobody is there.
    pub(super) fn beside(&self, ended: &Ended) -> String {
        let but = Doubts::DEADLINE | Doubts::CLOSED;
        match doubts::explain(&ended.report, but, self.bounds()) {
            Some(reasons) => format!("; besides, {reasons}"),
            None => String::new(),
        }
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds { timeout: self.timeout, deadline: self.deadline }
    }
}
