//! Who comes, changes and goes while a scan watches.

use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_tests::netns::{Process, Signal, World};

use crate::lab::{Lab, start};

/// How soon it is to be told.
const SOON: Duration = Duration::from_secs(2);

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn a_service_that_comes_changes_and_goes_is_told() {
    let world = World::new().expect("a world");
    let mut lab = Lab::new(&world, false);
    let place = lab.stations.iter().position(|it| it.peer.name == "zeroconf").expect("it is there");
    // The others stay; it comes again.
    let station = lab.stations.remove(place);
    drop(station.process.stop(Signal::TERM));
    let watcher = Process::start(lab.scan("--watch"));
    watcher.line_with("\"Plotter\"");

    let clock = Clock::new();
    let capture = station.host.capture("eth0");
    let tell = |what: &str, since: mcast_proto::Instant, words: &str| {
        loop {
            let line = watcher.line_with("\"Kiosk\"");
            if line.contains(&format!("\"event\":\"{what}\"")) && line.contains(words) {
                let took = clock.now() - since;
                println!("{what}: told after {} ms", took.as_millis());
                assert!(took < SOON, "{what} took {took:?}");
                return;
            }
        }
    };
    let process = start(&station.host, "zeroconf", &station.address);
    // Its first answer that nobody asked for is where it begins to be there.
    capture.packet(|packet| {
        packet.outgoing
            && packet.payload.get(2) == Some(&0x84)
            && contains(&packet.payload, b"Kiosk")
    });
    tell("found", clock.now(), "");
    process.line_with("ready");
    process.signal(Signal::USR1);
    tell("changed", clock.now(), "/closed");
    process.signal(Signal::TERM);
    tell("lost", clock.now(), "");
    drop(watcher.stop(Signal::INT));
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
