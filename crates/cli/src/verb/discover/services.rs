//! Asking by the structured protocol.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mcast_net::{Endpoint, Refused, Settings};
use mcast_proto::service::{self, Discoverer, Discovery, Selection};
use mcast_proto::{Doubts, Instant, Summary};

use super::end::End;
use crate::doubts::{self, MOST_SILENCES};
use crate::failure::{Failure, Status};
use crate::offer::{Attribute, explain, parse_name};
use crate::place::{self, Asked};
use crate::progress::Progress;
use crate::render::{Format, Plural, Seconds, Told};
use crate::run::Run;
use crate::secret;
use crate::session::{Ended, Session};
use crate::terminal::{Reader, TERMINAL};

/// Which services are asked for, and how thoroughly.
#[derive(Debug, Args)]
#[command(next_help_heading = "Services")]
pub(super) struct Services {
    /// Find who offers this service, or '*' for any. This uses the structured protocol, in the group
    /// 239.255.80.9:50009, with -6 [ff12::5009]:50009. It asks again until nobody new answers, and
    /// says whether the list is complete
    #[arg(
        long, value_name = "NAME", value_parser = parse_name,
        conflicts_with_all = ["probe", "repeat"],
    )]
    pub(super) service: Option<String>,

    /// Find only services with this attribute. May be repeated
    #[arg(long = "where", value_name = "KEY[=VALUE]", requires = "service")]
    attributes: Vec<Attribute>,

    /// Accept only answers from those that have this key. The file holds random bytes or a passphrase,
    /// at least 16 bytes, and only you may read it. May be repeated: the first is used to send, all are
    /// accepted
    #[arg(long, value_name = "FILE", requires = "service")]
    key_file: Vec<PathBuf>,

    /// How many sweeps in a row must find nobody new before the list counts as complete: fast (8),
    /// normal (16) or thorough (32, for lossy networks)
    #[arg(
        long, value_name = "EFFORT", value_enum, default_value_t = Effort::Normal,
        hide_possible_values = true, requires = "service",
    )]
    effort: Effort,
}

impl Services {
    /// Discovers who offers them.
    pub(super) fn discover(
        &self,
        end: &End,
        settings: &Settings,
        format: Format,
        is_quiet: bool,
    ) -> Result<Status, Failure> {
        let progress = Progress::line(is_quiet, progress);
        let run = Run { told: Told::Services, progress, ..Run::new(format, Reader::Needed) };
        let session = Session::new(run)?;
        let machine = Discoverer::new(self.discovery(end)?, mcast_net::seed());
        let endpoint = place::open(Endpoint::asking_peer, settings)?;
        let asked = Asked::on(&endpoint)?;
        let ended = session.run(machine, endpoint)?;
        if !is_quiet && !ended.is_unheard {
            self.sum_up(end, &ended, &asked, settings);
        }
        Ok(end.status(&ended))
    }

    /// What is asked, and of whom.
    pub(super) fn discovery(&self, end: &End) -> Result<Discovery, Failure> {
        let longest = end.timeout.saturating_mul(MOST_SILENCES);
        Ok(Discovery {
            effort: self.effort.into(),
            deadline: Some(end.deadline.unwrap_or(longest)),
            silence: Some(end.timeout),
            count: end.count,
            selection: self.selection()?,
            keyring: secret::keyring(&self.key_file)?,
            ..Discovery::all()
        })
    }

    /// The same for a watch, of which others say when it ends.
    pub(super) fn watching(&self, end: &End) -> Result<Discovery, Failure> {
        Ok(Discovery { deadline: None, count: None, ..self.discovery(end)? })
    }

    fn selection(&self) -> Result<Selection, Failure> {
        let selection = match self.service.as_deref() {
            None | Some("*") => Ok(Selection::all()),
            Some(name) => Selection::service(name),
        };
        selection
            .and_then(|selection| {
                self.attributes.iter().try_fold(selection, |selection, Attribute { key, value }| {
                    selection.attr(key, value.as_deref().map(str::as_bytes))
                })
            })
            .map_err(|error| Failure::usage(format!("--where: {}", explain(error))))
    }

    fn sum_up(&self, end: &End, ended: &Ended, asked: &Asked, settings: &Settings) {
        let summary = &ended.report.summary;
        let time = Seconds(summary.elapsed);
        if summary.found == 0 && ended.signal.is_none() {
            let key = if self.key_file.is_empty() { "" } else { " who has the key" };
            let whom = match self.service.as_deref() {
                None | Some("*") => "any service".into(),
                Some(name) => format!("service {name}"),
            };
            return TERMINAL.warn(format_args!(
                "no answer for {whom} in {time} on {asked}: is anybody{key} offering it (mcast \
                 respond --service)? {}{}",
                asked.advice(settings),
                end.beside(ended)
            ));
        }
        let found = Plural(summary.found, "responder");
        let verdict = if summary.complete == Some(true) {
            format!("complete{}: nobody else answers", but_for(&ended.report.refused))
        } else {
            let reasons = doubts::explain(&ended.report, Doubts::NONE, end.bounds());
            format!("not complete: {}", reasons.as_deref().unwrap_or("there may be more"))
        };
        let further = match ended.further {
            0 => String::new(),
            number => format!(" ({number} more of their addresses: -v shows them)"),
        };
        TERMINAL.say(format_args!("{found}{further} in {time} on {asked}; {verdict}"));
        warn_of_firewall(summary);
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Effort {
    Fast,
    Normal,
    Thorough,
}

impl From<Effort> for service::Effort {
    fn from(effort: Effort) -> service::Effort {
        match effort {
            Effort::Fast => service::Effort::Fast,
            Effort::Normal => service::Effort::Normal,
            Effort::Thorough => service::Effort::Thorough,
        }
    }
}

/// Says so where answers came by the detour alone that is taken when the straight way is closed.
fn warn_of_firewall(summary: &Summary) {
    if summary.found_by_group > 0 {
        let number = summary.found_by_group;
        TERMINAL.warn(format_args!(
            "{number} of {} heard by the group alone: a firewall here seems to drop answers that come \
             to this program; let one port in and name it with --source-port",
            summary.found
        ));
    }
}

/// Names the interfaces where nobody could be asked.
fn but_for(refused: &[Refused]) -> String {
    let name = |it: &Refused| format!("{} over IPv{}", it.interface, if it.ipv6 { 6 } else { 4 });
    let names: Vec<String> = refused.iter().map(name).collect();
    match names[..] {
        [] => String::new(),
        _ => format!(" but for {}, where no question left", names.join(", ")),
    }
}

fn progress(discoverer: &Discoverer, now: Instant) -> String {
    let summary = discoverer.summary(now);
    let (found, sweeps) = (Plural(summary.found, "answer"), Plural(summary.sweeps.into(), "sweep"));
    format!("{found}, {sweeps}, {}", Seconds(summary.elapsed))
}
