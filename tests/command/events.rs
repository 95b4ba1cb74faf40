//! What JSON says of a run itself: when it is ready, what went wrong, and at the end how much there was.

use mcast_tests::netns::{Signal, World};

use crate::{events, json, mcast, respond, run, two_hosts};

#[test]
fn every_run_that_waits_says_first_that_it_is_ready_and_last_that_it_is_done() {
    let Some(world) = World::new() else { return };
    let [asker, _] = two_hosts(&world);
    for (words, group) in [
        ("discover -t 100ms", "224.1.1.1:50008"),
        ("discover --watch --deadline 100ms", "224.1.1.1:50008"),
        ("discover --service printer -t 100ms", "239.255.80.9:50009"),
        ("listen -t 100ms", "224.1.1.1:50008"),
        ("scan --only mdns -t 100ms -4", "224.0.0.251:5353"),
    ] {
        let finished = run(&asker, &format!("{words} --json"));
        let lines: Vec<_> = finished.stdout.lines().map(json).collect();
        let [ready, .., done] = &lines[..] else { panic!("{words}: {finished:?}") };
        assert_eq!((&ready["event"], &done["event"]), (&"ready".into(), &"done".into()), "{words}");
        assert_eq!((&ready["groups"][0], &ready["interfaces"][0]), (&group.into(), &"eth0".into()));
        assert_eq!(ready["asked"], done["asked"], "{words}");
        assert!(!run(&asker, words).stdout.contains("ready"), "{words}");
    }
    // Who only sends waits for nobody.
    let sent = run(&asker, "send --json tick").stdout;
    assert_eq!((sent.lines().count(), events(&sent, "done").len()), (1, 1), "{sent}");
}

#[test]
fn a_responder_says_at_its_end_how_many_it_answered_and_refused() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    for form in ["--json", ""] {
        let responder = respond(&answerer, "eth0", &format!("--only hello {form}"));
        for (probe, code) in [("hello", 0), ("hello", 0), ("other", 1)] {
            let finished = run(&asker, &format!("discover -p {probe} -n 1 -t 1s"));
            assert_eq!(finished.code, Some(code), "{probe}");
        }
        let finished = responder.stop(Signal::TERM);
        if form.is_empty() {
            let said = "2 answered and 1 refused: 2 answers to 3 probes in ";
            assert!(finished.stderr.contains(said), "{finished:?}");
        } else {
            let done = &events(&finished.stdout, "done")[0];
            let counts = ["answered", "refused", "sent", "received"].map(|name| &done[name]);
            assert_eq!(counts, [2, 1, 2, 3], "{done}");
        }
    }
}

#[test]
fn what_the_network_refuses_is_an_event_in_the_words_of_stderr() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.ip("link set lo down");
    for words in ["discover --json", "scan --json", "discover --watch --json"] {
        let finished = mcast(&host, words).wait();
        let [error] = &events(&finished.stdout, "error")[..] else { panic!("{finished:?}") };
        assert_eq!((finished.code, &error["code"]), (Some(3), &3.into()), "{finished:?}");
        let message = error["message"].as_str().expect("words");
        assert!(finished.stderr.ends_with(&format!("mcast: {message}\n")), "{finished:?}");
    }
    let in_text = run(&host, "discover");
    assert_eq!((in_text.code, &*in_text.stdout), (Some(3), ""), "{in_text:?}");
}
