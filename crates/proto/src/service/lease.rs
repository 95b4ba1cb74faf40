//! Until when a voice may be taken to be there.

use core::time::Duration;

use crate::Instant;

/// A voice is first asked again within this part of its lease, in hundredths.
pub(super) const FIRST_ASK: u32 = 75;
pub(super) const FIRST_ASK_WITHIN: u32 = 10;
/// After the first and the second time it is asked again at these; then its lease ends.
pub(super) const LATER_ASKS: [u32; 2] = [90, 95];
/// How long those known before a sleep have to answer after it; and those whose lease has ended while
/// the asker could not ask.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Until when a voice may be taken to be there, and when it is asked again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    pub(super) begins: Instant,
    pub(super) ends: Instant,
    /// When it is due to be asked.
    pub(super) ask_at: Instant,
    /// How many times it was asked since `begins`, and when first.
    pub(super) asks: u8,
    pub(super) asked: Instant,
}

impl Lease {
    pub(super) const NONE: Lease = Lease {
        begins: Instant::ZERO,
        ends: Instant::FAR_FUTURE,
        ask_at: Instant::FAR_FUTURE,
        asks: 0,
        asked: Instant::FAR_FUTURE,
    };

    /// Whether it must answer to be kept.
    pub(super) fn is_due(&self) -> bool {
        self.asks > 0
    }

    /// Whether it can be asked before it is due: a third of it is left.
    pub(super) fn is_old(&self, now: Instant) -> bool {
        self.asks == 0 && (self.ends - now) * 3 <= self.ends - self.begins
    }

    pub(super) fn next(&self) -> Instant {
        self.ask_at.min(self.ends)
    }

    pub(super) fn ask(&mut self, now: Instant) {
        if self.asks == 0 {
            self.asked = now;
        }
        self.ask_at = match LATER_ASKS.get(usize::from(self.asks)) {
            Some(&share) => self.begins + (self.ends - self.begins) * share / 100,
            None => self.ends,
        };
        self.asks = self.asks.saturating_add(1);
    }

    /// It is asked, from now on, for a last while.
    pub(super) fn last_chance(now: Instant, ask_at: Instant) -> Lease {
        Lease { begins: now, ends: now + GRACE, ask_at, asks: 1, asked: now }
    }
}
