//! The one place that reads a clock.

use std::time::SystemTime;

use mcast_proto::Instant;

/// A monotonic clock whose epoch is its making.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: std::time::Instant,
}

#[expect(clippy::disallowed_methods, reason = "this is the place")]
impl Clock {
    /// Starts a clock at [`Instant::ZERO`].
    #[expect(
        clippy::new_without_default,
        reason = "making one reads a clock: no default does that"
    )]
    pub fn new() -> Clock {
        Clock { epoch: std::time::Instant::now() }
    }

    /// The time since this clock was made.
    pub fn now(&self) -> Instant {
        Instant::from_duration(self.epoch.elapsed())
    }

    /// The wall clock's time, for people to read.
    pub fn wall() -> SystemTime {
        SystemTime::now()
    }
}
