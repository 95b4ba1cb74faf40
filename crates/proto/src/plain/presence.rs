//! Who is there, by who has answered which probe.

use alloc::collections::BTreeSet;

use super::voices::{NoRoom, Voice, Voices};
use crate::Path;
use crate::rng::Rng;

/// Voices at one address and port that are told apart: more than share a port for honest reasons, and few
/// enough to be looked at one by one.
const MOST_AT_ONE: usize = 64;

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// A responder was found, and has this number from now on.
    Found(u64),
    /// The responder of this number says something else.
    Changed(u64),
    /// Nothing, or nothing yet.
    Nothing,
    /// There is no room to remember who answered.
    NoRoom,
}

/// A responder that was told of, and is so no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) path: Path,
    pub(super) number: u64,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    path: Path,
    /// The last probe that it answered; of one that was not told of, the first.
    answered: u64,
    /// `None`: it was not told of. It may be another responder, or what one says that is known.
    number: Option<u64>,
}

/// Those who answer. Probes are counted: who answers one late is taken to have answered the next.
#[derive(Debug, Clone)]
pub(super) struct Presence {
    /// Probes so far.
    probes: u64,
    /// Who leaves so many unanswered is gone.
    patience: u64,
    found: u64,
    voices: Voices<Known>,
    /// Those voices by the last probe that they answered.
    by_age: BTreeSet<(u64, Voice)>,
}

impl Presence {
    pub(super) fn new(capacity: usize, patience: u64) -> Presence {
        // Nobody gains by knowing which of one source's own voices gives way.
        let voices = Voices::new(capacity, Rng::new(0));
        Presence { probes: 0, patience, found: 0, voices, by_age: BTreeSet::new() }
    }

    /// A probe is sent that everybody is to answer.
    pub(super) fn probe(&mut self) {
        self.probes += 1;
    }

    pub(super) fn probes(&self) -> u64 {
        self.probes
    }

    /// Somebody answered. It may be that somebody else gave way for it.
    pub(super) fn hear(&mut self, from: Path, said: &[u8]) -> (Heard, Option<Gone>) {
        let voice = Voice::new(from.remote, said);
        let known = self.voices.get(&voice).copied();
        if let Some(Known { number: Some(number), .. }) = known {
            self.renew(voice, Known { path: from, answered: self.probes, number: Some(number) });
            return (Heard::Nothing, None);
        }
        let first = known.map_or(self.probes, |known| known.answered);
        let (heard, other) = self.judge(&voice, first);
        let (number, answered) = match heard {
            Heard::Found(number) | Heard::Changed(number) => (Some(number), self.probes),
            Heard::Nothing | Heard::NoRoom => (None, first),
        };
        // Who has changed is not gone.
        let gone = other.and_then(|other| self.remove(&other));
        let mut gave_way = gone.filter(|gone| Some(gone.number) != number);
        let new = Known { path: from, answered, number };
        if known.is_some() {
            self.renew(voice, new);
        } else {
            match self.enter(voice, new) {
                Ok(other) => gave_way = gave_way.or(other),
                Err(NoRoom) => return (Heard::NoRoom, gave_way),
            }
        }
        self.found = self.found.max(number.unwrap_or(0));
        (heard, gave_way)
    }

    /// What it means that a voice is heard that was not told of, and answered the probe `first` before any
    /// other; and the voice at its address that it takes the place of.
    fn judge(&self, voice: &Voice, first: u64) -> (Heard, Option<Voice>) {
        let another = Heard::Found(self.found + 1);
        let others = || self.voices.at(voice.at).filter(|(other, _)| *other != voice);
        if others().count() >= MOST_AT_ONE {
            let quietest = others().min_by_key(|(_, known)| known.answered);
            return (another, quietest.map(|(quietest, _)| *quietest));
        }
        let told =
            others().filter_map(|(other, known)| Some((other, known.answered, known.number?)));
        match told.min_by_key(|&(_, answered, _)| answered) {
            // It has left a probe unanswered, the whole time until the next.
            Some((other, answered, number)) if answered < first && answered + 2 <= self.probes => {
                (Heard::Changed(number), Some(*other))
            }
            // It may still answer the probe that the new one has answered.
            Some((_, answered, _)) if answered < first => (Heard::Nothing, None),
            _ => (another, None),
        }
    }

    /// The next one that has left too many probes unanswered, and is forgotten for it.
    pub(super) fn next_lost(&mut self) -> Option<Gone> {
        loop {
            let &(answered, voice) = self.by_age.first()?;
            if self.probes - answered < self.patience {
                return None;
            }
            let gone = self.remove(&voice);
            if gone.is_some() {
                return gone;
            }
        }
    }

    /// What is known of a voice is this from now on.
    fn renew(&mut self, voice: Voice, new: Known) {
        let Some(known) = self.voices.get_mut(&voice) else { return };
        let before = core::mem::replace(known, new).answered;
        if before != new.answered {
            self.by_age.remove(&(before, voice));
            self.by_age.insert((new.answered, voice));
        }
    }

    /// Takes in a voice that was not known. Who is gone by it, if anybody who was told of.
    fn enter(&mut self, voice: Voice, new: Known) -> Result<Option<Gone>, NoRoom> {
        let gave_way = self.voices.insert(voice, new)?;
        self.by_age.insert((new.answered, voice));
        Ok(gave_way.and_then(|(other, known)| {
            self.by_age.remove(&(known.answered, other));
            known.gone()
        }))
    }

    /// Forgets a voice: who is gone by it, if it was told of.
    fn remove(&mut self, voice: &Voice) -> Option<Gone> {
        let known = self.voices.remove(voice)?;
        self.by_age.remove(&(known.answered, *voice));
        known.gone()
    }
}

impl Known {
    fn gone(&self) -> Option<Gone> {
        self.number.map(|number| Gone { path: self.path, number })
    }
}

#[cfg(test)]
mod tests;
