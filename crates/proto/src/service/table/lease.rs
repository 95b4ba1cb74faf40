//! Until when a voice may be taken to be there.

use core::time::Duration;

use crate::Instant;

/// A voice is first asked again within this part of its lease, in hundredths.
pub(crate) const FIRST_ASK: u32 = 75;
pub(crate) const FIRST_ASK_WITHIN: u32 = 10;
/// After the first and the second time it is asked again at these; then its lease ends.
pub(crate) const LATER_ASKS: [u32; 2] = [90, 95];
/// How long those known before a sleep have to answer after it; and those whose lease has ended while
/// the asker could not ask.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// Until when a voice may be taken to be there, and when it is asked again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub(crate) begins: Instant,
    pub(crate) ends: Instant,
    /// When it is due to be asked.
    pub(crate) ask_at: Instant,
    /// How many times it was asked since `begins`, and when first.
    pub(crate) asks: u8,
    pub(crate) asked: Instant,
}

impl Lease {
    pub(crate) const NONE: Lease = Lease {
        begins: Instant::ZERO,
        ends: Instant::FAR_FUTURE,
        ask_at: Instant::FAR_FUTURE,
        asks: 0,
        asked: Instant::FAR_FUTURE,
    };

    /// Whether it must answer to be kept.
    pub(crate) fn is_due(&self) -> bool {
        self.asks > 0
    }

    /// Whether it can be asked before it is due: a third of it is left.
    pub(crate) fn is_old(&self, now: Instant) -> bool {
        self.asks == 0 && (self.ends - now) * 3 <= self.ends - self.begins
    }

    pub(crate) fn next(&self) -> Instant {
        self.ask_at.min(self.ends)
    }

    pub(crate) fn ask(&mut self, now: Instant) {
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
    pub(crate) fn last_chance(now: Instant, ask_at: Instant) -> Lease {
        Lease { begins: now, ends: now + GRACE, ask_at, asks: 1, asked: now }
    }
}
