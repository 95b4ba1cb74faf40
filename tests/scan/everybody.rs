//! Who is found, and as what.

use mcast_tests::netns::{Process, World};
use serde_json::Value;

use crate::finding::{is, is_whole, json, told};
use crate::lab::{Lab, Station};

/// What a scan may take.
const SECONDS: f64 = 7.0;

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn everybody_is_found_once_with_what_they_say() {
    let world = World::new().expect("a world");
    let lab = Lab::new(&world, true);
    let finished = Process::start(lab.scan("")).wait();
    print!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.code, Some(0));

    let told = told(&finished);
    let mut wrong: Vec<String> =
        lab.stations.iter().flat_map(|station| missed(station, &told)).collect();
    for finding in &told {
        let claims = lab.stations.iter().flat_map(|station| {
            station.peer.services.iter().filter(|service| is(finding, station, service))
        });
        let claims = claims.count();
        if claims != 1 {
            wrong.push(format!("claimed {claims} times: {finding}"));
        }
    }
    let mut events = finished.stdout.lines().map(json);
    let done = events.find(|event| event["event"] == "done").expect("an end");
    let took = done["elapsed_ms"].as_f64().expect("a number") / 1e3;
    if took >= SECONDS {
        wrong.push(format!("it took {took} s"));
    }
    println!("{} peers, {} findings in {took} s", lab.stations.len(), told.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a peer says and was not told, or told otherwise.
fn missed(station: &Station<'_>, told: &[Value]) -> Vec<String> {
    let peer = station.peer;
    let mut missed = Vec::new();
    for service in peer.services {
        let matching: Vec<_> =
            told.iter().filter(|finding| is(finding, station, service)).collect();
        // One that is known by its address alone is another at each address.
        let expected = if peer.both_families && service.dialect == "coap" { 2 } else { 1 };
        if matching.len() != expected {
            missed.push(format!("{} {service:?}: found {} times", peer.name, matching.len()));
        }
        let halves = matching.into_iter().filter(|finding| !is_whole(finding, service));
        missed.extend(halves.map(|half| format!("{} {service:?}: told as {half}", peer.name)));
    }
    let is_at_v6 = |finding: &Value| {
        let mut addresses = finding["addresses"].as_array().into_iter().flatten();
        addresses.any(|it| it.as_str().is_some_and(|it| it.split('%').next() == Some(&station.v6)))
    };
    if peer.both_families && !told.iter().any(is_at_v6) {
        missed.push(format!("{} is not found by IPv6", peer.name));
    }
    missed
}
