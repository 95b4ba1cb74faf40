//! What is heard unasked is a reason to ask, never a fact.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::{Offer, Responder, Responding};
use mcast_proto::wire::{self, Datagram, Epoch};
use mcast_proto::{Cast, Change, Doubts, Event, Instant, Key, Loss};
use mcast_tests::sim::{NodeId, Packet, offer_with};
use mcast_tests::stage::{
    Stage, announcement, goodbye, group, here, on_turn, per_second, printer, printers, quiet, there,
};

const DAY: u32 = 86_400;

/// One that keeps this number and announces itself.
fn with_id(id: u64) -> Responding {
    let lease = Duration::from_secs(60);
    Responding { id: Some(id), boot: 1, lease, announce: true, ..quiet(printer()) }
}

fn attacker() -> SocketAddr {
    SocketAddr::from(([10, 9, 9, 9], 50_009))
}

/// Whom a watcher has found.
fn found(stage: &Stage, watcher: NodeId) -> BTreeSet<u64> {
    let found = stage.told(watcher).filter_map(|(_, event)| match event {
        Event::Found(finding) => finding.instance().map(|instance| instance.id),
        _ => None,
    });
    found.collect()
}

fn changes(stage: &Stage, watcher: NodeId) -> Vec<(u64, Change, SocketAddr)> {
    let changes = stage.told(watcher).filter_map(|(_, event)| match event {
        Event::Changed { finding, change } => {
            Some((finding.instance()?.id, change, finding.from.remote))
        }
        _ => None,
    });
    changes.collect()
}

fn losses(stage: &Stage, watcher: NodeId) -> Vec<(u64, Loss, Instant)> {
    let losses = stage.told(watcher).filter_map(|(at, event)| match event {
        Event::Lost { key: Key::Service(id), reason, .. } => Some((id, reason, at)),
        _ => None,
    });
    losses.collect()
}

#[test]
fn a_forged_announcement_moves_nothing_and_the_honest_goodbye_counts() {
    for from_own in [false, true] {
        let mut stage = Stage::new(1);
        let (node, id) = stage.add(there(0.1), &with_id(7));
        let watcher = stage.watch(here(), printers());
        stage.run_ms(10_000);
        let from = if from_own { stage.sim.address(node) } else { attacker() };
        let forged =
            announcement(id, DAY, &offer_with("printer", 50), Epoch { boot: u32::MAX, seq: 9 });
        stage.sim.inject_to_group(group(), from, &forged);
        stage.run_ms(10_000);
        assert_eq!(changes(&stage, watcher), []);
        assert!(stage.truth.judge(&stage.sim, watcher).is_whole());
        stage.sim.close(node);
        let closed = stage.sim.now();
        stage.run_ms(10_000);
        let lost = losses(&stage, watcher);
        assert_eq!(
            lost.iter().map(|lost| (lost.0, lost.1)).collect::<Vec<_>>(),
            [(7, Loss::Goodbye)]
        );
        assert!(lost[0].2 - closed < Duration::from_secs(2), "{lost:?} after {closed:?}");
    }
}

#[test]
fn a_quarter_of_a_million_announcements_are_no_findings_and_hide_nobody() {
    let mut stage = Stage::new(2);
    let watcher = stage.watch(here(), printers());
    stage.run_ms(5_000);
    // 25,000 a second for ten seconds, from all kinds of addresses; then it goes on at a hundredth.
    for second in 0..10u64 {
        for number in 0..25_000u64 {
            let id = second * 25_000 + number;
            let [_, a, b, c] = (id as u32).to_be_bytes();
            let forged = announcement(id, DAY, &printer(), Epoch { boot: 9, seq: 0 });
            let from = SocketAddr::from(([10, a, b, c], 50_009));
            stage.sim.inject(watcher, from, Cast::Group(group()), &forged);
            if number % 250 == 249 {
                stage.run_ms(10);
            }
        }
    }
    let mut id = 1 << 40;
    let further = on_turn(move |wire| {
        id += 1;
        let forged = announcement(id, DAY, &printer(), Epoch { boot: 9, seq: 0 });
        wire.send(Packet::new(attacker(), group(), &forged));
    });
    stage.sim.add_forger(further.every(per_second(250)));
    assert!(found(&stage, watcher).is_empty());
    for _ in 0..20 {
        stage.add(there(0.1), &Responding { id: None, ..with_id(0) });
    }
    let before = stage.sim.now();
    stage.run_ms(10_000);
    let verdict = stage.truth.judge(&stage.sim, watcher);
    assert!(verdict.is_whole() && verdict.invented.is_empty(), "{verdict:?}");
    let last = stage.told(watcher).map(|(at, _)| at).max().unwrap();
    println!("all 20 that came are found after {:?}", last - before);
    assert_eq!(losses(&stage, watcher), []);
}

#[test]
fn who_is_not_on_the_link_is_neither_listed_nor_asked() {
    let mut stage = Stage::new(3);
    stage.add(there(0.1), &with_id(7));
    let watcher = stage.watch(here(), printers());
    stage.run_ms(10_000);
    stage.sim.record_datagrams();
    let ghost = SocketAddr::from(([203, 0, 113, 5], 53));
    let mut id = 100;
    let ghosts = on_turn(move |wire| {
        id += 1;
        let forged = announcement(id, DAY, &printer(), Epoch { boot: 9, seq: 0 });
        wire.send(Packet::new(ghost, group(), &forged).off_link());
        let forged = goodbye(7, Epoch { boot: 9, seq: id as u32 });
        wire.send(Packet::new(ghost, group(), &forged).off_link());
    });
    stage.sim.add_forger(ghosts.every(per_second(10)));
    stage.run_ms(20_000);
    assert_eq!(found(&stage, watcher), [7].into());
    let asked = stage.sim.sent().iter().filter(|(from, _)| *from == watcher).count();
    assert_eq!(asked, 0, "questions because of ghosts");
    assert_eq!(losses(&stage, watcher), []);
}

#[test]
fn who_is_known_and_announces_itself_from_elsewhere_is_asked_at_both() {
    let mut stage = Stage::new(4);
    let (node, id) = stage.add(there(0.1), &with_id(7));
    let watcher = stage.watch(here(), printers());
    stage.run_ms(10_000);
    let before = stage.sim.address(node);
    let after = SocketAddr::new(stage.sim.free_ip(before.ip()), before.port());
    // It moves, and says so with all its words.
    stage.sim.renumber(node, before, after);
    stage.truth.add(id, &printer(), [after]);
    let machine = Responder::new(Responding { boot: 2, ..with_id(7) }, stage.sim.draw());
    stage.sim.restart(node, machine);
    stage.run_ms(10_000);
    let told = changes(&stage, watcher);
    assert_eq!(told, [(7, Change::Restarted, after)]);
    assert!(stage.truth.judge(&stage.sim, watcher).is_whole());
    assert_eq!(losses(&stage, watcher), []);
}

fn shows_conflict(changes: &[(u64, Change, SocketAddr)]) -> bool {
    changes.iter().any(|(_, change, _)| *change == Change::Conflict)
}

/// Two machines with one number, of these ages and with these words: a watcher sees the second come, and
/// an asker sees both.
fn two_with_one_number(boots: [u32; 2], offers: [Offer; 2]) {
    for loss in [0.0, 0.3] {
        let mut stage = Stage::new(5);
        let watcher = stage.watch(here(), printers());
        for (boot, offer) in boots.into_iter().zip(offers.clone()) {
            stage.add(there(loss), &Responding { boot, offer, ..with_id(7) });
            stage.run_ms(5_000);
        }
        let told = changes(&stage, watcher);
        assert!(shows_conflict(&told), "loss {loss}, the watcher: {told:?}");
        let asker = stage.ask(here(), printers());
        assert!(stage.sim.run_until_done(asker, stage.sim.now() + Duration::from_secs(60)));
        let told = changes(&stage, asker);
        let verdict = stage.truth.judge(&stage.sim, asker);
        assert!(shows_conflict(&told), "loss {loss}, the asker: {told:?}, {verdict:?}");
        assert!(!verdict.is_complete(), "{verdict:?}");
        assert!(verdict.summary.unwrap().doubts.contains(Doubts::CONFLICT));
    }
}

#[test]
fn a_copy_of_a_machine_that_says_something_else_is_a_conflict() {
    two_with_one_number([1, 1], [printer(), offer_with("printer", 20)]);
}

#[test]
fn a_copy_of_a_machine_that_says_something_else_at_length_is_a_conflict() {
    two_with_one_number([1, 1], [offer_with("printer", 300), offer_with("printer", 301)]);
}

#[test]
fn a_copy_of_a_machine_that_was_started_later_and_says_something_else_is_a_conflict() {
    for ages in [[1, 2], [2, 1]] {
        two_with_one_number(ages, [printer(), offer_with("printer", 20)]);
        two_with_one_number(ages, [offer_with("printer", 300), offer_with("printer", 301)]);
    }
}

#[test]
fn a_copy_of_a_machine_that_was_started_later_is_a_conflict() {
    for ages in [[1, 2], [2, 1]] {
        two_with_one_number(ages, [printer(), printer()]);
    }
}

#[test]
fn however_many_words_are_forged_a_watcher_asks_at_a_bounded_rate_and_the_group_alone() {
    let mut stage = Stage::new(6).with_account();
    for id in 1..=16 {
        stage.add(there(0.0), &with_id(id));
    }
    let watcher = stage.watch(here(), printers());
    stage.run_ms(10_000);
    stage.sim.record_datagrams();
    let mut seq = 0;
    let words = on_turn(move |wire| {
        seq += 1;
        for id in 1..=16 {
            let epoch = Epoch { boot: 9, seq };
            wire.send(Packet::new(attacker(), group(), &goodbye(id, epoch)));
            let forged = announcement(id + 100 * u64::from(seq), DAY, &printer(), epoch);
            wire.send(Packet::new(attacker(), group(), &forged));
        }
    });
    stage.sim.add_forger(words.every(per_second(100)));
    stage.run_ms(60_000);
    let of_watcher = stage.sim.sent().iter().filter(|(from, _)| *from == watcher);
    let (count, bytes) = of_watcher.fold((0, 0), |(n, sum), (_, sent)| (n + 1, sum + sent.len()));
    println!("in a minute of forgeries {count} questions, {bytes} bytes");
    // A run of sweeps in two seconds and eight at once, each followed by one by group: 16 quiet ones.
    assert!(count <= 38 * 64 && bytes <= 38 * 64 * 600, "{count} questions, {bytes} bytes");
    let flow = stage.sim.account().flow_where(watcher, |to| to != group());
    assert_eq!(flow.bytes_out, 0);
    assert_eq!(losses(&stage, watcher), []);
    let queries = stage.sim.sent().iter().filter(|(from, _)| *from == watcher);
    assert!(
        queries.into_iter().all(|(_, bytes)| matches!(wire::decode(bytes), Ok(Datagram::Query(_))))
    );
}
