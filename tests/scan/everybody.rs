//! Who is found, and as what.

use std::net::IpAddr;

use mcast_tests::netns::{Process, World};

use crate::finding::{is, is_whole, json, told};
use crate::lab::Lab;

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
    let mut claimed = vec![0; told.len()];
    let mut wrong = Vec::new();
    for station in &lab.stations {
        for service in station.peer.services {
            let mut matching: Vec<_> =
                (0..told.len()).filter(|place| is(&told[*place], station, service)).collect();
            // One that is known by its address alone is another at each address.
            let expected =
                if station.peer.both_families && service.dialect == "coap" { 2 } else { 1 };
            if matching.len() != expected {
                wrong.push(format!(
                    "{} {service:?}: found {} times",
                    station.peer.name,
                    matching.len()
                ));
            }
            for place in matching.drain(..) {
                claimed[place] += 1;
                let finding = &told[place];
                if !is_whole(finding, service) {
                    wrong.push(format!("{} {service:?} is told as {finding}", station.peer.name));
                }
            }
        }
        if station.peer.both_families {
            let is_v6 = |finding: &&serde_json::Value| {
                let addresses = finding["addresses"].as_array().into_iter().flatten();
                let own = station.v6.parse::<IpAddr>().expect("an address");
                addresses
                    .filter_map(|it| it.as_str()?.split('%').next()?.parse().ok())
                    .any(|it: IpAddr| it == own)
            };
            if !told.iter().any(|finding| is_v6(&finding)) {
                wrong.push(format!("{} is not found by IPv6", station.peer.name));
            }
        }
    }
    for (finding, claims) in told.iter().zip(claimed) {
        if claims != 1 {
            wrong.push(format!("claimed by {claims} peers: {finding}"));
        }
    }
    let done =
        finished.stdout.lines().map(json).find(|event| event["event"] == "done").expect("an end");
    let took = done["elapsed_ms"].as_f64().expect("a number") / 1e3;
    if took >= SECONDS {
        wrong.push(format!("it took {took} s"));
    }
    println!("{} peers, {} findings in {took} s", lab.stations.len(), told.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
