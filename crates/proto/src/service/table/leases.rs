//! Until when responders are taken to be there, and when they are asked again.

use alloc::collections::BTreeSet;
use core::time::Duration;

use crate::rng::Rng;
use crate::service::table::entry::Entry;
use crate::service::table::known::Known;
use crate::service::table::lease::{FIRST_ASK, FIRST_ASK_WITHIN, GRACE, Lease};
use crate::service::table::voice::Voice;
use crate::{Instant, Path};

/// Without a lease that is due, those who were never heard are asked for as often as this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// And because of leases that are due they are asked no more often than this: those of many are asked for
/// together, and whoever makes up responders with short leases makes nobody ask all the time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The queue may hold so many that are no longer known, and as many as are, before it is cleared of them.
const FORGOTTEN: usize = 64;
/// What is due among the leases.
#[derive(Debug, Clone)]
pub(crate) enum Look {
    /// This responder's lease has ended; it was there.
    Ended(Entry, Path),
    /// So many voices are to be asked, some of them perhaps not for the first time.
    Ask {
        due: u64,
        is_urgent: bool,
    },
    Nothing,
}

/// The leases of all known, by when they are to be looked at.
#[derive(Debug, Clone)]
pub(crate) struct Leases {
    /// By the time of the next, the place of the entry.
    queue: BTreeSet<(Instant, u64)>,
    /// When to ask although no lease is due, and how soon if one is.
    ask_anyway: Instant,
    ask_from: Instant,
    /// Became due while sweeps were under way.
    due: u64,
    is_urgent: bool,
}

impl Leases {
    pub(crate) fn new() -> Leases {
        Leases {
            queue: BTreeSet::new(),
            ask_anyway: Instant::FAR_FUTURE,
            ask_from: Instant::ZERO,
            due: 0,
            is_urgent: false,
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The voice that says these words at `at` has shown that it is there. Whoever says others there shows
    /// nothing of it.
    pub(crate) fn renew(
        &mut self,
        now: Instant,
        known: &mut Known,
        (place, at, words): (u64, Path, u64),
        length: Duration,
        rng: &mut Rng,
    ) {
        let Some(entry) = known.at_mut(place) else { return };
        let wait = length * FIRST_ASK / 100 + rng.within(length * FIRST_ASK_WITHIN / 100);
        if let Some(voice) = entry.voice(at, words) {
            let ask_at = now + wait;
            voice.lease = Lease { begins: now, ends: now + length, ask_at, ..Lease::NONE };
        }
        self.schedule(place, entry);
        if self.queue.len() > 2 * known.len() + FORGOTTEN {
            let is_known = |due, place| known.at(place).is_some_and(|entry| entry.due == due);
            self.queue.retain(|(due, place)| is_known(*due, *place));
        }
    }

    /// Puts an entry where its next moment is. Entries that are no longer known are passed over.
    fn schedule(&mut self, place: u64, entry: &mut Entry) {
        self.queue.remove(&(entry.due, place));
        entry.due = entry.voices.iter().map(|voice| voice.lease.next()).min().unwrap_or(entry.due);
        if entry.due < Instant::FAR_FUTURE {
            self.queue.insert((entry.due, place));
        }
    }

    /// Everybody has another place.
    pub(crate) fn set_places(&mut self, known: &mut Known) {
        let due = known.iter_mut().map(|(place, entry)| (entry.due, place));
        self.queue = due.filter(|(due, _)| *due < Instant::FAR_FUTURE).collect();
    }

    /// A first discovery has ended: from now on those who were never heard are asked for now and then.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.ask_anyway = now + LONGEST_PAUSE;
    }

    /// Sweeps have ended. What became due meanwhile is due now: it was not slept through.
    pub(crate) fn come_to_rest(&mut self, now: Instant) {
        self.ask_anyway = self.ask_anyway.max(now);
        self.ask_from = self.ask_from.max(now);
    }

    /// When to look at them. While sweeps are under way nobody further is asked.
    pub(crate) fn next(&self, at_rest: bool) -> Option<Instant> {
        let first = self.queue.first().map(|(at, _)| *at);
        let anyway = Some(self.ask_anyway).filter(|_| at_rest);
        let postponed = (at_rest && self.due > 0).then_some(self.ask_from);
        let next = [first, anyway, postponed].into_iter().flatten().min();
        next.filter(|at| *at < Instant::FAR_FUTURE)
    }

    /// Sees to what is due now. Nobody's lease ends unless it was asked, and heard nothing of, in a run
    /// of sweeps all of whose questions went out and whose answers were not dropped: the last such run
    /// began at `clean`.
    pub(crate) fn look(
        &mut self,
        now: Instant,
        known: &mut Known,
        at_rest: bool,
        clean: Option<Instant>,
    ) -> Look {
        while let Some(&(due, place)) = self.queue.first().filter(|(due, _)| *due <= now) {
            let Some(entry) = known.at_mut(place).filter(|entry| entry.due == due) else {
                self.queue.pop_first();
                continue;
            };
            for voice in &mut entry.voices {
                let lease = &mut voice.lease;
                if lease.ends <= now && clean.is_none_or(|began| lease.asked > began) {
                    *lease = Lease::last_chance(now, now);
                }
                if lease.ask_at <= now && lease.ends > now {
                    self.due += 1;
                    self.is_urgent |= lease.asks > 0;
                    lease.ask(now);
                }
            }
            self.schedule(place, entry);
            let has_ended = |voice: &Voice| voice.lease.ends <= now;
            if entry.voices.iter().any(has_ended) {
                self.queue.remove(&(entry.due, place));
                if let Some((entry, at)) = known.forget(place, has_ended) {
                    return Look::Ended(entry, at);
                }
                if let Some(entry) = known.at_mut(place) {
                    self.schedule(place, entry);
                }
            }
        }
        let is_time = self.ask_anyway <= now || (self.due > 0 && self.ask_from <= now);
        if !at_rest || !is_time {
            return Look::Nothing;
        }
        (self.ask_anyway, self.ask_from) = (now + LONGEST_PAUSE, now + SHORTEST_PAUSE);
        let is_urgent = core::mem::take(&mut self.is_urgent);
        Look::Ask { due: core::mem::take(&mut self.due), is_urgent }
    }

    /// Asks those before it is time who are asked next anyway, as long as a third of their lease is left
    /// at the most: how many there are.
    pub(crate) fn ask_early(&mut self, now: Instant, known: &mut Known) -> u64 {
        let mut due = 0;
        while let Some(&(at, place)) = self.queue.first() {
            let Some(entry) = known.at_mut(place).filter(|entry| entry.due == at) else {
                self.queue.pop_first();
                continue;
            };
            let leases = entry.voices.iter_mut().map(|voice| &mut voice.lease);
            let mut old = 0;
            for lease in leases.filter(|lease| lease.is_old(now)) {
                lease.ask(now);
                old += 1;
            }
            if old == 0 {
                break;
            }
            due += old;
            self.schedule(place, entry);
        }
        due
    }

    /// The host has slept. Nobody is lost for what could not be heard meanwhile: all are to be asked,
    /// and have time to answer.
    pub(crate) fn wake_up(&mut self, now: Instant, known: &mut Known) {
        for (place, entry) in known.iter_mut() {
            for voice in &mut entry.voices {
                voice.lease = Lease::last_chance(now, now + GRACE / 3);
            }
            self.schedule(place, entry);
        }
        self.ask_anyway = now + LONGEST_PAUSE;
    }
}

#[cfg(test)]
mod tests;
