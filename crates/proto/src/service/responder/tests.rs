use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::*;
use crate::service::Stores;
use crate::wire::{Binding, FilterBuilder, Key, MAX_WINDOW_MS, MIN_DATAGRAM, Seal, TlvBuf};
use crate::{Path, Rate};

mod answers;
mod limits;
mod questions;
mod unasked;

const WINDOW_MS: u16 = 24;

/// A query that asks everybody for one answer in a usual window.
fn query(txn: u64, round: u16) -> Query<'static> {
    Query { window_ms: WINDOW_MS, ..Query::new(txn, round) }
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn host(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], 4000))
}

fn own() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], super::super::PORT))
}

fn group() -> Cast {
    Cast::Group((super::super::GROUP_V4, super::super::PORT).into())
}

/// By the group, from a neighbour, on a host that knows its own address.
fn from(remote: SocketAddr) -> Arrival {
    Arrival::new(Path::new(remote), group(), true).at_local(own())
}

fn printer() -> Responding {
    Responding { id: Some(7), announce: false, ..Responding::of(Offer::new("printer").unwrap()) }
}

fn started(config: Responding) -> Responder {
    let mut responder = Responder::new(config, 1);
    assert!(responder.handle_timeout(at(0)).is_none());
    responder
}

/// What was sent at the moment, and to whom.
struct Sent {
    at: Instant,
    to: Destination,
    bytes: Vec<u8>,
}

impl Sent {
    fn said(&self) -> Datagram<'_> {
        wire::decode(&self.bytes).unwrap()
    }

    fn reply(&self) -> Reply<'_> {
        match self.said() {
            Datagram::Reply(reply) => reply,
            other => panic!("{other:?} is no reply"),
        }
    }
}

/// All that is sent up to a moment, each at its time.
fn sent(responder: &mut Responder, until: Instant) -> Vec<Sent> {
    let mut all = Vec::new();
    while let Some(due) = responder.deadline().filter(|due| *due <= until) {
        match responder.handle_timeout(due) {
            Some(Action::Send { to, message }) => {
                let mut bytes = Vec::new();
                message.encode_from(own(), &mut bytes);
                all.push(Sent { at: due, to, bytes });
            }
            None => {}
            Some(other) => panic!("{other:?}"),
        }
    }
    all
}

/// How a query is reported: `None` where it is not, or why it is refused.
fn hear(
    responder: &mut Responder,
    now: Instant,
    arrival: Arrival,
    query: Query<'_>,
) -> Option<Option<Refusal>> {
    let mut bytes = Vec::new();
    Datagram::Query(query).encode(None, &mut bytes);
    match responder.handle_datagram(now, arrival, &bytes)? {
        Action::Emit(Event::Asked { refused, .. }) => Some(refused),
        other => panic!("{other:?}"),
    }
}

/// The rounds that were answered up to a moment.
fn rounds(responder: &mut Responder, until: Instant) -> Vec<u16> {
    sent(responder, until).iter().map(|sent| sent.reply().round).collect()
}

/// Whose questions it said to have refused.
fn refused(sent: &[Sent]) -> Vec<Option<IpAddr>> {
    let busy = sent.iter().filter_map(|sent| match sent.said() {
        Datagram::Busy(busy) => Some(busy.tlvs),
        _ => None,
    });
    let refused = |tlv| if let Tlv::Refused(source) = tlv { Some(source) } else { None };
    busy.flat_map(|tlvs| tlvs.iter().filter_map(refused)).collect()
}

/// An offer whose whole answer has so many bytes.
fn offer_of(length: usize) -> Offer {
    let offer = Offer::new("printer").unwrap();
    let rest = length - MIN_DATAGRAM - offer.tlvs().len() - 3;
    offer.with(Tlv::Payload(&vec![7; rest])).unwrap()
}

fn to_group(txn: u64, round: u16) -> Query<'static> {
    Query { multicast_reply: true, ..query(txn, round) }
}

/// A query whose filter has these names.
fn knowing<'a>(bytes: &'a mut [u8], names: &[u64], query: Query<'a>) -> Query<'a> {
    let mut filter = FilterBuilder::new(bytes, query.txn, query.salt);
    names.iter().for_each(|name| filter.insert(*name));
    Query { filter: filter.finish(), ..query }
}

fn announcement(id: u64, from: SocketAddr, key: Option<&Key>) -> Vec<u8> {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Epoch(wire::Epoch { boot: 1, seq: 1 })).unwrap();
    let announce = Announce { id, lease_s: 100, tlvs: tlvs.as_tlvs() };
    let mut bytes = Vec::new();
    Datagram::Announce(announce).encode(key.map(|key| Seal { key, from }), &mut bytes);
    bytes
}

fn key(secret: &[u8]) -> Key {
    Key::new(secret, Binding::Source).unwrap()
}

#[test]
fn from_beyond_the_link_who_asks_for_an_answer_to_the_group_is_answered_alone_within_its_bounds() {
    let config = Responding { allow_off_link: true, offer: offer_of(200), ..printer() };
    let mut responder = started(config);
    let beyond = Arrival { on_link: false, cast: Cast::Unicast, ..from(host(9)) };
    let asked = |max_reply| Query { max_reply, ..to_group(1, u16::from(max_reply > 8)) };
    assert_eq!(hear(&mut responder, at(0), beyond, asked(8)), None);
    assert_eq!(hear(&mut responder, at(0), beyond, asked(60)), Some(None));
    let sent = sent(&mut responder, at(1_000));
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, Destination::Peer(beyond.from));
    assert!(sent[0].bytes.len() <= 60 && sent[0].reply().is_truncated());
}
