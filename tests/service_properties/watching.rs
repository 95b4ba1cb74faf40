//! What others say unasked makes a watcher ask, seldom, and no more than that.

use std::collections::BTreeSet;
use std::time::Duration;

use mcast_proto::ops::{self, Op, Outcome};
use mcast_proto::service::{Discovery, Watcher};
use mcast_proto::wire::{Datagram, MAX_LEASE_S, MAX_SENT, decode};
use mcast_proto::{Event, Evidence, Instant, Loss, Observation, OwnedKey};
use mcast_tests::cases;
use proptest::prelude::*;

use super::asking::any_asking;
use super::{SCENES, SEED};

/// What prompts a watcher to ask: a burst, and one more in so long.
const RUNS: u64 = 8;
const EVERY: Duration = Duration::from_secs(2);
/// Sweeps in such a run, and in one that renews leases, which takes place once in so long.
const SWEEPS: u64 = 16;
const REFRESH_SWEEPS: u64 = 4;
const REFRESHED: Duration = Duration::from_secs(60);

/// When each sweep after this time began.
fn sweeps(outcome: &Outcome, after: Instant) -> Vec<Instant> {
    let mut seen = BTreeSet::new();
    let queries = outcome.sent().filter_map(|(at, _, bytes)| match decode(bytes) {
        Ok(Datagram::Query(query)) if at > after && seen.insert(query.round) => Some(at),
        _ => None,
    });
    queries.collect()
}

proptest! {
    #![proptest_config(cases(48))]

    /// However many announcements, goodbyes and others' questions there are, forged or not.
    #[test]
    fn what_is_said_unasked_makes_a_watcher_ask_within_its_budget(
        scene in 0..3usize, answers in ops::any_bytes(0..10), unasked in ops::any_bytes(100..200),
        pause in 0..1_000u64,
    ) {
        let scene = &SCENES[scene];
        let mut ops: Vec<Op> = scene.ops(&answers).into_iter().filter_map(|op| match op {
            Op::Answer(mut answer) => {
                // For a day, and whole.
                (answer.lease_s, answer.limit, answer.group) = (MAX_LEASE_S, MAX_SENT, None);
                Some(Op::Answer(answer))
            }
            _ => None,
        }).collect();
        let start = Instant::from_millis(10_000);
        ops.push(Op::Wait(start - Instant::ZERO));
        for op in scene.ops(&unasked) {
            if let Op::Datagram(..) | Op::Again(..) = op {
                ops.extend([op, Op::Wait(Duration::from_millis(pause))]);
            }
        }
        let config = Discovery { keyring: scene.keyring.clone(), ..Discovery::all() };
        let outcome = ops::run(&mut Watcher::new(config, SEED), &ops);
        let sweeps = sweeps(&outcome, start);
        for (first, &begin) in sweeps.iter().enumerate() {
            for (nth, &at) in sweeps[first..].iter().enumerate() {
                let in_time = |every: Duration| ((at - begin).as_nanos() / every.as_nanos()) as u64;
                // One more may be under way at the begin, and one may have been due.
                let most = SWEEPS * (RUNS + 2 + in_time(EVERY))
                    + REFRESH_SWEEPS * (1 + in_time(REFRESHED));
                prop_assert!(nth as u64 <= most, "{} sweeps in {:?}", nth, at - begin);
            }
        }
    }

    /// Where nobody says what became of its questions, or not all of them left, or answers were dropped, or
    /// the network was another every time, nobody is lost for not having answered them.
    #[test]
    fn nobody_is_lost_for_questions_that_were_not_put(
        (scene, discovery, mut ops) in any_asking(0..80),
        evidence in prop::sample::select(vec![
            None,
            Some(Evidence::new(1, 0, false)),
            Some(Evidence::new(0, 1, false)),
            Some(Evidence::new(0, 0, true)),
        ]),
    ) {
        ops.retain(|op| !matches!(op, Op::AnswerAudits(_) | Op::Observe(Observation::Audit(_))));
        ops.insert(0, Op::AnswerAudits(evidence));
        let outcome = ops::run(&mut Watcher::new(discovery, SEED), &ops);
        let lost = outcome.events().find(|(_, event)| match event {
            Event::Lost { reason, .. } => {
                *reason == Loss::Expired || (*reason == Loss::Goodbye && scene.keyring.is_none())
            }
            _ => false,
        });
        prop_assert!(lost.is_none(), "{lost:?}");
    }

    /// It knows of those that it told of and has not told to be gone, and of others perhaps that it is to
    /// tell of.
    #[test]
    fn who_is_present_was_told((_, discovery, ops) in any_asking(0..80)) {
        let mut watcher = Watcher::new(discovery, SEED);
        let outcome = ops::run(&mut watcher, &ops);
        let mut present = BTreeSet::new();
        let mut in_part = 0;
        for (_, event) in outcome.events() {
            match event {
                Event::Found(finding) => _ = present.insert(OwnedKey::from(finding.key())),
                Event::Lost { key, .. } => _ = present.remove(&key.into()),
                _ => {}
            }
        }
        for (_, _, bytes) in outcome.heard() {
            in_part += usize::from(matches!(decode(bytes), Ok(Datagram::Reply(reply)) if reply.is_truncated()));
        }
        prop_assert!(watcher.present() >= present.len());
        prop_assert!(watcher.present() <= present.len() + in_part);
    }
}

/// What `docs/testing.md` promises to those who test with these operations.
#[test]
fn in_most_runs_a_watcher_finds_somebody_and_in_some_it_loses_somebody() {
    let (mut found, mut lost) = (0, 0);
    for seed in 0..256 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..100 * ops::OP_BYTES).map(|_| rng.u8(..)).collect();
        let mut watcher = Watcher::new(Discovery::all(), seed);
        let outcome = ops::run(&mut watcher, &ops::Scene::default().ops(&bytes));
        let any = |is: fn(&Event<'_>) -> bool| outcome.events().any(|(_, event)| is(&event));
        found += u32::from(any(|event| matches!(event, Event::Found(_))));
        lost += u32::from(any(|event| matches!(event, Event::Lost { .. })));
    }
    println!("somebody is found in {found} of 256 runs, and lost in {lost}");
    assert!(found > 200 && lost > 20);
}
