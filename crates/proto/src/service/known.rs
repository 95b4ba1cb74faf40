//! The table of responders that an asker knows, and what it believes of them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::entry::{Entry, Heard, MOST_VOICES, Said, Voice};
use crate::rng::Rng;
use crate::wire::{Slice, place};
use crate::{Instant, Path};

/// One in so many places may be taken by responders of which no whole answer has come.
const SHORT_SHARE: usize = 4;
/// Voices that one address always has room for: more than one host's services.
const FAIR_SHARE: u32 = 64;
/// Voices that are looked at to find one of the greediest address.
const LOOKED_AT: u32 = 16;

/// Responders by their id, in the order of the session's slices.
#[derive(Debug, Clone)]
pub(super) struct Known {
    txn: u64,
    capacity: usize,
    rng: Rng,
    entries: BTreeMap<u64, Entry>,
    by_source: BTreeMap<IpAddr, u32>,
    voices: usize,
    /// Places of the entries of which some voice is not whole.
    in_part: BTreeSet<u64>,
    /// Entries that gave way to others, and that were told.
    pub(super) gave_way: Vec<(u64, Path)>,
}

impl Known {
    pub(super) fn new(txn: u64, capacity: usize, rng: Rng) -> Known {
        Known {
            txn,
            capacity: capacity.max(1),
            rng,
            entries: BTreeMap::new(),
            by_source: BTreeMap::new(),
            voices: 0,
            in_part: BTreeSet::new(),
            gave_way: Vec::new(),
        }
    }

    /// Responders.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a filter has to name.
    pub(super) fn voices(&self) -> usize {
        self.voices
    }

    pub(super) fn place(&self, id: u64) -> u64 {
        place(id, self.txn)
    }

    pub(super) fn get(&self, id: u64) -> Option<&Entry> {
        self.entries.get(&self.place(id))
    }

    pub(super) fn at(&self, place: u64) -> Option<&Entry> {
        self.entries.get(&place)
    }

    pub(super) fn at_mut(&mut self, place: u64) -> Option<&mut Entry> {
        self.entries.get_mut(&place)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut Entry)> {
        self.entries.iter_mut().map(|(place, entry)| (*place, entry))
    }

    /// The voices in a slice of the session.
    pub(super) fn in_slice(&self, slice: Slice) -> impl Iterator<Item = &Voice> + Clone {
        let shift = 64 - u32::from(slice.bits());
        let first = u64::from(slice.index()).checked_shl(shift).unwrap_or(0);
        let last = first | u64::MAX.checked_shr(slice.bits().into()).unwrap_or(0);
        self.entries.range(first..=last).flat_map(|(_, entry)| &entry.voices)
    }

    /// The whole answers that are still to come: how many, and the length of the longest.
    pub(super) fn missing(&self) -> Option<(u64, u16)> {
        let entries = self.in_part.iter().filter_map(|place| self.entries.get(place));
        let lengths = entries.flat_map(|entry| &entry.voices).filter_map(|voice| voice.missing);
        let (number, longest) = lengths.fold((0, 0), |(n, most), length| (n + 1, length.max(most)));
        (number > 0).then_some((number, longest))
    }

    /// The place of a responder of which no whole answer has come and nothing was told.
    pub(super) fn first_untold(&self) -> Option<u64> {
        let is_untold = |place: &&u64| self.at(**place).is_some_and(|entry| !entry.told);
        self.in_part.iter().find(is_untold).copied()
    }

    /// Marks a responder as told.
    pub(super) fn tell(&mut self, place: u64) {
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.told = true;
        }
    }

    /// A responder was heard.
    pub(super) fn hear(&mut self, now: Instant, said: Said) -> Heard {
        let place = self.place(said.id);
        let Some(entry) = self.entries.get_mut(&place) else { return self.enter(now, said) };
        let before = entry.voices.len();
        let heard = entry.hear(now, said);
        let is_in_part = entry.voices.iter().any(|voice| voice.missing.is_some());
        if is_in_part {
            self.in_part.insert(place);
        } else {
            self.in_part.remove(&place);
        }
        let is_further = entry.voices.len() > before;
        let oldest = (entry.voices.len() > MOST_VOICES).then(|| entry.take_oldest()).flatten();
        if is_further {
            self.count(said.at.remote.ip());
        }
        if let Some(oldest) = oldest {
            self.discount(oldest.at.remote.ip());
        }
        self.make_room(place);
        heard
    }

    fn enter(&mut self, now: Instant, said: Said) -> Heard {
        let place = self.place(said.id);
        if said.missing.is_some() {
            // Anybody can promise an answer: promises alone crowd nobody out.
            if self.in_part.len() > self.capacity / SHORT_SHARE {
                return Heard::NoRoom;
            }
            self.in_part.insert(place);
        }
        let is_whole = said.missing.is_none();
        self.entries.insert(place, Entry::new(now, said));
        self.count(said.at.remote.ip());
        self.make_room(place);
        if is_whole { Heard::New } else { Heard::NewInPart }
    }

    /// One more voice is at this source.
    fn count(&mut self, source: IpAddr) {
        self.voices += 1;
        *self.by_source.entry(source).or_default() += 1;
    }

    /// One fewer is.
    fn discount(&mut self, source: IpAddr) {
        self.voices -= 1;
        if let Some(count) = self.by_source.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&source);
            }
        }
    }

    /// Where there are too many, one other than the newcomer gives way: one of the greediest source, if
    /// one has more than its fair share, else any. Who gives way has been told of.
    fn make_room(&mut self, newcomer: u64) {
        if self.voices <= self.capacity {
            return;
        }
        let mut greediest = None;
        for _ in 0..LOOKED_AT {
            let from = self.rng.next();
            let after = self.entries.range(from..).chain(self.entries.range(..from));
            let candidate = after.take(LOOKED_AT as usize).find(|(at, entry)| {
                **at != newcomer && entry.told && entry.voices.iter().all(|v| v.missing.is_none())
            });
            let Some((&at, entry)) = candidate else { continue };
            let share = |voice: &Voice| self.by_source.get(&voice.at.remote.ip()).copied();
            let most = entry.voices.iter().filter_map(share).max().unwrap_or(0);
            let most = if most > FAIR_SHARE { most } else { 0 };
            if greediest.is_none_or(|(_, share)| most > share) {
                greediest = Some((at, most));
            }
        }
        // With nobody to give way, the newcomer does; it has been told of, or will answer again.
        let place = greediest.map_or(newcomer, |(place, _)| place);
        if let Some(entry) = self.remove(place)
            && place != newcomer
            && let Some(voice) = entry.voices.first()
        {
            self.gave_way.push((entry.id, voice.at));
        }
    }

    pub(super) fn remove(&mut self, place: u64) -> Option<Entry> {
        let entry = self.entries.remove(&place)?;
        self.in_part.remove(&place);
        for voice in &entry.voices {
            self.discount(voice.at.remote.ip());
        }
        Some(entry)
    }

    /// Forgets the voices of a responder that `is_gone`. Says where it was if that leaves none: the
    /// responder is then forgotten too.
    pub(super) fn forget(
        &mut self,
        place: u64,
        is_gone: impl Fn(&Voice) -> bool,
    ) -> Option<(Entry, Path)> {
        let entry = self.entries.get_mut(&place)?;
        let gone: Vec<Path> = entry.voices.iter().filter(|v| is_gone(v)).map(|v| v.at).collect();
        if gone.len() == entry.voices.len() {
            let at = *gone.first()?;
            return self.remove(place).map(|entry| (entry, at));
        }
        entry.voices.retain(|voice| !is_gone(voice));
        entry.in_conflict &= entry.voices.len() > 1;
        if entry.voices.iter().all(|voice| voice.missing.is_none()) {
            self.in_part.remove(&place);
        }
        for at in gone {
            self.discount(at.remote.ip());
        }
        None
    }
}
