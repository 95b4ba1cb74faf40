//! `mcast listen`: what is said in a group.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;
use mcast_net::Endpoint;
use mcast_proto::LaneId;
use mcast_proto::plain::{Listener, Listening};

use crate::args::{Console, NetworkArgs};
use crate::failure::{Failure, Status};
use crate::hint;
use crate::parse::{Protocol, parse_count, parse_period};
use crate::place::{self, Place};
use crate::render::{Format, Plural, Seconds};
use crate::run::Run;
use crate::session::Session;
use crate::terminal::{Reader, TERMINAL};

/// Print every datagram that is sent to a group
///
/// Each is one line on stdout: the sender, the interface, the group and the payload. In the groups of mDNS,
/// SSDP, WS-Discovery and CoAP the payload is decoded into words. If somebody sends more than 20 datagrams a
/// second, most of them are only counted; --json and --raw show all.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Listen {
    /// Stop after this many datagrams; exit 1 if fewer come
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count::<u64>)]
    count: Option<u64>,

    /// Stop after this long without a datagram [default: never]
    #[arg(short, long, value_name = "DURATION", value_parser = parse_period)]
    timeout: Option<Duration>,

    /// Hear only this sender (source-specific multicast). May be repeated
    #[arg(long = "source", value_name = "ADDR")]
    sources: Vec<IpAddr>,

    /// Print payloads in hexadecimal
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    hex: bool,

    /// Write only the payloads, unchanged, to a pipe or a file
    #[arg(long, conflicts_with = "json")]
    raw: bool,

    /// Print on stderr, once a second, how much arrives
    #[arg(long)]
    stats: bool,

    /// Print the time before each line
    #[arg(long, help_heading = "Output", conflicts_with_all = ["raw", "json"])]
    time: bool,

    #[command(flatten)]
    network: NetworkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast listen                             the default group, until Ctrl-C
  mcast listen -g ssdp                     what the televisions say
  mcast listen -g mdns -g coap --hex       what is said in two protocols, byte by byte
  mcast listen -n 1 -t 10s                 does anything come at all?
  mcast listen --raw | hexdump -C";

impl Listen {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        if self.raw && TERMINAL.stdout().is_terminal {
            return Err(Failure::usage(
                "--raw does not write to a terminal: what comes off a network could command it; \
                 pipe it into another program, or leave --raw out",
            ));
        }
        let mut settings = self.network.settings_to_listen(Protocol::Plain)?;
        settings.sources.clone_from(&self.sources);
        let format = match (self.raw, self.hex) {
            (true, _) => Format::Raw,
            (_, true) => Format::Hex,
            _ => self.network.format(),
        };
        let session = Session::new(Run {
            stats: self.stats,
            times: self.time,
            ..Run::new(format, Reader::Needed)
        })?;
        let endpoint = place::open(Endpoint::member, &settings)?;
        if !console.quiet {
            TERMINAL
                .say(format_args!("listening to {}", Place(&settings, &endpoint, LaneId::FIRST)));
        }
        let listener = Listener::new(Listening { count: self.count, silence: self.timeout });
        let ended = session.run(listener, endpoint)?;
        let summary = &ended.report.summary;
        if !console.quiet && !ended.is_unheard {
            let datagrams = Plural(summary.received, "datagram");
            let hint = (summary.received == 0).then(|| hint::of_silence(&settings)).flatten();
            let time = Seconds(summary.elapsed);
            match hint {
                Some(hint) => TERMINAL.warn(format_args!("{datagrams} in {time}; {hint}")),
                None => TERMINAL.say(format_args!("{datagrams} in {time}")),
            }
        }
        let is_enough = self.count.is_none_or(|count| summary.received >= count);
        Ok(ended.status_or(if is_enough { Status::Success } else { Status::Unfulfilled }))
    }
}
