//! What real devices answered, and what is made of it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use mcast_proto::{Change, Destination, Doubts, Loss};

use super::*;
use crate::scan::testing::{Driven, Told, answer_from, off_link, to_group_from};
use crate::scan::{Discovery, Watching};

mod announcing;

const WSDD: &[u8] = include_bytes!("../../fixtures/wsd/wsdd-probe-matches.bin");
const WSDD_RESOLVED: &[u8] = include_bytes!("../../fixtures/wsd/wsdd-resolve-matches.bin");
const WSDD_HELLO: &[u8] = include_bytes!("../../fixtures/wsd/wsdd-hello.bin");
const WSDD_BYE: &[u8] = include_bytes!("../../fixtures/wsd/wsdd-bye.bin");
const WSDD2: &[u8] = include_bytes!("../../fixtures/wsd/wsdd2-probe-matches.bin");
const WSDD2_BYE: &[u8] = include_bytes!("../../fixtures/wsd/wsdd2-bye.bin");
const CAMERA: &[u8] = include_bytes!("../../fixtures/wsd/wsdiscovery-probe-matches.bin");
const CAMERA_HELLO: &[u8] = include_bytes!("../../fixtures/wsd/wsdiscovery-hello.bin");
const EMPTY: &[u8] = include_bytes!("../../fixtures/wsd/wsdiscovery-probe-matches-empty.bin");

/// The numbers of the questions that were captured: of the first two probes, and of the question for one.
const ASKED: [&str; 3] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000004",
];
const FROM: &str = "10.77.0.2:3702";
const KEY: &str = "urn:uuid:3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03@10.77.0.2";

fn discoverer() -> Driven<Discoverer> {
    Driven::start(Discoverer::new(Wsd::default(), Discovery::default(), 7))
}

fn watcher() -> Driven<Watcher> {
    Driven::start(Watcher::new(Wsd::default(), Watching::default(), 7))
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).expect("text")
}

/// The number of a question.
fn number(question: &[u8]) -> String {
    let (_, rest) = text(question).split_once("MessageID>urn:uuid:").expect("a number");
    rest[..36].to_string()
}

/// An answer that was captured, as one to this question.
fn to(question: &[u8], answer: &[u8]) -> Vec<u8> {
    let asked = ASKED.iter().find(|asked| text(answer).contains(**asked)).expect("an answer");
    text(answer).replace(asked, &number(question)).into_bytes()
}

fn edited(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert!(text(message).contains(from), "{from}");
    text(message).replace(from, to).into_bytes()
}

#[test]
fn three_kinds_are_asked_for_twice_and_each_question_has_a_number_of_its_own() {
    let mut driven = discoverer();
    driven.wait(Duration::from_secs(30));
    let sent = driven.take_sent();
    let mut numbers: Vec<String> = sent.iter().map(|(_, bytes)| number(bytes)).collect();
    for ((to, bytes), kind) in
        sent.iter().zip(["wsdp:Device", "dn:NetworkVideoTransmitter", "tds:Device"].iter().cycle())
    {
        assert_eq!(*to, Destination::GROUP);
        assert!(text(bytes).contains(&alloc::format!(">{kind}<")), "{kind}");
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!((sent.len(), numbers.len()), (6, 6));
    let (at, summary) = driven.done().expect("done");
    assert_eq!((summary.found, summary.doubts), (0, Doubts::NONE));
    // The last question is put after half a second or so, and answers may come for another one and a half.
    assert!(at - mcast_proto::Instant::from_millis(1_000) < Duration::from_millis(3_500), "{at:?}");
}

#[test]
fn one_that_does_not_say_where_it_is_is_asked_for_that() {
    let mut driven = discoverer();
    let asked = driven.take_sent();
    let answer = to(&asked[0].1, WSDD);
    driven.wait(Duration::from_millis(10));
    for _ in 0..2 {
        driven.hear(answer_from(FROM), &answer);
    }
    let told = driven.take_told();
    assert_eq!(told.len(), 1);
    let found = told[0].found();
    assert_eq!((found.key.as_str(), found.endpoint, found.lease), (KEY, None, None));
    assert_eq!(found.round_trip, Some(Duration::from_millis(10)));
    assert_eq!(
        found.services,
        [
            "{http://schemas.xmlsoap.org/ws/2006/02/devprof}Device",
            "{http://schemas.microsoft.com/windows/pub/2005/07}Computer"
        ]
    );
    let resolve: Vec<Vec<u8>> = driven.take_sent().into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(resolve.len(), 1, "{resolve:?}");
    assert!(text(&resolve[0]).contains("<wsd:Resolve>"));
    driven.hear(answer_from(FROM), &to(&resolve[0], WSDD_RESOLVED));
    let told = driven.take_told();
    let (found, change) = told[0].changed();
    assert_eq!((found.key.as_str(), change), (KEY, Change::Content));
    assert_eq!(found.endpoint, Some("10.77.0.2:5357".parse().expect("an address")));
    let url = "http://10.77.0.2:5357/3d9c6a52-1f0e-4b8a-9c57-6a2e4f8b1d03";
    assert_eq!(found.url.as_deref(), Some(url));
    // And it is not asked again, nor told again, when it answers the other probes.
    driven.wait(Duration::from_millis(200));
    for (_, question) in driven.take_sent() {
        driven.hear(answer_from(FROM), &to(&question, WSDD));
    }
    assert_eq!(driven.take_told(), []);
    driven.wait(Duration::from_secs(30));
    assert!(driven.take_sent().iter().all(|(_, bytes)| !text(bytes).contains("<wsd:Resolve>")));
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.found, summary.ignored), (1, 0));
}

#[test]
fn what_one_message_leaves_out_of_what_is_known_is_asked_for_and_not_taken_back() {
    // wsdd announces itself with its address and no types, and answers a probe with its types and no address.
    for hello_comes_first in [false, true] {
        let mut driven = discoverer();
        let probe = driven.take_sent().remove(0).1;
        let hello = |driven: &mut Driven<_>| driven.hear(to_group_from(FROM), WSDD_HELLO);
        let answer = |driven: &mut Driven<_>| driven.hear(answer_from(FROM), &to(&probe, WSDD));
        if hello_comes_first {
            hello(&mut driven);
            answer(&mut driven);
        } else {
            answer(&mut driven);
            hello(&mut driven);
        }
        assert_eq!(driven.take_told().len(), 1, "half of it is no change");
        driven.wait(Duration::from_millis(20));
        let mut sent = driven.take_sent();
        sent.retain(|(_, bytes)| text(bytes).contains("<wsd:Resolve>"));
        assert_eq!(sent.len(), 1);
        driven.hear(answer_from(FROM), &to(&sent[0].1, WSDD_RESOLVED));
        let told = driven.take_told();
        let (found, change) = told[0].changed();
        assert_eq!((change, found.services.len()), (Change::Content, 2));
        assert_eq!(found.endpoint, Some("10.77.0.2:5357".parse().expect("an address")));
    }
}

#[test]
fn what_it_does_not_say_when_asked_for_all_is_no_longer_so() {
    let mut driven = watcher();
    let probe = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &to(&probe, WSDD));
    driven.wait(Duration::from_millis(20));
    let resolve = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &to(&resolve, WSDD_RESOLVED));
    assert_eq!(driven.take_told().len(), 2);
    driven.wait(Duration::from_secs(5));
    driven.take_sent();
    let newer = edited(WSDD_HELLO, "MetadataVersion>1<", "MetadataVersion>2<");
    driven.hear(to_group_from(FROM), &newer);
    assert_eq!(driven.take_told(), []);
    driven.wait(Duration::from_millis(20));
    let resolve = driven.take_sent().remove(0).1;
    let bare = edited(&to(&resolve, WSDD_RESOLVED), "MetadataVersion>1<", "MetadataVersion>2<");
    driven.hear(
        answer_from(FROM),
        &edited(&edited(&bare, "<wsd:XAddrs>", "<wsd:Old>"), "</wsd:XAddrs>", "</wsd:Old>"),
    );
    let told = driven.take_told();
    assert_eq!((told[0].changed().1, told[0].changed().0.endpoint), (Change::Content, None));
}

#[test]
fn one_that_says_all_at_once_is_told_once() {
    let mut driven = discoverer();
    driven.wait(Duration::from_millis(200));
    let asked = driven.take_sent();
    driven.hear(answer_from(FROM), &to(&asked[0].1, WSDD2));
    driven.hear(answer_from("10.77.0.3:59439"), &to(&asked[1].1, CAMERA));
    let told = driven.take_told();
    let found = told[0].found();
    assert_eq!(found.key, "urn:uuid:3d1219c7-c4c5-404a-aa1f-6d2a48adfda4@10.77.0.2");
    assert_eq!(found.endpoint, Some("10.77.0.2:3702".parse().expect("an address")));
    let camera = told[1].found();
    assert_eq!(camera.name.as_deref(), Some("Lab Camera"));
    assert_eq!(
        camera.services,
        ["{http://www.onvif.org/ver10/network/wsdl}NetworkVideoTransmitter"]
    );
    assert_eq!(camera.url.as_deref(), Some("http://10.77.0.2/onvif/device_service"));
    assert_eq!(camera.endpoint, Some("10.77.0.2:80".parse().expect("an address")));
    assert_eq!(camera.attributes.iter().filter(|(key, _)| key == "scope").count(), 3);
    assert_eq!(driven.take_sent().len(), 0);
}

#[test]
fn no_matches_and_answers_to_others_are_no_finds() {
    let mut driven = discoverer();
    let asked = driven.take_sent();
    driven.hear(answer_from(FROM), &to(&asked[0].1, EMPTY));
    driven.hear(answer_from(FROM), WSDD);
    driven.hear(answer_from(FROM), &edited(WSDD, "wsa:RelatesTo", "wsa:Other"));
    driven.hear(to_group_from(FROM), &asked[0].1);
    let nobody = edited(&to(&asked[0].1, WSDD), "wsa:Address", "wsa:Other");
    driven.hear(answer_from(FROM), &nobody);
    let deep = "<a>".repeat(20_000);
    driven.hear(answer_from(FROM), deep.as_bytes());
    assert_eq!(driven.take_told(), []);
    let summary = driven.machine.summary(driven.now);
    assert_eq!((summary.received, summary.ignored, summary.found), (6, 4, 0));
}

fn many(question: &[u8], devices: usize) -> Vec<u8> {
    let answer = to(question, WSDD2);
    let text = text(&answer);
    let (before, rest) = text.split_once("<wsd:ProbeMatch>").expect("a match");
    let (one, after) = rest.split_once("</wsd:ProbeMatch>").expect("its end");
    let mut all = String::from(before);
    for n in 0..devices {
        let one = one.replace("3d1219c7", &alloc::format!("{n:08x}"));
        all += &alloc::format!("<wsd:ProbeMatch>{one}</wsd:ProbeMatch>");
    }
    (all + after).into_bytes()
}

#[test]
fn all_that_one_answer_names_are_told_one_after_the_other() {
    let mut driven = discoverer();
    let question = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &many(&question, 10));
    assert_eq!(driven.take_told().len(), 10);
    assert_eq!(driven.machine.summary(driven.now).found, 10);
}

#[test]
fn of_one_answer_no_more_are_told_than_are_wanted() {
    let discovery = Discovery { count: Some(4), ..Discovery::default() };
    let mut driven = Driven::start(Discoverer::new(Wsd::default(), discovery, 7));
    let question = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &many(&question, 10));
    assert_eq!(driven.take_told().len(), 4);
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.found, summary.doubts), (4, Doubts::COUNT));
}

#[test]
fn a_deadline_ends_it_before_answers_could_be_here() {
    let deadline = Some(Duration::from_millis(300));
    let discovery = Discovery { deadline, ..Discovery::default() };
    let mut driven = Driven::start(Discoverer::new(Wsd::default(), discovery, 7));
    driven.wait(Duration::from_secs(1));
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.elapsed, summary.doubts), (Duration::from_millis(300), Doubts::DEADLINE));
}

#[test]
fn many_that_do_not_say_where_they_are_are_asked_for_a_few_at_a_time() {
    let mut driven = discoverer();
    let asked = driven.take_sent();
    let answer = to(&asked[0].1, WSDD);
    for n in 0..100 {
        let other = edited(&answer, "3d9c6a52", &alloc::format!("{n:08x}"));
        driven.hear(answer_from(FROM), &other);
    }
    assert_eq!(driven.take_told().len(), 100);
    assert!(driven.take_sent().len() <= 1);
    driven.wait(Duration::from_secs(30));
    let sent = driven.take_sent();
    let resolves = sent.iter().filter(|(_, bytes)| text(bytes).contains("<wsd:Resolve>"));
    assert!(resolves.count() <= 16);
    let (_, summary) = driven.done().expect("done");
    assert!(summary.doubts.contains(Doubts::CUT_SHORT));
}
