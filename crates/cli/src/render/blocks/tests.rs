use std::time::{Duration, SystemTime};

use mcast_dialects::describe::Description;
use mcast_proto::wire::Attr;
use mcast_proto::{Body, Event, Fact, FactsBuf, Finding, InterfaceId, Path, Protocol};

use super::*;
use crate::describing::{Described, Page, Reason};

/// What a device says: in which protocol, from where, as whom, and what.
struct Said<'a>(&'static str, &'a str, &'a [u8], &'a [Fact<'a>]);

fn blocks(said: &[Said<'_>], details: bool) -> String {
    let mut devices = Devices::default();
    for Said(protocol, from, key, facts) in said {
        let mut all = FactsBuf::new();
        all.push(Fact::Key(key)).unwrap();
        facts.iter().for_each(|fact| all.push(*fact).unwrap());
        let body = Body::Facts(all.as_facts());
        let mut finding =
            Finding::new(Protocol::new(protocol), Path::new(from.parse().unwrap()), body);
        finding.lease = Some(Duration::from_secs(120));
        devices.note(&Event::Found(finding), Some("eth0"), SystemTime::UNIX_EPOCH);
    }
    let look = Look { details, dialects: true, ..Look::PLAIN };
    let mut buffer = Vec::new();
    append(&mut buffer, look, &devices);
    String::from_utf8(buffer).unwrap()
}

const PRINTER: [Fact<'static>; 5] = [
    Fact::Name("Lab printer"),
    Fact::Service("_ipp._tcp"),
    Fact::Host("lab.local"),
    Fact::Port(631),
    Fact::Attr(Attr { key: "rp", value: Some(b"ipp/print") }),
];

#[test]
fn what_one_address_said_is_under_one_heading_that_says_what_it_is() {
    let said = [
        Said("mdns", "10.0.0.20:5353", b"a", &PRINTER),
        Said(
            "wsd",
            "10.0.0.3:3702",
            b"b",
            &[Fact::Service("{urn:x}Device"), Fact::Service("{urn:y}Computer"), Fact::Port(5357)],
        ),
        Said("wsd", "10.0.0.20:3702", b"c", &[Fact::Service("{urn:x}Device")]),
        Said("preset", "[fe80::3%2]:9", b"yeelight:1@fe80::3%2", &[Fact::Service("yeelight")]),
    ];
    assert_eq!(
        blocks(&said, false),
        "10.0.0.3  eth0  computer\n  \
           wsd    Device,Computer   5357  -\n\
         \n\
         10.0.0.20  eth0  lab.local  printer\n  \
           mdns   _ipp._tcp    631  Lab printer\n  \
           wsd    Device         -  -\n\
         \n\
         fe80::3%eth0  eth0  lamp\n  \
           yeelight  yeelight      -  -\n"
    );
}

#[test]
fn details_have_all_that_it_says() {
    let said = [Said("mdns", "10.0.0.20:5353", b"a", &PRINTER)];
    let expected = "10.0.0.20  eth0  lab.local  printer\n  mdns   _ipp._tcp    631  Lab printer\n      \
                    rp=ipp/print\n      lease 120 s\n";
    assert_eq!(blocks(&said, true), expected);
}

#[test]
fn a_device_of_ssdp_is_told_by_what_it_is_and_only_where_it_says_that() {
    let root =
        |from, key| Said("ssdp", from, key, &[Fact::Service("upnp:rootdevice"), Fact::Port(80)]);
    let named = [Fact::Service("urn:x:device:InternetGatewayDevice:1"), Fact::Name("Linux/1.0")];
    let said = [
        root("10.0.0.3:1900", b"a"),
        Said("ssdp", "10.0.0.3:1900", b"b", &named),
        Said("ssdp", "10.0.0.3:1900", b"c", &[Fact::Service("uuid:1")]),
        // Two that look alike.
        root("10.0.0.4:1900", b"d"),
        root("10.0.0.4:1900", b"e"),
    ];
    assert_eq!(
        blocks(&said, false),
        "10.0.0.3  eth0  router\n  \
           ssdp   urn:x:device:InternetGatewayDevice:1      -  Linux/1.0\n\
         \n\
         10.0.0.4  eth0\n  \
           ssdp   upnp:rootdevice     80  -\n"
    );
    assert_eq!(blocks(&said, true).matches("ssdp").count(), 5);
}

#[test]
fn nothing_that_a_device_says_reaches_the_terminal_as_it_is() {
    let evil = "\x1b[2J\u{202e}\n";
    let said = [
        Said(
            "mdns",
            "10.0.0.3:5353",
            b"a",
            &[
                Fact::Name(evil),
                Fact::Service(evil),
                Fact::Host(evil),
                Fact::Url(evil),
                Fact::Attr(Attr { key: evil, value: Some(evil.as_bytes()) }),
            ],
        ),
        Said("wsd", "10.0.0.3:3702", b"b", &[Fact::Service(evil), Fact::Service("}\x07")]),
        Said("preset", "10.0.0.3:1", b"\x1b:1@10.0.0.3", &[Fact::Name(evil)]),
    ];
    for details in [false, true] {
        let shown = blocks(&said, details);
        assert!(!shown.contains(['\x1b', '\x07', '\u{202e}']), "{shown:?}");
        assert_eq!(shown.lines().count(), if details { 9 } else { 4 }, "{shown}");
    }
}

#[test]
fn what_a_device_says_of_itself_stands_under_its_address() {
    let page = |from: &str, interface: &str| Page {
        from: from.parse().unwrap(),
        by: InterfaceId(2),
        interface: Some(interface.into()),
        url: "http://x/\x1b".into(),
    };
    let said = Description { name: Some("TV\x1b".into()), ..Description::default() };
    let mut devices = Devices::default();
    let mut facts = FactsBuf::new();
    for fact in [Fact::Key(b"a"), Fact::Service("upnp:rootdevice")] {
        facts.push(fact).unwrap();
    }
    let from = Path::new("10.0.0.3:1900".parse().unwrap());
    let finding = Finding::new(Protocol::new("ssdp"), from, Body::Facts(facts.as_facts()));
    devices.note(&Event::Found(finding), Some("eth0"), SystemTime::UNIX_EPOCH);
    for (page, said) in [
        (page("10.0.0.3:1900", "eth0"), Ok(said.clone())),
        (page("10.0.0.3:1900", "eth0"), Err(Reason::Late)),
        // Not of this device.
        (page("10.0.0.3:1900", "eth1"), Ok(said.clone())),
        (page("10.0.0.4:1900", "eth0"), Ok(said)),
    ] {
        devices.describe(&Described { page, said }, SystemTime::UNIX_EPOCH);
    }
    let shown = |details| {
        let look = Look { details, dialects: true, ..Look::PLAIN };
        let mut buffer = Vec::new();
        append(&mut buffer, look, &devices);
        String::from_utf8(buffer).unwrap()
    };
    let expected = "10.0.0.3  eth0\n  about  TV\\x1b\n  ssdp   upnp:rootdevice      -  -\n";
    assert_eq!(shown(false), expected);
    let reason = "  about  no description at http://x/\\x1b: late\n";
    assert!(shown(true).contains(reason), "{}", shown(true));
}

#[test]
fn without_devices_there_is_nothing() {
    assert_eq!(blocks(&[], true), "");
}
