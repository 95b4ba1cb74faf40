//! Who claims to be another, or what nobody is; and what was said before, said again.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use mcast_proto::service;
use mcast_tests::netns::{Host, Packet, Process, Signal, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Order, Sources, When};
use crate::forge::{Claim, Forgery};
use crate::meter::Meter;
use crate::program::{Answer, PATIENCE_MS, discover, host, names, offer, watch};

pub(crate) const ATTACKS: [Attack; 9] = [
    Attack {
        name: "announcements with an honest id, of a later start",
        threshold: "a watcher tells of no move, and of the honest goodbye",
        run: announced_elsewhere,
    },
    Attack {
        name: "goodbyes with an honest id",
        threshold: "a watcher loses nobody",
        run: forged_goodbyes,
    },
    Attack {
        name: "announcements of invented services from beyond the link",
        threshold: "a watcher tells of none",
        run: |world, extent| ghosts(world, extent, [192, 0, 2, 0]),
    },
    Attack {
        name: "250,000 announcements of invented services from absent hosts",
        threshold: "a watcher tells of none, and of an honest start after them",
        run: |world, extent| ghosts(world, extent, [10, 0, 2, 0]),
    },
    Attack {
        name: "each question answered with an honest id, from elsewhere",
        threshold: "the honest one found, in every run",
        run: stolen_id,
    },
    Attack {
        name: "each question answered by 2,000 invented services of one address",
        threshold: "all 64 honest ones found, in every run",
        run: |world, extent| inventor(world, extent, 1),
    },
    Attack {
        name: "each question answered by 2,000 invented services of 62,500 addresses",
        threshold: "all 64 honest ones found, in every run",
        run: |world, extent| inventor(world, extent, 62_500),
    },
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
];

fn group() -> SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

/// Who claims to offer a printer, as of a start that is yet to come.
fn claim(id: Option<u64>, name: &str) -> Claim {
    Claim { id, boot: u32::MAX, service: "printer".to_owned(), name: name.to_owned() }
}

/// Sends so many from this address and port of the services.
fn lie(
    liar: &Host<'_>,
    forgery: Forgery,
    first: [u8; 4],
    count: u32,
    (each_second, times): (u32, u64),
) -> Attacker {
    let from = Sources { first: first.into(), count, port: service::PORT };
    let when = When::Rate { each_second, count: times };
    Attacker::start(liar, &Order { forgery, from, to: group(), ttl: 3, when })
}

/// The id of the one service that there is.
fn honest_id(asker: &Host<'_>) -> u64 {
    let answer = discover(asker, PATIENCE_MS, "");
    let id = answer.events.iter().find_map(|event| event["id"].as_str());
    u64::from_str_radix(id.expect("somebody is there"), 16).expect("an id in hex")
}

/// What a watcher has told and was not read yet.
fn told(watcher: &Process) -> Vec<String> {
    watcher.lines_so_far()
}

fn announced_elsewhere(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = offer(&home, &names(1), "");
    let id = honest_id(&asker);
    let watcher = watch(&asker, "");
    watcher.line_with("\"found\"");
    let meter = Meter::of(&watcher);
    let forgery = Forgery::Announce(claim(Some(id), "lab-000"));
    let times = if extent == Extent::Full { 200 } else { 20 };
    let (sent, seconds) = lie(&liar, forgery, [10, 0, 0, 3], 1, (20, times)).finish();
    let moved = told(&watcher).iter().filter(|line| line.contains("10.0.0.3:")).count();
    let usage = meter.read();
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let lost = watcher.line_with("\"lost\"");
    Outcome {
        sent: format!("{sent} in {seconds:.0} s"),
        found: format!("{moved} moves told"),
        usage: Some(usage),
        held: moved == 0 && lost.contains("goodbye"),
    }
}

fn forged_goodbyes(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let _responder = offer(&home, &names(1), "");
    let id = honest_id(&asker);
    let watcher = watch(&asker, "");
    watcher.line_with("\"found\"");
    let meter = Meter::of(&watcher);
    let forgery = Forgery::Goodbye(claim(Some(id), ""));
    let times = if extent == Extent::Full { 500 } else { 100 };
    let (sent, seconds) = lie(&liar, forgery, [10, 0, 0, 2], 1, (50, times)).finish();
    // By now it would be taken for gone.
    std::thread::sleep(Duration::from_secs(1));
    let lost = told(&watcher).iter().filter(|line| line.contains("\"lost\"")).count();
    Outcome {
        sent: format!("{sent} in {seconds:.0} s"),
        found: format!("{lost} lost"),
        usage: Some(meter.read()),
        held: lost == 0,
    }
}

fn ghosts(world: &World, extent: Extent, first: [u8; 4]) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let watcher = watch(&asker, "");
    asker.until_joined("eth0", "239.255.80.9", 1);
    let meter = Meter::of(&watcher);
    let times = if extent == Extent::Full { 250_000 } else { 10_000 };
    let forgery = Forgery::Announce(claim(None, "ghost"));
    let (sent, seconds) = lie(&liar, forgery, first, 62_500, (25_000, times)).finish();
    let _responder = offer(&home, &names(1), "");
    let mut ghosts = 0;
    let mut line = watcher.line_with("\"found\"");
    while line.contains("ghost") {
        ghosts += 1;
        line = watcher.line_with("\"found\"");
    }
    Outcome {
        sent: format!("{sent} in {seconds:.0} s"),
        found: format!("{ghosts} of them told; then the honest one"),
        usage: Some(meter.read()),
        held: ghosts == 0,
    }
}

/// Who answers each question so many times, for as long as the runs take.
fn answerer(liar: &Host<'_>, claim: Claim, from: Sources, times: u32, seconds: u32) -> Attacker {
    let when = When::Asked { times, seconds };
    // The address is of the family that it answers; whom it answers, the questions tell.
    let order = Order { forgery: Forgery::Reply(claim), from, to: group(), ttl: 1, when };
    Attacker::start(liar, &order)
}

/// The runs, and how many seconds each may take.
fn runs(extent: Extent) -> (u32, u32) {
    if extent == Extent::Full { (6, 5) } else { (2, 3) }
}

fn stolen_id(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(1);
    let _responder = offer(&home, &truth, "");
    let id = honest_id(&asker);
    let (runs, seconds) = runs(extent);
    let from = Sources { first: [10, 0, 0, 3].into(), count: 1, port: service::PORT };
    let thief = answerer(&liar, claim(Some(id), "thief"), from, 1, runs * seconds);
    let asks = (0..runs).map(|_| discover(&asker, seconds * 1000, ""));
    let found = asks.filter(|answer| answer.addresses().any(|at| at == "10.0.0.2")).count();
    let (sent, _) = thief.finish();
    Outcome {
        sent: format!("{sent} answers"),
        found: format!("the honest one in {found} of {runs} runs"),
        usage: None,
        held: found == runs as usize,
    }
}

fn inventor(world: &World, extent: Extent, addresses: u32) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(64);
    let _responder = offer(&home, &truth, "");
    let (runs, seconds) = runs(extent);
    let times = if extent == Extent::Full { 2000 } else { 200 };
    // From the honest host's own address, where it is one.
    let first = if addresses == 1 { [10, 0, 0, 2] } else { [10, 0, 2, 0] };
    let from = Sources { first: first.into(), count: addresses, port: service::PORT };
    let inventor = answerer(&liar, claim(None, "invented"), from, times, runs * seconds);
    let answers: Vec<Answer> = (0..runs).map(|_| discover(&asker, seconds * 1000, "")).collect();
    let (sent, _) = inventor.finish();
    let whole = answers.iter().filter(|answer| answer.has(&truth)).count();
    let wrong = answers.iter().filter(|answer| answer.is_false(&truth)).count();
    Outcome {
        sent: format!("{sent} answers"),
        found: format!(
            "all 64 honest ones in {whole} of {runs} runs, {wrong} complete without them"
        ),
        usage: None,
        held: wrong == 0 && whole == runs as usize,
    }
}

/// The option that names a file with a secret.
fn key_file() -> String {
    let path = format!("{}/hostile-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(b"a secret that is overheard"));
    written.expect("a file of our own");
    format!("--key-file {path}")
}

/// Sends again what was recorded, each from where and to where it went.
fn replay(thief: &Host<'_>, recorded: &[Packet], each_second: u32, count: u64) -> Vec<Attacker> {
    let mut ways: Vec<(SocketAddr, SocketAddr)> =
        recorded.iter().map(|packet| (packet.source, packet.destination)).collect();
    ways.sort_unstable();
    ways.dedup();
    let attackers = ways.into_iter().map(|(from, to)| {
        let those =
            recorded.iter().filter(|packet| (packet.source, packet.destination) == (from, to));
        let forgery = Forgery::Bytes(those.map(|packet| packet.payload.clone()).collect());
        let from = Sources { first: from.ip(), count: 1, port: from.port() };
        let when = When::Rate { each_second, count };
        Attacker::start(thief, &Order { forgery, from, to, ttl: 1, when })
    });
    attackers.collect()
}

fn sent_by(attackers: Vec<Attacker>) -> u64 {
    attackers.into_iter().map(|attacker| attacker.finish().0).sum()
}

fn replay_to_watcher(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, thief] = [1, 2, 3].map(|number| host(world, &lan, number));
    let key = key_file();
    let watcher = watch(&asker, &key);
    asker.until_joined("eth0", "239.255.80.9", 1);
    // Announcements, questions, answers and goodbyes.
    let capture = asker.capture("eth0");
    let responder = offer(&home, &names(1), &key);
    watcher.line_with("\"found\"");
    assert_eq!(discover(&asker, PATIENCE_MS, &format!("{key} --source-port 4242")).names, names(1));
    assert_eq!(responder.stop(Signal::KILL).code, None);
    let recorded = capture.stop();
    drop(watcher);

    let watcher = watch(&asker, &format!("{key} --source-port 4242"));
    asker.until_joined("eth0", "239.255.80.9", 1);
    let meter = Meter::of(&watcher);
    let times = if extent == Extent::Full { 20 } else { 2 };
    let sent = sent_by(replay(&thief, &recorded, 500, recorded.len() as u64 * times));
    std::thread::sleep(Duration::from_secs(1));
    let ghosts = told(&watcher).iter().filter(|line| line.contains("\"found\"")).count();
    Outcome {
        sent: format!("{sent} datagrams, of {} recorded", recorded.len()),
        found: format!("{ghosts} told"),
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
    let (runs, seconds) = runs(extent);
    let replay = replay(&thief, &recorded, 1000, u64::from(runs * seconds * 1000));
    let asks = (0..runs).map(|_| discover(&asker, seconds * 1000, &key));
    let whole = asks.filter(|answer| answer.complete && answer.has(&truth)).count();
    let sent = sent_by(replay);
    Outcome {
        sent: format!("{sent} questions, of {} recorded", recorded.len()),
        found: format!("all, and complete, in {whole} of {runs} runs"),
        usage: Some(meter.read()),
        held: whole == runs as usize,
    }
}

#[test]
fn who_announces_itself_as_another_moves_nobody() {
    quick(&ATTACKS[0]);
}

#[test]
fn who_says_goodbye_for_another_ends_nobody() {
    quick(&ATTACKS[1]);
}

#[test]
fn who_only_announces_itself_is_not_there() {
    quick(&ATTACKS[2]);
    quick(&ATTACKS[3]);
}

#[test]
fn who_answers_with_anothers_id_hides_nobody() {
    quick(&ATTACKS[4]);
}

#[test]
fn who_invents_services_hides_nobody() {
    quick(&ATTACKS[5]);
    quick(&ATTACKS[6]);
}

#[test]
fn what_was_recorded_with_a_key_shows_nobody() {
    quick(&ATTACKS[7]);
}

#[test]
fn questions_that_were_recorded_with_a_key_starve_nobody() {
    quick(&ATTACKS[8]);
}
