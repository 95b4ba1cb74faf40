//! `mcast discover`: who's there?

mod end;
mod services;
mod watch;

use std::path::PathBuf;

use clap::Args;
use mcast_net::{Endpoint, Settings};
use mcast_proto::plain::{Discoverer, Discovery, PROBE};
use mcast_proto::{Doubts, Instant};

use crate::args::{Console, NetworkArgs};
use crate::doubts;
use crate::failure::{Failure, Status};
use crate::parse::{Hex, Protocol, parse_count, parse_port};
use crate::payload;
use crate::place::{self, Asked};
use crate::progress::Progress;
use crate::render::{Plural, Seconds, Told};
use crate::run::Run;
use crate::session::{Ended, Session};
use crate::terminal::{Reader, TERMINAL};
use end::End;
use services::Services;
use watch::{Watch, Watched};

/// Ask a group who is there, and print each answer as it arrives
///
/// Multicasts a probe, collects the answers, and ends when none has come for a while. Each responder
/// is one line on stdout: its address, the interface, the round-trip time and what it said. A
/// summary goes to stderr. With --service it asks for a service, and asks again until everybody is
/// found.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Discover {
    /// The probe's text [default: who's there?]
    #[arg(short, long, value_name = "TEXT", group = "probe")]
    payload: Option<String>,

    /// The probe's bytes in hexadecimal
    #[arg(long, value_name = "HEX", group = "probe")]
    payload_hex: Option<Hex>,

    /// A file with the probe's bytes
    #[arg(long, value_name = "FILE", group = "probe")]
    payload_file: Option<PathBuf>,

    #[command(flatten)]
    end: End,

    /// Send the probe this many times, in case some are lost
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count::<u32>)]
    repeat: u32,

    /// The port that answers come to, so that a firewall rule can name it [default: any]
    #[arg(long, value_name = "PORT", value_parser = parse_port)]
    source_port: Option<u16>,

    #[command(flatten)]
    services: Services,

    #[command(flatten)]
    watch: Watch,

    #[command(flatten)]
    network: NetworkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast discover                        everybody on every network
  mcast discover -n 1 -t 500ms          is anybody there?
  mcast discover --repeat 3 -i wlan0    a network that loses datagrams
  mcast discover --service printer --where color=yes
  mcast discover --service '*' --watch
  mcast discover --json | jq -r 'select(.event == \"found\").addr'";

impl Discover {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        let file = self.payload_file.as_deref();
        let probe = payload::choose(self.payload.as_deref(), self.payload_hex.as_ref(), file)?;
        let protocol = match self.services.service {
            None => Protocol::Plain,
            Some(_) => Protocol::Structured,
        };
        let mut settings = self.network.settings(protocol)?;
        settings.source_port = self.source_port.unwrap_or(0);
        let probe = probe.unwrap_or_else(|| PROBE.to_vec());
        let format = self.network.format();
        if self.watch.watch {
            let watched = match protocol {
                Protocol::Plain => Watched::Responders { probe },
                Protocol::Structured => Watched::Services(&self.services),
            };
            return self.watch.run(watched, &self.end, &settings, format, console.quiet);
        }
        if protocol == Protocol::Structured {
            return self.services.discover(&self.end, &settings, format, console.quiet);
        }
        let progress = Progress::line(console.quiet, progress);
        let run = Run { told: Told::Responders, progress, ..Run::new(format, Reader::Needed) };
        let session = Session::new(run)?;
        let endpoint = place::open(Endpoint::asker, &settings)?;
        let asked = Asked::on(&endpoint)?;
        let discovery = Discovery {
            probe,
            repeat: self.repeat,
            silence: self.end.timeout,
            deadline: self.end.deadline,
            count: self.end.count,
            ..Discovery::default()
        };
        let machine = Discoverer::new(discovery, mcast_net::seed());
        let ended = session.run(machine, endpoint)?;
        if !console.quiet && !ended.is_unheard {
            self.sum_up(&ended, &asked, &settings);
        }
        Ok(self.end.status(&ended))
    }

    fn sum_up(&self, ended: &Ended, asked: &Asked, settings: &Settings) {
        let summary = &ended.report.summary;
        let time = Seconds(summary.elapsed);
        if summary.found == 0 && ended.signal.is_none() {
            return TERMINAL.warn(format_args!(
                "no answer in {time} on {asked}: is anything responding? try --repeat 3 where datagrams get lost; \
                 {}{}",
                asked.advice(settings),
                self.end.beside(ended)
            ));
        }
        let found = Plural(summary.found, "responder");
        let wanted = match self.end.count {
            Some(count) if summary.found < count => format!(" of {count}"),
            _ => String::new(),
        };
        // To end at a number, or when told to, is what was asked for.
        let but = Doubts::COUNT | Doubts::CLOSED;
        let more = match doubts::explain(&ended.report, but, self.end.bounds()) {
            Some(reasons) => format!("; there may be more: {reasons}"),
            None => String::new(),
        };
        TERMINAL.say(format_args!("{found}{wanted} in {time} on {asked}{more}"));
    }
}

fn progress(discoverer: &Discoverer, now: Instant) -> String {
    let answers = Plural(discoverer.summary(now).found, "answer");
    match discoverer.ends() {
        Some(end) => format!("{answers}, {} left", Seconds(end - now)),
        None => answers.to_string(),
    }
}
