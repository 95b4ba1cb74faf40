//! The library's faces, by its own examples: the driver with its iterator and its callback, and the
//! loops of others around the same machines.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};

use mcast_tests::netns::{Host, Process, World};

const ANSWERING: [&[&str]; 4] =
    [&["respond"], &["tokio", "respond"], &["smol", "respond"], &["fixed_buffers", "respond"]];

const ASKING: [&[&str]; 4] =
    [&["discover"], &["tokio", "discover"], &["smol", "discover"], &["fixed_buffers", "discover"]];

#[test]
fn every_example_that_asks_finds_every_one_that_answers() {
    let Some(world) = World::new() else { return };
    let hosts = ANSWERING.map(|answering| {
        let host = world.host();
        let responder = start(&host, answering);
        (host, responder, answering)
    });
    // All at once: each takes three seconds.
    let mut discoverers = Vec::new();
    for (host, _, answering) in &hosts {
        host.until_joined("lo", "224.1.1.1", 1);
        discoverers.extend(ASKING.map(|asking| (asking, answering, start(host, asking))));
    }
    for (asking, answering, discoverer) in discoverers {
        let finished = discoverer.wait();
        let lines: Vec<_> = finished.stdout.lines().collect();
        let said = format!("{asking:?} of {answering:?}: {finished:?}");
        let [found, summary] = lines[..] else { panic!("{said}") };
        assert!(found.starts_with("127.0.0.1:50008 ") && found.ends_with(" says Me!"), "{said}");
        assert_eq!((summary, finished.code), ("1 found", Some(0)), "{said}");
    }
}

#[test]
fn the_example_of_services_finds_what_it_offers() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let _offer = start(&host, &["services", "offer"]);
    host.until_joined("lo", "239.255.80.9", 1);
    let finished = start(&host, &["services", "find"]).wait();
    let expected = "\"lab-3\" at 127.0.0.1, port 631\n1 found, complete: Some(true)\n";
    assert_eq!(finished.stdout, expected, "{finished:?}");
}

#[test]
fn the_example_that_finds_a_printer_goes_on_meanwhile_and_stops_at_the_first() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let nobody = start(&host, &["find"]).wait();
    assert_eq!(nobody.stdout.lines().last(), Some("there is none"), "{nobody:?}");
    assert!(
        nobody.stdout.lines().filter(|line| *line == "still looking").count() > 30,
        "{nobody:?}"
    );
    let _offer = start(&host, &["services", "offer"]);
    host.until_joined("lo", "239.255.80.9", 1);
    let found = start(&host, &["find"]).wait();
    assert_eq!(
        (found.stdout.lines().last(), found.code),
        (Some("Some(\"lab-3\")"), Some(0)),
        "{found:?}"
    );
}

#[test]
fn the_example_of_a_thermometer_tells_each_reading_and_says_goodbye() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let watcher = start(&host, &["services", "watch"]);
    host.until_joined("lo", "239.255.80.9", 1);
    let thermometer = start(&host, &["thermometer"]);
    for celsius in 21..24 {
        watcher.line_with(&format!("celsius {celsius}"));
    }
    watcher.line_with("lost");
    let finished = thermometer.wait();
    assert!(finished.stdout.ends_with(" answers\n") && finished.code == Some(0), "{finished:?}");
}

fn start(host: &Host<'_>, words: &[&str]) -> Process {
    host.start(example(words[0]), &words[1..])
}

/// An example's program. Cargo builds it beside the tests when it tests a whole package, but not when
/// it is told which tests: then it may be missing, or older than what it is made from.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let profile = test.ancestors().nth(2).expect("it is in deps/ of the profile's folder");
    let program = profile.join("examples").join(name);
    assert!(is_fresh(&program), "{name} is not up to date: cargo build -p mcast-net --examples");
    program
}

/// Whether a program is as new as all that its dep-info file names, which is how cargo judges.
fn is_fresh(program: &Path) -> bool {
    let rule = std::fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let Some((_, sources)) = rule.trim_end().split_once(": ") else { return false };
    // A space that belongs to a path is escaped.
    let sources = sources.replace("\\ ", "\0");
    let mut sources = sources.split(' ').map(|path| path.replace('\0', " "));
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    changed(program).is_ok_and(|made| {
        sources.all(|source| changed(Path::new(&source)).is_ok_and(|changed| changed <= made))
    })
}
