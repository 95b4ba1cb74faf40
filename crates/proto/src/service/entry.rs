//! What is believed of one responder.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::time::Duration;

use super::leases::Lease;
use crate::wire::{Epoch, Tlvs, short_name, whole_name};
use crate::{Change, Instant, Path, Via};

#[cfg(test)]
mod tests;

/// Voices of one responder that are told apart: a host has fewer addresses in one network.
pub(super) const MOST_VOICES: usize = 16;
/// A responder whose presence was in doubt and that answered is not doubted again for this long, twice
/// as long each time up to the second: whoever forges goodbyes makes nobody ask all the time.
const SHORTEST_TRUST: Duration = Duration::from_secs(1);
const LONGEST_TRUST: Duration = Duration::from_secs(64);
/// Of an answer that was cut short no more TLVs are kept than the shortest question gets.
const LONGEST_PART: usize = 128;

/// Who says what from where: what a filter names, and what is silent because of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voice {
    pub(super) at: Path,
    /// A digest of what it says.
    pub(super) words: u64,
    /// By which a filter names it.
    pub(super) name: u64,
    /// Of its last whole answer.
    print: u64,
    /// The latest at which it has said so.
    epoch: Option<Epoch>,
    /// Where what it says is not whole: what is still to come.
    pub(super) missing: Option<Missing>,
    /// It may be elsewhere, or have gone: it is asked again, and stays only if it answers a question
    /// that is put after this.
    pub(super) doubted: Option<Instant>,
    pub(super) lease: Lease,
}

/// What is still to come of an answer that was cut short.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing {
    /// How long the whole is, in bytes.
    pub(super) length: u16,
    /// What is then to be told of it.
    change: Option<Change>,
}

/// What an application was told of a responder.
#[derive(Debug, Clone)]
enum Told {
    /// Nothing, since its whole answer has not come: what there is of it.
    Nothing(Box<Part>),
    /// What has these words.
    Words(u64),
}

/// The part of an answer that was cut short.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) from: Path,
    pub(super) via: Via,
    pub(super) lease: Duration,
    words: u64,
    tlvs: Box<[u8]>,
}

/// A responder that is known.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// Its number where lots are drawn, and among all who came.
    pub(super) lot: usize,
    pub(super) number: u64,
    told: Told,
    /// When it first said what is the latest.
    since: Instant,
    /// Two say different things in its name.
    pub(super) in_conflict: bool,
    /// When a doubt may next be followed up, and for how long the last one held that off.
    trusted_until: Instant,
    trust: Duration,
    /// When the next of its leases is to be looked at.
    pub(super) due: Instant,
    /// It has said goodbye, as somebody said who proved nothing.
    pub(super) said_goodbye: bool,
    /// One at the least; the one that was heard last is the last.
    pub(super) voices: Vec<Voice>,
}

/// What is heard of a responder in one answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'d> {
    pub(super) at: Path,
    pub(super) via: Via,
    pub(super) id: u64,
    pub(super) words: u64,
    /// The print of it, where it is whole.
    pub(super) print: u64,
    /// Where it is cut short: how long the whole is.
    pub(super) missing: Option<u16>,
    pub(super) epoch: Option<Epoch>,
    pub(super) lease: Duration,
    pub(super) tlvs: Tlvs<'d>,
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

impl Voice {
    /// It says this, of which that is new.
    fn new(said: Said<'_>, change: Option<Change>) -> Voice {
        let Said { at, id, words, print, epoch, .. } = said;
        let missing = said.missing.map(|length| Missing { length, change });
        let name = if missing.is_some() { short_name } else { whole_name };
        let name = name(id, at.remote, words);
        let at = Path { local: None, ..at };
        Voice { at, words, name, print, epoch, missing, doubted: None, lease: Lease::NONE }
    }

    fn is_at(&self, at: Path) -> bool {
        self.at.remote == at.remote
    }

    /// It says this now, of which that is new. Gives what is to be told of it once it is whole.
    fn say(&mut self, said: Said<'_>, change: Option<Change>) -> Option<Change> {
        let is_same = self.words == said.words;
        if is_same && self.missing.is_none() && (said.missing.is_none() || change.is_none()) {
            self.epoch = self.epoch.max(said.epoch);
            if said.missing.is_none() {
                self.print = said.print;
            }
            return change;
        }
        let before = *self;
        let promised = before.missing.filter(|_| is_same);
        let change = match promised.and_then(|missing| missing.change) {
            Some(promised) if change != Some(Change::Conflict) => Some(promised),
            _ => change,
        };
        *self = Voice { doubted: before.doubted, lease: before.lease, ..Voice::new(said, change) };
        if is_same {
            self.epoch = self.epoch.max(before.epoch);
        }
        if let Some((missing, promised)) = self.missing.as_mut().zip(promised) {
            // Whoever says that it is short keeps nobody from being asked for the whole.
            missing.length = missing.length.max(promised.length);
        }
        change
    }
}

impl Part {
    fn new(said: Said<'_>) -> Part {
        let Said { at, via, lease, words, .. } = said;
        Part { from: at, via, lease, words, tlvs: said.tlvs.within(LONGEST_PART).as_bytes().into() }
    }

    pub(super) fn tlvs(&self) -> Tlvs<'_> {
        Tlvs::checked_before(&self.tlvs)
    }
}

impl Entry {
    /// One that was not known.
    pub(super) fn new(now: Instant, said: Said<'_>, lot: usize, number: u64) -> Entry {
        let told = match said.missing {
            None => Told::Words(said.words),
            Some(_) => Told::Nothing(Part::new(said).into()),
        };
        Entry {
            id: said.id,
            lot,
            number,
            told,
            since: now,
            in_conflict: false,
            trusted_until: Instant::ZERO,
            trust: SHORTEST_TRUST,
            due: Instant::FAR_FUTURE,
            said_goodbye: false,
            voices: [Voice::new(said, Some(Change::Address))].into(),
        }
    }

    /// The latest epoch that it was heard with.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        self.voices.iter().map(|voice| voice.epoch).max().flatten()
    }

    /// Whether the application was told of it.
    pub(super) fn is_told(&self) -> bool {
        matches!(self.told, Told::Words(_))
    }

    /// Takes it for told, since its whole answer could not be had: gives what there is of it.
    pub(super) fn tell_in_part(&mut self) -> Option<Box<Part>> {
        let Told::Nothing(part) = &self.told else { return None };
        let told = Told::Words(part.words);
        for missing in self.voices.iter_mut().filter_map(|voice| voice.missing.as_mut()) {
            missing.change = Some(Change::Content);
        }
        match core::mem::replace(&mut self.told, told) {
            Told::Nothing(part) => Some(part),
            Told::Words(_) => None,
        }
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

    /// The voice that says these words there.
    pub(super) fn voice(&mut self, at: Path, words: u64) -> Option<&mut Voice> {
        self.voices.iter_mut().find(|voice| voice.is_at(at) && voice.words == words)
    }

    /// The digest of the whole answer from there that has this print.
    pub(super) fn words_of(&self, at: Path, print: u64) -> Option<u64> {
        let is_it = |v: &&Voice| v.is_at(at) && v.print == print && v.missing.is_none();
        self.voices.iter().rev().find(is_it).map(|voice| voice.words)
    }

    /// Forgets the voices that are gone.
    pub(super) fn forget(&mut self, mut is_gone: impl FnMut(&Voice) -> bool) {
        self.voices.retain(|voice| !is_gone(voice));
        self.in_conflict &= self.voices.len() > 1;
    }

    /// It is heard again.
    pub(super) fn hear(&mut self, now: Instant, said: Said<'_>) -> Heard {
        let dated = self.date(said);
        match dated {
            Dated::Overtaken => return Heard::Nothing,
            Dated::Later | Dated::Restarted => self.since = now,
            Dated::Same | Dated::Contradicts => {}
        }
        let is_known = self.bring_last(|voice| voice.is_at(said.at) && voice.words == said.words);
        let change = self.change(dated, said, self.voices.last().filter(|_| is_known));
        let is_conflict = change == Some(Change::Conflict);
        self.in_conflict |= is_conflict;
        // Of two tales from one address both are kept.
        let may_go = |voice: &Voice| voice.missing.is_some() || !is_conflict;
        let has_place = is_known || self.bring_last(|voice| voice.is_at(said.at) && may_go(voice));
        if !has_place {
            self.voices.push(Voice::new(said, change));
        }
        let Some((voice, others)) = self.voices.split_last_mut() else { return Heard::Nothing };
        if change.is_some_and(|change| change != Change::Address) {
            // What others say in its name may no longer hold.
            others.iter_mut().for_each(|other| other.doubted = Some(now));
        }
        if voice.doubted.take_if(|since| said.asked >= *since).is_some() {
            self.said_goodbye = false;
            self.trusted_until = now + self.trust;
            self.trust = (self.trust * 2).min(LONGEST_TRUST);
        }
        let change = if has_place { voice.say(said, change) } else { change };
        if said.missing.is_some() { Heard::Nothing } else { self.tell(said.words, change) }
    }

    /// The whole of what it says has come, of which that is new.
    fn tell(&mut self, words: u64, change: Option<Change>) -> Heard {
        if !self.is_told() {
            self.told = Told::Words(words);
            return Heard::Whole;
        }
        let Some(change) = change else { return Heard::Nothing };
        if change != Change::Conflict {
            self.told = Told::Words(words);
        }
        Heard::Changed(change)
    }

    /// What is new in what it says; `known` is the voice that has said so before.
    fn change(&self, dated: Dated, said: Said<'_>, known: Option<&Voice>) -> Option<Change> {
        let is_fresh = known.is_none_or(|voice| voice.missing.is_some());
        let is_other = matches!(self.told, Told::Words(told) if told != said.words);
        let is_there = |voice: &Voice| voice.is_at(said.at) && voice.missing.is_none();
        let is_elsewhere = known.is_none() && !self.voices.iter().any(is_there);
        match dated {
            Dated::Contradicts if is_fresh || !self.in_conflict => Some(Change::Conflict),
            Dated::Restarted => Some(Change::Restarted),
            // Who is right is not known: each voice is told of once.
            _ if is_other && self.in_conflict => is_fresh.then_some(Change::Conflict),
            _ if is_other => Some(Change::Content),
            _ => is_elsewhere.then_some(Change::Address),
        }
    }

    /// How what it says stands in time to what was said before.
    fn date(&self, said: Said<'_>) -> Dated {
        let latest = self.epoch();
        if latest.zip(said.epoch).is_some_and(|(old, new)| new.boot > old.boot) {
            return Dated::Restarted;
        }
        let mut of_latest = self.voices.iter().filter(|voice| voice.epoch == latest);
        // One that was started earlier is another machine, whatever it says.
        let was_before = latest.zip(said.epoch).is_some_and(|(old, new)| new.boot < old.boot);
        if !was_before && of_latest.clone().any(|voice| voice.words == said.words) {
            return Dated::Same;
        }
        match said.epoch.cmp(&latest) {
            Ordering::Greater => Dated::Later,
            // A digest of other words was told there, and may not have been a true one.
            Ordering::Equal if of_latest.all(|v| v.is_at(said.at) && v.missing.is_some()) => {
                Dated::Same
            }
            // An answer that was under way is overtaken; nobody who was asked after the later was heard
            // goes back to the earlier.
            Ordering::Less if said.asked <= self.since => Dated::Overtaken,
            Ordering::Equal | Ordering::Less => Dated::Contradicts,
        }
    }

    /// Brings the voice that is meant, the latest of them, to where those heard last are.
    fn bring_last(&mut self, is_meant: impl Fn(&Voice) -> bool) -> bool {
        let Some(nth) = self.voices.iter().rposition(is_meant) else { return false };
        if let Some(later) = self.voices.get_mut(nth..) {
            later.rotate_left(1);
        }
        true
    }
}

/// How what is said stands in time to what was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dated {
    /// It is the same, or was promised.
    Same,
    Later,
    Restarted,
    Overtaken,
    Contradicts,
}
