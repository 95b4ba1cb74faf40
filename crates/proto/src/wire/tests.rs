use super::*;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use proptest::prelude::*;

const FROM: SocketAddr =
    SocketAddr::new(IpAddr::V4(core::net::Ipv4Addr::new(192, 0, 2, 7)), 40_000);

fn encoded(datagram: Datagram<'_>) -> Vec<u8> {
    let mut buffer = Vec::new();
    datagram.encode(None, &mut buffer);
    buffer
}

fn query() -> Vec<u8> {
    encoded(Datagram::Query(Query::new(0x0123_4567_89ab_cdef, 1)))
}

fn presence(epoch: Epoch) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Epoch(epoch)).unwrap();
    tlvs
}

/// A query that has these bytes, and no others, as its TLVs.
fn with_tlvs(tlvs: &[u8]) -> Vec<u8> {
    let mut bytes = query();
    bytes.truncate(MIN_QUERY_DATAGRAM);
    bytes.extend_from_slice(tlvs);
    let body_len = bytes.len() as u16;
    changed(bytes, 6, &body_len.to_be_bytes())
}

fn changed(mut bytes: Vec<u8>, at: usize, to: &[u8]) -> Vec<u8> {
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn what_is_not_this_protocol_or_is_newer_is_told_apart_from_what_is_broken() {
    use DecodeErrorKind::*;
    let long = |length: usize| {
        let mut bytes = query();
        bytes.resize(length, 0);
        bytes
    };
    assert!(decode(&long(40)).is_ok() && decode(&long(1500)).is_ok());
    let cases = [
        (Vec::new(), DecodeError::Length, Foreign),
        (b"Who's there?".to_vec(), DecodeError::Length, Foreign),
        (long(31), DecodeError::Length, Foreign),
        (long(1501), DecodeError::Length, Foreign),
        (vec![b'a'; 128], DecodeError::Magic, Foreign),
        (changed(query(), 3, b"2"), DecodeError::Version(b'2'), Newer),
        (changed(query(), 4, &[0]), DecodeError::Type(0), Newer),
        (changed(query(), 4, &[6]), DecodeError::Type(6), Newer),
        (long(39), DecodeError::BodyLength, Malformed),
        (changed(query(), 6, &[0, 31]), DecodeError::BodyLength, Malformed),
        (changed(query(), 6, &[0, 39]), DecodeError::BodyLength, Malformed),
        (changed(query(), 6, &[0, 129]), DecodeError::BodyLength, Malformed),
        (changed(query(), 5, &[1, 0, 109]), DecodeError::BodyLength, Malformed),
        (changed(query(), 20, &[21]), DecodeError::Slice, Malformed),
        (changed(query(), 24, &[0, 0, 0, 1]), DecodeError::Slice, Malformed),
        (changed(query(), 21, &[21]), DecodeError::Sample, Malformed),
        (changed(query(), 28, &[0, 1]), DecodeError::Filter, Malformed),
    ];
    for (bytes, error, kind) in cases {
        assert_eq!(decode(&bytes), Err(error), "{bytes:02x?}");
        assert_eq!(error.kind(), kind);
    }
}

#[test]
fn unknown_flags_reserved_bytes_and_padding_are_ignored() {
    let bytes = query();
    let Ok(Datagram::Query(plain)) = decode(&bytes) else { panic!() };
    let bytes = changed(query(), 5, &[0xf8]);
    assert_eq!(decode(&bytes), Ok(Datagram::Query(plain)));
    let bytes = changed(query(), 127, &[1]);
    assert_eq!(decode(&bytes), Ok(Datagram::Query(plain)));

    let tlvs = presence(Epoch { boot: 1, seq: 2 });
    let announce = Datagram::Announce(Announce { id: 7, lease_s: 120, tlvs: tlvs.as_tlvs() });
    let bytes = changed(encoded(announce), 8, &[0xff; 8]);
    let bytes = changed(bytes, 24, &[0xff; 4]);
    assert_eq!(decode(&bytes), Ok(announce));
}

#[test]
fn windows_and_copies_are_clamped() {
    let bytes = changed(query(), 18, &[0xff, 0xff]);
    let Ok(Datagram::Query(wide)) = decode(&bytes) else { panic!() };
    assert_eq!(wide.window_ms, 10_000);
    for (sent, read) in [(0, 1), (3, 3), (4, 3), (255, 3)] {
        let bytes = changed(query(), 22, &[sent]);
        let Ok(Datagram::Query(query)) = decode(&bytes) else { panic!() };
        assert_eq!(query.copies, read);
    }
}

#[test]
fn leases_copies_and_epochs_are_as_their_type_wants_them() {
    let tlvs = presence(Epoch { boot: 1, seq: 2 });
    let tlvs = tlvs.as_tlvs();
    let reply =
        Reply { txn: 1, id: 2, round: 3, copy: 2, whole: Some(136), busy: true, lease_s: 10, tlvs };
    let bytes = encoded(Datagram::Reply(reply));
    assert_eq!(decode(&bytes), Ok(Datagram::Reply(reply)));
    assert_eq!(decode(&changed(bytes.clone(), 26, &[3])), Err(DecodeError::Copy));
    for lease_s in [0u32, 9, 86_401, u32::MAX] {
        let bytes = changed(bytes.clone(), 28, &lease_s.to_be_bytes());
        assert_eq!(decode(&bytes), Err(DecodeError::Lease), "{lease_s}");
    }
    assert!(decode(&changed(bytes.clone(), 28, &86_400u32.to_be_bytes())).is_ok());

    let announce = encoded(Datagram::Announce(Announce { id: 2, lease_s: 120, tlvs }));
    assert_eq!(decode(&changed(announce.clone(), 28, &[0; 4])), Err(DecodeError::Lease));
    let goodbye = encoded(Datagram::Goodbye(Goodbye { id: 2, tlvs }));
    assert_eq!(decode(&goodbye), Ok(Datagram::Goodbye(Goodbye { id: 2, tlvs })));
    assert_eq!(decode(&changed(goodbye.clone(), 31, &[120])), Err(DecodeError::Lease));
    for mut bytes in [announce, goodbye] {
        bytes[7] = 32;
        assert_eq!(decode(&bytes), Err(DecodeError::NoEpoch));
    }
}

#[test]
fn tlvs_keep_to_their_limits() {
    let one = |number: u8, value: &[u8]| {
        let mut bytes = vec![number, 0, value.len() as u8];
        bytes.extend_from_slice(value);
        bytes
    };
    let times = |count: usize, number: u8, value: &[u8]| one(number, value).repeat(count);
    let longest = "x".repeat(255);
    let good = [
        times(32, 99, b""),
        times(32, 99 - 9, b"anything"),
        times(8, 4, &[0, 0, 80]),
        times(16, 5, b"a"),
        one(1, b""),
        one(3, longest.as_bytes()),
        one(2, "Drucker Größe 3".as_bytes()),
        one(4, &[9, 0, 80, 1, 2, 3]),
        one(0x80 | 3, b"critical, but known"),
        one(5, b"key=a=\0\xff"),
    ];
    for tlvs in good {
        let bytes = with_tlvs(&tlvs);
        let Ok(Datagram::Query(query)) = decode(&bytes) else { panic!("{tlvs:02x?}") };
        assert_eq!(query.tlvs.as_bytes(), tlvs);
    }
    let bad = [
        (times(33, 99, b""), DecodeError::TlvCount(None)),
        (times(9, 4, &[0, 0, 80]), DecodeError::TlvCount(Some(4))),
        (times(9, 6, &[4, 1, 2, 3, 4]), DecodeError::TlvCount(Some(6))),
        (times(17, 5, b"a"), DecodeError::TlvCount(Some(5))),
        (times(17, 11, b"a"), DecodeError::TlvCount(Some(11))),
        (times(2, 1, b""), DecodeError::TlvCount(Some(1))),
        (times(2, 3, b"a"), DecodeError::TlvCount(Some(3))),
        (times(2, 7, &[0; 8]), DecodeError::TlvCount(Some(7))),
        (times(2, 8, b""), DecodeError::TlvCount(Some(8))),
        (vec![1], DecodeError::TlvLength),
        (vec![1, 0], DecodeError::TlvLength),
        (vec![1, 0, 1], DecodeError::TlvLength),
        (vec![1, 0xff, 0xff], DecodeError::TlvLength),
        (one(0x80 | 99, b""), DecodeError::Critical(99)),
        (one(0x80, b""), DecodeError::Critical(0)),
        (one(0x84, &[9, 0, 80]), DecodeError::Critical(4)),
        (one(2, b""), DecodeError::TlvValue(2)),
        (one(2, b"a\nb"), DecodeError::TlvValue(2)),
        (one(3, b"\x1b[31m"), DecodeError::TlvValue(3)),
        (one(3, "\u{9b}31m".as_bytes()), DecodeError::TlvValue(3)),
        (one(3, b"\xff"), DecodeError::TlvValue(3)),
        (one(10, b""), DecodeError::TlvValue(10)),
        (one(4, &[]), DecodeError::TlvValue(4)),
        (one(4, &[4, 0, 80]), DecodeError::TlvValue(4)),
        (one(4, &[6, 0, 80, 1, 2, 3, 4]), DecodeError::TlvValue(4)),
        (one(4, &[0, 0, 80, 1]), DecodeError::TlvValue(4)),
        (one(5, b"=value"), DecodeError::TlvValue(5)),
        (one(5, b"k\xc3\xa4se=1"), DecodeError::TlvValue(5)),
        (one(6, &[0]), DecodeError::TlvValue(6)),
        (one(6, &[4, 1, 2, 3]), DecodeError::TlvValue(6)),
        (one(7, &[0; 7]), DecodeError::TlvValue(7)),
        (one(7, &[0; 9]), DecodeError::TlvValue(7)),
        (one(11, b""), DecodeError::TlvValue(11)),
    ];
    for (tlvs, error) in bad {
        let bytes = with_tlvs(&tlvs);
        assert_eq!(decode(&bytes), Err(error), "{tlvs:02x?}");
    }
    let too_long = [&[3, 1, 0][..], &[b'a'; 256]].concat();
    assert_eq!(tlv::Tlvs::decode(&too_long), Err(DecodeError::TlvValue(3)));
    let too_long = [&[5, 1, 0][..], &[b'a'; 256]].concat();
    assert_eq!(tlv::Tlvs::decode(&too_long), Err(DecodeError::TlvValue(5)));
}

#[test]
fn a_tlv_that_does_not_fit_changes_nothing() {
    let mut tlvs = TlvBuf::new();
    assert_eq!(tlvs.push(Tlv::Name("a\0")), Err(DecodeError::TlvValue(3)));
    assert_eq!(tlvs.push(Tlv::Payload(&[0; 1146])), Err(DecodeError::TlvLength));
    assert_eq!(tlvs, TlvBuf::new());
    assert_eq!(tlvs.push(Tlv::Payload(&[0; 1145])), Ok(()));
    assert_eq!(tlvs.as_tlvs().len(), MAX_TLV_BYTES);

    let tlvs = tlvs.as_tlvs();
    let reply =
        Reply { txn: 1, id: 2, round: 3, copy: 0, whole: None, busy: false, lease_s: 10, tlvs };
    let key = Key::new(b"0123456789abcdef", Binding::Source).unwrap();
    let mut buffer = Vec::new();
    Datagram::Reply(reply).encode(Some(Seal { key: &key, from: FROM }), &mut buffer);
    assert_eq!(buffer.len(), MAX_SENT);
}

#[test]
fn the_epoch_is_replaced_in_its_place() {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Payload(b"Me!")).unwrap();
    tlvs.set_epoch(Epoch { boot: 9, seq: 9 });
    assert_eq!(tlvs.as_tlvs().epoch(), None);
    tlvs.push(Tlv::Epoch(Epoch { boot: 1, seq: 1 })).unwrap();
    tlvs.push(Tlv::Name("n")).unwrap();
    tlvs.set_epoch(Epoch { boot: 1, seq: 2 });
    let said: Vec<_> = tlvs.as_tlvs().iter().collect();
    let epoch = Tlv::Epoch(Epoch { boot: 1, seq: 2 });
    assert_eq!(said, [Tlv::Payload(b"Me!"), epoch, Tlv::Name("n")]);
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
    let cases: [(&[Tlv<'_>], bool); 9] = [
        (&[], true),
        (&[Tlv::SelectService("scanner")], true),
        (&[Tlv::SelectService("fax")], false),
        (&[Tlv::SelectService("scanner"), attr("floor", Some(b"3"))], true),
        (&[Tlv::SelectService("scanner"), attr("floor", Some(b"4"))], false),
        (&[attr("floor", None), attr("colour", None)], true),
        (&[attr("colour", Some(b""))], false),
        (&[attr("Floor", None)], false),
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
    let Ok(Datagram::Query(query)) = decode(&bytes) else { panic!() };
    assert_eq!((bytes.len(), query.reply_limit()), (1200, 1200));

    let bits = vec![0xff; Query::filter_room(40, true)];
    let mut selectors = TlvBuf::new();
    selectors.push(Tlv::SelectService(&"s".repeat(37))).unwrap();
    let filter = Filter::new(&bits).unwrap();
    let query = Query { filter, tlvs: selectors.as_tlvs(), ..Query::new(1, 1) };
    let key = Key::new(b"0123456789abcdef", Binding::Source).unwrap();
    let mut buffer = Vec::new();
    Datagram::Query(query).encode(Some(Seal { key: &key, from: FROM }), &mut buffer);
    assert_eq!(buffer.len(), MAX_SENT);
}

#[test]
fn a_tag_holds_for_its_bytes_its_source_and_its_key_alone() {
    let key = |secret: &[u8], binding| Key::new(secret, binding).unwrap();
    let (old, new) =
        (b"an old secret of 24 bytes".as_slice(), b"a new secret of 24 bytes".as_slice());
    let signing = key(old, Binding::Source);
    let mut bytes = Vec::new();
    let query = Datagram::Query(Query::new(5, 1));
    query.encode(Some(Seal { key: &signing, from: FROM }), &mut bytes);
    assert_eq!(bytes.len(), MIN_QUERY);
    assert_eq!(decode(&bytes), Ok(query));
    assert_eq!(sealed_with(&bytes), Some(signing.id()));
    assert_eq!(sealed_with(&encoded(query)), None);

    let ring = Keyring::new(signing.clone(), Vec::new());
    assert_eq!(ring.verify(FROM, &bytes), Ok(&signing));
    assert_eq!(ring.verify(FROM, &encoded(query)), Err(AuthError::Missing));
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        assert!(ring.verify(FROM, &forged).is_err(), "bit {bit}");
    }
    let elsewhere =
        [SocketAddr::new(FROM.ip(), 40_001), SocketAddr::new([192, 0, 2, 8].into(), 40_000)];
    for from in elsewhere {
        assert_eq!(ring.verify(from, &bytes), Err(AuthError::Mismatch));
    }

    let rotated = Keyring::new(key(new, Binding::Source), vec![signing.clone()]);
    assert_eq!(rotated.verify(FROM, &bytes), Ok(&signing));
    let done = Keyring::new(key(new, Binding::Source), Vec::new());
    assert_eq!(done.verify(FROM, &bytes), Err(AuthError::UnknownKey(signing.id())));

    let unbound = key(old, Binding::Unbound);
    assert_ne!(unbound, signing);
    let mut bytes = Vec::new();
    query.encode(Some(Seal { key: &unbound, from: FROM }), &mut bytes);
    let ring = Keyring::new(unbound.clone(), Vec::new());
    assert!(elsewhere.iter().all(|&from| ring.verify(from, &bytes) == Ok(&unbound)));
}

#[test]
fn an_ipv4_address_is_the_same_to_a_socket_of_either_family() {
    let key = Key::new(b"0123456789abcdef", Binding::Source).unwrap();
    let mut bytes = Vec::new();
    Datagram::Query(Query::new(5, 1)).encode(Some(Seal { key: &key, from: FROM }), &mut bytes);
    let mapped = SocketAddr::new("::ffff:192.0.2.7".parse().unwrap(), 40_000);
    assert!(Keyring::new(key, Vec::new()).verify(mapped, &bytes).is_ok());
}

#[test]
fn secrets_are_long_enough_wiped_and_not_shown() {
    assert_eq!(Key::new(&[7; 15], Binding::Source).err(), Some(KeyError));
    let key = Key::new(&[7; 200], Binding::Source).unwrap();
    let shown = alloc::format!("{:?}", Keyring::new(key.clone(), Vec::new()));
    let expected = alloc::format!(
        "Keyring {{ signing: Key {{ id: {}, binding: Source }}, accepted: [] }}",
        key.id()
    );
    assert_eq!(shown, expected);
    // `Hmac` consists of the hash's states, and says nothing of its own about wiping.
    fn is_wiped<T: sha2::digest::zeroize::ZeroizeOnDrop>() {}
    is_wiped::<sha2::Sha256>();
}

prop_compose! {
    fn any_tlvs()(tlvs in prop::collection::vec((0u8..12, prop::collection::vec(any::<u8>(), 0..40)), 0..12))
        -> TlvBuf
    {
        let mut buf = TlvBuf::new();
        for (number, value) in tlvs {
            // Those whose value does not suit their type stay out.
            let _ = buf.push(Tlv::Unknown { number, value: &value });
        }
        buf
    }
}

proptest! {
    #[test]
    fn a_query_comes_back_as_it_was(
        (txn, round, salt, window_ms, max_reply) in any::<(u64, u16, u64, u16, u16)>(),
        (slice, sample_bits, copies) in (0..=20u8, any::<u32>()).prop_map(|(bits, index)| {
            Slice::new(bits, index & ((1 << bits) - 1)).unwrap()
        }).prop_flat_map(|slice| (Just(slice), 0..=20u8, 1..=3u8)),
        (estimate, multicast_reply, watch) in (prop::option::of(0..255u8), any::<bool>(), any::<bool>()),
        filter in prop::collection::vec(any::<u8>(), 0..400),
        tlvs in any_tlvs(),
        length in 0..=1500usize,
        sealed in any::<bool>(),
    ) {
        let mut query = Query {
            txn, round, salt, window_ms: window_ms.min(MAX_WINDOW_MS), slice, sample_bits, copies, estimate,
            max_reply, multicast_reply, watch, filter: Filter::new(&filter).unwrap(),
            tlvs: tlvs.as_tlvs(), length,
        };
        let key = Key::new(b"0123456789abcdef", Binding::Source).unwrap();
        let seal = sealed.then_some(Seal { key: &key, from: FROM });
        let mut bytes = Vec::new();
        Datagram::Query(query).encode(seal, &mut bytes);
        query.length = bytes.len();
        prop_assert!(bytes.len() >= length);
        prop_assert_eq!(decode(&bytes), Ok(Datagram::Query(query)));
        let mut again = Vec::new();
        Datagram::Query(query).encode(seal, &mut again);
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn what_a_responder_says_comes_back_as_it_was(
        (txn, id, round, whole, busy) in any::<(u64, u64, u16, u8, bool)>(),
        (copy, lease_s, boot, seq) in (0..3u8, 10..=86_400u32, any::<u32>(), any::<u32>()),
        tlvs in any_tlvs(),
    ) {
        let mut unasked = tlvs.clone();
        unasked.push(Tlv::Epoch(Epoch { boot, seq })).ok();
        let tlvs = tlvs.as_tlvs();
        let whole = (whole != 0).then_some(8 * u16::from(whole));
        let reply = Datagram::Reply(Reply { txn, id, round, copy, whole, busy, lease_s, tlvs });
        let tlvs = unasked.as_tlvs();
        let announce = Datagram::Announce(Announce { id, lease_s, tlvs });
        let goodbye = Datagram::Goodbye(Goodbye { id, tlvs });
        for datagram in [reply, announce, goodbye] {
            let bytes = encoded(datagram);
            prop_assert_eq!(decode(&bytes), Ok(datagram));
        }
    }

    /// Bytes that pass the first checks reach the later ones.
    #[test]
    fn any_bytes_decode_or_are_refused_and_what_decodes_is_within_the_limits(
        mut bytes in prop::collection::vec(any::<u8>(), 0..1600),
        (kind, flags, body_len) in (0..7u8, any::<u8>(), 0..200u16),
        slice in (0..22u8, 0..4u32),
        filter_len in 0..64u16,
        filled in 0..8,
    ) {
        let mut put = |step: i32, at: usize, field: &[u8]| {
            if filled > step && let Some(place) = bytes.get_mut(at..at + field.len()) {
                place.copy_from_slice(field);
            }
        };
        put(0, 0, &MAGIC);
        put(1, 4, &[kind, flags]);
        put(2, 6, &body_len.to_be_bytes());
        put(3, 20, &[slice.0, 3, 1]);
        put(4, 24, &slice.1.to_be_bytes());
        put(5, 28, &filter_len.to_be_bytes());
        put(6, 40 + usize::from(filter_len), &[90, 0, 5]);
        let Ok(datagram) = decode(&bytes) else { return Ok(()) };
        if let Datagram::Query(query) = datagram {
            prop_assert!(query.window_ms <= MAX_WINDOW_MS && (1..=MAX_COPIES).contains(&query.copies));
            prop_assert!(query.slice.index() < 1 << query.slice.bits());
            prop_assert!(query.tlvs.iter().count() <= MAX_TLVS);
            prop_assert!(query.reply_limit() <= bytes.len());
        }
        let again = encoded(datagram);
        prop_assert_eq!(decode(&again), Ok(datagram));
    }
}
