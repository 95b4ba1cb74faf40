//! Answers that are longer than a short question allows, behind loss.

use std::collections::BTreeSet;

use mcast_tests::netns::{Host, World};

use crate::crowd::crowd_with_notes;
use crate::{done, events, median_and_worst, run};

const RESPONDERS: usize = 600;
const NOTE: usize = 200;

/// An asker, and a host for a crowd, on one segment. Each loses a tenth of what comes to it.
fn two_hosts(world: &World) -> [Host<'_>; 2] {
    let lan = world.segment();
    ["10.0.0.1/8", "10.0.0.2/8"].map(|address| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host.nft(
            "table netdev loss { chain in {\n\
             type filter hook ingress device eth0 priority 0;\n\
             meta protocol ip numgen random mod 100 < 10 counter drop\n}\n}",
        );
        host
    })
}

/// Finds everybody, each told whole, and says how long that took, in milliseconds.
#[track_caller]
fn find_all(asker: &Host<'_>, note: usize) -> f64 {
    let finished = run(asker, "discover --service crowd --json");
    let found = events(&finished.stdout, "found");
    let names: BTreeSet<&str> = found.iter().filter_map(|event| event["name"].as_str()).collect();
    let done = done(&finished);
    assert_eq!((found.len(), names.len()), (RESPONDERS, RESPONDERS), "{done}");
    let is_whole = |event: &serde_json::Value| {
        let said = event["txt"]["note"].as_str().unwrap_or_default().len();
        event["truncated"] == false && said == note
    };
    assert!(found.iter().all(is_whole), "{done}");
    assert_eq!((&done["found"], &done["complete"]), (&RESPONDERS.into(), &true.into()), "{done}");
    done["elapsed_ms"].as_f64().expect("a number")
}

/// Times of so many discoveries each: of long answers, and of short ones.
fn times(world: &World, runs: usize) -> [Vec<f64>; 2] {
    [NOTE, 0].map(|note| {
        let [asker, home] = two_hosts(world);
        let _crowd = crowd_with_notes(&home, RESPONDERS, note, "10.0.0.2");
        (0..runs).map(|_| find_all(&asker, note)).collect()
    })
}

#[test]
fn six_hundred_long_answers_behind_loss_are_told_whole() {
    let Some(world) = World::with_nft() else { return };
    let [long, short] = times(&world, 1);
    println!("{RESPONDERS} of {NOTE} bytes in {long:?} ms, of a short answer in {short:?} ms");
}

#[test]
#[ignore = "measures: twenty runs each of long and of short answers"]
fn measure_long_answers() {
    let world = World::with_nft().expect("a world");
    let [long, short] = times(&world, 20).map(median_and_worst);
    println!(
        "{RESPONDERS} behind 10 % of loss: {NOTE} bytes more in {} ms, at worst {}; short answers in {} ms, \
         at worst {}: {:.2} times",
        long.0,
        long.1,
        short.0,
        short.1,
        long.0 / short.0
    );
}
