//! `mcast scan`: what is on this network, in every language that devices speak.

mod machines;
mod opening;
mod presets;
mod scanning;
mod voices;
mod wanted;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mcast_dialects::mdns::ServiceType;
use mcast_net::{Report, Settings};
use mcast_proto::{Doubts, Instant};

use crate::args::{Console, LinkArgs};
use crate::describing::Describing;
use crate::doubts::{self, Bounds};
use crate::failure::{Failure, Status};
use crate::parse::{parse_count, parse_period};
use crate::place::{self, Asked};
use crate::progress::Progress;
use crate::render::{Format, Plural, Seconds, Told};
use crate::run::{Run, Until};
use crate::session::{Ended, Session};
use crate::terminal::{Reader, TERMINAL};
use machines::{Choir, Plan};
use scanning::{Patience, Scanning};
use voices::Voice;
use wanted::{NamePattern, Wanted};

/// See what is on this network, by every protocol that devices speak
///
/// Asks in all protocols at once: mdns (printers, Apple's and Google's devices), ssdp (UPnP: televisions,
/// routers, media servers), wsd (Windows hosts, network printers, cameras), coap (sensors), mcast and plain
/// (programs of this kind), and presets: protocols of single makers, which are described by a table. Each
/// device is a block of text at the end: where it is, what it is, and what it offers.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Scan {
    /// Use only these protocols: mdns, ssdp, wsd, coap, mcast, plain, or a preset by its name
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    only: Vec<String>,

    /// Find only this type of service, as its protocol calls it: _ipp._tcp, urn:…, the name of a preset
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    service: Option<String>,

    /// Find only those whose name matches, such as lab-*
    #[arg(long, value_name = "PATTERN")]
    name: Option<NamePattern>,

    /// A file with presets of your own, in TOML. May be repeated. Files in mcast/presets of your
    /// configuration folder are always read
    #[arg(long, value_name = "FILE")]
    presets: Vec<PathBuf>,

    /// Also use presets that need broadcast or a fixed source port
    #[arg(long)]
    broadcast: bool,

    /// Stop after this long without a new find. Without --deadline, stop after ten times as long in any
    /// case [default: 3s, and 7s in any case; with coap, which answers late, at least 6s]
    #[arg(short, long, value_name = "DURATION", value_parser = parse_period)]
    timeout: Option<Duration>,

    /// Stop after this long in any case
    #[arg(long, value_name = "DURATION", value_parser = parse_period)]
    deadline: Option<Duration>,

    /// Do not end: tell who is found, changes and is lost, until Ctrl-C; a line each, on a terminal a table of
    /// who is there. With --deadline it ends after that time
    #[arg(long, conflicts_with = "timeout")]
    watch: bool,

    /// End a watch as soon as this many services are there at the same time; exit 1 if it ends before
    #[arg(short = 'n', long, value_name = "N", value_parser = parse_count::<u64>, requires = "watch")]
    count: Option<u64>,

    /// Read the description of each UPnP device by HTTP, at the URL that it names: only from the device itself,
    /// on this network, at most 64 KiB and two seconds
    #[arg(long, conflicts_with = "watch")]
    describe: bool,

    #[command(flatten)]
    network: LinkArgs,
}

const EXAMPLES: &str = "\
Examples:
  mcast scan                            everything that answers
  mcast scan -v                         with all that it says of itself
  mcast scan --describe                 with the names that televisions and routers go by
  mcast scan --type _ipp._tcp           printers
  mcast scan --only ssdp,wsd --watch    who comes and goes, by two protocols
  mcast scan --json | jq -r 'select(.event == \"found\") | [.device, .dialect, .service] | @tsv'";

/// The usual silence that ends a scan.
const SILENCE: Duration = Duration::from_secs(3);
/// When a scan ends in any case, where nothing else is asked for.
const LONGEST: Duration = Duration::from_millis(6_800);
/// How late a server of CoAP may answer, and the question is put twice.
const COAP_ANSWERS: Duration = Duration::from_millis(6_500);

/// What is said where a protocol has found as many as it remembers.
const NO_ROOM: &str = "more answered than there is room to remember (4,096 in most protocols): ask for fewer, by one \
     --interface, by --only or by --type";
const CUT_SHORT: &str = "an answer may not be whole, as some responders of mdns leave out what is beyond 512 bytes: \
     --watch has them answer to the group, where there is more room";

/// Reads a type: any text but none.
fn parse_type(text: &str) -> Result<String, String> {
    match text {
        "" => Err("not a type; write for example _ipp._tcp".into()),
        // With the domain that all names of multicast DNS end with.
        text => {
            let bare = text.trim_end_matches('.');
            let bare = bare.strip_suffix(".local").unwrap_or(bare);
            Ok(ServiceType::new(bare).map_or_else(|| text.to_owned(), |it| it.as_str().to_owned()))
        }
    }
}

impl Scan {
    pub(crate) fn run(self, console: &Console) -> Result<Status, Failure> {
        let presets = presets::all(&self.presets)?;
        let mut voices = voices::choose(presets, &self.only, self.broadcast)?;
        let wanted = Wanted { service: self.service.clone(), name: self.name.clone() };
        voices.retain(|voice| wanted.may_be_of(voice));
        if voices.is_empty() {
            return Err(Failure::usage(
                "--type: none of the protocols that are asked in knows that type; see mcast scan --help",
            ));
        }
        let LinkArgs { ipv4, ipv6, .. } = self.network;
        let patience = (!self.watch).then(|| self.patience(&voices));
        let mut plan =
            Plan { wanted: wanted.clone(), ipv4: ipv4 || !ipv6, ipv6: ipv6 || !ipv4, patience };
        let settings =
            Settings { interfaces: self.network.interfaces.clone(), ..Settings::default() };
        let session = Session::new(self.run_with(console.quiet))?;
        // Where only this machine is asked, IPv6 has no route as a rule, and adds nobody. Who watches may have
        // another interface later.
        let may_do_without = !self.watch && plan.ipv4 && !ipv6;
        if may_do_without && settings.interfaces.is_empty() && place::is_only_loopback_up()? {
            plan.ipv6 = false;
        }
        let (mut choir, mut endpoint) = opening::open(&plan, &voices, &settings)?;
        let mut asked = Asked::on(&endpoint)?;
        // The loopback may have been asked for, or be taken where all others are of a kind that is left alone.
        if may_do_without && plan.ipv6 && asked.is_loopback() {
            plan.ipv6 = false;
            drop(endpoint);
            (choir, endpoint) = opening::open(&plan, &voices, &settings)?;
            asked = Asked::on(&endpoint)?;
        }
        let Choir { machines, names, .. } = choir;
        // In which protocols is asked is known once the sockets are open.
        let session = session.telling(Told::Devices { asked: names.clone() });
        let machine = Scanning::new(machines, &names, wanted, patience);
        let ended = session.run(machine, endpoint)?;
        if !console.quiet && !ended.is_unheard {
            self.sum_up(&ended, &asked, (&names, &settings));
        }
        let is_found = match (self.count, self.watch && self.deadline.is_none()) {
            (Some(_), _) => ended.is_reached,
            (None, is_endless) => is_endless || ended.report.summary.found > 0,
        };
        Ok(ended.status_or(if is_found { Status::Success } else { Status::Unfulfilled }))
    }

    fn patience(&self, voices: &[Voice]) -> Patience {
        let most = match (self.timeout, self.deadline) {
            (None, None) => Some(LONGEST),
            (_, deadline) => deadline,
        };
        let least = if voices.contains(&Voice::Coap) { COAP_ANSWERS } else { Duration::ZERO };
        Patience { silence: self.timeout.unwrap_or(SILENCE), least, most }
    }

    fn run_with(&self, is_quiet: bool) -> Run<Scanning> {
        let format = match (self.network.json, self.watch) {
            (true, _) => Format::Json,
            (false, false) => Format::Blocks,
            (false, true) if TERMINAL.stdout().can_erase => Format::Table,
            (false, true) => Format::Text,
        };
        let progress = match self.watch {
            true => Progress::Watch(Scanning::summary),
            false => Progress::line(is_quiet, progress),
        };
        let told = Told::Devices { asked: Vec::new() };
        let describing = self.describe.then(Describing::default);
        // Who asks once ends by the machine's own patience.
        let deadline = self.deadline.filter(|_| self.watch);
        let until = Until { count: self.count, deadline };
        Run { told, progress, describing, until, ..Run::new(format, Reader::Needed) }
    }

    fn sum_up(&self, ended: &Ended, asked: &Asked, (names, settings): (&[String], &Settings)) {
        let summary = &ended.report.summary;
        let (time, names) = (Seconds(summary.elapsed), names.join(", "));
        // To end when told to is what was asked for.
        let bounds = Bounds { timeout: self.timeout.unwrap_or(SILENCE), deadline: self.deadline };
        let reasons = reasons(&ended.report, bounds);
        if summary.found == 0 && ended.signal.is_none() {
            let besides = reasons.map_or(String::new(), |reasons| format!("; besides, {reasons}"));
            return TERMINAL.warn(format_args!(
                "nothing found in {time} on {asked}, asked in {names}: {}{besides}",
                asked.advice(settings)
            ));
        }
        let more = reasons.map_or(String::new(), |it| format!("; there may be more: {it}"));
        let found = Plural(summary.found, "service");
        let never = match self.count {
            Some(count) if !ended.is_reached => format!(", never {count} at the same time"),
            _ => String::new(),
        };
        TERMINAL.say(format_args!("{found} in {time} on {asked}, asked in {names}{never}{more}"));
    }
}

/// Why there may be more, where a scan says it in other words than one of our own protocols.
fn reasons(report: &Report, bounds: Bounds) -> Option<String> {
    let own = [(Doubts::NO_ROOM, NO_ROOM), (Doubts::CUT_SHORT, CUT_SHORT)];
    let told = own.iter().filter(|(doubt, _)| report.summary.doubts.contains(*doubt));
    let others = Doubts::CLOSED | Doubts::NO_ROOM | Doubts::CUT_SHORT;
    let others = doubts::explain(report, others, bounds);
    let reasons: Vec<String> = told.map(|(_, reason)| (*reason).to_owned()).chain(others).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// What was asked, and how long it still listens.
fn progress(scanning: &Scanning, now: Instant) -> String {
    let (found, left) = (Plural(scanning.found(), "service"), Seconds(scanning.left(now)));
    format!("{found}, {left} left; {}", scanning.asked())
}

#[cfg(test)]
mod tests;
