//! The laws of the plain protocol's machines, on arbitrary operations. A failing run prints its seed,
//! and proptest keeps the smallest one in `properties.proptest-regressions`, which is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mcast_proto::ops::{self, Did, Op, Outcome, any_ops};
use mcast_proto::{
    Arrival, Body, Cast, Destination, Doubts, Event, Finding, Instant, Machine, Message, Rate,
    Refusal, plain,
};
use mcast_tests::cases;
use proptest::prelude::*;

fn any_discovery() -> impl Strategy<Value = plain::Discovery> {
    (
        0..6u32,
        1..4_000u64,
        proptest::option::of(0..10_000u64),
        proptest::option::of(0..4u64),
        prop_oneof![Just(4usize), Just(65_536)],
    )
        .prop_map(|(repeat, silence, deadline, count, capacity)| plain::Discovery {
            repeat,
            silence: Duration::from_millis(silence),
            deadline: deadline.map(Duration::from_millis),
            count,
            capacity,
            ..plain::Discovery::default()
        })
}

fn any_response() -> impl Strategy<Value = plain::Responding> {
    let rate = (0..30u32, 0..60u32).prop_map(|(per_source, total)| Rate { per_source, total });
    (
        any_reply(),
        proptest::option::of(Just(plain::PROBE.to_vec())),
        0..2_000u64,
        proptest::option::of(rate),
        any::<bool>(),
        proptest::option::of(0..20u64),
    )
        .prop_map(|(reply, only, delay, rate, allow_off_link, count)| plain::Responding {
            reply,
            only,
            delay: Duration::from_millis(delay),
            rate,
            allow_off_link,
            count,
            ..plain::Responding::default()
        })
}

/// Short, as long as a probe, or so long that it counts for several.
fn any_reply() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(3), 0..20usize, 100..1500usize].prop_map(|length| vec![b'x'; length])
}

fn any_watching() -> impl Strategy<Value = plain::Watching> {
    // A day of it is short enough.
    (10_000..100_000u64, 0..5u32, prop_oneof![Just(0usize), 1..5usize, Just(65_536)]).prop_map(
        |(every, patience, capacity)| plain::Watching {
            every: Duration::from_millis(every),
            patience,
            capacity,
            ..plain::Watching::default()
        },
    )
}

/// One of the five machines, as a recipe that makes the same one again.
#[derive(Debug, Clone)]
enum Recipe {
    Discoverer(plain::Discovery),
    Watcher(plain::Watching),
    Responder(plain::Responding),
    Listener(plain::Listening),
    Sender(plain::Sending),
}

impl Recipe {
    fn make(&self, seed: u64) -> Box<dyn Machine> {
        match self.clone() {
            Recipe::Discoverer(config) => Box::new(plain::Discoverer::new(config, seed)),
            Recipe::Watcher(config) => Box::new(plain::Watcher::new(config)),
            Recipe::Responder(config) => Box::new(plain::Responder::new(config, seed)),
            Recipe::Listener(config) => Box::new(plain::Listener::new(config)),
            Recipe::Sender(config) => Box::new(plain::Sender::new(config)),
        }
    }
}

fn any_machine() -> impl Strategy<Value = Recipe> {
    let listening = (proptest::option::of(0..9u64), proptest::option::of(0..3_000u64)).prop_map(
        |(count, silence)| plain::Listening { count, silence: silence.map(Duration::from_millis) },
    );
    let sending = (0..50u64, 0..1_000u64).prop_map(|(count, every)| plain::Sending {
        payload: b"x".to_vec(),
        count: Some(count),
        every: Duration::from_millis(every),
    });
    prop_oneof![
        3 => any_discovery().prop_map(Recipe::Discoverer),
        3 => any_watching().prop_map(Recipe::Watcher),
        3 => any_response().prop_map(Recipe::Responder),
        1 => listening.prop_map(Recipe::Listener),
        1 => sending.prop_map(Recipe::Sender),
    ]
}

fn answers(outcome: &Outcome) -> impl Iterator<Item = (Instant, SocketAddr)> {
    outcome.sent().filter_map(|(at, to, _)| match to {
        Destination::Peer(path) => Some((at, path.remote)),
        Destination::Group => None,
    })
}

proptest! {
    #![proptest_config(cases(512))]

    /// `ops::run` itself checks, for every machine, that nothing is sent in reaction to a datagram, that
    /// each moment is done with in bounded time, and that done is done.
    #[test]
    fn the_same_seed_and_inputs_give_the_same_run(
        recipe in any_machine(), ops in any_ops(0..60), seed: u64,
    ) {
        let first = ops::run(&mut *recipe.make(seed), &ops);
        prop_assert_eq!(&first, &ops::run(&mut *recipe.make(seed), &ops));
    }

    #[test]
    fn only_differences_of_time_matter(
        recipe in any_machine(), ops in any_ops(0..60), seed: u64, shift in 0..1u64 << 60,
    ) {
        let start = Instant::from_nanos(shift);
        let here = ops::run(&mut *recipe.make(seed), &ops);
        let mut there = ops::run_from(start, &mut *recipe.make(seed), &ops);
        for (at, _) in &mut there.log {
            *at = Instant::ZERO + (*at - start);
        }
        prop_assert_eq!(here.log, there.log);
    }

    #[test]
    fn early_timeouts_change_nothing(
        recipe in any_machine(), mut ops in any_ops(0..60), seed: u64,
    ) {
        // Where many datagrams are read at once a timeout between them is not early.
        ops.retain(|op| !matches!(op, Op::ReadMany(_)));
        let poked = ops::run(&mut *recipe.make(seed), &ops);
        let unpoked: Vec<Op> = ops.into_iter().filter(|op| *op != Op::Poke).collect();
        prop_assert_eq!(poked.log, ops::run(&mut *recipe.make(seed), &unpoked).log);
    }

    #[test]
    fn a_closed_machine_is_done_at_once(
        recipe in any_machine(), mut ops in any_ops(0..60), seed: u64,
    ) {
        ops.push(Op::Close);
        prop_assert!(ops::run(&mut *recipe.make(seed), &ops).done);
    }

    #[test]
    fn who_says_something_is_found_once_and_only_if_it_answered(
        config in any_discovery(), ops in any_ops(0..60), seed: u64,
    ) {
        let outcome = ops::run(&mut plain::Discoverer::new(config.clone(), seed), &ops);
        let mut found = BTreeSet::new();
        for (at, event) in outcome.events() {
            let Event::Found(Finding { from, round_trip, body: Body::Plain { payload, .. }, .. }) = event
            else {
                return Err(TestCaseError::fail(format!("{event:?}")));
            };
            let is_new = found.insert((from.remote, payload.to_vec()));
            prop_assert!(is_new || config.capacity < 65_536, "{} twice", from.remote);
            prop_assert!(round_trip.unwrap() <= at - Instant::ZERO);
            let was_heard = outcome.heard().any(|(when, arrival, bytes)| {
                when == at && arrival.from == from && bytes == payload
            });
            prop_assert!(was_heard);
        }
        prop_assert!(config.count.is_none_or(|count| found.len() as u64 <= count.max(1)));
    }

    #[test]
    fn a_discoverer_ends_in_time_and_sends_as_often_as_it_says(
        config in any_discovery(), mut ops in any_ops(0..60), seed: u64,
    ) {
        ops.retain(|op| *op != Op::Close);
        // No wait for an answer is longer than an hour here: this outlasts any configuration.
        ops.push(Op::Wait(Duration::from_secs(3600)));
        let outcome = ops::run(&mut plain::Discoverer::new(config.clone(), seed), &ops);
        let Some((ended, summary)) = outcome.end() else {
            return Err(TestCaseError::fail("never done"));
        };
        let probes = outcome.sent().count() as u64;
        prop_assert_eq!(summary.sent, probes);
        prop_assert_eq!(summary.elapsed, ended - Instant::ZERO);
        prop_assert!(probes <= u64::from(config.repeat.max(1)));
        if let Some(deadline) = config.deadline {
            prop_assert!(summary.elapsed <= deadline);
        }
        let last_news = outcome.log.iter().rev().find_map(|(at, did)| {
            matches!(did, Did::Sent(..) | Did::Told(_)).then_some(*at)
        });
        let counted_out = config.count.is_some_and(|count| summary.found >= count);
        let last_probe = outcome.sent().map(|(at, ..)| at).last();
        if config.deadline.is_none() && !counted_out {
            let silent = last_news.unwrap() + config.silence;
            prop_assert_eq!(ended, silent.min(last_probe.unwrap() + 10 * config.silence));
            prop_assert_eq!(probes, u64::from(config.repeat.max(1)));
            prop_assert_eq!(summary.doubts.contains(Doubts::DEADLINE), ended < silent);
        }
    }

    /// Rule 1 and 1b of the structured protocol's page, section 6.6: else two responders could answer
    /// each other for ever.
    #[test]
    fn only_what_was_sent_to_the_group_is_answered(
        config in any_response(), ops in any_ops(0..60), seed: u64,
    ) {
        let outcome = ops::run(&mut plain::Responder::new(config.clone(), seed), &ops);
        let mut owed: BTreeMap<SocketAddr, i64> = BTreeMap::new();
        for (_, arrival, bytes) in outcome.heard() {
            let to_the_group = match arrival.cast {
                Cast::Group(_) => true,
                Cast::Unicast => false,
                _ => arrival.from.remote.port() != config.port,
            };
            let wanted = config.only.as_deref().is_none_or(|only| only == bytes);
            let is_no_longer = config.allow_off_link && config.reply.len() <= bytes.len();
            if to_the_group && wanted && (arrival.on_link || is_no_longer) {
                *owed.entry(arrival.from.remote).or_default() += 1;
            }
        }
        for (_, to) in answers(&outcome) {
            let owed = owed.entry(to).or_default();
            *owed -= 1;
            prop_assert!(*owed >= 0, "one answer too many to {}", to);
            prop_assert!(!to.ip().is_multicast() && !to.ip().is_unspecified() && to.port() != 0);
        }
    }

    /// In any time T a source is promised at most a burst and T times the rate, and so are all; by the
    /// length of the answers, of which one may be longer than a burst.
    #[test]
    fn answers_stay_within_their_rates(
        rate in (0..30u32, 0..60u32), reply in any_reply(), ops in any_ops(0..200), seed: u64,
    ) {
        let rate = Rate { per_source: rate.0, total: rate.1 };
        let each = reply.len().div_ceil(128).max(1);
        let config = plain::Responding { reply, rate: Some(rate), ..plain::Responding::default() };
        let outcome = ops::run(&mut plain::Responder::new(config, seed), &ops);
        let sent: Vec<(Instant, IpAddr)> =
            answers(&outcome).map(|(at, to)| (at, to.ip())).collect();
        let within = |count: usize, rate: u32, time: Duration| {
            let burst = (2.0 * f64::from(rate)).max(each as f64);
            (count * each) as f64 <= burst + f64::from(rate) * time.as_secs_f64() + 1e-6
        };
        for (first, &(start, source)) in sent.iter().enumerate() {
            let mut from_source = 0;
            for (nth, &(at, to)) in sent[first..].iter().enumerate() {
                from_source += usize::from(to == source);
                prop_assert!(within(nth + 1, rate.total, at - start));
                prop_assert!(within(from_source, rate.per_source, at - start));
            }
        }
    }

    #[test]
    fn answers_come_within_their_delay_and_each_probe_is_reported(
        config in any_response(), mut ops in any_ops(0..60), seed: u64,
    ) {
        ops.retain(|op| *op != Op::Close);
        ops.push(Op::Wait(config.delay));
        let outcome = ops::run(&mut plain::Responder::new(config.clone(), seed), &ops);
        let mut promised: BTreeMap<SocketAddr, Vec<Instant>> = BTreeMap::new();
        let (mut reported, mut sent) = (0u64, 0u64);
        for (at, did) in &outcome.log {
            match did {
                Did::Told(event) => {
                    reported += 1;
                    if let Event::Asked { from, refused: None, .. } = event.as_event() {
                        promised.entry(from.remote).or_default().push(*at);
                    }
                }
                Did::Sent(Destination::Peer(path), bytes) => {
                    sent += 1;
                    prop_assert_eq!(bytes, &config.reply);
                    let times = promised.get_mut(&path.remote).unwrap();
                    let kept = times.iter().position(|promise| {
                        *promise <= *at && *at - *promise <= config.delay
                    });
                    times.remove(kept.expect("an answer that nobody was promised"));
                }
                _ => {}
            }
        }
        if !outcome.done {
            prop_assert_eq!(reported as usize, outcome.heard().count());
            prop_assert!(promised.values().all(Vec::is_empty), "promised and not sent");
        }
        if let Some(count) = config.count {
            prop_assert!(sent <= count);
        }
    }

    #[test]
    fn what_is_sent_is_the_bytes_that_were_given(probe: Vec<u8>, reply: Vec<u8>) {
        let config = plain::Discovery { probe: probe.clone(), ..plain::Discovery::default() };
        let outcome = ops::run(&mut plain::Discoverer::new(config, 0), &[]);
        prop_assert_eq!(&outcome.log[0].1, &Did::Sent(Destination::Group, probe));
        let mut buffer = b"kept".to_vec();
        Message::Plain(&reply).encode(&mut buffer);
        prop_assert_eq!(&buffer[4..], &reply[..]);
    }
}

#[test]
fn a_refusal_says_which_rule_it_was() {
    let group = Cast::Group(SocketAddr::from((plain::GROUP_V4, plain::PORT)));
    let peer: SocketAddr = "10.0.0.9:41234".parse().unwrap();
    let cases = [
        (peer, group, true, &b"who's there?"[..], None),
        (peer, Cast::Unicast, true, b"who's there?", Some(Refusal::NotToGroup)),
        (peer, Cast::Unknown, true, b"who's there?", None),
        ("10.0.0.9:50008".parse().unwrap(), Cast::Unknown, true, b"Me!", Some(Refusal::NotToGroup)),
        ("10.0.0.9:0".parse().unwrap(), group, true, b"who's there?", Some(Refusal::NotAPeer)),
        (peer, group, false, b"who's there?", Some(Refusal::OffLink)),
        (peer, group, true, b"who?", Some(Refusal::OtherProbe)),
    ];
    for (remote, cast, on_link, probe, expected) in cases {
        let config =
            plain::Responding { only: Some(plain::PROBE.to_vec()), ..plain::Responding::default() };
        let mut responder = plain::Responder::new(config, 0);
        let from = mcast_proto::Path::new(remote);
        let action =
            responder.handle_datagram(Instant::ZERO, Arrival::new(from, cast, on_link), probe);
        let Some(mcast_proto::Action::Emit(Event::Asked { refused, .. })) = action else {
            panic!("{action:?}")
        };
        assert_eq!(refused, expected, "{remote} {cast:?} {on_link}");
    }
}
