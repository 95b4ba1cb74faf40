//! The view of a message, on what real peers have said, and on what nobody should say.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use simple_dns::rdata::RData;

use super::super::fixtures::FIXTURES;
use super::*;

fn lines(message: &Message<'_>) -> Vec<String> {
    let records = message.records().map(|record| {
        format!("{:?} {} {} {:?}", record.name, record.ttl, record.flushes, record.data)
    });
    records.collect()
}

/// What the other decoder makes of it, in the same words.
fn others_lines(bytes: &[u8]) -> Option<Vec<String>> {
    let packet = simple_dns::Packet::parse(bytes).ok()?;
    let name = |name: &simple_dns::Name<'_>| {
        let labels: Vec<String> =
            name.as_bytes().map(|label| format!("{}", label.escape_ascii())).collect();
        labels.join(".")
    };
    let sections = [&packet.answers, &packet.name_servers, &packet.additional_records];
    let records =
        sections.into_iter().flatten().filter(|record| record.class == simple_dns::CLASS::IN);
    let lines = records.map(|record| {
        let data = match &record.rdata {
            RData::A(a) => format!("A({})", Ipv4Addr::from(a.address)),
            RData::AAAA(aaaa) => format!("Aaaa({})", Ipv6Addr::from(aaaa.address)),
            RData::PTR(target) => format!("Ptr({})", name(target)),
            RData::SRV(srv) => format!("Srv {{ host: {}, port: {} }}", name(&srv.target), srv.port),
            RData::TXT(txt) => {
                let mut strings = Vec::new();
                for (key, value) in txt.iter_raw() {
                    let value = value.map(|value| [b"=", value].concat()).unwrap_or_default();
                    strings.push((key.len() + value.len()) as u8);
                    strings.extend([key, &value].concat());
                }
                format!("Txt({strings:?})")
            }
            _ => "Other".into(),
        };
        format!("{} {} {} {data}", name(&record.name), record.ttl, record.cache_flush)
    });
    Some(lines.collect())
}

#[test]
fn records_are_what_another_decoder_takes_them_for() {
    for (name, bytes) in FIXTURES {
        let message = Message::read(bytes).expect(name);
        let others = others_lines(bytes).expect(name);
        // An empty string says nothing, and the other decoder leaves it out.
        let own: Vec<String> =
            lines(&message).into_iter().map(|line| line.replace("Txt([0])", "Txt([])")).collect();
        assert_eq!(own, others, "{name}");
        assert!(!own.is_empty() || name.contains("aaaa") || name.contains("announce"), "{name}");
    }
}

#[test]
fn nsec_spoils_nothing_whole_or_broken() {
    let bytes = fixture("zeroconf-aaaa-2.bin");
    let message = Message::read(&bytes).expect("a message");
    assert!(matches!(message.records().next().map(|record| record.data), Some(Data::Other)));
    // The same with an address after it, and with NSEC's own data broken.
    let address = b"\x01h\x00\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x04\x0a\x00\x00\x09";
    let mut more = [&bytes[..], address].concat();
    more[7] += 1;
    for broken in 0..2 {
        let at = more.len() - address.len() - 1;
        more[at] ^= 0xff * broken;
        let message = Message::read(&more).expect("a message");
        let last = message.records().last().expect("a record").data;
        assert!(matches!(last, Data::A(ip) if ip.octets() == [10, 0, 0, 9]));
    }
}

fn fixture(name: &str) -> Vec<u8> {
    super::super::fixtures::fixture(name).to_vec()
}

/// A message with these four counts and this body.
fn message(counts: [u16; 4], body: &[u8]) -> Vec<u8> {
    let counts = counts.map(u16::to_be_bytes).concat();
    [&[0, 0, 0x84, 0][..], &counts, body].concat()
}

#[test]
fn what_promises_more_than_there_is_or_is_no_answer_is_refused() {
    let record = b"\x01h\x00\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x04\x0a\x00\x00\x09";
    assert!(Message::read(&message([0, 1, 0, 0], record)).is_some());
    for counts in [[0, 2, 0, 0], [0, 65_535, 0, 0], [65_535; 4], [0, 1, 1, 0], [1, 1, 0, 0]] {
        assert!(Message::read(&message(counts, record)).is_none(), "{counts:?}");
    }
    for length in 0..message([0, 1, 0, 0], record).len() {
        assert!(Message::read(&message([0, 1, 0, 0], record)[..length]).is_none(), "{length}");
    }
    // An error, and another kind of request.
    for (at, bits) in [(3, 3), (2, 0x28)] {
        let mut bytes = message([0, 1, 0, 0], record);
        bytes[at] |= bits;
        assert!(Message::read(&bytes).is_none());
    }
}

#[test]
fn a_record_whose_data_is_broken_says_nothing_and_the_others_do() {
    let good = b"\x01h\x00\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x04\x0a\x00\x00\x09";
    for broken in [
        // An address that is too short, one that is too long, a server without a host, and a name that ends
        // before its record does, or after it.
        &b"\x01h\x00\x00\x01\x00\x01\x00\x00\x00\x0a\x00\x03\x0a\x00\x00"[..],
        b"\x01h\x00\x00\x1c\x00\x01\x00\x00\x00\x0a\x00\x04\x0a\x00\x00\x09",
        b"\x01h\x00\x00\x21\x00\x01\x00\x00\x00\x0a\x00\x06\x00\x00\x00\x00\x00\x50",
        b"\x01h\x00\x00\x0c\x00\x01\x00\x00\x00\x0a\x00\x04\x01h\x00\x00",
        b"\x01h\x00\x00\x0c\x00\x01\x00\x00\x00\x0a\x00\x02\x01h",
    ] {
        let bytes = message([0, 1, 0, 1], &[broken, good].concat());
        let message = Message::read(&bytes).expect("a message");
        let data: Vec<Data<'_>> = message.records().map(|record| record.data).collect();
        assert!(matches!(data[..], [Data::Other, Data::A(_)]), "{data:?}");
    }
    // And of another class none.
    let mut bytes = message([0, 2, 0, 0], &[&good[..], good].concat());
    bytes[12 + 6] = 3;
    assert_eq!(Message::read(&bytes).expect("a message").records().count(), 1);
}

#[test]
fn the_longest_message_is_read_in_no_time() {
    // As many records as have room, each with a name that is walked through a hundred pointers.
    let mut body = vec![1, b'a', 0];
    let mut before = 12u16;
    for _ in 0..100 {
        let at = 12 + body.len() as u16;
        body.extend([1, b'b']);
        body.extend((0xc000 | before).to_be_bytes());
        before = at;
    }
    // The chain stands in a record's data.
    let head = [&[0, 0, 99, 0, 1, 0, 0, 0, 1][..], &(body.len() as u16).to_be_bytes()].concat();
    let mut bytes = [&head[..], &body].concat();
    let shift = head.len() as u16;
    for at in (head.len() + 5..bytes.len()).step_by(4) {
        let pointer = u16::from_be_bytes([bytes[at], bytes[at + 1]]) + shift;
        bytes[at..at + 2].copy_from_slice(&pointer.to_be_bytes());
    }
    let mut count = 1;
    while bytes.len() < 65_000 {
        bytes.extend((0xc000 | (before + shift)).to_be_bytes());
        bytes.extend([0, 99, 0, 1, 0, 0, 0, 1, 0, 0]);
        count += 1;
    }
    let bytes = message([0, count, 0, 0], &bytes);
    let message = Message::read(&bytes).expect("a message");
    assert_eq!(message.records().count(), usize::from(count));
    assert_eq!(message.records().last().map(|record| record.name.labels().count()), Some(101));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        walk(&bytes);
    }

    #[test]
    fn a_message_that_was_changed_is_read_or_refused(
        which in 0..FIXTURES.len(),
        changes in prop::collection::vec((any::<u16>(), any::<u8>()), 0..6),
        length in any::<u16>(),
    ) {
        let mut bytes = FIXTURES[which].1.to_vec();
        for (at, value) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = value;
        }
        bytes.truncate(usize::from(length).max(bytes.len() / 2));
        walk(&bytes);
        // What both take is the same, but that the other one also takes what it finds in text apart.
        if let (Some(own), Some(others)) = (Message::read(&bytes), others_lines(&bytes)) {
            let own = lines(&own);
            prop_assert_eq!(own.len(), others.len());
            for (own, others) in own.iter().zip(&others) {
                let is_open = own.contains("Txt") || own.contains("Other");
                prop_assert!(is_open || own == others, "{} {}", own, others);
            }
        }
    }
}

/// Looks at all there is.
fn walk(bytes: &[u8]) {
    let Some(message) = Message::read(bytes) else { return };
    assert!(message.questions().count() <= bytes.len() / 5);
    assert!(lines(&message).len() <= bytes.len() / 11);
    for record in message.records() {
        assert!(record.name.labels().map(|label| label.len() + 1).sum::<usize>() < 255);
    }
}
