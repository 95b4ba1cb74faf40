//! The table of responders that an asker knows, and what it believes of them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::instance::Change;
use super::leases::Lease;
use crate::rng::Rng;
use crate::wire::{Epoch, Slice, place, short_name, whole_name};
use crate::{Instant, Path};

/// Voices of one responder that are told apart: a host has fewer addresses in one network.
const MOST_VOICES: usize = 16;
/// One in so many places may be taken by responders of which no whole answer has come.
const SHORT_SHARE: usize = 4;
/// Voices that one address always has room for: more than one host's services.
const FAIR_SHARE: u32 = 64;
/// Voices that are looked at to find one of the greediest address.
const LOOKED_AT: u32 = 16;
/// A responder whose presence was in doubt and that answered is not doubted again for this long, twice
/// as long each time up to the second: whoever forges goodbyes makes nobody ask all the time.
const SHORTEST_TRUST: Duration = Duration::from_secs(1);
const LONGEST_TRUST: Duration = Duration::from_secs(64);

/// Who says what from where: what a filter names, and what is silent because of it.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    pub(super) at: Path,
    /// A digest of what it says.
    pub(super) words: u64,
    /// By which a filter names it.
    pub(super) name: u64,
    /// Where what it says is not whole: how long the whole is, in bytes.
    pub(super) missing: Option<u16>,
    /// It may be elsewhere, or have gone: it is asked again, and stays only if it answers.
    pub(super) doubted: Option<Instant>,
    pub(super) lease: Lease,
}

/// A responder that is known.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// The latest that it has said, and when that was first heard.
    latest: Option<Epoch>,
    since: Instant,
    /// Whether the application was told of it.
    pub(super) told: bool,
    /// Two say different things in its name.
    pub(super) in_conflict: bool,
    /// What is to be told of it once its whole answer has come.
    untold_change: Option<Change>,
    /// When a doubt may next be followed up, and for how long the last one held that off.
    trusted_until: Instant,
    trust: Duration,
    /// When the next of its leases is to be looked at.
    pub(super) due: Instant,
    /// It has said goodbye, as somebody said who proved nothing.
    pub(super) said_goodbye: bool,
    /// One at the least.
    pub(super) voices: Vec<Voice>,
}

/// What is heard of a responder in one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) at: Path,
    pub(super) id: u64,
    pub(super) words: u64,
    pub(super) missing: Option<u16>,
    pub(super) epoch: Option<Epoch>,
    /// When the question was put that this answers.
    pub(super) asked: Instant,
}

/// What hearing a responder changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It was not known.
    New,
    /// It was not known, and its whole answer is still to come.
    NewInPart,
    /// It was known in part, and this is the whole.
    Whole,
    /// It was known, and this is new.
    Changed(Change),
    /// Nothing.
    Nothing,
    /// It was not known, and has no room.
    NoRoom,
}

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
        self.entries.insert(
            place,
            Entry {
                id: said.id,
                latest: said.epoch,
                since: now,
                told: is_whole,
                in_conflict: false,
                untold_change: None,
                trusted_until: Instant::ZERO,
                trust: SHORTEST_TRUST,
                due: Instant::FAR_FUTURE,
                said_goodbye: false,
                voices: [Voice::new(said)].into(),
            },
        );
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

impl Voice {
    fn new(said: Said) -> Voice {
        let Said { at, id, words, missing, .. } = said;
        let at = Path { local: None, ..at };
        let name = if missing.is_some() { short_name } else { whole_name };
        let name = name(id, at.remote, words);
        Voice { at, words, name, missing, doubted: None, lease: Lease::NONE }
    }

    /// It says this now.
    fn say(&mut self, said: Said) {
        let lease = self.lease;
        *self = Voice { lease, ..Voice::new(said) };
    }
}

impl Entry {
    /// The epoch that it was heard with last.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        self.latest
    }

    /// Somebody who proved nothing says that it has gone, or changed: all that it says is asked for
    /// again, now or once it is no longer trusted to be what it was when it was asked last. Says when.
    pub(super) fn doubt(&mut self, now: Instant, said_goodbye: bool) -> Instant {
        let at = now.max(self.trusted_until);
        self.said_goodbye |= said_goodbye;
        for voice in &mut self.voices {
            voice.doubted = voice.doubted.or(Some(at));
        }
        at
    }

    pub(super) fn is_doubted(&self) -> bool {
        self.voices.iter().any(|voice| voice.doubted.is_some())
    }

    pub(super) fn voice_at(&mut self, at: Path) -> Option<&mut Voice> {
        self.voices.iter_mut().rev().find(|voice| voice.at.remote == at.remote)
    }

    /// Takes out the voice that was heard least lately, the newest excepted.
    fn take_oldest(&mut self) -> Option<Voice> {
        let (_newest, others) = self.voices.split_last()?;
        let (at, _) = others.iter().enumerate().min_by_key(|(_, voice)| voice.lease.begins)?;
        Some(self.voices.swap_remove(at))
    }

    fn hear(&mut self, now: Instant, said: Said) -> Heard {
        let is_same =
            |voice: &&mut Voice| voice.at.remote == said.at.remote && voice.words == said.words;
        if let Some(voice) = self.voices.iter_mut().find(is_same) {
            // An answer that was under way when the doubt came takes it away from nobody.
            if voice.doubted.take_if(|at| *at <= said.asked).is_some() {
                self.said_goodbye = false;
                self.trusted_until = now + self.trust;
                self.trust = (self.trust * 2).min(LONGEST_TRUST);
            }
            if voice.missing.is_some() && said.missing.is_none() {
                voice.say(said);
                let _dated = self.date(now, said);
                return self.complete();
            }
            return match self.date(now, said) {
                Dated::Restarted => Heard::Changed(Change::Restarted),
                Dated::Contradicts => self.conflict(),
                Dated::Later | Dated::Same | Dated::Overtaken => Heard::Nothing,
            };
        }
        self.hear_new_voice(now, said)
    }

    /// It was not heard from there, or not with these words.
    fn hear_new_voice(&mut self, now: Instant, said: Said) -> Heard {
        let says_the_same = self.voices.iter().any(|v| v.words == said.words);
        let is_unheard_there = self.voices.iter().all(|v| v.at.remote != said.at.remote);
        let dated = self.date(now, said);
        let heard = match dated {
            Dated::Overtaken => return Heard::Nothing,
            Dated::Contradicts => self.conflict(),
            // One age and two tales.
            Dated::Same if !says_the_same && !self.is_in_part_at(said.at) => self.conflict(),
            Dated::Same if is_unheard_there => Heard::Changed(Change::Address),
            Dated::Same => Heard::Changed(Change::Content),
            Dated::Later if says_the_same => Heard::Changed(Change::Address),
            Dated::Later => Heard::Changed(Change::Content),
            Dated::Restarted => Heard::Changed(Change::Restarted),
        };
        if !says_the_same || dated == Dated::Restarted {
            // What it said before, wherever it did, may no longer hold.
            let others = self.voices.iter_mut().filter(|v| v.at.remote != said.at.remote);
            others.for_each(|voice| voice.doubted = Some(now));
        }
        match self.voice_at(said.at).filter(|voice| voice.missing.is_some() || !is_clash(heard)) {
            Some(voice) => voice.say(said),
            None => self.voices.push(Voice::new(said)),
        }
        if !self.told {
            return if said.missing.is_none() { self.complete() } else { Heard::Nothing };
        }
        if said.missing.is_some()
            && let Heard::Changed(change) = heard
        {
            self.untold_change = Some(change);
            return Heard::Nothing;
        }
        heard
    }

    fn is_in_part_at(&self, at: Path) -> bool {
        self.voices.iter().any(|v| v.at.remote == at.remote && v.missing.is_some())
    }

    /// The whole of what it says has come.
    fn complete(&mut self) -> Heard {
        let change = self.untold_change.take();
        if core::mem::replace(&mut self.told, true) {
            change.map_or(Heard::Nothing, Heard::Changed)
        } else {
            Heard::Whole
        }
    }

    fn conflict(&mut self) -> Heard {
        self.in_conflict = true;
        Heard::Changed(Change::Conflict)
    }

    /// Takes down the time at which it says what it says, against what it has said.
    fn date(&mut self, now: Instant, said: Said) -> Dated {
        let before = self.latest;
        if said.epoch > before {
            self.latest = said.epoch;
            self.since = now;
            let boots = before.zip(said.epoch).is_some_and(|(old, new)| new.boot > old.boot);
            return if boots { Dated::Restarted } else { Dated::Later };
        }
        if said.epoch == before {
            return Dated::Same;
        }
        // Older than what was said before. An answer that was under way is overtaken; nobody who was
        // asked after the later was heard goes back to the earlier.
        if said.asked <= self.since {
            Dated::Overtaken
        } else if self.in_conflict {
            Dated::Same
        } else {
            Dated::Contradicts
        }
    }
}

/// How what is said stands in time to what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dated {
    Same,
    Later,
    Restarted,
    Overtaken,
    Contradicts,
}

fn is_clash(heard: Heard) -> bool {
    heard == Heard::Changed(Change::Conflict)
}
