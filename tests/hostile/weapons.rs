//! Who makes others send: to a victim, or to everybody.

use std::net::SocketAddr;

use mcast_proto::plain;
use mcast_proto::wire::{MAX_SENT, MIN_QUERY};
use mcast_tests::netns::{Host, Packet, Process, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Back, Order, Sources, When};
use crate::forge::{Claim, Forgery};
use crate::meter::Meter;
use crate::program::{
    GROUP, PATIENCE_MS, discover, honest_id, host, names, offer, respond, services, watch,
};

pub(crate) const ATTACKS: [Attack; 8] = [
    Attack {
        name: "10,000 queries/s of 1,200 bytes in the address of a victim, answers of 1,000",
        threshold: "at most 84 kB/s to it from one responder, and two seconds' worth at once",
        run: |world, extent| against_one(world, extent, 1),
    },
    Attack {
        name: "10,000 queries/s of 1,200 bytes in the address of a victim, to twenty services of one process",
        threshold: "at most 336 kB/s to it from all of them, and two seconds' worth at once",
        run: |world, extent| against_one(world, extent, 20),
    },
    Attack {
        name: "10,000 queries/s in the addresses of 250 victims, answers of 100",
        threshold: "at most 512 kB/s in all from one responder, and two seconds' worth at once",
        run: against_many,
    },
    Attack {
        name: "1,000 plain probes/s in the address of a victim, answers of 1,000",
        threshold: "at most 51.2 kB/s to it from one responder, and two seconds' worth at once",
        run: plain_against_one,
    },
    Attack {
        name: "questions and plain probes, 10,000/s, from beyond the link",
        threshold: "no answer",
        run: from_beyond,
    },
    Attack {
        name: "500 goodbyes/s with an honest id: what a watcher sends",
        threshold: "at most 1.5 kB/s, and 24 kB at once, all to the group",
        run: by_a_watcher,
    },
    Attack {
        name: "each question answered with a promise of 1,200 bytes: what an asker sends",
        threshold: "at most 24 questions of more than 128 bytes in an ask, all to the group",
        run: |world, extent| by_an_asker(world, extent, Sources::one([10, 0, 0, 9])),
    },
    Attack {
        name: "the same from 250 addresses beyond the link",
        threshold: "at most 24 questions of more than 128 bytes in an ask, all to the group",
        run: |world, extent| by_an_asker(world, extent, Sources { port: 9, ..beyond() }),
    },
];

/// What a rate of 400 short answers a second allows, with the shares of sessions, in bytes a second.
const TO_ONE: u64 = 84_000;
/// The same of plain answers, which have no sessions.
const PLAIN_TO_ONE: u64 = 400 * 128;
/// What a rate of 4,000 short answers a second allows in all.
const TO_ALL: u64 = 4000 * 128;
/// Of an IPv4 packet, what is before its UDP payload.
const HEADERS: u64 = 28;

/// More than four services of one process share what four may send.
fn against_one(world: &World, extent: Extent, offered: usize) -> Outcome {
    let lan = world.segment();
    let [victim, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let notes: Vec<String> =
        (0..4).map(|number| format!("--txt note{number}={}", "x".repeat(230))).collect();
    let responder = offer(&home, &names(offered), &notes.join(" "));
    let from = Sources { first: [10, 0, 0, 1].into(), count: 1, port: 0 };
    let questions = questions(extent, 10_000, Forgery::Query(MAX_SENT), from, services());
    against((&victim, &liar), &responder, &questions, TO_ONE * offered.min(4) as u64)
}

fn against_many(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [victims, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    // All of them are one host, which the responder's finds by ARP.
    victims.ip("route add local 10.0.2.0/24 dev lo");
    let responder = offer(&home, &names(1), &format!("--txt note={}", "x".repeat(30)));
    let from = Sources { first: [10, 0, 2, 1].into(), count: 250, port: 0 };
    let questions = questions(extent, 10_000, Forgery::Query(MIN_QUERY), from, services());
    against((&victims, &liar), &responder, &questions, TO_ALL)
}

fn plain_against_one(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [victim, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&home, &format!("--quiet --reply {}", "x".repeat(1000)));
    let from = Sources { first: [10, 0, 0, 1].into(), count: 1, port: 0 };
    let probe = Forgery::Bytes(plain::PROBE.to_vec());
    let probes = questions(extent, 1000, probe, from, plain_group());
    against((&victim, &liar), &responder, &probes, PLAIN_TO_ONE)
}

fn plain_group() -> SocketAddr {
    (plain::GROUP_V4, plain::PORT).into()
}

/// So many a second for 10 s; of the quick form, for 2 s.
fn questions(
    extent: Extent,
    each_second: u32,
    forgery: Forgery,
    from: Sources,
    to: SocketAddr,
) -> Order {
    let seconds = if extent == Extent::Full { 10 } else { 2 };
    let when = When::Rate { each_second, count: u64::from(each_second * seconds) };
    Order { forgery, from, to, ttl: 3, when }
}

/// Has a responder asked in the names of those that are this host; it may send them so many bytes a
/// second, and two seconds' worth at once.
fn against(
    (victim, liar): (&Host<'_>, &Host<'_>),
    responder: &Process,
    questions: &Order,
    bound: u64,
) -> Outcome {
    count_answers(victim);
    let meter = Meter::of(responder);
    let sent = Attacker::start(liar, questions).finish();
    let usage = meter.read();
    let (packets, bytes) = counted(victim);
    let payload = bytes - packets * HEADERS;
    Outcome {
        sent: sent.to_string(),
        found: format!("{packets} answers, {:.0} kB/s", payload as f64 / sent.seconds / 1000.0),
        usage: Some(usage),
        held: packets > 0 && payload as f64 <= bound as f64 * (sent.seconds + 2.0),
    }
}

/// Hosts beyond the link.
fn beyond() -> Sources {
    Sources { first: [192, 0, 2, 1].into(), count: 250, port: 0 }
}

fn from_beyond(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [router, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    home.ip("route add 192.0.2.0/24 via 10.0.0.1");
    count_answers(&router);
    let responder = respond(&home, "--quiet --service printer --name lab-000");
    home.until_joined("eth0", GROUP, 1);
    let meter = Meter::of(&responder);
    let probe = Forgery::Bytes(plain::PROBE.to_vec());
    let [asked, probed] =
        [(Forgery::Query(MIN_QUERY), services()), (probe, plain_group())].map(|(forgery, to)| {
            Attacker::start(&liar, &questions(extent, 10_000, forgery, beyond(), to)).finish()
        });
    let (packets, _) = counted(&router);
    Outcome {
        sent: format!("{asked}; {probed}"),
        found: format!("{packets} answers"),
        usage: Some(meter.read()),
        held: packets == 0,
    }
}

/// Counts what comes to a host by unicast from the responder's.
fn count_answers(host: &Host<'_>) {
    host.nft(
        "table netdev hostile { counter answers {}\n\
         chain in { type filter hook ingress device eth0 priority 0;\n\
         ip saddr 10.0.0.2 ip daddr != 224.0.0.0/4 udp length > 8 counter name answers\n}\n}",
    );
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
    let seconds = if extent == Extent::Full { 20 } else { 4 };
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

fn by_an_asker(world: &World, extent: Extent, from: Sources) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    // Where they can be reached, if they are beyond the link.
    asker.ip("route add 192.0.2.0/24 via 10.0.0.2");
    let _responder = offer(&home, &names(1), "");
    let (runs, seconds) = extent.runs();
    let order = Order {
        forgery: Forgery::Promise(Claim::of(Some(7), "promised"), MAX_SENT as u16),
        from,
        to: services(),
        ttl: 3,
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
    quick(&ATTACKS[..4]);
}

#[test]
fn who_asks_from_beyond_the_link_is_not_answered() {
    quick(&ATTACKS[4..5]);
}

#[test]
fn who_forges_goodbyes_or_promises_makes_nobody_flood() {
    quick(&ATTACKS[5..]);
}
