//! What goes over the wire, and how much of it.

use mcast_tests::netns::{Host, Packet, Signal, World};

use crate::{events, is_probe, json, mcast, respond, run, two_hosts};

const PROBE_HEX: &str = "77686f27732074686572653f";

/// Probes from one socket, as fast as it goes.
const BURST: &str = "import socket, sys, time\n\
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
    for _ in range(int(sys.argv[1])):\n\
    \x20   s.sendto(b\"who's there?\", ('224.1.1.1', 50008))\n\
    \x20   time.sleep(float(sys.argv[2]))\n";

#[track_caller]
fn burst(host: &Host<'_>, probes: &str, pause: &str) {
    assert_eq!(host.python(["-c", BURST, probes, pause]).wait().code, Some(0));
}

#[test]
fn ttl_7_is_7_on_the_wire() {
    let Some(world) = World::new() else { return };
    let [asker, _] = two_hosts(&world);
    let capture = asker.capture("eth0");
    assert_eq!(run(&asker, "discover --ttl 7 -t 50ms").code, Some(1));
    assert_eq!(capture.packet(is_probe).ttl, 7);
    assert_eq!(run(&asker, "send --ttl 255").code, Some(0));
    assert_eq!(capture.packet(is_probe).ttl, 255);
    assert_eq!(run(&asker, "send").code, Some(0));
    assert_eq!(capture.packet(is_probe).ttl, 1);
}

#[test]
fn no_loop_is_heard_by_the_neighbour_and_not_at_home() {
    let Some(world) = World::new() else { return };
    let [home, neighbour] = two_hosts(&world);
    let listeners = [&home, &neighbour].map(|host| {
        let listener = mcast(host, "listen");
        host.until_joined("eth0", "224.1.1.1", 1);
        listener
    });
    assert_eq!(run(&home, "send --no-loop quiet").code, Some(0));
    assert_eq!(run(&home, "send loud").code, Some(0));
    let [at_home, next_door] = listeners.map(|listener| {
        let first = listener.line();
        (first, listener)
    });
    assert!(at_home.0.ends_with("  loud"), "{}", at_home.0);
    assert!(next_door.0.ends_with("  quiet"), "{}", next_door.0);
    assert!(next_door.1.line().ends_with("  loud"));
}

#[test]
fn answers_come_to_the_source_port() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "--json");
    let finished = run(&asker, "discover --source-port 4242 -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(json(&responder.event())["from"], "10.0.0.1:4242");
}

#[test]
fn the_longest_datagram_arrives_whole_and_a_longer_one_is_refused() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let listener = mcast(&hearer, "listen --json -n 1");
    hearer.until_joined("eth0", "224.1.1.1", 1);
    let send = |len: usize| {
        let script = format!("printf '%{len}s' x | tr ' ' y | {} send -", crate::MCAST);
        sender.run("sh", ["-c", &script])
    };
    let refused = send(65_508);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("65507") || refused.stderr.contains("65,507"), "{refused:?}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    let sent = send(65_507);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    let message = json(&listener.event());
    assert_eq!(message["len"], 65_507);
    let payload = message["payload"].as_str().expect("text");
    assert!(payload.len() == 65_507 && payload.trim_start_matches('y') == "x");
}

#[test]
fn two_responders_do_not_answer_each_other() {
    let Some(world) = World::new() else { return };
    let [a, b] = two_hosts(&world);
    let _responders = [respond(&a, "eth0", "--rate off"), respond(&b, "eth0", "--rate off")];
    let capture = b.capture("eth0");
    // As if A had sent these from its responder's port: to B alone, and to all.
    for destination in ["10.0.0.2:50008", "224.1.1.1:50008"] {
        let forged = a.peer("forge.py", &["eth0", "10.0.0.1:50008", destination, PROBE_HEX]).wait();
        assert_eq!(forged.code, Some(0), "{}", forged.stderr);
    }
    // Each must have had its turn by the time that both have answered this.
    let finished = run(&a, "discover --json -t 500ms");
    assert_eq!(events(&finished.stdout, "found").len(), 2, "{finished:?}");
    let between = |packet: &Packet| {
        let ends = [packet.source.to_string(), packet.destination.to_string()];
        ends.contains(&"10.0.0.1:50008".into()) && ends.contains(&"10.0.0.2:50008".into())
    };
    let packets: Vec<Packet> = capture.stop().into_iter().filter(between).collect();
    // The forged one to B, and B's one answer to what was sent to the group.
    assert!(packets.len() <= 2, "{} datagrams: {:?}", packets.len(), &packets[..2]);
    assert!(packets.iter().any(|packet| !packet.outgoing), "the forged probe never came");
}

#[test]
fn a_probe_that_was_not_sent_to_the_group_is_not_answered() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "--json");
    let capture = answerer.capture("eth0");
    let script = "import socket\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.sendto(b\"who's there?\", ('10.0.0.2', 50008))\n";
    assert_eq!(asker.python(["-c", script]).wait().code, Some(0));
    assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    let answers = capture.stop().into_iter().filter(|packet| packet.outgoing).count();
    assert_eq!(answers, 1, "the probe to the group alone is answered");
    // The kernel may keep it from a socket that is bound to the group; where it does not, we say why.
    let requests = events(&responder.stop(Signal::TERM).stdout, "request");
    let answered = requests.iter().filter(|request| request["answered"] == true).count();
    assert_eq!(answered, 1, "{requests:?}");
}

#[test]
fn repeat_sends_again_and_prints_once() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    let capture = asker.capture("eth0");
    let finished = run(&asker, "discover --json --repeat 3 -t 300ms");
    assert_eq!(events(&finished.stdout, "found").len(), 1, "{finished:?}");
    let done = &events(&finished.stdout, "done")[0];
    assert_eq!(
        (&done["sent"], &done["received"], &done["found"]),
        (&3.into(), &3.into(), &1.into())
    );
    let packets = capture.stop();
    let probes: Vec<&Packet> = packets.iter().filter(|packet| is_probe(packet)).collect();
    assert_eq!(probes.len(), 3, "{packets:?}");
    assert_eq!(packets.len(), 6, "{packets:?}");
    let gaps: Vec<f64> = probes.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!(gaps[0] > 0.15 && gaps[1] > gaps[0], "the gaps grow: {gaps:?}");
}

#[test]
fn only_answers_that_probe() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "--json --only knock");
    assert_eq!(run(&asker, "discover -t 300ms").code, Some(1));
    assert_eq!(run(&asker, "discover -p knock -n 1 -t 10s").code, Some(0));
    let requests = [json(&responder.event()), json(&responder.event())];
    assert_eq!(requests[0]["answered"], false);
    assert_eq!(requests[1]["answered"], true);
}

#[test]
fn rate_bounds_the_answers_to_one_source() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "--json --rate 1");
    let capture = answerer.capture("eth0");
    burst(&asker, "30", "0");
    let requests: Vec<_> = (0..30).map(|_| json(&responder.event())).collect();
    let answered = requests.iter().filter(|request| request["answered"] == true).count();
    // Two seconds' worth at once, and one a second from then on.
    assert!((2..=5).contains(&answered), "{answered} of 30 at 1 a second");
    assert!(requests.iter().any(|request| request["refused"] == "source-rate"));
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let sent = capture.stop().into_iter().filter(|packet| packet.outgoing).count();
    assert_eq!(sent, answered, "what is said to be answered is");
}

#[test]
fn delay_spreads_the_answers() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "--rate off --delay 600ms");
    let capture = answerer.capture("eth0");
    burst(&asker, "24", "0.01");
    let mut packets = Vec::new();
    while packets.iter().filter(|packet: &&Packet| packet.outgoing).count() < 24 {
        packets.push(capture.packet(|_| true));
    }
    let times = |outgoing| {
        packets.iter().filter(move |packet| packet.outgoing == outgoing).map(|packet| packet.at)
    };
    let first_probe = times(false).next().expect("a probe");
    let delays: Vec<f64> = times(true).map(|at| at - first_probe).collect();
    let (early, late) = (delays[0], delays[delays.len() - 1]);
    // 24 waits of up to 600 ms: that all fall into one half happens once in ten million runs.
    assert!(late - early > 0.3, "{delays:?}");
}

#[test]
fn respond_ends_after_its_count() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "-n 2 --json");
    for _ in 0..2 {
        assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    }
    let finished = responder.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(events(&finished.stdout, "request").len(), 2);
    assert_eq!(answerer.joined("eth0", "224.1.1.1"), 0);
}

#[test]
fn send_sends_its_count() {
    let Some(world) = World::new() else { return };
    let [sender, _] = two_hosts(&world);
    let capture = sender.capture("eth0");
    let finished = run(&sender, "send tick -n 3 --every 50ms");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let packets = capture.stop();
    assert_eq!(packets.len(), 3, "{packets:?}");
    assert!(packets.iter().all(|packet| packet.payload == b"tick" && is_probe(packet)));
    assert!(packets[2].at - packets[0].at > 0.09, "{packets:?}");
}
