use super::*;
use crate::wire::tests::{changed, encoded, query};
use crate::wire::{Attr, Datagram, FilterBuilder, TlvBuf, decode};

fn decoded(bytes: &[u8]) -> Query<'_> {
    match decode(bytes) {
        Ok(Datagram::Query(query)) => query,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_fields_are_where_the_page_says() {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::SelectService("fax")).unwrap();
    let query = Query {
        txn: 0x0102_0304_0506_0708,
        round: 0x1112,
        salt: 0x4142_4344_4546_4748,
        window_ms: 0x0122,
        slice: Slice::new(19, 0x0003_3435).unwrap(),
        sample_bits: 17,
        copies: 2,
        estimate: Some(13),
        max_reply: 0x0333,
        multicast_reply: true,
        watch: false,
        filter: Filter::new(&[0x51, 0x52, 0x53]).unwrap(),
        tlvs: tlvs.as_tlvs(),
        length: 51,
    };
    let bytes = encoded(Datagram::Query(query));
    #[rustfmt::skip]
    let expected = [
        0xf5, 0x6d, 0x64, 0x31, 1, 2, 0, 49, 1, 2, 3, 4, 5, 6, 7, 8,
        0x11, 0x12, 0x01, 0x22, 19, 17, 2, 13, 0, 3, 0x34, 0x35, 0, 3, 3, 0x33,
        0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x51, 0x52, 0x53,
        10, 0, 3, b'f', b'a', b'x', 0, 0,
    ];
    assert_eq!(bytes, expected);
    assert_eq!(decoded(&bytes), query);
    let watches = Query { multicast_reply: false, watch: true, estimate: None, ..query };
    let bytes = encoded(Datagram::Query(watches));
    assert_eq!((bytes[5], bytes[23]), (4, 255));
    assert_eq!(decoded(&bytes), watches);
    let both = Query { multicast_reply: true, ..watches };
    assert_eq!(decoded(&encoded(Datagram::Query(both))), both);
}

#[test]
fn what_is_over_a_limit_without_a_meaning_is_refused() {
    let cases = [
        (changed(query(), 6, &[0, 39]), DecodeError::BodyLength),
        (changed(query(), 20, &[21]), DecodeError::Slice),
        (changed(query(), 24, &[0, 0, 0, 1]), DecodeError::Slice),
        (changed(query(), 21, &[21]), DecodeError::Sample),
        (changed(query(), 28, &[0, 1]), DecodeError::Filter),
    ];
    for (bytes, error) in cases {
        assert_eq!(decode(&bytes), Err(error));
    }
    assert_eq!(decoded(&changed(query(), 20, &[20])).slice.bits(), 20);
    assert_eq!(decoded(&changed(query(), 21, &[20])).sample_bits, 20);
    let longest = |filter_len: u16| {
        let mut bytes = changed(query(), 28, &filter_len.to_be_bytes());
        bytes.resize(40 + usize::from(filter_len), 0);
        let body_len = bytes.len() as u16;
        changed(bytes, 6, &body_len.to_be_bytes())
    };
    assert_eq!(decoded(&longest(1200)).filter.as_bytes().len(), 1200);
    assert_eq!(decode(&longest(1201)), Err(DecodeError::Filter));
}

#[test]
fn windows_and_copies_are_clamped() {
    for (sent, read) in [(1_999, 1_999), (2_000, 2_000), (2_001, 2_000), (65_535, 2_000)] {
        let bytes = changed(query(), 18, &u16::to_be_bytes(sent));
        assert_eq!(decoded(&bytes).window_ms, read);
    }
    for (sent, read) in [(0, 1), (1, 1), (3, 3), (4, 3), (255, 3)] {
        assert_eq!(decoded(&changed(query(), 22, &[sent])).copies, read);
    }
    assert_eq!(decoded(&changed(query(), 23, &[254])).estimate, Some(254));
    assert_eq!(decoded(&changed(query(), 23, &[255])).estimate, None);
}

#[test]
fn who_is_in_the_slice_and_in_the_sample_is_in() {
    let query = |slice, sample_bits| Query { slice, sample_bits, ..Query::new(5, 1) };
    let ids = || (0..64u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut kinds = [0; 4];
    for id in ids() {
        let slice = Slice::of(id, 5, 1);
        let other = Slice::new(1, 1 - slice.index()).unwrap();
        let sampled = is_sampled(id, 5, 1);
        assert!(query(slice, 0).is_in(id) && !query(other, 0).is_in(id));
        assert_eq!(query(slice, 1).is_in(id), sampled);
        assert!(!query(other, 1).is_in(id));
        kinds[usize::from(sampled) * 2 + slice.index() as usize] += 1;
    }
    assert!(kinds.iter().all(|&count| count > 5), "{kinds:?}");
}

#[test]
fn it_silences_by_its_own_txn_and_salt() {
    let mut bytes = [0; 32];
    let mut filter = FilterBuilder::new(&mut bytes, 5, 99);
    filter.insert(0xfeed);
    let query = Query { salt: 99, filter: filter.finish(), ..Query::new(5, 1) };
    assert!(query.silences(0xfeed) && !query.silences(0xfeee));
    assert!(!Query { salt: 98, ..query }.silences(0xfeed));
    assert!(!Query { txn: 6, ..query }.silences(0xfeed));
    assert!(Query { round: 2, ..query }.silences(0xfeed));
}

#[test]
fn selectors_must_all_hold() {
    let mut own = TlvBuf::new();
    for tlv in [
        Tlv::Service("printer"),
        Tlv::Service("scanner"),
        Tlv::Attr(Attr { key: "floor", value: Some(b"3") }),
        Tlv::Attr(Attr { key: "colour", value: None }),
    ] {
        own.push(tlv).unwrap();
    }
    let attr = |key, value| Tlv::SelectAttr(Attr { key, value });
    let cases: [(&[Tlv<'_>], bool); 10] = [
        (&[], true),
        (&[Tlv::SelectService("scanner")], true),
        (&[Tlv::SelectService("fax")], false),
        (&[Tlv::SelectService("scanner"), attr("floor", Some(b"3"))], true),
        (&[Tlv::SelectService("scanner"), attr("floor", Some(b"4"))], false),
        (&[attr("floor", None), attr("colour", None)], true),
        (&[attr("colour", Some(b""))], false),
        (&[attr("Floor", None)], false),
        (&[attr("printer", None)], false),
        (&[Tlv::Service("fax"), Tlv::Unknown { number: 90, value: b"?" }], true),
    ];
    for (selectors, selected) in cases {
        let mut tlvs = TlvBuf::new();
        selectors.iter().for_each(|&tlv| tlvs.push(tlv).unwrap());
        let query = Query { tlvs: tlvs.as_tlvs(), ..Query::new(1, 1) };
        assert_eq!(query.selects(own.as_tlvs()), selected, "{selectors:?}");
    }
}

#[test]
fn an_answer_is_never_longer_than_the_question() {
    let mut query = Query::new(1, 1);
    assert_eq!(query.reply_limit(), 128);
    query.max_reply = 60;
    assert_eq!(query.reply_limit(), 60);
    query.length = 1200;
    query.max_reply = 1200;
    let bytes = encoded(Datagram::Query(query));
    assert_eq!((bytes.len(), decoded(&bytes).reply_limit()), (1200, 1200));
    // What was received counts, not what its maker may have meant.
    assert_eq!(decoded(&bytes[..64]).reply_limit(), 64);
}

#[test]
fn a_filter_and_selectors_fill_the_longest_datagram() {
    assert_eq!(Query::filter_room(0, false), 1160);
    assert_eq!(Query::filter_room(0, true), 1140);
    assert_eq!(Query::filter_room(40, true), 1100);
    assert_eq!(Query::filter_room(2000, true), 0);

    let bits = [0xff; 1120];
    let mut selectors = TlvBuf::new();
    selectors.push(Tlv::SelectService(&"s".repeat(37))).unwrap();
    let filter = Filter::new(&bits).unwrap();
    let query = Query { filter, tlvs: selectors.as_tlvs(), ..Query::new(1, 1) };
    assert_eq!(encoded(Datagram::Query(query)).len(), MAX_SENT);
}
