//! Names of interfaces: Linux takes any characters but a slash and spaces, control sequences too.

use mcast_tests::netns::{Process, Signal, World};

use crate::{command, events, mcast, run, two_hosts};

/// It would turn the terminal red.
const NAME: &str = "a\x1b[31m";
const SHOWN: &str = r"a\x1b[31m";

#[test]
fn whatever_an_interface_is_called_its_name_can_do_nothing_to_a_terminal() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    for (number, host) in [(1, &asker), (2, &answerer)] {
        host.ip("link set eth0 down");
        host.ip(&format!("link set eth0 name {NAME}"));
        host.ip(&format!("link set {NAME} up"));
        host.ip(&format!("address add fe80::{number}/64 dev {NAME} nodad"));
    }
    let words = "respond -4 -6 --service printer";
    let responder = Process::start(command(&answerer, words));
    responder.error_line_with(&format!(" on {SHOWN}"));
    answerer.until_joined(NAME, "224.1.1.1", 1);
    for words in [
        "discover -n 1 -t 10s -v",
        "discover -6 -n 1 -t 10s",
        "discover --service printer -n 1 -t 10s",
        "scan --only plain,mcast -t 500ms",
        "send hello",
        "listen -t 100ms",
        "discover -t 100ms -g 224.1.1.9",
        "listen -i nobody",
        "listen -g ff12::1%nobody",
    ] {
        let finished = run(&asker, &format!("--color never {words}"));
        let both = finished.stdout + &finished.stderr;
        assert!(both.contains(SHOWN) && !both.contains('\x1b'), "{words}: {both:?}");
    }
    // The table and what stands on a terminal have sequences of their own, but not this one.
    for words in ["--color never discover --watch --every 200ms", "discover -6 -n 1 -t 10s"] {
        let terminal = Process::start_on_terminal(command(&asker, words));
        let line = terminal.line_with(SHOWN);
        let seen = line + &terminal.stop(Signal::INT).stdout;
        assert!(!seen.contains("a\x1b[31m"), "{words}: {seen:?}");
    }
    // In JSON it is what it is.
    let finished = run(&asker, "discover -6 -n 1 -t 10s --json");
    let [found] = &events(&finished.stdout, "found")[..] else { panic!("{finished:?}") };
    assert_eq!(found["interface"], NAME, "{found}");
    assert!(found["addr"].as_str().is_some_and(|addr| addr.contains(NAME)), "{found}");
    let seen = responder.stop(Signal::TERM);
    assert!(!(seen.stdout + &seen.stderr).contains('\x1b'));
}

#[test]
fn where_nothing_is_up_it_says_what_there_is() {
    let Some(world) = World::new() else { return };
    let [host, _] = two_hosts(&world);
    host.ip("link set lo down");
    for words in ["listen -i eth9", "listen -g ff12::1%eth9"] {
        let said = run(&host, words).stderr;
        assert!(said.contains("no interface named \"eth9\"; there are: lo (down), eth0"), "{said}");
    }
    host.ip("link set eth0 down");
    let said = mcast(&host, "listen -i 99").wait().stderr;
    assert!(said.contains("there are: lo (down), eth0 (down)"), "{said}");
}
