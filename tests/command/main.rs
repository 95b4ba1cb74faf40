//! The built binary on real sockets, in worlds of its own.
#![cfg(target_os = "linux")]

mod absent;
mod change;
mod conduct;
mod describe;
mod events;
mod interfaces;
mod ipv6;
mod lines;
mod listen;
mod names;
mod output;
mod readme;
mod scan;
mod signals;
mod table;
mod terminal;
mod tutorial;
mod warnings;
mod watch;
mod wire;

use std::process::Command;

use mcast_tests::netns::{Finished, Host, Packet, Process, World};
use serde_json::Value;

const MCAST: &str = env!("CARGO_BIN_EXE_mcast");

/// Starts `mcast` in a host, with these words.
fn mcast(host: &Host<'_>, words: &str) -> Process {
    Process::start(command(host, words))
}

/// Runs `mcast` in a host to its end.
#[track_caller]
fn run(host: &Host<'_>, words: &str) -> Finished {
    mcast(host, words).wait()
}

fn command(host: &Host<'_>, words: &str) -> Command {
    let mut command = host.command(MCAST);
    command.args(words.split_whitespace());
    command
}

/// Starts `mcast respond` and waits until it has joined the default group on this card.
#[track_caller]
fn respond(host: &Host<'_>, card: &str, words: &str) -> Process {
    let before = host.joined(card, "224.1.1.1");
    let responder = mcast(host, &format!("respond {words}"));
    host.until_joined(card, "224.1.1.1", before + 1);
    responder
}

/// Two hosts on one segment, 10.0.0.1 and 10.0.0.2 on a card `eth0` each.
fn two_hosts(world: &World) -> [Host<'_>; 2] {
    let lan = world.segment();
    ["10.0.0.1/24", "10.0.0.2/24"].map(|address| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host.default_route("eth0");
        host
    })
}

#[track_caller]
fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// The events of one kind in JSON Lines.
#[track_caller]
fn events(stdout: &str, kind: &str) -> Vec<Value> {
    stdout.lines().map(json).filter(|event| event["event"] == kind).collect()
}

/// One field of each event, in order of the alphabet.
fn sorted<'a>(events: &'a [Value], field: &str) -> Vec<&'a str> {
    let text = |event: &'a Value| event[field].as_str().unwrap_or_else(|| panic!("{event}"));
    let mut values: Vec<_> = events.iter().map(text).collect();
    values.sort_unstable();
    values
}

/// A datagram to the tutorial's group, as it leaves.
fn is_probe(packet: &Packet) -> bool {
    packet.destination.to_string() == "224.1.1.1:50008"
}
