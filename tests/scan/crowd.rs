//! Two hundred devices of five services each: all are found, and what that takes is said.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use mcast_tests::netns::{Process, World, until};
use serde_json::Value;

use crate::finding::json;

const DEVICES: usize = 200;
/// By dialect, how many services each device has.
const SERVICES: [(&str, usize); 3] = [("mdns", 3), ("ssdp", 1), ("wsd", 1)];
/// A scan that holds more is too large.
const MOST_KIB: u64 = 32 * 1024;

#[test]
#[ignore = "measures"]
fn measure_two_hundred_devices() {
    let world = World::new().expect("a world");
    let segment = world.segment();
    let [asker, crowd] = ["10.0.0.1/16", "10.0.0.2/16"].map(|address| {
        let host = world.host();
        host.card("eth0", &segment, &[address]);
        host.default_route("eth0");
        host
    });
    // It has all the addresses of that net.
    crowd.ip("route add local 10.0.1.0/24 dev eth0");
    let devices = crowd.peer("crowd.py", &["10.0.0.2", "10.0.1.1", &DEVICES.to_string()]);
    devices.line_with("ready");

    let mut command: Command = asker.command(env!("CARGO_BIN_EXE_mcast"));
    command.args(["scan", "--json"]);
    let scan = Process::start(command);
    let (mut events, mut peak): (Vec<Value>, _) = (Vec::new(), None);
    until("the end of the scan", || {
        peak = peak_kib(scan.id()).or(peak);
        events.extend(scan.lines_so_far().iter().map(|line| json(line)));
        events.last().is_some_and(|event| event["event"] == "done")
    });
    let finished = scan.wait();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);

    // Of each device and dialect, the services that were found.
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for event in events.iter().filter(|event| event["event"] == "found") {
        let of = |field: &str| event[field].as_str().unwrap_or_default();
        *found.entry((of("device"), of("dialect"))).or_default() += 1;
    }
    let sum: usize = found.values().sum();
    let done = events.last().expect("an end");
    let peak = peak.expect("it was looked at");
    println!(
        "{sum} services of {DEVICES} devices in {} ms, {peak} KiB at the most",
        done["elapsed_ms"]
    );
    println!("{done}\n{}", finished.stderr);
    for nth in 1..=DEVICES {
        let device = format!("10.0.1.{nth}");
        for (dialect, services) in SERVICES {
            assert_eq!(found.get(&(&*device, dialect)), Some(&services), "{device} by {dialect}");
        }
    }
    assert_eq!(sum, DEVICES * 5);
    assert!(peak < MOST_KIB, "{peak} KiB");
}

/// The most that a process ever had in memory, while it lives.
fn peak_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
