//! The presets that come with the crate, and answers as their sources describe them.

use alloc::string::String;
use alloc::vec::Vec;

use mcast_proto::{Change, Destination};

use super::*;
use crate::scan::testing::{Driven, Heard, answer_from, off_link, to_group_from};
use crate::scan::{Discovery, Watching};

const FROM: &str = "10.77.0.2:9";

fn of(name: &str) -> Preset {
    let all = builtin().expect("a table");
    all.into_iter().find(|preset| preset.name() == name).expect(name)
}

fn discoverer(preset: Preset) -> Driven<Discoverer> {
    Driven::start(Discoverer::new(preset, Discovery::default(), 7))
}

/// What a preset makes of an answer to the asker alone, and what it asked.
fn found(name: &str, answer: &[u8]) -> (Heard, Vec<u8>) {
    let mut driven = discoverer(of(name));
    let asked = driven.take_sent().remove(0);
    assert_eq!(asked.0, Destination::GROUP);
    driven.hear(answer_from(FROM), answer);
    let told = driven.take_told();
    assert_eq!(told.len(), 1, "{name}");
    let found = told[0].found().clone();
    assert_eq!(found.services, [name]);
    (found, asked.1)
}

#[test]
fn each_that_comes_with_the_crate_says_where_it_is_from_and_that_it_was_not_tried() {
    let all = builtin().expect("a table");
    assert!(all.len() >= 11);
    for preset in &all {
        assert!(!preset.source().is_empty() && !preset.is_tried(), "{}", preset.name());
        let mut bytes = Vec::new();
        preset.clone().ask(0, Instant::ZERO, &mut Draws::new(7), &mut bytes);
        assert_eq!(bytes.is_empty(), preset.only_listens(), "{}", preset.name());
        assert!(preset.ttl().is_none() && preset.repeat() == 2);
    }
    let listens: Vec<&str> =
        all.iter().filter(|preset| preset.only_listens()).map(Preset::name).collect();
    assert_eq!(listens, ["dds", "minecraft"]);
}

#[test]
fn a_bulb_is_found_by_its_header_lines() {
    let (found, asked) = found(
        "yeelight",
        b"HTTP/1.1 200 OK\r\nLocation: yeelight://10.77.0.2:55443\r\nid: 0x00015243f\r\n\
          model: color\r\nfw_ver: 18\r\npower: on\r\n",
    );
    assert_eq!(found.key, "yeelight:0x00015243f@10.77.0.2");
    assert_eq!((found.name.as_deref(), found.attribute("firmware")), (Some("color"), Some("18")));
    assert_eq!(found.endpoint, Some("10.77.0.2:55443".parse().expect("an address")));
    assert!(asked.ends_with(b"\r\nST: wifi_bulb\r\n"));
}

#[test]
fn a_lamp_is_found_by_its_json() {
    let (found, _) = found(
        "govee",
        br#"{"msg":{"cmd":"scan","data":{"ip":"10.77.0.2","device":"1F:80:C5","sku":"H6199"}}}"#,
    );
    assert_eq!(
        (found.key.as_str(), found.name.as_deref()),
        ("govee:1F:80:C5@10.77.0.2", Some("H6199"))
    );
    assert_eq!(of("govee").source_port(), Some(4_002));
}

#[test]
fn a_camera_is_found_by_its_json_behind_a_header() {
    let json = br#"{"mac":"a0:bd","method":"client.notifyDevInfo","params":{"deviceInfo":{"DeviceType":"IPC"}}}"#;
    let mut answer = b"\x20\0\0\0DHIP".to_vec();
    answer.resize(32, 0);
    answer.extend_from_slice(json);
    answer.push(b'\n');
    let (found, asked) = found("dahua", &answer);
    assert_eq!((found.key.as_str(), found.name.as_deref()), ("dahua:a0:bd@10.77.0.2", Some("IPC")));
    let length = u32::from_le_bytes(asked[16..20].try_into().expect("four bytes"));
    assert_eq!(
        (asked.len(), asked[16..20].to_vec()),
        (32 + length as usize, asked[24..28].to_vec())
    );
    let question: serde_json::Value = serde_json::from_slice(&asked[32..]).expect("JSON");
    assert_eq!(question["method"], "DHDiscover.search");
}

#[test]
fn a_camera_is_found_by_its_xml() {
    let (found, asked) = found(
        "hikvision",
        b"<?xml version=\"1.0\" encoding=\"UTF-8\" ?><ProbeMatch><Uuid>1</Uuid><MAC>44-19-b6</MAC>\
          <DeviceDescription>DS-2CD</DeviceDescription><HttpPort>80</HttpPort></ProbeMatch>",
    );
    assert_eq!(
        (found.key.as_str(), found.name.as_deref()),
        ("hikvision:44-19-b6@10.77.0.2", Some("DS-2CD"))
    );
    assert_eq!(found.endpoint.map(|at| at.port()), Some(80));
    let asked = String::from_utf8(asked).expect("text");
    let id = asked.split("<Uuid>").nth(1).expect("a number").split('<').next().expect("its end");
    assert!(crate::scan::Uuid::parse(id).is_some(), "{id}");
}

#[test]
fn a_gateway_is_found_by_its_bytes() {
    let mut answer =
        b"\x06\x10\x02\x02\0\x4c\x08\x01\x0a\x4d\0\x02\x0e\x57\x36\x01\x02\0\x11\xff\0\0".to_vec();
    answer.extend_from_slice(b"\0\xa6\x23\0\0\x07\xe0\0\x17\x0c\0\x50\xc2\x12\x34\x56");
    let mut name = b"Lab gateway".to_vec();
    name.resize(30, 0);
    answer.extend_from_slice(&name);
    let (found, asked) = found("knx", &answer);
    assert_eq!(
        (found.key.as_str(), found.name.as_deref()),
        ("knx:00a623000007@10.77.0.2", Some("Lab gateway"))
    );
    assert_eq!(found.endpoint.map(|at| at.port()), Some(3_671));
    assert_eq!(found.attribute("mac"), Some("0050c2123456"));
    assert_eq!(asked, b"\x06\x10\x02\x01\0\x0e\x08\x01\0\0\0\0\0\0");
    let own = "10.77.0.1:3671".parse().expect("an address");
    let mut driven = discoverer(of("knx").asking_from(own));
    let asked = driven.take_sent().remove(0).1;
    assert_eq!(asked[8..], [10, 77, 0, 1, 0x0e, 0x57]);
}

#[test]
fn a_bulb_is_found_by_its_bytes() {
    let mut answer = b"\x29\0\0\x54\0\0\0\0\xd0\x73\xd5\x01\x02\x03\0\0".to_vec();
    answer.resize(36, 0);
    answer.extend_from_slice(b"\x01\x7c\xdd\0\0");
    let (found, asked) = found("lifx", &answer);
    assert_eq!(found.key, "lifx:d073d5010203@10.77.0.2");
    assert_eq!(found.endpoint.map(|at| at.port()), Some(56_700));
    assert_eq!((asked.len(), asked[32]), (36, 2));
    let lane = of("lifx").lane();
    assert_eq!((of("lifx").to(), lane.broadcast), (To::Broadcast(56_700), Some(56_700)));
    assert!(lane.groups.is_empty());
}

#[test]
fn servers_are_found_by_what_they_say() {
    let (plex, _) = found(
        "plex",
        b"HTTP/1.0 200 OK\r\nContent-Type: plex/media-server\r\nName: Lab\r\nPort: 32400\r\n\
          Resource-Identifier: 64\r\nVersion: 1.2\r\n",
    );
    assert_eq!(
        (plex.key.as_str(), plex.endpoint.map(|at| at.port())),
        ("plex:64@10.77.0.2", Some(32_400))
    );
    let answer =
        br#"{"Address":"http://10.77.0.2:8096","Id":"ab","Name":"Lab","EndpointAddress":null}"#;
    let (jellyfin, _) = found("jellyfin", answer);
    assert_eq!(
        (jellyfin.name.as_deref(), jellyfin.endpoint.map(|at| at.port())),
        (Some("Lab"), Some(8_096))
    );
    let answer =
        br#"{"method":"registration","env":"pro","result":{"mac":"a8bb50","success":true}}"#;
    assert_eq!(found("wiz", answer).0.key, "wiz:a8bb50@10.77.0.2");
}

#[test]
fn who_only_announces_itself_is_heard_on_the_group_and_by_neighbours_alone() {
    let mut driven = Driven::start(Watcher::new(of("minecraft"), Watching::default(), 7));
    let game = b"[MOTD]Lab - New World[/MOTD][AD]25565[/AD]";
    driven.hear(off_link(to_group_from(FROM)), game);
    driven.hear(to_group_from(FROM), b"[MOT]");
    assert_eq!(driven.take_told(), []);
    driven.hear(to_group_from(FROM), game);
    driven.hear(to_group_from(FROM), game);
    let told = driven.take_told();
    let found = told[0].found();
    assert_eq!((told.len(), found.name.as_deref()), (1, Some("Lab - New World")));
    assert_eq!((found.endpoint.map(|at| at.port()), found.round_trip), (Some(25_565), None));
    driven.hear(to_group_from(FROM), b"[MOTD]Lab - Other[/MOTD][AD]25565[/AD]");
    assert_eq!(driven.take_told()[0].changed().1, Change::Content);
    assert_eq!(driven.take_sent(), []);
    driven.wait(Duration::from_secs(150));
    assert_eq!(driven.take_told().len(), 1);
    let summary = driven.machine.summary(driven.now);
    assert_eq!((summary.sent, summary.ignored, summary.duplicates), (0, 2, 1));
    let mut driven = Driven::start(Watcher::new(of("dds"), Watching::default(), 7));
    driven.hear(to_group_from(FROM), b"RTPS\x02\x03\x01\x0fabcdefghijkl....");
    let found = driven.take_told()[0].found().clone();
    assert_eq!(found.key, "dds:6162636465666768696a6b6c@10.77.0.2");
    assert_eq!(found.attribute("vendor"), Some("010f"));
}

#[test]
fn one_that_listens_once_ends_by_silence() {
    let mut driven = discoverer(of("minecraft"));
    driven.wait(Duration::from_secs(30));
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.sent, summary.elapsed), (0, Duration::from_secs(3)));
}

#[test]
fn without_a_name_it_is_known_by_its_address_and_its_own_question_is_no_answer() {
    let table = "[x]\nsource = 'a'\nto = '239.0.0.1:7'\nrequest.text = 'hi'\nanswer = 'line'\n";
    let preset = parse(table).expect("a table").remove(0);
    let mut driven = discoverer(preset);
    driven.hear(answer_from("10.77.0.1:7"), b"hi");
    assert_eq!(driven.take_told(), []);
    driven.hear(answer_from(FROM), b"hello");
    driven.hear(answer_from("10.77.0.2:10"), b"hello again");
    driven.hear(answer_from("10.77.0.3:9"), b"hello");
    let keys: Vec<String> =
        driven.take_told().iter().map(|told| told.found().key.clone()).collect();
    assert_eq!(keys, ["x:@10.77.0.2", "x:@10.77.0.3"]);
    assert_eq!(driven.machine.summary(driven.now).ignored, 0);
}

#[test]
fn an_answer_without_what_it_must_say_is_counted_and_no_more() {
    let mut driven = discoverer(of("govee"));
    let deep = "[".repeat(60_000);
    for bytes in [b"{}".as_slice(), b"", b"\xff", b"{\"msg\":7}", deep.as_bytes()] {
        driven.hear(answer_from(FROM), bytes);
    }
    let long = alloc::format!("{{\"msg\":{{\"data\":{{\"device\":\"{}\"}}}}}}", "a".repeat(600));
    driven.hear(answer_from(FROM), long.as_bytes());
    assert_eq!(driven.take_told(), []);
    assert_eq!(driven.machine.summary(driven.now).ignored, 6);
}
