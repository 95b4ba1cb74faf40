//! How many padded sweeps there may be.

use core::time::Duration;

use crate::Instant;

/// A run's padded sweeps are three for two quiet ones at the most, and those of all runs that begin in
/// such a time no more than of one: somebody may forge what makes a watcher ask again and again.
const PADDED_EVERY: Duration = Duration::from_secs(10);

/// Padded sweeps that were made of late, and since when that is counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Padded {
    sweeps: u32,
    since: Option<Instant>,
}

impl Padded {
    /// A run begins.
    pub(crate) fn begin_run(&mut self, now: Instant) {
        if self.since.is_none_or(|since| now - since >= PADDED_EVERY) {
            (self.sweeps, self.since) = (0, Some(now));
        }
    }

    pub(crate) fn count_sweep(&mut self) {
        self.sweeps += 1;
    }

    /// Whether a run that ends after so many quiet sweeps may have another padded one.
    pub(crate) fn may_go_on(&self, quiet: u32) -> bool {
        self.sweeps < quiet * 3 / 2
    }
}
