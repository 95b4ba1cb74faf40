//! The README's sessions and its picture, as they really look.

use std::path::Path;
use std::time::UNIX_EPOCH;

use mcast_net::clock::Clock;
use mcast_tests::netns::{Finished, Host, Process, Signal, World, until};

use crate::{MCAST, command, mcast, run};

const README: &str = include_str!("../../README.md");

/// A command of a session, without what is said of it, and the lines that follow.
struct Step {
    command: String,
    shown: Vec<&'static str>,
}

/// The session with this command in it.
#[track_caller]
fn session(with: &str) -> Vec<Step> {
    let blocks = README.split("```console\n").skip(1).filter_map(|it| it.split("```").next());
    let mut found = blocks.filter(|block| block.contains(&format!("$ {with}")));
    let (Some(block), None) = (found.next(), found.next()) else { panic!("one with {with:?}") };
    let mut steps = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ mcast ") {
            let command = command.split(['#', '|']).next().unwrap_or_default().replace('\'', "");
            steps.push(Step { command: command.trim().to_owned(), shown: Vec::new() });
        } else {
            steps.last_mut().expect("a command comes first").shown.push(line);
        }
    }
    steps
}

/// A line without what differs from run to run: times, how wide they make a column, and whether a round trip is known.
fn shape(line: &str) -> String {
    let mask = |word| match word {
        word if str::parse::<f64>(word).is_ok() && word.contains('.') => "#",
        word if word.ends_with('Z') && word.len() == 24 => "TIME",
        word => word,
    };
    let words: Vec<_> = line.split_whitespace().map(mask).collect();
    words.join(" ").replace(" # ms ", " - ")
}

/// The shapes of lines; who answers first is first.
fn shapes<'l>(lines: impl IntoIterator<Item = &'l str>) -> Vec<String> {
    let mut shapes: Vec<_> = lines.into_iter().map(shape).collect();
    shapes.sort_unstable();
    shapes
}

/// All that a terminal would show.
fn shown(finished: &Finished) -> impl Iterator<Item = &str> {
    finished.stdout.lines().chain(finished.stderr.lines())
}

/// Hosts with these addresses on one segment.
fn hosts<'w>(world: &'w World, addresses: &[&str]) -> Vec<Host<'w>> {
    let lan = world.segment();
    let host = |address: &&str| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host.default_route("eth0");
        host
    };
    addresses.iter().map(host).collect()
}

#[test]
fn the_first_session_looks_as_it_is_shown() {
    let Some(world) = World::new() else { return };
    let hosts = hosts(&world, &["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"]);
    let (asker, mut answerers) = (&hosts[0], hosts[1..].iter());
    let mut responders = Vec::new();
    let mut compared = 0;
    for step in session("mcast respond ") {
        if step.command.starts_with("respond") {
            let host = answerers.next().expect("a host for each responder");
            responders.push(mcast(host, &step.command));
            host.until_joined("eth0", "224.1.1.1", 1);
            continue;
        }
        let finished = run(asker, &step.command);
        assert_eq!(finished.code, Some(0), "{}: {finished:?}", step.command);
        assert_eq!(shapes(shown(&finished)), shapes(step.shown), "{}", step.command);
        compared += 1;
    }
    assert_eq!((responders.len(), compared), (2, 2));
}

#[test]
fn the_watch_looks_as_it_is_shown() {
    let Some(world) = World::new() else { return };
    let hosts = hosts(&world, &["10.0.0.1/24", "10.0.0.3/24"]);
    let [step] = &session("mcast discover --service '*' --watch")[..] else {
        panic!("one command")
    };
    let watcher = mcast(&hosts[0], &step.command);
    let offer = |color: &str| {
        let words =
            format!("respond --service printer --name lab-3 --port 631 --txt color={color}");
        mcast(&hosts[1], &words)
    };
    let mut seen = Vec::new();
    let first = offer("yes");
    seen.push(watcher.line_with("found"));
    // It is the same service after a crash, with another colour; a start is told from another by its second.
    drop(first);
    let second = || Clock::wall().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let ended = second();
    until("the next second", || second() > ended);
    let restarted = offer("no");
    seen.push(watcher.line_with("changed"));
    assert_eq!(restarted.stop(Signal::TERM).code, Some(0));
    seen.push(watcher.line_with("lost"));
    assert_eq!(
        seen.iter().map(|line| shape(line)).collect::<Vec<_>>(),
        step.shown.iter().map(|line| shape(line)).collect::<Vec<_>>()
    );
}

#[test]
fn the_diagnosis_looks_as_it_is_shown() {
    let fixture =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../doctor/fixtures/stateful-firewall.json");
    let kept = std::fs::read_to_string(fixture).expect("a fixture");
    // The fixture has what is expected beside the facts.
    let facts = kept.split_once("\"facts\": ").expect("facts").1;
    let facts = facts.trim_end().strip_suffix('}').expect("an object");
    let file = tempfile::NamedTempFile::new().expect("a file of our own");
    std::fs::write(file.path(), facts).expect("it is written");
    let mut command = std::process::Command::new(MCAST);
    command.args(["doctor", "--judge"]).arg(file.path());
    let finished = Process::start(command).wait();
    let [step] = &session("mcast doctor")[..] else { panic!("one command") };
    let mut said = finished.stdout.lines();
    // How long it took is not known of facts that were kept.
    let ends = |line: &str| -> Option<(String, String)> {
        Some((line.split(" · ").next()?.to_owned(), line.split(" · ").last()?.to_owned()))
    };
    assert_eq!(said.next().and_then(ends), step.shown.first().copied().and_then(ends));
    for (line, shown) in said.zip(&step.shown[1..]) {
        match shown.strip_suffix('…') {
            Some(begins) => assert!(line.starts_with(begins), "{shown}\n{line}"),
            None => assert_eq!(line, *shown),
        }
    }
    assert!(step.shown.len() > 3, "{:?}", step.shown);
}

#[test]
fn the_picture_of_a_scan_is_what_a_scan_says() {
    let Some(world) = World::new() else { return };
    let hosts = hosts(&world, &["10.77.0.1/24", "10.77.0.2/24", "10.77.0.3/24"]);
    // As .ci/pictures, which draws it, has it.
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dialects/fixtures");
    let devices = hosts[1].peer("devices.py", &[&fixtures.to_string_lossy(), "10.77.0.2"]);
    devices.line_with("ready");
    let offered = "respond --service printer --name lab-3 --port 631 --txt color=yes --no-plain";
    let _responder = mcast(&hosts[2], offered);
    hosts[2].until_joined("eth0", "239.255.80.9", 1);
    let finished = Process::start(command(&hosts[0], "scan -4")).wait();
    let drawn = include_str!("../../docs/scan.svg").lines().filter_map(|line| {
        let text = line.trim().strip_prefix("<text ")?.strip_suffix("</text>")?;
        Some(text.split_once('>')?.1)
    });
    // A long line is broken where the terminal ends: spaces are left out.
    let whole = |lines: Vec<&str>| shape(&lines.join(" ")).replace(' ', "");
    let said = whole(shown(&finished).collect());
    assert_eq!(
        whole(drawn.collect()),
        format!("$mcastscan{said}"),
        "run .ci/pictures: {finished:?}"
    );
}
