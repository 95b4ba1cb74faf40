//! Time as an input: an instant is what the driver says it is.

use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment, as the time since an epoch of the driver's choosing, to the nanosecond.
///
/// It has no relation to a wall clock and is never read by a machine: the driver passes it in.
/// Arithmetic saturates at both ends, about 584 years apart.
///
/// ```
/// use core::time::Duration;
/// use mcast_proto::Instant;
///
/// let start = Instant::from_millis(1500);
/// assert_eq!(start + Duration::from_secs(1), Instant::from_millis(2500));
/// assert_eq!(start - Instant::from_millis(2000), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The driver's epoch.
    pub const ZERO: Instant = Instant(0);
    /// A moment that is always past: as a deadline, it means at once.
    pub const AT_ONCE: Instant = Instant(0);
    /// A moment that never comes.
    pub const FAR_FUTURE: Instant = Instant(u64::MAX);

    /// The moment this many nanoseconds after the epoch.
    pub const fn from_nanos(nanos: u64) -> Instant {
        Instant(nanos)
    }

    /// The moment this many microseconds after the epoch.
    pub const fn from_micros(micros: u64) -> Instant {
        Instant(micros.saturating_mul(1_000))
    }

    /// The moment this many milliseconds after the epoch.
    pub const fn from_millis(millis: u64) -> Instant {
        Instant(millis.saturating_mul(1_000_000))
    }

    /// The moment this long after the epoch.
    pub fn from_duration(since_epoch: Duration) -> Instant {
        Instant(nanos(since_epoch))
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(nanos(duration)))
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;
    /// How long after `earlier` this is; zero where it is not after it.
    fn sub(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{:?}", Duration::from_nanos(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Instant::FAR_FUTURE + Duration::MAX, Instant::FAR_FUTURE);
        assert_eq!(Instant::ZERO - Instant::FAR_FUTURE, Duration::ZERO);
        assert_eq!(Instant::from_millis(u64::MAX), Instant::FAR_FUTURE);
    }

    #[test]
    fn a_moment_is_so_many_nanoseconds_after_the_epoch() {
        let moment = Instant::from_nanos(7_000_000);
        assert_eq!(moment.as_nanos(), 7_000_000);
        for same in [
            Instant::from_micros(7_000),
            Instant::from_millis(7),
            Instant::from_duration(Duration::from_millis(7)),
            Instant::ZERO + Duration::from_millis(7),
            Instant::from_millis(3) + Duration::from_millis(4),
        ] {
            assert_eq!(same, moment);
        }
        assert_eq!(Instant::from_millis(9) - moment, Duration::from_millis(2));
        assert_eq!(Instant::from_duration(Duration::MAX), Instant::FAR_FUTURE);
        assert_eq!(alloc::format!("{moment:?}"), "@7ms");
        assert!(Instant::AT_ONCE <= Instant::ZERO);
    }
}
