//! `mcast respond`: me!

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mcast_net::Endpoint;
use mcast_proto::plain::{REPLY, Responder, Response};

use crate::args::{Console, NetworkArgs};
use crate::failure::{Failure, Status};
use crate::output::Reader;
use crate::parse::{Hex, RateLimit, parse_count, parse_duration};
use crate::payload;
use crate::render::{Plural, Seconds};
use crate::session::{Place, Session};
use crate::stderr;

/// Answer whoever asks the group, until Ctrl-C
///
/// Joins the group, prints each probe, and answers it to the one that asked. What was not sent to the
/// group, or comes from beyond the link, is not answered: an answer must be no weapon against others.
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

    /// Answer this probe alone
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Spread the answers over a random wait of up to this
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
    delay: Duration,

    /// Answers a second at the most, to one source and in all, or off
    #[arg(long, value_name = "PER_SOURCE[/TOTAL]", default_value = "20/1000")]
    rate: RateLimit,

    /// Answer also what comes from beyond the link, where its source may be forged
    #[arg(long)]
    allow_off_link: bool,

    /// End after this many answers
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count::<u64>)]
    count: Option<u64>,

    #[command(flatten)]
    network: NetworkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast respond                             what mcast discover finds
  mcast respond --reply \"printer, floor 3\"  say who you are
  mcast respond --delay 500ms               one of hundreds: don't answer all at once
  mcast respond -n 1                        wait until somebody asks";

impl Respond {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        let file = self.reply_file.as_deref();
        let reply = payload::choose(self.reply.as_deref(), self.reply_hex.as_ref(), file)?;
        let settings = self.network.settings()?;
        let session = Session::new(self.network.format(), Reader::Optional)?;
        let endpoint = Endpoint::member(&settings)?;
        if !console.quiet {
            stderr::say(format_args!("answering {}", Place(&settings, &endpoint)));
        }
        let response = Response {
            reply: reply.unwrap_or_else(|| REPLY.to_vec()),
            only: self.only.map(String::into_bytes),
            delay: self.delay,
            rate: self.rate.0,
            port: settings.groups[0].port(),
            allow_off_link: self.allow_off_link,
            count: self.count,
        };
        let machine = Responder::new(response, mcast_net::seed());
        let ended = session.run(machine, endpoint, |_| {})?;
        if !console.quiet {
            let summary = &ended.report.summary;
            let time = Seconds(summary.elapsed);
            let answered = Plural(summary.sent, "answer");
            let asked = Plural(summary.received, "probe");
            stderr::say(format_args!("{answered} to {asked} in {time}"));
        }
        // To be ended by a signal is the ordinary end of a responder.
        Ok(Status::Success)
    }
}
