//! What the lines of results say.

use std::fmt::Write as _;

use mcast_tests::netns::{Host, Process, Signal, World};

use crate::{command, events, mcast, respond, run, two_hosts};

/// The group of services.
const SERVICES: &str = "239.255.80.9";

/// Whether a line begins with a time: `2026-11-30T04:52:01.123Z  `.
fn has_time(line: &str) -> bool {
    let shape: String =
        line.chars().take(26).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00.000Z  "
}

/// A responder with cards on both of the asker's networks.
fn with_two_cards<'w>(world: &'w World, count: u8) -> (Host<'w>, Vec<Host<'w>>) {
    let lans = [world.segment(), world.segment()];
    let host = |number: u8| {
        let host = world.host();
        for (at, lan) in lans.iter().enumerate() {
            host.card(&format!("eth{at}"), lan, &[&format!("10.0.{at}.{number}/24")]);
        }
        host
    };
    (host(1), (2..2 + count).map(host).collect())
}

#[test]
fn each_responder_is_one_line_with_its_round_trip_and_its_other_addresses_are_counted() {
    let Some(world) = World::new() else { return };
    let (asker, hosts) = with_two_cards(&world, 3);
    let offer = |(id, host): (usize, &Host<'_>)| {
        let words = format!("respond --service printer --port 631 --id {id} --no-plain");
        let responder = mcast(host, &words);
        ["eth0", "eth1"].iter().for_each(|card| host.until_joined(card, SERVICES, 1));
        responder
    };
    let _responders: Vec<Process> = hosts.iter().enumerate().map(offer).collect();
    let finished = run(&asker, "discover --service printer");
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{finished:?}");
    assert!(lines.iter().all(|line| line.contains(" ms  printer  ")), "{finished:?}");
    let counted = "3 responders (3 more of their addresses: -v shows them) in ";
    assert!(finished.stderr.starts_with(counted), "{finished:?}");
    let whole = run(&asker, "discover --service printer -v").stdout;
    let is_further = |line: &&str| line.contains("  (changed: address; lease 120 s)");
    assert_eq!(
        (whole.lines().count(), whole.lines().filter(is_further).count()),
        (6, 3),
        "{whole}"
    );
    let json = run(&asker, "discover --service printer --json").stdout;
    assert_eq!((events(&json, "found").len(), events(&json, "changed").len()), (3, 3), "{json}");
}

#[test]
fn a_watch_in_lines_says_when_what_and_why() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let watcher = mcast(&asker, "discover --watch --every 300ms");
    let first = respond(&answerer, "eth0", "--reply first");
    let found = watcher.line();
    assert!(has_time(&found) && found[26..].starts_with("found    10.0.0.2:50008 "), "{found}");
    assert!(found.ends_with(" ms  first"), "{found}");
    let second = respond(&answerer, "eth0", "--reply second -g 224.1.1.1");
    first.stop(Signal::TERM);
    drop(second);
    let lost = watcher.line_with("  lost     10.0.0.2:50008 ");
    assert!(has_time(&lost) && lost.ends_with("  (unanswered)"), "{lost}");
    assert_eq!(watcher.stop(Signal::INT).code, Some(130));

    let watcher = mcast(&asker, "discover --service * --watch");
    let words = "respond --no-plain --service printer --id feed";
    let responder = mcast(&answerer, &format!("{words} --txt color=no"));
    let found = watcher.line();
    assert!(found[26..].starts_with("found    "), "{found}");
    responder.stop(Signal::TERM);
    let lost = watcher.line_with("  lost     ");
    assert!(has_time(&lost) && lost.ends_with("  printer  -  (goodbye)"), "{lost}");
}

#[test]
fn with_time_each_line_of_respond_and_listen_says_when_it_was() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    for verb in ["respond --time", "listen --time", "listen --hex --time"] {
        let hearer = mcast(&answerer, verb);
        answerer.until_joined("eth0", "224.1.1.1", 1);
        assert_eq!(run(&asker, "send junk -n 100").code, Some(0));
        let mut lines = hearer.line_with(" more in ");
        lines += &hearer.stop(Signal::INT).stdout;
        assert!(lines.lines().all(|line| has_time(line) || line.is_empty()), "{verb}: {lines}");
    }
    for words in ["respond --time --json", "listen --time --json", "listen --time --raw"] {
        assert_eq!(run(&asker, words).code, Some(2), "{words}");
    }
}

#[test]
fn a_long_datagram_is_cut_on_a_terminal_and_nowhere_else() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let file = tempfile::NamedTempFile::new().expect("a file of our own");
    std::fs::write(file.path(), vec![1; 65_507]).expect("it is written");
    let send = || {
        hearer.until_joined("eth0", "224.1.1.1", 1);
        let mut words = command(&sender, "send --payload-file");
        words.arg(file.path());
        assert_eq!(Process::start(words).wait().code, Some(0));
    };
    let listen = "--color never listen -n 1 -t 20s";
    let terminal = Process::start_on_terminal(command(&hearer, listen));
    send();
    let seen = terminal.wait().stdout;
    let said = "\\x01…  (64007 of 65507 bytes are left out here; a pipe gets all)";
    let line = seen.lines().find(|line| line.contains(said));
    assert!(line.is_some_and(|line| line.len() < 6_200), "{} bytes", seen.len());
    for (words, least) in [("", 4 * 65_507), ("--hex", 2 * 65_507), ("--json", 4 * 65_507)] {
        let piped = mcast(&hearer, &format!("{listen} {words}"));
        send();
        let seen = piped.wait().stdout;
        assert!(seen.len() > least && !seen.contains("left out"), "{words}: {}", seen.len());
    }
    let terminal = Process::start_on_terminal(command(&hearer, &format!("{listen} --json")));
    send();
    let seen = terminal.wait().stdout;
    assert!(seen.len() > 65_507 && !seen.contains("left out"), "{} bytes", seen.len());
}

#[test]
fn hundreds_of_services_are_told_in_one_line() {
    let Some(world) = World::new() else { return };
    let [host, _] = two_hosts(&world);
    let file = tempfile::NamedTempFile::new().expect("a file of our own");
    for (count, lines) in [(8, 8), (500, 1)] {
        let mut text = String::from("no-plain = true\n");
        for number in 0..count {
            write!(text, "[[services]]\nservice = \"printer\"\nname = \"lab-{number}\"\n")
                .expect("to a string");
        }
        std::fs::write(file.path(), text).expect("it is written");
        let mut words = command(&host, "respond --config");
        words.arg(file.path());
        let responder = Process::start(words);
        host.until_joined("eth0", SERVICES, 1);
        responder.error_line_with("offering ");
        let finished = responder.stop(Signal::TERM);
        let told = 1 + finished.stderr.matches("offering ").count();
        assert_eq!(told, lines, "{finished:?}");
    }
    let mut words = command(&host, "respond --config");
    words.arg(file.path());
    let said = Process::start(words).error_line_with("offering ");
    let whole = "offering 500 services in 239.255.80.9:50009 on eth0; -v names them";
    assert_eq!(said, whole);
}

#[test]
fn two_seconds_worth_of_answers_may_go_at_once() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "--rate 2/5 --json");
    // As the help says of just this rate.
    assert_eq!(run(&asker, "send who -n 10").code, Some(0));
    let seen = responder.line_with("\"answered\":false");
    let finished = responder.stop(Signal::TERM);
    let requests = events(&(seen + "\n" + &finished.stdout), "request");
    let refused = requests.iter().filter(|request| request["answered"] == false).count();
    assert!((4..=6).contains(&refused), "{requests:?}");
    let done = &events(&finished.stdout, "done")[0];
    assert_eq!(done["sent"], 10 - refused, "{done}");
}
