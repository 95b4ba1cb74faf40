//! Those whom the next answers to the group are for.

use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;
use crate::rng::Rng;
use crate::service::GROUP_GAP;
use crate::service::answer::places;
use crate::service::answer::timers::Timers;
use crate::wire::{MAX_SESSIONS, SessionsBuf};

/// The services of one machine answer the group no more often than this, all together.
const SPACING: Duration = Duration::from_millis(1);

/// The sessions that asked for answers to the group and have not had them. One answer of a service serves
/// many; where more asked than there are seats, each has the same chance, so that nobody who asks much keeps
/// others out.
#[derive(Debug, Clone)]
pub(crate) struct Audience {
    seats: Vec<Seat>,
    /// How many asked since there was a seat to be had.
    asked: u64,
    services: Vec<Service>,
    /// When each service answers, if no other one has answered just before.
    due: Timers,
    last: Option<Instant>,
}

/// A session and the round that it asked in. One that asked in two rounds has two seats: the one may be
/// somebody's who made it up in the other's name.
#[derive(Debug, Clone, Copy)]
struct Seat {
    session: (u64, u16),
    /// Services that still owe it an answer; none: the seat is free.
    owed: u16,
}

#[derive(Debug, Clone, Copy, Default)]
struct Service {
    /// Who asked for it: a bit for each seat.
    seats: u64,
    /// Where in a window its next answer is, in parts of 2^32. It is the same in each window: the answers
    /// of many responders to many who ask are then spread as far as those to one.
    spot: u64,
    last: Option<Instant>,
}

// There is a bit for each seat.
const _: () = assert!(MAX_SESSIONS == u64::BITS as usize);

impl Audience {
    pub(crate) fn new() -> Audience {
        let seats = Vec::with_capacity(MAX_SESSIONS);
        Audience { seats, asked: 0, services: Vec::new(), due: Timers::new(), last: None }
    }

    /// Makes room for so many services.
    pub(crate) fn grow(&mut self, services: usize) {
        self.services.resize(services, Service::default());
        self.due.grow(services);
    }

    /// A session asks these services, for answers within this window. Each comes as soon as anybody is to
    /// have it, so that who asks for a late one keeps nobody waiting.
    pub(crate) fn ask(
        &mut self,
        now: Instant,
        asked: &[u64],
        session: (u64, u16),
        window: Duration,
        rng: &mut Rng,
    ) {
        let seat = self.seat(session, rng);
        for place in places::all(asked) {
            let Some(service) = self.services.get_mut(place) else { continue };
            let before = self.due.get(place);
            if before.is_none() {
                service.spot = rng.next() >> 32;
            }
            let soonest = service.last.map_or(now, |last| last + GROUP_GAP);
            let nanos = (window.as_nanos() * u128::from(service.spot)) >> 32;
            let due = (now + Duration::from_nanos(nanos as u64)).max(soonest);
            self.due.set(place, Some(before.map_or(due, |before| before.min(due))));
            if let Some(at) = seat
                && service.seats & 1 << at == 0
                && let Some(seat) = self.seats.get_mut(at)
            {
                service.seats |= 1 << at;
                seat.owed += 1;
            }
        }
    }

    /// The seat of a session: the one that it has, or a free one, or with some luck somebody else's.
    fn seat(&mut self, session: (u64, u16), rng: &mut Rng) -> Option<usize> {
        let is_its = |seat: &Seat| seat.owed > 0 && seat.session == session;
        if let Some(at) = self.seats.iter().position(is_its) {
            return Some(at);
        }
        let new = Seat { session, owed: 0 };
        if let Some((at, free)) = self.seats.iter_mut().enumerate().find(|(_, seat)| seat.owed == 0)
        {
            *free = new;
            return Some(at);
        }
        if self.seats.len() < MAX_SESSIONS {
            self.seats.push(new);
            return Some(self.seats.len() - 1);
        }
        // Reservoir sampling (Vitter's algorithm R).
        self.asked += 1;
        let at = rng.up_to(MAX_SESSIONS as u64 + self.asked - 1) as usize;
        let seat = self.seats.get_mut(at)?;
        *seat = new;
        for service in &mut self.services {
            service.seats &= !(1 << at);
        }
        Some(at)
    }

    /// When an answer is due, and whose.
    pub(crate) fn due(&self) -> Option<(Instant, usize)> {
        let (due, service) = self.due.first()?;
        Some((self.last.map_or(due, |last| due.max(last + SPACING)), service))
    }

    /// Takes out those whom a service's answer is for: so many of them, at random, at the most.
    pub(crate) fn take(
        &mut self,
        service: usize,
        now: Instant,
        most: usize,
        rng: &mut Rng,
    ) -> SessionsBuf {
        let mut named = SessionsBuf::new();
        self.due.set(service, None);
        self.last = Some(now);
        let Some(service) = self.services.get_mut(service) else { return named };
        service.last = Some(now);
        let asked = core::mem::take(&mut service.seats);
        let mut left = [asked];
        while places::count(&left) > most {
            let other = places::any(&left, rng);
            places::remove(&mut left, other);
        }
        for seat in places::all(&left).filter_map(|at| self.seats.get(at)) {
            // There is room for as many as there are seats.
            let _fits = named.push(seat.session.0, seat.session.1);
        }
        self.release(asked);
        named
    }

    /// A service owes these seats nothing any more.
    fn release(&mut self, seats: u64) {
        for at in places::all(&[seats]) {
            let Some(seat) = self.seats.get_mut(at) else { continue };
            seat.owed -= 1;
            if seat.owed == 0 {
                self.asked = 0;
            }
        }
    }

    /// A service answers no more.
    pub(crate) fn forget(&mut self, service: usize) {
        self.due.set(service, None);
        let before = self.services.get_mut(service).map(core::mem::take);
        self.release(before.map_or(0, |service| service.seats));
    }

    pub(crate) fn clear(&mut self) {
        (0..self.services.len()).for_each(|service| self.forget(service));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_millis(24);

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    /// The only service.
    const ONE: [u64; 1] = [1];

    fn audience() -> Audience {
        let mut audience = Audience::new();
        audience.grow(1);
        audience
    }

    fn next(audience: &Audience) -> Option<Instant> {
        audience.due().map(|(due, _)| due)
    }

    /// Those whom the answer that is due is for.
    fn taken(audience: &mut Audience, now: Instant, most: usize, rng: &mut Rng) -> Vec<(u64, u16)> {
        let (due, service) = audience.due().unwrap();
        assert!(due <= now);
        audience.take(service, now, most, rng).as_sessions().iter().collect()
    }

    #[test]
    fn one_answer_serves_all_who_ask_until_it_is_due_and_the_next_comes_no_sooner_than_the_gap() {
        let mut rng = Rng::new(1);
        let mut audience = audience();
        audience.ask(at(0), &ONE, (7, 1), WINDOW, &mut rng);
        let due = next(&audience).unwrap();
        assert!(due > at(0) && due <= at(24));
        audience.ask(at(0), &ONE, (8, 3), WINDOW, &mut rng);
        audience.ask(at(0), &ONE, (7, 1), WINDOW, &mut rng);
        assert_eq!(next(&audience), Some(due));
        let served = taken(&mut audience, due, 64, &mut rng);
        assert_eq!(served, [(7, 1), (8, 3)]);
        assert_eq!(next(&audience), None);
        audience.ask(due, &ONE, (7, 3), Duration::ZERO, &mut rng);
        assert_eq!(next(&audience), Some(due + GROUP_GAP));
        audience.clear();
        assert_eq!(next(&audience), None);
        audience.ask(due, &ONE, (9, 1), Duration::ZERO, &mut rng);
        let served = taken(&mut audience, due + GROUP_GAP, 64, &mut rng);
        assert_eq!(served, [(9, 1)]);
    }

    #[test]
    fn who_asks_for_a_late_answer_keeps_nobody_waiting() {
        let mut rng = Rng::new(2);
        for _ in 0..100 {
            let mut audience = audience();
            audience.ask(at(0), &ONE, (7, 1), Duration::from_secs(10), &mut rng);
            audience.ask(at(1), &ONE, (8, 1), WINDOW, &mut rng);
            assert!(next(&audience) <= Some(at(25)));
        }
    }

    #[test]
    fn many_who_ask_at_once_get_their_answers_over_the_whole_window() {
        let mut rng = Rng::new(3);
        let mut quarters = [0u32; 4];
        for _ in 0..1_000 {
            let mut audience = audience();
            (0..50).for_each(|txn| audience.ask(at(0), &ONE, (txn, 1), WINDOW, &mut rng));
            let due = next(&audience).unwrap() - at(0);
            quarters[(due.as_nanos() * 4 / WINDOW.as_nanos()) as usize] += 1;
        }
        assert!(quarters.iter().all(|n| (200..300).contains(n)), "{quarters:?}");
    }

    #[test]
    fn a_round_that_was_made_up_in_a_sessions_name_does_not_take_its_place() {
        let mut rng = Rng::new(4);
        let mut audience = audience();
        for round in [1, 60_000, 1, 2] {
            audience.ask(at(0), &ONE, (7, round), WINDOW, &mut rng);
        }
        let served = taken(&mut audience, at(24), 64, &mut rng);
        assert_eq!(served, [(7, 1), (7, 60_000), (7, 2)]);
    }

    #[test]
    fn of_many_each_has_the_same_chance_however_few_are_named() {
        let mut rng = Rng::new(5);
        for (asking, named) in [(256, 64), (256, 8), (64, 8)] {
            let mut served = [0u32; 4];
            for _ in 0..500 {
                let mut audience = audience();
                (0..asking)
                    .for_each(|txn| audience.ask(at(0), &ONE, (txn, 1), Duration::ZERO, &mut rng));
                let taken = taken(&mut audience, at(0), named, &mut rng);
                assert_eq!(taken.len(), named);
                taken.iter().for_each(|(txn, _)| served[(*txn * 4 / asking) as usize] += 1);
            }
            let mean = 125 * named as u32;
            let usual = mean * 9 / 10..=mean * 11 / 10;
            assert!(served.iter().all(|n| usual.contains(n)), "{asking}, {named}: {served:?}");
        }
    }

    #[test]
    fn each_service_answers_those_who_asked_for_it_at_a_moment_of_its_own() {
        let mut rng = Rng::new(6);
        let mut audience = Audience::new();
        audience.grow(70);
        audience.ask(at(0), &[0b11, 0b1], (7, 1), WINDOW, &mut rng);
        audience.ask(at(0), &[0b10, 0b0], (8, 1), WINDOW, &mut rng);
        let mut answers = Vec::new();
        while let Some((due, service)) = audience.due() {
            let named = audience.take(service, due, 64, &mut rng);
            answers.push((service, due, named.as_sessions().iter().collect::<Vec<_>>()));
        }
        answers.sort_unstable();
        let whom: Vec<_> = answers.iter().map(|(service, _, whom)| (*service, &whom[..])).collect();
        let both = [(7, 1), (8, 1)];
        assert_eq!(whom, [(0, &both[..1]), (1, &both[..]), (64, &both[..1])]);
        let mut times = [0, 1, 2].map(|nth| answers[nth].1);
        times.sort_unstable();
        assert!(times.windows(2).all(|two| two[1] - two[0] >= SPACING), "{times:?}");
        // Each keeps its own gap.
        for (service, last, _) in answers {
            let mut asked = [0; 2];
            asked[service / 64] |= 1 << (service % 64);
            audience.ask(last, &asked, (9, 1), Duration::ZERO, &mut rng);
            assert_eq!(audience.due(), Some((last + GROUP_GAP, service)));
            audience.forget(service);
            assert_eq!(audience.due(), None);
        }
        assert!(audience.seats.iter().all(|seat| seat.owed == 0));
    }

    #[test]
    fn who_gives_its_seat_to_another_is_named_by_no_service() {
        let mut rng = Rng::new(7);
        let mut audience = Audience::new();
        audience.grow(2);
        (0..64).for_each(|txn| audience.ask(at(0), &[0b11], (txn, 1), WINDOW, &mut rng));
        for txn in 64..1_000 {
            audience.ask(at(0), &[0b01], (txn, 1), WINDOW, &mut rng);
        }
        let named = [0, 1].map(|service| {
            let named = audience.take(service, at(24), 64, &mut rng);
            named.as_sessions().iter().map(|(txn, _)| txn).collect::<Vec<_>>()
        });
        assert!(named[0].len() == 64 && named[1].iter().all(|txn| *txn < 64));
        let stayed: Vec<_> = named[0].iter().copied().filter(|txn| *txn < 64).collect();
        assert_eq!(named[1], stayed);
        assert!(audience.seats.iter().all(|seat| seat.owed == 0));
    }
}
