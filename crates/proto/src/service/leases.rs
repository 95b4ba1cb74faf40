//! Until when responders are taken to be there, and when they are asked again.

use core::time::Duration;

use super::known::Known;
use crate::Instant;
use crate::rng::Rng;

/// A responder is first asked again within this part of its lease, in hundredths.
const FIRST_ASK: u32 = 75;
const FIRST_ASK_WITHIN: u32 = 10;
/// After the first and the second time it is asked again at these; then its lease ends.
const LATER_ASKS: [u32; 2] = [90, 95];
/// Without a lease that is due, those who were never heard are asked for as often as this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long those known before a sleep have to answer after it.
const AFTER_SLEEP: Duration = Duration::from_secs(10);

/// Until when a responder may be taken to be there, and when it is asked again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    pub(super) begins: Instant,
    pub(super) ends: Instant,
    /// When it is due to be asked.
    pub(super) ask_at: Instant,
    /// How many times it was asked since `begins`.
    pub(super) asks: u8,
}

impl Lease {
    pub(super) const NONE: Lease = Lease {
        begins: Instant::ZERO,
        ends: Instant::FAR_FUTURE,
        ask_at: Instant::FAR_FUTURE,
        asks: 0,
    };

    /// Whether it must answer to be kept: it was asked already, or a fifth of the lease is left.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.asks > 0 || (self.ends - now) * 5 <= self.ends - self.begins
    }
}

/// What is due among the leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// This responder's lease has ended.
    Ended(u64),
    /// So many are to be asked, some of them perhaps not for the first time.
    Ask {
        due: u64,
        is_urgent: bool,
    },
    Nothing,
}

/// When the leases of all known are to be looked through.
#[derive(Debug, Clone)]
pub(super) struct Leases {
    next: Instant,
    /// When to ask although no lease is due.
    ask_anyway: Instant,
}

impl Leases {
    pub(super) fn new() -> Leases {
        Leases { next: Instant::FAR_FUTURE, ask_anyway: Instant::FAR_FUTURE }
    }

    /// A responder has shown that it is there.
    pub(super) fn renew(
        &mut self,
        now: Instant,
        known: &mut Known,
        id: u64,
        length: Duration,
        rng: &mut Rng,
    ) {
        let Some(entry) = known.get_mut(id) else { return };
        let wait = length * FIRST_ASK / 100 + rng.within(length * FIRST_ASK_WITHIN / 100);
        entry.lease = Lease { begins: now, ends: now + length, ask_at: now + wait, asks: 0 };
        self.next = self.next.min(entry.lease.ask_at);
    }

    /// Sweeps have ended: what became due meanwhile is due now.
    pub(super) fn look_soon(&mut self) {
        self.next = Instant::ZERO;
    }

    /// When to look through them. While sweeps are under way nobody further is asked.
    pub(super) fn next(&self, at_rest: bool) -> Option<Instant> {
        let next = if at_rest { self.next.min(self.ask_anyway) } else { self.next };
        Some(next).filter(|at| *at < Instant::FAR_FUTURE)
    }

    pub(super) fn look_through(&mut self, now: Instant, known: &mut Known, at_rest: bool) -> Look {
        if let Some(entry) = known.iter().find(|entry| entry.lease.ends <= now) {
            return Look::Ended(entry.id);
        }
        let (mut due, mut is_urgent) = (0, false);
        self.next = Instant::FAR_FUTURE;
        for entry in known.iter_mut() {
            let lease = &mut entry.lease;
            if at_rest && lease.ask_at <= now {
                due += 1;
                is_urgent |= lease.asks > 0;
                lease.ask_at = match LATER_ASKS.get(usize::from(lease.asks)) {
                    Some(&share) => lease.begins + (lease.ends - lease.begins) * share / 100,
                    None => lease.ends,
                };
                lease.asks = lease.asks.saturating_add(1);
            }
            self.next =
                self.next.min(if at_rest { lease.ask_at.min(lease.ends) } else { lease.ends });
        }
        if due == 0 && !(at_rest && self.ask_anyway <= now) {
            if self.ask_anyway == Instant::FAR_FUTURE {
                self.ask_anyway = now + LONGEST_PAUSE;
            }
            return Look::Nothing;
        }
        self.ask_anyway = now + LONGEST_PAUSE;
        Look::Ask { due, is_urgent }
    }

    /// The host has slept. Nobody is lost for what could not be heard meanwhile: all are to be asked,
    /// and have time to answer.
    pub(super) fn wake_up(&mut self, now: Instant, known: &mut Known) {
        let ask_at = now + AFTER_SLEEP / 3;
        for entry in known.iter_mut() {
            entry.lease = Lease { begins: now, ends: now + AFTER_SLEEP, ask_at, asks: 1 };
        }
        (self.next, self.ask_anyway) = (ask_at, now + LONGEST_PAUSE);
    }
}
