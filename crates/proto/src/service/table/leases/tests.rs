use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::*;
use crate::service::Discovery;
use crate::service::ask::goal::Goal;
use crate::service::ask::session::Session;
use crate::wire::{Datagram, Reply, Tlvs};
use crate::{Arrival, Cast};

const LENGTH: Duration = Duration::from_secs(100);

/// So many milliseconds after the start.
fn at(ms: u64) -> Instant {
    Instant::from_millis(10_000 + ms)
}

fn path(last: u8) -> Path {
    Path::new(SocketAddr::from(([10, 0, 0, last], 50_009)))
}

/// The leases of responders that were heard at the start, each at an address.
struct Heard {
    leases: Leases,
    session: Session,
    rng: Rng,
}

impl Heard {
    fn new(voices: &[(u64, u8)]) -> Heard {
        let mut session = Session::new(&Discovery::all(), 1);
        session.asking.start(at(0), Goal::everybody(16, None));
        assert!((0..4).any(|_| session.poll(at(0), |_| true).is_some()));
        let mut heard = Heard { leases: Leases::new(), session, rng: Rng::new(1) };
        voices.iter().for_each(|(id, last)| heard.hear(*id, *last));
        heard
    }

    fn hear(&mut self, id: u64, last: u8) {
        let (txn, tlvs) = (self.session.asking.txn, Tlvs::NONE);
        let reply =
            Reply { txn, id, round: 0, copy: 0, whole: None, busy: false, lease_s: 100, tlvs };
        let mut bytes = Vec::new();
        Datagram::Reply(reply).encode(None, &mut bytes);
        let arrival = Arrival::new(path(last), Cast::Unicast, true);
        let _taken = self.session.take(at(0), arrival, &bytes);
        self.renew(at(0), id, last);
    }

    fn renew(&mut self, now: Instant, id: u64, last: u8) {
        let place = self.session.known.place(id);
        let known = &mut self.session.known;
        let voice = (place, path(last), crate::wire::digest(100, Tlvs::NONE));
        self.leases.renew(now, known, voice, LENGTH, &mut self.rng);
    }

    fn look(&mut self, now: Instant, clean: Option<Instant>) -> Look {
        self.leases.look(now, &mut self.session.known, true, clean)
    }

    fn lease(&self, id: u64, last: u8) -> Lease {
        let entry = self.session.known.get(id).unwrap();
        entry.voices.iter().find(|voice| voice.at == path(last)).unwrap().lease
    }

    /// Looks whenever it is due up to a moment; says when how many were asked for, and whether they had
    /// been before.
    fn asks(&mut self, until: Instant, clean: Option<Instant>) -> Vec<(Instant, u64, bool)> {
        let mut asks = Vec::new();
        while let Some(due) = self.leases.next(true).filter(|due| *due <= until) {
            match self.look(due, clean) {
                Look::Ask { due: number, is_urgent } => asks.push((due, number, is_urgent)),
                Look::Ended(entry, _) => asks.push((due, entry.id + 1_000, false)),
                Look::Nothing => {}
            }
        }
        asks
    }
}

#[test]
fn a_voice_is_asked_three_times_and_then_its_lease_ends() {
    let mut firsts = Vec::new();
    for id in 1..200 {
        let mut heard = Heard::new(&[(id, 1)]);
        heard.rng = Rng::new(id);
        heard.renew(at(0), id, 1);
        assert!(!heard.lease(id, 1).is_due());
        let asks = heard.asks(at(100_000), Some(at(90_000)));
        let first = asks[0].0;
        assert!(first >= at(75_000) && first <= at(85_000), "{first:?}");
        firsts.push(first);
        let expected = [
            (first, 1, false),
            (at(90_000), 1, true),
            (at(95_000), 1, true),
            (at(100_000), id + 1_000, false),
        ];
        assert_eq!(asks, expected);
        assert!(heard.session.known.is_empty());
        assert_eq!(heard.leases.next(false), None);
    }
    let early = firsts.iter().filter(|first| **first < at(80_000)).count();
    assert!((70..130).contains(&early), "{early} of 199 in the first half");
}

#[test]
fn who_answers_is_asked_in_its_next_lease() {
    let mut heard = Heard::new(&[(1, 1)]);
    let asked = heard.asks(at(90_000), None);
    assert_eq!(asked.len(), 2);
    assert!(heard.lease(1, 1).is_due());
    heard.renew(at(91_000), 1, 1);
    assert!(!heard.lease(1, 1).is_due());
    assert_eq!(heard.asks(at(165_000), None), [(at(150_000), 0, false)]);
    assert_eq!(heard.asks(at(176_000), Some(at(90_000))).len(), 1);
}

#[test]
fn no_lease_ends_before_it_was_asked_for_in_a_run_that_counts() {
    for clean in [None, Some(at(0)), Some(at(74_000))] {
        let mut heard = Heard::new(&[(1, 1)]);
        let asks = heard.asks(at(129_000), clean);
        let times: Vec<Instant> = asks[3..].iter().map(|ask| ask.0).collect();
        // Ten seconds more, and again; it is asked at their beginning and before their end.
        let expected = [100_000, 109_500, 110_000, 119_500, 120_000].map(at);
        assert_eq!(times, expected, "{clean:?}");
        assert!(asks[1..].iter().all(|ask| (ask.1, ask.2) == (1, true)));
        // A run counts from the moment at which it was asked first.
        assert_eq!(heard.asks(at(130_000), Some(at(119_999))).last().unwrap().1, 1);
        let asks = heard.asks(at(140_000), Some(at(130_000)));
        assert_eq!(asks.last(), Some(&(at(140_000), 1_001, false)));
    }
    // As soon as there is one it ends when it is time.
    let mut heard = Heard::new(&[(1, 1)]);
    let first = heard.asks(at(86_000), None)[0].0;
    assert_eq!(heard.asks(at(101_000), Some(first)).last(), Some(&(at(100_000), 1_001, false)));
}

#[test]
fn each_address_has_a_lease_of_its_own_and_the_last_ends_the_responder() {
    let mut heard = Heard::new(&[(1, 1), (1, 2)]);
    heard.renew(at(50_000), 1, 2);
    let asks = heard.asks(at(120_000), Some(at(95_000)));
    assert!(asks.iter().all(|ask| ask.1 == 1), "{asks:?}");
    let entry = heard.session.known.get(1).unwrap();
    let left: Vec<Path> = entry.voices.iter().map(|voice| voice.at).collect();
    assert_eq!(left, [path(2)]);
    let asks = heard.asks(at(150_000), Some(at(140_000)));
    assert_eq!(asks.last(), Some(&(at(150_000), 1_001, false)));
    assert!(heard.session.known.is_empty());
}

#[test]
fn of_many_whose_leases_end_at_once_each_is_told() {
    let voices: Vec<(u64, u8)> = (1..=50).map(|id| (id, id as u8)).collect();
    let mut heard = Heard::new(&voices);
    let asks = heard.asks(at(100_000), Some(at(95_000)));
    let mut ended: Vec<u64> = asks.iter().filter(|ask| ask.1 > 1_000).map(|ask| ask.1).collect();
    ended.sort_unstable();
    assert!(ended.into_iter().eq(1_001..=1_050));
}

#[test]
fn moments_that_come_within_half_a_second_share_a_run() {
    let voices: Vec<(u64, u8)> = (1..=100).map(|id| (id, id as u8)).collect();
    let mut heard = Heard::new(&voices);
    let asks = heard.asks(at(89_000), None);
    assert_eq!(asks.iter().map(|ask| ask.1).sum::<u64>(), 100);
    assert!((15..=21).contains(&asks.len()), "{}", asks.len());
    for two in asks.windows(2) {
        assert!(two[1].0 - two[0].0 >= SHORTEST_PAUSE);
    }
}

#[test]
fn while_sweeps_are_under_way_nobody_further_is_asked_and_nothing_is_forgotten() {
    let voices: Vec<(u64, u8)> = (1..=10).map(|id| (id, id as u8)).collect();
    let mut heard = Heard::new(&voices);
    heard.leases.begin(at(0));
    let mut now = at(0);
    while let Some(due) = heard.leases.next(false).filter(|due| *due <= at(86_000)) {
        now = due;
        let known = &mut heard.session.known;
        assert!(matches!(heard.leases.look(now, known, false, None), Look::Nothing));
    }
    assert!(now > at(75_000));
    heard.leases.come_to_rest(at(87_000));
    assert_eq!(heard.leases.next(true), Some(at(87_000)));
    assert!(matches!(heard.look(at(86_999), None), Look::Nothing));
    let look = heard.look(at(87_000), None);
    assert!(matches!(look, Look::Ask { due: 10, is_urgent: false }), "{look:?}");
}

#[test]
fn without_a_lease_those_never_heard_are_asked_for_once_a_minute_from_the_first_discovery_on() {
    let mut heard = Heard::new(&[]);
    assert_eq!(heard.leases.next(true), None);
    heard.leases.come_to_rest(at(0));
    assert_eq!(heard.leases.next(true), None);
    heard.leases.begin(at(0));
    assert_eq!(heard.leases.next(false), None);
    let expected = [60_000, 120_000, 180_000].map(|ms| (at(ms), 0, false));
    assert_eq!(heard.asks(at(200_000), None), expected);
    // Sweeps for another reason, over the moment of it, were no sleep.
    heard.leases.come_to_rest(at(250_000));
    assert_eq!(heard.leases.next(true), Some(at(250_000)));
}

#[test]
fn after_a_sleep_all_are_asked_and_have_ten_seconds() {
    let mut heard = Heard::new(&[(1, 1), (1, 2), (2, 3)]);
    let woke = at(5_000_000);
    heard.leases.wake_up(woke, &mut heard.session.known);
    assert!(heard.lease(1, 2).is_due() && heard.lease(2, 3).is_due());
    assert_eq!(heard.leases.next(true).map(|next| (next - woke).as_millis()), Some(3_333));
    heard.renew(at(5_001_000), 2, 3);
    let asks = heard.asks(at(5_010_000), Some(woke));
    let times: Vec<u128> = asks.iter().map(|ask| (ask.0 - woke).as_millis()).collect();
    assert_eq!((times, asks[0].1), (vec![3_333, 9_500, 10_000], 2));
    assert_eq!(asks[2].1, 1_001);
    assert_eq!(heard.session.known.len(), 1);
    // And those never heard are asked for within a minute.
    let mut heard = Heard::new(&[]);
    heard.leases.wake_up(woke, &mut heard.session.known);
    assert_eq!(heard.leases.next(true), Some(at(5_060_000)));
}

#[test]
fn those_of_whose_lease_a_third_is_left_can_be_asked_early() {
    let mut heard = Heard::new(&[(1, 1), (2, 2), (3, 3)]);
    heard.renew(at(40_000), 3, 3);
    let early = |heard: &mut Heard, now| heard.leases.ask_early(now, &mut heard.session.known);
    assert_eq!(early(&mut heard, at(66_600)), 0);
    assert_eq!(early(&mut heard, at(66_700)), 2);
    assert_eq!(early(&mut heard, at(66_800)), 0);
    let is_due = [(1, 1), (2, 2), (3, 3)].map(|(id, last)| heard.lease(id, last).is_due());
    assert_eq!(is_due, [true, true, false]);
    // They are asked again as if that had been their time.
    let asks = heard.asks(at(95_000), None);
    assert_eq!(asks, [(at(90_000), 2, true), (at(95_000), 2, true)]);
    // With nobody known there is nobody to ask.
    assert_eq!(early(&mut Heard::new(&[]), at(0)), 0);
}

#[test]
fn those_who_are_known_no_more_are_passed_over() {
    let mut heard = Heard::new(&[(1, 1), (2, 2)]);
    let place = heard.session.known.place(1);
    drop(heard.session.known.remove(place));
    assert_eq!(heard.leases.ask_early(at(70_000), &mut heard.session.known), 1);
    let asks = heard.asks(at(100_000), Some(at(99_000)));
    assert_eq!(asks.last(), Some(&(at(100_000), 1_002, false)));
    heard.renew(at(0), 7, 1); // never heard of
    assert_eq!((heard.leases.len(), heard.leases.next(false)), (0, None));
    // And the queue does not grow by them.
    let mut heard = Heard::new(&[(1, 1)]);
    for id in 2..1_000 {
        heard.hear(id, 9);
        let place = heard.session.known.place(id);
        drop(heard.session.known.remove(place));
        assert!(heard.leases.len() <= 2 * 2 + FORGOTTEN);
    }
    assert!(heard.asks(at(86_000), None).len() == 1);
}
