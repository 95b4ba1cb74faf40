//! Many responders: all found, nothing dropped, in bounded memory.

use mcast_tests::is_sanitized;
use mcast_tests::netns::{World, until};

use crate::crowd::crowd;
use crate::{done, events, mcast};

/// What a discovery of a crowd came to.
struct Taken {
    elapsed_ms: f64,
    /// The most that it had resident, in KiB.
    peak: u64,
    found: usize,
    done: serde_json::Value,
}

#[track_caller]
fn discover(count: usize) -> Taken {
    let world = World::new().expect("a world");
    let lan = world.segment();
    // The crowd's addresses are on the link.
    let [asker, home] = ["10.0.0.1/8", "10.0.0.2/8"].map(|address| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host
    });
    let _crowd = crowd(&home, count, "10.0.0.2");
    let mut process = mcast(&asker, "discover --service crowd --json");
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0;
    until("the discovery's end", || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let high = high.and_then(|high| high.trim().strip_suffix(" kB")?.parse().ok());
        peak = high.unwrap_or(peak);
        !process.is_running()
    });
    let finished = process.wait();
    let found = events(&finished.stdout, "found").len();
    let done = done(&finished);
    Taken { elapsed_ms: done["elapsed_ms"].as_f64().expect("a number"), peak, found, done }
}

#[test]
fn a_thousand_are_found_and_none_of_their_answers_is_dropped() {
    if World::new().is_none() {
        return;
    }
    let taken = discover(1000);
    let done = &taken.done;
    assert_eq!((taken.found, &done["complete"]), (1000, &true.into()), "{done}");
    assert_eq!(done["kernel_drops"], 0, "{done}");
    assert!(taken.peak < 32 << 10 || is_sanitized(), "{} KiB", taken.peak);
}

#[test]
#[ignore = "measures: ten thousand and a hundred thousand responders"]
fn measure_crowds() {
    for count in [10_000, 10_000, 10_000, 100_000] {
        let Taken { elapsed_ms, peak, found, done } = discover(count);
        println!("{count}: {found} found in {elapsed_ms} ms, at most {peak} KiB resident; {done}");
    }
}
