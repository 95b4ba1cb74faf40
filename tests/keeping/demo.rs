//! `mcast demo`.

use mcast_tests::netns::{Process, World};

use crate::MCAST;

#[test]
fn the_demo_shows_a_discovery_and_a_watch_and_sends_nothing_beyond_the_loopback() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let host = world.host();
    host.card("eth0", &lan, &["10.0.0.1/24"]);
    let capture = host.capture("eth0");
    let mut command = host.command(MCAST);
    command.arg("demo");
    let finished = Process::start(command).wait();
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""), "{finished:?}");
    let mut rest = &*finished.stdout;
    // The words of the discovery's rows are those of `discover`, which has tests of its own.
    for part in ["lab-1", "3 responders found", "color=yes", "color=no", "lost"] {
        let at =
            rest.find(part).unwrap_or_else(|| panic!("{part:?} not in {rest:?} of {finished:?}"));
        rest = &rest[at + part.len()..];
    }
    assert!(finished.stdout.lines().all(|line| line.chars().count() <= 115), "{finished:?}");
    assert_eq!(capture.stop(), []);
}
