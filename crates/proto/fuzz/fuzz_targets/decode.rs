//! Any bytes at all: they decode or are refused, without a panic; what decodes is within the format's
//! limits, and comes back the same after it was encoded again.
#![no_main]

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};

use libfuzzer_sys::fuzz_target;
use mcast_proto::wire::*;

thread_local! {
    static KEYRING: Keyring = {
        let key = Key::new(b"correct horse battery staple", Binding::Source);
        Keyring::new(key.expect("long enough"), Vec::new())
    };
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(4096));
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(datagram) = decode(bytes) else { return };
    assert!((MIN_DATAGRAM..=MAX_DATAGRAM).contains(&bytes.len()));
    let tlvs = within_limits(&datagram, bytes);
    assert!(tlvs.iter().count() <= MAX_TLVS && MIN_DATAGRAM + tlvs.len() <= bytes.len());

    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        datagram.encode(None, buffer);
        assert!(buffer.len() <= bytes.len());
        assert_eq!(decode(buffer), Ok(datagram));
        let mut place = [0xaa; MAX_DATAGRAM];
        assert_eq!(datagram.encode_to(None, &mut place), Ok(buffer.len()));
        assert_eq!(&place[..buffer.len()], buffer.as_slice());
    });
    if sealed_with(bytes).is_some() {
        // Its key's number and tag are for a fuzzer beyond guessing, unless it starts from one that
        // fits.
        let from = SocketAddr::new(Ipv4Addr::new(192, 0, 2, 7).into(), 40_000);
        let _ = KEYRING.with(|ring| ring.verify(from, bytes).map(Key::id));
    }
});

fn within_limits<'a>(datagram: &Datagram<'a>, bytes: &[u8]) -> Tlvs<'a> {
    match *datagram {
        Datagram::Query(query) => {
            assert!(query.window_ms <= MAX_WINDOW_MS);
            assert!((1..=MAX_COPIES).contains(&query.copies));
            assert!(query.slice.bits() <= MAX_HASH_BITS && query.sample_bits <= MAX_HASH_BITS);
            assert!(query.slice.index() < 1 << query.slice.bits());
            assert!(query.filter.as_bytes().len() <= MAX_FILTER);
            assert!(query.reply_limit() <= bytes.len() && query.length == bytes.len());
            let id = query.txn.rotate_left(17);
            assert!(!query.is_in(id) || query.slice.contains(id, query.txn));
            let mut known = [0; MAX_FILTER];
            let known = known.split_at_mut(query.filter.as_bytes().len()).0;
            let mut filter = FilterBuilder::new(known, query.txn, query.salt);
            filter.insert(id);
            let known = Query { filter: filter.finish(), ..query };
            assert_eq!(known.silences(id), query.filter != Filter::NONE);
            // Who says of itself what is asked for is selected.
            let mut own = TlvBuf::new();
            for tlv in query.tlvs {
                let said = match tlv {
                    Tlv::SelectService(service) => own.push(Tlv::Service(service)),
                    Tlv::SelectAttr(attr) => own.push(Tlv::Attr(attr)),
                    _ => Ok(()),
                };
                if said.is_err() {
                    // Only for want of room.
                    assert!(query.tlvs.len() > MAX_TLV_BYTES);
                    return query.tlvs;
                }
            }
            assert!(query.selects(own.as_tlvs()));
            query.tlvs
        }
        Datagram::Reply(reply) => {
            assert!(reply.copy < MAX_COPIES && reply.whole != Some(0));
            assert_eq!(reply.is_truncated(), reply.whole.is_some());
            let sessions = reply.tlvs.sessions();
            assert!(sessions.is_none_or(|all| (1..=MAX_SESSIONS).contains(&all.iter().count())));
            says_the_same_on_every_occasion(reply.lease_s, reply.tlvs);
            assert!((MIN_LEASE_S..=MAX_LEASE_S).contains(&reply.lease_s));
            reply.tlvs
        }
        Datagram::Announce(announce) => {
            assert!((MIN_LEASE_S..=MAX_LEASE_S).contains(&announce.lease_s));
            assert!(announce.tlvs.epoch().is_some());
            announce.tlvs
        }
        Datagram::Goodbye(goodbye) => {
            assert!(goodbye.tlvs.epoch().is_some());
            goodbye.tlvs
        }
        Datagram::Busy(busy) => {
            let refused = busy.tlvs.iter().filter(|tlv| matches!(tlv, Tlv::Refused(_))).count();
            assert!((1..=MAX_REFUSED).contains(&refused));
            busy.tlvs
        }
    }
}

/// The words are those that are left without what an answer says of itself.
fn says_the_same_on_every_occasion(lease_s: u32, tlvs: Tlvs<'_>) {
    let mut lasting = TlvBuf::new();
    for tlv in tlvs {
        if matches!(tlv, Tlv::Epoch(_) | Tlv::Digest(_) | Tlv::Sessions(_)) {
            continue;
        }
        if lasting.push(tlv).is_err() {
            assert!(tlvs.len() > MAX_TLV_BYTES);
            return;
        }
    }
    // The critical bit of what is known belongs to the words, and a `TlvBuf` does not set it.
    if digest(lease_s, lasting.as_tlvs()) != digest(lease_s, tlvs) {
        assert!(tlvs.as_bytes().iter().any(|byte| byte & 0x80 != 0));
    }
}
