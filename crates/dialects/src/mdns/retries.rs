//! How often something is asked for, and after which gaps.

use core::time::Duration;

use mcast_proto::Instant;

use crate::scan::Draws;

/// For how long it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// So many times in a run, that of answers some may be lost. The first repeat comes soon, and brings what
    /// is answered to the asker alone; before a further one a second must pass, because nobody sends the same
    /// record to the group again within that (RFC 6762 section 6).
    Run(u32),
    /// As long as somebody watches: after a second, then after twice as long each time, up to an hour (section
    /// 5.2).
    Watch,
}

const FIRST_GAP: Duration = Duration::from_millis(250);
const FURTHER_GAP: Duration = Duration::from_millis(1_100);
const WATCH_GAP: Duration = Duration::from_secs(1);
const LONGEST_GAP: Duration = Duration::from_secs(3600);
/// Further gaps of a run double so often.
const DOUBLINGS: u32 = 4;

impl Pace {
    /// The gap after so many questions; `None`: no more are put.
    fn gap(self, asked: u32) -> Option<Duration> {
        match self {
            Pace::Run(times) if asked >= times.max(1) => None,
            Pace::Run(_) if asked <= 1 => Some(FIRST_GAP),
            Pace::Run(_) => Some(FURTHER_GAP * (1 << (asked - 2).min(DOUBLINGS))),
            Pace::Watch => {
                let doubled = 1u32.checked_shl(asked.saturating_sub(1)).unwrap_or(u32::MAX);
                Some(WATCH_GAP.saturating_mul(doubled).min(LONGEST_GAP))
            }
        }
    }
}

/// Questions for one thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retries {
    asked: u32,
    next: Option<Instant>,
}

impl Retries {
    /// The first question is due then.
    pub(super) fn new(first: Instant) -> Retries {
        Retries { asked: 0, next: Some(first) }
    }

    /// When the next question is due; `None`: no more are put.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// How many were put.
    pub(super) fn asked(&self) -> u32 {
        self.asked
    }

    /// Whether a question is due, which is put now. Gaps are a tenth longer at random.
    pub(super) fn take(&mut self, now: Instant, pace: Pace, draws: &mut Draws) -> bool {
        let is_due = self.next.is_some_and(|next| next <= now);
        if is_due {
            self.asked = self.asked.saturating_add(1);
            self.next = pace.gap(self.asked).map(|gap| now + gap + draws.within(gap / 10));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// Gaps in milliseconds.
    fn gaps(pace: Pace, seed: u64) -> Vec<u64> {
        let (mut draws, mut retries) = (Draws::new(seed), Retries::new(Instant::from_millis(9)));
        assert!(!retries.take(Instant::from_millis(8), pace, &mut draws));
        let mut gaps = Vec::new();
        while let Some(due) = retries.next().filter(|_| gaps.len() < 20) {
            assert!(retries.take(due, pace, &mut draws));
            gaps.extend(retries.next().map(|next| (next - due).as_millis() as u64));
        }
        gaps
    }

    #[test]
    fn a_run_asks_a_few_times() {
        for seed in 0..50 {
            assert_eq!(
                (gaps(Pace::Run(0), seed), gaps(Pace::Run(1), seed)),
                (Vec::new(), Vec::new())
            );
            let gaps = gaps(Pace::Run(9), seed);
            let least = [250, 1_100, 2_200, 4_400, 8_800, 17_600, 17_600, 17_600];
            assert_eq!(gaps.len(), least.len());
            for (gap, least) in gaps.iter().zip(least) {
                assert!((least..=least * 11 / 10).contains(gap), "{gap} of {least}");
            }
        }
    }

    #[test]
    fn a_watcher_asks_ever_more_seldom_and_once_an_hour_in_the_end() {
        let gaps = gaps(Pace::Watch, 7);
        for (nth, gap) in gaps.iter().enumerate() {
            let least = (1_000u64 << nth).min(3_600_000);
            assert!((least..=least * 11 / 10).contains(gap), "{gap} of {least}");
        }
        assert_eq!(Pace::Watch.gap(u32::MAX), Some(LONGEST_GAP));
    }
}
