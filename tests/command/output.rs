//! What is printed when there is too much of it, nobody reads it, or no room is left for it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::ChildStderr;

use mcast_tests::netns::{Finished, Host, Process, Signal, World, until};
use mcast_tests::skip;

use crate::{MCAST, command, events, json, mcast, respond, run, two_hosts};

/// How many were left out, where a line is a sum.
fn sum(line: &str) -> Option<u64> {
    let (before, _) = line.split_once(" more in ")?;
    before.rsplit(' ').next()?.parse().ok()
}

/// The number of these in the summary on stderr, and the seconds that the run took.
#[track_caller]
fn summary(finished: &Finished, noun: &str) -> (u64, usize) {
    let of_summary = |line: &&str| line.ends_with(" s") && line.contains(noun);
    let line = finished.stderr.lines().find(of_summary).unwrap_or_else(|| panic!("{finished:?}"));
    let words: Vec<&str> = line.split(' ').collect();
    let at = words.iter().position(|word| word.starts_with(noun)).expect("it is there");
    let seconds: f64 = words[words.len() - 2].parse().expect("seconds");
    (words[at - 1].parse().expect("a number"), seconds as usize)
}

/// Asserts that all that was heard is shown or in a sum, and that so many lines are the most of them.
#[track_caller]
fn assert_summed_up(finished: &Finished, noun: &str, most: impl Fn(usize) -> usize) {
    let (received, seconds) = summary(finished, noun);
    let sums: Vec<u64> = finished.stdout.lines().filter_map(sum).collect();
    let lines = finished.stdout.lines().count();
    assert_eq!((lines - sums.len()) as u64 + sums.iter().sum::<u64>(), received, "{finished:?}");
    assert!(received > 200 && lines <= most(seconds), "{lines} lines of {received}: {finished:?}");
}

#[test]
fn a_flood_leaves_a_line_a_second_and_all_of_it_is_accounted_for() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    for (verb, noun) in [("respond", "probe"), ("listen", "datagram"), ("listen --hex", "datagram")]
    {
        let hearer = mcast(&answerer, verb);
        answerer.until_joined("eth0", "224.1.1.1", 1);
        assert_eq!(run(&asker, "send junk -n 5000").code, Some(0));
        let finished = hearer.stop(Signal::INT);
        // In the first second twenty, then one, and a sum each.
        assert_summed_up(&finished, noun, |seconds| 21 + 2 * (seconds + 1));
    }
}

#[test]
fn the_lines_of_many_sources_are_bounded_too() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    // From beyond the link, so that none is answered.
    let script = "import socket, sys\n\
        card = bytes(8) + socket.if_nametoindex('eth0').to_bytes(4, sys.byteorder)\n\
        for n in range(3000):\n\
        \x20   s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        \x20   s.setsockopt(socket.IPPROTO_IP, 19, 1) # IP_TRANSPARENT\n\
        \x20   s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, card)\n\
        \x20   s.bind((f'10.9.{n // 250}.{1 + n % 250}', 4242))\n\
        \x20   s.sendto(b'junk', ('224.1.1.1', 50008))\n\
        \x20   s.close()";
    let responder = respond(&answerer, "eth0", "");
    let sender = asker.python(["-c", script]).wait();
    assert_eq!(sender.code, Some(0), "{}", sender.stderr);
    let finished = responder.stop(Signal::TERM);
    // 200 a second, and a sum for each of the 64 that are told apart, and one for the others.
    assert_summed_up(&finished, "probe", |seconds| 265 * (seconds + 1));
    let others = finished.stdout.lines().rev().find(|line| line.starts_with("many others "));
    assert!(others.is_some_and(|line| line.ends_with(", none answered")), "{finished:?}");
}

#[test]
fn a_flood_that_is_over_is_summed_up_though_nothing_more_comes() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "");
    assert_eq!(run(&asker, "send junk -n 100").code, Some(0));
    let line = responder.line_with(" more in ");
    assert!(line.starts_with("10.0.0.1 ") && line.contains("  eth0  "), "{line}");
}

#[test]
fn what_is_said_at_a_low_rate_is_shown_whole() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let listener = mcast(&answerer, "listen -n 20");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    assert_eq!(run(&asker, "send tick -n 20 --every 1ms").code, Some(0));
    let finished = listener.wait();
    assert_eq!(finished.stdout.lines().filter(|line| line.ends_with("  tick")).count(), 20);
    assert_eq!(finished.stdout.lines().count(), 20, "{finished:?}");
}

#[test]
fn json_has_every_event_of_a_flood() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let listener = mcast(&answerer, "listen --json");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    assert_eq!(run(&asker, "send junk -n 5000").code, Some(0));
    let finished = listener.stop(Signal::INT);
    let done = &events(&finished.stdout, "done")[0];
    assert_eq!(done["received"], events(&finished.stdout, "message").len(), "{done}");
    assert!(done["received"].as_u64() > Some(200), "{done}");
}

/// A responder that says a line of each datagram, on a stderr that is left to the caller.
#[track_caller]
fn talkative(host: &Host<'_>) -> (Process, ChildStderr) {
    let mut command = command(host, "respond -vv --json");
    command.args(["--only", "who's there?"]);
    let started = Process::start_unheard(command);
    host.until_joined("eth0", "224.1.1.1", 1);
    started
}

/// Has it hear so much that its lines of it, 60 bytes each, fill a pipe and all that waits before it:
/// two megabytes.
#[track_caller]
fn overflow(responder: &Process, asker: &Host<'_>) {
    let mut heard = 0;
    for _ in 0..100 {
        assert_eq!(run(asker, "send junk -n 10000").code, Some(0));
        // Behind the flood in the queue: all of it was heard, and the program still answers.
        let finished = run(asker, "discover -n 1 -t 20s");
        assert_eq!(finished.code, Some(0), "{finished:?}");
        heard += responder.lines_so_far().len();
        if heard > 50_000 {
            return;
        }
    }
    panic!("no more than {heard} of a million were heard");
}

#[test]
fn a_stderr_that_nobody_reads_does_not_stop_the_answering_nor_the_end() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let (responder, stderr) = talkative(&answerer);
    overflow(&responder, &asker);
    assert_eq!(responder.stop(Signal::INT).code, Some(0));
    drop(stderr);
}

#[test]
fn a_reader_of_stderr_that_goes_on_is_told_what_it_missed() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let (responder, stderr) = talkative(&answerer);
    overflow(&responder, &asker);
    let reader = std::thread::spawn(|| {
        let lines = BufReader::new(stderr).lines().map(|line| line.expect("text"));
        lines.collect::<Vec<_>>()
    });
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let lines = reader.join().expect("it ends");
    let is_notice = |line: &String| {
        line.starts_with("mcast: ")
            && line.ends_with(" lines left out here: they were not read in time")
    };
    assert!(lines.iter().any(is_notice), "{:?}", &lines[lines.len() - 10..]);
    // Nothing is torn.
    assert!(lines.iter().all(|line| line.starts_with("mcast: ") || !line.starts_with(' ')));
}

/// Starts `mcast` with a stdout that this shell redirection leads elsewhere.
fn redirected(host: &Host<'_>, words: &str, to: &str) -> Process {
    host.start("sh", ["-c", &format!("exec {MCAST} {words} > {to}")])
}

#[test]
fn a_full_disk_is_told_as_full_and_is_exit_3() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    for words in [
        "discover -n 1 -t 10s",
        "discover --json -n 1 -t 10s",
        // It finds nobody, and can't say so.
        "discover --json -g 224.1.1.9 -t 100ms",
        "discover --service none --json -t 100ms",
        "scan --only plain -t 500ms",
        "send hello --json",
        "listen --json -t 100ms",
        "demo",
        "man",
        "man respond",
        "completions bash",
        "--help",
        "help respond",
        "--version",
    ] {
        let finished = redirected(&asker, words, "/dev/full").wait();
        assert_eq!(finished.code, Some(3), "{words}: {finished:?}");
        let said = "mcast: cannot write to stdout: no space left on the device";
        assert!(finished.stderr.contains(said), "{words}: {finished:?}");
        assert!(!finished.stderr.contains("closed"), "{words}: {finished:?}");
    }
}

#[test]
fn a_responder_goes_on_beside_a_full_disk_and_tells_it_at_the_end() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = redirected(&answerer, "respond", "/dev/full");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    responder
        .error_line_with("cannot write to stdout: no space left on the device; the run goes on");
    assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    let finished = responder.stop(Signal::TERM);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let last = finished.stderr.lines().last().expect("a line");
    let said = "mcast: cannot write to stdout: no space left on the device; 2 lines lost";
    assert_eq!(last, said, "{finished:?}");
}

#[test]
fn lines_are_written_again_when_a_full_disk_has_room() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let directory = tempfile::tempdir().expect("a directory of our own");
    // Four pages in all, three of them taken. Only the program itself sees what is mounted there.
    let script = "mount -t tmpfs -o size=16k none \"$1\" && cd \"$1\" \
        && head -c 12288 /dev/zero > filler && exec \"$0\" respond --json > lines";
    let path = directory.path().to_str().expect("a path in UTF-8");
    let mut responder = answerer.start("unshare", ["-m", "sh", "-c", script, MCAST, path]);
    until("it has joined, or can't mount", || {
        answerer.joined("eth0", "224.1.1.1") == 1 || !responder.is_running()
    });
    if !responder.is_running() {
        return skip(&format!("no disk of our own: {}", responder.wait().stderr.trim()));
    }
    // A line is some 150 bytes: more than a page of them.
    assert_eq!(run(&asker, "send who -n 100 --every 1ms").code, Some(0));
    responder.error_line_with("no space left on the device");
    let disk = format!("/proc/{}/cwd", responder.id());
    fs::remove_file(format!("{disk}/filler")).expect("the filler was there");
    responder.error_line_with("stdout has room again");
    assert_eq!(run(&asker, "discover -n 1 -t 10s").code, Some(0));
    let lines = fs::File::open(format!("{disk}/lines")).expect("what was written");
    let finished = responder.stop(Signal::TERM);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lines = std::io::read_to_string(lines).expect("text");
    // None is torn, and none is missing.
    let requests = events(&lines, "request").len();
    let done = json(lines.lines().last().expect("a last line"));
    assert_eq!(done["received"], requests, "{done}");
}
