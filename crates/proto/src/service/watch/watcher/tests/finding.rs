//! The first discovery, announcements, and what others and the network bring.

use super::*;

fn question(txn: u64, watch: bool, by_group: bool, tlvs: wire::Tlvs<'_>) -> Datagram<'_> {
    Datagram::Query(Query { watch, multicast_reply: by_group, tlvs, ..Query::new(txn, 1) })
}

#[test]
fn it_finds_everybody_says_so_and_then_is_calm() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), (1..=20).map(Peer::new));
    assert_eq!(net.watcher.summary(net.now).complete, None);
    net.run_for(SECOND * 3);
    assert_eq!(net.told(), (1..=20).map(Told::Found).collect::<Vec<_>>());
    let summary = net.watcher.summary(net.now);
    assert_eq!((summary.complete, summary.doubts, summary.found), (Some(true), Doubts::NONE, 20));
    assert!(net.asked.iter().all(|asked| !asked.query().watch));
    net.forget();
    net.run_for(SECOND * 55);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn a_first_discovery_whose_sweeps_do_not_count_ends_and_is_not_complete() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), [Peer::new(1)]);
    net.evidence = None;
    net.run_for(SECOND * 20);
    let summary = net.watcher.summary(net.now);
    assert_eq!((summary.complete, summary.doubts), (Some(false), Doubts::UNAUDITED));
    assert_eq!((net.sweeps(), summary.sweeps), (1 + 128, 128));
}

#[test]
fn nobody_at_all_is_never_everybody() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), []);
    net.run_for(SECOND * 20);
    let summary = net.watcher.summary(net.now);
    assert_eq!((summary.complete, summary.doubts), (Some(false), Doubts::DEADLINE));
}

#[test]
fn closed_it_is_done_and_says_so_if_that_was_too_early() {
    for (after, complete, doubts) in [(0, None, Doubts::CLOSED), (3, Some(true), Doubts::NONE)] {
        let mut net = Net::of(Discovery::of("printer").unwrap(), [Peer::new(1)]);
        net.step();
        net.run_for(SECOND * after);
        net.watcher.close(net.now);
        net.watcher.close(net.now);
        match net.watcher.handle_timeout(net.now) {
            Some(Action::Done(summary)) => {
                assert_eq!((summary.complete, summary.doubts), (complete, doubts));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(net.watcher.deadline(), None);
        let heard = net.asked.len();
        net.announce(&Peer::new(2));
        net.observe(Observation::NetworkChanged);
        net.run_for(SECOND * 100);
        assert_eq!(net.asked.len(), heard);
    }
}

#[test]
fn an_announcement_makes_it_ask_and_only_an_answer_makes_a_finding() {
    let mut net = Net::watching([1]);
    net.announce(&Peer::new(2));
    net.run_for(SECOND);
    assert_eq!(net.told(), []);
    assert!(net.sweeps() >= 16 && net.asked.iter().all(|asked| asked.query().watch));
    net.run_for(SECOND * 10);
    net.peers.push(Peer::new(3));
    net.announce(&Peer::new(3));
    net.run_for(SECOND);
    assert_eq!((net.told(), net.watcher.present()), (vec![Told::Found(3)], 2));
    net.forget();
    // Of whoever is known where it is and by what it says an announcement is no news.
    net.announce(&Peer::new(3));
    net.run_for(SECOND * 30);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn only_who_is_asked_for_and_is_on_the_link_is_news() {
    let mut net = Net::watching([1]);
    let mut other = TlvBuf::new();
    other.push(Tlv::Epoch(epoch(1, 0))).unwrap();
    other.push(Tlv::Service("fax")).unwrap();
    let announce = |tlvs| Datagram::Announce(Announce { id: 2, lease_s: 100, tlvs });
    net.hear(host(2), announce(other.as_tlvs()));
    let tlvs = Peer::new(2).tlvs();
    net.hear_from(host(2), group(), false, announce(tlvs.as_tlvs()), None);
    net.hear_from(host(2), group(), true, announce(tlvs.as_tlvs()), Some(ring().signing().clone()));
    net.run_for(SECOND * 5);
    assert_eq!(net.asked.len(), 0);
    assert_eq!(net.watcher.summary(net.now).unauthentic, 1);
}

#[test]
fn who_answers_no_question_to_itself_is_asked_for_an_answer_to_the_group_once() {
    let mut net = Net::watching([1]);
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 5);
    let by_group = |net: &Net| net.asked.iter().filter(|a| a.query().multicast_reply).count();
    assert_eq!((net.sweeps(), by_group(&net)), (16 + 17, 1));
    // One that answers at once is not.
    let mut net = Net::watching([1]);
    net.peers.push(Peer::new(2));
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 5);
    assert_eq!(by_group(&net), 0);
}

#[test]
fn a_known_one_that_announces_other_words_or_another_place_is_asked_what_it_says() {
    let mut net = Net::watching([1, 2]);
    net.peers[0].port = 515;
    net.peers[0].epoch = Some(epoch(1, 1));
    let changed = net.peers[0].clone();
    net.announce(&changed);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Changed(1, Change::Content)]);
    net.forget();
    net.peers[1].at = host(22);
    let moved = net.peers[1].clone();
    net.announce(&moved);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Changed(2, Change::Address)]);
    // Where it was it does not answer: that is forgotten.
    assert_eq!(net.addresses(2), [host(22)]);
}

#[test]
fn however_many_are_made_up_it_asks_no_more_often_than_its_budget() {
    let mut net = Net::watching([1]);
    let mut id = 1_000;
    for _ in 0..600 {
        for _ in 0..10 {
            id += 1;
            net.announce(&Peer { at: host(7), ..Peer::new(id) });
        }
        net.run_for(SECOND / 10);
    }
    // Eight runs of two parts at once, and one in two seconds; and one each for a goodbye.
    let runs = net.sweeps() / 16;
    assert!((30..=40).contains(&runs), "{runs} runs in a minute");
    // And the sweeps are none of many questions: the most for those who are made up.
    assert!(net.asked.len() < net.sweeps() + 40, "{} questions", net.asked.len());
    assert_eq!((net.watcher.present(), net.told()), (1, vec![]));
}

#[test]
fn a_real_one_among_many_made_up_is_found_within_the_time_of_a_run() {
    let mut net = Net::watching([1]);
    net.peers.push(Peer::new(2));
    for id in 1_000..7_000 {
        net.announce(&Peer { at: host(7), ..Peer::new(id) });
    }
    let peer = net.peers[1].clone();
    net.announce(&peer);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Found(2)]);
}

#[test]
fn another_watchers_question_to_the_group_is_joined_if_a_lease_is_old() {
    let selection = Discovery::of("printer").unwrap().selection;
    let same = selection.tlvs();
    let other = Discovery::of("fax").unwrap().selection;
    for (lease_share, watch, by_group, tlvs, joins) in [
        (70, true, true, same, true),
        (60, true, true, same, false),
        (70, false, true, same, false),
        (70, true, false, same, false),
        (70, true, true, other.tlvs(), false),
    ] {
        let mut net = Net::watching(1..=5);
        net.run_for(LEASE * lease_share / 100 - SECOND * 3);
        net.forget();
        net.hear(host(50), question(7, watch, by_group, tlvs));
        net.run_for(SECOND / 2);
        assert_eq!(!net.asked.is_empty(), joins, "{lease_share} {watch} {by_group}");
        if joins {
            assert!(net.asked[0].query().multicast_reply && !net.asked[1].query().multicast_reply);
            // All five are renewed by that.
            net.forget();
            net.run_for(LEASE / 2);
            assert_eq!(net.asked.len(), 0);
        }
    }
}

#[test]
fn with_another_watcher_about_leases_are_refreshed_by_answers_to_the_group() {
    let selection = Discovery::of("printer").unwrap().selection;
    let mut net = Net::watching([1]);
    net.run_for(SECOND * 61);
    let due = net.watcher.deadline().unwrap();
    for (age, by_group) in [(60, true), (61, false)] {
        let mut net = Net::watching([1]);
        net.run_for(due - net.now - SECOND * age);
        net.hear(host(50), question(7, true, false, selection.tlvs()));
        net.run_for(SECOND * age);
        let refresh = net.asked.iter().find(|asked| asked.at == due).unwrap();
        assert_eq!(refresh.query().multicast_reply, by_group, "{age}");
    }
}

#[test]
fn on_another_network_it_asks_at_once() {
    let mut net = Net::watching([1]);
    net.peers.push(Peer::new(2));
    net.observe(Observation::NetworkChanged);
    net.run_for(SECOND / 2);
    assert_eq!((net.told(), net.sweeps()), (vec![Told::Found(2)], 5));
    net.forget();
    net.observe(Observation::Dropped { datagrams: 3 });
    net.run_for(SECOND / 2);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn an_answer_to_the_group_counts_if_any_round_that_it_names_is_ours() {
    for (rounds, is_taken) in [(&[60_000, 0][..], true), (&[0, 60_000], true), (&[60_000], false)] {
        let mut net = Net::of(Discovery::of("printer").unwrap(), []);
        net.step();
        let txn = net.asked[0].query().txn;
        let mut sessions = SessionsBuf::new();
        sessions.push(9, 0);
        rounds.iter().for_each(|round| assert!(sessions.push(txn, *round)));
        let mut tlvs = Peer::new(1).tlvs();
        tlvs.push(Tlv::Sessions(sessions.as_sessions())).unwrap();
        let (id, tlvs) = (1, tlvs.as_tlvs());
        let reply =
            Reply { txn: 0, id, round: 0, copy: 0, whole: None, busy: false, lease_s: 100, tlvs };
        net.hear(host(1), Datagram::Reply(reply));
        assert_eq!(net.told() == [Told::Found(1)], is_taken, "{rounds:?}");
    }
}

#[test]
fn while_a_responder_is_busy_nobody_is_lost() {
    let mut net = Net::watching([1, 2]);
    net.leave(1);
    net.goodbye(1, epoch(1, 1));
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Refused(None)).unwrap();
    for _ in 0..100 {
        net.hear(host(2), Datagram::Busy(Busy { id: 2, tlvs: tlvs.as_tlvs() }));
        net.run_for(Duration::from_millis(20));
    }
    assert_eq!(net.told(), []);
    net.run_for(SECOND * 5);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
}

#[test]
fn who_never_says_the_whole_is_told_in_part_after_a_run_however_much_is_made_up() {
    let mut net = Net::watching([1]);
    net.peers.push(Peer { whole: Some(400), ..Peer::new(2) });
    let peer = net.peers[1].clone();
    net.announce(&peer);
    for id in 1_000..1_300 {
        net.announce(&Peer { at: host(7), ..Peer::new(id) });
        net.run_for(SECOND / 100);
        if id < 1_030 {
            assert_eq!(net.told(), []); // it is still asked for the whole
        }
    }
    assert_eq!(net.told(), [Told::Found(2)]);
    // Between two runs its first answer is none that is told at once.
    let mut net = Net::watching([1]);
    net.peers.push(Peer { whole: Some(400), ..Peer::new(2) });
    let (txn, round) = (net.watcher.session.asking.txn, 17);
    let (query, mut tlvs) = (Query::new(txn, round), net.peers[1].tlvs());
    let reply = net.peers[1].answer(&query, &mut tlvs).unwrap();
    net.hear_from(host(2), Cast::Unicast, true, Datagram::Reply(reply), None);
    assert_eq!(net.watcher.present(), 2);
    net.run_for(Duration::from_millis(100));
    assert_eq!(net.told(), []);
    net.run_for(SECOND * 3);
    assert_eq!(net.told(), [Told::Found(2)]);
}

#[test]
fn its_questions_say_that_it_watches_and_its_runs_end_though_nobody_is_there() {
    let mut net = Net::watching([1]);
    net.run_for(LEASE * 9 / 10);
    // Once a minute, and because of the lease.
    assert_eq!((net.sweeps(), net.asked.iter().all(|asked| asked.query().watch)), (8, true));
    // Nobody is known: a run that asks once a minute, and one because of what somebody made up.
    let mut net = Net::watching([]);
    net.run_for(SECOND * 59);
    assert_eq!(net.sweeps(), 4);
    net.forget();
    net.announce(&Peer::new(7));
    net.run_for(SECOND * 20);
    // Then one that asks for an answer to the group.
    assert!((16..48).contains(&net.sweeps()), "{}", net.sweeps());
    assert!(net.asked.iter().all(|asked| asked.query().watch));
}

#[test]
fn an_answer_that_comes_after_a_run_and_is_no_news_makes_it_ask_nothing() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), [Peer::new(1)]);
    while net.watcher.summary(net.now).complete.is_none() {
        net.run_for(Duration::from_millis(1));
    }
    let asked = net.asked.last().unwrap().clone();
    net.forget();
    let before = net.watcher.summary(net.now);
    let (query, mut tlvs) = (Query { filter: Filter::NONE, ..asked.query() }, Peer::new(1).tlvs());
    let reply = Peer::new(1).answer(&query, &mut tlvs).unwrap();
    net.hear_from(host(1), Cast::Unicast, true, Datagram::Reply(reply), None);
    net.run_for(SECOND * 5);
    let after = net.watcher.summary(net.now);
    assert_eq!((net.asked.len(), net.told().len()), (0, 0));
    assert_eq!((after.received, after.duplicates), (before.received + 1, before.duplicates + 1));
}

#[test]
fn what_is_heard_unasked_is_counted_and_of_one_who_has_gone_as_known_already() {
    let mut net = Net::keyed([1, 2]);
    let before = net.watcher.summary(net.now);
    net.goodbye(1, epoch(1, 1));
    net.announce(&Peer::new(1));
    net.announce(&Peer::new(1));
    let after = net.watcher.summary(net.now);
    assert_eq!((after.received, after.duplicates), (before.received + 3, before.duplicates + 2));
}
