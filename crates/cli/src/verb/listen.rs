//! `mcast listen`: what is said in a group.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use mcast_net::Endpoint;
use mcast_proto::plain::{Listener, Listening};
use mcast_proto::{Event, Instant};

use crate::args::{Console, NetworkArgs};
use crate::failure::{Failure, Status};
use crate::output::Reader;
use crate::parse::{Protocol, parse_count, parse_period};
use crate::place::{self, Place};
use crate::render::{Format, Plural, Seconds};
use crate::session::Session;
use crate::stderr;
use crate::tick::Ticking;

/// Print every datagram that is sent to a group
///
/// Each is one line on stdout: who sent it, the interface, the group, what was said. Who says more than
/// 20 lines a second is summed up, but for --json and --raw.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Listen {
    /// End after this many datagrams; exit 1 if fewer come
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count::<u64>)]
    count: Option<u64>,

    /// End after this long without a datagram [default: never]
    #[arg(short, long, value_name = "DURATION", value_parser = parse_period)]
    timeout: Option<Duration>,

    /// Hear this sender alone (source-specific multicast); may be repeated
    #[arg(long = "source", value_name = "ADDR")]
    sources: Vec<IpAddr>,

    /// Print what was said in hexadecimal
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    hex: bool,

    /// Write what was said as it is and nothing else, to a pipe or a file
    #[arg(long, conflicts_with = "json")]
    raw: bool,

    /// Say on stderr, once a second, how much comes
    #[arg(long)]
    stats: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast listen                             the default group, until Ctrl-C
  mcast listen -g 239.255.255.250:1900     what the televisions say (SSDP)
  mcast listen -n 1 -t 10s                 does anything come at all?
  mcast listen --raw | hexdump -C";

impl Listen {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        if self.raw && io::stdout().is_terminal() {
            return Err(Failure::usage(
                "--raw does not write to a terminal: what comes off a network could command it; \
                 pipe it into another program, or leave --raw out",
            ));
        }
        let mut settings = self.network.settings(Protocol::Plain)?;
        settings.sources.clone_from(&self.sources);
        let format = match (self.raw, self.hex) {
            (true, _) => Format::Raw,
            (_, true) => Format::Hex,
            _ => self.network.format(),
        };
        let session = Session::new(format, Reader::Needed)?;
        let endpoint = place::open(Endpoint::member, &settings)?;
        if !console.quiet {
            stderr::say(format_args!("listening to {}", Place(&settings, &endpoint)));
        }

        let heard = Cell::new(Volume::default());
        let drops = endpoint.drops();
        let mut before = (Instant::ZERO, Volume::default());
        let show_stats = |now: Instant, _: &Listener| {
            let volume = Volume { drops: drops.total(), ..heard.get() };
            volume.show_since(before.1, now - before.0);
            before = (now, volume);
        };
        let listener = Listener::new(Listening { count: self.count, silence: self.timeout });
        let tick = self.stats.then_some((Duration::from_secs(1), show_stats));
        let machine = Ticking::new(listener, tick);
        let ended = session.run(machine, endpoint, |event| {
            if let Event::Message { payload, .. } = event.event {
                heard.set(heard.get().and(payload));
            }
        })?;
        let summary = &ended.report.summary;
        if !console.quiet && !ended.is_unheard {
            let datagrams = Plural(summary.received, "datagram");
            stderr::say(format_args!("{datagrams} in {}", Seconds(summary.elapsed)));
        }
        let is_enough = self.count.is_none_or(|count| summary.received >= count);
        Ok(ended.status_or(if is_enough { Status::Success } else { Status::Unfulfilled }))
    }
}

/// How much was heard.
#[derive(Debug, Clone, Copy, Default)]
struct Volume {
    datagrams: u64,
    bytes: u64,
    /// Dropped by the system.
    drops: u64,
}

impl Volume {
    fn and(self, payload: &[u8]) -> Volume {
        Volume { datagrams: self.datagrams + 1, bytes: self.bytes + payload.len() as u64, ..self }
    }

    fn show_since(self, before: Volume, time: Duration) {
        let a_second = |number: u64| number as f64 / time.as_secs_f64();
        let datagrams = a_second(self.datagrams - before.datagrams);
        let bytes = a_second(self.bytes - before.bytes);
        let drops = self.drops - before.drops;
        stderr::say(format_args!(
            "{datagrams:.0} datagrams/s, {bytes:.0} bytes/s, {drops} dropped by the kernel"
        ));
    }
}
