//! Who makes others send: to a victim, or to everybody.

use mcast_proto::wire::{MAX_SENT, MIN_QUERY};
use mcast_tests::netns::{Host, Packet, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Back, Order, Sources, When};
use crate::forge::{Claim, Forgery};
use crate::meter::Meter;
use crate::program::{PATIENCE_MS, discover, honest_id, host, names, offer, services, watch};

pub(crate) const ATTACKS: [Attack; 4] = [
    Attack {
        name: "10,000 queries/s of 1,200 bytes in the address of a victim, answers of 1,000",
        threshold: "at most 84 kB/s to it from one responder, and two seconds' worth at once",
        run: by_one_service,
    },
    Attack {
        name: "10,000 queries/s of 1,200 bytes in the address of a victim, to twenty services of one process",
        threshold: "at most 336 kB/s to it from all of them, and two seconds' worth at once",
        run: by_twenty_services,
    },
    Attack {
        name: "500 goodbyes/s with an honest id: what a watcher sends",
        threshold: "at most 1.5 kB/s, and 24 kB at once, all to the group",
        run: by_a_watcher,
    },
    Attack {
        name: "each question answered with a promise of 1,200 bytes: what an asker sends",
        threshold: "at most 24 questions of more than 128 bytes in an ask, all to the group",
        run: by_an_asker,
    },
];

/// What a rate of 400 short answers a second allows, with the shares of sessions, in bytes a second.
const TO_ONE: u64 = 84_000;
/// Of an IPv4 packet, what is before its UDP payload.
const HEADERS: u64 = 28;

fn by_one_service(world: &World, extent: Extent) -> Outcome {
    against_one(world, extent, 1)
}

fn by_twenty_services(world: &World, extent: Extent) -> Outcome {
    against_one(world, extent, 20)
}

/// More than four services of one process share what four may send.
fn against_one(world: &World, extent: Extent, offered: usize) -> Outcome {
    let lan = world.segment();
    let [victim, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    victim.nft(
        "table netdev hostile { counter answers {}\n\
         chain in { type filter hook ingress device eth0 priority 0;\n\
         ip saddr 10.0.0.2 ip daddr 10.0.0.1 udp length > 8 counter name answers\n}\n}",
    );
    let notes: Vec<String> =
        (0..4).map(|number| format!("--txt note{number}={}", "x".repeat(230))).collect();
    let responder = offer(&home, &names(offered), &notes.join(" "));
    let meter = Meter::of(&responder);
    let (seconds, each_second) = if extent == Extent::Full { (10, 10_000) } else { (2, 5000) };
    let order = Order {
        forgery: Forgery::Query(MAX_SENT),
        from: Sources { first: [10, 0, 0, 1].into(), count: 1, port: 0 },
        to: services(),
        ttl: 1,
        when: When::Rate { each_second, count: u64::from(each_second * seconds) },
    };
    let sent = Attacker::start(&liar, &order).finish();
    let usage = meter.read();
    let (packets, bytes) = counted(&victim);
    let payload = bytes - packets * HEADERS;
    Outcome {
        sent: sent.to_string(),
        found: format!("{packets} answers, {:.0} kB/s", payload as f64 / sent.seconds / 1000.0),
        usage: Some(usage),
        held: packets > 0
            && payload as f64 <= (TO_ONE * offered.min(4) as u64) as f64 * (sent.seconds + 2.0),
    }
}

/// The packets and bytes that the one counter of a host has seen.
fn counted(host: &Host<'_>) -> (u64, u64) {
    let listed = host.run("nft", ["list", "counters"]).stdout;
    let after = |word: &str| {
        let mut words = listed.split_whitespace().skip_while(|at| *at != word).skip(1);
        words.next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{listed}"))
    };
    (after("packets"), after("bytes"))
}

/// Those that a host sent itself, to the port of the services or by unicast.
fn own(packets: Vec<Packet>) -> Vec<Packet> {
    packets.into_iter().filter(|packet| packet.outgoing).collect()
}

fn by_a_watcher(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let _responder = offer(&home, &names(1), "");
    let id = honest_id(&asker);
    let watcher = watch(&asker, "");
    watcher.line_with("\"found\"");
    // Until its first discovery is over.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let meter = Meter::of(&watcher);
    let capture = asker.capture("eth0");
    let seconds = if extent == Extent::Full { 30 } else { 4 };
    let order = Order {
        forgery: Forgery::Goodbye(Claim::of(Some(id), "")),
        from: Sources::one([10, 0, 0, 2]),
        to: services(),
        ttl: 1,
        when: When::Rate { each_second: 500, count: 500 * seconds },
    };
    let sent = Attacker::start(&liar, &order).finish();
    let usage = meter.read();
    let own = own(capture.stop());
    let bytes: usize = own.iter().map(|packet| packet.payload.len()).sum();
    let elsewhere = own.iter().filter(|packet| packet.destination != services()).count();
    Outcome {
        sent: sent.to_string(),
        found: format!("{} datagrams of {bytes} bytes, {elsewhere} not to the group", own.len()),
        usage: Some(usage),
        held: elsewhere == 0 && bytes as f64 <= 24_000.0 + 1500.0 * sent.seconds,
    }
}

fn by_an_asker(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let _responder = offer(&home, &names(1), "");
    let (runs, seconds) = extent.runs();
    let order = Order {
        forgery: Forgery::Promise(Claim::of(Some(7), "promised"), MAX_SENT as u16),
        from: Sources::one([10, 0, 0, 9]),
        to: services(),
        ttl: 1,
        when: When::Asked { times: 1, seconds: runs * seconds, back: Back::ToAsker },
    };
    let attacker = Attacker::start(&liar, &order);
    let (mut most, mut elsewhere) = (0, 0);
    for _ in 0..runs {
        let capture = asker.capture("eth0");
        discover(&asker, (seconds * 1000).min(PATIENCE_MS), "");
        let own = own(capture.stop());
        elsewhere += own.iter().filter(|packet| packet.destination != services()).count();
        most = most.max(own.iter().filter(|packet| packet.payload.len() > MIN_QUERY).count());
    }
    let sent = attacker.finish();
    Outcome {
        sent: format!("{} answers", sent.count),
        found: format!(
            "{most} long questions in an ask at the most, {elsewhere} datagrams not to the group"
        ),
        usage: None,
        held: most <= 24 && most > 0 && elsewhere == 0,
    }
}

#[test]
fn who_asks_in_a_victims_name_gets_it_no_flood() {
    quick(&ATTACKS[..2]);
}

#[test]
fn who_forges_goodbyes_or_promises_makes_nobody_flood() {
    quick(&ATTACKS[2..]);
}
