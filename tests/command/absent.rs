//! Probes in the names of hosts that are not there: their answers go nowhere, and keep nobody else's.

use std::thread::sleep;
use std::time::Duration;

use mcast_tests::netns::{Host, Process, Signal, World};

use crate::{events, mcast, run};

/// A family, with a network that has room for hosts that are not there.
struct Family {
    words: &'static str,
    group: &'static str,
    addresses: [&'static str; 3],
    first_absent: &'static str,
}

const IPV4: Family = Family {
    words: "-4",
    group: "224.1.1.1",
    addresses: ["10.0.0.1/16", "10.0.0.2/16", "10.0.0.3/16"],
    first_absent: "10.0.16.1",
};

const IPV6: Family = Family {
    words: "-6",
    group: "ff12::5008",
    addresses: ["fe80::1/64", "fe80::2/64", "fe80::3/64"],
    first_absent: "fe80::1000",
};

/// An honest asker, a responder, and a host for the attack, on one segment.
fn hosts<'w>(world: &'w World, family: &Family) -> ([Host<'w>; 3], Process) {
    let lan = world.segment();
    let hosts = family.addresses.map(|address| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host
    });
    let responder = mcast(&hosts[1], &format!("respond {} -q", family.words));
    hosts[1].until_joined("eth0", family.group, 1);
    (hosts, responder)
}

/// Asks by the names of absent hosts.
fn attack(host: &Host<'_>, family: &Family, sources: usize, count: usize, rate: &str) -> Process {
    let [sources, count] = [sources, count].map(|number| number.to_string());
    let Family { group, first_absent, .. } = family;
    let words = ["eth0", first_absent, &sources, group, "50008", &count, rate];
    host.peer("absent.py", &words[..if rate.is_empty() { 6 } else { 7 }])
}

#[track_caller]
fn an_honest_asker_is_answered_after_a_burst(family: &Family, sources: usize) {
    let Some(world) = World::new() else { return };
    let ([asker, _, attacker], _responder) = hosts(&world, family);
    assert_eq!(attack(&attacker, family, sources, 2000, "").wait().code, Some(0));
    let words = format!("discover {} -n 1 -t 2s --deadline 2s", family.words);
    let finished = run(&asker, &words);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[track_caller]
fn honest_asks_are_answered_under_a_flood(family: &Family) {
    let Some(world) = World::new() else { return };
    let ([asker, _, attacker], _responder) = hosts(&world, family);
    let mut flood = attack(&attacker, family, 100, 10_000, "1000");
    sleep(Duration::from_secs(4));
    let words = format!("discover {} -n 1 -t 500ms --deadline 500ms", family.words);
    let answered = (0..6).filter(|_| run(&asker, &words).code == Some(0)).count();
    assert!(flood.is_running(), "the flood lasts as long as the asking");
    assert!(answered >= 5, "{answered} of 6 asks were answered");
}

#[test]
fn an_honest_asker_is_answered_after_a_burst_from_two_thousand_absent_hosts() {
    an_honest_asker_is_answered_after_a_burst(&IPV4, 2000);
}

#[test]
fn an_honest_asker_is_answered_after_a_burst_from_a_hundred_absent_hosts() {
    an_honest_asker_is_answered_after_a_burst(&IPV4, 100);
}

#[test]
fn an_honest_asker_is_answered_after_a_burst_from_absent_hosts_over_ipv6() {
    an_honest_asker_is_answered_after_a_burst(&IPV6, 2000);
}

#[test]
fn honest_asks_are_answered_under_a_flood_from_a_hundred_absent_hosts() {
    honest_asks_are_answered_under_a_flood(&IPV4);
}

#[test]
fn honest_asks_are_answered_under_a_flood_from_absent_hosts_over_ipv6() {
    honest_asks_are_answered_under_a_flood(&IPV6);
}

#[test]
fn a_socket_without_room_keeps_nobody_waiting() {
    let Some(world) = World::new() else { return };
    let ([asker, answerer, attacker], responder) = hosts(&world, &IPV4);
    drop(responder);
    // All that goes to a gateway that is not there stays in the socket's buffer, and fills it.
    answerer.ip("route add default via 10.0.0.9 dev eth0");
    answerer.set("ipv4/neigh/eth0/unres_qlen_bytes", "100000000");
    let mut responder = mcast(&answerer, "respond --allow-off-link --rate off --json");
    answerer.until_joined("eth0", IPV4.group, 1);
    let far_away = Family { first_absent: "192.0.2.1", ..IPV4 };
    assert_eq!(attack(&attacker, &far_away, 200, 20_000, "").wait().code, Some(0));
    let finished = run(&asker, "discover --repeat 50 -n 1 -t 10s --deadline 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(responder.is_running());
    let done = events(&responder.stop(Signal::TERM).stdout, "done").swap_remove(0);
    let requests = done["received"].as_u64();
    assert!(requests > Some(10_000), "{done}");
    // What found no room is counted.
    assert!(done["interfaces"][0]["send_drops"].as_u64() > Some(0), "{done}");
}
