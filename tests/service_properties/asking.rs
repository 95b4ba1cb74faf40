//! Who asks: what it tells is what it counts, and has evidence; and `complete` is true for a reason.

use std::time::Duration;

use mcast_proto::Evidence;
use mcast_proto::ops::laws::asking;
use mcast_proto::ops::{self, Op, Outcome, Scene};
use mcast_proto::service::{Discoverer, Discovery, Effort, Selection, Watcher};
use mcast_proto::wire::{Datagram, decode};
use mcast_tests::cases;
use proptest::option;
use proptest::prelude::*;

use super::{SCENES, SEED, deeds};

/// Longer than any discovery here.
const LONGEST: Duration = Duration::from_secs(20);

pub(crate) fn any_discovery() -> impl Strategy<Value = Discovery> {
    let selection = prop_oneof![
        3 => Just(Selection::all()),
        1 => Just(Selection::service("printer").unwrap()),
    ];
    let effort = prop::sample::select(&[Effort::Fast, Effort::Normal, Effort::Thorough][..]);
    let milliseconds = |limit: u64| (0..limit).prop_map(Duration::from_millis);
    (
        selection,
        effort,
        prop_oneof![2 => Just(Some(Duration::from_secs(3))), 1 => option::of(milliseconds(10_000))],
        option::weighted(0.2, milliseconds(3_000)),
        option::weighted(0.2, 0..6u64),
        option::weighted(0.3, prop_oneof![0..9u64, Just(u64::MAX)]),
        prop_oneof![2 => Just(200_000), 1 => 0..9usize],
        prop::sample::select(&[2_000, 100, 0][..]),
    )
        .prop_map(
            |(selection, effort, deadline, silence, count, expected, capacity, query_rate)| {
                Discovery {
                    selection,
                    effort,
                    deadline: deadline.or(Some(LONGEST).filter(|_| silence.is_none())),
                    silence,
                    count,
                    expected,
                    capacity,
                    query_rate,
                    ..Discovery::all()
                }
            },
        )
}

/// A scene, what is asked in it, and so many operations.
pub(crate) fn any_asking(
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = (&'static Scene, Discovery, Vec<Op>)> {
    (0..3usize, any_discovery(), ops::any_bytes(count)).prop_map(|(scene, discovery, bytes)| {
        let scene = &SCENES[scene];
        let discovery = Discovery { keyring: scene.keyring.clone(), ..discovery };
        (scene, discovery, scene.ops(&bytes))
    })
}

fn discover(discovery: &Discovery, mut ops: Vec<Op>) -> Outcome {
    ops.extend([Op::AnswerAudits(Some(Evidence::CLEAN)), Op::Wait(LONGEST)]);
    ops::run(&mut Discoverer::new(discovery.clone(), SEED), &ops)
}

fn watch(discovery: &Discovery, mut ops: Vec<Op>) -> Outcome {
    ops.push(Op::Close);
    ops::run(&mut Watcher::new(discovery.clone(), SEED), &ops)
}

fn is_busy(op: &Op) -> bool {
    matches!(op, Op::Datagram(_, bytes) if matches!(decode(bytes), Ok(Datagram::Busy(_))))
}

fn is_recorded(scene: &Scene, op: &Op) -> bool {
    matches!(op, Op::Datagram(_, bytes) if scene.tape.iter().any(|(_, recorded)| recorded == bytes))
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn who_asks_sends_questions_to_the_group_alone((_, discovery, ops) in any_asking(0..60)) {
        asking::sends_questions_to_the_group_alone(&discover(&discovery, ops.clone()));
        asking::sends_questions_to_the_group_alone(&watch(&discovery, ops));
    }

    #[test]
    fn a_discovery_ends_in_time((_, discovery, ops) in any_asking(0..60)) {
        let outcome = discover(&discovery, ops);
        let Some((_, summary)) = outcome.end() else {
            return Err(TestCaseError::fail("never done"));
        };
        prop_assert!(discovery.deadline.is_none_or(|deadline| summary.elapsed <= deadline));
    }

    #[test]
    fn a_discovery_tells_what_it_counts((_, discovery, ops) in any_asking(0..80)) {
        asking::tells_what_it_counts(&discover(&discovery, ops), true);
    }

    #[test]
    fn a_watcher_tells_what_it_counts((_, discovery, ops) in any_asking(0..80)) {
        asking::tells_what_it_counts(&watch(&discovery, ops), false);
    }

    #[test]
    fn a_discovery_is_complete_for_a_reason_or_says_why_it_is_not(
        (scene, discovery, ops) in any_asking(0..40),
    ) {
        let outcome = discover(&discovery, ops);
        asking::is_complete_or_says_why_not(&outcome);
        asking::is_whole_where_it_is_complete(&outcome);
        let (keyring, quiet) = (scene.keyring.as_ref(), discovery.effort.quiet_sweeps());
        asking::is_complete_after_as_many_clean_sweeps(&outcome, keyring, quiet);
    }

    #[test]
    fn a_watcher_is_complete_for_a_reason_or_says_why_it_is_not(
        (_, discovery, ops) in any_asking(0..40),
    ) {
        asking::is_complete_or_says_why_not(&watch(&discovery, ops));
    }

    #[test]
    fn a_discovery_has_evidence_of_all_that_it_tells((scene, discovery, ops) in any_asking(0..80)) {
        let outcome = discover(&discovery, ops);
        asking::has_evidence_of_all_that_it_tells(&outcome, scene.keyring.as_ref());
    }

    /// With a key, what was recorded of an earlier session changes nothing that is done. (A BUSY that was
    /// recorded is taken for one: it can keep a result from being complete.)
    #[test]
    fn what_was_recorded_changes_nothing_in_a_discovery((scene, discovery, mut ops) in any_asking(0..80)) {
        if scene.keyring.is_some() {
            ops.retain(|op| !matches!(op, Op::Again(..)) && !is_busy(op));
            let disturbed = discover(&discovery, ops.clone());
            ops.retain(|op| !is_recorded(scene, op));
            prop_assert_eq!(deeds(disturbed), deeds(discover(&discovery, ops)));
        }
    }

    #[test]
    fn a_watcher_has_evidence_of_all_that_it_tells((scene, discovery, ops) in any_asking(0..80)) {
        let outcome = watch(&discovery, ops);
        asking::has_evidence_of_all_that_it_tells(&outcome, scene.keyring.as_ref());
    }
}
