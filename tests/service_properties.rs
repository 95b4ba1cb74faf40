//! The laws of the structured protocol's machines, on arbitrary operations. A failing run prints its
//! seed, and proptest keeps the smallest one in `service_properties.proptest-regressions`, which is
//! committed.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mcast_proto::ops::{self, Did, Op, Outcome, any_service_ops};
use mcast_proto::service::{self, Discovery, Offer, Responding};
use mcast_proto::wire::{self, Datagram, Query, Reply};
use mcast_proto::{Action, Arrival, Cast, Destination, Instant, Machine, Path};
use proptest::prelude::*;

/// All machines here have this seed, so that their sessions' number is known beforehand.
const SEED: u64 = 77;

/// The number of the session that a discoverer or watcher of that seed asks in.
fn txn() -> u64 {
    let mut asker = service::Discoverer::new(Discovery::all(), SEED);
    let Some(Action::Send { message, .. }) = asker.handle_timeout(Instant::ZERO) else {
        panic!("it asks at once")
    };
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    match wire::decode(&bytes) {
        Ok(Datagram::Query(query)) => query.txn,
        other => panic!("{other:?} is no query"),
    }
}

/// What it says of itself does not fit an answer to the shortest query.
fn printer() -> Responding {
    let offer = Offer::new("printer").unwrap().port(631).unwrap();
    Responding { id: Some(3), ..Responding::of(offer.attr("note", &[b'x'; 200]).unwrap()) }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Discoverer,
    Responder { announce: bool, allow_off_link: bool },
    Watcher,
}

impl Kind {
    fn make(self) -> Box<dyn Machine> {
        match self {
            Kind::Discoverer => Box::new(service::Discoverer::new(Discovery::all(), SEED)),
            Kind::Responder { announce, allow_off_link } => {
                let response = Responding { announce, allow_off_link, ..printer() };
                Box::new(service::Responder::new(response, SEED))
            }
            Kind::Watcher => Box::new(service::Watcher::new(Discovery::all(), SEED)),
        }
    }
}

fn any_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Discoverer),
        any::<(bool, bool)>()
            .prop_map(|(announce, allow_off_link)| Kind::Responder { announce, allow_off_link }),
        Just(Kind::Watcher),
    ]
}

fn any_run() -> impl Strategy<Value = Vec<Op>> {
    any_service_ops(txn(), 0..60)
}

fn sent(outcome: &Outcome) -> impl Iterator<Item = (Instant, Destination, &[u8])> {
    outcome.log.iter().filter_map(|(at, did)| match did {
        Did::Sent(to, bytes) => Some((*at, *to, bytes.as_slice())),
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// `ops::run` itself checks, for every machine, that nothing is sent in reaction to a datagram, that
    /// each moment is done with in bounded time, and that done is done.
    #[test]
    fn the_same_seed_and_inputs_give_the_same_run(kind in any_kind(), ops in any_run()) {
        let first = ops::run(&mut *kind.make(), &ops);
        prop_assert_eq!(&first, &ops::run(&mut *kind.make(), &ops));
    }

    #[test]
    fn only_differences_of_time_matter(
        kind in any_kind(), ops in any_run(), shift in 0..1u64 << 60,
    ) {
        let start = Instant::from_nanos(shift);
        let here = ops::run(&mut *kind.make(), &ops);
        let mut there = ops::run_from(start, &mut *kind.make(), &ops);
        for (at, _) in &mut there.log {
            *at = Instant::ZERO + (*at - start);
        }
        prop_assert_eq!(here.log, there.log);
    }

    #[test]
    fn early_timeouts_change_nothing(kind in any_kind(), ops in any_run()) {
        let poked = ops::run(&mut *kind.make(), &ops);
        let unpoked: Vec<Op> = ops.into_iter().filter(|op| *op != Op::Poke).collect();
        prop_assert_eq!(poked.log, ops::run(&mut *kind.make(), &unpoked).log);
    }

    #[test]
    fn a_closed_machine_is_done_within_two_goodbyes(kind in any_kind(), mut ops in any_run()) {
        ops.extend([Op::Close, Op::Wait(Duration::from_millis(100))]);
        prop_assert!(ops::run(&mut *kind.make(), &ops).done);
    }

    #[test]
    fn a_source_gets_no_more_answers_than_its_rate_and_three_bytes_for_one(
        ops in any_run(), allow_off_link: bool,
    ) {
        let kind = Kind::Responder { announce: false, allow_off_link };
        let outcome = ops::run(&mut *kind.make(), &ops);
        let mut got: BTreeMap<SocketAddr, usize> = BTreeMap::new();
        for op in &ops {
            if let Op::Datagram(arrival, bytes) = op {
                *got.entry(arrival.from.remote).or_default() += bytes.len();
            }
        }
        let mut gave: BTreeMap<SocketAddr, usize> = BTreeMap::new();
        let mut times: BTreeMap<IpAddr, Vec<Instant>> = BTreeMap::new();
        for (at, to, bytes) in sent(&outcome) {
            if let Destination::Peer(path) = to {
                *gave.entry(path.remote).or_default() += bytes.len();
                times.entry(path.remote.ip()).or_default().push(at);
            }
        }
        for (_, to, bytes) in sent(&outcome) {
            if let Destination::Peer(path) = to {
                // No answer is longer than the longest query of its asker.
                let longest = ops.iter().filter_map(|op| match op {
                    Op::Datagram(arrival, asked) if arrival.from == path => Some(asked.len()),
                    _ => None,
                });
                prop_assert!(longest.max() >= Some(bytes.len()));
            }
        }
        for (remote, bytes) in gave {
            prop_assert!(bytes <= 3 * got[&remote], "{bytes} bytes for {} of {remote}", got[&remote]);
        }
        // Twenty a second and a burst of forty, as they were scheduled: up to ten seconds later.
        for times in times.values() {
            let span = *times.last().unwrap() - times[0] + Duration::from_secs(20);
            prop_assert!(times.len() as f64 <= 40.0 + 20.0 * span.as_secs_f64());
        }
    }

    #[test]
    fn whatever_others_send_an_honest_query_is_answered(ops in any_run()) {
        let mut responder = service::Responder::new(printer(), SEED);
        let now = ops::run(&mut responder, &ops).now;
        let from = Path::new("10.77.0.1:41000".parse().unwrap());
        let group = Cast::Group((service::GROUP_V4, service::PORT).into());
        let mut bytes = Vec::new();
        Datagram::Query(Query { window_ms: 8, ..Query::new(99, 1) }).encode(None, &mut bytes);
        let honest = Op::Datagram(Arrival::new(from, group, true), bytes);
        let wait = Op::Wait(Duration::from_secs(3));
        let outcome = ops::run_from(now, &mut responder, &[honest, wait]);
        let answers = sent(&outcome).filter(|(_, to, _)| *to == Destination::Peer(from)).count();
        prop_assert_eq!(answers, 1);
    }

    #[test]
    fn a_discoverer_reports_an_id_once_and_only_of_its_own_session(ops in any_run()) {
        let mut asker = service::Discoverer::new(Discovery::all(), SEED);
        let mut ids = Vec::new();
        let mut now = Instant::ZERO;
        let _scout = asker.handle_timeout(now);
        for op in &ops {
            match op {
                Op::Datagram(arrival, bytes) => {
                    let action = asker.handle_datagram(now, *arrival, bytes);
                    let Some(Action::Emit(mcast_proto::Event::ServiceFound(instance))) = action
                    else { continue };
                    let is_answer = matches!(wire::decode(bytes), Ok(Datagram::Reply(Reply { txn: of, id, .. }))
                        if of == txn() && id == instance.id);
                    prop_assert!(is_answer);
                    prop_assert!(!ids.contains(&instance.id), "{} twice", instance.id);
                    ids.push(instance.id);
                }
                Op::Wait(duration) => now = now + *duration,
                _ => {}
            }
        }
    }
}
