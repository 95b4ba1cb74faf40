//! The structured protocol over networks that lose, copy, delay, drop and deceive.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::{self, Discovery, Effort, Offer, Responding, Stores};
use mcast_proto::wire::{self, Binding, Datagram, Filter, Key, Keyring, Query};
use mcast_proto::{Change, Instant, Summary};
use mcast_tests::sim::{Host, Link, NodeId, Sim, Socket, What};

fn group() -> SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

fn quiet_response() -> Responding {
    let offer = Offer::new("printer").unwrap().port(631).unwrap();
    let stores = Stores { pending: 16, recent: 16, sources: 16 };
    Responding { announce: false, stores, ..Responding::of(offer) }
}

fn add_responder(sim: &mut Sim, link: Link, response: &Responding) -> (NodeId, u64) {
    let machine = service::Responder::new(response.clone(), sim.draw());
    let id = machine.id();
    (sim.add(Host::new(group(), true).link(link), machine), id)
}

fn add_responders(sim: &mut Sim, count: u32, link: Link, response: &Responding) -> BTreeSet<u64> {
    (0..count).map(|_| add_responder(sim, link, response).1).collect()
}

fn add_asker(sim: &mut Sim, discovery: Discovery) -> NodeId {
    let machine = service::Discoverer::new(discovery, sim.draw());
    sim.add(Host::new(group(), false).socket(Socket::default()), machine)
}

fn printers() -> Discovery {
    Discovery { deadline: Some(Duration::from_secs(30)), ..Discovery::of("printer").unwrap() }
}

fn found(sim: &Sim, asker: NodeId) -> Vec<u64> {
    let found = sim.records_of(asker).filter_map(|record| match record.what {
        What::ServiceFound { id, .. } => Some(id),
        _ => None,
    });
    found.collect()
}

/// Runs a discovery to its end: whom it found, in order, and its summary.
fn discover(sim: &mut Sim, discovery: Discovery) -> (Vec<u64>, Summary) {
    let asker = add_asker(sim, discovery);
    assert!(sim.run_until_done(asker, sim.now() + Duration::from_secs(100)), "it never ended");
    (found(sim, asker), done(sim, asker))
}

fn done(sim: &Sim, asker: NodeId) -> Summary {
    let done = sim.records_of(asker).find_map(|record| match record.what {
        What::Done(summary) => Some(summary),
        _ => None,
    });
    done.expect("it is done")
}

fn as_set(found: &[u64]) -> BTreeSet<u64> {
    let set: BTreeSet<u64> = found.iter().copied().collect();
    assert_eq!(set.len(), found.len(), "somebody was reported twice");
    set
}

fn lossy(loss: f64) -> Link {
    Link { processing: Duration::from_micros(300), ..Link::default().loss(loss) }
}

#[test]
fn everybody_is_found_at_half_of_all_lost_and_it_says_so() {
    for (seed, count) in [(1, 1), (2, 10), (3, 100), (4, 1000)] {
        let mut sim = Sim::new(seed).without_trace();
        let there = add_responders(&mut sim, count, lossy(0.5), &quiet_response());
        let (found, summary) = discover(&mut sim, printers());
        assert_eq!(as_set(&found), there);
        assert_eq!(summary.complete, Some(true));
        assert!(summary.elapsed < Duration::from_millis(1500), "{summary:?}");
    }
}

#[test]
fn a_thousand_fit_a_buffer_of_256() {
    let mut sim = Sim::new(5).without_trace();
    let there = add_responders(&mut sim, 1000, lossy(0.0), &quiet_response());
    let (found, summary) = discover(&mut sim, printers());
    assert_eq!(as_set(&found), there);
    // Each answers once: whoever is known stays silent.
    assert_eq!((summary.received, sim.traffic().overflows), (1000, 0));
}

#[test]
fn copies_and_disorder_report_nobody_twice() {
    let mut sim = Sim::new(6);
    let link =
        Link { jitter: Duration::from_millis(5), duplicate: 0.5, reorder: 0.3, ..lossy(0.2) };
    let there = add_responders(&mut sim, 50, link, &quiet_response());
    let (found, summary) = discover(&mut sim, printers());
    assert_eq!(as_set(&found), there);
    assert_eq!(summary.complete, Some(true));
}

#[test]
fn a_seed_replays_its_run_byte_for_byte() {
    let run = |seed| {
        let mut sim = Sim::new(seed);
        let link = Link { jitter: Duration::from_millis(5), duplicate: 0.5, ..lossy(0.2) };
        add_responders(&mut sim, 20, link, &quiet_response());
        discover(&mut sim, printers());
        sim.trace()
    };
    let first = run(11);
    assert!(first.lines().count() > 300, "{first}");
    assert_eq!(first, run(11));
}

#[test]
fn nobody_there_is_never_complete_and_takes_the_whole_deadline() {
    let mut sim = Sim::new(7);
    let (found, summary) = discover(&mut sim, Discovery::of("printer").unwrap());
    assert!(found.is_empty());
    assert_eq!(summary.complete, Some(false));
    assert_eq!(summary.elapsed, Duration::from_secs(3));
}

#[test]
fn only_who_offers_the_service_and_has_the_attributes_answers() {
    let mut sim = Sim::new(8);
    let offer = Offer::new("printer").unwrap().attr("color", b"yes").unwrap();
    let (_, colored) =
        add_responder(&mut sim, lossy(0.1), &Responding { offer, ..quiet_response() });
    let plain = add_responders(&mut sim, 3, lossy(0.1), &quiet_response());
    let offer = Offer::new("scanner").unwrap().attr("color", b"yes").unwrap();
    let (_, scanner) =
        add_responder(&mut sim, lossy(0.1), &Responding { offer, ..quiet_response() });

    let selection = service::Selection::service("printer").unwrap();
    let selection = selection.attr("color", Some(b"yes")).unwrap();
    let (found, _) = discover(&mut sim, Discovery { selection, ..printers() });
    assert_eq!(found, [colored]);
    let (found, _) = discover(&mut sim, printers());
    assert_eq!(as_set(&found), plain.into_iter().chain([colored]).collect());
    let (found, _) = discover(&mut sim, Discovery::all());
    assert!(found.len() == 5 && found.contains(&scanner));
}

#[test]
fn a_long_answer_is_fetched_by_a_longer_question() {
    let mut sim = Sim::new(9);
    let mut offer = Offer::new("printer").unwrap();
    for key in ["a", "b", "c", "d"] {
        offer = offer.attr(key, &[b'x'; 200]).unwrap();
    }
    let long = Responding { offer, ..quiet_response() };
    let there = add_responders(&mut sim, 3, lossy(0.3), &long);
    sim.record_datagrams();
    let (found, summary) = discover(&mut sim, printers());
    assert_eq!(as_set(&found), there);
    assert_eq!(summary.complete, Some(true));
    let longest_answer = sim.sent().iter().filter(|(from, _)| from.0 < 3).map(|s| s.1.len()).max();
    assert!(longest_answer > Some(800) && longest_answer < Some(1200), "{longest_answer:?}");
}

#[test]
fn several_discoverers_at_once_each_find_everybody() {
    let mut sim = Sim::new(10).without_trace();
    let there = add_responders(&mut sim, 100, lossy(0.3), &quiet_response());
    let askers: Vec<NodeId> = (0..5).map(|_| add_asker(&mut sim, printers())).collect();
    for asker in askers {
        assert!(sim.is_done(asker) || sim.run_until_done(asker, Instant::from_millis(60_000)));
        assert_eq!(as_set(&found(&sim, asker)), there);
    }
}

fn keyring(secret: &[u8]) -> Keyring {
    Keyring::new(Key::new(secret, Binding::Source).unwrap(), Vec::new())
}

#[test]
fn who_shares_a_secret_finds_the_others_who_do_and_nobody_else() {
    let mut sim = Sim::new(12);
    let ring = Some(keyring(b"a secret of ours alone"));
    let sealed = Responding { keyring: ring.clone(), ..quiet_response() };
    let members = add_responders(&mut sim, 10, lossy(0.3), &sealed);
    let open = add_responders(&mut sim, 5, lossy(0.3), &quiet_response());
    let other =
        Responding { keyring: Some(keyring(b"a secret of the others")), ..quiet_response() };
    add_responders(&mut sim, 5, lossy(0.3), &other);
    let (found, summary) = discover(&mut sim, Discovery { keyring: ring, ..printers() });
    assert_eq!(as_set(&found), members);
    assert_eq!(summary.complete, Some(true));
    let (found, _) = discover(&mut sim, printers());
    assert_eq!(as_set(&found), open);
}

#[test]
fn behind_a_firewall_that_drops_unicast_answers_the_group_is_asked_to_carry_them() {
    let mut sim = Sim::new(13);
    let there = add_responders(&mut sim, 5, lossy(0.0), &quiet_response());
    let machine =
        service::Discoverer::new(Discovery { effort: Effort::Fast, ..printers() }, sim.draw());
    // It hears the group, and nothing that is addressed to it alone.
    let asker = sim.add(Host::new(group(), true), machine);
    sim.drop_unicasts_to(asker);
    assert!(sim.run_until_done(asker, Instant::from_millis(100_000)));
    assert_eq!(as_set(&found(&sim, asker)), there);
    let summary = done(&sim, asker);
    assert_eq!((summary.found_by_group, summary.complete), (5, Some(true)));
}

#[test]
fn two_that_say_different_things_under_one_number_are_a_conflict() {
    let mut sim = Sim::new(14);
    let one = Responding { id: Some(7), ..quiet_response() };
    let offer = Offer::new("printer").unwrap().port(515).unwrap();
    let other = Responding { offer, ..one.clone() };
    add_responder(&mut sim, lossy(0.0), &one);
    add_responder(&mut sim, lossy(0.0), &other);
    let asker = add_asker(&mut sim, printers());
    assert!(sim.run_until_done(asker, Instant::from_millis(60_000)));
    assert_eq!(found(&sim, asker), [7]);
    let change = Change::Conflict;
    assert!(sim.records_of(asker).any(|r| r.what == What::ServiceChanged { id: 7, change }));
}

#[test]
fn a_thousand_at_one_address_are_all_found() {
    let mut sim = Sim::new(15).without_trace();
    let there: BTreeSet<u64> = (0..1000)
        .map(|n| {
            let machine = service::Responder::new(quiet_response(), sim.draw());
            let id = machine.id();
            let at = SocketAddr::from(([10, 9, 9, 9], 20_000 + n));
            sim.add(Host::new(group(), true).at(at).link(lossy(0.1)), machine);
            id
        })
        .collect();
    let (found, summary) = discover(&mut sim, printers());
    assert_eq!(as_set(&found), there);
    assert_eq!(summary.complete, Some(true), "{summary:?}");
}

#[test]
fn answers_that_are_never_due_crowd_nobody_out() {
    let mut sim = Sim::new(16);
    let (node, id) = add_responder(&mut sim, lossy(0.0), &quiet_response());
    sim.run_for(Duration::from_secs(1));
    for txn in 0..60 {
        let query = Query { window_ms: 10_000, copies: 3, ..Query::new(txn, 1) };
        let mut bytes = Vec::new();
        Datagram::Query(query).encode(None, &mut bytes);
        let from = SocketAddr::from(([10, 9, 9, txn as u8], 4000));
        sim.inject(node, from, mcast_proto::Cast::Group(group()), &bytes);
    }
    sim.run_for(Duration::from_millis(1));
    let asker = add_asker(&mut sim, printers());
    // The first sweep that asks it is answered.
    sim.run_for(Duration::from_millis(20));
    assert_eq!(found(&sim, asker), [id]);
}

/// All bits of its filter are set, so that by it everybody is known.
fn forged_filter(query: Query<'_>) -> Vec<u8> {
    let filter = Filter::new(&[0xff; 100]).unwrap();
    let mut bytes = Vec::new();
    Datagram::Query(Query { filter, round: query.round + 1, ..query }).encode(None, &mut bytes);
    bytes
}

#[test]
fn forged_filters_silence_nobody_even_in_the_askers_name_and_session() {
    let mut sim = Sim::new(17);
    let there = add_responders(&mut sim, 20, lossy(0.0), &quiet_response());
    sim.record_datagrams();
    let asker = add_asker(&mut sim, printers());
    let from = sim.address(asker);
    for _ in 0..100 {
        sim.run_for(Duration::from_millis(1));
        let mut queries = sim.sent().iter().rev().filter(|(sender, _)| *sender == asker);
        let Some((_, latest)) = queries.next().cloned() else { continue };
        let Ok(Datagram::Query(query)) = wire::decode(&latest) else { panic!("not a query") };
        sim.inject_to_group(group(), from, &forged_filter(query));
    }
    assert!(sim.is_done(asker) || sim.run_until_done(asker, Instant::from_millis(60_000)));
    assert_eq!(as_set(&found(&sim, asker)), there);
}
