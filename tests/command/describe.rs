//! What devices say of themselves at their URLs: read where that is asked for, and from nobody else.

use std::collections::BTreeMap;

use mcast_tests::netns::{Host, Process, Signal, World};
use serde_json::Value;

use crate::{events, json, mcast, run};

/// Where no device is, but somebody who says when he is asked.
const ELSEWHERE: &str = "10.77.0.200";

/// All that a device can be, from 10.77.0.10 on.
const MODES: [&str; 13] = [
    "good",
    "chunked",
    "endless",
    "drip",
    "silent",
    "redirect",
    "elsewhere",
    "name",
    "nested",
    "hostile",
    "escape",
    "many",
    "closed",
];

/// Who asks, these devices, and who is elsewhere.
struct Stage<'w> {
    asker: Host<'w>,
    devices: Process,
    elsewhere: Process,
    hosts: [Host<'w>; 2],
}

impl<'w> Stage<'w> {
    fn new(world: &'w World, modes: &[&str]) -> Stage<'w> {
        let lan = world.segment();
        let host = |addresses: &[String]| {
            let host = world.host();
            let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
            host.card("eth0", &lan, &addresses);
            host.default_route("eth0");
            host
        };
        let asker = host(&["10.77.0.1/24".into()]);
        let place = |nth: usize| format!("10.77.0.{}", 10 + nth);
        let all: Vec<String> = (0..modes.len()).map(|nth| format!("{}/24", place(nth))).collect();
        let device = host(&all);
        let stranger = host(&[format!("{ELSEWHERE}/24")]);
        let args: Vec<String> =
            modes.iter().enumerate().map(|(nth, mode)| format!("{}={mode}", place(nth))).collect();
        let args: Vec<&str> =
            [ELSEWHERE].into_iter().chain(args.iter().map(String::as_str)).collect();
        let devices = device.peer("upnp.py", &args);
        devices.line_with("ready");
        let accept = format!(
            "import socket\n\
             server = socket.create_server(('{ELSEWHERE}', 8000)); print('ready')\n\
             while True: server.accept(); print('asked')"
        );
        let elsewhere = stranger.python(["-c", &accept]);
        elsewhere.line_with("ready");
        Stage { asker, devices, elsewhere, hosts: [device, stranger] }
    }
}

/// The second of the day.
fn second(event: &Value) -> f64 {
    let time = event["time"].as_str().expect("a time");
    let parts: Vec<f64> =
        time[11..26].split(':').map(|part| part.parse().expect("a number")).collect();
    parts.iter().fold(0.0, |sum, part| sum * 60.0 + part)
}

#[test]
fn without_the_option_nobody_is_connected_to() {
    let Some(world) = World::new() else { return };
    let stage = Stage::new(&world, &["good", "elsewhere"]);
    let finished = run(&stage.asker, "scan --only ssdp --json -t 500ms");
    assert_eq!(events(&finished.stdout, "found").len(), 2, "{finished:?}");
    assert_eq!(events(&finished.stdout, "described").len(), 0, "{finished:?}");
    for process in [stage.devices, stage.elsewhere] {
        assert_eq!(process.lines_so_far(), Vec::<String>::new());
    }
}

#[test]
fn each_device_is_asked_alone_and_none_holds_up_another() {
    let Some(world) = World::new() else { return };
    let stage = Stage::new(&world, &MODES);
    let finished = run(&stage.asker, "scan --only ssdp --json -t 500ms --describe");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = events(&finished.stdout, "found");
    let described = events(&finished.stdout, "described");
    assert_eq!((found.len(), described.len()), (MODES.len(), MODES.len()), "{finished:?}");
    let told: BTreeMap<&str, &Value> = described
        .iter()
        .map(|event| (event["device"].as_str().expect("a device"), event))
        .collect();
    let of = |mode: &str| {
        let nth = MODES.iter().position(|it| *it == mode).expect("a mode");
        told[format!("10.77.0.{}", 10 + nth).as_str()]
    };
    for (mode, error) in [
        ("endless", "too_long"),
        ("many", "refused"),
        ("drip", "late"),
        ("silent", "late"),
        ("redirect", "redirected"),
        ("elsewhere", "elsewhere"),
        ("name", "elsewhere"),
        ("nested", "malformed"),
        ("escape", "malformed"),
        ("closed", "unreachable"),
    ] {
        assert_eq!(of(mode)["error"], error, "{mode}: {}", of(mode));
        assert!(of(mode)["name"].is_null());
    }
    let good = of("good");
    for (field, expected) in [
        ("dialect", "ssdp"),
        ("device", "10.77.0.10"),
        ("interface", "eth0"),
        ("url", "http://10.77.0.10:8000/device.xml"),
        ("name", "Living Room & Kitchen"),
        ("manufacturer", "ACME"),
        ("model", "TV 1"),
        ("udn", "uuid:1"),
    ] {
        assert_eq!(good[field], expected, "{field}: {good}");
    }
    assert!(good.get("error").is_none(), "{good}");
    assert_eq!(of("chunked")["name"], "Chunky");
    assert_eq!(of("hostile")["name"], "\u{9b}2J\u{202e}ev\u{2028}il");
    // All at once take as long as the slowest: two seconds, and not two for each.
    let (first, last) = (second(&described[0]), second(&described[MODES.len() - 1]));
    let took = (last - first).rem_euclid(86_400.0);
    assert!(took < 4.0, "{took}");
    assert!(second(good) - first < 1.0, "the good one waits for nobody: {good}");
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!((&done["event"], &done["found"]), (&"done".into(), &MODES.len().into()), "{done}");

    assert_eq!(stage.elsewhere.lines_so_far(), Vec::<String>::new());
    let mut asked = stage.devices.lines_so_far();
    asked.sort();
    let expected = MODES.iter().filter(|mode| !["closed", "elsewhere", "name"].contains(mode));
    let mut expected: Vec<String> = expected.map(|mode| format!("asked {mode}")).collect();
    expected.sort();
    assert_eq!(asked, expected);
}

#[test]
fn in_text_a_device_is_called_what_it_calls_itself_and_harms_nobody() {
    let Some(world) = World::new() else { return };
    let stage = Stage::new(&world, &["good", "hostile", "redirect"]);
    let finished = run(&stage.asker, "scan --only ssdp -t 500ms --describe");
    assert_eq!(
        finished.stdout,
        "10.77.0.10  eth0\n  \
           about  Living Room & Kitchen, by ACME, model TV 1\n  \
           ssdp   upnp:rootdevice   8000  -\n\
         \n\
         10.77.0.11  eth0\n  \
           about  \\u{9b}2J\\u{202e}ev\\u{2028}il, by \\u{9b}31m\\\\x1b, model TV 1\n  \
           ssdp   upnp:rootdevice   8000  -\n\
         \n\
         10.77.0.12  eth0\n  \
           ssdp   upnp:rootdevice   8000  -\n"
    );
    let with_details = run(&stage.asker, "scan --only ssdp -t 500ms --describe -v");
    let reason = "  about  no description at http://10.77.0.12:8000/device.xml: redirected\n";
    assert!(with_details.stdout.contains(reason), "{with_details:?}");
}

#[test]
fn by_ipv6_and_on_this_machine_itself_it_is_the_same() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, device] = [1, 2].map(|nth| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.77.0.{nth}/24"), &format!("fe80::{nth}/64")]);
        host.default_route("eth0");
        host
    });
    let far = device.peer("upnp.py", &[ELSEWHERE, "fe80::2=good"]);
    let own = asker.peer("upnp.py", &[ELSEWHERE, "10.77.0.1=chunked"]);
    for process in [&far, &own] {
        process.line_with("ready");
    }
    let finished = run(&asker, "scan --only ssdp --json -t 500ms --describe");
    let described = events(&finished.stdout, "described");
    let mut told: Vec<_> =
        described.iter().map(|it| (it["device"].as_str(), it["name"].as_str())).collect();
    told.sort_unstable();
    let expected = [("10.77.0.1", "Chunky"), ("fe80::2%eth0", "Living Room & Kitchen")];
    assert_eq!(told, expected.map(|(device, name)| (Some(device), Some(name))), "{finished:?}");
}

#[test]
fn nobody_beyond_the_link_is_asked() {
    let Some(world) = World::new() else { return };
    let stage = Stage::new(&world, &["good"]);
    // The datagrams come from there, but this host's network ends before it.
    stage.asker.ip("addr del 10.77.0.1/24 dev eth0");
    stage.asker.ip("addr add 10.77.0.1/29 dev eth0");
    stage.asker.ip("route replace default via 10.77.0.2 dev eth0 onlink");
    stage.hosts[0].ip("addr add 10.77.0.2/24 dev eth0");
    let finished = run(&stage.asker, "scan --only ssdp --json -t 500ms --describe");
    let described = events(&finished.stdout, "described");
    let [it] = &described[..] else { panic!("{finished:?}") };
    assert_eq!(it["error"], "off_link", "{it}");
    assert_eq!(stage.devices.lines_so_far(), Vec::<String>::new());
}

#[test]
fn a_signal_ends_the_reading_too() {
    let Some(world) = World::new() else { return };
    let stage = Stage::new(&world, &["silent"]);
    let scan = mcast(&stage.asker, "scan --only ssdp --json -t 500ms --describe");
    stage.devices.line_with("asked silent");
    let finished = scan.stop(Signal::INT);
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_eq!(events(&finished.stdout, "described").len(), 0, "{finished:?}");
    assert_eq!(events(&finished.stdout, "done").len(), 1, "{finished:?}");
}
