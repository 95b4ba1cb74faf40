//! What a person sees on a terminal.

use mcast_tests::netns::{Process, World};

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
