//! Questions to single responders.

use alloc::vec::Vec;
use core::time::Duration;

use crate::{Instant, Path};

/// As many as the quiet sweeps of a discovery: at half of all datagrams lost each way, a responder that
/// is there is taken to be gone in one case of ten thousand.
const ASKS: u8 = 16;
/// Sixteen take less than half a second, after which who said goodbye is told to be gone. It is longer
/// than the 24 ms over which answers are spread, and the 16 together outlast the 307 ms for which Wi-Fi
/// may hold datagrams back.
const GAP: Duration = Duration::from_millis(28);
/// Every so many questions go to the group: of several responders that share a port, a datagram to
/// that port reaches one alone.
const TO_GROUP_EVERY: u8 = 2;
/// Questions that may be open at one time.
const MOST: usize = 256;

/// Why a responder is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Its answer did not fit.
    Details,
    /// A goodbye came in its name.
    Goodbye,
    /// An announcement came in its name, which may be an old one sent again.
    Announcement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inquiry {
    pub(super) id: u64,
    /// Where it was heard.
    pub(super) at: Path,
    pub(super) why: Why,
    asks: u8,
    due: Instant,
}

/// What an inquiry that is due comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Ask { id: u64, at: Path, by_group: bool },
    Unanswered(Inquiry),
}

#[derive(Debug, Clone)]
pub(super) struct Inquiries(Vec<Inquiry>);

impl Inquiries {
    pub(super) fn new() -> Inquiries {
        Inquiries(Vec::with_capacity(MOST))
    }

    /// Whether the responder is or will be asked; not if too many are.
    pub(super) fn open(&mut self, now: Instant, id: u64, at: Path, why: Why) -> bool {
        let is_open = self.0.iter().any(|open| open.id == id);
        if !is_open && self.0.len() < MOST {
            self.0.push(Inquiry { id, at, why, asks: 0, due: now });
            return true;
        }
        is_open
    }

    /// It answered.
    pub(super) fn close(&mut self, id: u64) -> Option<Inquiry> {
        let at = self.0.iter().position(|open| open.id == id)?;
        Some(self.0.swap_remove(at))
    }

    /// It was heard. Where details are wanted that does not say them.
    pub(super) fn close_unless_details(&mut self, id: u64) {
        self.0.retain(|open| open.id != id || open.why == Why::Details);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|open| open.due).min()
    }

    pub(super) fn poll(&mut self, now: Instant) -> Option<Step> {
        let at = self.0.iter().position(|open| open.due <= now)?;
        let open = self.0.get_mut(at)?;
        if open.asks == ASKS {
            return Some(Step::Unanswered(self.0.swap_remove(at)));
        }
        open.asks += 1;
        open.due = now + GAP;
        let by_group = open.asks.is_multiple_of(TO_GROUP_EVERY);
        Some(Step::Ask { id: open.id, at: open.at, by_group })
    }
}
