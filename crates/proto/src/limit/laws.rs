//! What no order of questions can bring a limiter to.

use alloc::vec::Vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;
use proptest::sample::select;

use super::tests::{Bench, ms, source};
use super::*;
use crate::rng::Rng;

/// What a limiter is asked: how many nanoseconds after the last, by which of few sources, in which of few
/// sessions, for how many bytes, and whether it is for a copy.
type Ask = (u64, u32, Option<u64>, usize, bool);

fn any_asks(sessions: bool) -> impl Strategy<Value = Vec<Ask>> {
    let wait = prop_oneof![4 => Just(0), 4 => 0..100_000_000u64, 1 => 0..5_000_000_000u64];
    let session = if sessions { (0..40u64).prop_map(Some).boxed() } else { Just(None).boxed() };
    let bytes = prop_oneof![4 => 0..300usize, 1 => 0..2000usize];
    vec_of((wait, 0..3u32, session, bytes, prop::bool::weighted(0.2)), 1..150)
}

fn any_rate() -> impl Strategy<Value = Rate> {
    let rate = || prop_oneof![0..40u32, 0..2_000u32, select(&[50, 100, 400, u32::MAX][..])];
    (rate(), rate()).prop_map(|(per_source, total)| Rate { per_source, total })
}

/// What goes out, as (when, to whom, tokens in billionths).
fn run(rate: Rate, asks: &[Ask], seed: u64) -> Vec<(u64, u32, u64)> {
    let mut bench = Bench::seeded(rate, seed);
    let (mut now, mut sent) = (0, Vec::new());
    for &(wait, to, session, bytes, is_copy) in asks {
        now += wait;
        let at = Instant::from_nanos(now);
        let goes = if is_copy {
            bench.0.may_copy(at, source(to), cost(bytes))
        } else {
            bench.0.admit(at, source(to), session, bytes, &mut bench.1).is_ok()
        };
        if goes {
            sent.push((now, to, cost(bytes)));
        }
    }
    sent
}

/// In any time t no more than a burst and t times the rate goes out (or one answer that is longer than a
/// burst in place of the burst), and the share of 32 sessions.
fn keeps_to(rate: u32, session_rate: u32, sent: &[(u64, u64)]) -> Result<(), TestCaseError> {
    let longest = sent.iter().map(|&(_, cost)| cost).max().unwrap_or(0);
    let burst = u128::from(longest.max(burst(rate)));
    for (first, &(start, _)) in sent.iter().enumerate() {
        let mut sum = 0u128;
        for &(at, cost) in &sent[first..] {
            sum += u128::from(cost);
            let time = u128::from(at - start);
            let share = u128::from(session_rate) * (2 * u128::from(TOKEN) + time) * 32;
            prop_assert!(sum <= burst + u128::from(rate) * time + share, "{rate} {start} {at}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_goes_to_a_source_and_to_all_keeps_to_the_rates(
        rate in any_rate(), asks in any::<bool>().prop_flat_map(any_asks), seed: u64,
    ) {
        let sent = run(rate, &asks, seed);
        let has_sessions = asks.iter().any(|ask| ask.2.is_some());
        let share = if has_sessions { rate.per_source.min(rate.total) / 50 } else { 0 };
        for to in 0..3 {
            let to_one: Vec<_> =
                sent.iter().filter(|&&(_, who, _)| who == to).map(|&(at, _, cost)| (at, cost)).collect();
            keeps_to(rate.per_source, share, &to_one)?;
        }
        let to_all: Vec<_> = sent.iter().map(|&(at, _, cost)| (at, cost)).collect();
        keeps_to(rate.total, share, &to_all)?;
    }

}

proptest! {
    // Each case is a flood.
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever else is asked, in its address or in others: three short answers every three eighths of a
    /// second are 8 a second.
    #[test]
    fn a_session_is_admitted_at_its_own_rate_whatever_a_flood_does(
        flood in vec_of((0..375_000_000u64, 0..3u32, proptest::option::of(0..50u64), 0..2000usize), 0..300),
        seed: u64,
    ) {
        let mut bench = Bench::seeded(Rate::default(), seed);
        prop_assert!(bench.ask_in(ms(0), source(0), 1_000).is_ok());
        let mut flood = flood.chunks(30);
        for round in 1..20u64 {
            let start = Instant::from_micros(375_000 * round);
            for &(after, from, session, bytes) in flood.next().unwrap_or(&[]) {
                let at = start + Duration::from_nanos(after);
                for _ in 0..40 {
                    let _either = bench.0.admit(at, source(from), session, bytes, &mut bench.1);
                }
            }
            for _ in 0..3 {
                let at = start + Duration::from_millis(375);
                prop_assert!(bench.ask_in(at, source(0), 1_000).is_ok());
            }
        }
    }


    /// An honest asker has its share of a flood in its own address, wherever between the flood's questions
    /// its own come: at one place always where those are spread evenly, anywhere where they come at once.
    #[test]
    fn a_flood_has_no_better_lot_than_who_asks_once(
        flood in select(&[300u64, 1_000, 3_000, 10_000][..]),
        place in 0..1_000u64, is_burst: bool, per_source in select(&[20u32, 400][..]), seed: u64,
    ) {
        let mut bench = Bench::seeded(Rate { per_source, total: 4000 }, seed);
        let mut places = Rng::new(!seed);
        let questions = flood / 25;
        let (mut asked, mut won, mut flooded, mut flood_won) = (0, 0, 0, 0);
        for round in 0..1_000u64 {
            let honest =
                if is_burst { places.up_to(questions - 1) } else { place * questions / 1_000 };
            for n in 0..questions {
                let offset = if is_burst { 0 } else { 40_000_000 * n / questions };
                let at = Instant::from_nanos(40_000_000 * round + offset);
                let honest_won = n == honest && bench.ask(at, source(1), 60).is_ok();
                let forged_won = bench.ask(at, source(1), 60).is_ok();
                // Until then the bucket runs low.
                if round >= 250 {
                    asked += u32::from(n == honest);
                    won += u32::from(honest_won);
                    flooded += 1;
                    flood_won += u32::from(forged_won);
                }
            }
        }
        let share = f64::from(flood_won) / f64::from(flooded);
        let expected = share * f64::from(asked);
        let deviation = (expected * (1.0 - share)).sqrt();
        prop_assert!(f64::from(won) >= 0.95 * expected - 5.0 * deviation, "{won}, not {expected}");
        if flood == 300 && per_source == 400 {
            prop_assert_eq!(won, asked);
        }
    }
}

/// The worst that a forger can do who knows when the honest question comes: all that it sends comes right
/// before it.
#[test]
fn a_burst_right_before_each_question_leaves_most_of_its_lot() {
    for (burst, least) in [(12, 1_000), (24, 550), (40, 280)] {
        let mut bench = Bench::seeded(Rate::default(), 7);
        let mut won = 0;
        for round in 0..1_250u64 {
            let at = ms(40 * round);
            for _ in 0..burst {
                let _either = bench.ask(at, source(1), 60);
            }
            won += usize::from(bench.ask(at, source(1), 60).is_ok() && round >= 250);
        }
        assert!(won >= least, "{won} of 1000 after bursts of {burst}");
    }
}
