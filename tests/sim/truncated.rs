//! A truncated answer is not yet an answer: what is told, what is counted, and what it costs to get the
//! whole.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::Discovery;
use mcast_proto::wire::{self, Datagram, MIN_QUERY, MIN_QUERY_DATAGRAM, Query, Reply, Tlv, TlvBuf};
use mcast_proto::{Change, Doubts, Event, Instant, Key};
use mcast_tests::scenario::Scenario;
use mcast_tests::sim::{Forger, Link, NodeId, Packet, Verdict, offer_with};
use mcast_tests::stage::{
    Stage, bytes, group, here, lossy, on_query, printer, printers, quiet, there,
};

/// What a printer says in DNS-SD.
const USUAL: usize = 200;

fn doubts(verdict: &Verdict) -> Doubts {
    verdict.summary.expect("it has ended").doubts
}

/// The queries that a node has sent.
fn queries(stage: &Stage, node: NodeId) -> Vec<Query<'_>> {
    let sent = stage.sim.sent().iter().filter(|(from, _)| *from == node);
    let query = |bytes| match wire::decode(bytes) {
        Ok(Datagram::Query(query)) => Some(query),
        _ => None,
    };
    sent.filter_map(|(_, bytes)| query(bytes)).collect()
}

/// The sweeps in which a node asked for long answers, by their rounds: their queries are longer than
/// what they say.
fn padded_sweeps(stage: &Stage, node: NodeId) -> BTreeSet<u16> {
    let says =
        |query: &Query<'_>| MIN_QUERY_DATAGRAM + query.filter.as_bytes().len() + query.tlvs.len();
    let is_padded = |query: &Query<'_>| query.length > MIN_QUERY.max(says(query));
    queries(stage, node).iter().filter(|query| is_padded(query)).map(|query| query.round).collect()
}

#[test]
fn a_thousand_long_answers_are_all_told_whole() {
    let run = |attribute_bytes| {
        let usual = Scenario::new(1000, 0.1);
        let link = Link { delay: Duration::from_millis(3), ..usual.link };
        Scenario { link, attribute_bytes, ..usual }.run(1)
    };
    let short = run(0).done.elapsed;
    for attribute_bytes in [USUAL, 1000] {
        let run = run(attribute_bytes);
        let verdict = run.verdict.assert_honest();
        println!("{attribute_bytes} bytes: {:?}, short ones {short:?}", run.done.elapsed);
        assert!(verdict.is_complete() && verdict.is_whole());
        assert_eq!((verdict.told, verdict.invented.len()), (1000, 0));
        if attribute_bytes == USUAL {
            assert!(run.done.elapsed < short * 3 / 2, "{:?} and {short:?}", run.done.elapsed);
        }
    }
}

#[test]
fn who_wants_one_is_told_one_and_its_whole_answer() {
    for seed in 0..20 {
        let mut stage = Stage::new(seed);
        stage.add_many(5, &there(0.3), &quiet(offer_with("printer", USUAL)));
        let verdict = stage.discover(Discovery { count: Some(1), ..printers() });
        assert_eq!((verdict.told, verdict.partial.len(), verdict.missing.len()), (1, 0, 4));
        assert!(!verdict.is_complete() && doubts(&verdict).contains(Doubts::COUNT));
    }
}

#[test]
fn at_a_deadline_what_is_outstanding_is_told_in_part_and_so_is_what_is_counted() {
    let (mut in_part, mut whole) = (0, 0);
    for ms in 1..60 {
        let mut stage = Stage::new(ms);
        stage.add_many(10, &there(0.3), &quiet(offer_with("printer", USUAL)));
        let deadline = Some(Duration::from_millis(ms));
        // `discover` sees to it that what is told is what is counted.
        let verdict = stage.discover(Discovery { deadline, ..printers() });
        assert!(!verdict.is_complete() && doubts(&verdict).contains(Doubts::DEADLINE));
        let cut_short = doubts(&verdict).contains(Doubts::CUT_SHORT);
        assert_eq!(cut_short, !verdict.partial.is_empty(), "{verdict:?}");
        in_part += verdict.partial.len();
        whole += 10 - verdict.partial.len() - verdict.missing.len();
    }
    assert!(in_part > 20 && whole > 100, "{in_part} in part and {whole} whole");
}

/// A printer whose answer is 900 bytes long, and some whose answer is short; the path carries 600 to one
/// of the ends.
fn behind_a_narrow_way(at_asker: bool) -> (Stage, NodeId, u64) {
    let narrow = |link| Link { mtu: 600, ..link };
    let mut stage = Stage::new(3);
    let link = if at_asker { lossy(0.1) } else { narrow(lossy(0.1)) };
    let long = quiet(offer_with("printer", 900 - 32 - 11 - 10 - 9 * 3));
    let (_, id) = stage.add(there(0.0).link(link), &long);
    stage.add_many(5, &there(0.1), &quiet(printer()));
    stage.sim.record_datagrams();
    let host = here();
    let link = if at_asker { narrow(Link::default()) } else { Link::default() };
    let asker = stage.ask(host.link(link), printers());
    (stage, asker, id)
}

#[test]
fn what_no_path_carries_is_told_with_what_is_known_marked_and_not_complete() {
    for at_asker in [false, true] {
        let (mut stage, asker, id) = behind_a_narrow_way(at_asker);
        let verdict = stage.end(asker);
        assert_eq!(
            (verdict.told, &verdict.missing[..], &verdict.partial[..]),
            (6, &[][..], &[id][..])
        );
        assert!(!verdict.is_complete());
        assert_eq!(doubts(&verdict), Doubts::CUT_SHORT);
        let told = stage.told(asker).find_map(|(_, event)| match event {
            Event::Found(finding) if finding.key() == Key::Service(id) => finding.instance(),
            _ => None,
        });
        let told = told.expect("it is told");
        assert_eq!((told.truncated, told.service()), (true, Some("printer")));
        // It does not take until the deadline to know it. The sweeps that asked for it say nothing of the
        // others: behind a narrow way nobody hears so long a question.
        let elapsed = verdict.summary.unwrap().elapsed;
        let padded = padded_sweeps(&stage, asker);
        let all: BTreeSet<u16> = queries(&stage, asker).iter().map(|query| query.round).collect();
        println!("known after {elapsed:?}, {} sweeps, {} of them padded", all.len(), padded.len());
        assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
        assert!(all.len() - padded.len() > 16, "{all:?} and {padded:?}");
    }
}

/// What answers each query at once with a truncated answer, with these numbers and promising so much.
fn promising(ids: std::ops::Range<u64>, whole: u16) -> Forger {
    on_query(move |query, packet, wire| {
        for id in ids.clone() {
            let mut tlvs = TlvBuf::new();
            tlvs.push(Tlv::Digest(id)).unwrap();
            let reply = Reply {
                txn: query.txn,
                id,
                round: query.round,
                copy: 0,
                whole: Some(whole),
                busy: false,
                lease_s: 120,
                tlvs: tlvs.as_tlvs(),
            };
            let from = SocketAddr::from(([10, 9, (id >> 8) as u8, id as u8], 50_009));
            wire.send(Packet::new(from, packet.from, &bytes(Datagram::Reply(reply))));
        }
    })
}

#[test]
fn who_promises_long_answers_and_never_gives_them_makes_at_most_24_sweeps_longer() {
    for (ids, until) in [(1..2, 10), (1..2, 60_000), (1..100, 60_000)] {
        let mut stage = Stage::new(4);
        stage.add_many(20, &there(0.1), &quiet(printer()));
        stage.sim.record_datagrams();
        let asker = stage.ask(here(), printers());
        let until = Instant::from_millis(until);
        stage.sim.add_forger(promising(ids.clone(), 1200).between(Instant::ZERO, until));
        let verdict = stage.end(asker);
        let padded = padded_sweeps(&stage, asker).len();
        println!("{ids:?} until {until:?}: {padded} padded sweeps, {:?}", verdict.summary.unwrap());
        assert!((1..=24).contains(&padded), "{padded}");
        assert!(!verdict.is_complete() && verdict.never_whole.is_empty());
        assert!(doubts(&verdict).contains(Doubts::CUT_SHORT));
    }
}

#[test]
fn however_many_promise_long_answers_no_more_is_asked_than_the_query_rate_allows() {
    let mut stage = Stage::new(5);
    stage.sim.record_datagrams();
    let deadline = Some(Duration::from_secs(3));
    let asker = stage.ask(here(), Discovery { query_rate: 10, deadline, ..printers() });
    stage.sim.add_forger(promising(0..4, 1200));
    stage.end(asker);
    let asked = queries(&stage, asker).len();
    // One at once, one when the sample has been heard, and each tenth of a second another.
    assert!((20..=32).contains(&asked), "{asked} in three seconds");
}

#[test]
fn what_somebody_who_is_known_says_later_at_length_is_asked_for() {
    for loss in [0.0, 0.3] {
        let mut stage = Stage::new(6);
        let responding = |boot, offer| {
            let lease = Duration::from_secs(20);
            mcast_proto::service::Responding { id: Some(7), boot, lease, ..quiet(offer) }
        };
        let (node, id) = stage.add(there(loss), &responding(1, printer()));
        let watcher = stage.watch(here(), printers());
        stage.run_ms(5_000);
        assert!(stage.truth.judge(&stage.sim, watcher).is_whole());
        // It was started again and announces nothing, as if all announcements were lost.
        let longer = responding(2, offer_with("printer", 900));
        let machine = mcast_proto::service::Responder::new(longer.clone(), stage.sim.draw());
        stage.sim.restart(node, machine);
        stage.truth.add(id, &longer.offer, stage.sim.addresses(node));
        stage.run_ms(25_000);
        let verdict = stage.truth.judge(&stage.sim, watcher);
        assert!(verdict.is_whole(), "{verdict:?}");
        let changes = stage.told(watcher).filter(|(_, event)| match event {
            Event::Changed { change, .. } => {
                matches!(change, Change::Restarted | Change::Content)
            }
            _ => false,
        });
        assert_eq!(changes.count(), 1);
    }
}

#[test]
fn nobody_is_asked_alone_however_long_the_answers_are() {
    let mut stage = Stage::new(7).with_account();
    stage.add_many(20, &there(0.3), &quiet(offer_with("printer", 900)));
    let asker = stage.ask(here(), printers());
    assert!(stage.end(asker).is_complete());
    let account = stage.sim.account();
    assert!(account.flow(asker, group()).bytes_out > 0);
    assert_eq!(account.flow_where(asker, |to| to != group()).bytes_out, 0);
}
