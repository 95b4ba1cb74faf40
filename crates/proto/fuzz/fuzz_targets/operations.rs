//! Whatever happens to a machine, in whatever order: it keeps the laws of `mcast_proto::ops`, and does the
//! same when the same happens again.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mcast_proto::ops::laws::{answering, asking};
use mcast_proto::ops::{Choices, Op, Outcome, Scene, plain_ops, run};
use mcast_proto::service::{Discovery, Effort, Offer, Responding, Selection, Stores};
use mcast_proto::wire::{Binding, Key, Keyring};
use mcast_proto::{Machine, Rate, plain, service};

const SEED: u64 = 1;
const ID: u64 = 3;
/// More of them only make runs longer.
const MOST_OPS: usize = 40;
/// So much of the input decides how the machine is set up.
const SETUP: usize = 16;

thread_local! {
    static WORLDS: [World; 3] =
        [None, Some(Binding::Unbound), Some(Binding::Source)].map(World::new);
}

/// With SHOW in the environment it prints what happens and what the machine does.
static IS_SHOWN: LazyLock<bool> = LazyLock::new(|| std::env::var_os("SHOW").is_some());

fuzz_target!(|bytes: &[u8]| {
    let mut input = Choices::new(bytes);
    let mut setup = input.split(SETUP);
    WORLDS.with(|worlds| {
        let world = &worlds[setup.pick(&[0, 0, 1, 2])];
        world.play(&mut setup, input.rest());
    });
});

/// What there is around a machine.
struct World {
    scene: Scene,
}

impl World {
    fn new(binding: Option<Binding>) -> World {
        let key = |secret: &[u8]| Some(Key::new(secret, binding?).expect("long enough"));
        let keyring = key(b"correct horse battery staple").map(|key| Keyring::new(key, Vec::new()));
        let other = key(b"incorrect horse battery staple");
        let scene = Scene { keyring, other, ..Scene::default() };
        let earlier = Discovery { keyring: scene.keyring.clone(), ..Discovery::all() };
        let scene = scene.naming(ID, 120, offer().tlvs());
        World { scene: scene.after(&mut service::Watcher::new(earlier, SEED + 1)) }
    }

    fn play(&self, setup: &mut Choices<'_>, bytes: &[u8]) {
        // Now and then is enough to see a difference.
        let is_repeated = setup.one_in(16);
        let is_closed = setup.one_in(4);
        let ops = |mut ops: Vec<Op>| {
            ops.truncate(MOST_OPS);
            if is_closed {
                // A responder says goodbye for so long.
                ops.extend([Op::Close, Op::Wait(Duration::from_millis(100))]);
            }
            ops
        };
        let scene = |bytes| ops(self.scene.ops(bytes));
        let outcome = match setup.below(8) {
            0 => {
                let config = plain_responding(setup);
                play_to(plain::Responder::new(config, SEED), &ops(plain_ops(bytes)), is_repeated)
            }
            1 => {
                let config = plain::Discovery {
                    repeat: setup.below(4) as u32,
                    capacity: setup.pick(&[64, 2]),
                    ..plain::Discovery::default()
                };
                play_to(plain::Discoverer::new(config, SEED), &ops(plain_ops(bytes)), is_repeated)
            }
            2 => {
                let capacity = setup.pick(&[64, 2]);
                let config = plain::Watching { capacity, ..plain::Watching::default() };
                play_to(plain::Watcher::new(config), &ops(plain_ops(bytes)), is_repeated)
            }
            3 | 4 => self.play_responder(setup, &scene(bytes), is_repeated),
            5 => self.play_watcher(setup, &scene(bytes), is_repeated),
            _ => self.play_discoverer(setup, scene(bytes), is_repeated),
        };
        assert!(outcome.done || !is_closed, "it goes on after it was closed");
    }

    fn play_responder(&self, setup: &mut Choices<'_>, ops: &[Op], is_repeated: bool) -> Outcome {
        let rate = setup.pick(&[None, Some(Rate::default()), Some(SLOW), Some(FAST)]);
        let few = Stores { pending: 4, recent: 2, sources: 2 };
        let config = Responding {
            id: Some(ID),
            rate,
            allow_off_link: setup.one_in(2),
            announce: setup.one_in(2),
            stores: setup.pick(&[Stores::default(), few]),
            keyring: self.scene.keyring.clone(),
            ..Responding::of(offer())
        };
        let outcome = play_to(service::Responder::new(config, SEED), ops, is_repeated);
        answering::answers_what_was_asked(&outcome);
        answering::sends_three_bytes_for_one(&outcome);
        answering::speaks_to_the_group_seldom(&outcome);
        answering::tells_whom_it_refuses(&outcome);
        if let Some(rate) = rate {
            answering::keeps_to_its_rates(&outcome, rate);
        }
        outcome
    }

    fn setup(&self, setup: &mut Choices<'_>) -> Discovery {
        Discovery {
            selection: match setup.one_in(4) {
                true => Selection::service("printer").expect("a name"),
                false => Selection::all(),
            },
            effort: Effort::Fast,
            capacity: setup.pick(&[1_000, 3, 1]),
            expected: setup.pick(&[None, Some(1), Some(u64::MAX)]),
            query_rate: setup.pick(&[2_000, 100]),
            keyring: self.scene.keyring.clone(),
            ..Discovery::all()
        }
    }

    fn play_discoverer(
        &self,
        setup: &mut Choices<'_>,
        mut ops: Vec<Op>,
        is_repeated: bool,
    ) -> Outcome {
        let discovery = Discovery {
            count: setup.pick(&[None, None, Some(3)]),
            silence: setup.pick(&[None, None, Some(Duration::from_millis(700))]),
            ..self.setup(setup)
        };
        ops.push(Op::Wait(Duration::from_secs(3)));
        let outcome = play_to(service::Discoverer::new(discovery, SEED), &ops, is_repeated);
        assert!(outcome.done, "it goes on after its deadline");
        self.keeps_an_askers_laws(&outcome, true);
        asking::is_complete_or_says_why_not(&outcome);
        asking::is_whole_where_it_is_complete(&outcome);
        let (keyring, quiet) = (self.scene.keyring.as_ref(), Effort::Fast.quiet_sweeps());
        asking::is_complete_after_as_many_clean_sweeps(&outcome, keyring, quiet);
        outcome
    }

    fn play_watcher(&self, setup: &mut Choices<'_>, ops: &[Op], is_repeated: bool) -> Outcome {
        let watcher = service::Watcher::new(self.setup(setup), SEED);
        let outcome = play_to(watcher, ops, is_repeated);
        self.keeps_an_askers_laws(&outcome, false);
        outcome
    }

    fn keeps_an_askers_laws(&self, outcome: &Outcome, forgets: bool) {
        asking::sends_questions_to_the_group_alone(outcome);
        asking::tells_what_it_counts(outcome, forgets);
        asking::has_evidence_of_all_that_it_tells(outcome, self.scene.keyring.as_ref());
    }
}

const SLOW: Rate = Rate { per_source: 3, total: 5 };
const FAST: Rate = Rate { per_source: 50, total: 60 };

fn offer() -> Offer {
    let offer = Offer::new("printer").and_then(|offer| offer.name("lab-3"));
    offer.and_then(|offer| offer.attr("note", &[b'x'; 200])).expect("within the limits")
}

fn plain_responding(setup: &mut Choices<'_>) -> plain::Responding {
    plain::Responding {
        delay: Duration::from_millis(setup.below(300)),
        rate: setup.pick(&[None, Some(Rate::default()), Some(SLOW)]),
        allow_off_link: setup.one_in(2),
        count: setup.pick(&[None, Some(3)]),
        ..plain::Responding::default()
    }
}

/// Runs the machine, and where it is to be run again, sees that it does the same.
fn play_to<M: Machine + Clone>(mut machine: M, ops: &[Op], is_repeated: bool) -> Outcome {
    if *IS_SHOWN {
        println!("{ops:#?}");
    }
    let twin = is_repeated.then(|| machine.clone());
    let outcome = run(&mut machine, ops);
    if *IS_SHOWN {
        println!("{:#?}", outcome.log);
    }
    if let Some(mut twin) = twin {
        assert_eq!(run(&mut twin, ops), outcome);
    }
    outcome
}
