//! What spoils a sweep: evidence against it, changes of the network, refusals.

use super::*;

#[test]
fn a_sweep_of_which_the_driver_says_nothing_or_nothing_good_is_not_quiet() {
    for (evidence, doubt) in [
        (None, Doubts::UNAUDITED),
        (Some(Evidence::new(1, 0, false)), Doubts::NOT_SENT),
        (Some(Evidence::new(0, 1, false)), Doubts::DROPPED),
        (Some(Evidence::new(0, 0, true)), Doubts::NETWORK_CHANGED),
    ] {
        let mut run = run(few());
        run.evidence = evidence;
        let done = run.end(&[host(1)]);
        assert_eq!(done.doubts, Doubts::DEADLINE | doubt);
        assert_eq!((done.found, done.complete, done.elapsed), (1, Some(false), ms(3_000)));
    }
}

#[test]
fn a_change_of_the_network_and_a_drop_are_observed() {
    for (changed, sweeps) in [(false, 17), (true, 32)] {
        let mut run = run(few());
        run.ask_all(&[host(1)]);
        run.ask_until(|query| query.round == 16);
        run.discoverer.handle_observation(run.now, Observation::Dropped { datagrams: 9 });
        if changed {
            run.discoverer.handle_observation(run.now, Observation::NetworkChanged);
        }
        assert_eq!((run.summary().dropped, run.summary().doubts), (9, Doubts::NONE));
        // Sixteen more after the one in which it changed.
        let done = run.end(&[]);
        assert_eq!((done.sweeps, done.complete, done.dropped), (sweeps, Some(true), 9));
    }
}

/// That somebody has refused these.
fn busy(refused: &[Option<IpAddr>]) -> Vec<u8> {
    let mut tlvs = TlvBuf::new();
    refused.iter().for_each(|ip| tlvs.push(Tlv::Refused(*ip)).unwrap());
    encoded(Datagram::Busy(Busy { id: 9, tlvs: tlvs.as_tlvs() }))
}

#[test]
fn who_refuses_us_or_everybody_makes_what_was_quiet_worthless() {
    let us = HERE.parse::<SocketAddr>().unwrap().ip();
    let us_mapped = Some(format!("::ffff:{us}").parse().unwrap());
    let another = Some([10, 0, 0, 201].into());
    let cases: [(&[Option<IpAddr>], bool); 5] = [
        (&[Some(us)], true),
        (&[None], true),
        (&[another, us_mapped], true),
        (&[another], false),
        (&[another, Some([10, 0, 0, 202].into())], false),
    ];
    for (refused, counts) in cases {
        let mut run = run(few());
        run.ask_all(&[host(1)]);
        run.ask_until(|query| query.round == 16);
        assert_eq!(run.hear_from(host(9).at(), Cast::Unknown, &busy(refused)), None);
        let done = run.end(&[]);
        assert_eq!(done.sweeps, if counts { 32 } else { 17 }, "{refused:?}");
        assert_eq!((done.complete, done.received), (Some(true), 1));
    }
}

#[test]
fn without_a_secret_who_refuses_must_be_on_the_link() {
    for (on_link, local) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut run = run(few());
        run.ask_until(|query| query.round == 16);
        let mut from = Path::new(host(9).at());
        if local {
            from = from.from_local(HERE.parse().unwrap());
        }
        // Who does not know its own address takes all to be about itself.
        let refused = if local { None } else { Some([10, 0, 0, 201].into()) };
        let arrival = Arrival::new(from, Cast::Unknown, on_link);
        assert_eq!(run.discoverer.handle_datagram(run.now, arrival, &busy(&[refused])), None);
        let sweeps = run.end(&[]).sweeps;
        let spoilt = run.summary().doubts.contains(Doubts::REFUSED);
        assert_eq!(spoilt, on_link, "{sweeps}");
    }
}

#[test]
fn an_answer_that_says_that_others_were_refused_is_told_and_no_quiet_one() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let Query { txn, round, .. } = asked.query();
    let answer = bytes(Reply { busy: true, ..empty(txn, round) });
    assert!(run.hear_from(host(1).at(), Cast::Unicast, &answer).is_some());
    run.ask_until(|query| query.round == 17);
    run.hear_from(host(1).at(), Cast::Unicast, &answer);
    let done = run.end(&[]);
    assert_eq!((done.sweeps, done.complete), (33, Some(true)));
}
