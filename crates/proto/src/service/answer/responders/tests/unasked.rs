//! What is said unasked, from the start to the end.

use super::*;

fn announcing() -> Responders {
    with_one(Responding { announce: true, boot: 3, ..printer() })
}

#[test]
fn it_announces_itself_at_the_start_once_a_lease_and_when_the_network_changes() {
    let mut responder = announcing();
    assert!(responder.handle_timeout(at(5_000)).is_none());
    let said = sent(&mut responder, at(600_000));
    // Three within four seconds, and then one in 108 to 120.
    assert!((7..=8).contains(&said.len()), "{}", said.len());
    assert!(said[0].at <= at(6_000) && said[2].at - said[0].at == Duration::from_secs(3));
    for sent in &said {
        let Datagram::Announce(announce) = sent.said() else { panic!("{:?}", sent.said()) };
        assert_eq!((announce.id, announce.lease_s, sent.to), (7, 120, Destination::GROUP));
        assert_eq!(announce.tlvs.epoch(), Some(wire::Epoch { boot: 3, seq: 0 }));
    }
    assert_eq!(responder.summary(at(600_000)).sent, said.len() as u64);
    responder.handle_observation(at(600_000), Observation::Dropped { datagrams: 3 });
    let told = sent(&mut responder, at(601_000));
    assert!(told.iter().all(|sent| matches!(sent.said(), Datagram::Busy(_))));
    responder.handle_observation(at(601_000), Observation::NetworkChanged);
    assert_eq!(sent(&mut responder, at(606_000)).len(), 3);
    // One that is not to announce itself does not.
    let mut quiet = started(printer());
    quiet.handle_observation(at(0), Observation::NetworkChanged);
    quiet.announce(at(0));
    assert_eq!(quiet.deadline(), None);
}

#[test]
fn what_it_says_anew_it_announces_and_answers_with_a_later_age() {
    let mut responder = announcing();
    responder.update(at(0), 7, Offer::new("fax").unwrap()).unwrap();
    assert_eq!(responder.deadline(), Some(Instant::ZERO)); // it has not started
    assert!(responder.handle_timeout(at(0)).is_none());
    drop(sent(&mut responder, at(5_000)));
    let before = wire::whole_name(7, own(), digest(&responder));
    responder.update(at(5_000), 7, Offer::new("printer").unwrap().port(631).unwrap()).unwrap();
    let said = sent(&mut responder, at(10_000));
    assert_eq!(said.len(), 3);
    let Datagram::Announce(announce) = said[0].said() else { panic!("{:?}", said[0].said()) };
    assert_eq!(announce.tlvs.epoch(), Some(wire::Epoch { boot: 3, seq: 2 }));
    let mut bytes = [0; 16];
    let asked = knowing(&mut bytes, &[before], query(1, 1));
    assert_eq!(hear(&mut responder, at(10_000), from(host(9)), asked), Some(None));
    let mut bytes = [0; 16];
    let name = wire::whole_name(7, own(), digest(&responder));
    let asked = knowing(&mut bytes, &[name], query(1, 2));
    assert_eq!(hear(&mut responder, at(10_000), from(host(9)), asked), None);
}

#[test]
fn a_storm_of_announcements_puts_its_own_off() {
    let mut responder = announcing();
    assert!(responder.handle_timeout(at(0)).is_none());
    for id in 1_000..3_000 {
        let bytes = announcement(id, host(3), None);
        responder.handle_datagram(at(0), from(host(3)), &bytes);
    }
    assert!(responder.deadline() > Some(at(1_000)));
}

#[test]
fn closed_it_drops_what_waits_and_says_goodbye_twice() {
    let mut responder = announcing();
    assert!(responder.handle_timeout(at(0)).is_none());
    responder.update(at(0), 7, Offer::new("fax").unwrap()).unwrap();
    hear(&mut responder, at(10), from(host(9)), query(1, 1));
    hear(&mut responder, at(10), from(host(9)), to_group(1, 1));
    responder.pressure.refuse(at(10), None, &mut Rng::new(1));
    responder.close(at(10));
    responder.close(at(11));
    assert_eq!(hear(&mut responder, at(12), from(host(9)), query(1, 2)), None);
    responder.announce(at(12));
    let mut said = Vec::new();
    let mut now = at(12);
    loop {
        now = now.max(responder.deadline().unwrap());
        match responder.handle_timeout(now) {
            Some(Action::Send { to, message }) => {
                let mut bytes = Vec::new();
                message.encode_from(own(), &mut bytes);
                said.push(Sent { at: now, to, bytes });
            }
            Some(Action::Done(summary)) => break assert_eq!(summary.sent, 2),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(said.iter().map(|sent| sent.at).collect::<Vec<_>>(), [at(12), at(112)]);
    for (nth, sent) in said.iter().enumerate() {
        let Datagram::Goodbye(goodbye) = sent.said() else { panic!("{:?}", sent.said()) };
        let seq = 2 + nth as u32;
        assert_eq!(goodbye.tlvs.epoch(), Some(wire::Epoch { boot: 3, seq }));
        assert_eq!((goodbye.id, sent.to), (7, Destination::GROUP));
    }
    assert_eq!(responder.deadline(), None);
    // One that never announced itself just goes, and so does one that never started.
    for mut responder in [started(printer()), announcing()] {
        responder.close(at(0));
        assert!(matches!(responder.handle_timeout(at(0)), Some(Action::Done(_))));
    }
}

#[test]
fn a_lease_is_one_that_may_be_said() {
    for (lease, said) in [(0, 10), (10, 10), (86_400, 86_400), (86_401, 86_400)] {
        let lease = Duration::from_secs(lease);
        let mut responder = started(Responding { lease, ..printer() });
        hear(&mut responder, at(0), from(host(9)), query(1, 1));
        assert_eq!(sent(&mut responder, at(24))[0].reply().lease_s, said);
    }
}
