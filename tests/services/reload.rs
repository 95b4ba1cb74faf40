//! Services that are changed while they are offered, and a watch that waits for them.

use std::fs;
use std::path::Path;

use mcast_tests::netns::{Host, Process, Signal, World};
use serde_json::Value;

use crate::{GROUP, asker_and_printer, command, found, host, json, mcast, offer, run};

/// Starts it with a file of services.
#[track_caller]
fn respond(host: &Host<'_>, file: &Path) -> Process {
    let mut words = command(host, "respond --config");
    words.arg(file);
    let responder = Process::start(words);
    host.until_joined("eth0", GROUP, 1);
    responder
}

/// Services of these names and ports, as a file.
fn services(all: &[(&str, u16)]) -> String {
    let one = |(name, port): &(&str, u16)| {
        format!("[[services]]\nservice = \"printer\"\nname = \"{name}\"\nport = {port}\n")
    };
    all.iter().map(one).collect()
}

#[test]
fn a_file_that_is_read_again_changes_what_is_new_in_it_and_one_that_is_wrong_nothing() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("services.toml");
    fs::write(&file, services(&[("lab-1", 631), ("lab-2", 631), ("lab-3", 631)])).expect("written");
    let responder = respond(&printer, &file);
    let watcher = mcast(&asker, "discover --watch --service printer --json");
    (0..3).for_each(|_| _ = watcher.line_with("\"found\""));

    fs::write(&file, services(&[("lab-3", 631), ("lab-1", 632), ("lab-4", 631)])).expect("written");
    responder.signal(Signal::USR1);
    let told = responder.error_line_with(" again: ");
    assert!(told.ends_with(" again: 1 service added, 1 changed, 1 withdrawn"), "{told}");
    let mut news: Vec<(String, String, Value)> = (0..3)
        .map(|_| {
            let event = json(&watcher.line());
            let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
            (text("event"), text("name"), event["port"].clone())
        })
        .collect();
    news.sort_by(|one, other| one.1.cmp(&other.1));
    let of = |event: &str, name: &str, port: u16| (event.into(), name.into(), Value::from(port));
    let expected =
        [of("changed", "lab-1", 632), of("lost", "lab-2", 631), of("found", "lab-4", 631)];
    assert_eq!(news, expected);

    for (wrong, said) in [
        ("[[services]]\nservice = \"printer\"\nport = \"a\"", "line 3: port: \"a\" is not a port"),
        ("", "services: there are none"),
    ] {
        fs::write(&file, wrong).expect("written");
        responder.signal(Signal::USR1);
        let told = responder.error_line_with("; what is offered stays as it is");
        assert!(told.contains(said), "{told}");
    }
    let finished = run(&asker, "discover --service printer --json");
    assert_eq!(found(&finished), ["lab-1", "lab-3", "lab-4"]);

    let with_lease = format!("lease = \"60s\"\n{}", services(&[("lab-4", 631)]));
    fs::write(&file, with_lease).expect("written");
    responder.signal(Signal::USR1);
    responder.error_line_with("lease, no-plain and key-file are as they were at the start");
    responder.error_line_with("0 services added, 0 changed, 2 withdrawn");
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
}

#[test]
fn the_signal_ends_no_responder_that_has_no_file() {
    let Some(world) = World::new() else { return };
    let (asker, _printer, responder) = asker_and_printer(&world, "");
    responder.signal(Signal::USR1);
    responder.error_line_with("there is nothing to read again without --config");
    assert_eq!(run(&asker, "discover --service printer -n 1 -t 10s").code, Some(0));
}

#[test]
fn a_watch_waits_for_as_many_services_as_are_wanted() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    for verb in ["discover --service printer", "scan --only mcast"] {
        let words = format!("{verb} --watch --count 2 --deadline 100s --json");
        let watcher = mcast(&asker, &words);
        let one = offer(&printer, &["lab-1".into()], "");
        watcher.line_with("\"found\"");
        let other = offer(&printer, &["lab-2".into()], "");
        let finished = watcher.wait();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let too_few = run(&asker, &format!("{verb} --watch --count 3 --deadline 2s"));
        assert_eq!(too_few.code, Some(1), "{too_few:?}");
        assert!(too_few.stderr.contains(", never 3 at the same time"), "{too_few:?}");
        drop((one, other));
    }
}
