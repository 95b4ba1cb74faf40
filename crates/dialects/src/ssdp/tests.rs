//! What real devices answered, and what is made of it.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Change, Destination, Doubts, Loss};

use super::*;
use crate::scan::testing::{Driven, Told, answer_from, off_link, to_group_from};
use crate::scan::{Discovery, Watching};

const SSDPY: &[u8] = include_bytes!("../../fixtures/ssdp/ssdpy-answer.bin");
const ROOT: &[u8] = include_bytes!("../../fixtures/ssdp/async-upnp-client-answer-rootdevice.bin");
const UUID: &[u8] = include_bytes!("../../fixtures/ssdp/async-upnp-client-answer-uuid.bin");
const DEVICE: &[u8] = include_bytes!("../../fixtures/ssdp/async-upnp-client-answer-device.bin");
const SERVICE: &[u8] = include_bytes!("../../fixtures/ssdp/async-upnp-client-answer-service.bin");
const ALIVE: &[u8] = include_bytes!("../../fixtures/ssdp/async-upnp-client-alive-rootdevice.bin");
const BYEBYE: &[u8] = include_bytes!("../../fixtures/ssdp/async-upnp-client-byebye-rootdevice.bin");

const DEVICE_UUID: &str = "uuid:1cd38bfe-3c10-403e-a97f-2bc5c1652b9a";
const FROM: &str = "10.77.0.2:55400";

fn discoverer() -> Driven<Discoverer> {
    Driven::start(Discoverer::new(Ssdp::default(), Discovery::default(), 7))
}

fn watcher() -> Driven<Watcher> {
    Driven::start(Watcher::new(Ssdp::default(), Watching::default(), 7))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn edited(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = core::str::from_utf8(message).expect("text");
    assert!(text.contains(from), "{from}");
    text.replace(from, to).into_bytes()
}

#[test]
fn both_targets_are_searched_for_twice() {
    let mut driven = discoverer();
    driven.wait(seconds(30));
    let sent = driven.take_sent();
    let targets: Vec<String> = sent
        .iter()
        .map(|(to, bytes)| {
            assert_eq!(*to, Destination::GROUP);
            let headers = crate::headers::Headers::read(bytes).expect("a search");
            String::from_utf8(headers.get("st").expect("a target").to_vec()).expect("text")
        })
        .collect();
    assert_eq!(targets, ["ssdp:all", "upnp:rootdevice", "ssdp:all", "upnp:rootdevice"]);
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.sent, summary.found, summary.doubts), (4, 0, Doubts::NONE));
}

#[test]
fn a_device_with_a_service_is_found_by_each_of_its_parts() {
    let mut driven = discoverer();
    driven.wait(Duration::from_millis(300));
    for message in [ROOT, UUID, DEVICE, SERVICE] {
        driven.hear(answer_from(FROM), message);
        driven.hear(answer_from(FROM), message);
    }
    let told = driven.take_told();
    let parts = [
        "::upnp:rootdevice",
        "",
        "::urn:schemas-upnp-org:device:MediaRenderer:1",
        "::urn:schemas-upnp-org:service:RenderingControl:1",
    ];
    assert_eq!(told.len(), parts.len());
    for (told, part) in told.iter().zip(parts) {
        let found = told.found();
        assert_eq!(found.key, alloc::format!("{DEVICE_UUID}{part}@10.77.0.2"));
        assert_eq!(found.name.as_deref(), Some("async-upnp-client/0.49.0 UPnP/2.0 Server/1.0"));
        assert_eq!(found.url.as_deref(), Some("http://10.77.0.2:8000/device.xml"));
        assert_eq!(found.endpoint, Some("10.77.0.2:8000".parse().expect("an address")));
        assert_eq!(found.lease, Some(seconds(1_800)));
        assert!(found.round_trip.is_some_and(|trip| trip > Duration::ZERO));
        assert_eq!(found.attribute("device"), Some(DEVICE_UUID));
        assert_eq!(found.attribute("bootid.upnp.org"), Some("7"));
        assert_eq!((found.attribute("date"), found.attribute("ext")), (None, None));
    }
    let of_root = told[0].found();
    assert_eq!(of_root.services, ["upnp:rootdevice"]);
    driven.wait(seconds(30));
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.found, summary.duplicates, summary.ignored), (4, 4, 0));
}

#[test]
fn an_announcement_as_an_answer_is_one() {
    let mut driven = discoverer();
    driven.hear(answer_from("10.77.0.2:1900"), SSDPY);
    let told = driven.take_told();
    let found = told[0].found();
    let usn = "uuid:6b4a3d0e-2b1c-4d5e-8f90-0a1b2c3d4e5f::upnp:rootdevice";
    assert_eq!(found.key, alloc::format!("{usn}@10.77.0.2"));
    assert_eq!((found.attribute("usn"), found.attribute("al")), (Some(usn), found.url.as_deref()));
    assert_eq!((found.name.as_deref(), found.lease), (None, Some(seconds(1_800))));
}

#[test]
fn what_is_new_is_told_as_a_change_and_what_is_only_said_otherwise_is_not() {
    let mut driven = watcher();
    driven.hear(answer_from(FROM), ROOT);
    // The announcement has other lines, and says the same.
    driven.hear(to_group_from(FROM), ALIVE);
    assert_eq!(driven.take_told().len(), 1);
    let moved = edited(ALIVE, ":8000/", ":8001/");
    driven.hear(to_group_from(FROM), &moved);
    let restarted = edited(&moved, "BOOTID.UPNP.ORG:7", "BOOTID.UPNP.ORG:8");
    driven.hear(to_group_from(FROM), &restarted);
    let told = driven.take_told();
    let (found, change) = told[0].changed();
    assert_eq!((found.endpoint.map(|at| at.port()), change), (Some(8_001), Change::Content));
    assert_eq!(found.round_trip, None);
    assert_eq!(told[1].changed().1, Change::Restarted);
    // An update says what its number will be, and the announcement after it has that.
    let update = edited(&restarted, "ssdp:alive", "ssdp:update");
    let update = edited(&update, "BOOTID.UPNP.ORG:8", "BOOTID.UPNP.ORG:8\r\nNEXTBOOTID.UPNP.ORG:9");
    driven.hear(to_group_from(FROM), &update);
    let told = driven.take_told();
    assert_eq!((told.len(), told[0].changed().1), (1, Change::Restarted));
    driven.hear(to_group_from(FROM), &edited(&moved, "BOOTID.UPNP.ORG:7", "BOOTID.UPNP.ORG:9"));
    assert_eq!(driven.take_told(), []);
}

#[test]
fn who_says_goodbye_is_lost_at_once_and_only_by_itself() {
    let mut driven = watcher();
    driven.hear(answer_from(FROM), ROOT);
    driven.take_told();
    for other in [
        to_group_from("10.77.0.3:1900"),
        off_link(to_group_from(FROM)),
        off_link(answer_from(FROM)),
    ] {
        driven.hear(other, BYEBYE);
        assert_eq!(driven.take_told(), []);
    }
    driven.hear(to_group_from("10.77.0.2:1900"), BYEBYE);
    let key = alloc::format!("{DEVICE_UUID}::upnp:rootdevice@10.77.0.2");
    assert_eq!(driven.take_told(), [Told::Lost(key, Loss::Goodbye)]);
    driven.hear(to_group_from("10.77.0.2:1900"), BYEBYE);
    assert_eq!(driven.take_told(), []);
}

#[test]
fn beyond_the_link_only_an_answer_counts() {
    let mut driven = discoverer();
    driven.hear(off_link(to_group_from(FROM)), ALIVE);
    assert_eq!(driven.take_told(), []);
    driven.hear(off_link(answer_from(FROM)), ROOT);
    assert_eq!(driven.take_told().len(), 1);
    assert_eq!(driven.machine.summary(driven.now).ignored, 1);
}

#[test]
fn before_a_lease_ends_its_device_is_asked_alone_and_is_lost_when_it_does_not_answer() {
    let mut driven = watcher();
    driven.hear(to_group_from(FROM), ALIVE);
    driven.take_told();
    driven.wait(seconds(1_430));
    let alone = |driven: &mut Driven<Watcher>| {
        let sent = driven.take_sent().into_iter();
        sent.filter(|(to, _)| *to != Destination::GROUP).collect::<Vec<_>>()
    };
    assert_eq!(alone(&mut driven), []);
    driven.wait(seconds(20));
    let sent = alone(&mut driven);
    assert_eq!(sent.len(), 1);
    let Destination::Peer(_, path) = sent[0].0 else { panic!("{sent:?}") };
    assert_eq!(path.remote, "10.77.0.2:1900".parse().expect("an address"));
    let text = core::str::from_utf8(&sent[0].1).expect("text");
    assert!(text.contains("ST: upnp:rootdevice\r\n") && !text.contains("MX"), "{text}");
    // It answers, and so it stays.
    driven.hear(answer_from(FROM), ROOT);
    driven.wait(seconds(1_430));
    assert_eq!((alone(&mut driven).len(), driven.take_told().len()), (0, 0));
    // It answers no more.
    driven.wait(seconds(360));
    assert_eq!((alone(&mut driven).len(), driven.take_told().len()), (2, 0));
    driven.wait(seconds(20));
    let told = driven.take_told();
    assert!(matches!(&told[..], [Told::Lost(_, Loss::Expired)]), "{told:?}");
}

#[test]
fn beyond_the_link_nobody_is_asked_alone() {
    let mut driven = watcher();
    driven.hear(off_link(answer_from(FROM)), ROOT);
    assert_eq!(driven.take_told().len(), 1);
    driven.wait(seconds(2_399));
    assert_eq!(driven.take_told(), []);
    driven.wait(seconds(2));
    let told = driven.take_told();
    assert!(matches!(&told[..], [Told::Lost(_, Loss::Unanswered)]), "{told:?}");
    assert!(driven.take_sent().iter().all(|(to, _)| *to == Destination::GROUP));
}

#[test]
fn a_host_that_slept_asks_before_it_takes_anybody_to_be_gone() {
    let mut driven = watcher();
    driven.hear(to_group_from(FROM), ALIVE);
    driven.take_told();
    // Nothing is called for a day.
    driven.now = driven.now + seconds(86_400);
    driven.step(&[]);
    assert_eq!(driven.take_told(), []);
    driven.hear(answer_from(FROM), ROOT);
    driven.wait(seconds(60));
    assert_eq!(driven.take_told(), []);
}

#[test]
fn what_says_nothing_is_counted_and_no_more() {
    let mut driven = discoverer();
    let long = [b"HTTP/1.1 200 OK\r\nUSN:".as_slice(), &[b'a'; 600]].concat();
    let endless = [b"HTTP/1.1 200 OK\r\n".as_slice(), &[b'a'; 65_000]].concat();
    let messages: [&[u8]; 6] = [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"NOTIFY * HTTP/1.1\r\nNTS: upnp:propchange\r\nUSN: uuid:1\r\n\r\n",
        b"\xff\xfe\x00",
        &long,
        &endless,
    ];
    for message in messages {
        driven.hear(answer_from(FROM), message);
    }
    driven.hear(to_group_from(FROM), b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n");
    driven.hear(answer_from("0.0.0.0:9"), ROOT);
    assert_eq!(driven.take_told(), []);
    let summary = driven.machine.summary(driven.now);
    assert_eq!((summary.received, summary.ignored, summary.duplicates), (8, 7, 0));
}

#[test]
fn a_target_is_one_that_breaks_no_line() {
    assert!(Ssdp::targets(["roku:ecp", "urn:dial-multiscreen-org:service:dial:1"]).is_ok());
    for bad in ["", "a b", "a\r\nb", "\u{e9}", &"a".repeat(257)] {
        assert_eq!(Ssdp::targets([bad]), Err(BadTarget), "{bad:?}");
    }
    assert_eq!(Ssdp::targets([]), Err(BadTarget));
    assert_eq!(Ssdp::targets(["a"; MOST_TARGETS + 1]), Err(BadTarget));
    assert_eq!(Ssdp::default().within(0).answers_within(), seconds(2));
    assert_eq!(Ssdp::default().within(99).answers_within(), seconds(6));
}
