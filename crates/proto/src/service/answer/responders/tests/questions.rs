//! Which questions are answered, and which are not.

use super::*;
use crate::{Protocol, Question};

#[test]
fn what_was_made_up_ahead_of_a_question_does_not_pass_for_it() {
    let mut responder = started(printer());
    let honest = Query { salt: 0x5a17, ..query(1, 1) };
    // In the asker's name, for an answer that comes too late.
    let forged = Query { window_ms: MAX_WINDOW_MS, salt: 1, ..honest };
    let delayed = Query { window_ms: MAX_WINDOW_MS, ..honest };
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
    let long = Query { window_ms: MAX_WINDOW_MS, copies: 3, ..query(1, 1) };
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
    let long = Query { window_ms: 1_800, copies: 3, ..query(1, 1) };
    assert_eq!(hear(&mut responder, at(0), from(host(9)), long), Some(None));
    assert_eq!(rounds(&mut responder, at(600)), [1]);
    let soon = Query { window_ms: 0, ..query(2, 2) };
    assert_eq!(hear(&mut responder, at(600), from(host(8)), soon), Some(None));
    assert_eq!(rounds(&mut responder, at(20_000)), [2]);
}

#[test]
fn it_is_silent_only_where_its_own_words_from_its_own_address_are_named() {
    let mut responder = started(printer());
    let digest = digest(&responder);
    let elsewhere = SocketAddr::from(([10, 0, 0, 3], own().port()));
    let other_port = SocketAddr::from(([10, 0, 0, 2], 50_010));
    for (round, (name, is_silent)) in [
        (wire::whole_name(7, own(), digest), true),
        (wire::whole_name(8, own(), digest), false),
        (wire::whole_name(7, elsewhere, digest), false),
        (wire::whole_name(7, other_port, digest), false),
        (wire::whole_name(7, own(), digest ^ 1), false),
        // It fits, so that having heard it in part is no reason.
        (wire::short_name(7, own(), digest), false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut bytes = [0; 16];
        let asked = knowing(&mut bytes, &[name], query(1, round as u16));
        let heard = hear(&mut responder, at(0), from(host(9)), asked);
        assert_eq!(heard.is_none(), is_silent, "{round}");
    }
}

#[test]
fn where_the_whole_does_not_fit_it_is_silent_if_it_was_heard_in_part() {
    let mut responder = started(Responding { offer: offer_of(500), ..printer() });
    let digest = digest(&responder);
    for (length, short_is_silent) in [(499, true), (500, false)] {
        for (name, is_silent) in [
            (wire::whole_name(7, own(), digest), true),
            (wire::short_name(7, own(), digest), short_is_silent),
        ] {
            let mut bytes = [0; 16];
            let asked = Query { length, max_reply: 1_200, ..query(1, length as u16) };
            let asked = knowing(&mut bytes, &[name], asked);
            let heard = hear(&mut responder, at(0), from(host(9)), asked);
            assert_eq!(heard.is_none(), is_silent, "{length}");
        }
    }
}

#[test]
fn one_that_does_not_know_its_own_address_answers_each_sweep() {
    let mut responder = started(printer());
    let digest = digest(&responder);
    let arrival = Arrival::new(Path::new(host(9)), group(), true);
    for round in 1..=3 {
        let mut bytes = [0xff; 16];
        let name = wire::whole_name(7, own(), digest);
        let asked = knowing(&mut bytes, &[name], query(1, round));
        let now = at(u64::from(round) * 100);
        assert_eq!(hear(&mut responder, now, arrival, asked), Some(None));
        assert_eq!(rounds(&mut responder, now + Duration::from_millis(24)), [round]);
    }
}

#[test]
fn only_what_asks_for_it_is_answered_and_reported() {
    let mut responder = started(printer());
    let in_slice = wire::Slice::of(7, 1, 1);
    let other_slice = wire::Slice::new(1, 1 - in_slice.index()).unwrap();
    let mut other = TlvBuf::new();
    other.push(Tlv::SelectService("fax")).unwrap();
    for asked in [
        Query { slice: other_slice, ..query(1, 1) },
        Query { tlvs: other.as_tlvs(), ..query(1, 1) },
    ] {
        assert_eq!(hear(&mut responder, at(0), from(host(9)), asked), None);
    }
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::SelectService("printer")).unwrap();
    let asked = Query { slice: in_slice, tlvs: tlvs.as_tlvs(), watch: true, ..query(1, 1) };
    let mut bytes = Vec::new();
    Datagram::Query(asked).encode(None, &mut bytes);
    let event = responder.handle_datagram(at(0), from(host(9)), &bytes);
    let (protocol, from) = (Protocol::MCAST, from(host(9)).from);
    let question = Question::Service { name: Some("printer"), watch: true };
    let expected = Event::Asked { protocol, from, question, refused: None };
    assert_eq!(event, Some(Action::Emit(expected)));
    assert_eq!(rounds(&mut responder, at(24)), [1]);
}

#[test]
fn what_no_single_peer_can_have_sent_and_what_is_no_query_is_counted_and_nothing_else() {
    let mut responder = started(printer());
    for (nth, remote) in ["0.0.0.0:4000", "239.255.80.9:4000", "10.0.0.9:0"].iter().enumerate() {
        assert_eq!(hear(&mut responder, at(0), from(remote.parse().unwrap()), query(1, 1)), None);
        let summary = responder.summary(at(0));
        assert_eq!((summary.received, summary.ignored), (nth as u64 + 1, nth as u64 + 1));
    }
    assert_eq!(responder.handle_datagram(at(0), from(host(9)), b"junk"), None);
    assert_eq!(responder.summary(at(0)).ignored, 4);
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Epoch(wire::Epoch { boot: 1, seq: 1 })).unwrap();
    let mut bytes = Vec::new();
    Datagram::Goodbye(Goodbye { id: 7, tlvs: tlvs.as_tlvs() }).encode(None, &mut bytes);
    assert_eq!(responder.handle_datagram(at(0), from(host(9)), &bytes), None);
    assert_eq!((responder.summary(at(0)).received, responder.summary(at(0)).ignored), (5, 4));
    assert_eq!(responder.deadline(), None);
}

#[test]
fn from_beyond_the_link_nothing_is_answered_unless_that_is_allowed_and_then_one_for_one() {
    let far = SocketAddr::from(([192, 0, 2, 9], 4000));
    let arrival = |cast| Arrival::new(Path::new(far), cast, false);
    let asked = Query { copies: 3, ..query(1, 1) };
    for (allow_off_link, cast, refused) in [
        (false, Cast::Unicast, Some(Refusal::OffLink)),
        (false, group(), Some(Refusal::OffLink)),
        (true, group(), None),
        (true, Cast::Unicast, None),
        (true, Cast::Unknown, None),
    ] {
        let mut responder = started(Responding { allow_off_link, ..printer() });
        assert_eq!(hear(&mut responder, at(0), arrival(cast), asked), Some(refused));
        assert_eq!(responder.summary(at(0)).ignored, u64::from(refused.is_some()));
        let answers = sent(&mut responder, at(200));
        assert_eq!(answers.len(), usize::from(refused.is_none()));
        // To the group it never answers those.
        let to_group = Query { multicast_reply: true, ..query(1, 2) };
        assert_eq!(hear(&mut responder, at(0), arrival(cast), to_group), Some(refused));
        let answers = sent(&mut responder, at(200));
        assert!(answers.iter().all(|sent| matches!(sent.to, Destination::Peer(_, _))));
    }
    let mut responder = started(Responding { offer: offer_of(900), ..printer() });
    responder.allow_off_link = true;
    let asked = Query { length: 300, ..asked };
    assert_eq!(hear(&mut responder, at(0), arrival(Cast::Unicast), asked), Some(None));
    let answers = sent(&mut responder, at(200));
    assert!(answers.len() == 1 && answers[0].bytes.len() <= 300);
}
