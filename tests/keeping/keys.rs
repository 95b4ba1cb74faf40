//! `mcast key new`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use mcast_tests::netns::{Signal, World};

use crate::{MCAST, mcast};

#[test]
fn a_key_is_the_owners_alone_and_takes_nobodys_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    let name = path.to_str().expect("UTF-8");
    let made = mcast(&["key", "new", name]);
    assert!(made.status.success() && made.stdout.is_empty(), "{made:?}");
    let secret = fs::read_to_string(&path).expect("a key");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(said.contains(name) && !said.contains(secret.trim()), "{said}");
    assert_eq!(fs::metadata(&path).expect("a key").permissions().mode() & 0o7777, 0o600);

    let again = mcast(&["key", "new", name]);
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(2), "{said}");
    assert!(said.contains("left as it is") && said.lines().count() == 1, "{said}");
    assert_eq!(fs::read_to_string(&path).expect("a key"), secret);

    // Nor of what leads to nothing yet.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nothing"), &link).expect("a link");
    let through = mcast(&["key", "new", link.to_str().expect("UTF-8")]);
    assert_eq!(through.status.code(), Some(2), "{through:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2);

    let nowhere = folder.path().join("none/key");
    let nowhere = mcast(&["key", "new", nowhere.to_str().expect("UTF-8")]);
    assert_eq!(nowhere.status.code(), Some(2), "{nowhere:?}");
    assert_eq!(mcast(&["key"]).status.code(), Some(2));
    assert!(mcast(&["-q", "key", "new", &format!("{name}.2")]).stderr.is_empty());
    let full = mcast(&["key", "new", "/proc/key"]);
    assert!(matches!(full.status.code(), Some(2 | 3)), "{full:?}");
    assert_eq!(String::from_utf8_lossy(&full.stderr).lines().count(), 1, "{full:?}");
}

/// The three steps of docs/keys.md, each with somebody who is a step behind.
#[test]
fn a_key_is_rotated_without_a_moment_in_which_somebody_is_not_found() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let hosts = ["10.0.0.1/24", "10.0.0.2/24"].map(|address| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host
    });
    let folder = tempfile::tempdir().expect("a folder");
    let key = |name: &str| {
        let path = folder.path().join(name).to_str().expect("UTF-8").to_owned();
        assert!(mcast(&["key", "new", &path]).status.success());
        path
    };
    let (old, new) = (key("old"), key("new"));
    let steps: [&[&str]; 4] = [&[&old], &[&old, &new], &[&new, &old], &[&new]];
    let with = |words: &[&str], keys: &[&str]| {
        let keys = keys.iter().flat_map(|key| ["--key-file", *key]);
        words.iter().copied().chain(keys).map(str::to_owned).collect::<Vec<_>>()
    };
    for (answers, keys) in steps.iter().enumerate() {
        let mut command = hosts[1].command(MCAST);
        command.args(with(&["respond", "--service", "printer"], keys));
        let responder = mcast_tests::netns::Process::start(command);
        responder.error_line_with("offering printer");
        for (asks, keys) in steps.iter().enumerate() {
            let mut command = hosts[0].command(MCAST);
            command.args(with(&["discover", "--service", "printer", "-n", "1", "-t", "1s"], keys));
            let code = mcast_tests::netns::Process::start(command).wait().code;
            let is_found = answers.abs_diff(asks) < 2;
            assert_eq!(code, Some(i32::from(!is_found)), "step {answers} answers step {asks}");
        }
        responder.stop(Signal::TERM);
    }
}
