//! The harness itself: if these fail, the other tests on real sockets say nothing.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use mcast_tests::netns::{Process, Signal, World, until};

/// Set for the process that is to be killed in the midst of a test.
const VICTIM: &str = "MCAST_TESTS_VICTIM";

#[test]
fn a_host_has_no_card_but_its_own() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let host = world.host();
    host.card("eth7", &lan, &["10.0.0.1/24"]);
    let links = host.run("ip", ["-brief", "link"]).stdout;
    let mut names: Vec<_> =
        links.lines().filter_map(|line| line.split(['@', ' ']).next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["eth7", "lo"], "{links}");
}

#[test]
fn the_tutorials_programs_find_each_other_in_their_own_bytes() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let (asker, answerer) = (world.host(), world.host());
    asker.card("eth0", &lan, &["10.0.0.1/24"]);
    answerer.card("eth0", &lan, &["10.0.0.2/24"]);
    asker.default_route("eth0");
    answerer.default_route("eth0");

    let server = answerer.tutorial("udp-discover-server.py");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    let capture = answerer.capture("eth0");
    let client = asker.tutorial("udp-discover-client.py");

    let heard = client.line();
    assert_eq!(heard, "client: from ('10.0.0.2', 50008) received unicast data=b'Me!'");
    assert!(server.line().ends_with("received multicast data=b\"who's there?\""));
    let probe = capture.packet(|packet| !packet.outgoing);
    assert_eq!((&probe.payload[..], probe.ttl), (&b"who's there?"[..], 1));
    assert_eq!(probe.destination, "224.1.1.1:50008".parse().unwrap());
    let packets = capture.stop();
    assert_eq!(packets.len(), 1, "{packets:?}");
    assert_eq!((&packets[0].payload[..], packets[0].destination), (&b"Me!"[..], probe.source));
}

#[test]
fn a_card_that_is_down_carries_nothing() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let (near, far) = (world.host(), world.host());
    near.card("eth0", &lan, &["10.0.0.1/24", "fe80::1/64"]);
    far.card("eth0", &lan, &["10.0.0.2/24", "fe80::2/64"]);
    let script = "import socket\n\
        s=socket.create_server(('', 0), family=socket.AF_INET6, dualstack_ipv6=True)\n\
        print(s.getsockname()[1], flush=True)\nwhile True: s.accept()";
    let server = far.python(["-c", script]);
    let port = server.line();
    let reaches = |address: &str| {
        let script =
            "import socket, sys; socket.create_connection((sys.argv[1], sys.argv[2]), 0.5)";
        near.python(["-c", script, address, &port]).wait().code == Some(0)
    };
    assert!(reaches("10.0.0.2"));
    assert!(reaches("fe80::2%eth0"), "an address is tentative");
    near.ip("link set eth0 down");
    assert!(!reaches("10.0.0.2"));
    near.ip("link set eth0 up");
    until("the card carries again", || reaches("10.0.0.2"));
}

#[test]
fn nothing_outlives_a_test_that_is_killed() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    if std::env::var_os(VICTIM).is_some() {
        // In a panic or a return, drop would see to it. SIGKILL leaves no time for that.
        let sleeper = host.start("sleep", ["1000"]);
        let [sleeper_pid, host_pid, world_pid] = [sleeper.id(), host.holder(), world.holder()];
        println!("\nheld by {sleeper_pid} {host_pid} {world_pid}");
        assert_eq!(sleeper.wait().code, Some(0));
        return;
    }
    let mut victim = Command::new(std::env::current_exe().expect("our own path"));
    victim.args(["--exact", "nothing_outlives_a_test_that_is_killed", "--nocapture"]);
    victim.env(VICTIM, "1");
    let victim = Process::start(victim);
    let pids = victim.line_with("held by");
    assert_eq!(victim.stop(Signal::KILL).code, None);
    for pid in pids.split(' ').skip(2) {
        let process = Path::new("/proc").join(pid);
        until(&format!("the end of {pid}"), || !process.exists());
    }
}
