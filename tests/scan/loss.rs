//! How many are found where one in five is lost each way.

use mcast_tests::netns::{Process, World};

use crate::finding::{is, is_whole, told};
use crate::lab::{Lab, start};

const PERCENT: u32 = 20;

/// By what nmap's answer shows each peer; it has no such script for CoAP.
const NMAP: [(&str, &str); 8] = [
    ("avahi", "Address=10.0.0.2"),
    ("zeroconf", "Address=10.0.0.3"),
    ("mdnsd", "Address=10.0.0.4"),
    ("wsdd", "10.0.0.5"),
    ("wsdd2", "10.0.0.6:"),
    ("wsdiscovery", "10.0.0.66/onvif"),
    ("ssdpy", "10.0.0.66:8080"),
    ("upnp", "10.0.0.9:8000"),
];

fn runs() -> u32 {
    let wanted = std::env::var("MCAST_SCAN_RUNS").ok();
    wanted.map_or(20, |runs| runs.parse().expect("a number of runs"))
}

#[test]
#[ignore = "needs the peers that tests/scan/peers/fetch brings, and measures"]
fn measure_twenty_percent_of_loss() {
    let world = World::with_nft().expect("a world");
    let lab = Lab::new(&world, false);
    lab.lose(PERCENT);
    let runs = runs();
    // How often it was found at all, with all that is expected of it, and by nmap.
    let mut sums = vec![[0_u32; 3]; lab.stations.len()];
    for _ in 0..runs {
        let finished = Process::start(lab.scan("")).wait();
        let told = told(&finished);
        for (sum, station) in sums.iter_mut().zip(&lab.stations) {
            let whole = |service| {
                told.iter()
                    .any(|finding| is(finding, station, service) && is_whole(finding, service))
            };
            sum[0] += u32::from(told.iter().any(|finding| station.said(finding)));
            sum[1] += u32::from(station.peer.services.iter().all(whole));
        }
    }
    for _ in 0..runs {
        let finished = start(&lab.asker, &["nmap", "10.0.0.1"]).wait();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        for (sum, station) in sums.iter_mut().zip(&lab.stations) {
            let mark = NMAP.iter().find(|(name, _)| *name == station.peer.name);
            sum[2] += u32::from(mark.is_some_and(|(_, mark)| finished.stdout.contains(mark)));
        }
    }
    println!("{runs} runs, {PERCENT} % lost each way");
    println!("| peer | found | with all it says | by nmap |\n| --- | --- | --- | --- |");
    let percent = |sum: u32| format!("{} %", sum * 100 / runs);
    for (station, [found, whole, nmap]) in lab.stations.iter().zip(sums) {
        let asked = NMAP.iter().any(|(name, _)| *name == station.peer.name);
        let nmap = if asked { percent(nmap) } else { "–".into() };
        println!("| {} | {} | {} | {nmap} |", station.peer.name, percent(found), percent(whole));
        assert!(found > 0, "{} was never found", station.peer.name);
    }
}
