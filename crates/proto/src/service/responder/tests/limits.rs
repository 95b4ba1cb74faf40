//! How much is answered, to whom it is refused, and what stretches a window.

use super::*;

#[test]
fn a_source_has_its_rate_and_copies_only_while_there_is_plenty() {
    let rate = Some(Rate { per_source: 5, total: 1_000 });
    let mut responder = started(Responding { rate, ..printer() });
    let mut answers = 0;
    for txn in 1..100 {
        hear(&mut responder, at(0), from(host(9)), Query { copies: 3, ..query(txn, 1) });
    }
    sent(&mut responder, at(24)).iter().for_each(|sent| {
        answers += usize::from(matches!(sent.to, Destination::Peer(_)));
    });
    assert!((5..=10).contains(&answers), "{answers}");
    // Three copies while the bucket of ten is more than half full.
    let mut responder = started(Responding { rate, ..printer() });
    let counts = [1, 2, 3].map(|txn| {
        hear(&mut responder, at(0), from(host(9)), Query { copies: 3, ..query(txn, 1) });
        sent(&mut responder, at(24)).len()
    });
    assert_eq!(counts, [3, 2, 1]);
}

#[test]
fn a_refused_question_is_told_to_the_group_soon_and_again_while_more_are() {
    let rate = Some(Rate { per_source: 0, total: 1_000 });
    let mut responder = started(Responding { rate, ..printer() });
    for ms in 0..300 {
        let refused = hear(&mut responder, at(ms), from(host(9)), query(ms, 1));
        assert_eq!(refused, Some(Some(Refusal::SourceRate)));
    }
    assert_eq!(responder.summary(at(300)).ignored, 300);
    let told = sent(&mut responder, at(5_000));
    assert!(told.iter().all(|sent| sent.to == Destination::Group));
    assert!(told[0].at <= at(20));
    assert_eq!(refused(&told), [Some(host(9).ip())]);

    let rate = Some(Rate { per_source: 1_000, total: 0 });
    let mut responder = started(Responding { rate, ..printer() });
    let mut told = Vec::new();
    for ms in 0..300 {
        hear(&mut responder, at(ms), from(host(9)), query(ms, 1));
        told.extend(sent(&mut responder, at(ms)));
    }
    let times: Vec<Instant> = told.iter().map(|sent| sent.at).collect();
    assert!(times.windows(2).all(|two| two[1] - two[0] == Duration::from_millis(100)));
    // Nobody had been answered whoever had asked.
    assert_eq!((times.len(), refused(&told)), (3, vec![None; 3]));
    assert_eq!(responder.summary(at(300)).sent, 3);
}

#[test]
fn for_a_second_after_a_refusal_answers_to_that_source_say_so() {
    let rate = Some(Rate { per_source: 1, total: 1_000 });
    let mut responder = started(Responding { rate, ..printer() });
    let mut refused_at = 0;
    for ms in 0..50 {
        if hear(&mut responder, at(ms), from(host(9)), query(ms, 1)) != Some(None) {
            refused_at = ms;
        }
    }
    assert!(refused_at > 0);
    drop(sent(&mut responder, at(refused_at + 100)));
    responder.limiter = None;
    let is_busy = |responder: &mut Responder, now: u64, last| {
        let asked = Query { window_ms: 0, sample_bits: 0, ..query(1_000 + now, 1) };
        hear(responder, at(now), from(host(last)), asked);
        let answers = sent(responder, at(now + 8));
        answers[0].reply().busy
    };
    assert!(is_busy(&mut responder, refused_at + 900, 9));
    assert!(!is_busy(&mut responder, refused_at + 900, 8));
    assert!(!is_busy(&mut responder, refused_at + 1_001, 9));
    // What concerns everybody is said to the group too.
    responder.pressure.refuse(at(5_000), None, &mut Rng::new(1));
    hear(&mut responder, at(5_000), from(host(8)), to_group(1, 1));
    let told = sent(&mut responder, at(5_500));
    assert!(told.iter().any(|sent| matches!(sent.said(), Datagram::Reply(reply) if reply.busy)));
}

/// When the last answer to a hurried query leaves, of a hundred.
fn latest(responder: &mut Responder, key: Option<&Key>) -> Duration {
    let mut latest = Duration::ZERO;
    for txn in 0..100 {
        let mut bytes = Vec::new();
        let seal = key.map(|key| Seal { key, from: host(9) });
        Datagram::Query(Query { window_ms: 0, ..query(txn, 1) }).encode(seal, &mut bytes);
        let now = at(1_000 * txn);
        let event = responder.handle_datagram(now, from(host(9)), &bytes);
        assert!(matches!(event, Some(Action::Emit(Event::Asked { refused: None, .. }))));
        sent(responder, now + Duration::from_millis(999))
            .iter()
            .for_each(|sent| latest = latest.max(sent.at - now));
    }
    latest
}

#[test]
fn announcements_of_neighbours_spread_answers_and_others_do_not() {
    let keys = [key(b"a secret of ours alone"), key(b"a secret of others' own")];
    let [ours, others] = [Some(&keys[0]), Some(&keys[1])];
    for (keyed, sealed, on_link, is_spread) in [
        (None, None, true, true),
        (None, None, false, false),
        (None, ours, true, false),
        (ours, ours, true, true),
        (ours, None, true, false),
        (ours, others, true, false),
    ] {
        let keyring = keyed.map(|key| Keyring::new(key.clone(), vec![]));
        let mut responder = started(Responding { keyring, ..printer() });
        for id in 1_000..3_500 {
            let bytes = announcement(id, host(3), sealed);
            let arrival = Arrival::new(Path::new(host(3)), group(), on_link);
            assert_eq!(responder.handle_datagram(at(0), arrival, &bytes), None);
        }
        let latest = latest(&mut responder, keyed).as_millis();
        assert_eq!(latest > 8, is_spread, "{latest} ms");
        assert!(latest < 60);
    }
    // Its own, come back, is of no crowd.
    let mut responder = started(printer());
    let bytes = announcement(7, host(3), None);
    responder.handle_datagram(at(0), from(host(3)), &bytes);
    assert_eq!(responder.crowd.window(at(0), &to_group(1, 1)), Duration::from_millis(24));
}

#[test]
fn with_a_key_only_what_is_sent_with_it_is_answered_and_by_it() {
    let ours = key(b"a secret of ours alone");
    let keyring = Some(Keyring::new(ours.clone(), vec![]));
    let mut responder = started(Responding { keyring, ..printer() });
    assert_eq!(hear(&mut responder, at(0), from(host(9)), query(1, 1)), None);
    assert_eq!(responder.summary(at(0)).unauthentic, 1);
    let mut bytes = Vec::new();
    let seal = Some(Seal { key: &ours, from: host(9) });
    Datagram::Query(query(1, 1)).encode(seal, &mut bytes);
    assert!(responder.handle_datagram(at(0), from(host(9)), &bytes).is_some());
    let answers = sent(&mut responder, at(24));
    assert_eq!(answers.len(), 1);
    let ring = Keyring::new(ours, vec![]);
    assert!(ring.verify(own(), &answers[0].bytes).is_ok());
    assert!(ring.verify(host(3), &answers[0].bytes).is_err());
    // And who has none ignores it.
    let mut responder = started(printer());
    assert_eq!(responder.handle_datagram(at(0), from(host(9)), &bytes), None);
    assert_eq!(responder.summary(at(0)).unauthentic, 1);
}

#[test]
fn who_was_not_read_or_could_not_be_sent_to_is_told_as_one_who_was_refused() {
    for (observation, whom) in [
        (Observation::Dropped { datagrams: 1 }, None),
        (Observation::Unsent { to: host(9) }, Some(host(9).ip())),
    ] {
        let mut responder = started(printer());
        responder.handle_observation(at(5), observation);
        assert_eq!(refused(&sent(&mut responder, at(25))), [whom]);
        assert_eq!(refused(&sent(&mut responder, at(10_000))), []);
        assert_eq!(hear(&mut responder, at(10_000), from(host(9)), query(1, 1)), Some(None));
        responder.handle_observation(at(10_000), observation);
        assert!(sent(&mut responder, at(10_024)).iter().any(|sent| match sent.said() {
            Datagram::Reply(reply) => reply.busy,
            _ => false,
        }));
        let mut closed = started(printer());
        closed.close(at(5));
        closed.handle_observation(at(5), observation);
        assert!(matches!(closed.handle_timeout(at(1000)), Some(Action::Done(_))));
    }
}
