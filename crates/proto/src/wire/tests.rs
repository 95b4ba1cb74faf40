//! Datagrams as a whole; what their parts are held to is tested beside these.

use super::*;
use proptest::prelude::*;

pub(super) fn encoded(datagram: Datagram<'_>) -> Vec<u8> {
    let mut buffer = Vec::new();
    datagram.encode(None, &mut buffer);
    buffer
}

pub(super) fn query() -> Vec<u8> {
    encoded(Datagram::Query(Query::new(0x0123_4567_89ab_cdef, 1)))
}

pub(super) fn presence(epoch: Epoch) -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Epoch(epoch)).unwrap();
    tlvs
}

pub(super) fn changed(mut bytes: Vec<u8>, at: usize, to: &[u8]) -> Vec<u8> {
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn a_query_is_padded_up_to_the_longest_datagram_and_nothing_else_is() {
    let padded = |length| Datagram::Query(Query { length, ..Query::new(1, 1) });
    for (length, encodes_to) in [(0, 40), (40, 40), (41, 41), (1500, 1500), (1501, 1500)] {
        let bytes = encoded(padded(length));
        assert_eq!((bytes.len(), padded(length).encoded_len(false)), (encodes_to, encodes_to));
        assert!(bytes[40..].iter().all(|&byte| byte == 0));
    }
    // The trailer is part of the length that was asked for.
    for (length, encodes_to) in [(0, 60), (60, 60), (61, 61), (128, 128), (1501, 1500)] {
        assert_eq!(padded(length).encoded_len(true), encodes_to);
    }
    let tlvs = presence(Epoch { boot: 1, seq: 2 });
    let (id, tlvs) = (2, tlvs.as_tlvs());
    let reply =
        Reply { txn: 1, id, round: 3, copy: 0, whole: None, busy: false, lease_s: 10, tlvs };
    for datagram in [
        Datagram::Reply(reply),
        Datagram::Announce(Announce { id, lease_s: 10, tlvs }),
        Datagram::Goodbye(Goodbye { id, tlvs }),
        Datagram::Busy(Busy { id, tlvs }),
    ] {
        assert_eq!((datagram.encoded_len(false), datagram.encoded_len(true)), (43, 63));
        assert_eq!(encoded(datagram).len(), 43);
    }
}

#[test]
fn what_is_there_stays_before_a_datagram_that_is_appended() {
    let query = Datagram::Query(Query::new(1, 1));
    let mut buffer = Vec::from(*b"before");
    query.encode(None, &mut buffer);
    assert_eq!(&buffer[..6], b"before");
    assert_eq!(buffer[6..], encoded(query));
}

#[test]
fn a_slice_is_filled_as_a_vector_is_or_not_at_all() {
    let query = Datagram::Query(Query::new(1, 1));
    let mut buffer = [0xaa; 130];
    assert_eq!(query.encode_to(None, &mut buffer[..127]), Err(TooLong { length: 128 }));
    assert_eq!(buffer, [0xaa; 130]);
    assert_eq!(query.encode_to(None, &mut buffer), Ok(128));
    assert_eq!(buffer[..128], encoded(query));
    assert_eq!(buffer[128..], [0xaa; 2]);
}

prop_compose! {
    fn any_tlvs()(tlvs in prop::collection::vec((0u8..15, prop::collection::vec(any::<u8>(), 0..40)), 0..12))
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
    ) {
        let mut query = Query {
            txn, round, salt, window_ms: window_ms.min(MAX_WINDOW_MS), slice, sample_bits, copies,
            estimate, max_reply, multicast_reply, watch, filter: Filter::new(&filter).unwrap(),
            tlvs: tlvs.as_tlvs(), length,
        };
        let bytes = encoded(Datagram::Query(query));
        query.length = bytes.len();
        prop_assert!(bytes.len() >= length);
        prop_assert_eq!(decode(&bytes), Ok(Datagram::Query(query)));
        prop_assert_eq!(encoded(Datagram::Query(query)), bytes);
    }

    #[test]
    fn what_a_responder_says_comes_back_as_it_was(
        (txn, id, round, whole, busy) in any::<(u64, u64, u16, u8, bool)>(),
        (copy, lease_s, boot, seq) in (0..3u8, 10..=86_400u32, any::<u32>(), any::<u32>()),
        refused in any::<core::net::IpAddr>(),
        tlvs in any_tlvs(),
    ) {
        let (mut unasked, mut refuses) = (tlvs.clone(), tlvs.clone());
        unasked.push(Tlv::Epoch(Epoch { boot, seq })).ok();
        refuses.push(Tlv::Refused(Some(refused))).ok();
        let whole = (whole != 0).then_some(8 * u16::from(whole));
        let tlvs = tlvs.as_tlvs();
        let reply = Datagram::Reply(Reply { txn, id, round, copy, whole, busy, lease_s, tlvs });
        let tlvs = unasked.as_tlvs();
        let announce = Datagram::Announce(Announce { id, lease_s, tlvs });
        let goodbye = Datagram::Goodbye(Goodbye { id, tlvs });
        let busy = Datagram::Busy(Busy { id, tlvs: refuses.as_tlvs() });
        for datagram in [reply, announce, goodbye, busy] {
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
