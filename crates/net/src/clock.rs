//! The one place that reads a clock.

use std::time::{Duration, SystemTime};

use mcast_proto::Instant;

/// What a datagram's age may be at the most to be believed. More than a datagram waits where its reader
/// keeps up, and less than what a wall clock is set by when it is set at all.
const OLDEST: Duration = Duration::from_secs(10);

/// A clock that never goes back, whose epoch is its making. On Linux it goes on while the machine sleeps
/// (CLOCK_BOOTTIME), elsewhere where the system's does.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: source::Reading,
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
impl Clock {
    /// Starts a clock at [`Instant::ZERO`].
    #[expect(
        clippy::new_without_default,
        reason = "making one reads a clock: no default does that"
    )]
    pub fn new() -> Clock {
        Clock { epoch: source::read() }
    }

    /// The time since this clock was made.
    pub fn now(&self) -> Instant {
        Instant::from_duration(source::read().saturating_duration_since(self.epoch))
    }

    /// The wall clock's time, for people to read.
    pub fn wall() -> SystemTime {
        SystemTime::now()
    }

    /// The wall clock's seconds since 1970, for [`Responding::boot`](mcast_proto::service::Responding::boot).
    pub fn boot() -> u32 {
        let since_1970 = Clock::wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX)
    }
}

/// Both clocks, read together: what the system dates by the wall clock is carried over to the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) now: Instant,
    wall: SystemTime,
}

impl Reading {
    pub(crate) fn of(clock: &Clock) -> Reading {
        let wall = Clock::wall();
        Reading { now: clock.now(), wall }
    }

    /// What was dated so, by the clock that never goes back. `None` where that would be in the future, or
    /// longer ago than 10 s: then the wall clock was set meanwhile.
    pub(crate) fn since(&self, stamp: SystemTime) -> Option<Instant> {
        let age = self.wall.duration_since(stamp).ok().filter(|age| *age <= OLDEST)?;
        let since_epoch = self.now - Instant::ZERO;
        Some(Instant::from_duration(since_epoch.saturating_sub(age)))
    }
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
mod source {
    pub(super) use std::time::Instant as Reading;

    pub(super) fn read() -> Reading {
        Reading::now()
    }
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
mod source {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    /// The time since the machine was started.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Reading(pub(super) Duration);

    impl Reading {
        pub(super) fn saturating_duration_since(self, earlier: Reading) -> Duration {
            self.0.saturating_sub(earlier.0)
        }
    }

    pub(super) fn read() -> Reading {
        let time = clock_gettime(ClockId::Boottime);
        // Neither is ever negative.
        Reading(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_carried_over_and_one_of_a_clock_that_was_set_is_not_believed() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let reading = Reading { now: Instant::from_millis(20_000), wall };
        let ago = |millis| reading.since(wall - Duration::from_millis(millis));
        assert_eq!(ago(0), Some(reading.now));
        assert_eq!(ago(1), Some(Instant::from_millis(19_999)));
        assert_eq!(ago(10_000), Some(Instant::from_millis(10_000)));
        assert_eq!(ago(10_001), None);
        assert_eq!(reading.since(wall + Duration::from_nanos(1)), None);
        let early = Reading { now: Instant::from_millis(3), wall };
        assert_eq!(early.since(wall - Duration::from_millis(5)), Some(Instant::ZERO));
    }

    /// In a world whose time since the start is a day longer than what the machine was awake for.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_that_the_machine_slept_counts() {
        let test = std::env::current_exe().unwrap();
        let world = ["--user", "--map-root-user", "--time", "--boottime", "86400"];
        let made = std::process::Command::new("unshare").args(world).arg("true").output();
        if !made.is_ok_and(|made| made.status.success()) {
            return mcast_tests::skip("can't make a namespace with a time of its own");
        }
        let there = std::process::Command::new("unshare")
            .args(world)
            .arg(test)
            .args(["clock::tests::a_day_was_slept", "--exact", "--ignored"])
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&there.stdout);
        assert!(there.status.success() && stdout.contains("1 passed"), "{stdout}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[ignore = "the second half of another test"]
    fn a_day_was_slept() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let read = source::read().0.as_secs_f64();
        assert!((read - uptime).abs() < 3600.0, "{read} where {uptime} s have passed");
    }
}
