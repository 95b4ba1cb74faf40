//! What is heard of others, and by which way.

use std::time::Duration;

use mcast_doctor::facts::{Device, Seen, Signal};
use mcast_doctor::probe;
use mcast_tests::netns::{Host, Process, World};

use crate::{facts, inside, interfaces, print, read, to_its_end};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dialects/fixtures");

#[test]
#[ignore = "the second half of the other tests"]
fn signal() {
    print(&to_its_end(|conduct| probe::signal(&interfaces(), Duration::from_secs(3), conduct)));
}

/// This host, and one of devices that answer as real ones did.
fn hosts(world: &World) -> (Host<'_>, Host<'_>) {
    let lan = world.segment();
    let (own, devices) = (world.host(), world.host());
    own.card("eth0", &lan, &["10.0.0.1/24", "fe80::1/64"]);
    devices.card("eth0", &lan, &["10.0.0.2/24"]);
    (own, devices)
}

fn start(devices: &Host<'_>, mode: &[&str]) -> Process {
    let process = devices.peer("devices.py", &[&[FIXTURES, "10.0.0.2"], mode].concat());
    process.line_with("ready");
    process
}

#[track_caller]
fn device<'s>(signal: &'s Signal, dialect: &str) -> &'s Device {
    let is_it = |it: &&Device| it.dialect == dialect && it.address.to_string() == "10.0.0.2";
    signal.devices.iter().find(is_it).unwrap_or_else(|| panic!("{dialect}: {signal:?}"))
}

#[test]
fn devices_that_answer_are_counted_by_the_way_of_their_answers() {
    let Some(world) = World::new() else { return };
    let (own, devices) = hosts(&world);
    let _devices = start(&devices, &[]);
    let signal: Signal = facts(&own, "signal::signal");

    let mdns = device(&signal, "mdns");
    assert_eq!((mdns.answered_by_unicast, mdns.answered_to_group), (3, 3), "{mdns:?}");
    assert_eq!(mdns.announced, mdns.to_group);
    // It hears the group alone, and is asked all the same.
    assert_eq!((mdns.asked_directly, mdns.answered_directly), (2, 0), "{mdns:?}");
    let ssdp = device(&signal, "ssdp");
    assert!(ssdp.answered_by_unicast >= 12 && ssdp.to_group == 0, "{ssdp:?}");
    let wsd = device(&signal, "wsd");
    assert_eq!((wsd.answered_by_unicast, wsd.to_group), (3, 0), "{wsd:?}");

    let asked = |dialect: &str| {
        let it = signal.asked.iter().find(|it| it.dialect == dialect && it.group.is_ipv4());
        it.map(|it| (it.for_unicast, it.for_group, it.refused))
    };
    assert_eq!(asked("mdns"), Some((3, 3, 0)));
    assert_eq!(asked("ssdp"), Some((3, 0, 0)));
    assert_eq!(asked("wsd"), Some((3, 0, 0)));
    let heard = signal.groups.iter().find(|it| it.group.to_string() == "224.0.0.251");
    assert_eq!(heard.map(|it| (it.datagrams, it.hosts)), Some((3, 1)), "{:?}", signal.groups);
    assert_eq!(signal.groups.len(), 6, "three groups in each family: {:?}", signal.groups);
    assert!(matches!(&signal.querier, Seen::Is(it) if it.heard.is_empty()), "{:?}", signal.querier);
    assert!(signal.listened_ms >= 3000 && signal.dropped == 0 && signal.unlisted == 0);
}

#[test]
fn a_filter_that_drops_answers_by_unicast_leaves_those_to_the_group() {
    let Some(world) = World::with_nft() else { return };
    let (own, devices) = hosts(&world);
    own.nft(
        "table inet t { chain in { type filter hook input priority 0; policy drop; iifname lo accept; \
         ct state established accept; ip daddr 224.0.0.0/4 accept; }; }",
    );
    let _devices = start(&devices, &[]);
    let signal: Signal = facts(&own, "signal::signal");
    let mdns = device(&signal, "mdns");
    assert_eq!((mdns.answered_by_unicast, mdns.answered_to_group), (0, 3), "{mdns:?}");
    assert!(signal.devices.iter().all(|it| it.answered_by_unicast == 0), "{:?}", signal.devices);
}

#[test]
fn alone_nobody_is_heard_and_few_datagrams_leave() {
    let Some(world) = World::new() else { return };
    let (own, _) = hosts(&world);
    let capture = own.capture("eth0");
    let signal: Signal = facts(&own, "signal::signal");
    assert_eq!((&signal.devices[..], signal.groups.len()), (&[][..], 6));
    assert!(signal.groups.iter().all(|it| it.datagrams == 0), "{:?}", signal.groups);
    let mark = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
        s.sendto(b'mark', ('10.0.0.1', 9))\n\
        s.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton('10.0.0.1'))\n\
        s.sendto(b'mark', ('239.255.0.1', 9))";
    assert_eq!(own.python(["-c", mark]).wait().code, Some(0));
    let mut sent = 0;
    while capture.packet(|packet| packet.outgoing).payload != b"mark" {
        sent += 1;
    }
    assert_eq!(sent, 24, "3 in three dialects and 3 for the group, in two families");
}

/// Queries as a router sends them, by raw sockets.
const QUERIER: &str = "import socket, time\n\
    four = socket.socket(socket.AF_INET, socket.SOCK_RAW, 2)\n\
    four.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton('10.0.0.2'))\n\
    print('ready', flush=True)\n\
    while True:\n\
    \x20   four.sendto(bytes([0x11, 100, 0xee, 0x9b, 0, 0, 0, 0]), ('224.0.0.1', 0))\n\
    \x20   time.sleep(0.2)\n";

#[test]
fn who_asks_for_members_is_heard_by_root() {
    let Some(world) = World::new() else { return };
    let (own, router) = hosts(&world);
    let querier = router.python(["-c", QUERIER]);
    querier.line_with("ready");
    let signal: Signal = read(&inside(&own, "signal::signal"));
    let Seen::Is(heard) = &signal.querier else { panic!("{:?}", signal.querier) };
    assert_eq!(heard.heard, [("eth0".to_owned(), [10, 0, 0, 2].into())]);
}

/// It hears questions to itself alone, and announces itself.
const DIRECT: &str = "import select, socket\n\
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
    s.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton('10.0.0.2'))\n\
    s.bind(('10.0.0.2', 1900))\n\
    print('ready', flush=True)\n\
    while True:\n\
    \x20   if select.select([s], [], [], 0.2)[0]:\n\
    \x20       question, asker = s.recvfrom(2048)\n\
    \x20       s.sendto(b'HTTP/1.1 200 OK\\r\\nUSN: uuid:1\\r\\n\\r\\n', asker)\n\
    \x20   else:\n\
    \x20       s.sendto(b'NOTIFY * HTTP/1.1\\r\\nNTS: ssdp:alive\\r\\n\\r\\n', ('239.255.255.250', 1900))\n";

#[test]
fn who_is_heard_on_the_group_is_asked_alone_and_its_answers_are_told_apart() {
    let Some(world) = World::new() else { return };
    let (own, devices) = hosts(&world);
    let device_process = devices.python(["-c", DIRECT]);
    device_process.line_with("ready");
    let signal: Signal = facts(&own, "signal::signal");
    let ssdp = device(&signal, "ssdp");
    assert!(ssdp.announced >= 3 && ssdp.announced == ssdp.to_group, "{ssdp:?}");
    assert_eq!((ssdp.asked_directly, ssdp.answered_directly), (2, 2), "{ssdp:?}");
    assert_eq!((ssdp.answered_by_unicast, ssdp.answered_to_group), (0, 0), "{ssdp:?}");
}
