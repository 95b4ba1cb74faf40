//! `mcast send`: say something to a group.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mcast_net::Endpoint;
use mcast_proto::LaneId;
use mcast_proto::plain::{PROBE, Sender, Sending};

use crate::args::{Console, NetworkArgs};
use crate::failure::{Failure, Status};
use crate::parse::{Hex, Protocol, parse_count, parse_period, parse_port};
use crate::payload;
use crate::place::{self, Place};
use crate::render::Plural;
use crate::run::Run;
use crate::session::Session;
use crate::terminal::{Reader, TERMINAL};

/// Send to a group, without waiting for an answer
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Send {
    /// The text to send; - reads it from stdin [default: who's there?]
    #[arg(value_name = "MESSAGE", group = "message")]
    text: Option<String>,

    /// The bytes to send in hexadecimal
    #[arg(long, value_name = "HEX", group = "message")]
    payload_hex: Option<Hex>,

    /// A file with the bytes to send
    #[arg(long, value_name = "FILE", group = "message")]
    payload_file: Option<PathBuf>,

    /// Send it this many times [default: 1; with --every, until Ctrl-C]
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count::<u64>)]
    count: Option<u64>,

    /// The time between two datagrams [default: none]
    #[arg(long, value_name = "DURATION", value_parser = parse_period)]
    every: Option<Duration>,

    /// The port to send from [default: any]
    #[arg(long, value_name = "PORT", value_parser = parse_port)]
    source_port: Option<u16>,

    #[command(flatten)]
    network: NetworkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast send hello
  date | mcast send -
  mcast send --every 1s tick           until Ctrl-C
  mcast send --payload-hex 4d6521";

impl Send {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        let payload = match self.text.as_deref() {
            Some("-") => Some(payload::read(io::stdin(), "stdin")?),
            text => payload::choose(text, self.payload_hex.as_ref(), self.payload_file.as_deref())?,
        };
        let payload = payload.unwrap_or_else(|| PROBE.to_vec());
        let mut settings = self.network.settings(Protocol::Plain)?;
        settings.source_port = self.source_port.unwrap_or(0);
        let run = Run::new(self.network.format(), Reader::Needed);
        let session = Session::new(Run { waits: false, ..run })?;
        let endpoint = place::open(Endpoint::asker, &settings)?;
        let place = Place(&settings, &endpoint, LaneId::FIRST).to_string();
        let bytes = Plural(payload.len() as u64, "byte");
        let sending = Sending {
            payload,
            count: self.count.or(self.every.is_none().then_some(1)),
            every: self.every.unwrap_or(Duration::ZERO),
        };
        let ended = session.run(Sender::new(sending), endpoint)?;
        if !console.quiet && !ended.is_unheard {
            let datagrams = Plural(ended.report.summary.sent, "datagram");
            TERMINAL.say(format_args!("{datagrams} of {bytes} sent to {place}"));
        }
        Ok(ended.status_or(Status::Success))
    }
}
