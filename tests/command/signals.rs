//! Being asked to end, by those who ask twice and those who go away.

use mcast_tests::netns::{Process, Signal, World, until};

use crate::{MCAST, command, events, mcast, respond, run, two_hosts};

#[test]
fn an_interrupted_discover_or_listen_sums_up_and_tells_the_signal() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let discover = mcast(&asker, "discover -t 1000s --json");
        discover.line_with("found");
        let finished = discover.stop(signal);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert_eq!(events(&finished.stdout, "done")[0]["found"], 1);
        assert!(finished.stderr.contains("1 responder "), "{}", finished.stderr);

        let listen = mcast(&asker, "listen --json");
        asker.until_joined("eth0", "224.1.1.1", 1);
        assert_eq!(run(&asker, "send").code, Some(0));
        listen.line_with("message");
        let finished = listen.stop(signal);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert_eq!(events(&finished.stdout, "done")[0]["received"], 1);
    }
}

#[test]
fn an_interrupted_respond_is_exit_0() {
    let Some(world) = World::new() else { return };
    let [_, host] = two_hosts(&world);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let finished = respond(&host, "eth0", "").stop(signal);
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}

/// GNU `timeout` signals its child and then the group, which the child is in: when its time is over,
/// and as well when it is signalled itself.
#[test]
fn who_is_signalled_twice_at_once_still_says_what_it_did() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    let words = format!("-s INT 1000 {MCAST} discover -t 1000s --json");
    for run in 0..40 {
        let timeout = asker.start("timeout", words.split(' '));
        timeout.line_with("found");
        let finished = timeout.stop(Signal::INT);
        assert_eq!(finished.code, Some(130), "run {run}: {finished:?}");
        assert_eq!(events(&finished.stdout, "done").len(), 1, "run {run}: {finished:?}");
    }
}

#[test]
fn nohup_keeps_it_from_hanging_up() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let script = format!("trap '' HUP; exec {MCAST} respond");
    let responder = answerer.start("sh", ["-c", &script]);
    answerer.until_joined("eth0", "224.1.1.1", 1);
    responder.signal(Signal::HUP);
    assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
}

#[test]
fn who_insists_ends_it_on_the_spot() {
    let Some(world) = World::new() else { return };
    let [asker, hearer] = two_hosts(&world);
    // At its end it waits a second for a reader that has stopped: time enough to insist, unless the
    // machine is very slow.
    for _ in 0..5 {
        let (mut listener, stdout) = Process::start_unread(command(&hearer, "listen --json"));
        hearer.until_joined("eth0", "224.1.1.1", 1);
        assert_eq!(run(&asker, "send tick -n 2000 --every 200us").code, Some(0));
        until("its end", || {
            listener.signal(Signal::INT);
            !listener.is_running()
        });
        drop(stdout);
        if listener.wait().code.is_none() {
            return;
        }
    }
    panic!("it always ended by itself");
}
