//! Many askers at one address, honest ones and those that only claim to be there.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::plain;
use mcast_proto::wire::MIN_QUERY;
use mcast_tests::netns::{Host, Process, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Order, Sources, When};
use crate::crowd::crowd;
use crate::forge::{Claim, Forgery};
use crate::meter::Meter;
use crate::program::{
    Answer, discover, honest_id, host, is_answered, mcast, names, offer, respond, services, watch,
};
use crate::tally::Tally;

pub(crate) const ATTACKS: [Attack; 6] = [
    Attack {
        name: "150 askers at one address, 100 responders",
        threshold: "at least 140 complete and whole, none complete and not whole",
        run: crowd_of_askers,
    },
    Attack {
        name: "400 queries/s in the asker's address",
        threshold: "never complete with one missing",
        run: |world, extent| own_address(world, extent, 400),
    },
    Attack {
        name: "2,000 queries/s in the asker's address",
        threshold: "never complete with one missing",
        run: |world, extent| own_address(world, extent, 2000),
    },
    Attack {
        name: "10,000 queries/s in the asker's address",
        threshold: "never complete with one missing",
        run: |world, extent| own_address(world, extent, 10_000),
    },
    Attack {
        name: "10,000 queries/s in a watcher's address, and goodbyes with an honest id",
        threshold: "a watcher loses nobody",
        run: watcher_and_goodbyes,
    },
    Attack {
        name: "300 plain probes/s in the asker's address",
        threshold: "at least 9 of 10 asks are answered",
        run: own_address_plain,
    },
];

fn crowd_of_askers(world: &World, extent: Extent) -> Outcome {
    let (askers, responders) = if extent == Extent::Full { (150, 100) } else { (20, 20) };
    let lan = world.segment();
    let asker = world.host();
    asker.card("eth0", &lan, &["10.0.0.1/8"]);
    let home = world.host();
    home.card("eth0", &lan, &["10.0.0.2/8"]);
    let crowd = crowd(&home, responders, "10.0.0.2");
    let truth: Vec<String> = (0..responders).map(|number| format!("virtual {number}")).collect();
    let meter = Meter::of(&crowd);
    let words = "discover --service crowd --json --deadline 25s";
    let running: Vec<Process> = (0..askers).map(|_| mcast(&asker, words)).collect();
    let answers: Vec<Answer> =
        running.into_iter().map(|process| Answer::of(&process.wait())).collect();
    let tally = Tally::of(&answers, &truth);
    Outcome {
        sent: format!("{askers} at once"),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: tally.wrong == 0 && tally.right * 15 >= askers * 14,
    }
}

/// Who sends so many a second in the address of 10.0.0.1, for so many seconds.
fn in_askers_address(
    liar: &Host<'_>,
    forgery: Forgery,
    to: SocketAddr,
    each_second: u32,
    seconds: u32,
) -> Attacker {
    let from = Sources { first: [10, 0, 0, 1].into(), count: 1, port: 0 };
    let when = When::Rate { each_second, count: u64::from(each_second * seconds) };
    Attacker::start(liar, &Order { forgery, from, to, ttl: 1, when })
}

fn own_address(world: &World, extent: Extent, each_second: u32) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(20);
    let responder = offer(&home, &truth, "");
    let meter = Meter::of(&responder);
    let (asks, each) = if extent == Extent::Full { (6, 4) } else { (1, 3) };
    let attacker = in_askers_address(
        &liar,
        Forgery::Query(MIN_QUERY),
        services(),
        each_second,
        asks * each + 1,
    );
    let answers: Vec<_> = (0..asks).map(|_| discover(&asker, each * 1000, "")).collect();
    let usage = meter.read();
    let sent = attacker.finish();
    let tally = Tally::of(&answers, &truth);
    Outcome {
        sent: sent.to_string(),
        found: tally.to_string(),
        usage: Some(usage),
        held: tally.wrong == 0,
    }
}

fn watcher_and_goodbyes(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = offer(&home, &names(1), "");
    let id = honest_id(&asker);
    let watcher = watch(&asker, "");
    watcher.line_with("\"found\"");
    let meter = Meter::of(&responder);
    let seconds = if extent == Extent::Full { 20 } else { 4 };
    let flood = Forgery::Query(MIN_QUERY);
    let flood = in_askers_address(&liar, flood, services(), 10_000, seconds);
    let goodbyes = Order {
        forgery: Forgery::Goodbye(Claim::of(Some(id), "")),
        from: Sources::one([10, 0, 0, 2]),
        to: services(),
        ttl: 1,
        when: When::Rate { each_second: 20, count: u64::from(20 * seconds) },
    };
    let goodbyes = Attacker::start(&liar, &goodbyes).finish();
    let flood = flood.finish();
    let usage = meter.read();
    // By now it would be taken for gone.
    std::thread::sleep(Duration::from_secs(1));
    let lost = watcher.lines_so_far().iter().filter(|line| line.contains("\"lost\"")).count();
    Outcome {
        sent: format!("{flood}; {} goodbyes", goodbyes.count),
        found: format!("{lost} lost"),
        usage: Some(usage),
        held: lost == 0,
    }
}

fn own_address_plain(world: &World, _: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&home, "--quiet");
    let meter = Meter::of(&responder);
    let probe = Forgery::Bytes(plain::PROBE.to_vec());
    let group = (plain::GROUP_V4, plain::PORT).into();
    let attacker = in_askers_address(&liar, probe, group, 300, 7);
    let answered = (0..10).filter(|_| is_answered(&asker, 500, "")).count();
    let usage = meter.read();
    let sent = attacker.finish();
    Outcome {
        sent: sent.to_string(),
        found: format!("{answered} of 10 asks"),
        usage: Some(usage),
        held: answered >= 9,
    }
}

#[test]
fn askers_in_a_crowd_are_not_told_that_a_part_is_all() {
    quick(&ATTACKS[..1]);
}

#[test]
fn who_asks_in_anothers_address_hides_nobody_from_it() {
    quick(&ATTACKS[1..4]);
}

#[test]
fn who_asks_in_a_watchers_address_ends_nobody() {
    quick(&ATTACKS[4..5]);
}

#[test]
fn who_probes_in_anothers_address_does_not_starve_it() {
    quick(&ATTACKS[5..]);
}
