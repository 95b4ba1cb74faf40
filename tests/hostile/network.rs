//! Networks that lose, repeat, shorten, translate and move.

use std::time::Duration;

use mcast_tests::netns::{Host, Signal, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::meter::Meter;
use crate::program::{Answer, PATIENCE_MS, discover, host, names, offer, watch};
use crate::tally::Tally;

pub(crate) const ATTACKS: [Attack; 5] = [
    Attack {
        name: "50 % of all datagrams lost, each way",
        threshold: "all found and complete, in every run",
        run: loss,
    },
    Attack {
        name: "every datagram three times",
        threshold: "all found and complete, each told once",
        run: duplicates,
    },
    Attack {
        name: "a path of MTU 600, and an answer of more",
        threshold: "the short ones found; the long one told with what is known of it, not complete",
        run: small_mtu,
    },
    Attack {
        name: "answers whose source a NAT rewrites",
        threshold: "all found and complete, each told once, in every run",
        run: masquerade,
    },
    Attack {
        name: "a responder that moves to another address, three times",
        threshold: "a watcher has the last address, and lost nobody",
        run: moves,
    },
];

/// Runs of a discovery, and how many of them told each of these once, at this address and no other, and
/// said that this is all.
fn once(asker: &Host<'_>, truth: &[String], address: &str, extent: Extent) -> (Tally, usize) {
    let runs = if extent == Extent::Full { 20 } else { 2 };
    let answers: Vec<Answer> = (0..runs).map(|_| discover(asker, PATIENCE_MS, "")).collect();
    let is_right = |answer: &&Answer| {
        answer.complete && answer.names == truth && answer.addresses().all(|at| at == address)
    };
    (Tally::of(&answers, truth), answers.iter().filter(is_right).count())
}

/// Rules for all that comes in by a host's card.
fn on_ingress(host: &Host<'_>, rule: &str) {
    host.nft(&format!(
        "table netdev hostile {{ chain in {{\n\
         type filter hook ingress device eth0 priority 0;\n{rule}\n}}\n}}"
    ));
}

fn loss(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home] = [1, 2].map(|number| host(world, &lan, number));
    let truth = names(5);
    let responder = offer(&home, &truth, "");
    for host in [&asker, &home] {
        on_ingress(host, "meta protocol ip numgen random mod 100 < 50 drop");
    }
    let meter = Meter::of(&responder);
    let (tally, right) = once(&asker, &truth, "10.0.0.2", extent);
    Outcome {
        sent: "half of it".to_owned(),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: right == tally.asks,
    }
}

fn duplicates(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home] = [1, 2].map(|number| host(world, &lan, number));
    let truth = names(5);
    let responder = offer(&home, &truth, "");
    for host in [&asker, &home] {
        // Those that are copies are marked, and not copied again.
        host.nft(
            "table netdev hostile { chain out {\n\
             type filter hook egress device eth0 priority 0;\n\
             meta protocol ip meta mark 7 accept\n\
             meta protocol ip udp dport != 0 meta mark set 7 dup to eth0\n\
             meta protocol ip udp dport != 0 dup to eth0\n}\n}",
        );
    }
    let capture = home.capture("eth0");
    let meter = Meter::of(&responder);
    let (tally, right) = once(&asker, &truth, "10.0.0.2", extent);
    let usage = meter.read();
    let queries = capture.stop().iter().filter(|packet| !packet.outgoing).count();
    Outcome {
        sent: format!("{queries} datagrams came to the responder"),
        found: format!("{tally}; {right} told each once"),
        usage: Some(usage),
        held: right == tally.asks,
    }
}

fn small_mtu(world: &World, _: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, long] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(3);
    let _short = offer(&home, &truth, "");
    let notes: Vec<String> =
        (0..4).map(|number| format!("--txt note{number}={}", "x".repeat(200))).collect();
    let responder = offer(&long, &["long".to_owned()], &notes.join(" "));
    for host in [&asker, &home, &long] {
        on_ingress(host, "meta protocol ip ip length > 600 drop");
    }
    let meter = Meter::of(&responder);
    let answers = [discover(&asker, PATIENCE_MS, "")];
    let told = answers[0].events.iter().filter(|event| event["event"] == "found").count();
    let tally = Tally::of(&answers, &truth);
    Outcome {
        sent: "nothing of more than 600 bytes".to_owned(),
        found: format!("{tally}; {told} told"),
        usage: Some(meter.read()),
        held: tally.whole == 1 && told == 4 && tally.complete == 0,
    }
}

fn masquerade(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home] = [1, 2].map(|number| host(world, &lan, number));
    home.add_address("eth0", "10.0.0.77/16");
    let truth = names(5);
    let responder = offer(&home, &truth, "");
    home.nft(
        "table ip hostile { chain out {\n\
         type nat hook postrouting priority srcnat;\n\
         ip saddr 10.0.0.2 udp dport != 50009 snat to 10.0.0.77:30000-40000\n}\n}",
    );
    let meter = Meter::of(&responder);
    let (tally, right) = once(&asker, &truth, "10.0.0.77", extent);
    Outcome {
        sent: "-".to_owned(),
        found: format!("{tally}; {right} told each once"),
        usage: Some(meter.read()),
        held: right == tally.asks,
    }
}

fn moves(world: &World, _: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home] = [1, 2].map(|number| host(world, &lan, number));
    let responder = offer(&home, &names(1), "");
    let watcher = watch(&asker, "");
    watcher.line_with("\"found\"");
    let meter = Meter::of(&watcher);
    for (from, to) in [(2, 12), (12, 22), (22, 32)] {
        home.ip(&format!("addr del 10.0.0.{from}/16 dev eth0"));
        home.add_address("eth0", &format!("10.0.0.{to}/16"));
        // Until it is heard there; a move that nobody noticed is no move.
        watcher.line_with(&format!("10.0.0.{to}:"));
        // And until the old address was asked in vain.
        std::thread::sleep(Duration::from_secs(2));
    }
    let usage = meter.read();
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let event = watcher.line_with("\"lost\"");
    // Gone by its own word, from where it now is; and nobody was lost before.
    let held = event.contains("goodbye") && event.contains("10.0.0.32:");
    Outcome {
        sent: "3 moves".to_owned(),
        found: if held { "followed to the last".to_owned() } else { event },
        usage: Some(usage),
        held,
    }
}

#[test]
fn half_is_lost_and_all_are_found() {
    quick(&ATTACKS[0..1]);
}

#[test]
fn what_comes_three_times_is_told_once() {
    quick(&ATTACKS[1..2]);
}

#[test]
fn an_answer_that_the_path_is_too_small_for_is_not_hidden() {
    quick(&ATTACKS[2..3]);
}

#[test]
fn who_answers_from_another_address_than_it_knows_is_found_once() {
    quick(&ATTACKS[3..4]);
}

#[test]
fn a_watcher_follows_who_moves() {
    quick(&ATTACKS[4..5]);
}
