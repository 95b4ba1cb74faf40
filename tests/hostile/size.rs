//! More of everything than is usual.

use mcast_tests::netns::World;

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::meter::Meter;
use crate::program::{Answer, GROUP, PATIENCE_MS, discover, host, names, offer, watch};
use crate::tally::Tally;

pub(crate) const ATTACKS: [Attack; 2] = [
    Attack {
        name: "300 services on one host",
        threshold: "all found and complete, in every run",
        run: services,
    },
    Attack {
        name: "100 cards on one host, a neighbour on each",
        threshold: "all neighbours found and complete, in every run",
        run: cards,
    },
];

fn services(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home] = [1, 2].map(|number| host(world, &lan, number));
    let truth = names(300);
    let responder = offer(&home, &truth, "");
    let meter = Meter::of(&responder);
    let runs = if extent == Extent::Full { 5 } else { 1 };
    let answers: Vec<Answer> = (0..runs).map(|_| discover(&asker, PATIENCE_MS, "")).collect();
    let tally = Tally::of(&answers, &truth);
    Outcome {
        sent: "-".to_owned(),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: tally.right == tally.asks,
    }
}

fn cards(world: &World, extent: Extent) -> Outcome {
    let count = if extent == Extent::Full { 100 } else { 20 };
    let asker = world.host();
    let truth = names(count);
    let mut neighbours = Vec::new();
    for (number, name) in truth.iter().enumerate() {
        let segment = world.segment();
        asker.card(&format!("card{number}"), &segment, &[&format!("10.{number}.0.1/24")]);
        let neighbour = world.host();
        neighbour.card("eth0", &segment, &[&format!("10.{number}.0.2/24")]);
        let responder = offer(&neighbour, std::slice::from_ref(name), "");
        neighbours.push((neighbour, responder));
    }
    // It hears on every card too.
    let watcher = watch(&asker, "");
    for number in 0..count {
        asker.until_joined(&format!("card{number}"), GROUP, 1);
    }
    let meter = Meter::of(&watcher);
    let runs = if extent == Extent::Full { 5 } else { 1 };
    let answers: Vec<Answer> = (0..runs).map(|_| discover(&asker, PATIENCE_MS, "")).collect();
    let tally = Tally::of(&answers, &truth);
    Outcome {
        sent: "-".to_owned(),
        found: format!("{tally}, of {count}"),
        usage: Some(meter.read()),
        held: tally.right == tally.asks,
    }
}

#[test]
fn three_hundred_services_of_one_host_are_all_found() {
    quick(&ATTACKS[..1]);
}

#[test]
fn twenty_cards_are_all_asked_by() {
    quick(&ATTACKS[1..]);
}
