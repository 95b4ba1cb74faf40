//! The library's faces, by its own examples: the driver with its iterator and its callback, and the
//! loops of others around the same machines.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};

use mcast_tests::netns::World;

#[test]
fn all_examples_find_the_responder_on_the_driver() {
    all_find("respond", &[]);
}

#[test]
fn all_examples_find_the_responder_under_tokio() {
    all_find("tokio", &["respond"]);
}

#[test]
fn all_examples_find_the_responder_under_smol() {
    all_find("smol", &["respond"]);
}

#[test]
fn all_examples_find_the_responder_in_fixed_buffers() {
    all_find("fixed_buffers", &["respond"]);
}

fn all_find(responder: &str, args: &[&str]) {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let _responder = host.start(example(responder), args);
    host.until_joined("lo", "224.1.1.1", 1);
    let discoverers = ["discover", "tokio", "smol", "fixed_buffers"].map(|name| {
        let args = if name == "discover" { &[][..] } else { &["discover"] };
        (name, host.start(example(name), args))
    });
    for (name, discoverer) in discoverers {
        let finished = discoverer.wait();
        let lines: Vec<_> = finished.stdout.lines().collect();
        let [found, summary] = lines[..] else { panic!("{name}: {finished:?}") };
        assert!(found.starts_with("127.0.0.1:50008 ") && found.ends_with(" says Me!"), "{found}");
        assert_eq!((summary, finished.code), ("1 found", Some(0)), "{name}: {finished:?}");
    }
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
