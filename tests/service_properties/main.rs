//! The laws of the structured protocol's machines, on arbitrary operations: those of all machines here,
//! those of each kind beside. Many are functions of `mcast_proto::ops::laws`, which the fuzzer uses too.
//! A failing run prints its seed, and proptest keeps the smallest one beside this file, to be committed.

mod answering;
mod asking;
mod changing;
mod network;
mod watching;

use std::sync::LazyLock;
use std::time::Duration;

use mcast_proto::ops::{self, Did, Op, Outcome, Scene};
use mcast_proto::service::{self, Discovery, Offer, Responding};
use mcast_proto::wire::{Binding, Key, Keyring, MAX_TLV_BYTES, Tlv};
use mcast_proto::{Instant, Machine, plain};
use mcast_tests::cases;
use proptest::prelude::*;

const SEED: u64 = 77;
/// Of the responder among the machines.
const ID: u64 = 3;

/// Without keys, with one, and with one that is bound to addresses; and in each what was recorded of an
/// earlier session.
static SCENES: LazyLock<[Scene; 3]> =
    LazyLock::new(|| [None, Some(Binding::Unbound), Some(Binding::Source)].map(scene));

fn scene(binding: Option<Binding>) -> Scene {
    let key = |secret| binding.map(|binding| Key::new(secret, binding).unwrap());
    let keyring = key(b"correct horse battery staple").map(|key| Keyring::new(key, Vec::new()));
    let other = key(b"incorrect horse battery staple");
    let scene = Scene { keyring, other, ..Scene::default() }.naming(ID, 120, printer().tlvs());
    let earlier = Discovery { keyring: scene.keyring.clone(), ..Discovery::all() };
    scene.after(&mut service::Watcher::new(earlier, SEED + 1))
}

/// It does not fit an answer to the shortest query.
fn printer() -> Offer {
    offer("printer", 200)
}

/// An offer of so many bytes, EPOCH included, as far as that can be.
fn offer(service: &str, bytes: usize) -> Offer {
    let offer = Offer::new(service).unwrap();
    match bytes.min(MAX_TLV_BYTES).checked_sub(offer.tlvs().len() + 3) {
        Some(rest) => offer.with(Tlv::Cbor(&vec![b'x'; rest])).unwrap(),
        None => offer,
    }
}

/// A machine, as a recipe that makes the same one again.
#[derive(Debug, Clone)]
enum Recipe {
    Discoverer(Discovery),
    Watcher(Discovery),
    Responder(Responding),
    Responders(changing::Several),
    PlainDiscoverer,
    PlainWatcher,
    PlainResponder,
}

impl Recipe {
    fn make(&self) -> Box<dyn Machine> {
        match self.clone() {
            Recipe::Discoverer(config) => Box::new(service::Discoverer::new(config, SEED)),
            Recipe::Watcher(config) => Box::new(service::Watcher::new(config, SEED)),
            Recipe::Responder(config) => Box::new(service::Responder::new(config, SEED)),
            Recipe::Responders(several) => Box::new(several.make()),
            Recipe::PlainDiscoverer => {
                Box::new(plain::Discoverer::new(plain::Discovery::default(), SEED))
            }
            Recipe::PlainWatcher => Box::new(plain::Watcher::new(plain::Watching::default())),
            Recipe::PlainResponder => {
                Box::new(plain::Responder::new(plain::Responding::default(), SEED))
            }
        }
    }

    fn run(&self, ops: &[Op]) -> Outcome {
        ops::run(&mut *self.make(), ops)
    }
}

/// One of the scenes, and a machine in it.
fn any_machine() -> impl Strategy<Value = (&'static Scene, Recipe)> {
    (
        0..3usize,
        0..14u32,
        asking::any_discovery(),
        answering::any_responding(),
        changing::any_several(),
    )
        .prop_map(|(scene, kind, discovery, responding, several)| {
            let scene = &SCENES[scene];
            let keyring = scene.keyring.clone();
            let discovery = Discovery { keyring: keyring.clone(), ..discovery };
            let recipe = match kind {
                0..3 => Recipe::Discoverer(discovery),
                3..6 => Recipe::Watcher(discovery),
                6..9 => Recipe::Responder(Responding { keyring, ..responding }),
                9 => Recipe::PlainDiscoverer,
                10 => Recipe::PlainWatcher,
                11 => Recipe::PlainResponder,
                _ => Recipe::Responders(several.with(keyring)),
            };
            (scene, recipe)
        })
}

/// The same, and so many operations.
fn any_case(
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = (&'static Scene, Recipe, Vec<Op>)> {
    (any_machine(), ops::any_bytes(count))
        .prop_map(|((scene, recipe), bytes)| (scene, recipe, scene.ops(&bytes)))
}

/// Whether a datagram comes from somebody who has the key.
fn fits(keyring: &Keyring, op: &Op) -> bool {
    match op {
        Op::Datagram(arrival, bytes) => keyring.verify(arrival.from.remote, bytes).is_ok(),
        Op::Answer(answer) => answer.key.as_ref() == Some(keyring.signing()),
        // It depends on what came before it what that is.
        Op::Again(..) => false,
        _ => true,
    }
}

/// What was done, without the count of what was heard in vain.
fn deeds(outcome: Outcome) -> Vec<(Instant, Did)> {
    let mut log = outcome.log;
    log.retain(|(_, did)| !matches!(did, Did::Heard(..)));
    for (_, did) in &mut log {
        if let Did::Done(summary) = did {
            (summary.received, summary.duplicates) = (0, 0);
            (summary.ignored, summary.unauthentic) = (0, 0);
        }
    }
    log
}

proptest! {
    #![proptest_config(cases(96))]

    /// `ops::run` itself checks, for every machine, that nothing is sent in reaction to a datagram, that
    /// each moment is done with in bounded time, and that done is done.
    #[test]
    fn the_same_seed_and_inputs_give_the_same_run((_, recipe, ops) in any_case(0..60)) {
        prop_assert_eq!(recipe.run(&ops), recipe.run(&ops));
    }

    #[test]
    fn only_differences_of_time_matter(
        (_, recipe, ops) in any_case(0..60), shift in 0..1u64 << 60,
    ) {
        let start = Instant::from_nanos(shift);
        let here = recipe.run(&ops);
        let mut there = ops::run_from(start, &mut *recipe.make(), &ops);
        for (at, _) in &mut there.log {
            *at = Instant::ZERO + (*at - start);
        }
        prop_assert_eq!(here.log, there.log);
    }

    #[test]
    fn early_timeouts_change_nothing((_, recipe, mut ops) in any_case(0..60)) {
        // Where many datagrams are read at once a timeout between them is not early.
        ops.retain(|op| !matches!(op, Op::ReadMany(_)));
        let poked = recipe.run(&ops);
        ops.retain(|op| *op != Op::Poke);
        prop_assert_eq!(poked.log, recipe.run(&ops).log);
    }

    #[test]
    fn a_closed_machine_is_done_within_two_goodbyes((_, recipe, mut ops) in any_case(0..60)) {
        // A service says goodbye for the first time within a millisecond of the one before.
        ops.extend([Op::Close, Op::Wait(Duration::from_millis(100 + changing::MOST as u64))]);
        prop_assert!(recipe.run(&ops).done);
    }

    /// With a key, what it does not fit changes nothing that is done: it is counted, and that is all.
    #[test]
    fn who_has_no_key_changes_nothing((scene, recipe, mut ops) in any_case(0..80)) {
        let is_plain = matches!(
            recipe,
            Recipe::PlainDiscoverer | Recipe::PlainWatcher | Recipe::PlainResponder
        );
        if let Some(keyring) = scene.keyring.as_ref().filter(|_| !is_plain) {
            ops.retain(|op| !matches!(op, Op::Again(..)));
            let disturbed = recipe.run(&ops);
            ops.retain(|op| fits(keyring, op));
            prop_assert_eq!(deeds(disturbed), deeds(recipe.run(&ops)));
        }
    }
}
