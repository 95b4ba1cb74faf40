//! Any program that speaks the tutorial's protocol is a peer: its four programs against ours, both ways.

use mcast_tests::netns::{Signal, World};

use crate::{events, is_probe, json, mcast, respond, run, sorted, two_hosts};

#[test]
fn the_tutorials_client_hears_two_responders_of_one_host() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responders = [respond(&answerer, "eth0", ""), respond(&answerer, "eth0", "")];
    let client = asker.tutorial("udp-discover-client.py");
    let me = "client: from ('10.0.0.2', 50008) received unicast data=b'Me!'";
    assert_eq!([client.line(), client.line()], [me, me]);
    for responder in responders {
        let line = responder.line();
        assert!(line.starts_with("10.0.0.1:") && line.ends_with("  who's there?"), "{line}");
        assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    }
}

#[test]
fn discover_finds_two_of_the_tutorials_servers_on_two_hosts() {
    let Some(world) = World::new() else { return };
    let [asker, one] = two_hosts(&world);
    // A third host, on the segment of the others.
    let lan = world.segment();
    let other = world.host();
    asker.card("eth1", &lan, &["10.0.1.1/24"]);
    other.card("eth0", &lan, &["10.0.1.3/24"]);
    other.default_route("eth0");
    let _servers = [&one, &other].map(|host| {
        let server = host.tutorial("udp-discover-server.py");
        host.until_joined("eth0", "224.1.1.1", 1);
        server
    });

    let finished = run(&asker, "discover --json -n 2 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = events(&finished.stdout, "found");
    assert_eq!(sorted(&found, "addr"), ["10.0.0.2:50008", "10.0.1.3:50008"]);
    assert_eq!(sorted(&found, "interface"), ["eth0", "eth1"]);
    for event in &found {
        assert_eq!(event["payload"], "Me!");
        assert!(event["rtt_ms"].as_f64().is_some_and(|rtt| rtt > 0.0 && rtt < 10_000.0), "{event}");
        let time = event["time"].as_str().expect("a time");
        assert!(time.len() >= 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    }
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!(done["event"], "done");
    assert_eq!(
        (&done["found"], &done["received"], &done["ignored"]),
        (&2.into(), &2.into(), &0.into())
    );
    assert!(done["complete"].is_null(), "{done}");
}

#[test]
fn two_servers_on_one_segment_are_two_lines() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let hosts = [1, 2, 3].map(|n| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.0.0.{n}/24")]);
        host.default_route("eth0");
        host
    });
    let [asker, servers @ ..] = &hosts;
    let _servers = servers.each_ref().map(|host| {
        let server = host.tutorial("udp-discover-server.py");
        host.until_joined("eth0", "224.1.1.1", 1);
        server
    });
    let finished = run(asker, "discover -n 2 -t 10s");
    let mut lines: Vec<Vec<_>> =
        finished.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 2, "{finished:?}");
    for (line, address) in lines.iter().zip(["10.0.0.2:50008", "10.0.0.3:50008"]) {
        let [from, "eth0", rtt, "ms", "Me!"] = line[..] else { panic!("{line:?}") };
        assert_eq!(from, address);
        assert!(rtt.parse::<f64>().is_ok(), "{rtt}");
    }
    assert!(finished.stderr.contains("2 responders"), "{}", finished.stderr);
}

#[test]
fn listen_hears_the_tutorials_sender() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let listener = mcast(&hearer, "listen --json -n 1");
    hearer.until_joined("eth0", "224.1.1.1", 1);
    assert_eq!(sender.tutorial("udp-mcast-client.py").wait().code, Some(0));
    let message = json(&listener.event());
    assert_eq!(message["event"], "message");
    assert!(
        message["from"].as_str().is_some_and(|from| from.starts_with("10.0.0.1:")),
        "{message}"
    );
    assert_eq!(message["group"], "224.1.1.1:50008");
    assert_eq!(message["interface"], "eth0");
    assert_eq!((&message["len"], &message["payload"]), (&12.into(), &"who's there?".into()));
    assert_eq!(listener.wait().code, Some(0));
}

#[test]
fn the_tutorials_listener_hears_send() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let server = hearer.tutorial("udp-mcast-server.py");
    hearer.until_joined("eth0", "224.1.1.1", 1);
    assert_eq!(run(&sender, "send").code, Some(0));
    assert!(server.line().ends_with("received multicast data=b\"who's there?\""));
    assert_eq!(run(&sender, "send hello").code, Some(0));
    assert!(server.line().ends_with("received multicast data=b'hello'"));
}

#[test]
fn a_responder_and_the_tutorials_server_share_a_host() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let server = answerer.tutorial("udp-discover-server.py");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    let responder = respond(&answerer, "eth0", "--reply ours");
    let client = asker.tutorial("udp-discover-client.py");
    let mut heard = [client.line(), client.line()];
    heard.sort();
    assert!(heard[0].ends_with("data=b'Me!'") && heard[1].ends_with("data=b'ours'"), "{heard:?}");
    server.line_with("who's there?");
    responder.line_with("who's there?");
}

#[test]
fn the_bytes_on_the_wire_are_the_tutorials() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    let capture = asker.capture("eth0");
    assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    let probe = capture.packet(is_probe);
    assert_eq!((&probe.payload[..], probe.ttl), (&b"who's there?"[..], 1));
    assert_eq!(probe.source.ip().to_string(), "10.0.0.1");
    assert_ne!(probe.source.port(), 50008, "the asker's port is private");
    let answers = capture.stop();
    assert_eq!(answers.len(), 1, "one probe, one answer, nothing else: {answers:?}");
    assert_eq!(&answers[0].payload[..], b"Me!");
    assert_eq!(answers[0].source.to_string(), "10.0.0.2:50008");
    assert_eq!(answers[0].destination, probe.source);
}

#[test]
fn a_program_that_shares_the_port_both_ways_shares_it_with_ours() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let script = "import socket\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n\
        s.bind(('', 50008))\n\
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,\n\
        \x20   socket.inet_aton('224.1.1.1') + socket.inet_aton('0'))\n\
        print('joined'); print(s.recv(100))";
    let program = hearer.python(["-c", script]);
    program.line_with("joined");
    let listener = mcast(&hearer, "listen");
    hearer.until_joined("eth0", "224.1.1.1", 2);
    assert_eq!(run(&sender, "send hello").code, Some(0));
    assert!(listener.line().ends_with("  hello"));
    assert_eq!(program.line(), "b'hello'");
}
