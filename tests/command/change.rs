//! Cards that come, go, fall, return and change their addresses while a verb runs.

use mcast_tests::netns::{Host, Segment, Signal, World, until};

use crate::{events, json, mcast, respond, run, sorted, two_hosts};

/// Finds one responder within two seconds from now, and tells its address.
#[track_caller]
fn found_within_two_seconds(asker: &Host<'_>) -> String {
    let finished = run(asker, "discover --json --repeat 5 -n 1 -t 10s --deadline 2s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    sorted(&events(&finished.stdout, "found"), "addr")[0].to_owned()
}

fn host_on<'w>(world: &'w World, lan: &Segment, address: &str) -> Host<'w> {
    let host = world.host();
    host.card("eth0", lan, &[address]);
    host
}

#[test]
fn a_card_that_was_down_is_answered_on_once_it_is_up() {
    let Some(world) = World::new() else { return };
    let [_, answerer] = two_hosts(&world);
    let far_lan = world.segment();
    let asker = host_on(&world, &far_lan, "10.0.1.1/24");
    answerer.card("eth1", &far_lan, &["10.0.1.2/24"]);
    answerer.ip("link set eth1 down");
    let _responder = respond(&answerer, "eth0", "");
    assert_eq!(answerer.joined("eth1", "224.1.1.1"), 0);
    answerer.ip("link set eth1 up");
    assert_eq!(found_within_two_seconds(&asker), "10.0.1.2:50008");
}

#[test]
fn a_card_that_fell_and_returned_with_another_address_is_answered_on() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let _responder = respond(&answerer, "eth0", "");
    answerer.ip("link set eth0 down");
    answerer.ip("addr del 10.0.0.2/24 dev eth0");
    answerer.add_address("eth0", "10.0.0.7/24");
    answerer.ip("link set eth0 up");
    assert_eq!(found_within_two_seconds(&asker), "10.0.0.7:50008");
}

#[test]
fn a_card_that_was_pulled_out_and_plugged_in_again_is_answered_on() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let asker = host_on(&world, &lan, "10.0.0.1/24");
    let answerer = host_on(&world, &lan, "10.0.0.2/24");
    let mut responder = respond(&answerer, "eth0", "");
    answerer.ip("link del eth0");
    answerer.until_joined("lo", "224.1.1.1", 1);
    answerer.card("eth0", &lan, &["10.0.0.2/24"]);
    assert_eq!(found_within_two_seconds(&asker), "10.0.0.2:50008");
    assert!(responder.is_running());
}

#[test]
fn a_card_that_was_asked_for_by_its_number_is_answered_on_with_another() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let asker = host_on(&world, &lan, "fe80::1/64");
    let answerer = host_on(&world, &lan, "fe80::2/64");
    let before = answerer.index("eth0");
    let zone = format!("-g ff12::5008%{before}");
    let responders = ["-g ff12::5008%eth0", &zone, &format!("-6 -i {before}")]
        .map(|words| mcast(&answerer, &format!("respond {words}")));
    answerer.until_joined("eth0", "ff12::5008", 3);
    answerer.ip("link del eth0");
    answerer.card("eth0", &lan, &["fe80::2/64"]);
    assert_ne!(answerer.index("eth0"), before);
    answerer.until_joined("eth0", "ff12::5008", 3);
    let finished = run(&asker, "discover -6 --repeat 5 -n 1 -t 10s --deadline 2s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    drop(responders);
    for verb in ["discover", "respond"] {
        let unknown = run(&asker, &format!("{verb} -g ff12::5008%99"));
        assert_ne!(unknown.code, Some(0), "{unknown:?}");
        assert!(unknown.stderr.contains("no interface with the number 99"), "{unknown:?}");
    }
}

#[test]
fn respond_and_listen_wait_for_a_first_interface() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let asker = host_on(&world, &lan, "10.0.0.1/24");
    let answerer = world.host();
    answerer.ip("link set lo down");
    let responder = mcast(&answerer, "respond");
    responder.error_line_with("as soon as an interface is up");
    let listener = mcast(&answerer, "listen -n 1");
    listener.error_line_with("as soon as an interface is up");
    answerer.card("eth0", &lan, &["10.0.0.2/24"]);
    assert_eq!(found_within_two_seconds(&asker), "10.0.0.2:50008");
    assert_eq!(listener.wait().code, Some(0));
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
}

#[test]
fn a_card_that_appears_takes_over_from_loopback() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let asker = host_on(&world, &lan, "10.0.0.1/24");
    let answerer = world.host();
    let _responder = respond(&answerer, "lo", "");
    answerer.card("eth0", &lan, &["10.0.0.2/24"]);
    assert_eq!(found_within_two_seconds(&asker), "10.0.0.2:50008");
    answerer.until_joined("lo", "224.1.1.1", 0);
}

#[test]
fn an_address_that_comes_late_is_answered_from() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, answerer] = [host_on(&world, &lan, "10.0.0.1/24"), world.host()];
    answerer.card("eth0", &lan, &[]);
    let _responder = mcast(&answerer, "respond -i eth0");
    answerer.add_address("eth0", "10.0.0.2/24");
    assert_eq!(found_within_two_seconds(&asker), "10.0.0.2:50008");
}

#[test]
fn a_gained_address_puts_its_network_on_the_link() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let asker = host_on(&world, &lan, "10.1.0.1/24");
    let answerer = host_on(&world, &lan, "10.0.0.2/24");
    let responder = respond(&answerer, "eth0", "--json");
    assert_eq!(run(&asker, "send").code, Some(0));
    assert_eq!(json(&responder.event())["refused"], "off-link");
    answerer.add_address("eth0", "10.1.0.2/24");
    assert_eq!(found_within_two_seconds(&asker), "10.1.0.2:50008");
    answerer.ip("addr del 10.1.0.2/24 dev eth0");
    // Until the responder knows, an answer leaves from the address that is left.
    until("the asker to be off the link", || run(&asker, "discover -t 100ms").code == Some(1));
    let finished = run(&asker, "discover --repeat 3 -t 300ms");
    assert_eq!(finished.code, Some(1), "{finished:?}");
}

#[test]
fn a_running_discover_asks_on_a_card_that_comes_up() {
    let Some(world) = World::new() else { return };
    let [asker, _] = two_hosts(&world);
    let far_lan = world.segment();
    let answerer = host_on(&world, &far_lan, "10.0.1.2/24");
    asker.card("eth1", &far_lan, &["10.0.1.1/24"]);
    asker.ip("link set eth1 down");
    let _responder = respond(&answerer, "eth0", "");
    let capture = asker.capture("eth0");
    let discover = mcast(&asker, "discover --json --repeat 20 -n 1 -t 10s");
    capture.packet(|packet| packet.outgoing);
    asker.ip("link set eth1 up");
    let found = json(&discover.event());
    assert_eq!((&found["addr"], &found["interface"]), (&"10.0.1.2:50008".into(), &"eth1".into()));
    assert_eq!(discover.wait().code, Some(0));
}

#[test]
fn a_card_that_falls_does_not_end_the_work_on_the_others() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let far_lan = world.segment();
    asker.card("eth1", &far_lan, &["10.0.1.1/24"]);
    let capture = asker.capture("eth0");
    let discover = mcast(&asker, "discover --json --repeat 20 -n 1 -t 10s");
    capture.packet(|packet| packet.outgoing);
    asker.ip("link set eth1 down");
    // Two more probes, so that it has met the fallen card.
    capture.packet(|packet| packet.outgoing);
    capture.packet(|packet| packet.outgoing);
    let _responder = respond(&answerer, "eth0", "");
    assert_eq!(json(&discover.event())["addr"], "10.0.0.2:50008");
    let finished = discover.wait();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let warnings = finished.stderr.lines().filter(|line| line.contains("eth1:")).count();
    assert!(warnings <= 1, "said once: {}", finished.stderr);
}

#[test]
fn all_cards_down_ends_nothing() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let mut responder = respond(&answerer, "eth0", "");
    for _ in 0..3 {
        answerer.ip("link set lo down");
        answerer.ip("link set eth0 down");
        answerer.until_joined("eth0", "224.1.1.1", 0);
        assert!(responder.is_running());
        answerer.ip("link set eth0 up");
        assert_eq!(found_within_two_seconds(&asker), "10.0.0.2:50008");
    }
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
}

#[test]
fn a_listener_hears_on_after_its_card_fell_and_returned() {
    let Some(world) = World::new() else { return };
    let [sender, hearer] = two_hosts(&world);
    let listener = mcast(&hearer, "listen");
    hearer.until_joined("eth0", "224.1.1.1", 1);
    hearer.ip("link set eth0 down");
    hearer.ip("link set eth0 up");
    let _ticks = mcast(&sender, "send tick --every 50ms");
    assert!(listener.line().ends_with("  tick"));
}

#[test]
fn a_responder_that_was_stopped_and_continued_answers() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = two_hosts(&world);
    let responder = respond(&answerer, "eth0", "");
    responder.signal(Signal::STOP);
    assert_eq!(run(&asker, "discover -t 200ms").code, Some(1));
    responder.signal(Signal::CONT);
    assert_eq!(found_within_two_seconds(&asker), "10.0.0.2:50008");
}
