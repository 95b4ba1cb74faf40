//! How the binary behaves to a person, a script and a shell.

use std::io::{BufRead as _, BufReader};

use mcast_tests::netns::{Process, Signal, World};

use crate::{command, events, mcast, respond, run, two_hosts};

#[test]
fn no_answer_is_exit_1_an_empty_stdout_and_a_hint() {
    let Some(world) = World::new() else { return };
    let [asker, _] = two_hosts(&world);
    let finished = run(&asker, "discover -t 100ms");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    assert!(finished.stderr.contains("no answer in 0.1 s on eth0"), "{}", finished.stderr);
    assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
}

#[test]
fn fewer_than_count_is_exit_1() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    let finished = run(&asker, "discover -n 2 -t 300ms");
    assert_eq!((finished.code, finished.stdout.lines().count()), (Some(1), 1), "{finished:?}");
    assert_eq!(run(&asker, "listen -n 1 -t 100ms").code, Some(1));
    assert_eq!(run(&asker, "listen -t 100ms").code, Some(0));
}

#[test]
fn a_hostile_answer_leaves_one_harmless_line() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let mut hostile = b"\x1b]0;owned\x07\x1b[2J\r\nfound 10.9.9.9:1\n\0\x7f\xff\xfe\xc3(".to_vec();
    hostile.extend("\u{202e}\u{2066}\u{2028}\u{85}\u{9b}31m\u{e000}\u{feff}".bytes());
    let hex: String = hostile.iter().map(|byte| format!("{byte:02x}")).collect();
    let _server = answerer.peer("reply.py", &[&hex]);
    answerer.until_joined("eth0", "224.1.1.1", 1);
    for words in ["discover -n 1 -t 10s", "discover -n 1 -t 10s --json"] {
        let output = command(&asker, words).output().expect("mcast runs");
        assert_eq!(output.status.code(), Some(0));
        let stdout = String::from_utf8(output.stdout).expect("what is printed is UTF-8");
        let lines: Vec<&str> = stdout.lines().collect();
        assert_eq!(lines.len(), if words.contains("json") { 3 } else { 1 }, "{stdout:?}");
        assert!(stdout.ends_with('\n'));
        let printable = |c: char| c == '\n' || (' '..='~').contains(&c);
        assert!(stdout.chars().all(printable), "{stdout:?}");
        if !words.contains("json") {
            assert!(lines[0].contains(r"\x1b]0;owned\x07\x1b[2J\r\nfound"), "{stdout}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_exit_2_and_sends_nothing() {
    let Some(world) = World::new() else { return };
    let [host, _] = two_hosts(&world);
    let capture = host.capture("eth0");
    for (words, said) in [
        ("discover -g 10.0.0.1", "multicast"),
        ("discover -g 224.1.1.1:65536", "port"),
        ("discover -g 224.1.1.1:0", "port"),
        ("discover -t soon", "soon"),
        ("discover --payload-hex 4d6", "digits"),
        ("discover --payload-hex xy", "hexadecimal"),
        ("discover --ttl 256", "256"),
        ("send --count 0", "0"),
        ("respond --rate fast", "fast"),
        ("discover --payload a --payload-hex 00", "--payload"),
        ("shout", "shout"),
    ] {
        let finished = run(&host, words);
        assert_eq!(
            (finished.code, finished.stdout.as_str()),
            (Some(2), ""),
            "{words}: {finished:?}"
        );
        assert!(finished.stderr.contains(said), "{words}: {}", finished.stderr);
    }
    assert_eq!(capture.stop(), []);
}

#[test]
fn what_the_network_refuses_is_exit_3_and_one_line() {
    let Some(world) = World::new() else { return };
    let [host, _] = two_hosts(&world);
    let refused = |words: &str, said: &[&str]| {
        let finished = run(&host, words);
        assert_eq!(
            (finished.code, finished.stdout.as_str()),
            (Some(3), ""),
            "{words}: {finished:?}"
        );
        assert_eq!(finished.stderr.lines().count(), 1, "{words}: {}", finished.stderr);
        for part in said {
            assert!(finished.stderr.contains(part), "{words}: {}", finished.stderr);
        }
    };
    for verb in ["discover", "respond", "send", "listen"] {
        refused(&format!("{verb} -i eth9"), &["no interface named", "eth9", "lo", "eth0"]);
    }
    let script = "import socket, time\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.bind(('', 50008)); print('bound'); time.sleep(1000)";
    let holder = host.python(["-c", script]);
    holder.line_with("bound");
    refused("respond", &["50008", "does not share it (SO_REUSEADDR)"]);
    refused("discover --source-port 50008", &["50008", "taken"]);
    host.ip("link set eth0 down");
    host.ip("link set lo down");
    refused("discover", &["224.1.1.1", "no interface", "up"]);
    refused("send", &["224.1.1.1", "no interface", "up"]);
}

#[test]
fn a_closed_pipe_ends_listen_in_silence() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let (mut listener, stdout) = Process::start_unread(command(&hearer, "listen"));
    hearer.until_joined("eth0", "224.1.1.1", 1);
    let ticks = mcast(&sender, "send tick --every 20ms");
    let mut line = String::new();
    let mut stdout = BufReader::new(stdout);
    stdout.read_line(&mut line).expect("a line");
    assert!(line.ends_with("  tick\n"), "{line}");
    assert!(listener.is_running());
    // As `| head -1` does.
    drop(stdout);
    let finished = listener.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!finished.stderr.contains("anic"), "{}", finished.stderr);
    assert!(!finished.stderr.to_lowercase().contains("broken pipe"), "{}", finished.stderr);
    drop(ticks);
}

/// Whoever closes the pipe has seen enough, however many were asked for.
#[test]
fn a_closed_pipe_is_the_end_that_was_wanted() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    let words = "discover -n 3 -t 60s --repeat 1000";
    let (discovery, stdout) = Process::start_unread(command(&asker, words));
    let mut line = String::new();
    let mut stdout = BufReader::new(stdout);
    stdout.read_line(&mut line).expect("a line");
    drop(stdout);
    // Another line, for which there is no reader.
    let _other = respond(&answerer, "eth0", "--reply another");
    let finished = discovery.wait();
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished:?}");
}

#[test]
fn a_closed_pipe_does_not_stop_the_answering() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let (responder, stdout) = Process::start_unread(command(&answerer, "respond"));
    answerer.until_joined("eth0", "224.1.1.1", 1);
    drop(stdout);
    for _ in 0..3 {
        assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    }
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
}

#[test]
fn a_stdout_that_nobody_reads_does_not_stop_the_answering() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let words = "respond --rate off --json";
    let (responder, stdout) = Process::start_unread(command(&answerer, words));
    answerer.until_joined("eth0", "224.1.1.1", 1);
    // A line is some 150 bytes and a pipe holds 64 KiB: with 2,000 probes it has long been full.
    let flood = run(&asker, "send who -n 2000 --every 200us");
    assert_eq!(flood.code, Some(0), "{flood:?}");
    let finished = run(&asker, "discover -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    // Nor does it stop the end.
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    drop(stdout);
}

#[test]
fn demo_needs_the_loopback_interface_alone() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let finished = run(&host, "demo");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("3 responders found"), "{}", finished.stdout);
    for name in ["lab-1", "lab-2", "lab-3"] {
        assert!(finished.stdout.lines().any(|line| line.ends_with(&format!("  {name}"))));
    }
}

#[test]
fn without_a_card_discover_and_respond_meet_on_loopback() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let _responder = respond(&host, "lo", "");
    let finished = run(&host, "discover --json -n 1 -t 10s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(events(&finished.stdout, "found")[0]["interface"], "lo");
}
