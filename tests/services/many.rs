//! Hundreds of services of one program: one endpoint, one thread, and all of them found.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use mcast_tests::is_sanitized;
use mcast_tests::netns::{Host, Process, Signal, World};
use tempfile::NamedTempFile;

use crate::{GOODBYE, GROUP, command, done, events, host, is, json, mcast, run};

const MANY: usize = 500;

/// A file with so many services, and what stands above them.
fn config(above: &str, count: usize) -> NamedTempFile {
    let mut text = format!("no-plain = true\n{above}\n");
    for number in 0..count {
        let name = format!("lab-{number:03}");
        writeln!(text, "[[services]]\nservice = \"printer\"\nname = \"{name}\"\nport = 631\n")
            .expect("to a string");
    }
    let mut file = NamedTempFile::new().expect("a file of our own");
    file.write_all(text.as_bytes()).expect("it is written");
    file
}

#[track_caller]
fn respond(host: &Host<'_>, config: &NamedTempFile) -> Process {
    let mut words = command(host, "respond --json --config");
    words.arg(config.path());
    let responder = Process::start(words);
    responder.line_with("\"ready\"");
    responder
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("lab-{number:03}")).collect()
}

/// A figure of `/proc/PID/status`.
#[track_caller]
fn status(process: &Process, name: &str) -> u64 {
    let path = format!("/proc/{}/status", process.id());
    let status = fs::read_to_string(path).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let words = line.unwrap_or_else(|| panic!("no {name} in {status}")).trim();
    words.trim_end_matches(" kB").parse().expect("a number")
}

/// Its descriptors.
fn descriptors(process: &Process) -> usize {
    fs::read_dir(format!("/proc/{}/fd", process.id())).expect("it runs").count()
}

#[test]
fn five_hundred_services_take_the_descriptors_and_threads_of_one_and_all_are_found() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer, other] = [1, 2, 3].map(|number| host(&world, &lan, number));
    let (one, many) = (config("", 1), config("", MANY));
    let responder = respond(&printer, &many);

    let finished = run(&asker, "discover --service printer --json");
    let mut found: Vec<String> = events(&finished.stdout, "found")
        .iter()
        .map(|event| event["name"].as_str().expect("a name").to_owned())
        .collect();
    found.sort_unstable();
    let done = done(&finished);
    assert_eq!((found, &done["complete"]), (names(MANY), &true.into()), "{done}");

    let single = respond(&other, &one);
    let of = |process: &Process| (descriptors(process), status(process, "Threads"));
    assert_eq!(of(&responder), of(&single));
    let resident = status(&responder, "VmRSS");
    println!(
        "{MANY} services: {} descriptors, {} threads, {resident} KiB resident; found in {} ms",
        descriptors(&responder),
        status(&responder, "Threads"),
        done["elapsed_ms"],
    );
    // Of a build with optimisation half as much.
    assert!(resident < 16 << 10 || is_sanitized(), "{resident} KiB");
}

#[test]
fn ended_it_says_goodbye_for_each_and_a_watcher_hears_all_of_them() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [watching, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let mut key = NamedTempFile::new().expect("a file of our own");
    key.write_all(b"a secret of us two").expect("it is written");
    let path = key.path().to_str().expect("a path in UTF-8");
    let file = config(&format!("key-file = [{path:?}]"), MANY);
    let responder = respond(&printer, &file);
    let words = format!("discover --watch --service printer --json --key-file {path}");
    let watcher = mcast(&watching, &words);
    (0..MANY).for_each(|_| _ = watcher.line_with("\"found\""));
    let capture = watching.capture("eth0");
    let finished = responder.stop(Signal::TERM);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lost: BTreeSet<String> = (0..MANY)
        .map(|_| {
            let lost = json(&watcher.line_with("\"lost\""));
            assert_eq!(lost["reason"], "goodbye");
            lost["id"].as_str().expect("text").to_owned()
        })
        .collect();
    assert_eq!(lost.len(), MANY);
    let packets = capture.stop();
    let goodbyes: Vec<_> = packets.iter().filter(|packet| is(packet, GOODBYE)).collect();
    assert_eq!(goodbyes.len(), 2 * MANY);
    let took = goodbyes[goodbyes.len() - 1].at - goodbyes[0].at;
    println!("{} goodbyes in {took:.3} s", goodbyes.len());
}

/// They are kept by one descriptor, and from a second program all the same.
#[test]
fn the_ids_of_many_stay_over_a_restart_and_are_nobody_elses_meanwhile() {
    const SOME: usize = 100;
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let file = config("", SOME);
    // What is not complete, on a busy machine, is asked again.
    let ids = |expected: usize| {
        let discover = |_| {
            let finished = run(&asker, "discover --service printer --json");
            let found = events(&finished.stdout, "found");
            let ids: BTreeSet<String> = found.iter().map(|event| event["id"].to_string()).collect();
            (done(&finished)["complete"] == true && ids.len() == expected).then_some(ids)
        };
        (0..10).find_map(discover).unwrap_or_else(|| panic!("never {expected}"))
    };
    let first = respond(&printer, &file);
    let before = ids(SOME);
    // One of the same services is another's that has another id.
    let second = mcast(&printer, "respond --no-plain --service printer --name lab-007 --port 1");
    printer.until_joined("eth0", GROUP, 2);
    let both = ids(SOME + 1);
    assert!(both.is_superset(&before));
    // However it ends.
    assert_eq!(first.stop(Signal::KILL).code, None);
    drop(second);
    let _again = respond(&printer, &file);
    assert_eq!(ids(SOME), before);
}
