use alloc::vec::Vec;

use super::*;
use crate::rng::Rng;

pub(super) fn source(n: u32) -> IpAddr {
    IpAddr::from((0x0a00_0000 | n).to_be_bytes())
}

pub(super) fn ms(n: u64) -> Instant {
    Instant::from_millis(n)
}

/// A limiter with a generator of its own.
pub(super) struct Bench(pub(super) Limiter, pub(super) Rng);

impl Bench {
    fn new(rate: Rate) -> Bench {
        Bench::seeded(rate, 7)
    }

    pub(super) fn seeded(rate: Rate, seed: u64) -> Bench {
        Bench(Limiter::new(rate, SOURCES, seed), Rng::new(seed))
    }

    fn of(per_source: u32, total: u32) -> Bench {
        Bench::new(Rate { per_source, total })
    }

    pub(super) fn ask(
        &mut self,
        now: Instant,
        source: IpAddr,
        bytes: usize,
    ) -> Result<(), Refusal> {
        self.0.admit(now, source, None, bytes, &mut self.1).map(drop)
    }

    pub(super) fn ask_in(
        &mut self,
        now: Instant,
        source: IpAddr,
        session: u64,
    ) -> Result<(), Refusal> {
        self.0.admit(now, source, Some(session), UNIT, &mut self.1).map(drop)
    }

    /// So many of `tries` short answers are admitted at one moment.
    fn admitted(&mut self, now: Instant, source: IpAddr, tries: usize) -> usize {
        (0..tries).filter(|_| self.ask(now, source, UNIT).is_ok()).count()
    }
}

#[test]
fn any_number_of_services_share_what_four_may_send() {
    let rate = Rate { per_source: 400, total: 4000 };
    assert_eq!((rate.of_services(0), rate.of_services(1)), (rate, rate));
    assert_eq!(rate.of_services(3), Rate { per_source: 1200, total: 12_000 });
    for services in [4, 5, 500, usize::MAX] {
        assert_eq!(rate.of_services(services), Rate { per_source: 1600, total: 16_000 });
    }
    let rate = Rate { per_source: 0, total: u32::MAX };
    assert_eq!(rate.of_services(9), rate);
}

#[test]
fn another_rate_is_that_of_all_that_comes_after_and_gives_nothing_back() {
    let mut bench = Bench::of(10, 1_000);
    assert!(bench.admitted(ms(0), source(1), 1_000) <= 20);
    bench.0.set_rate(Rate { per_source: 20, total: 1_000 });
    assert!(bench.admitted(ms(0), source(1), 1_000) <= 21);
    bench.0.set_rate(Rate { per_source: 10, total: 1_000 });
    assert_eq!(bench.admitted(ms(900), source(1), 1_000), 0);
    assert_eq!(bench.0.session_rate, 0);
    bench.0.set_rate(Rate { per_source: 500, total: 1_000 });
    assert_eq!(bench.0.session_rate, 10);
}

#[test]
fn a_source_gets_its_burst_and_then_its_rate() {
    let mut bench = Bench::new(Rate::default());
    // What is certain, and then what the lots give of the rest.
    assert_eq!(bench.admitted(ms(0), source(1), 700), 700);
    assert_eq!(bench.admitted(ms(0), source(1), 10_000), 100);
    assert_eq!(bench.ask(ms(0), source(1), UNIT), Err(Refusal::SourceRate));
    assert_eq!(bench.admitted(ms(50), source(1), 10_000), 20);
    assert_eq!(bench.admitted(ms(1050), source(1), 100_000), 400);
    assert_eq!(bench.admitted(ms(1050), source(2), 700), 700);
    assert_eq!(bench.admitted(ms(9000), source(1), 100_000), 800);
}

#[test]
fn all_sources_together_share_the_total() {
    let mut bench = Bench::of(20, 100);
    let sum: usize = (0..50).map(|n| bench.admitted(ms(0), source(n), 1000)).sum();
    assert_eq!(sum, 200);
    assert_eq!(bench.ask(ms(0), source(99), UNIT), Err(Refusal::TotalRate));
    // What the total refused took nothing off the source.
    assert_eq!(bench.admitted(ms(500), source(99), 1000), 40);
    assert_eq!(bench.admitted(ms(500), source(98), 1000), 10);
}

#[test]
fn an_answer_counts_once_for_each_128_bytes_begun() {
    for (bytes, count) in [(0, 1), (1, 1), (128, 1), (129, 2), (256, 2), (1200, 10), (65_507, 512)]
    {
        assert_eq!(cost(bytes), count * TOKEN, "{bytes}");
    }
    let mut bench = Bench::of(100, 1000);
    assert_eq!(bench.ask(ms(0), source(1), 1200), Ok(()));
    assert_eq!(bench.admitted(ms(0), source(1), 10_000), 190);
}

#[test]
fn what_is_longer_than_a_burst_goes_once_a_burst_is_saved_and_then_is_made_good() {
    let mut bench = Bench::of(2, 100);
    // Ten tokens of a bucket of four, which has them back after five seconds.
    assert_eq!(bench.ask(ms(0), source(1), 1200), Ok(()));
    assert_eq!(bench.ask(ms(3499), source(1), 1), Err(Refusal::SourceRate));
    assert_eq!(bench.ask(ms(4999), source(1), 1200), Err(Refusal::SourceRate));
    assert_eq!(bench.ask(ms(5000), source(1), 1200), Ok(()));
    assert_eq!(bench.ask(ms(8499), source(1), 1), Err(Refusal::SourceRate));
    assert!(bench.admitted(ms(8500), source(1), 100) == 1);
}

#[test]
fn a_rate_of_nothing_gives_nothing() {
    for mut bench in [Bench::of(0, 100), Bench::of(100, 0), Bench::of(0, 0)] {
        for at in [Instant::ZERO, ms(60_000), Instant::FAR_FUTURE] {
            assert!(bench.ask_in(at, source(1), 1).is_err());
            assert!(!bench.0.may_copy(at, source(1), cost(1)));
        }
    }
}

#[test]
fn no_rate_and_no_time_overflows() {
    let mut bench = Bench::of(u32::MAX, u32::MAX);
    for at in [Instant::ZERO, ms(1), Instant::FAR_FUTURE, Instant::ZERO, Instant::FAR_FUTURE] {
        assert_eq!(bench.ask_in(at, source(1), 1), Ok(()));
        assert!(bench.0.may_copy(at, source(1), cost(1)));
    }
    let mut bench = Bench::of(u32::MAX, u32::MAX);
    assert_eq!(bench.ask(ms(1), source(2), usize::MAX), Ok(()));
    assert_eq!(bench.ask(ms(2), source(2), 1), Err(Refusal::SourceRate));
    assert_eq!(bench.ask(ms(2), source(1), 1), Err(Refusal::TotalRate));
    assert_eq!(bench.ask(Instant::FAR_FUTURE, source(2), usize::MAX), Ok(()));
}

#[test]
fn time_that_goes_back_gives_nothing() {
    let mut bench = Bench::of(20, 1000);
    assert_eq!(bench.admitted(ms(5000), source(1), 1000), 40);
    assert_eq!(bench.admitted(ms(0), source(1), 1000), 0);
    assert_eq!(bench.admitted(ms(5000), source(1), 1000), 0);
    assert_eq!(bench.admitted(ms(5050), source(1), 1000), 1);
}

#[test]
fn copies_are_for_whoever_has_more_than_half_of_its_bucket() {
    let mut bench = Bench::of(100, 1000);
    let copies = (0..1000).filter(|_| bench.0.may_copy(ms(0), source(1), cost(UNIT))).count();
    assert_eq!(copies, 100);
    // What they took is gone.
    assert_eq!(bench.admitted(ms(0), source(1), 10_000), 100);
    // The half goes to eleven sources, and so on, to where the total is nearly empty.
    let mut total = 200;
    for n in 2..100 {
        total += (0..1000).filter(|_| bench.0.may_copy(ms(0), source(n), cost(UNIT))).count();
    }
    assert_eq!(total, 1751);
}

#[test]
fn a_copy_is_charged_by_its_length_and_not_sent_where_that_is_not_held() {
    let mut bench = Bench::of(100, 1000);
    assert!(bench.0.may_copy(ms(0), source(1), cost(99 * UNIT)));
    assert!(!bench.0.may_copy(ms(0), source(1), cost(102 * UNIT)));
    assert!(bench.0.may_copy(ms(0), source(1), cost(101 * UNIT)));
    assert!(!bench.0.may_copy(ms(0), source(1), cost(UNIT)));
}

#[test]
fn a_source_has_a_bucket_that_only_the_secret_tells() {
    let place = |secret, source| {
        let mut limiter = Limiter::new(Rate::default(), SOURCES, secret);
        limiter.buckets(ms(0), source).0.take(1);
        limiter.sources.iter().position(|bucket| bucket.lacks > 0).expect("it has one")
    };
    let differ = (0..1000).filter(|&n| place(1, source(n)) != place(2, source(n))).count();
    assert!(differ > 980, "{differ}");
    let six = |n: u128| IpAddr::from((0xfe80 << 112 | n).to_be_bytes());
    for sources in [(0..4096).map(source).collect::<Vec<_>>(), (0..4096).map(six).collect()] {
        let mut used = [0; SOURCES];
        sources.iter().for_each(|&source| used[place(3, source)] += 1);
        // Four each on average: e^-4 of the buckets have none.
        let empty = used.iter().filter(|&&n| n == 0).count();
        assert!(empty < 40 && used.iter().all(|&n| n < 16), "{empty} {used:?}");
    }
}

#[test]
fn there_is_one_bucket_at_the_least() {
    let mut limiter = Limiter::new(Rate { per_source: 1, total: 100 }, 0, 7);
    let mut rng = Rng::new(1);
    let admitted = (0..100).filter(|&n| limiter.admit(ms(0), source(n), None, 1, &mut rng).is_ok());
    assert_eq!(admitted.count(), 2);
}

/// Leaves nothing of a source's bucket.
fn drain(bench: &mut Bench, now: Instant, source: IpAddr) {
    let rest = (0..100).map(|_| bench.admitted(now, source, 1000)).last();
    assert_eq!(rest, Some(0));
}

#[test]
fn a_session_that_was_admitted_has_a_share_of_its_own() {
    let mut bench = Bench::new(Rate::default());
    assert_eq!(bench.ask_in(ms(0), source(1), 7), Ok(()));
    drain(&mut bench, ms(0), source(1));
    let in_session = |bench: &mut Bench, now, source, session| {
        (0..100).filter(|_| bench.ask_in(now, source, session).is_ok()).count()
    };
    assert_eq!(in_session(&mut bench, ms(0), source(1), 8), 0, "another session");
    drain(&mut bench, ms(0), source(2));
    assert_eq!(in_session(&mut bench, ms(0), source(2), 7), 0, "another's session of that number");
    assert_eq!(in_session(&mut bench, ms(0), source(1), 7), 16);
    assert_eq!(bench.ask_in(ms(0), source(1), 7), Err(Refusal::SourceRate));
    // What was refused has no share, and no session has another's.
    drain(&mut bench, ms(1000), source(1));
    assert_eq!(in_session(&mut bench, ms(1000), source(1), 8), 0);
    assert_eq!(in_session(&mut bench, ms(1000), source(1), 7), 8);
}

#[test]
fn a_session_that_used_up_its_share_takes_from_its_source() {
    let mut bench = Bench::new(Rate::default());
    assert_eq!(bench.ask_in(ms(0), source(1), 7), Ok(()));
    for _ in 0..16 {
        assert_eq!(bench.ask_in(ms(0), source(1), 7), Ok(()));
    }
    assert_eq!(bench.0.buckets(ms(0), source(1)).0.lacks, TOKEN, "the first alone");
    assert_eq!(bench.ask_in(ms(0), source(1), 7), Ok(()));
    assert_eq!(bench.0.buckets(ms(0), source(1)).0.lacks, 2 * TOKEN);
}

#[test]
fn a_session_in_use_never_gives_way_and_one_that_is_idle_does() {
    let mut bench = Bench::new(Rate::default());
    let mut holders = |now: u64, sessions: core::ops::Range<u64>| {
        for session in sessions.clone() {
            let _either = bench.ask_in(ms(now), source(1), session);
        }
        let has_place = |&n: &u64| bench.0.sessions.iter().any(|s| s.of == Some((source(1), n)));
        sessions.filter(has_place).count()
    };
    assert_eq!(holders(0, 0..40), 32, "no more than there is room for");
    assert_eq!(holders(1000, 0..32), 32);
    assert_eq!(holders(2999, 100..140), 0, "all were admitted a second ago");
    assert_eq!(holders(3000, 100..140), 32, "idle for two seconds");
    assert_eq!(holders(3000, 0..32), 0);
}

#[test]
fn the_sessions_share_keeps_to_what_the_rates_say() {
    for (per_source, total, session) in [
        (400, 4000, 8),
        (4000, 400, 8),
        (49, 4000, 0),
        (50, 50, 1),
        (u32::MAX, u32::MAX, 85_899_345),
    ] {
        assert_eq!(Bench::of(per_source, total).0.session_rate, session);
    }
}
