//! Who a responder is, by its id: the same after every start, and nobody else.

use std::collections::BTreeMap;

use mcast_tests::netns::{Host, Process, Signal, World};

use crate::doubts::assert_doubted;
use crate::{GROUP, done, events, host, json, mcast, run};

/// The ids of those found, by the ports of their services.
#[track_caller]
fn ids(asker: &Host<'_>) -> BTreeMap<u64, String> {
    let finished = run(asker, "discover --service * --json");
    let found = events(&finished.stdout, "found");
    let id = |event: &serde_json::Value| {
        let port = event["port"].as_u64().unwrap_or_else(|| panic!("{event}"));
        (port, event["id"].as_str().expect("text").to_owned())
    };
    let ids: BTreeMap<u64, String> = found.iter().map(id).collect();
    assert_eq!((ids.len(), &done(&finished)["complete"]), (found.len(), &true.into()));
    ids
}

/// Starts one that offers what these words say, and waits until it hears the group.
#[track_caller]
fn offer(host: &Host<'_>, words: &str) -> Process {
    let before = host.joined("eth0", GROUP);
    let responder = mcast(host, &format!("respond --no-plain {words}"));
    host.until_joined("eth0", GROUP, before + 1);
    responder
}

#[track_caller]
fn end(responder: Process) {
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
}

#[test]
fn an_id_stays_over_a_restart_another_port_and_another_address_but_not_into_another_network() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let elsewhere = world.host();
    elsewhere.card("eth0", &lan, &["10.7.0.1/24"]);
    let first = offer(&printer, "--service printer --name lab-3 --port 1 --service scan --port 2");
    let before = ids(&asker);
    assert_ne!(before[&1], before[&2]);
    end(first);

    let moved = |from: &str, to: &str| {
        printer.ip(&format!("addr del {from} dev eth0"));
        printer.add_address("eth0", to);
    };
    moved("10.0.0.2/24", "10.0.0.77/24");
    let second = offer(&printer, "--service scan --port 4 --service printer --name lab-3 --port 3");
    let after = ids(&asker);
    assert_eq!((&after[&3], &after[&4]), (&before[&1], &before[&2]));
    end(second);

    moved("10.0.0.77/24", "10.7.0.2/24");
    let _third = offer(&printer, "--service printer --name lab-3 --port 1");
    assert_ne!(ids(&elsewhere)[&1], before[&1]);
}

#[test]
fn two_that_offer_the_same_are_two_and_each_is_itself_again() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let same = |port: u32| format!("--service printer --name lab-3 --port {port}");
    let first = offer(&printer, &same(1));
    let second = offer(&printer, &same(2));
    let before = ids(&asker);
    assert_eq!(before.len(), 2);
    assert_ne!(before[&1], before[&2]);
    // However it ends.
    assert_eq!(second.stop(Signal::KILL).code, None);
    let second = offer(&printer, &same(2));
    assert_eq!(ids(&asker), before);
    end(first);
    let _first = offer(&printer, &same(1));
    assert_eq!(ids(&asker), before);
    drop(second);
}

#[test]
fn an_id_that_is_given_is_the_id() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, printer] = [1, 2].map(|number| host(&world, &lan, number));
    let _responder = offer(&printer, "--service printer --port 1 --id c0ffee --service a --port 2");
    assert_eq!(ids(&asker)[&1], "0000000000c0ffee");
    let finished = run(&printer, "respond --service a --id 7 --service b --id 07");
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("two services have the id 0000000000000007"), "{finished:?}");
}

/// As machines do that were copied with all that is theirs.
#[test]
fn two_hosts_with_one_id_are_a_conflict() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, one, other] = [1, 2, 3].map(|number| host(&world, &lan, number));
    let watcher = mcast(&asker, "discover --watch --service * --json");
    let _one = offer(&one, "--service printer --name lab-3 --port 1 --id feed");
    let found = json(&watcher.line_with("\"found\""));
    let _other = offer(&other, "--service printer --name lab-4 --port 2 --id feed");
    let changed = json(&watcher.line_with("\"conflict\""));
    assert_eq!((&changed["event"], &changed["id"]), (&"changed".into(), &found["id"]), "{changed}");

    let finished = run(&asker, "discover --service * --json");
    assert_doubted(&finished, "conflict", "give one of them another --id");
    let changed = events(&finished.stdout, "changed");
    assert!(changed.iter().any(|event| event["change"] == "conflict"), "{finished:?}");
}
