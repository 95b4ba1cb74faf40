//! Datagrams of the structured protocol, as they may come: honest, forged, repeated, cut off, broken.

use alloc::vec::Vec;
use core::time::Duration;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;

use super::{Op, any_arrival};
use crate::wire::{
    Announce, Datagram, Epoch, Filter, Goodbye, MAX_DATAGRAM, Query, Reply, Slice, Tlv, TlvBuf,
};

/// Operations in which a few peers send datagrams of the structured protocol. Some are of the session
/// `txn`, which a discoverer takes for answers to its own questions; ids are among few, so that they
/// come again.
pub fn any_service_ops(
    txn: u64,
    count: impl Into<proptest::collection::SizeRange>,
) -> impl Strategy<Value = Vec<Op>> {
    let datagram = (any_arrival(), any_service_datagram(txn));
    let op = prop_oneof![
        8 => datagram.prop_map(|(arrival, bytes)| Op::Datagram(arrival, bytes)),
        4 => (0..5_000_000u64).prop_map(|micros| Op::Wait(Duration::from_micros(micros))),
        2 => (0..200_000u64).prop_map(|micros| Op::Wait(Duration::from_micros(micros))),
        1 => (0..3_600u64).prop_map(|seconds| Op::Wait(Duration::from_secs(seconds))),
        2 => Just(Op::Poke),
    ];
    vec_of(op, count)
}

/// The bytes of one datagram; see [`any_service_ops`].
pub fn any_service_datagram(txn: u64) -> impl Strategy<Value = Vec<u8>> {
    let honest = prop_oneof![
        4 => any_query(txn),
        4 => any_reply(txn),
        2 => any_unasked(),
    ]
    .boxed();
    let broken = (honest.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(mut bytes, at, byte)| {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        },
    );
    let cut = (honest.clone(), any::<prop::sample::Index>()).prop_map(|(mut bytes, at)| {
        bytes.truncate(at.index(bytes.len()));
        bytes
    });
    prop_oneof![8 => honest, 2 => broken, 1 => cut, 1 => vec_of(any::<u8>(), 0..MAX_DATAGRAM + 9)]
}

fn any_txn(txn: u64) -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(txn), 2 => 0..4u64, 1 => any::<u64>()]
}

fn any_query(txn: u64) -> impl Strategy<Value = Vec<u8>> {
    let slice = (0..4u8).prop_flat_map(|bits| (Just(bits), 0..1u32 << bits));
    let filter = prop_oneof![Just(Vec::new()), vec_of(prop::sample::select(&[0, 255][..]), 0..64)];
    let fields = (any_txn(txn), 0..6u16, 0..12_000u16, slice, 0..2u8, 0..5u8, 0..30u8);
    (fields, filter, any::<(bool, bool)>(), 0..1_200usize).prop_map(
        |((txn, round, window_ms, slice, sample_bits, copies, estimate), filter, flags, length)| {
            let query = Query {
                window_ms,
                slice: Slice::new(slice.0, slice.1).unwrap_or(Slice::ALL),
                sample_bits,
                copies,
                estimate: Some(estimate),
                multicast_reply: flags.0,
                watch: flags.1,
                filter: Filter::new(&filter).unwrap_or(Filter::NONE),
                length,
                ..Query::new(txn, round)
            };
            encoded(Datagram::Query(query))
        },
    )
}

fn any_reply(txn: u64) -> impl Strategy<Value = Vec<u8>> {
    (any_txn(txn), 0..24u64, 0..6u16, 0..3u8, any_self(), any::<bool>()).prop_map(
        |(txn, id, round, copy, tlvs, truncated)| {
            let whole = truncated.then_some(200);
            let tlvs = tlvs.as_tlvs();
            let reply = Reply { txn, id, round, copy, whole, busy: false, lease_s: 20, tlvs };
            encoded(Datagram::Reply(reply))
        },
    )
}

fn any_unasked() -> impl Strategy<Value = Vec<u8>> {
    (0..24u64, 10..100u32, any_self(), any::<bool>()).prop_map(|(id, lease_s, tlvs, goes)| {
        let tlvs = tlvs.as_tlvs();
        encoded(if goes {
            Datagram::Goodbye(Goodbye { id, tlvs })
        } else {
            Datagram::Announce(Announce { id, lease_s, tlvs })
        })
    })
}

/// What a responder says of itself.
fn any_self() -> impl Strategy<Value = TlvBuf> {
    (0..3u32, 0..6u32, vec_of(any::<u8>(), 0..4)).prop_map(|(boot, seq, payload)| {
        let mut tlvs = TlvBuf::new();
        for tlv in
            [Tlv::Epoch(Epoch { boot, seq }), Tlv::Service("printer"), Tlv::Payload(&payload)]
        {
            tlvs.push(tlv).expect("it is within the limits");
        }
        tlvs
    })
}

fn encoded(datagram: Datagram<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    datagram.encode(None, &mut bytes);
    bytes
}
