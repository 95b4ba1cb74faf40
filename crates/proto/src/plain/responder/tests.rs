use alloc::vec;
use core::net::SocketAddr;

use super::*;
use crate::Path;
use crate::plain::{GROUP_V4, PROBE};

const GROUP: Cast = Cast::Group(SocketAddr::new(core::net::IpAddr::V4(GROUP_V4), PORT));

fn ms(n: u64) -> Instant {
    Instant::from_millis(n)
}

fn asker(host: u8, port: u16) -> SocketAddr {
    ([10, 0, 0, host], port).into()
}

fn responder(config: Responding) -> Responder {
    let mut responder = Responder::new(config, 7);
    assert_eq!(responder.deadline(), Some(Instant::AT_ONCE));
    assert_eq!(responder.handle_timeout(ms(0)), None);
    assert_eq!(responder.deadline(), None);
    responder
}

/// Why a probe is not answered; `None` if it is.
fn hear(machine: &mut Responder, at: Instant, arrival: Arrival, probe: &[u8]) -> Option<Refusal> {
    match machine.handle_datagram(at, arrival, probe) {
        Some(Action::Emit(Event::Asked { protocol, from, question, refused })) => {
            assert_eq!((protocol, from), (Protocol::PLAIN, arrival.from));
            assert_eq!(question, Question::Plain(probe));
            refused
        }
        other => panic!("{other:?}"),
    }
}

fn ask(machine: &mut Responder, at: Instant, from: SocketAddr) -> Option<Refusal> {
    hear(machine, at, Arrival::new(Path::new(from), GROUP, true), PROBE)
}

/// Does what is due, and says to whom it answered.
fn answers(machine: &mut Responder, at: Instant) -> Vec<SocketAddr> {
    let mut answered = Vec::new();
    while answered.len() < 9999 && machine.deadline().is_some_and(|due| due <= at) {
        match machine.handle_timeout(at) {
            Some(Action::Send { to: Destination::Peer(path), .. }) => answered.push(path.remote),
            other => panic!("{other:?}"),
        }
    }
    answered
}

#[test]
fn what_is_answered_and_why_not() {
    let only = || Some(PROBE.to_vec());
    let rules = Responding { only: only(), ..Responding::default() };
    let open = Responding { only: only(), allow_off_link: true, ..Responding::default() };
    let peer = asker(9, 41_234);
    let (group, alone, unknown) = (GROUP, Cast::Unicast, Cast::Unknown);
    for (config, from, cast, on_link, probe, expected) in [
        (&rules, peer, group, true, PROBE, None),
        (&rules, peer, alone, true, PROBE, Some(Refusal::NotToGroup)),
        (&rules, peer, unknown, true, PROBE, None),
        (&rules, asker(9, PORT), unknown, true, PROBE, Some(Refusal::NotToGroup)),
        (&rules, asker(9, PORT), group, true, PROBE, None),
        (&rules, asker(9, 0), group, true, PROBE, Some(Refusal::NotAPeer)),
        (&rules, peer, group, false, PROBE, Some(Refusal::OffLink)),
        (&open, peer, group, false, PROBE, None),
        (&open, peer, group, false, b"?", Some(Refusal::OtherProbe)),
        (&rules, peer, group, true, b"who?", Some(Refusal::OtherProbe)),
    ] {
        let mut machine = responder(config.clone());
        let heard = hear(&mut machine, ms(1), Arrival::new(Path::new(from), cast, on_link), probe);
        assert_eq!(heard, expected, "{from} {cast:?} {on_link}");
        let summary = machine.summary(ms(1));
        assert_eq!((summary.received, summary.ignored), (1, expected.is_some().into()));
        assert_eq!(answers(&mut machine, ms(1)).len(), usize::from(expected.is_none()));
    }
}

#[test]
fn beyond_the_link_nobody_gets_more_than_was_sent() {
    for (reply, probe, is_answered) in [(3, 2, false), (3, 3, true), (3, 4, true), (0, 0, true)] {
        let config =
            Responding { reply: vec![b'x'; reply], allow_off_link: true, ..Responding::default() };
        for on_link in [true, false] {
            let arrival = Arrival::new(Path::new(asker(9, 1)), GROUP, on_link);
            let refused = hear(&mut responder(config.clone()), ms(0), arrival, &vec![b'?'; probe]);
            let expected = (!is_answered && !on_link).then_some(Refusal::LongerThanProbe);
            assert_eq!(refused, expected, "{reply} for {probe}");
        }
    }
}

#[test]
fn another_reply_is_in_the_answers_that_wait_unless_it_may_be_longer_than_their_probes() {
    for (allow_off_link, reply, answered) in
        [(false, 400, Some(400)), (true, 3, Some(3)), (true, 2, Some(2)), (true, 4, None)]
    {
        let config = Responding { reply: vec![b'x'; 3], allow_off_link, ..Responding::default() };
        let mut machine = responder(config);
        assert_eq!(ask(&mut machine, ms(1), asker(9, 1)), None);
        machine.set_reply(vec![b'y'; reply]);
        let sent = match machine.handle_timeout(ms(1)) {
            Some(Action::Send { message: Message::Plain(bytes), .. }) => Some(bytes.to_vec()),
            _ => None,
        };
        assert_eq!(sent, answered.map(|length| vec![b'y'; length]), "{allow_off_link} {reply}");
    }
}

#[test]
fn what_is_refused_for_good_takes_nothing_off_a_rate() {
    let rate = Some(crate::Rate { per_source: 4, total: 4 });
    let mut machine = responder(Responding { rate, ..Responding::default() });
    for _ in 0..100 {
        let arrival = Arrival::new(Path::new(asker(9, 1)), GROUP, false);
        assert_eq!(hear(&mut machine, ms(0), arrival, PROBE), Some(Refusal::OffLink));
    }
    assert_eq!(ask(&mut machine, ms(0), asker(9, 1)), None);
}

#[test]
fn an_answer_is_charged_by_its_length() {
    for (length, most) in [(128, 800), (129, 400), (1280, 80)] {
        let config = Responding { reply: vec![0; length], ..Responding::default() };
        let mut machine = responder(config);
        let answered =
            (0..4000).filter(|_| ask(&mut machine, ms(0), asker(9, 1)).is_none()).count();
        // The last of them are a matter of luck.
        assert!((most - 2..=most).contains(&answered), "{answered} of {length} bytes");
        assert_eq!(ask(&mut machine, ms(0), asker(9, 1)), Some(Refusal::SourceRate));
    }
}

/// An attacker probes 300 times a second in the asker's own address, at random moments.
#[test]
fn an_honest_asker_is_answered_under_a_flood_in_its_own_address() {
    let mut machine = responder(Responding::default());
    let mut rng = Rng::new(3);
    let (mut forged, mut asked, mut answered) = (ms(0), 0, 0);
    for second in 1..=100 {
        let honest = ms(1000 * second);
        while forged < honest {
            ask(&mut machine, forged, asker(9, 1 + rng.up_to(60_000) as u16));
            forged = forged + rng.within(Duration::from_nanos(2_000_000_000 / 300));
            answers(&mut machine, forged);
        }
        asked += 1;
        answered += u32::from(ask(&mut machine, honest, asker(9, 65_000)).is_none());
        answers(&mut machine, honest);
    }
    assert!(machine.summary(ms(0)).received > 29_000);
    assert!(answered * 10 >= asked * 9, "{answered} of {asked}");
}

#[test]
fn without_a_rate_every_probe_is_answered_as_long_as_there_is_room() {
    let delay = Duration::from_secs(1);
    let mut machine = responder(Responding { rate: None, delay, ..Responding::default() });
    for n in 0..4096 {
        assert_eq!(ask(&mut machine, ms(0), asker(1, n + 1)), None);
    }
    assert_eq!(ask(&mut machine, ms(0), asker(1, 9)), Some(Refusal::Busy));
    assert_eq!(answers(&mut machine, ms(1000)).len(), 4096);
    assert_eq!(ask(&mut machine, ms(1000), asker(1, 9)), None);
}

#[test]
fn answers_wait_for_a_random_time_within_the_delay() {
    let delay = Duration::from_millis(100);
    let mut machine = responder(Responding { delay, ..Responding::default() });
    let mut waits = [0; 4];
    for n in 0..400 {
        assert_eq!(ask(&mut machine, ms(1000 * n), asker(1, 1)), None);
        let due = machine.deadline().unwrap();
        waits[((due - ms(1000 * n)).as_millis() / 25) as usize] += 1;
        assert_eq!(machine.handle_timeout(ms(1000 * n)).is_some(), due == ms(1000 * n));
        answers(&mut machine, due);
    }
    assert!(waits.iter().all(|&n| n > 70), "{waits:?}");
}

#[test]
fn it_promises_no_more_answers_than_were_wanted_and_ends_with_the_last() {
    let mut machine = responder(Responding { count: Some(2), ..Responding::default() });
    assert_eq!(ask(&mut machine, ms(1), asker(1, 1)), None);
    assert_eq!(answers(&mut machine, ms(1)), [asker(1, 1)]);
    assert_eq!(ask(&mut machine, ms(2), asker(2, 1)), None);
    assert_eq!(ask(&mut machine, ms(2), asker(3, 1)), Some(Refusal::Busy));
    let last = machine.handle_timeout(ms(2));
    assert!(matches!(last, Some(Action::Send { message: Message::Plain(b"Me!"), .. })), "{last:?}");
    assert_eq!(
        machine.handle_datagram(ms(2), Arrival::new(Path::new(asker(3, 1)), GROUP, true), PROBE),
        None
    );
    let Some(Action::Done(summary)) = machine.handle_timeout(ms(2)) else { panic!("not done") };
    assert_eq!((summary.sent, summary.received, summary.ignored), (2, 3, 1));
}

#[test]
fn closed_it_drops_what_waits_and_ends() {
    let mut machine =
        responder(Responding { delay: Duration::from_secs(1), ..Responding::default() });
    assert_eq!(ask(&mut machine, ms(1), asker(1, 1)), None);
    machine.close(ms(2));
    assert_eq!(machine.deadline(), Some(Instant::AT_ONCE));
    let Some(Action::Done(summary)) = machine.handle_timeout(ms(2)) else { panic!("not done") };
    assert_eq!((summary.sent, machine.deadline()), (0, None));
}
