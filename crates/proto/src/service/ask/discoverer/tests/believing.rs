//! Which answers are believed.

use super::*;

#[test]
fn what_is_no_answer_to_the_session_is_counted_and_not_believed() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let Query { txn, round, .. } = asked.query();
    let good = host(1).reply(&asked);
    let at = host(1).at();
    for (from, datagram) in [
        (at, bytes(empty(txn ^ 1, round))),
        (at, bytes(empty(txn, round + 1))),
        (at, b"junk".to_vec()),
        (([239, 1, 2, 3], 9).into(), good.clone()),
        (([10, 0, 0, 1], 0).into(), good.clone()),
        // It is cut short and has no digest.
        (at, bytes(Reply { whole: Some(300), ..empty(txn, round) })),
    ] {
        let before = run.summary();
        assert_eq!(run.hear_from(from, Cast::Unicast, &datagram), None);
        let Summary { received, ignored, .. } = run.summary();
        assert_eq!((received, ignored), (before.received + 1, before.ignored + 1), "{datagram:?}");
    }
    assert!(run.hear_from(at, Cast::Unicast, &good).is_some());
    assert_eq!((run.summary().found, run.summary().received), (1, 7));
    assert!(run.hear_from(at, Cast::Unicast, &good).is_none());
    assert_eq!((run.summary().duplicates, run.summary().received), (1, 8));
}

#[test]
fn questions_that_the_group_hears_are_not_counted_as_refused_answers() {
    let mut run = run(Discovery::all());
    let asked = run.ask().unwrap();
    let others = "10.0.0.9:4000".parse().unwrap();
    assert_eq!(run.hear_from(others, Cast::Unknown, &asked.bytes), None);
    assert_eq!((run.summary().received, run.summary().ignored), (0, 0));
}

#[test]
fn an_answer_is_believed_for_four_seconds() {
    let mut run = run(Discovery { deadline: None, ..few() });
    let asked = run.ask().unwrap();
    run.now = asked.at + ms(4_000);
    assert!(run.hear_from(host(1).at(), Cast::Unicast, &host(1).reply(&asked)).is_some());
    run.now = asked.at + ms(4_001);
    assert!(run.hear_from(host(2).at(), Cast::Unicast, &host(2).reply(&asked)).is_none());
}

#[test]
fn an_answer_to_the_group_is_believed_if_it_names_the_session_and_a_late_round() {
    let group = Cast::Group("239.255.80.9:50009".parse().unwrap());
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let Query { txn, round, .. } = asked.query();
    let answer = |sessions: &[(u64, u16)]| {
        let (mut named, mut tlvs) = (SessionsBuf::new(), TlvBuf::new());
        sessions.iter().for_each(|(txn, round)| assert!(named.push(*txn, *round)));
        tlvs.push(Tlv::Sessions(named.as_sessions())).unwrap();
        bytes(Reply { id: 5, tlvs: tlvs.as_tlvs(), ..empty(0, 0) })
    };
    let others = answer(&[(txn ^ 1, round), (txn ^ 2, round)]);
    assert_eq!(run.hear_from(host(1).at(), group, &others), None);
    // They are for others, and no concern of ours; one that names a round that was not asked is.
    assert_eq!((run.summary().received, run.summary().ignored), (0, 0));
    assert_eq!(run.hear_from(host(1).at(), group, &answer(&[(txn, round + 1)])), None);
    assert_eq!((run.summary().received, run.summary().ignored), (1, 1));
    // Where the driver can't tell how it came.
    assert_eq!(run.hear_from(host(1).at(), Cast::Unknown, &others), None);
    assert_eq!((run.summary().received, run.summary().ignored), (2, 2));
    let ours = answer(&[(txn ^ 1, round + 9), (txn, round)]);
    assert!(run.hear_from(host(1).at(), group, &ours).is_some());
    let Summary { found, found_by_group, .. } = run.summary();
    assert_eq!((found, found_by_group), (1, 1));
    run.answer(host(2), &asked);
    let Summary { found, found_by_group, .. } = run.summary();
    assert_eq!((found, found_by_group), (2, 1));
}

#[test]
fn what_is_told_of_an_answer_is_what_it_says() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let (at, datagram) = (host(1).at(), host(1).reply(&asked));
    let from = Path::new(at).from_local(HERE.parse().unwrap());
    let arrival = Arrival::new(from, Cast::Unicast, true).taken_at(asked.at + ms(3));
    let told = run.discoverer.handle_datagram(asked.at + ms(9), arrival, &datagram);
    let Some(Action::Emit(Event::Found(finding))) = told else { panic!("{told:?}") };
    let Finding { protocol, round_trip, lease, via, .. } = finding;
    assert_eq!((protocol, via), (Protocol::MCAST, Via::Unicast));
    assert_eq!((finding.key(), finding.from), (crate::Key::Service(1_001), from));
    assert_eq!(finding.name(), Some("honest"));
    assert_eq!((round_trip, lease), (Some(ms(3)), Some(Duration::from_secs(120))));
    let instance = finding.instance().expect("a service");
    assert!(!instance.authentic && !instance.truncated);
}

#[test]
#[cfg(feature = "auth")]
fn with_a_secret_only_who_has_it_is_believed_and_its_words_are_authentic() {
    use crate::wire::{Binding, Key, Keyring, Seal};
    let key = |secret| Key::new(secret, Binding::Source).unwrap();
    let (ours, theirs) = (key(b"a secret of ours alone"), key(b"a secret of the others"));
    let keyring = Some(Keyring::new(ours.clone(), Vec::new()));
    let mut run = run(Discovery { keyring, ..few() });
    let asked = run.ask().unwrap();
    let Query { txn, round, length, .. } = asked.query();
    assert_eq!(length, 128);
    let sealed = |key: Option<&Key>, busy| {
        let mut bytes = Vec::new();
        let seal = key.map(|key| Seal { key, from: host(1).at() });
        Datagram::Reply(Reply { busy, ..empty(txn, round) }).encode(seal, &mut bytes);
        bytes
    };
    for key in [None, Some(&theirs)] {
        assert_eq!(run.hear_from(host(1).at(), Cast::Unicast, &sealed(key, true)), None);
    }
    assert_eq!((run.summary().unauthentic, run.summary().ignored), (2, 2));
    // Sent again from elsewhere it does not fit.
    assert_eq!(run.hear_from(host(2).at(), Cast::Unicast, &sealed(Some(&ours), false)), None);
    let from = Path::new(host(1).at());
    let arrival = Arrival::new(from, Cast::Unicast, true);
    let datagram = sealed(Some(&ours), false);
    let told = run.discoverer.handle_datagram(run.now, arrival, &datagram);
    let Some(Action::Emit(Event::Found(finding))) = told else { panic!("{told:?}") };
    assert!(finding.instance().is_some_and(|instance| instance.authentic));
    // Nor did the forged ones' flag count: the first sweep but one is quiet.
    let done = run.end(&[]);
    assert_eq!((done.complete, done.sweeps), (Some(true), 17));
}
