//! What is believed of one responder.

use alloc::vec::Vec;
use core::time::Duration;

use super::instance::Change;
use super::leases::Lease;
use crate::wire::{Epoch, short_name, whole_name};
use crate::{Instant, Path};

/// Voices of one responder that are told apart: a host has fewer addresses in one network.
pub(super) const MOST_VOICES: usize = 16;
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
    /// One that was not known.
    pub(super) fn new(now: Instant, said: Said) -> Entry {
        Entry {
            id: said.id,
            latest: said.epoch,
            since: now,
            told: said.missing.is_none(),
            in_conflict: false,
            untold_change: None,
            trusted_until: Instant::ZERO,
            trust: SHORTEST_TRUST,
            due: Instant::FAR_FUTURE,
            said_goodbye: false,
            voices: [Voice::new(said)].into(),
        }
    }

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
    pub(super) fn take_oldest(&mut self) -> Option<Voice> {
        let (_newest, others) = self.voices.split_last()?;
        let (at, _) = others.iter().enumerate().min_by_key(|(_, voice)| voice.lease.begins)?;
        Some(self.voices.swap_remove(at))
    }

    pub(super) fn hear(&mut self, now: Instant, said: Said) -> Heard {
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
