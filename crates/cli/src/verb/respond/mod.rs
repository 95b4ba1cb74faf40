//! `mcast respond`: me!

mod answerer;
mod offered;
mod reload;
mod services;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use mcast_net::{Endpoint, IdSource, Settings};
use mcast_proto::plain::{REPLY, Responder, Responding};
use mcast_proto::wire::Keyring;
use mcast_proto::{LaneId, Role, Several, service};

use crate::args::{Console, NetworkArgs};
use crate::config::Config;
use crate::failure::{Failure, Status};
use crate::offer::OfferWords;
use crate::parse::{Hex, Protocol, RateLimit, parse_count, parse_duration};
use crate::place::{Place, warn_of_family};
use crate::render::{Plural, Requests, Seconds, Told};
use crate::run::Run;
use crate::session::Session;
use crate::signals::Reloads;
use crate::terminal::{Reader, TERMINAL};
use crate::{payload, readiness, secret};
use answerer::Answerer;
use reload::Reload;
use services::{Common, Services};

/// Answer whoever asks the group, until Ctrl-C
///
/// Joins the group, prints each probe, and answers the one that asked. A probe that was not sent to
/// the group, or that comes from beyond the link, is not answered: answers must not become a weapon
/// against others. If somebody asks more than 20 times a second, one line a second is shown and the
/// rest are counted; --json shows all. With --service it also answers questions for that service, and
/// announces it.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Respond {
    /// The answer's text [default: Me!]
    #[arg(long, value_name = "TEXT", group = "answer")]
    reply: Option<String>,

    /// The answer's bytes in hexadecimal
    #[arg(long, value_name = "HEX", group = "answer")]
    reply_hex: Option<Hex>,

    /// A file with the answer's bytes
    #[arg(long, value_name = "FILE", group = "answer")]
    reply_file: Option<PathBuf>,

    /// Answer only this probe
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Wait a random time of up to this before each answer, against bursts
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
    delay: Duration,

    /// At most this many answers a second: to one source, and in all; or off
    ///
    /// After a pause, two seconds' worth may go at once: with 2/5 one source gets 4 answers, and then 2 a second.
    /// An answer of more than 128 bytes counts once for each 128 bytes. Two services together have twice the
    /// rate; four or more have four times the rate. With off there is no limit: anybody can then flood another
    /// by asking in that one's name.
    #[arg(long, value_name = "PER_SOURCE[/TOTAL]", default_value_t)]
    rate: RateLimit,

    /// Also answer probes from beyond the link. As their source may be forged, each gets one answer, no
    /// longer than itself
    #[arg(long)]
    allow_off_link: bool,

    /// Stop after this many answers
    #[arg(
        short = 'n', long, value_name = "N", value_parser = parse_count::<u64>,
        conflicts_with = "offered",
    )]
    count: Option<u64>,

    /// Print the time before each line
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    time: bool,

    #[command(flatten)]
    services: Services,

    #[command(flatten)]
    network: NetworkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast respond                             what mcast discover finds
  mcast respond --reply \"printer, floor 3\"  say who you are
  mcast respond --delay 500ms               one of hundreds: don't answer all at once
  mcast respond -n 1                        wait until somebody asks
  mcast respond --service printer --name lab-3 --port 631 --txt color=yes";

impl Respond {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        let plain = self.plain_response()?;
        let services = self.services.resolve()?;
        let keyring = secret::keyring(&services.key_file)?;
        // From here on the signal ends nothing.
        let reloads = Reloads::watch()?;
        let run = Run::new(self.network.format(), Reader::Optional);
        let run = Run { times: self.time, is_service: true, told: Told::Requests, ..run };
        let session = Session::new(run)?;
        let say = |line: String| {
            if !console.quiet {
                TERMINAL.say(format_args!("{line}"));
            }
        };
        let lanes = self.lanes(&services)?;
        let endpoint = Endpoint::with_lanes(&lanes)?;
        warn_of_family(&lanes[0].1, &endpoint)?;
        let mut machines = Several::default();
        let ids = IdSource::of(&endpoint);
        // Their ids nobody else of this host may have meanwhile.
        let mut all_offered = Vec::new();
        let mut lines = Vec::new();
        for ((role, settings), lane) in lanes.iter().zip((0..).map(LaneId)) {
            let place = Place(settings, &endpoint, lane);
            let added = if *role == Role::Member {
                lines.push(format!("answering {place}"));
                let response = Responding { port: settings.groups[0].port(), ..plain.clone() };
                let machine = Responder::new(response, mcast_net::seed());
                machines.add(Answerer::Plain(Box::new(machine)))
            } else {
                lines.extend(offering(&services.services, &place));
                let common = self.common(&services, keyring.clone());
                let (machine, offered) = services::offer(&services.services, &common, &ids)?;
                all_offered = offered;
                machines.add(machine)
            };
            debug_assert!(added.is_ok(), "there are two lanes");
        }
        // Nothing is claimed before all of it holds.
        readiness::ready(&status(&lines));
        lines.into_iter().for_each(say);

        let words = (self.services.clone(), services.clone());
        let reload = Reload::new(words, (all_offered, ids), console.quiet);
        // It is held here as well: where there is no such signal nobody else would keep the ids.
        let reload = Arc::new(Mutex::new(reload));
        let shared = reload.clone();
        let session = session.started_by(move |changer| {
            let run = move || shared.lock().unwrap_or_else(PoisonError::into_inner).run(&changer);
            if let Err(error) = reloads.start(run) {
                log::warn!("SIGUSR1 will not be heard: {error}");
            }
        });
        let ended = session.run(machines, endpoint)?;
        drop(reload);
        let summary = &ended.report.summary;
        let (requests, time) = (ended.requests, Seconds(summary.elapsed));
        let (sent, received) = (summary.sent, summary.received);
        let traffic = match services.services[..] {
            [] => format!("{} to {}", Plural(sent, "answer"), Plural(received, "probe")),
            _ => {
                let (sent, received) = (Plural(sent, "datagram"), Plural(received, "datagram"));
                format!("{sent} sent and {received} heard")
            }
        };
        let Requests { answered, refused } = requests;
        say(format!("{answered} answered and {refused} refused: {traffic} in {time}"));
        // To be ended by a signal is the ordinary end of a responder.
        Ok(Status::Success)
    }

    /// What is answered to plain probes; the port is still to be set.
    fn plain_response(&self) -> Result<Responding, Failure> {
        let file = self.reply_file.as_deref();
        let reply = payload::choose(self.reply.as_deref(), self.reply_hex.as_ref(), file)?;
        Ok(Responding {
            reply: reply.unwrap_or_else(|| REPLY.to_vec()),
            only: self.only.clone().map(String::into_bytes),
            delay: self.delay,
            rate: self.rate.0,
            allow_off_link: self.allow_off_link,
            count: self.count,
            ..Responding::default()
        })
    }

    /// The lanes that are to be opened, that of the services first.
    fn lanes(&self, services: &Config) -> Result<Vec<(Role, Settings)>, Failure> {
        let mut lanes = Vec::new();
        if !services.services.is_empty() {
            let settings = self.network.settings(Protocol::Structured)?;
            let heard_besides = service::ALL_HOSTS.to_vec();
            lanes.push((Role::Peer, Settings { heard_besides, ..settings }));
        }
        if services.answers_plain() {
            let settings = match services.services[..] {
                [] => self.network.settings(Protocol::Plain)?,
                _ => self.network.settings_apart(Protocol::Plain)?,
            };
            lanes.push((Role::Member, settings));
        }
        Ok(lanes)
    }

    /// What all services have in common.
    fn common(&self, config: &Config, keyring: Option<Keyring>) -> Common {
        Common {
            lease: config.lease.map(|lease| lease.0),
            rate: self.rate,
            allow_off_link: self.allow_off_link,
            keyring,
        }
    }
}

/// What the manager of services shows: of many lines the first.
fn status(lines: &[String]) -> String {
    match lines {
        [first, second] => format!("{first}; {second}"),
        [first, rest @ ..] if !rest.is_empty() => format!("{first}; and {} more", rest.len()),
        lines => lines.concat(),
    }
}

/// So many services have a line each; more are counted.
const MOST_NAMED: usize = 8;

/// Says what is offered.
fn offering(services: &[OfferWords], place: &Place<'_>) -> Vec<String> {
    if services.len() > MOST_NAMED {
        let number = Plural(services.len() as u64, "service");
        return vec![format!("offering {number} in {place}; -v names them")];
    }
    let line = |words: &OfferWords| {
        let name = words.name.as_ref().map_or(String::new(), |name| format!(" as {name}"));
        format!("offering {}{name} in {place}", words.service)
    };
    services.iter().map(line).collect()
}
