//! With a key, nothing that was recorded earlier matters, and nothing that has no key.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mcast_proto::service::{Discovery, Responding};
use mcast_proto::wire::{self, Binding, Datagram, Epoch, Key, Keyring};
use mcast_proto::{Event, Instant, Loss};
use mcast_tests::sim::{Forger, NodeId, Packet};
use mcast_tests::stage::{
    Stage, announcement, goodbye, group, here, on_turn, per_second, printer, printers, quiet, there,
};

fn keyring() -> Option<Keyring> {
    let key = Key::new(b"a secret of ours alone", Binding::Source).expect("long enough");
    Some(Keyring::new(key, Vec::new()))
}

fn keyed() -> Responding {
    Responding { keyring: keyring(), ..quiet(printer()) }
}

fn keyed_printers() -> Discovery {
    Discovery { keyring: keyring(), ..printers() }
}

/// The address of a host that asks often.
fn host() -> IpAddr {
    IpAddr::from([10, 50, 0, 1])
}

fn found_and_lost(stage: &Stage, node: NodeId) -> Vec<(bool, u64)> {
    let told = stage.told(node).filter_map(|(_, event)| match event {
        Event::Found(finding) => finding.instance().map(|instance| (true, instance.id)),
        Event::Lost { key: mcast_proto::Key::Service(id), .. } => Some((false, id)),
        _ => None,
    });
    told.collect()
}

/// The questions with which so many earlier sessions of a host began, as somebody recorded them.
fn earlier_sessions(count: u16) -> Vec<Packet> {
    let mut stage = Stage::new(1);
    let tape = stage.sim.tape();
    for number in 0..count {
        let at = SocketAddr::new(host(), 40_000 + number);
        let deadline = Some(Duration::from_millis(15));
        let asker = stage.ask(here().at(at), Discovery { deadline, ..keyed_printers() });
        stage.end(asker);
    }
    let is_first = |packet: &Packet| matches!(wire::decode(&packet.bytes), Ok(Datagram::Query(query)) if query.round == 1);
    let recorded = tape.packets(is_first);
    assert_eq!(recorded.len(), usize::from(count));
    recorded
}

#[test]
fn questions_of_earlier_sessions_sent_again_hide_nobody_from_the_present_one() {
    let recorded = earlier_sessions(200);
    let (mut complete, mut missing) = (0, 0);
    for seed in 0..40 {
        let mut stage = Stage::new(seed);
        stage.add_many(10, &there(0.1), &keyed());
        stage.sim.add_forger(Forger::replaying(recorded.clone()).every(per_second(500)));
        stage.run_ms(1_000);
        let at = SocketAddr::new(host(), 39_000);
        let deadline = Some(Duration::from_secs(3));
        let asker = stage.ask(here().at(at), Discovery { deadline, ..keyed_printers() });
        // `end` sees to it that it is not complete with one missing.
        let verdict = stage.end(asker);
        complete += u32::from(verdict.is_complete());
        missing += verdict.missing.len();
    }
    println!("{complete} of 40 complete, {missing} of 400 missing");
    assert_eq!(missing, 0);
}

/// Everything that was said in an earlier session of a watcher, to the group and to it alone.
fn an_earlier_watch() -> Vec<Packet> {
    let mut stage = Stage::new(2);
    let tape = stage.sim.tape();
    let lease = Duration::from_secs(20);
    let responding = Responding { id: Some(7), boot: 1, lease, announce: true, ..keyed() };
    let (node, _) = stage.add(there(0.0), &responding);
    let watcher = stage.watch(here().at(SocketAddr::new(host(), 40_000)), keyed_printers());
    stage.watch(here(), keyed_printers());
    stage.run_ms(60_000);
    assert_eq!(found_and_lost(&stage, watcher), [(true, 7)]);
    stage.sim.close(node);
    stage.run_ms(5_000);
    assert_eq!(found_and_lost(&stage, watcher), [(true, 7), (false, 7)]);
    let recorded = tape.packets(|_| true);
    let is_kind = |kind| move |packet: &&Packet| packet.bytes[4] == kind;
    for kind in 1..=4 {
        assert!(recorded.iter().filter(is_kind(kind)).count() > 1, "of kind {kind}");
    }
    recorded
}

#[test]
fn all_of_an_earlier_session_sent_again_makes_no_finding_and_keeps_nobody() {
    let recorded = an_earlier_watch();
    let mut stage = Stage::new(3);
    let watcher = stage.watch(here().at(SocketAddr::new(host(), 40_000)), keyed_printers());
    let asker = stage.ask(here().at(SocketAddr::new(host(), 39_000)), keyed_printers());
    stage.sim.add_forger(Forger::replaying(recorded).every(per_second(1)));
    stage.run_ms(6 * 3_600_000);
    assert_eq!(found_and_lost(&stage, watcher), []);
    assert_eq!(found_and_lost(&stage, asker), []);
}

#[test]
fn who_proved_to_have_gone_is_brought_back_by_none_of_its_own_words() {
    for loss in [0.0, 0.3] {
        let mut stage = Stage::new(4);
        let responding = Responding { id: Some(7), boot: 1, announce: true, ..keyed() };
        let (node, _) = stage.add(there(loss), &responding);
        let tape = stage.sim.tape();
        let watcher = stage.watch(here(), keyed_printers());
        // Its last answers are to the sweeps in which it is asked whether it is there.
        stage.run_ms(90_000);
        assert_eq!(found_and_lost(&stage, watcher), [(true, 7)]);
        stage.sim.close(node);
        stage.run_ms(500);
        let lost = stage.told(watcher).last().map(|(_, event)| event);
        let goodbye = Loss::Goodbye;
        assert!(matches!(lost, Some(Event::Lost { reason, .. }) if reason == goodbye));
        let from = stage.sim.address(node);
        let said = tape.packets(|packet| packet.from == from);
        assert!(said.len() > 5);
        let every = per_second(20);
        stage.sim.add_forger(Forger::replaying(said).every(every));
        stage.run_ms(600_000);
        assert_eq!(found_and_lost(&stage, watcher), [(true, 7), (false, 7)]);
    }
}

#[test]
fn an_answer_is_not_valid_again_when_the_rounds_have_come_round() {
    let mut stage = Stage::new(5);
    let lease = Duration::from_secs(10);
    let (gone, _) = stage.add(there(0.0), &Responding { id: Some(7), lease, ..keyed() });
    stage.add(there(0.0), &Responding { id: Some(8), lease, ..keyed() });
    let tape = stage.sim.tape();
    let watcher = stage.watch(here(), keyed_printers());
    stage.run_ms(60_000);
    let from = stage.sim.address(gone);
    stage.sim.move_to_island(gone, 1);
    stage.run_ms(30_000);
    let before = [(true, 7), (true, 8), (false, 7)];
    let mut told = found_and_lost(&stage, watcher);
    told.sort_by_key(|(found, id)| (!found, *id));
    assert_eq!(told, before);
    let answers = tape.packets(|packet| packet.from == from && packet.bytes[4] == 2);
    let last = answers.last().expect("it answered").clone();
    stage.sim.add_forger(Forger::replaying(vec![last]).every(per_second(1)));
    // More than 2^16 sweeps: the other is asked again every eight seconds, by four at the least.
    stage.sim.record_datagrams();
    for _ in 0..16 {
        stage.run_ms(9_000_000);
        let told = found_and_lost(&stage, watcher).len();
        assert_eq!(told, before.len(), "after {:?}", stage.sim.now());
    }
    let asked = stage.sim.sent().iter().filter(|(from, _)| *from == watcher).count();
    assert!(asked > 1 << 16, "{asked} questions");
}

/// What a keyed discovery of ten takes until all are found, and until its end, beside this.
fn time_beside(forger: Option<Forger>) -> (Duration, Duration) {
    let mut stage = Stage::new(6);
    let responding =
        Responding { announce: false, keyring: keyring(), ..Responding::of(printer()) };
    stage.add_many(10, &there(0.0), &responding);
    if let Some(forger) = forger {
        stage.sim.add_forger(forger);
    }
    stage.run_ms(3_000);
    let start = stage.sim.now();
    let asker = stage.ask(here(), keyed_printers());
    let verdict = stage.end(asker);
    assert!(verdict.is_complete() && verdict.is_whole());
    let last = stage.told(asker).map(|(at, _)| at).max().expect("they are told");
    (last - start, verdict.summary.unwrap().elapsed)
}

fn assert_undisturbed(disturbed: (Duration, Duration)) {
    let undisturbed = time_beside(None);
    println!("all found and done: {undisturbed:?}, beside it {disturbed:?}");
    assert!(disturbed.0 < undisturbed.0 + Duration::from_millis(40));
    assert!(disturbed.1 < undisturbed.1 * 5 / 4);
}

#[test]
fn announcements_without_the_key_stretch_no_window() {
    let mut id = 0;
    let announcing = on_turn(move |wire| {
        id += 1;
        let [a, b] = (id as u16).to_be_bytes();
        let forged = announcement(id, 10, &printer(), Epoch { boot: 1, seq: 0 });
        wire.send(Packet::new(SocketAddr::from(([10, 9, a, b], 50_009)), group(), &forged));
    });
    assert_undisturbed(time_beside(Some(announcing.every(per_second(2_000)))));
}

#[test]
fn junk_from_beyond_the_link_keeps_no_question_with_the_key_out() {
    let junk = on_turn(|wire| {
        let from = SocketAddr::from(([198, 51, 100, 7], 9));
        wire.send(Packet::new(from, group(), b"x").off_link());
    });
    assert_undisturbed(time_beside(Some(junk.every(per_second(20_000)))));
}

#[test]
fn a_goodbye_without_the_key_makes_nobody_ask() {
    let mut stage = Stage::new(7);
    stage.add(there(0.0), &Responding { id: Some(7), ..keyed() });
    let watcher = stage.watch(here(), keyed_printers());
    stage.run_ms(5_000);
    stage.sim.record_datagrams();
    let mut seq = 0;
    let from = stage.sim.address(NodeId(0));
    let forger = on_turn(move |wire| {
        seq += 1;
        wire.send(Packet::new(from, group(), &goodbye(7, Epoch { boot: 9, seq })));
    });
    let until = Instant::from_millis(25_000);
    stage.sim.add_forger(forger.every(per_second(10)).between(Instant::ZERO, until));
    stage.run_ms(20_000);
    let asked = stage.sim.sent().iter().filter(|(from, _)| *from == watcher).count();
    assert_eq!((asked, found_and_lost(&stage, watcher)), (0, vec![(true, 7)]));
}
