//! Scanning: devices that answer as real ones did, each in its own protocol.

use std::net::IpAddr;
use std::path::Path;

use mcast_tests::netns::{Finished, Host, Process, Signal, World, until};
use serde_json::Value;

use crate::{command, events, json, mcast, run, sorted};

/// Two hosts on one segment: one to scan from, and one with a card `eth0` of the address that devices have.
fn hosts(world: &World) -> [Host<'_>; 2] {
    let lan = world.segment();
    ["10.77.0.1/24", "10.77.0.2/24"].map(|address| {
        let host = world.host();
        host.card("eth0", &lan, &[address]);
        host.default_route("eth0");
        host
    })
}

/// Starts devices of four protocols, of this kind.
#[track_caller]
fn devices(host: &Host<'_>, kind: &str) -> Process {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dialects/fixtures");
    let devices = host.peer("devices.py", &[&root.to_string_lossy(), "10.77.0.2", kind]);
    devices.line_with("ready");
    devices
}

/// The events of one protocol.
fn of<'e>(events: &'e [Value], dialect: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["dialect"] == dialect).collect()
}

#[test]
fn each_device_is_found_once_in_its_own_protocol() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "");
    let finished = run(&asker, "scan --json");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let found = events(&finished.stdout, "found");
    for event in &found {
        assert_eq!((&event["device"], &event["interface"]), (&"10.77.0.2".into(), &"eth0".into()));
    }

    let [printer] = of(&found, "mdns")[..] else { panic!("{found:?}") };
    for (field, expected) in [
        ("id", "büro 2\\. stock._ipp._tcp.local"),
        ("name", "Büro 2. Stock"),
        ("service", "_ipp._tcp"),
        ("addr", "10.77.0.2:631"),
        ("host", "drucker.local"),
    ] {
        assert_eq!(printer[field], expected, "{field}: {printer}");
    }
    assert_eq!(printer["txt"]["rp"], "ipp/print");

    let parts: Vec<Value> = of(&found, "ssdp").into_iter().cloned().collect();
    let uuid = "uuid:1cd38bfe-3c10-403e-a97f-2bc5c1652b9a";
    let renderer = "urn:schemas-upnp-org:device:MediaRenderer:1";
    let control = "urn:schemas-upnp-org:service:RenderingControl:1";
    assert_eq!(sorted(&parts, "service"), ["upnp:rootdevice", renderer, control, uuid]);
    let part = parts.iter().find(|part| part["service"] == renderer).expect("a part");
    assert_eq!(part["id"], format!("{uuid}::{renderer}"), "{part}");
    assert_eq!(part["url"], "http://10.77.0.2:8000/device.xml");
    assert_eq!((&part["addr"], &part["lease_ms"]), (&"10.77.0.2:8000".into(), &1_800_000.into()));

    let [host] = of(&found, "wsd")[..] else { panic!("{found:?}") };
    assert_eq!(host["id"], "urn:uuid:3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03", "{host}");
    assert!(host["service"].as_str().is_some_and(|it| it.ends_with("/devprof}Device")), "{host}");
    assert!(host["services"][1].as_str().is_some_and(|it| it.ends_with("}Computer")), "{host}");
    assert!(host["lease_ms"].is_null(), "{host}");
    // Where it is it says when it is asked that alone.
    let changed = events(&finished.stdout, "changed");
    let [resolved] = of(&changed, "wsd")[..] else { panic!("{changed:?}") };
    assert_eq!(resolved["addr"], "10.77.0.2:5357", "{resolved}");

    let [sensor] = of(&found, "coap")[..] else { panic!("{found:?}") };
    for (field, expected) in
        [("id", "10.77.0.2:5683"), ("addr", "10.77.0.2:5683"), ("name", "General Info")]
    {
        assert_eq!(sensor[field], expected, "{field}: {sensor}");
    }

    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!((&done["event"], &done["found"]), (&"done".into(), &7.into()), "{done}");
    assert!(done["complete"].is_null(), "{done}");
    assert_eq!(done["incomplete_because"], Value::Array(Vec::new()), "{done}");
    let asked = done["asked"].as_array().expect("a list");
    for name in ["mdns", "ssdp", "wsd", "coap", "mcast", "plain", "yeelight"] {
        assert!(asked.contains(&name.into()), "{name}: {done}");
    }
    let elapsed = done["elapsed_ms"].as_f64().expect("a time");
    assert!(elapsed < 7_000.0, "{elapsed}");
}

#[test]
fn what_one_address_said_is_one_block() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "");
    let finished = run(&asker, "scan --only mdns,ssdp,wsd -t 1s");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        finished.stdout,
        "10.77.0.2  eth0  drucker.local  printer\n  \
           mdns   _ipp._tcp                                          631  Büro 2. Stock\n  \
           ssdp   urn:schemas-upnp-org:device:MediaRenderer:1       8000  async-upnp-client/0.49.0 UPnP/2.0 Server/1.0\n  \
           ssdp   urn:schemas-upnp-org:service:RenderingControl:1   8000  async-upnp-client/0.49.0 UPnP/2.0 Server/1.0\n  \
           wsd    Device,Computer                                   5357  -\n"
    );
    assert!(
        finished.stderr.contains("6 services in ")
            && finished.stderr.contains("asked in mdns, ssdp, wsd")
    );
    let with_details = run(&asker, "scan --only mdns -t 1s -v");
    assert!(with_details.stdout.contains("\n      rp=ipp/print\n"), "{with_details:?}");
}

#[test]
fn only_what_is_asked_for_is_asked_and_told() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "");
    let capture = asker.capture("eth0");
    let dialects = |words: &str| {
        let finished = run(&asker, &format!("scan --json -4 {words}"));
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let found = events(&finished.stdout, "found");
        let mut all: Vec<String> =
            sorted(&found, "dialect").into_iter().map(str::to_owned).collect();
        all.dedup();
        let done = json(finished.stdout.lines().last().expect("a last line"));
        assert_eq!(done["found"], found.len(), "{done}");
        (all, found.len())
    };
    assert_eq!(dialects("--only wsd -t 1s"), (vec!["wsd".into()], 1));
    let ports = capture.stop().into_iter().map(|packet| packet.destination.port());
    assert!(!ports.clone().any(|port| [5353, 1900, 5683, 50_008, 50_009].contains(&port)));
    assert!(ports.clone().any(|port| port == 3_702));
    assert_eq!(dialects("--type _ipp._tcp -t 1s"), (vec!["mdns".into()], 1));
    let renderer = "urn:schemas-upnp-org:device:MediaRenderer:1";
    assert_eq!(dialects(&format!("--only ssdp --type {renderer} -t 1s")), (vec!["ssdp".into()], 1));
    assert_eq!(
        dialects("--only mdns,ssdp,coap --deadline 3s --name general*"),
        (vec!["coap".into()], 1)
    );
}

#[test]
fn nothing_found_is_exit_1_and_says_what_was_asked() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "silent");
    let finished = run(&asker, "scan --only mdns,wsd -t 500ms");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:?}");
    assert!(finished.stderr.contains("on eth0, asked in mdns, wsd: "), "{finished:?}");
    let json_of_none = run(&asker, "scan --only mdns --json -t 500ms");
    assert_eq!((json_of_none.code, json_of_none.stdout.lines().count()), (Some(1), 2));
}

#[test]
fn whatever_a_device_calls_itself_the_terminal_is_left_alone() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "hostile");
    for words in [
        "scan --only mdns,ssdp -t 1s",
        "scan --only mdns,ssdp -t 1s -v",
        "scan --only mdns,ssdp -t 1s --json",
    ] {
        let finished = run(&asker, words);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let is_harmful = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!finished.stdout.contains(is_harmful), "{finished:?}");
        assert!(finished.stdout.contains("[2J"), "it is there, escaped: {finished:?}");
    }
}

#[test]
fn who_says_goodbye_is_lost_and_a_watch_ends_at_a_signal() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "leaving");
    let watcher = mcast(&asker, "scan --watch --json --only mdns,ssdp");
    let mut found = Vec::new();
    while found.len() < 5 {
        let event = json(&watcher.event());
        if event["event"] == "found" {
            found.push(event);
        }
    }
    assert_eq!((of(&found, "mdns").len(), of(&found, "ssdp").len()), (1, 4), "{found:?}");
    let leave = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('10.77.0.2', 9))";
    assert_eq!(asker.python(["-c", leave]).wait().code, Some(0));
    let mut lost = Vec::new();
    while lost.len() < 5 {
        let event = json(&watcher.line_with("\"lost\""));
        assert_eq!((&event["reason"], &event["device"]), (&"goodbye".into(), &"10.77.0.2".into()));
        lost.push(event);
    }
    assert_eq!(sorted(&lost, "id"), sorted(&found, "id"));
    let finished = watcher.stop(Signal::TERM);
    assert_eq!(finished.code, Some(143), "{finished:?}");
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!(
        (&done["event"], &done["incomplete_because"][0]),
        (&"done".into(), &"closed".into())
    );
}

#[test]
fn a_port_that_another_program_keeps_is_done_without() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "");
    let keeper = "import socket, time\n\
        kept = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]\n\
        kept[0].bind(('', 5353)); kept[1].bind(('', 4445))\n\
        print('kept'); time.sleep(600)";
    let keeper = asker.python(["-c", keeper]);
    keeper.line_with("kept");
    let watcher = mcast(&asker, "scan --watch --json --only mdns,minecraft");
    let printer = json(&watcher.line_with("_ipp._tcp"));
    assert_eq!((&printer["event"], &printer["addr"]), (&"found".into(), &"10.77.0.2:631".into()));
    let finished = watcher.stop(Signal::INT);
    assert_eq!(finished.code, Some(130), "{finished:?}");
    let said = |part: &str| finished.stderr.lines().filter(|line| line.contains(part)).count();
    assert_eq!(said("mdns is asked in from another port"), 1, "{finished:?}");
    assert_eq!(said("minecraft is left out: "), 1, "{finished:?}");
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!(done["asked"], Value::from(vec!["mdns"]), "{done}");
    // Who asks once hears answers to itself.
    let once = run(&asker, "scan --json --only mdns,minecraft -t 1s");
    assert_eq!((once.code, events(&once.stdout, "found").len()), (Some(0), 1), "{once:?}");
}

/// Runs `mcast` with presets of one's own in its configuration folder, and with these words.
fn with_presets(host: &Host<'_>, table: &str, words: &str) -> Finished {
    let folder = tempfile::tempdir().expect("a folder");
    let presets = folder.path().join("mcast/presets");
    std::fs::create_dir_all(&presets).expect("a folder");
    std::fs::write(presets.join("own.toml"), table).expect("a file");
    let mut command = command(host, words);
    command.env("XDG_CONFIG_HOME", folder.path());
    Process::start(command).wait()
}

#[test]
fn a_preset_of_ones_own_finds_what_it_describes() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let responder = mcast(&answerer, "respond --reply serial=7;port=80;name=Gate");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    // The example of the documentation.
    let page = include_str!("../../docs/dialects.md");
    let table = page.split("```toml\n").nth(1).and_then(|it| it.split("```").next());
    let table = table.expect("an example");
    let finished = with_presets(&asker, table, "scan --json --only gate -t 500ms");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let [gate] = &events(&finished.stdout, "found")[..] else { panic!("{finished:?}") };
    for (field, expected) in
        [("dialect", "gate"), ("id", "7"), ("name", "Gate"), ("addr", "10.77.0.2:80")]
    {
        assert_eq!(gate[field], expected, "{field}: {gate}");
    }
    drop(responder);
    let wrong = with_presets(&asker, &table.replace("\"line\"", "\"lines\""), "scan");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""), "{wrong:?}");
    assert!(wrong.stderr.contains("own.toml: preset gate: answer "), "{wrong:?}");
}

#[test]
fn a_wrong_command_line_is_exit_2_and_no_network_is_exit_3() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let unknown = run(&host, "scan --only mdsn");
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(
        unknown.stderr.contains("\"mdsn\"") && unknown.stderr.contains("mdns, ssdp, wsd, coap")
    );
    let shy = run(&host, "scan --only lifx");
    assert!(shy.code == Some(2) && shy.stderr.contains("--broadcast"), "{shy:?}");
    let none = run(&host, "scan -i eth9 -t 500ms");
    assert_eq!(none.code, Some(3), "{none:?}");
}

#[test]
fn it_says_how_long_it_still_listens_and_what_it_has_found_when_it_is_interrupted() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "");
    let words = "--color never scan --only ssdp -t 1s";
    let finished = Process::start_on_terminal(command(&asker, words)).wait();
    assert!(finished.stdout.contains("4 services, 0."), "{finished:?}");
    assert!(finished.stdout.contains(" s left; ssdp"), "{finished:?}");
    let last = finished.stdout.lines().last().expect("a last line");
    assert!(last.starts_with("4 services in ") && last.contains("asked in ssdp"), "{last:?}");

    let capture = asker.capture("eth0");
    let interrupted = mcast(&asker, "scan --only wsd,coap");
    // That it asks a device alone shows that it has found it.
    let resolve = b"<wsd:Resolve>";
    capture.packet(|packet| packet.payload.windows(resolve.len()).any(|part| part == resolve));
    let finished = interrupted.stop(Signal::INT);
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.stdout.contains("  wsd    Device"), "{finished:?}");
}

#[test]
fn a_watch_on_a_terminal_is_a_table_of_all_protocols() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "");
    let words = "--color never scan --watch --only mdns,coap,wsd";
    let terminal = Process::start_on_terminal(command(&asker, words));
    let mut seen = Vec::new();
    until("three rows", || {
        seen.extend(terminal.lines_so_far());
        ["Büro 2.", "General I", "3 there; 3 found and 0 lost; on eth0"]
            .iter()
            .all(|part| seen.iter().any(|line| line.contains(part)))
    });
    assert_eq!(terminal.stop(Signal::INT).code, Some(130));
}

#[test]
fn a_watch_in_a_pipe_is_a_line_an_event_with_its_protocol() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let _devices = devices(&answerer, "");
    let watcher = mcast(&asker, "scan --watch --only mdns,coap");
    let sensor = watcher.line_with("ticks");
    let words: Vec<&str> = sensor.split_whitespace().collect();
    assert_eq!(words[1..4], ["found", "10.77.0.2:5683", "eth0"], "{sensor}");
    assert_eq!(words[5..8], ["ms", "coap", "ticks,clock"], "{sensor}");
    assert_eq!(watcher.stop(Signal::TERM).code, Some(143));
}

#[test]
fn broadcast_is_used_where_it_is_allowed_alone() {
    let Some(world) = World::new() else { return };
    let [asker, answerer] = hosts(&world);
    let server = "import socket\n\
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 7359)); print('ready')\n\
        while True:\n\
        \x20   asker = s.recvfrom(100)[1]\n\
        \x20   s.sendto(b'{\"Address\":\"http://10.77.0.2:8096\",\"Id\":\"ab\",\"Name\":\"Films\"}', asker)";
    let server = answerer.python(["-c", server]);
    server.line_with("ready");
    let capture = asker.capture("eth0");
    assert_eq!(run(&asker, "scan -4 -t 500ms --deadline 1s").code, Some(1));
    let is_broadcast = |ip: IpAddr| ip.to_string().ends_with(".255") && !ip.is_multicast();
    let sent = capture.stop();
    assert!(
        !sent.is_empty() && !sent.iter().any(|it| is_broadcast(it.destination.ip())),
        "{sent:?}"
    );
    let finished = run(&asker, "scan --only jellyfin --broadcast --json -t 500ms");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let [server] = &events(&finished.stdout, "found")[..] else { panic!("{finished:?}") };
    for (field, expected) in
        [("dialect", "jellyfin"), ("id", "ab"), ("name", "Films"), ("addr", "10.77.0.2:8096")]
    {
        assert_eq!(server[field], expected, "{field}: {server}");
    }
}

#[test]
fn both_families_are_asked_or_the_one_that_is_named() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let [asker, answerer] = [1, 2].map(|nth| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.77.0.{nth}/24"), &format!("fd00:77::{nth}/64")]);
        host.default_route("eth0");
        host
    });
    let _responder = mcast(&answerer, "respond -4 -6");
    answerer.until_joined("eth0", "224.1.1.1", 1);
    answerer.until_joined("eth0", "ff12::5008", 1);
    for (words, devices) in
        [("-4", &["10.77.0.2"][..]), ("-6", &["fd00:77::2"]), ("", &["10.77.0.2", "fd00:77::2"])]
    {
        let finished = run(&asker, &format!("scan --only plain --json -t 500ms {words}"));
        let found = events(&finished.stdout, "found");
        let heard = sorted(&found, "device");
        assert_eq!(heard, devices, "{words}: {finished:?}");
    }
}

#[test]
fn with_the_loopback_alone_nothing_is_asked_that_can_not_leave() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    let _responder = mcast(&host, "respond -i lo");
    host.until_joined("lo", "224.1.1.1", 1);
    let finished = run(&host, "scan --only mdns,plain,mcast -t 500ms --json");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let done = json(finished.stdout.lines().last().expect("a last line"));
    assert_eq!(
        (&done["found"], &done["not_asked"]),
        (&1.into(), &Value::Array(Vec::new())),
        "{done}"
    );
    assert_eq!(finished.stderr.matches("for want of another").count(), 1, "{finished:?}");
    let by_name = run(&host, "scan -i lo --only mdns,plain -t 500ms --json");
    let done = json(by_name.stdout.lines().last().expect("a last line"));
    assert_eq!(
        (&done["found"], &done["not_asked"]),
        (&1.into(), &Value::Array(Vec::new())),
        "{done}"
    );
}
