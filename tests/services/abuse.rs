//! Peers in another language, made from the page of the protocol alone: honest ones, and some that lie,
//! ask for too much, or repeat what they have heard.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use mcast_tests::netns::{Packet, World};
use serde_json::Value;

use crate::{
    QUERY, REPLY, asker_and_printer, done, events, forge, found, host, is, json, offer, run,
};

#[test]
fn a_peer_made_from_the_page_alone_finds_and_is_found() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer, stranger] = [1, 2, 3].map(|number| host(&world, &lan, number));
    let _responder = offer(&printer, &["lab-3".into(), "lab-4".into()], "");
    let answerer = stranger.peer("structured.py", &["answer", "10.0.0.3", "printer", "foreign"]);
    answerer.line_with("ready");
    let capture = stranger.capture("eth0");
    let finished = run(&asker, "discover --service printer --json");
    assert_eq!(found(&finished), ["foreign", "lab-3", "lab-4"], "{finished:?}");
    assert_eq!(done(&finished)["complete"], true);
    is_silent_once_heard(&capture.stop(), 1);
    let capture = printer.capture("eth0");
    let asked = asker.peer("structured.py", &["ask", "10.0.0.1", "printer"]).wait();
    is_silent_once_heard(&capture.stop(), 2);
    let mut names: Vec<&str> = asked.stdout.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["complete", "foreign", "lab-3", "lab-4"], "{asked:?}");
    let none = asker.peer("structured.py", &["ask", "10.0.0.1", "scanner"]).wait();
    assert_eq!(none.stdout, "nobody\n", "{none:?}");
}

/// Both make the same names of what was said: who is in the filter of sixteen quiet sweeps, each of which
/// asks for three copies, answers few of them.
#[track_caller]
fn is_silent_once_heard(packets: &[Packet], responders: usize) {
    let asked = packets.iter().filter(|packet| is(packet, QUERY) && !packet.outgoing).count();
    let answered = packets.iter().filter(|packet| is(packet, REPLY) && packet.outgoing).count();
    assert!(asked >= 16, "{asked} questions");
    assert!((responders..=16 * responders).contains(&answered), "{answered} answers to {asked}");
    println!("{asked} questions, {answered} answers of {responders}");
}

/// Room is shared: a host's share is limited where room is short alone (`forgeries` of `tests/hostile`).
#[test]
fn who_makes_up_services_hides_nobody_and_cannot_answer_what_was_not_asked() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer, liar] = [1, 2, 3].map(|number| host(&world, &lan, number));
    let _responder = offer(&printer, &["lab-3".into()], "");
    let inventor = liar.peer("structured.py", &["invent", "10.0.0.3", "50"]);
    inventor.line_with("ready");
    let finished = run(&asker, "discover --service * --json");
    let names = found(&finished);
    let count = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
    assert_eq!((count("lab-3"), count("of another"), count("later")), (1, 0, 0), "{names:?}");
    assert_eq!((count("invented"), names.len()), (50, 51), "{names:?}");
    assert_eq!(done(&finished)["complete"], true, "all who answer are told");
}

#[test]
fn what_is_sent_is_bounded_by_what_was_asked() {
    let Some(world) = World::new() else { return };
    let note = "x".repeat(180);
    let words = format!("--rate off --txt note={note}");
    let (asker, printer, _responder) = asker_and_printer(&world, &words);
    let first = run(&asker, "discover --service printer --json");
    let address = events(&first.stdout, "found")[0]["addr"].as_str().expect("text").to_owned();

    let capture = printer.capture("eth0");
    let provoked = asker.peer("structured.py", &["provoke", "10.0.0.1", &address]).wait();
    assert_eq!(provoked.code, Some(0), "{}", provoked.stderr);
    let packets = capture.stop();

    // By the round that an answer repeats: the length of the question, and what it brought.
    let mut rounds: BTreeMap<&[u8], (usize, Vec<usize>)> = BTreeMap::new();
    for packet in &packets {
        let length = packet.payload.len();
        if is(packet, QUERY) && !packet.outgoing {
            rounds.entry(&packet.payload[16..18]).or_default().0 = length;
        } else if is(packet, REPLY) && packet.outgoing {
            rounds.entry(&packet.payload[24..26]).or_default().1.push(length);
        }
    }
    assert_eq!(rounds.len(), 18, "{rounds:?}");
    for (asked, answers) in rounds.values() {
        assert!(answers.iter().all(|answer| answer <= asked), "{asked} bytes brought {answers:?}");
        // It takes that much to say that somebody is there who has more to say.
        let copies = if *asked < 32 + 11 + 11 { 0 } else { 3 };
        assert_eq!(answers.len(), copies, "{asked} bytes brought {answers:?}");
    }
    let longest = rounds.values().flat_map(|(_, answers)| answers).max();
    assert!(longest > Some(&180), "all that it says, where there is room: {longest:?}");
    let bytes = |outgoing| -> usize {
        let those = packets.iter().filter(|packet| packet.outgoing == outgoing);
        those.map(|packet| packet.payload.len()).sum()
    };
    println!("{} bytes in brought {} bytes out", bytes(false), bytes(true));
    assert!(bytes(true) <= 3 * bytes(false));
}

#[test]
fn beyond_the_link_nobody_is_answered_but_where_that_is_allowed() {
    let Some(world) = World::new() else { return };
    for (words, is_allowed) in [("--json", false), ("--json --allow-off-link", true)] {
        let (asker, printer, responder) = asker_and_printer(&world, words);
        let capture = printer.capture("eth0");
        let found = &events(&run(&asker, "discover --service * --json -n 1").stdout, "found")[0];
        let address = found["addr"].as_str().expect("text").parse().expect("an address");
        assert_eq!(json(&responder.event())["answered"], true);
        // The first that asks everybody, and not a sample.
        let query = capture.packet(|packet| is(packet, QUERY) && packet.payload[21] == 0);
        // Of another port each, since what was answered once is not answered again.
        for (destination, port) in [(query.destination, 4000), (address, 4001)] {
            let source = SocketAddr::from(([192, 0, 2, 9], port));
            forge(&asker, &Packet { source, destination, ..query.clone() });
            let request = json(&responder.line_with("192.0.2.9"));
            assert_eq!(request["answered"], is_allowed, "{words} to {destination}: {request}");
            let refused = if is_allowed { Value::Null } else { "off-link".into() };
            assert_eq!(request["refused"], refused, "{words} to {destination}: {request}");
        }
    }
}
