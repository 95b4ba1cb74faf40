//! Who answers: never more than was asked for, nor than its rates allow, and never less without a word.

use std::time::Duration;

use mcast_proto::ops::laws::answering;
use mcast_proto::ops::{self, OWN_V4, Op, Outcome, Scene};
use mcast_proto::service::{self, Responder, Responding, Stores};
use mcast_proto::wire::{Busy, Datagram, Query, Seal, Tlv, decode};
use mcast_proto::{Arrival, Cast, Destination, Event, Path, Rate};
use mcast_tests::cases;
use proptest::option;
use proptest::prelude::*;

use super::{ID, SCENES, SEED, offer, printer};

/// What the crowd of all who announce themselves may stretch a window to.
const LONGEST_STRETCH: u16 = 100;
const SHORTEST_WINDOW: u16 = 8;

pub(crate) fn any_responding() -> impl Strategy<Value = Responding> {
    let rate = (0..20u32, 0..30u32).prop_map(|(per_source, total)| Rate { per_source, total });
    // So much that sessions have a share of their own.
    let rate = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Rate::default())),
        1 => Just(Some(Rate { per_source: 50, total: 60 })),
        3 => rate.prop_map(Some),
    ];
    let stores = prop_oneof![
        Just(Stores::default()),
        (0..5usize, 0..5usize, 0..5usize).prop_map(|(pending, recent, sources)| Stores {
            pending,
            recent,
            sources
        }),
    ];
    let offer = prop_oneof![1 => Just(printer()), 2 => (0..1_200usize).prop_map(|bytes| offer("printer", bytes))];
    (offer, rate, stores, option::of(0..1_000u32), any::<[bool; 2]>()).prop_map(
        |(offer, rate, stores, boot, [announce, allow_off_link])| Responding {
            id: Some(ID),
            boot: boot.unwrap_or_default(),
            rate,
            stores,
            announce,
            allow_off_link,
            ..Responding::of(offer)
        },
    )
}

/// A scene, who answers in it, and so many operations, in a short time.
fn any_answering(
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = (&'static Scene, Responding, Vec<Op>)> {
    let scale = prop::sample::select(&[1, 10, 1_000][..]);
    (0..3usize, any_responding(), ops::any_bytes(count), scale).prop_map(
        |(scene, responding, bytes, scale)| {
            let scene = &SCENES[scene];
            let responding = Responding { keyring: scene.keyring.clone(), ..responding };
            let sooner = |op| match op {
                Op::Wait(time) => Op::Wait(time / scale),
                other => other,
            };
            (scene, responding, scene.ops(&bytes).into_iter().map(sooner).collect())
        },
    )
}

fn run(responding: &Responding, mut ops: Vec<Op>) -> Outcome {
    ops.push(Op::Wait(Duration::from_secs(12)));
    ops::run(&mut Responder::new(responding.clone(), SEED), &ops)
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn each_answer_is_to_a_question_that_is_no_shorter((_, responding, ops) in any_answering(0..150)) {
        let outcome = run(&responding, ops);
        answering::answers_what_was_asked(&outcome);
        answering::sends_three_bytes_for_one(&outcome);
    }

    #[test]
    fn sources_are_sent_what_the_rates_say_and_no_more((_, responding, ops) in any_answering(0..150)) {
        if let Some(rate) = responding.rate {
            answering::keeps_to_its_rates(&run(&responding, ops), rate);
        }
    }

    #[test]
    fn the_group_is_answered_seldom((_, responding, ops) in any_answering(0..150)) {
        answering::speaks_to_the_group_seldom(&run(&responding, ops));
    }

    #[test]
    fn whoever_is_refused_is_told((_, responding, ops) in any_answering(0..150)) {
        answering::tells_whom_it_refuses(&run(&responding, ops));
    }

    /// Whatever was sent before, in its own address too, but for its session's number.
    #[test]
    fn an_honest_question_is_answered_within_its_window_or_refused_aloud(
        (scene, responding, ops) in any_answering(0..100), window_ms in 0..200u16, copies in 1..4u8,
    ) {
        let mut responder = Responder::new(responding, SEED);
        let before = ops::run(&mut responder, &ops);
        let from = Path::new("10.0.0.1:40000".parse().unwrap())
            .from_local((OWN_V4, service::PORT).into());
        let group = Cast::Group((service::GROUP_V4, service::PORT).into());
        let mut bytes = Vec::new();
        let seal = scene.keyring.as_ref().map(|ring| Seal { key: ring.signing(), from: from.remote });
        let query = Query { window_ms, copies, ..Query::new(99, 1) };
        Datagram::Query(query).encode(seal, &mut bytes);
        let question = Op::Datagram(Arrival::new(from, group, true), bytes);
        let window = window_ms.max(SHORTEST_WINDOW * u16::from(copies)).max(LONGEST_STRETCH);
        let wait = Op::Wait(Duration::from_millis(window.into()));
        let outcome = ops::run_from(before.now, &mut responder, &[question, wait]);

        let answers = outcome.sent().filter(|(_, to, bytes)| {
            *to == Destination::Peer(from)
                && matches!(decode(bytes), Ok(Datagram::Reply(reply)) if reply.txn == 99)
        });
        let answers = answers.count();
        let is_refused = outcome.events().any(|(_, event)| {
            matches!(event, Event::Asked { from: asker, refused: Some(_), .. } if asker == from)
        });
        prop_assert!(answers > 0 || is_refused, "neither answered nor refused");
        prop_assert!(answers <= copies.into());
        if is_refused {
            let concerns = |tlv| matches!(tlv, Tlv::Refused(who) if who.is_none_or(|who| who == from.remote.ip()));
            let told = outcome.sent().any(|(_, _, bytes)| {
                matches!(decode(bytes), Ok(Datagram::Busy(Busy { tlvs, .. })) if tlvs.iter().any(concerns))
            });
            prop_assert!(told, "refused without a word");
        }
    }
}
