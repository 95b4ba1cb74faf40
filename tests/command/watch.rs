//! Watching plain responders, in lines and in a table.

use mcast_tests::netns::{Process, Signal, World, until};

use crate::{command, json, mcast, respond, run, two_hosts};

#[test]
fn a_plain_responder_is_found_changed_and_lost() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let watcher = mcast(&asker, "discover --watch --every 200ms --json");
    let responder = respond(&answerer, "eth0", "");
    let found = json(&watcher.event());
    assert_eq!((&found["event"], &found["payload"]), (&"found".into(), &"Me!".into()), "{found}");
    responder.stop(Signal::TERM);
    let other = respond(&answerer, "eth0", "--reply changed");
    // It may have been lost in between, where the machine is slow.
    let news = json(&watcher.line_with("\"payload\":\"changed\""));
    assert_eq!(news["addr"], "10.0.0.2:50008", "{news}");
    drop(other);
    let lost = json(&watcher.line_with("\"lost\""));
    assert_eq!(
        (&lost["addr"], &lost["interface"], &lost["reason"]),
        (&"10.0.0.2:50008".into(), &"eth0".into(), &"unanswered".into()),
        "{lost}"
    );
    let finished = watcher.stop(Signal::TERM);
    assert_eq!(finished.code, Some(143), "{finished:?}");
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!((&done["event"], &done["complete"]), (&"done".into(), &().into()), "{done}");
}

#[test]
fn a_table_is_redrawn_in_place_and_left_whole_at_the_end() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "--reply first");
    let words = "--color never discover --watch --every 200ms";
    let terminal = Process::start_on_terminal(command(&asker, words));
    // A table goes on for ever, so it is the whole wait that is bounded.
    let mut seen = Vec::new();
    let mut wait_for = |part: &str| {
        until(part, || {
            seen.extend(terminal.lines_so_far());
            seen.iter().any(|line| line.contains(part))
        });
    };
    wait_for("first");
    // Each frame starts at the top of the one before: of a header, a row, the sum and the keys.
    wait_for("\r\x1b[3ASAYS▲ ");
    responder.stop(Signal::TERM);
    let _other = respond(&answerer, "eth0", "--reply second");
    wait_for("second");
    let finished = terminal.stop(Signal::INT);
    assert_eq!(finished.code, Some(130), "{finished:?}");
    let last: Vec<&str> = finished.stdout.lines().map(|line| line.trim_end_matches('\r')).collect();
    let [.., sum, summary] = last[..] else { panic!("{last:?}") };
    let sum = sum.strip_suffix("\x1b[K\x1b[J").expect("the end of a frame");
    assert!(sum.starts_with("1 there; ") && sum.contains(" on eth0"), "{last:?}");
    let is_lost = sum.contains(" and 1 lost; on ");
    assert_eq!(is_lost, sum.ends_with(" on eth0; last lost first (unanswered)"), "{last:?}");
    assert!(summary.starts_with("1 responder found in ") || summary.starts_with("2 "), "{last:?}");
}

#[test]
fn two_responders_that_share_an_address_are_two_and_neither_changes() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let watcher = mcast(&asker, "discover --watch --every 500ms --json");
    let first = respond(&answerer, "eth0", "--reply one");
    let found = json(&watcher.event());
    assert_eq!((&found["event"], &found["payload"]), (&"found".into(), &"one".into()), "{found}");
    let _second = respond(&answerer, "eth0", "--reply two");
    let found = json(&watcher.event());
    assert_eq!((&found["event"], &found["payload"]), (&"found".into(), &"two".into()), "{found}");
    assert_eq!(found["addr"], "10.0.0.2:50008", "{found}");
    // Who asks once is told of both too.
    let both = run(&asker, "discover -t 500ms");
    let mut said: Vec<&str> = both.stdout.lines().map(|line| &line[line.len() - 3..]).collect();
    said.sort_unstable();
    assert_eq!(said, ["one", "two"], "{both:?}");
    // Until one is lost both are asked three times at the least.
    first.stop(Signal::TERM);
    let lost = json(&watcher.event());
    assert_eq!(lost["event"], "lost", "{lost}");
    let once = mcast(&asker, "discover --json --count 1").wait();
    assert!(once.stdout.contains("\"payload\":\"two\""), "{once:?}");
    let finished = watcher.stop(Signal::TERM);
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!((&done["event"], &done["found"]), (&"done".into(), &2.into()), "{done}");
}

#[test]
fn a_watch_ends_once_so_many_are_there_at_the_same_time_or_at_its_deadline() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let watcher = mcast(&asker, "discover --watch --every 200ms --count 2 --deadline 100s --json");
    let first = respond(&answerer, "eth0", "--reply one");
    watcher.line_with("\"found\"");
    first.stop(Signal::TERM);
    // That two were found is not enough: both have to be there.
    watcher.line_with("\"lost\"");
    let _second = respond(&answerer, "eth0", "--reply two");
    watcher.line_with("\"found\"");
    let _third = respond(&answerer, "eth0", "--reply three");
    let finished = watcher.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!((&done["event"], &done["found"]), (&"done".into(), &3.into()), "{done}");

    let too_few = run(&asker, "discover --watch --every 100ms --count 3 --deadline 1s");
    assert_eq!(too_few.code, Some(1), "{too_few:?}");
    assert!(too_few.stderr.contains(", never 3 at the same time"), "{too_few:?}");
    // Without a number it is as where nobody watches.
    for (group, code) in [("224.1.1.1", 0), ("224.9.9.9", 1)] {
        let words = format!("discover --watch --every 100ms --deadline 1s -g {group}");
        assert_eq!(run(&asker, &words).code, Some(code), "{group}");
    }
}
