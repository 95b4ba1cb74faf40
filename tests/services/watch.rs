//! Who comes, changes and goes, for one who goes on watching.

use std::time::UNIX_EPOCH;

use mcast_net::clock::Clock;
use mcast_proto::Instant;
use mcast_tests::netns::{Host, Packet, Process, Signal, World, until};
use serde_json::Value;

use crate::{GOODBYE, QUERY, REPLY, asker_and_printer, forge, host, is, json, mcast, offer};

/// The least that there is, so that it ends soon.
const LEASE: &str = "--lease 10s";

#[track_caller]
fn watch(host: &Host<'_>, words: &str) -> Process {
    mcast(host, &format!("discover --watch --service printer --json {words}"))
}

/// The next event, which must be of this kind.
#[track_caller]
fn next(watcher: &Process, kind: &str) -> Value {
    let event = json(&watcher.event());
    assert_eq!(event["event"], kind, "{event}");
    event
}

/// A start is told from another by its second.
fn until_next_second() {
    let second = || {
        let since_1970 = Clock::wall().duration_since(UNIX_EPOCH);
        since_1970.expect("after 1970").as_secs()
    };
    let now = second();
    until("the next second", || second() > now);
}

#[test]
fn who_is_ended_is_lost_at_once_and_who_is_started_again_has_changed() {
    let Some(world) = World::new() else { return };
    let (asker, printer, responder) = asker_and_printer(&world, "");
    let watcher = watch(&asker, "");
    let found = next(&watcher, "found");
    assert_eq!(found["name"], "lab-3");
    // Killed, it says nothing; another takes its place.
    assert_eq!(responder.stop(Signal::KILL).code, None);
    until_next_second();
    let responder = offer(&printer, &["lab-3".into()], "");
    let mut changed = next(&watcher, "changed");
    while changed["change"] == "address" {
        changed = next(&watcher, "changed");
    }
    assert_eq!((&changed["change"], &changed["id"]), (&"restarted".into(), &found["id"]));

    let clock = Clock::new();
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let mut lost = json(&watcher.event());
    while lost["event"] == "changed" && lost["change"] == "address" {
        lost = json(&watcher.event());
    }
    assert_eq!((&lost["event"], &lost["reason"]), (&"lost".into(), &"goodbye".into()), "{lost}");
    assert_eq!(lost["id"], found["id"]);
    let after = clock.now() - Instant::ZERO;
    println!("lost {after:?} after SIGTERM");
    // Its lease would have ended after two minutes.
    assert!(after.as_secs() < 10, "{after:?}");
}

#[test]
fn who_is_killed_is_lost_by_its_lease() {
    let Some(world) = World::new() else { return };
    let (asker, _printer, responder) = asker_and_printer(&world, LEASE);
    let watcher = watch(&asker, "");
    let found = next(&watcher, "found");
    let clock = Clock::new();
    assert_eq!(responder.stop(Signal::KILL).code, None);
    let lost = next(&watcher, "lost");
    assert_eq!((&lost["id"], &lost["reason"]), (&found["id"], &"expired".into()), "{lost}");
    let after = clock.now() - Instant::ZERO;
    println!("lost {after:?} after SIGKILL, by a lease of ten seconds");
    // With the time that a busy machine may take.
    assert!(after.as_secs() < 15, "{after:?}");
}

#[test]
fn goodbyes_that_are_forged_or_sent_again_remove_nobody() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer, liar] = [1, 2, 3].map(|number| host(&world, &lan, number));
    let responder = offer(&printer, &["lab-3".into()], "");
    let watcher = watch(&asker, "");
    next(&watcher, "found");
    let capture = asker.capture("eth0");
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    next(&watcher, "lost");
    let recorded: Vec<Packet> =
        capture.stop().into_iter().filter(|packet| is(packet, GOODBYE)).collect();
    assert!(!recorded.is_empty());

    until_next_second();
    let responder = offer(&printer, &["lab-3".into()], "");
    next(&watcher, "found");
    let capture = printer.capture("eth0");
    for recorded in &recorded {
        forge(&liar, recorded);
        // Of a start to come, by its EPOCH, the last of the TLVs: as genuine as one without a key is.
        let mut later = recorded.clone();
        let boot = later.payload.len() - 8;
        later.payload[boot..boot + 4].fill(0xff);
        forge(&liar, &later);
    }
    // It is asked, and answers.
    capture.packet(|packet| is(packet, QUERY) && !packet.outgoing);
    capture.packet(|packet| is(packet, REPLY) && packet.outgoing);
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let clock = Clock::new();
    assert_eq!(next(&watcher, "lost")["reason"], "goodbye");
    assert!((clock.now() - Instant::ZERO).as_secs() < 10, "its true goodbye was not heard");
}

/// Queries and answers, and their bytes, that pass a host with ten services in so many seconds, while
/// so many watch on other hosts.
fn refreshes(world: &World, watchers: usize, seconds: u64) -> (usize, usize) {
    let lan = world.segment();
    let home = host(world, &lan, 100);
    let names: Vec<String> = (0..10).map(|number| format!("lab-{number}")).collect();
    let _responder = offer(&home, &names, LEASE);
    let hosts: Vec<_> = (1..=watchers).map(|number| host(world, &lan, number)).collect();
    let running: Vec<_> = hosts.iter().map(|host| watch(host, "")).collect();
    for watcher in &running {
        for _ in 0..10 {
            watcher.line_with("found");
        }
    }
    // Until the first discovery is over, and the announcements of the start with it.
    std::thread::sleep(std::time::Duration::from_secs(5));
    let capture = home.capture("eth0");
    std::thread::sleep(std::time::Duration::from_secs(seconds));
    let packets = capture.stop();
    for watcher in &running {
        let lines = watcher.lines_so_far();
        assert!(!lines.iter().any(|line| line.contains("lost")), "{lines:?}");
    }
    let refresh = || packets.iter().filter(|packet| is(packet, QUERY) || is(packet, REPLY));
    (refresh().count(), refresh().map(|packet| packet.payload.len()).sum())
}

/// Side by side, on segments of their own.
fn one_and_three(seconds: u64) -> [(usize, usize); 2] {
    let run = |watchers| {
        let world = World::new().expect("a world");
        refreshes(&world, watchers, seconds)
    };
    std::thread::scope(|scope| {
        let one = scope.spawn(|| run(1));
        let three = scope.spawn(|| run(3));
        [one, three].map(|thread| thread.join().expect("it ends"))
    })
}

#[test]
#[ignore = "measures: sixty seconds of refreshes"]
fn measure_three_watchers_beside_one() {
    let [one, three] = one_and_three(60);
    let ratio = |of: fn((usize, usize)) -> usize| of(three) as f64 / of(one) as f64;
    println!("refreshing ten leases of ten seconds for a minute, (datagrams, bytes):");
    println!("one watcher {one:?}, three {three:?}");
    println!("ratio {:.2} of datagrams, {:.2} of bytes", ratio(|it| it.0), ratio(|it| it.1));
}
