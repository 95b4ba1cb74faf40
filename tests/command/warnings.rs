//! What a run says beside its results.

use mcast_tests::netns::{Process, Signal, World};

use crate::{command, events, mcast, run, two_hosts};

/// The number before these words in a line of stderr.
#[track_caller]
fn counted(stderr: &str, words: &str) -> u64 {
    let line = stderr.lines().find(|line| line.contains(words));
    let line = line.unwrap_or_else(|| panic!("no {words:?} in {stderr}"));
    let before = line.split(words).next().expect("what is before it");
    before
        .trim_end()
        .rsplit(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn lines_that_nobody_took_are_told_when_it_begins_and_counted_at_the_end() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let (responder, stdout) = Process::start_unread(command(&answerer, "respond --json"));
    answerer.until_joined("eth0", "224.1.1.1", 1);
    // A line is some 150 bytes: four megabytes of them fill the pipe and all that waits before it.
    for _ in 0..3 {
        assert_eq!(run(&asker, "send who -n 10000").code, Some(0));
    }
    responder.error_line_with("stdout takes no more: lines are dropped, the run goes on");
    let finished = responder.stop(Signal::TERM);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let dropped =
        counted(&finished.stderr, "lines dropped: whoever reads stdout did not take them");
    let heard = counted(&finished.stderr, "probes in");
    assert!(0 < dropped && dropped < heard, "{dropped} of {heard}");
    drop(stdout);
}

#[test]
fn what_the_system_dropped_is_counted_and_told_with_what_helps() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let listener = mcast(&hearer, "listen --json");
    hearer.until_joined("eth0", "224.1.1.1", 1);
    // Damaged ones, which the system drops as late as those for which there is no room.
    let words = ["10.0.0.1", "224.1.1.1:50008", "1000", "20"];
    assert_eq!(sender.peer("damaged.py", &words).wait().code, Some(0));
    assert_eq!(run(&sender, "send whole").code, Some(0));
    listener.line_with("whole");
    let finished = listener.stop(Signal::TERM);
    let done = &events(&finished.stdout, "done")[0];
    assert_eq!(done["kernel_drops"], 20, "{done}");
    assert_eq!(counted(&finished.stderr, "datagrams lost"), 20);
    assert!(finished.stderr.contains("net.core.rmem_max"), "{finished:?}");
}

#[test]
fn answers_that_reach_nobody_are_counted_and_told() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = mcast(&answerer, "respond --json");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    // On the link by their addresses, where there is nobody.
    let words = ["eth0", "10.0.0.50", "20", "224.1.1.1", "50008", "400"];
    assert_eq!(asker.peer("absent.py", &words).wait().code, Some(0));
    assert_eq!(run(&asker, "discover -n 1 -t 20s").code, Some(0));
    let finished = responder.stop(Signal::TERM);
    let done = &events(&finished.stdout, "done")[0];
    let drops = done["interfaces"][0]["send_drops"].as_u64().expect("a number");
    assert!(drops > 0, "{done}");
    assert_eq!(counted(&finished.stderr, "datagrams not sent"), drops);
}
