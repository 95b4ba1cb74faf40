//! What one scan asks, and where it does not.

use std::collections::BTreeMap;

use mcast_tests::netns::{Process, World};

use crate::lab::{ELSEWHERE, Lab};

/// Counts what leaves the asker though nobody asked for it.
const COUNTERS: &str = "table inet asked {
    chain out {
        type filter hook output priority 0;
        meta l4proto tcp counter
        ip daddr ELSEWHERE counter
    }
}";

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings"]
fn a_scan_asks_little_and_nobody_at_a_location() {
    let world = World::with_nft().expect("a world");
    let lab = Lab::new(&world, false);
    lab.asker.nft(&COUNTERS.replace("ELSEWHERE", ELSEWHERE));
    let capture = lab.asker.capture("eth0");
    let finished = Process::start(lab.scan("")).wait();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout.contains(ELSEWHERE), "nobody named another place: {}", finished.stdout);

    // By dialect and whether it goes to a group: datagrams and bytes.
    let mut asked: BTreeMap<(&str, bool), (u32, usize)> = BTreeMap::new();
    for packet in capture.stop().iter().filter(|packet| packet.outgoing) {
        let to = packet.destination;
        let known = to.ip().is_multicast()
            || lab.stations.iter().any(|it| it.address == to.ip().to_string());
        assert!(known, "asked a stranger: {packet:?}");
        let sum = asked.entry((dialect(to.port()), to.ip().is_multicast())).or_default();
        *sum = (sum.0 + 1, sum.1 + packet.payload.len());
    }
    println!("| dialect | to | datagrams | bytes |\n| --- | --- | --- | --- |");
    for ((dialect, to_group), (datagrams, bytes)) in &asked {
        println!(
            "| {dialect} | {} | {datagrams} | {bytes} |",
            if *to_group { "the group" } else { "peers" }
        );
    }
    for dialect in ["mdns", "ssdp", "wsd", "coap"] {
        assert!(asked.contains_key(&(dialect, true)), "nothing asked in {dialect}");
    }
    let rules = lab.asker.run("nft", ["list", "table", "inet", "asked"]).stdout;
    println!("{rules}");
    assert_eq!(rules.matches("counter packets 0 bytes 0").count(), 2, "{rules}");
}

/// The dialect that is asked in at a port.
fn dialect(port: u16) -> &'static str {
    match port {
        5353 => "mdns",
        1900 => "ssdp",
        3702 => "wsd",
        5683 => "coap",
        50008 => "plain",
        50009 => "mcast",
        _ => "presets",
    }
}
