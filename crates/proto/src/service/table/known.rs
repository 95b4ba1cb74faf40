//! The table of responders that an asker knows.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::rng::Rng;
use crate::secret::Secret;
use crate::service::table::entry::{Entry, Heard, MOST_VOICES};
use crate::service::table::prints::Prints;
use crate::service::table::said::{Part, Said};
use crate::service::table::sources::Sources;
use crate::service::table::voice::Voice;
use crate::wire::{self, Reply, Slice, place};
use crate::{Instant, Path};

#[cfg(test)]
mod tests;

/// One in so many places may be taken by responders of which no whole answer has come.
const SHORT_SHARE: usize = 4;
/// Voices of one address that count in a sample. One in 256 is sampled: so many stand for four thousand.
const SAMPLED_AT_ONE: usize = 16;
/// Of so many, by lot, the one that came last gives way: who comes in their thousands takes the places of
/// his own kind, and not of those who have long been there.
const DRAWN: usize = 16;

/// Responders by their id, in the order of the session's slices.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    txn: u64,
    capacity: usize,
    rng: Rng,
    prints: Prints,
    entries: BTreeMap<u64, Entry>,
    /// The places of all in no order, to draw from.
    lots: Vec<u64>,
    /// How many have come so far.
    come: u64,
    sources: Sources,
    /// The places of those of whom nothing was reported, since no whole answer has come.
    unreported: BTreeSet<u64>,
    missing: Lengths,
    /// Who gave way when somebody was heard last, and had been told of.
    pub(crate) gave_way: Option<(u64, Path)>,
    /// Somebody gave way, or had no room.
    pub(crate) was_full: bool,
}

/// How many answers are still to come, by how long they are.
#[derive(Debug, Clone, Default)]
struct Lengths(BTreeMap<u16, u64>);

impl Known {
    pub(crate) fn new(txn: u64, capacity: usize, secret: Secret) -> Known {
        Known {
            txn,
            capacity: capacity.max(1),
            rng: secret.rng("room"),
            prints: Prints::new(secret),
            entries: BTreeMap::new(),
            lots: Vec::new(),
            come: 0,
            sources: Sources::default(),
            unreported: BTreeSet::new(),
            missing: Lengths::default(),
            gave_way: None,
            was_full: false,
        }
    }

    /// The session has this number from now on, so that everybody has another place.
    pub(crate) fn set_txn(&mut self, txn: u64) {
        self.txn = txn;
        self.unreported.clear();
        self.sources = Sources::default();
        for entry in core::mem::take(&mut self.entries).into_values() {
            let place = self.place(entry.id);
            if let Some(lot) = self.lots.get_mut(entry.lot) {
                *lot = place;
            }
            if !entry.is_reported() {
                self.unreported.insert(place);
            }
            for voice in &entry.voices {
                self.sources.add(voice.at.remote.ip(), place);
            }
            self.entries.insert(place, entry);
        }
    }

    /// Voices, of which no address counts for more than a few: how many answered a sample, as far as one
    /// host can't make it up.
    pub(crate) fn sampled(&self) -> u64 {
        self.sources.len_bounded(SAMPLED_AT_ONE)
    }

    /// Responders.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a filter has to name.
    pub(crate) fn voices(&self) -> usize {
        self.sources.len()
    }

    pub(crate) fn place(&self, id: u64) -> u64 {
        place(id, self.txn)
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&self.place(id))
    }

    pub(crate) fn at(&self, place: u64) -> Option<&Entry> {
        self.entries.get(&place)
    }

    pub(crate) fn at_mut(&mut self, place: u64) -> Option<&mut Entry> {
        self.entries.get_mut(&place)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut Entry)> {
        self.entries.iter_mut().map(|(place, entry)| (*place, entry))
    }

    /// The voices in a slice of the session.
    pub(crate) fn in_slice(&self, slice: Slice) -> impl Iterator<Item = &Voice> + Clone {
        let shift = 64 - u32::from(slice.bits());
        let first = u64::from(slice.index()).checked_shl(shift).unwrap_or(0);
        let last = first | u64::MAX.checked_shr(slice.bits().into()).unwrap_or(0);
        self.entries.range(first..=last).flat_map(|(_, entry)| &entry.voices)
    }

    /// The whole answers that are still to come: how many, and the length of the longest.
    pub(crate) fn missing(&self) -> Option<(u64, u16)> {
        let (&longest, _) = self.missing.0.last_key_value()?;
        Some((self.missing.0.values().sum(), longest))
    }

    /// Whether there are some of whom nothing was reported.
    pub(crate) fn has_unreported(&self) -> bool {
        !self.unreported.is_empty()
    }

    /// Takes one of them for reported: its id, and the part of its answer that has come.
    pub(crate) fn report_in_part(&mut self) -> Option<(u64, Box<Part>)> {
        let place = self.unreported.pop_first()?;
        let entry = self.entries.get_mut(&place)?;
        Some((entry.id, entry.report_in_part()?))
    }

    /// The digest of an answer from there, and its print, by which it is known when it is heard again;
    /// `None` where it is cut short and tells no digest.
    pub(crate) fn words(&self, at: Path, reply: &Reply<'_>) -> Option<(u64, u64)> {
        if reply.is_truncated() {
            return Some((reply.tlvs.digest()?, 0));
        }
        let print = self.prints.of(reply.lease_s, reply.tlvs);
        let known = self.get(reply.id).and_then(|entry| entry.words_of(at, print));
        Some((known.unwrap_or_else(|| wire::digest(reply.lease_s, reply.tlvs)), print))
    }

    /// A responder was heard.
    pub(crate) fn hear(&mut self, now: Instant, said: Said<'_>) -> Heard {
        self.gave_way = None;
        let place = self.place(said.id);
        let Some(entry) = self.entries.get_mut(&place) else {
            return self.enter(now, place, said);
        };
        let before = entry.voices.len();
        self.missing.remove(entry);
        let heard = entry.hear(now, said);
        self.missing.add(entry);
        if heard == Heard::Whole {
            self.unreported.remove(&place);
        }
        if entry.voices.len() > before {
            self.sources.add(said.at.remote.ip(), place);
            if entry.voices.len() > MOST_VOICES {
                self.forget_one(place, None);
            }
            self.make_room(place);
        }
        heard
    }

    fn enter(&mut self, now: Instant, place: u64, said: Said<'_>) -> Heard {
        let is_whole = said.missing.is_none();
        if !is_whole {
            // Anybody can promise an answer: promises alone crowd nobody out.
            if self.unreported.len() >= (self.capacity / SHORT_SHARE).max(1) {
                self.was_full = true;
                return Heard::NoRoom;
            }
            self.unreported.insert(place);
        }
        self.come += 1;
        let entry = Entry::new(now, said, self.lots.len(), self.come);
        self.lots.push(place);
        self.missing.add(&entry);
        self.entries.insert(place, entry);
        self.sources.add(said.at.remote.ip(), place);
        self.make_room(place);
        if is_whole { Heard::New } else { Heard::NewInPart }
    }

    /// Where there are too many voices one gives way: one of the greediest address, if one has more than
    /// its fair share, else the youngest of some who were told of. The newcomer does if there is nobody
    /// else.
    fn make_room(&mut self, newcomer: u64) {
        if self.voices() <= self.capacity {
            return;
        }
        self.was_full = true;
        let from = self.rng.next();
        match self.sources.greediest(from, newcomer) {
            Some((address, place)) => self.forget_one(place, Some(address)),
            None => {
                let place = self.youngest_of_some(newcomer).unwrap_or(newcomer);
                self.forget_one(place, None);
            }
        }
    }

    /// Of some who were told of, by lot, the one that came last.
    fn youngest_of_some(&mut self, spared: u64) -> Option<u64> {
        let Known { rng, lots, entries, .. } = self;
        let last = lots.len().checked_sub(1)? as u64;
        let is_reported = |place: &&u64| entries.get(place).is_some_and(Entry::is_reported);
        let may_go = |place: &&u64| **place != spared && is_reported(place);
        let drawn = (0..DRAWN).filter_map(|_| lots.get(rng.up_to(last) as usize)).filter(may_go);
        let youngest = drawn.max_by_key(|place| entries.get(place).map(|entry| entry.number));
        youngest.or_else(|| lots.iter().find(may_go)).copied()
    }

    /// Forgets the voice of a responder that was heard least lately, at this address or at any.
    fn forget_one(&mut self, place: u64, address: Option<IpAddr>) {
        let Some(entry) = self.entries.get(&place) else { return };
        let is_there = |voice: &&Voice| address.is_none_or(|ip| voice.at.remote.ip() == ip);
        let Some(Voice { at, name, .. }) = entry.voices.iter().find(is_there).copied() else {
            return;
        };
        let gone = self.forget(place, |voice| voice.name == name);
        self.gave_way =
            gone.filter(|(entry, _)| entry.is_reported()).map(|(entry, _)| (entry.id, at));
    }

    pub(crate) fn remove(&mut self, place: u64) -> Option<Entry> {
        let entry = self.entries.remove(&place)?;
        self.lots.swap_remove(entry.lot);
        let moved = self.lots.get(entry.lot).and_then(|place| self.entries.get_mut(place));
        if let Some(moved) = moved {
            moved.lot = entry.lot;
        }
        self.unreported.remove(&place);
        self.missing.remove(&entry);
        for voice in &entry.voices {
            self.sources.remove(voice.at.remote.ip(), place);
        }
        Some(entry)
    }

    /// Forgets the voices of a responder that `is_gone`. Says where it was if that leaves none: the
    /// responder is then forgotten too.
    pub(crate) fn forget(
        &mut self,
        place: u64,
        is_gone: impl Fn(&Voice) -> bool,
    ) -> Option<(Entry, Path)> {
        let entry = self.entries.get_mut(&place)?;
        if entry.voices.iter().all(&is_gone) {
            let at = entry.voices.last()?.at;
            return self.remove(place).map(|entry| (entry, at));
        }
        self.missing.remove(entry);
        entry.forget(|voice| {
            let is_gone = is_gone(voice);
            if is_gone {
                self.sources.remove(voice.at.remote.ip(), place);
            }
            is_gone
        });
        self.missing.add(entry);
        None
    }
}

impl Lengths {
    fn add(&mut self, entry: &Entry) {
        for missing in entry.voices.iter().filter_map(|voice| voice.missing) {
            *self.0.entry(missing.length).or_default() += 1;
        }
    }

    fn remove(&mut self, entry: &Entry) {
        for missing in entry.voices.iter().filter_map(|voice| voice.missing) {
            if let Some(count) = self.0.get_mut(&missing.length) {
                *count -= 1;
                if *count == 0 {
                    self.0.remove(&missing.length);
                }
            }
        }
    }
}
