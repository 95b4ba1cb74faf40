//! The clock that a machine goes by.

use std::time::Duration;

use mcast_proto::Instant;

/// A host's clock, beside the simulation's: no two in a network show the same, nor go equally fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// What it showed when the simulation began.
    pub ahead: Duration,
    /// By how many millionths it goes faster than time; negative: slower. Quartz is within 100.
    pub drift: i32,
}

impl Clock {
    /// What it shows at a moment.
    pub(super) fn reads(self, moment: Instant) -> Instant {
        if self == Clock::default() {
            return moment;
        }
        let nanos = u128::from(moment.as_nanos()) * self.speed() / MILLION;
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)) + self.ahead
    }

    /// The moment from which on it shows this.
    pub(super) fn moment(self, shown: Instant) -> Instant {
        if self == Clock::default() || shown == Instant::FAR_FUTURE {
            return shown;
        }
        let nanos = (shown - (Instant::ZERO + self.ahead)).as_nanos();
        let nanos = (nanos * MILLION).div_ceil(self.speed());
        Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Millionths of a second that it goes on in each.
    fn speed(self) -> u128 {
        let speed = 1_000_000 + i64::from(self.drift);
        u128::try_from(speed).ok().filter(|speed| *speed > 0).expect("a clock that goes forward")
    }
}

const MILLION: u128 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_a_time_when_its_moment_has_come_and_not_before() {
        for (ahead, drift) in [(0, 0), (0, 250_000), (5, -3), (1_000_000_007, 77), (1, -999_999)] {
            let clock = Clock { ahead: Duration::from_nanos(ahead), drift };
            for shown in [0, 1, 2, 1_000_000_008, 3_600_000_000_001].map(Instant::from_nanos) {
                let moment = clock.moment(shown);
                assert!(clock.reads(moment) >= shown, "{clock:?} {shown:?}");
                if let Some(before) = moment.as_nanos().checked_sub(1) {
                    let before = Instant::from_nanos(before);
                    assert!(clock.reads(before) < shown, "{clock:?} {shown:?}");
                }
            }
            assert_eq!(clock.moment(Instant::FAR_FUTURE), Instant::FAR_FUTURE);
        }
    }
}
