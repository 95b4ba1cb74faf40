//! What answers say: to one who asks, and to the group.

use super::*;

#[test]
fn one_answer_to_the_group_is_for_all_who_asked_and_is_charged_to_nobody() {
    let rate = Some(Rate { per_source: 0, total: 0 });
    let mut responder = started(Responding { rate, ..printer() });
    for txn in 1..=5 {
        let asked = hear(&mut responder, at(0), from(host(9)), to_group(txn, 3));
        assert_eq!(asked, Some(None));
    }
    let sent = sent(&mut responder, at(1_000));
    assert_eq!((sent.len(), sent[0].to), (1, Destination::GROUP));
    assert_eq!(responder.summary(at(1_000)).sent, 1);
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
        let digest = digest(&responder);
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

#[test]
fn an_answer_repeats_what_names_the_question_and_each_copy_its_number() {
    let responding = Responding { boot: 5, lease: Duration::from_secs(77), ..printer() };
    let mut responder = started(responding);
    let asked = Query { copies: 3, ..query(0xabcd, 9) };
    assert_eq!(hear(&mut responder, at(0), from(host(9)), asked), Some(None));
    let answers = sent(&mut responder, at(24));
    assert_eq!(responder.summary(at(24)).sent, 3);
    for (copy, sent) in answers.iter().enumerate() {
        assert_eq!(sent.to, Destination::peer(from(host(9)).from));
        let reply = sent.reply();
        assert_eq!((reply.txn, reply.round, reply.copy), (0xabcd, 9, copy as u8));
        assert_eq!((reply.id, reply.lease_s, reply.whole, reply.busy), (7, 77, None, false));
        assert_eq!(reply.tlvs.epoch(), Some(wire::Epoch { boot: 5, seq: 0 }));
    }
    assert_eq!(answers.len(), 3);
}

#[test]
fn an_answer_that_is_cut_short_says_how_long_it_is_and_as_much_as_the_question_allows() {
    let offer = Offer::new("printer").unwrap().attr("note", &[b'x'; 240]).unwrap();
    let offer = offer.name("lab-3").unwrap().attr("more", &[b'x'; 200]).unwrap();
    let whole = MIN_DATAGRAM + offer.tlvs().len();
    let mut responder = started(Responding { offer, ..printer() });
    let digest = digest(&responder);
    for (round, (length, parts)) in
        [(128, 4), (319, 4), (320, 5), (whole, 5)].into_iter().enumerate()
    {
        let asked = Query { length, ..query(1, round as u16) };
        hear(&mut responder, at(0), from(host(9)), asked);
        let answers = sent(&mut responder, at(24));
        let reply = answers[0].reply();
        assert!(answers[0].bytes.len() <= length);
        assert_eq!(reply.tlvs.iter().count(), parts, "{length}");
        let is_short = length < whole;
        assert_eq!(reply.whole, is_short.then_some(whole.next_multiple_of(8) as u16));
        assert_eq!(reply.tlvs.digest(), is_short.then_some(digest));
        assert!(reply.tlvs.epoch().is_some());
    }
    // For less than that there is no use.
    for (limit, answered) in [(53, false), (54, true)] {
        let asked = Query { max_reply: limit, ..query(2, limit) };
        assert_eq!(hear(&mut responder, at(0), from(host(9)), asked).is_some(), answered);
    }
    assert_eq!(responder.summary(at(0)).ignored, 1);
}

#[test]
fn nobody_gets_more_than_three_bytes_for_one() {
    for offer in [Offer::new("printer").unwrap(), offer_of(1_180)] {
        let mut responder = started(Responding { offer, rate: None, ..printer() });
        let (mut asked, mut answered) = (0, 0);
        for (nth, length) in [128, 200, 600, 1_200, 1_400].into_iter().enumerate() {
            let query = Query { length, copies: 3, ..query(1, nth as u16) };
            hear(&mut responder, at(0), from(host(9)), query);
            asked += length;
        }
        sent(&mut responder, at(24)).iter().for_each(|sent| answered += sent.bytes.len());
        assert!(answered > 0 && answered <= 3 * asked, "{answered} for {asked}");
    }
}
