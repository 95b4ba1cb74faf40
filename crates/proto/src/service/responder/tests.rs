use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::*;
use crate::service::Stores;
use crate::wire::{FilterBuilder, MIN_DATAGRAM};
use crate::{Path, Rate};

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
        Action::Emit(Event::Query { refused, .. }) => Some(refused),
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

// Which queries are answered.

#[test]
fn what_was_made_up_ahead_of_a_question_does_not_pass_for_it() {
    let mut responder = started(printer());
    let honest = Query { salt: 0x5a17, ..query(1, 1) };
    // In the asker's name, for an answer that comes too late.
    let forged = Query { window_ms: 10_000, salt: 1, ..honest };
    let delayed = Query { window_ms: 10_000, ..honest };
    for query in [forged, delayed, honest] {
        assert_eq!(hear(&mut responder, at(0), from(host(9)), query), Some(None));
        assert_eq!(hear(&mut responder, at(1), from(host(9)), query), None);
    }
    assert_eq!(responder.summary(at(1)).duplicates, 3);
    assert_eq!(rounds(&mut responder, at(WINDOW_MS.into())), [1]);
}

#[test]
fn a_forged_question_of_a_far_round_cancels_no_answer() {
    let mut responder = started(printer());
    let honest = Query { copies: 3, ..query(1, 3) };
    assert_eq!(hear(&mut responder, at(0), from(host(9)), honest), Some(None));
    for round in [60_000, 60_001, 2, 4] {
        let forged = Query { window_ms: 0, ..query(1, round) };
        assert_eq!(hear(&mut responder, at(0), from(host(9)), forged), Some(None));
    }
    let answered = rounds(&mut responder, at(WINDOW_MS.into()));
    assert_eq!(answered.iter().filter(|round| **round == 3).count(), 3, "{answered:?}");
}

#[test]
fn an_answer_that_gives_way_before_it_was_sent_is_told_to_have_been_refused() {
    let stores = Stores { pending: 1, ..Stores::default() };
    let mut responder = started(Responding { stores, ..printer() });
    let long = Query { window_ms: 10_000, copies: 3, ..query(1, 1) };
    assert_eq!(hear(&mut responder, at(0), from(host(9)), long), Some(None));
    assert_eq!(hear(&mut responder, at(0), from(host(8)), query(2, 1)), Some(None));
    assert!(refused(&sent(&mut responder, at(30))).contains(&Some(host(9).ip())));
    // There is no place before the other.
    assert_eq!(hear(&mut responder, at(1_000), from(host(8)), query(3, 1)), Some(None));
    let answer = hear(&mut responder, at(1_000), from(host(7)), long);
    assert_eq!(answer, Some(Some(Refusal::Busy)));
    assert!(refused(&sent(&mut responder, at(1_030))).contains(&Some(host(7).ip())));
}

#[test]
fn an_answer_that_gives_way_after_it_was_sent_once_was_not_refused() {
    let stores = Stores { pending: 1, ..Stores::default() };
    let mut responder = started(Responding { stores, ..printer() });
    let long = Query { window_ms: 9_000, copies: 3, ..query(1, 1) };
    assert_eq!(hear(&mut responder, at(0), from(host(9)), long), Some(None));
    assert_eq!(rounds(&mut responder, at(3_000)), [1]);
    let soon = Query { window_ms: 0, ..query(2, 2) };
    assert_eq!(hear(&mut responder, at(3_000), from(host(8)), soon), Some(None));
    assert_eq!(rounds(&mut responder, at(20_000)), [2]);
}

// Answers to the group.

/// An offer whose whole answer has so many bytes.
fn offer_of(length: usize) -> Offer {
    let offer = Offer::new("printer").unwrap();
    let rest = length - MIN_DATAGRAM - offer.tlvs().len() - 3;
    offer.with(Tlv::Payload(&vec![7; rest])).unwrap()
}

fn to_group(txn: u64, round: u16) -> Query<'static> {
    Query { multicast_reply: true, ..query(txn, round) }
}

#[test]
fn one_answer_to_the_group_is_for_all_who_asked_and_is_charged_to_nobody() {
    let rate = Some(Rate { per_source: 0, total: 0 });
    let mut responder = started(Responding { rate, ..printer() });
    for txn in 1..=5 {
        let asked = hear(&mut responder, at(0), from(host(9)), to_group(txn, 3));
        assert_eq!(asked, Some(None));
    }
    let sent = sent(&mut responder, at(1_000));
    assert_eq!((sent.len(), sent[0].to), (1, Destination::Group));
    assert!(sent[0].at <= at(WINDOW_MS.into()));
    let reply = sent[0].reply();
    assert_eq!((reply.txn, reply.round, reply.id, reply.whole), (0, 0, 7, None));
    assert!(reply.tlvs.sessions().unwrap().iter().eq((1..=5).map(|txn| (txn, 3))));
    assert!(reply.tlvs.iter().any(|tlv| tlv == Tlv::Service("printer")));
}

#[test]
fn of_any_length_it_names_those_whom_it_is_for() {
    for length in [60, 540, 700, 1_167, 1_168, 1_180] {
        for asking in [1, 64, 300] {
            let mut responder = started(Responding { offer: offer_of(length), ..printer() });
            for txn in 0..asking {
                hear(&mut responder, at(0), from(host(9)), to_group(txn, 1));
            }
            let sent = sent(&mut responder, at(100));
            let reply = sent[0].reply();
            assert!(sent[0].bytes.len() <= 1_200 && sent.len() == 1);
            assert!(!reply.tlvs.sessions().unwrap().is_empty());
            assert_eq!(reply.whole, (length > 1_167).then_some(length.next_multiple_of(8) as u16));
        }
    }
}

#[test]
fn it_is_silent_to_the_group_where_the_words_that_the_group_would_get_are_known() {
    for (length, is_whole) in [(1_167, true), (1_168, false)] {
        let mut responder = started(Responding { offer: offer_of(length), ..printer() });
        let digest = responder.words.digest();
        for (name, is_silent) in [
            (wire::whole_name(7, own(), digest), true),
            (wire::short_name(7, own(), digest), !is_whole),
        ] {
            let mut bytes = [0; 16];
            let mut filter = FilterBuilder::new(&mut bytes, 1, 5);
            filter.insert(name);
            let asked = Query { filter: filter.finish(), salt: 5, ..to_group(1, 1) };
            let heard = hear(&mut responder, at(0), from(host(9)), asked);
            assert_eq!(heard.is_none(), is_silent, "{length}");
        }
    }
}
