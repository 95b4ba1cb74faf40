//! What was said with a key, said again; and what never was.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use mcast_proto::wire::{self, Datagram};
use mcast_tests::netns::{Host, Packet, Signal, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Order, Sources, When};
use crate::forge::{Claim, Forgery, Recorded};
use crate::meter::Meter;
use crate::program::{Answer, GROUP, PATIENCE_MS, discover, host, names, offer, services, watch};
use crate::tally::Tally;

pub(crate) const ATTACKS: [Attack; 4] = [
    Attack {
        name: "a session with a key, recorded and sent again to a watcher",
        threshold: "nobody is told who is not there",
        run: replay_to_watcher,
    },
    Attack {
        name: "a session's questions with a key, sent again 1,000/s from the asker's address",
        threshold: "all found and complete, in every run",
        run: replayed_questions,
    },
    Attack {
        name: "1,000 announcements/s of invented services without the key, to those who have it",
        threshold: "all found and complete, in every run",
        run: announced_without_key,
    },
    Attack {
        name: "single bytes from beyond the link, 20,000/s, to those who have a key",
        threshold: "all found, in every run",
        run: single_bytes,
    },
];

/// The option that names a file with a secret.
fn key_file() -> String {
    let path = format!("{}/hostile-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(b"a secret that is overheard"));
    written.expect("a file of our own");
    format!("--key-file {path}")
}

/// Sends again what was recorded, in its order, each from where and to where it went.
fn replay(thief: &Host<'_>, recorded: &[Packet], each_second: u32, count: u64) -> Attacker {
    let again = |packet: &Packet| Recorded {
        from: packet.source,
        to: packet.destination,
        bytes: packet.payload.clone(),
    };
    let order = Order {
        forgery: Forgery::Recorded(recorded.iter().map(again).collect()),
        from: Sources::one([0; 4]),
        to: services(),
        ttl: 255,
        when: When::Rate { each_second, count },
    };
    Attacker::start(thief, &order)
}

fn replay_to_watcher(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, thief] = [1, 2, 3].map(|number| host(world, &lan, number));
    let key = key_file();
    // From one port, so that what was said to it then reaches it now.
    let words = format!("{key} --source-port 4242");
    let watcher = watch(&asker, &key);
    asker.until_joined("eth0", GROUP, 1);
    // Announcements, questions, answers to the asker and, where a firewall keeps those away, to the
    // group, and goodbyes.
    let capture = home.capture("eth0");
    let responder = offer(&home, &names(1), &key);
    watcher.line_with("\"found\"");
    assert_eq!(discover(&asker, PATIENCE_MS, &words).names, names(1));
    asker.nft(
        "table inet firewall { chain in { type filter hook input priority 0;\n\
         meta pkttype host udp dport 4242 drop\n}\n}",
    );
    assert_eq!(discover(&asker, PATIENCE_MS, &words).names, names(1));
    asker.nft("delete table inet firewall");
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    watcher.line_with("\"lost\"");
    let recorded = capture.stop();
    let to_group = |packet: &&Packet| packet.outgoing && packet.destination == services();
    let said = recorded
        .iter()
        .filter(to_group)
        .filter(|packet| matches!(wire::decode(&packet.payload), Ok(Datagram::Reply(_))));
    let by_group = said.count();
    assert!(by_group > 0, "nothing was answered to the group");
    drop(watcher);

    let watcher = watch(&asker, &words);
    asker.until_joined("eth0", GROUP, 1);
    let meter = Meter::of(&watcher);
    let times = if extent == Extent::Full { 20 } else { 2 };
    let sent = replay(&thief, &recorded, 500, recorded.len() as u64 * times).finish();
    std::thread::sleep(Duration::from_secs(1));
    let ghosts = watcher.lines_so_far().iter().filter(|line| line.contains("\"found\"")).count();
    Outcome {
        sent: format!("{} datagrams, of {} recorded", sent.count, recorded.len()),
        found: format!("{ghosts} told; {by_group} of those recorded were answers to the group"),
        usage: Some(meter.read()),
        held: ghosts == 0,
    }
}

fn replayed_questions(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, thief] = [1, 2, 3].map(|number| host(world, &lan, number));
    let key = key_file();
    let truth = names(20);
    let responder = offer(&home, &truth, &key);
    let capture = home.capture("eth0");
    assert_eq!(discover(&asker, PATIENCE_MS, &key).names, truth);
    let recorded: Vec<Packet> =
        capture.stop().into_iter().filter(|packet| !packet.outgoing).collect();
    let meter = Meter::of(&responder);
    let (runs, seconds) = extent.runs();
    let replay = replay(&thief, &recorded, 1000, u64::from(runs * seconds * 1000));
    let answers: Vec<Answer> = (0..runs).map(|_| discover(&asker, seconds * 1000, &key)).collect();
    let tally = Tally::of(&answers, &truth);
    let sent = replay.finish();
    Outcome {
        sent: format!("{sent}, of {} recorded", recorded.len()),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: tally.right == tally.asks,
    }
}

fn announced_without_key(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let key = key_file();
    let truth = names(20);
    let responder = offer(&home, &truth, &key);
    let meter = Meter::of(&responder);
    let (runs, seconds) = extent.runs();
    let from = Sources { first: [10, 0, 2, 0].into(), count: 62_500, port: 0 };
    let when = When::Rate { each_second: 1000, count: u64::from(runs * seconds * 1000) };
    let forgery = Forgery::Announce(Claim::of(None, "ghost"));
    let order = Order { forgery, from, to: services(), ttl: 1, when };
    let attacker = Attacker::start(&liar, &order);
    let answers: Vec<Answer> = (0..runs).map(|_| discover(&asker, seconds * 1000, &key)).collect();
    let tally = Tally::of(&answers, &truth);
    let sent = attacker.finish();
    Outcome {
        sent: sent.to_string(),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: tally.right == tally.asks,
    }
}

fn single_bytes(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let key = key_file();
    let truth = names(5);
    let responder = offer(&home, &truth, &key);
    let meter = Meter::of(&responder);
    let (runs, seconds) = extent.runs();
    let each_second = if extent == Extent::Full { 20_000 } else { 10_000 };
    let from = Sources { first: [192, 0, 2, 0].into(), count: 62_500, port: 0 };
    let when = When::Rate { each_second, count: u64::from(runs * seconds * each_second) };
    let order = Order { forgery: Forgery::Junk(1), from, to: services(), ttl: 3, when };
    let attacker = Attacker::start(&liar, &order);
    let answers: Vec<Answer> = (0..runs).map(|_| discover(&asker, seconds * 1000, &key)).collect();
    let tally = Tally::of(&answers, &truth);
    let sent = attacker.finish();
    Outcome {
        sent: sent.to_string(),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: tally.wrong == 0 && tally.whole == tally.asks,
    }
}

#[test]
fn what_was_recorded_with_a_key_shows_nobody() {
    quick(&ATTACKS[..1]);
}

#[test]
fn questions_that_were_recorded_with_a_key_starve_nobody() {
    quick(&ATTACKS[1..2]);
}

#[test]
fn what_is_announced_without_the_key_delays_nobody() {
    quick(&ATTACKS[2..3]);
}

#[test]
fn what_is_no_datagram_of_ours_starves_nobody() {
    quick(&ATTACKS[3..]);
}
