//! What a person sees on a terminal.

use mcast_tests::netns::{Process, Signal, World};

use crate::{command, respond, run, two_hosts};

#[test]
fn progress_stands_on_a_terminal_and_is_gone_at_the_end() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    let words = "--color never discover -t 500ms";
    let finished = Process::start_on_terminal(command(&asker, words)).wait();
    let seen = &finished.stdout;
    assert!(seen.contains("1 answer, 0."), "{seen:?}");
    let left_standing: Vec<&str> = seen
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .map(|line| line.rsplit_once("\r\x1b[K").map_or(line, |(_, rest)| rest))
        .collect();
    let [found, summary] = left_standing[..] else { panic!("{seen:?}") };
    assert!(found.starts_with("10.0.0.2:50008 ") && found.ends_with("  Me!"), "{found:?}");
    assert!(summary.starts_with("1 responder in "), "{summary:?}");

    let piped = run(&asker, "discover -t 300ms");
    let both = piped.stdout + &piped.stderr;
    assert!(!both.contains(['\r', '\x1b']) && both.lines().count() == 2, "{both:?}");
}

#[test]
fn a_terminal_that_can_erase_nothing_gets_lines_alone() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    let on_dumb = |words| {
        let mut command = command(&asker, words);
        command.env("TERM", "dumb");
        Process::start_on_terminal(command)
    };
    let once = on_dumb("discover -t 500ms").wait().stdout;
    assert!(!once.contains('\x1b') && once.lines().count() == 2, "{once:?}");
    let watcher = on_dumb("discover --watch --every 200ms");
    let found = watcher.line();
    assert!(found.contains("  found    10.0.0.2:50008 ") && !found.contains('\x1b'), "{found:?}");
    let finished = watcher.stop(Signal::INT);
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(!finished.stdout.contains('\x1b'), "{finished:?}");
}
