//! Many services of one machine.

use alloc::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::service::{Answering, MOST_SERVICES, Unfit};

const MANY: u64 = 500;

fn quiet() -> Answering {
    Answering { announce: false, ..Answering::default() }
}

fn offer(id: u64) -> Offer {
    Offer::new("printer").unwrap().attr("nth", id.to_string().as_bytes()).unwrap()
}

/// One with services of the ids from 0 on.
fn with(config: Answering, count: u64) -> Responders {
    let mut responders = Responders::new(config, 1);
    for id in 0..count {
        assert_eq!(responders.add(at(0), Some(id), offer(id)), Ok(id));
    }
    assert!(responders.handle_timeout(at(0)).is_none());
    responders
}

/// What each service said to whom asked, and when.
fn replies(responders: &mut Responders, until: Instant) -> BTreeMap<u64, Vec<(u8, Instant)>> {
    let mut all: BTreeMap<u64, Vec<(u8, Instant)>> = BTreeMap::new();
    for sent in sent(responders, until) {
        if let Datagram::Reply(reply) = sent.said() {
            assert!(reply.tlvs.iter().eq(offer(reply.id).tlvs().iter()) || reply.txn == 0);
            all.entry(reply.id).or_default().push((reply.copy, sent.at));
        }
    }
    all
}

#[test]
fn all_answer_one_question_each_copy_once_evenly_and_it_is_one_event() {
    let mut responders = with(quiet(), MANY);
    let asked = Query { copies: 3, window_ms: 300, ..query(1, 1) };
    assert_eq!(hear(&mut responders, at(0), from(host(9)), asked), Some(None));
    let answered = replies(&mut responders, at(300));
    assert!(answered.keys().copied().eq(0..MANY));
    let mut tenths = [0; 30];
    for copies in answered.values() {
        assert!(copies.iter().map(|(copy, _)| *copy).eq(0..3));
        for (copy, when) in copies {
            let (copy, ms) = (u64::from(*copy), (*when - at(0)).as_nanos() as u64 / 1_000_000);
            assert!((copy * 100..=copy * 100 + 100).contains(&ms));
            tenths[(ms / 10).min(29) as usize] += 1;
        }
    }
    assert!(tenths.iter().all(|count| (48..=52).contains(count)), "{tenths:?}");
    let summary = responders.summary(at(300));
    assert_eq!((summary.received, summary.sent, summary.ignored), (1, 3 * MANY, 0));
    // A copy of the question is none for any of them.
    assert_eq!(hear(&mut responders, at(301), from(host(9)), asked), None);
    assert_eq!((responders.summary(at(301)).duplicates, responders.deadline()), (1, None));
}

#[test]
fn those_answer_whom_the_question_is_for() {
    let mut responders = with(quiet(), 200);
    let fax = Offer::new("fax").unwrap().name("lab-3").unwrap();
    responders.set_offer(150, fax.clone()).unwrap();
    let selected = |service| {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::SelectService(service)).unwrap();
        tlvs
    };
    let (printer, other, none) = (selected("printer"), selected("fax"), selected("scanner"));
    let ids = |responders: &mut Responders, now, query| {
        let heard = hear(responders, at(now), from(host(9)), query);
        let sent = sent(responders, at(now + 24));
        let ids: BTreeSet<u64> = sent.iter().map(|sent| sent.reply().id).collect();
        assert_eq!((heard.is_some(), ids.len()), (!ids.is_empty(), sent.len()));
        ids
    };
    let asked = Query { tlvs: printer.as_tlvs(), ..query(1, 1) };
    let expected: BTreeSet<u64> = (0..200).filter(|id| *id != 150).collect();
    assert_eq!(ids(&mut responders, 0, asked), expected);
    let asked = Query { tlvs: other.as_tlvs(), ..query(1, 2) };
    assert_eq!(ids(&mut responders, 100, asked), BTreeSet::from([150]));
    let asked = Query { tlvs: none.as_tlvs(), ..query(1, 3) };
    assert_eq!(ids(&mut responders, 200, asked), BTreeSet::new());
    let slice = wire::Slice::new(1, 0).unwrap();
    let asked = Query { slice, ..query(1, 4) };
    let expected: BTreeSet<u64> = (0..200).filter(|id| asked.is_in(*id)).collect();
    assert_eq!(ids(&mut responders, 300, asked), expected);
    // Those that are known, each by its own words.
    let known: Vec<u64> = (0..199)
        .filter(|id| *id != 150)
        .map(|id| {
            let place = responders.services.iter().find(|(_, service)| service.id == id).unwrap();
            wire::whole_name(id, own(), place.1.words.digest())
        })
        .collect();
    let mut bytes = [0; 600];
    let asked = knowing(&mut bytes, &known, query(1, 5));
    let answered = ids(&mut responders, 400, asked);
    assert!(answered.is_superset(&BTreeSet::from([150, 199])) && answered.len() < 5);
}

/// What a source gets at the most, whoever asks in its name: two seconds' worth of what four may send.
#[test]
fn one_source_gets_no_more_of_any_number_than_of_four() {
    for (services, expected) in [(1, 800), (2, 1_600), (4, 3_200), (2_000, 3_200)] {
        let mut responders = with(quiet(), services);
        let mut answers = 0;
        for txn in 0..2_000 {
            // In sessions of its own each, so that none is the second of one.
            let asked = Query { copies: 3, ..query(txn, 1) };
            hear(&mut responders, at(0), from(host(9)), asked);
            responders.recent = Recent::new(1, 1);
            let due = responders.answers.due();
            while responders.answers.pop_due(at(100), &mut Rng::new(1)).is_some() {
                answers += 1;
            }
            assert!(due.is_none() || answers > 0);
        }
        // A fiftieth of it for each of 32 sessions besides.
        let most = expected + 32 * expected / 50;
        assert!((expected * 9 / 10..=most).contains(&answers), "{answers} of {services}");
    }
}

#[test]
fn where_the_budget_is_for_some_any_may_be_among_them_and_the_asker_is_told() {
    let rate = Some(Rate { per_source: 10, total: 1_000 });
    let mut answered = BTreeSet::new();
    for source in 1..60 {
        let mut responders = with(Answering { rate, ..quiet() }, 100);
        responders.rng = Rng::new(source.into());
        // Of a burst of 80 not all get something.
        assert_eq!(hear(&mut responders, at(0), from(host(source)), query(1, 1)), Some(None));
        let sent = sent(&mut responders, at(100));
        let replies = sent.iter().filter(|sent| matches!(sent.to, Destination::Peer(_, _)));
        let ids: BTreeSet<u64> = replies.map(|sent| sent.reply().id).collect();
        assert!((60..=80).contains(&ids.len()), "{}", ids.len());
        assert_eq!(refused(&sent), [Some(host(source).ip())]);
        answered.insert(*ids.iter().next().unwrap());
        answered.insert(99 - ids.iter().next_back().unwrap());
    }
    assert!(answered.len() > 5, "{answered:?}");
    // Of all sources together.
    let rate = Some(Rate { per_source: 1_000, total: 10 });
    let mut responders = with(Answering { rate, ..quiet() }, 100);
    assert_eq!(hear(&mut responders, at(0), from(host(9)), query(1, 1)), Some(None));
    assert_eq!(refused(&sent(&mut responders, at(100))), [None]);
}

#[test]
fn to_the_group_each_answers_for_all_who_asked_and_all_together_no_faster_than_a_thousand_a_second()
{
    let mut responders = with(quiet(), MANY);
    for txn in 1..=5 {
        let asked = Query { window_ms: 8, ..to_group(txn, 3) };
        assert_eq!(hear(&mut responders, at(0), from(host(9)), asked), Some(None));
    }
    let sent = sent(&mut responders, at(2_000));
    let ids: BTreeSet<u64> = sent.iter().map(|sent| sent.reply().id).collect();
    assert_eq!((sent.len() as u64, ids.len() as u64), (MANY, MANY));
    for two in sent.windows(2) {
        assert!(two[1].at - two[0].at >= Duration::from_millis(1));
    }
    for sent in &sent {
        let named = sent.reply().tlvs.sessions().unwrap();
        assert!(named.iter().eq((1..=5).map(|txn| (txn, 3))) && sent.to == Destination::GROUP);
    }
    assert!(sent.last().unwrap().at < at(700));
}

#[test]
fn services_come_change_and_go_at_once() {
    let mut responders = with(Answering { boot: 5, ..Answering::default() }, 3);
    drop(sent(&mut responders, at(10_000)));
    assert_eq!(responders.add(at(10_000), Some(9), offer(9)), Ok(9));
    responders.withdraw(at(10_000), 1).unwrap();
    responders.update(at(10_000), 2, offer(2)).unwrap();
    assert!(responders.ids().eq([0, 2, 9]));
    assert_eq!(hear(&mut responders, at(10_000), from(host(9)), query(1, 1)), Some(None));
    let said = sent(&mut responders, at(15_000));
    let (mut answered, mut announced, mut left) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
    for sent in &said {
        match sent.said() {
            Datagram::Reply(reply) => _ = answered.insert(reply.id),
            Datagram::Announce(it) => *announced.entry(it.id).or_insert(0) += 1,
            Datagram::Goodbye(goodbye) => left.push((goodbye.id, sent.at, goodbye.tlvs.epoch())),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answered, BTreeSet::from([0, 2, 9]));
    assert_eq!(announced, BTreeMap::from([(2, 3), (9, 3)]));
    let epoch = |seq| Some(wire::Epoch { boot: 5, seq });
    assert_eq!(left, [(1, at(10_000), epoch(1)), (1, at(10_100), epoch(2))]);
    // One that returns is announced, and later than all that was said of it.
    assert_eq!(responders.add(at(20_000), Some(1), offer(1)), Ok(1));
    let said = sent(&mut responders, at(21_000));
    let Datagram::Announce(announce) = said[0].said() else { panic!("{:?}", said[0].said()) };
    assert_eq!((announce.id, announce.tlvs.epoch()), (1, epoch(3)));
    // What was to be answered by one that goes is answered by the others.
    assert_eq!(hear(&mut responders, at(30_000), from(host(9)), query(2, 1)), Some(None));
    hear(&mut responders, at(30_000), from(host(9)), to_group(2, 2));
    responders.withdraw(at(30_000), 2).unwrap();
    let said = sent(&mut responders, at(30_300));
    let replies = said.iter().filter(|sent| matches!(sent.said(), Datagram::Reply(_)));
    let ids: Vec<u64> = replies.map(|sent| sent.reply().id).collect();
    assert!(ids.len() == 6 && !ids.contains(&2), "{ids:?}");
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut responders = with(quiet(), 2);
    assert_eq!(responders.add(at(0), Some(1), offer(1)), Err(Unfit::IdTwice(1)));
    assert_eq!(responders.update(at(0), 7, offer(1)), Err(Unfit::UnknownId(7)));
    assert_eq!(responders.set_offer(7, offer(1)), Err(Unfit::UnknownId(7)));
    assert_eq!(responders.withdraw(at(0), 7), Err(Unfit::UnknownId(7)));
    assert!(responders.ids().eq([0, 1]));
    for id in 2..MOST_SERVICES as u64 {
        responders.add(at(0), Some(id), offer(id)).unwrap();
    }
    assert_eq!(responders.add(at(0), None, offer(1)), Err(Unfit::TooMany));
    let mut responders = with(quiet(), 2);
    let own = responders.add(at(0), None, offer(3)).unwrap();
    assert_eq!(with(quiet(), 2).add(at(0), None, offer(3)), Ok(own));
    responders.close(at(0));
    assert_eq!(responders.add(at(0), None, offer(3)), Err(Unfit::Closed));
    assert_eq!(responders.update(at(0), 1, offer(3)), Err(Unfit::Closed));
    assert_eq!(responders.set_offer(1, offer(3)), Err(Unfit::Closed));
    assert_eq!(responders.withdraw(at(0), 1), Err(Unfit::Closed));
    assert_eq!(Unfit::UnknownId(7).to_string(), "no service has the id 0000000000000007");
}

#[test]
fn one_without_services_is_silent_until_it_has_some_and_after() {
    let mut responders = with(Answering::default(), 0);
    assert_eq!(hear(&mut responders, at(0), from(host(9)), query(1, 1)), None);
    responders.handle_observation(at(0), Observation::NetworkChanged);
    responders.handle_observation(at(0), Observation::Dropped { datagrams: 3 });
    assert!(sent(&mut responders, at(100)).is_empty());
    assert_eq!(responders.add(at(100), Some(1), offer(1)), Ok(1));
    responders.withdraw(at(100), 1).unwrap();
    assert_eq!(sent(&mut responders, at(1_000)).len(), 2);
    assert_eq!(responders.deadline(), None);
    responders.close(at(1_000));
    assert!(matches!(responders.handle_timeout(at(1_000)), Some(Action::Done(_))));
}

#[test]
fn closed_each_says_goodbye_twice_and_all_within_a_second() {
    let mut responders = with(Answering::default(), MANY);
    responders.withdraw(at(0), 17).unwrap();
    responders.close(at(50));
    let mut goodbyes: BTreeMap<u64, Vec<Instant>> = BTreeMap::new();
    let end = loop {
        let now = responders.deadline().unwrap().max(at(50));
        match responders.handle_timeout(now) {
            Some(Action::Send { message, .. }) => {
                let mut bytes = Vec::new();
                message.encode_from(own(), &mut bytes);
                let Ok(Datagram::Goodbye(goodbye)) = wire::decode(&bytes) else {
                    panic!("{bytes:?}")
                };
                goodbyes.entry(goodbye.id).or_default().push(now);
            }
            Some(Action::Done(_)) => break now,
            other => panic!("{other:?}"),
        }
    };
    assert!(end < at(1_000), "{end:?}");
    assert!(goodbyes.keys().copied().eq(0..MANY));
    assert!(goodbyes.values().all(|times| times.len() == 2));
}

/// Whoever hears its own announcements takes nobody for many.
#[test]
fn its_own_announcements_are_none_of_others() {
    let mut responders = with(Answering::default(), MANY);
    for _ in 0..10 {
        for id in 0..MANY {
            let bytes = announcement(id, host(2), None);
            responders.handle_datagram(at(0), from(host(2)), &bytes);
        }
    }
    let window = responders.crowd.window(at(0), &to_group(1, 1), MANY as usize);
    assert_eq!(window, Duration::from_millis(MANY));
    // No storm has put them off.
    let said = sent(&mut responders, at(1_001));
    assert!(said.len() as u64 >= MANY);
}
