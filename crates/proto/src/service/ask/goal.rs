//! What a run of sweeps is for, and what bounds it.

use core::time::Duration;

/// From the start of a sweep that heard nobody new to the start of the next. Sixteen then span two of
/// Wi-Fi's longest usual delivery periods for multicasts (DTIM 3, 307 ms).
const GAP: Duration = Duration::from_millis(40);
/// A run that has a bound ends after this many sweeps, however many of them did not count.
const MOST_SWEEPS: u32 = 64;

/// What a run of sweeps is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    /// It ends after this many sweeps in a row that heard nobody new.
    pub(crate) quiet: u32,
    /// From the start of a sweep to the start of the next, once nobody new is heard.
    pub(crate) gap: Duration,
    /// Whether it may end with nobody known.
    pub(crate) even_if_nobody: bool,
    /// It ends after so many sweeps in any case.
    pub(crate) most_sweeps: u32,
    /// How many answers are expected; `None`: find out first.
    pub(crate) expected: Option<u64>,
    /// Whether the queries say that the asker watches.
    pub(crate) watch: bool,
    /// Whether the first sweep asks for answers to the group.
    pub(crate) group: bool,
}

impl Goal {
    /// To find everybody, with nothing known.
    pub(crate) fn everybody(quiet: u32, expected: Option<u64>) -> Goal {
        Goal {
            quiet,
            gap: GAP,
            even_if_nobody: false,
            most_sweeps: u32::MAX,
            expected,
            watch: false,
            group: false,
        }
    }

    /// The same, which ends after some time even if its sweeps do not count.
    pub(crate) fn bounded(self) -> Goal {
        Goal { most_sweeps: MOST_SWEEPS, ..self }
    }
}

/// What bounds the asking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Answers a second.
    pub(crate) answers: u32,
    /// Queries a second.
    pub(crate) queries: u32,
    /// Datagrams in the socket's receive buffer.
    pub(crate) buffer: u64,
    /// Whether queries carry a trailer.
    pub(crate) sealed: bool,
}

impl Limits {
    /// The time from one query to the next, at the least.
    pub(crate) fn query_gap(&self) -> Duration {
        Duration::from_secs(1) / self.queries.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_as_far_apart_as_their_rate_says() {
        let gap = |queries| Limits { answers: 1, queries, buffer: 1, sealed: false }.query_gap();
        assert_eq!(gap(2_000), Duration::from_micros(500));
        assert_eq!((gap(1), gap(0)), (Duration::from_secs(1), Duration::from_secs(1)));
    }

    #[test]
    fn a_run_for_everybody_ends_when_it_is_quiet_or_where_it_has_a_bound() {
        let goal = Goal::everybody(16, Some(3));
        assert_eq!((goal.quiet, goal.expected, goal.gap), (16, Some(3), GAP));
        assert!(!goal.even_if_nobody && !goal.watch && !goal.group);
        assert_eq!((goal.most_sweeps, goal.bounded().most_sweeps), (u32::MAX, 64));
    }
}
