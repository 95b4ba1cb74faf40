//! Goodbyes and leases: who is taken to be gone.

use super::*;

#[test]
fn a_goodbye_without_a_key_removes_nobody_who_answers() {
    let mut net = Net::watching([1, 2]);
    net.goodbye(1, epoch(9, 9));
    net.run_for(SECOND * 5);
    assert_eq!((net.told(), net.watcher.present()), (vec![], 2));
    assert_eq!(net.sweeps(), 16);
    // Of somebody unknown it means nothing.
    net.forget();
    net.goodbye(7, epoch(9, 9));
    net.run_for(SECOND * 5);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn who_went_is_told_to_be_gone_half_a_second_after_its_goodbye_whatever_its_age_says() {
    for said in [epoch(1, 1), epoch(0, 0)] {
        let mut net = Net::watching([1, 2]);
        net.leave(1);
        let went = net.now;
        net.goodbye(1, said);
        net.run_for(SECOND);
        assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
        let after = net.told[0].0 - went;
        assert!((400..600).contains(&after.as_millis()), "{after:?}");
        assert_eq!(net.watcher.present(), 1);
    }
}

#[test]
fn while_questions_do_not_count_a_goodbye_removes_nobody_and_is_not_forgotten() {
    let mut net = Net::watching([1, 2]);
    net.leave(1);
    net.evidence = Some(Evidence::new(1, 0, false));
    net.goodbye(1, epoch(1, 1));
    net.run_for(SECOND * 20);
    assert_eq!(net.told(), []);
    net.evidence = Some(Evidence::CLEAN);
    net.run_for(SECOND * 4);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
}

#[test]
fn who_answered_a_doubt_is_trusted_for_a_second_and_for_twice_as_long_each_time_up_to_64() {
    let peer = Peer { lease: SECOND * 86_400, ..Peer::new(1) };
    let mut net = Net::of(Discovery::of("printer").unwrap(), [peer]);
    net.run_for(SECOND * 3);
    net.forget();
    let mut answered = net.now;
    for trust in [0, 1, 2, 4, 8, 16, 32, 64, 64] {
        net.goodbye(1, epoch(9, 9));
        net.run_for(SECOND * trust);
        let asked = net.asked.iter().find(|asked| asked.query().filter == Filter::NONE);
        assert_eq!(asked.map(|asked| asked.at), Some(answered + SECOND * trust));
        answered = answered + SECOND * trust;
        net.run_for(answered + SECOND / 2 - net.now);
        net.forget();
    }
    assert_eq!(net.watcher.present(), 1);
}

#[test]
fn with_a_key_a_later_goodbye_removes_at_once_and_an_older_one_never() {
    let mut net = Net::keyed([1, 2]);
    net.peers[0].epoch = Some(epoch(2, 5));
    let restarted = net.peers[0].clone();
    net.announce(&restarted);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Changed(1, Change::Restarted)]);
    net.forget();
    for recorded in [epoch(1, 9), epoch(2, 4), epoch(2, 5)] {
        net.goodbye(1, recorded);
    }
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![]));
    assert_eq!(net.watcher.summary(net.now).duplicates, 3);
    net.goodbye(1, epoch(2, 6));
    net.run_for(Duration::ZERO);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
    assert_eq!((net.asked.len(), net.watcher.present()), (0, 1));
}

#[test]
fn with_a_key_what_is_sent_without_it_is_not_even_a_reason_to_ask() {
    let mut net = Net::keyed([1]);
    let key = net.key.take();
    net.goodbye(1, epoch(9, 9));
    net.announce(&Peer::new(2));
    net.announce(&Peer { epoch: Some(epoch(9, 9)), ..Peer::new(1) });
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![]));
    assert_eq!(net.watcher.summary(net.now).unauthentic, 3);
    net.key = key;
    net.announce(&Peer::new(2));
    net.run_for(SECOND);
    assert!(!net.asked.is_empty());
}

#[test]
fn with_a_key_a_goodbye_of_one_whose_age_is_not_known_makes_it_ask() {
    let config = Discovery { keyring: Some(ring()), ..Discovery::of("printer").unwrap() };
    let mut net = Net::of(config, [Peer { epoch: None, ..Peer::new(1) }]);
    net.run_for(SECOND * 3);
    net.forget();
    net.goodbye(1, epoch(9, 9));
    net.run_for(SECOND);
    assert_eq!((net.told(), net.sweeps()), (vec![], 16));
}

#[test]
fn with_a_key_recorded_announcements_change_nothing() {
    let mut net = Net::keyed([1, 2]);
    net.peers[0].epoch = Some(epoch(2, 5));
    net.peers[0].at = host(11);
    let moved = net.peers[0].clone();
    net.announce(&moved);
    net.run_for(SECOND);
    net.forget();
    // Older, and from where it was.
    net.announce(&Peer { epoch: Some(epoch(2, 4)), ..Peer::new(1) });
    net.announce(&moved);
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![]));
    // Of the same age from elsewhere, as after a change of address: a reason to ask.
    net.announce(&Peer { at: host(12), ..moved });
    net.run_for(SECOND * 5);
    assert_eq!((net.sweeps(), net.told()), (16, vec![]));
    net.forget();
    // Of one who has gone.
    net.leave(2);
    net.goodbye(2, epoch(1, 1));
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![Told::Lost(2, Loss::Goodbye)]));
}

#[test]
fn without_a_key_an_older_announcement_is_a_reason_to_ask() {
    let mut net = Net::watching([1]);
    net.announce(&Peer { epoch: Some(epoch(0, 0)), ..Peer::new(1) });
    net.run_for(SECOND);
    assert_eq!((net.sweeps(), net.told()), (16, vec![]));
}

#[test]
fn who_stays_is_asked_once_a_lease_and_who_does_not_answer_three_times_and_then_is_lost() {
    let mut net = Net::watching([1]);
    net.run_for(LEASE * 10);
    assert_eq!(net.told(), []);
    let mut net = Net::watching([1, 2]);
    let found = Instant::from_millis(1_000);
    net.leave(1);
    net.run_for(LEASE - SECOND * 4);
    assert_eq!(net.told(), []);
    net.run_for(SECOND * 3);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Expired)]);
    let after = net.told[0].0 - found;
    assert!((LEASE..LEASE + SECOND).contains(&after), "{after:?}");
}

#[test]
fn a_lease_does_not_end_while_questions_can_not_be_put() {
    let mut net = Net::watching([1, 2]);
    net.leave(1);
    net.evidence = Some(Evidence::new(1, 0, false));
    net.run_for(LEASE * 3);
    assert_eq!((net.told(), net.watcher.present()), (vec![], 2));
    net.evidence = Some(Evidence::CLEAN);
    net.run_for(SECOND * 21);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Expired)]);
}

#[test]
fn whoever_makes_up_short_leases_makes_it_ask_no_more_than_twice_a_second() {
    let mut net = Net::watching([]);
    for id in 1..=100 {
        net.peers.push(Peer { lease: SECOND * 10, at: host(7), ..Peer::new(id) });
    }
    net.observe(Observation::NetworkChanged);
    net.run_for(SECOND * 20);
    assert_eq!(net.watcher.present(), 100);
    net.forget();
    net.run_for(SECOND * 20);
    assert_eq!(net.told(), []);
    assert!(net.sweeps() <= 2 * 20 * 5 + 5, "{} sweeps", net.sweeps());
}

#[test]
fn those_never_heard_are_asked_for_once_a_minute() {
    let mut net = Net::watching([]);
    net.run_for(SECOND * 56);
    assert_eq!(net.asked.len(), 0);
    net.peers.push(Peer::new(1));
    net.run_for(SECOND * 4);
    assert_eq!(net.told(), [Told::Found(1)]);
}

#[test]
fn the_addresses_of_one_that_roams_are_forgotten_when_they_answer_no_more() {
    let mut net = Net::watching([1]);
    for last in [21, 22, 23] {
        net.peers[0].at = host(last);
        let moved = net.peers[0].clone();
        net.announce(&moved);
        net.run_for(LEASE);
        assert_eq!(net.addresses(1), [host(last)]);
    }
    assert_eq!(net.told(), [Told::Changed(1, Change::Address); 3]);
    // And without a word of it: by the lease of each address.
    net.peers[0].at = host(24);
    net.run_for(LEASE * 2);
    assert_eq!(net.addresses(1), [host(24)]);
}

#[test]
fn after_a_sleep_nobody_is_lost_who_answers_and_the_others_are() {
    let mut net = Net::watching(1..=10);
    net.now = net.now + LEASE * 36;
    net.peers.truncate(5);
    net.step();
    net.run_for(SECOND * 9);
    assert_eq!(net.told(), []);
    net.run_for(SECOND * 5);
    let mut told = net.told();
    told.sort_by_key(|told| if let Told::Lost(id, _) = told { *id } else { 0 });
    assert_eq!(told, (6..=10).map(|id| Told::Lost(id, Loss::Expired)).collect::<Vec<_>>());
    net.run_for(LEASE * 3);
    assert_eq!(net.told().len(), 5);
}

#[test]
fn who_left_during_a_sleep_is_lost_soon_after_it_however_long_its_lease_goes_on() {
    let long = |id| Peer { lease: SECOND * 86_400, ..Peer::new(id) };
    let mut net = Net::of(Discovery::of("printer").unwrap(), [long(1), long(2)]);
    net.run_for(SECOND * 3);
    net.forget();
    net.leave(2);
    net.now = net.now + SECOND * 3_600;
    net.run_for(SECOND * 15);
    assert_eq!(net.told(), [Told::Lost(2, Loss::Expired)]);
}

#[test]
fn a_first_discovery_of_some_seconds_is_not_taken_for_a_sleep() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), [Peer::new(1)]);
    net.evidence = None;
    net.run_for(SECOND);
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 4);
    net.evidence = Some(Evidence::CLEAN);
    net.run_for(SECOND * 20);
    let leases = &net.watcher.session.known.get(1).unwrap().voices[0].lease;
    assert_eq!(leases.ends - leases.begins, LEASE);
}

#[test]
fn the_queue_of_leases_does_not_grow_by_those_who_are_forgotten() {
    let config = Discovery { capacity: 10, ..Discovery::of("printer").unwrap() };
    let mut net = Net::of(config, []);
    net.run_for(SECOND * 3);
    let mut lost = 0;
    for id in 1..400 {
        net.peers = vec![Peer { lease: SECOND * 86_400, at: host(7), ..Peer::new(id) }];
        net.observe(Observation::NetworkChanged);
        net.run_for(SECOND / 5);
        lost += net.told().iter().filter(|t| matches!(t, Told::Lost(_, Loss::NoRoom))).count();
        net.forget();
    }
    assert!(lost > 380 && net.watcher.present() <= 10);
    assert!(net.watcher.leases.len() <= 2 * 10 + 65, "{}", net.watcher.leases.len());
}

#[test]
fn who_is_heard_while_its_loss_is_still_to_be_told_is_found_after_that() {
    let config = Discovery { capacity: 1, ..Discovery::of("printer").unwrap() };
    let mut net = Net::settled(config, [1]);
    net.peers = vec![Peer::new(2)];
    net.observe(Observation::NetworkChanged);
    while net.asked.is_empty() {
        net.step();
    }
    assert_eq!(net.told(), [Told::Found(2)]);
    // The driver reads on before it carries out what is due.
    let asked = net.asked[0].clone();
    let mut tlvs = Peer::new(1).tlvs();
    let answer = Peer::new(1).answer(&Query { filter: Filter::NONE, ..asked.query() }, &mut tlvs);
    let before = net.watcher.summary(net.now);
    net.hear_from(host(1), Cast::Unicast, true, Datagram::Reply(answer.unwrap()), None);
    let after = net.watcher.summary(net.now);
    assert_eq!(after.duplicates, before.duplicates + 1);
    assert_eq!((after.received, after.found), (before.received + 1, before.found));
    net.step();
    assert_eq!(net.told(), [Told::Found(2), Told::Lost(1, Loss::NoRoom)]);
    net.peers = vec![Peer::new(1)];
    net.run_for(SECOND);
    assert_eq!(net.told()[2..], [Told::Found(1), Told::Lost(2, Loss::NoRoom)]);
}

#[test]
fn a_session_that_has_asked_for_long_has_another_number_and_loses_nobody() {
    let mut net = Net::watching([1, 2, 3]);
    net.observe(Observation::NetworkChanged);
    net.run_for(SECOND / 2);
    let before = net.asked[0].clone();
    net.forget();
    net.goodbye(2, epoch(9, 9));
    net.watcher.session.asking.wear_out();
    net.leave(2);
    net.run_for(SECOND);
    let after = net.asked[0].clone();
    assert_ne!(after.query().txn, before.query().txn);
    assert_eq!(after.query().round, 1);
    // Who was in doubt was asked all the same.
    assert_eq!(net.told(), [Told::Lost(2, Loss::Goodbye)]);
    // What was recorded before is no answer any more.
    let mut tlvs = Peer::new(2).tlvs();
    let query = Query { filter: Filter::NONE, ..before.query() };
    let answer = Peer::new(2).answer(&query, &mut tlvs).unwrap();
    net.hear_from(host(2), Cast::Unicast, true, Datagram::Reply(answer), None);
    net.run_for(LEASE * 3);
    assert_eq!((net.told().len(), net.watcher.present()), (1, 2));
    // And leases end where they did.
    net.leave(3);
    net.run_for(LEASE);
    assert_eq!(net.told()[1..], [Told::Lost(3, Loss::Expired)]);
}
