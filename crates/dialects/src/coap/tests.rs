//! What real servers answered, and what is made of it.

use alloc::vec::Vec;

use mcast_proto::{Destination, Doubts};

use super::*;
use crate::scan::testing::{Driven, Told, answer_from, off_link};
use crate::scan::{Discovery, Watching};

const LIBCOAP: &[u8] = include_bytes!("../../fixtures/coap/libcoap-answer.bin");
const BLOCKS: [&[u8]; 2] = [
    include_bytes!("../../fixtures/coap/libcoap-block-0.bin"),
    include_bytes!("../../fixtures/coap/libcoap-block-1.bin"),
];
const AIOCOAP: [&[u8]; 4] = [
    include_bytes!("../../fixtures/coap/aiocoap-block-0-of-group.bin"),
    include_bytes!("../../fixtures/coap/aiocoap-block-1-refused.bin"),
    include_bytes!("../../fixtures/coap/aiocoap-block-0.bin"),
    include_bytes!("../../fixtures/coap/aiocoap-block-1.bin"),
];
const FROM: &str = "10.77.0.2:5683";

fn discoverer() -> Driven<Discoverer> {
    let discovery = Discovery { repeat: 1, ..Discovery::default() };
    Driven::start(Discoverer::new(Coap::default(), discovery, 7))
}

/// An answer that was captured, which has a token of two bytes, as one to this question.
fn to(question: &[u8], answer: &[u8]) -> Vec<u8> {
    let mut bytes = answer.to_vec();
    bytes[0] = bytes[0] & 0xf0 | 8;
    bytes.splice(4..6, question[4..12].iter().copied());
    bytes
}

#[test]
fn a_server_is_found_by_its_links() {
    let mut driven = discoverer();
    let asked = driven.take_sent();
    assert_eq!((asked.len(), asked[0].0), (1, Destination::GROUP));
    driven.wait(Duration::from_millis(1_485));
    driven.hear(answer_from(FROM), &to(&asked[0].1, LIBCOAP));
    let told = driven.take_told();
    let found = told[0].found();
    assert_eq!(found.key, "coap:5683@10.77.0.2");
    assert_eq!(found.name.as_deref(), Some("General Info"));
    assert_eq!(found.services, ["ticks", "clock"]);
    assert_eq!(found.endpoint, Some(FROM.parse().expect("an address")));
    assert_eq!(found.lease, Some(Duration::from_secs(60)));
    assert_eq!(found.round_trip, Some(Duration::from_millis(1_485)));
    assert_eq!(found.attribute("/"), Some("title=\"General Info\";ct=0"));
    assert_eq!(found.attribute("/example_data"), Some("title=\"Example Data\";ct=0;obs"));
    assert_eq!(found.attributes.len(), 4);
    driven.wait(Duration::from_millis(4_500));
    assert_eq!(driven.done(), None);
    driven.wait(Duration::from_millis(20));
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.found, summary.doubts, summary.sent), (1, Doubts::NONE, 1));
}

#[test]
fn an_answer_is_known_by_its_token_alone() {
    let mut driven = discoverer();
    let asked = driven.take_sent();
    let answer = to(&asked[0].1, LIBCOAP);
    driven.hear(answer_from(FROM), LIBCOAP);
    let mut other = answer.clone();
    other[5] ^= 1;
    driven.hear(answer_from(FROM), &other);
    assert_eq!(driven.take_told(), []);
    // Its message has a number of its own, and it may be beyond the link.
    other = answer;
    other[2] ^= 0xff;
    driven.hear(off_link(answer_from(FROM)), &other);
    assert_eq!(driven.take_told().len(), 1);
    driven.hear(answer_from(FROM), &asked[0].1);
    let summary = driven.machine.summary(driven.now);
    assert_eq!((summary.received, summary.ignored), (4, 2));
}

/// A server that has this list, and says it in blocks of 16 bytes.
fn block(question: &[u8], list: &[u8], number: usize) -> Vec<u8> {
    let mut bytes = [b"\x58\x45\x00\x07".as_slice(), &question[4..12], b"\xc1\x28"].concat();
    let end = list.len().min(number * 16 + 16);
    let has_more = end < list.len();
    let option = (number as u16) << 4 | u16::from(has_more) << 3;
    bytes.push(0xb2);
    bytes.extend_from_slice(&option.to_be_bytes());
    bytes.push(0xff);
    bytes.extend_from_slice(&list[number * 16..end]);
    bytes
}

#[test]
fn the_rest_of_a_long_list_is_asked_of_its_server_alone() {
    let list = b"</sensors/temp>;rt=\"temperature-c\",</sensors/light>;rt=\"light-lux\";obs";
    let mut driven = discoverer();
    let mut question = driven.take_sent().remove(0).1;
    driven.wait(Duration::from_secs(1));
    for number in 0..=list.len() / 16 {
        driven.hear(answer_from(FROM), &block(&question, list, number));
        driven.wait(Duration::from_millis(30));
        let sent = driven.take_sent();
        if number == list.len() / 16 {
            assert_eq!(sent, []);
            break;
        }
        assert_eq!(driven.take_told(), []);
        assert_eq!(sent.len(), 1, "{number}");
        let Destination::Peer(_, path) = sent[0].0 else { panic!("{sent:?}") };
        assert_eq!(path.remote, FROM.parse().expect("an address"));
        let packet = coap_lite::Packet::from_bytes(&sent[0].1).expect("a message");
        let asked = packet.get_first_option(coap_lite::CoapOption::Block2).cloned();
        assert_eq!(asked, Some(alloc::vec![(number as u8 + 1) << 4]));
        question = sent[0].1.clone();
    }
    let told = driven.take_told();
    let found = told[0].found();
    assert_eq!(found.services, ["temperature-c", "light-lux"]);
    assert_eq!(found.attribute("/sensors/light"), Some("rt=\"light-lux\";obs"));
    assert_eq!(found.round_trip, Some(Duration::from_secs(1)));
    driven.wait(Duration::from_secs(30));
    assert_eq!(driven.done().expect("done").1.doubts, Doubts::NONE);
}

#[test]
fn blocks_that_were_captured_follow_each_other() {
    let mut driven = discoverer();
    let question = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &to(&question, BLOCKS[0]));
    let second = driven.take_sent();
    assert_eq!((second.len(), driven.take_told().len()), (1, 0));
    driven.hear(answer_from(FROM), &to(&second[0].1, BLOCKS[1]));
    driven.wait(Duration::from_millis(30));
    let third = driven.take_sent();
    assert_eq!((third.len(), driven.take_told().len()), (1, 0));
    // The rest does not come, though it is asked for once more.
    driven.wait(Duration::from_secs(3));
    assert_eq!((driven.take_sent().len(), driven.take_told().len()), (1, 0));
    driven.wait(Duration::from_secs(30));
    let told = driven.take_told();
    assert_eq!(told[0].found().attribute("/"), Some("title=\"General Info\";ct=0"));
    assert!(driven.done().expect("done").1.doubts.contains(Doubts::CUT_SHORT));
}

#[test]
fn a_server_that_refuses_to_go_on_is_asked_from_the_beginning() {
    let mut driven = discoverer();
    let mut question = driven.take_sent().remove(0).1;
    let mut asked = Vec::new();
    for answer in AIOCOAP {
        assert_eq!(driven.take_told(), []);
        driven.hear(answer_from(FROM), &to(&question, answer));
        driven.wait(Duration::from_millis(30));
        for (_, bytes) in driven.take_sent() {
            let packet = coap_lite::Packet::from_bytes(&bytes).expect("a message");
            asked.push(packet.get_first_option(coap_lite::CoapOption::Block2).cloned());
            question = bytes;
        }
    }
    assert_eq!(asked, [Some(alloc::vec![0x16]), Some(alloc::vec![0x06]), Some(alloc::vec![0x16])]);
    let told = driven.take_told();
    let found = told[0].found();
    // All that it has is told: the list, a thermometer, sixty lamps, and what program it is.
    assert_eq!(found.attributes.len(), 63);
    assert_eq!(found.attribute("/lamps/59"), Some("rt=\"lamp\""));
    driven.wait(Duration::from_secs(30));
    let (_, summary) = driven.done().expect("done");
    assert_eq!((summary.doubts, summary.found), (Doubts::NONE, 1));
    assert_eq!((summary.duplicates, summary.ignored), (0, 0));
}

#[test]
fn a_server_that_refuses_twice_is_told_by_what_it_said() {
    let mut driven = discoverer();
    let mut question = driven.take_sent().remove(0).1;
    for answer in [AIOCOAP[0], AIOCOAP[1], AIOCOAP[1]] {
        assert_eq!(driven.take_told(), []);
        driven.hear(answer_from(FROM), &to(&question, answer));
        driven.wait(Duration::from_millis(30));
        question = driven.take_sent().pop().map_or(question, |(_, bytes)| bytes);
    }
    assert_eq!(driven.take_told()[0].found().services, ["temperature-c", "lamp"]);
    let doubts = driven.machine.summary(driven.now).doubts;
    assert!(doubts.contains(Doubts::CUT_SHORT));
}

#[test]
fn what_has_come_is_told_when_the_run_ends_before_the_rest() {
    let mut driven = discoverer();
    let question = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &to(&question, AIOCOAP[0]));
    assert_eq!(driven.take_told(), []);
    driven.step(&[mcast_proto::ops::Op::Close]);
    let told = driven.take_told();
    let found = told[0].found();
    assert_eq!(found.name.as_deref(), Some("Lab thermometer"));
    assert_eq!(found.services, ["temperature-c", "lamp"]);
    assert_eq!(
        found.attribute("/sensors/temp"),
        Some("rt=\"temperature-c\";title=\"Lab thermometer\"")
    );
    let doubts = driven.done().expect("done").1.doubts;
    assert_eq!(doubts, Doubts::CLOSED | Doubts::CUT_SHORT);
}

#[test]
fn a_list_that_is_known_is_not_fetched_again() {
    let config = Watching { repeat: 1, ..Watching::default() };
    let mut driven = Driven::start(Watcher::new(Coap::default(), config, 7));
    let list = b"</a>;rt=\"x\",</b>;rt=\"y\"";
    let first = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &block(&first, list, 0));
    let second = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &block(&second, list, 1));
    assert_eq!(driven.take_told().len(), 1);
    driven.wait(Duration::from_secs(61));
    let again = driven.take_sent().remove(0).1;
    driven.hear(answer_from(FROM), &block(&again, list, 0));
    driven.wait(Duration::from_secs(10));
    assert_eq!((driven.take_sent().len(), driven.take_told()), (0, Vec::<Told>::new()));
}

#[test]
fn what_is_no_list_is_no_find() {
    let mut driven = discoverer();
    let question = driven.take_sent().remove(0).1;
    let answer = |code: u8, rest: &[u8]| [&[0x58, code, 0, 7], &question[4..12], rest].concat();
    let bomb = [b"\xff".as_slice(), &b"<".repeat(60_000)].concat();
    for bytes in [
        answer(0x84, b""),
        answer(0x45, b""),
        answer(0x45, b"\xffno links"),
        answer(0x45, b"\xc1\x32\xff{}"),
        answer(0x45, b"\xd1\x0a\x0f\xff</a>"),
        answer(0x45, &bomb),
    ] {
        driven.hear(answer_from(FROM), &bytes);
    }
    assert_eq!(driven.take_told(), []);
    assert_eq!(driven.machine.summary(driven.now).ignored, 6);
    // One of many links is told as far as there is room.
    let many = [b"\xff".as_slice(), &b"</a>;rt=\"x\",".repeat(5_000)].concat();
    driven.hear(answer_from(FROM), &answer(0x45, &many));
    assert_eq!(driven.take_told().len(), 1);
}

#[test]
fn a_query_is_said_and_has_bounds() {
    let discovery = Discovery { repeat: 1, ..Discovery::default() };
    let coap = Coap::query("rt=core.rd*").expect("a query");
    let mut driven = Driven::start(Discoverer::new(coap, discovery, 7));
    assert!(driven.take_sent()[0].1.ends_with(b"\x4brt=core.rd*"));
    for bad in ["", "a b", "a\n", "\u{e9}", &"a".repeat(65)] {
        assert_eq!(Coap::query(bad).expect_err(bad), BadQuery);
    }
}
