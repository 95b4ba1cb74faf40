//! The built binary: started, asked, and what it said.

use std::net::SocketAddr;

use mcast_proto::service;
use mcast_tests::netns::{Finished, Host, Process, Segment, World};
use serde_json::Value;

/// Where services are asked for.
pub(crate) const GROUP: &str = "239.255.80.9";

/// The same, with its port.
pub(crate) fn services() -> SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

/// For how long an ask may take that ends by itself.
pub(crate) const PATIENCE_MS: u32 = 20_000;

/// A host with a card `eth0`; its addresses are 10.0.0.NUMBER/16 and fd00::NUMBER/64.
pub(crate) fn host<'w>(world: &'w World, lan: &Segment, number: usize) -> Host<'w> {
    let host = world.host();
    host.card("eth0", lan, &[&format!("10.0.0.{number}/16"), &format!("fd00::{number}/64")]);
    host
}

/// Starts `mcast` in a host, with these words.
#[track_caller]
pub(crate) fn mcast(host: &Host<'_>, words: &str) -> Process {
    let mut command = host.command(env!("CARGO_BIN_EXE_mcast"));
    command.args(words.split_whitespace());
    Process::start(command)
}

/// Starts `mcast respond` for plain probes, and waits until it hears the group.
#[track_caller]
pub(crate) fn respond(host: &Host<'_>, words: &str) -> Process {
    let responder = mcast(host, &format!("respond {words}"));
    let group = if words.contains("-6") { "ff12::5008" } else { "224.1.1.1" };
    host.until_joined("eth0", group, 1);
    responder
}

/// The names of so many services, in order.
pub(crate) fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("lab-{number:03}")).collect()
}

/// Starts `mcast respond` with services of these names, and waits until it hears the group.
/// Of the words, those that describe a service describe the last.
#[track_caller]
pub(crate) fn offer(host: &Host<'_>, names: &[String], words: &str) -> Process {
    let services = names.iter().map(|name| format!("--service printer --name {name} --port 631"));
    let services = services.collect::<Vec<String>>().join(" ");
    let before = host.joined("eth0", GROUP);
    let responder = mcast(host, &format!("respond --quiet --no-plain {services} {words}"));
    host.until_joined("eth0", GROUP, before + 1);
    responder
}

/// The niceness of a responder beside a program that is always busy: the kernel leaves it a thirtieth of
/// the core that they share. To read costs less than to send, and a sender with a core for itself is to
/// send several times what can be read.
const NICENESS: &str = "15";

/// Starts `mcast respond` with a service of this name beside a program that keeps its core busy; both end
/// when they are dropped.
#[track_caller]
pub(crate) fn beside_a_busy_one(host: &Host<'_>, name: &str) -> (Process, Process) {
    let mut busy = host.command("taskset");
    busy.args(["-c", "0", "sh", "-c", "while :; do :; done"]);
    let busy = Process::start(busy);
    let mut responder = host.command("taskset");
    responder.args(["-c", "0", "nice", "-n", NICENESS, env!("CARGO_BIN_EXE_mcast")]);
    responder.args(["respond", "--json", "--quiet", "--no-plain", "--service", "printer"]);
    responder.args(["--name", name]);
    let responder = Process::start(responder);
    host.until_joined("eth0", GROUP, 1);
    (busy, responder)
}

/// What an asker says it found, and whether it says that this is all.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The names, in order.
    pub(crate) names: Vec<String>,
    pub(crate) events: Vec<Value>,
    pub(crate) complete: bool,
    /// Why it may not be all, in the program's words.
    pub(crate) doubts: Vec<String>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn of(finished: &Finished) -> Answer {
        assert!(matches!(finished.code, Some(0 | 1)), "{finished:?}");
        let event = |line| -> Value {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        let happened = |event: &Value| event["event"] != "ready";
        let events: Vec<Value> = finished.stdout.lines().map(event).filter(happened).collect();
        let found = events.iter().filter(|event| event["event"] == "found");
        let mut names: Vec<String> =
            found.map(|event| event["name"].as_str().unwrap_or_default().to_owned()).collect();
        names.sort_unstable();
        let done = events.iter().rfind(|event| event["event"] == "done");
        let complete = done.is_some_and(|done| done["complete"] == true);
        let doubts =
            done.and_then(|done| done["incomplete_because"].as_array()).into_iter().flatten();
        let doubts = doubts.filter_map(|word| Some(word.as_str()?.to_owned())).collect();
        Answer { names, events, complete, doubts }
    }

    /// Where somebody was heard, without ports: as found, or, of who has several addresses, as changed.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        let told = self.events.iter().filter(|event| event["event"] != "done");
        told.filter_map(|event| Some(event["addr"].as_str()?.rsplit_once(':')?.0))
    }

    /// Whether it says that it knows all and does not: the one thing that may never be.
    pub(crate) fn is_false(&self, truth: &[String]) -> bool {
        self.complete && !self.has(truth)
    }

    /// Whether all of these are among those found.
    pub(crate) fn has(&self, truth: &[String]) -> bool {
        truth.iter().all(|name| self.names.contains(name))
    }
}

/// Starts who watches the services of a network.
#[track_caller]
pub(crate) fn watch(host: &Host<'_>, words: &str) -> Process {
    mcast(host, &format!("discover --watch --service printer --json {words}"))
}

/// Asks for the services of a network, for this many milliseconds at most.
#[track_caller]
pub(crate) fn discover(host: &Host<'_>, milliseconds: u32, words: &str) -> Answer {
    Answer::of(&asker(host, milliseconds, words).wait())
}

/// The id of the one service that there is.
#[track_caller]
pub(crate) fn honest_id(asker: &Host<'_>) -> u64 {
    let answer = discover(asker, PATIENCE_MS, "");
    let id = answer.events.iter().find_map(|event| event["id"].as_str());
    u64::from_str_radix(id.expect("somebody is there"), 16).expect("an id in hex")
}

/// Starts who asks for the services of a network, for this many milliseconds at most.
#[track_caller]
pub(crate) fn asker(host: &Host<'_>, milliseconds: u32, words: &str) -> Process {
    let deadline = format!("--deadline {milliseconds}ms");
    mcast(host, &format!("discover --service printer --json {deadline} {words}"))
}

/// Whether anybody answers a plain probe, within this many milliseconds.
#[track_caller]
pub(crate) fn is_answered(host: &Host<'_>, milliseconds: u32, words: &str) -> bool {
    let words = format!("discover --quiet --count 1 --deadline {milliseconds}ms {words}");
    mcast(host, &words).wait().code == Some(0)
}
