//! What is believed of one responder.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::time::Duration;

use crate::service::table::said::{Part, Said};
use crate::service::table::voice::Voice;
use crate::wire::Epoch;
use crate::{Change, Instant, Path};

#[cfg(test)]
mod tests;

/// Voices of one responder that are told apart: a host has fewer addresses in one network.
pub(crate) const MOST_VOICES: usize = 16;
/// A responder whose presence was in doubt and that answered is not doubted again for this long, twice
/// as long each time up to the second: whoever forges goodbyes makes nobody ask all the time.
const SHORTEST_TRUST: Duration = Duration::from_secs(1);
const LONGEST_TRUST: Duration = Duration::from_secs(64);

/// A responder that is known.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    /// Its number where lots are drawn, and among all who came.
    pub(crate) lot: usize,
    pub(crate) number: u64,
    reported: Reported,
    /// When it first said what is the latest.
    since: Instant,
    /// Two say different things in its name.
    pub(crate) in_conflict: bool,
    /// When a doubt may next be followed up, and for how long the last one held that off.
    trusted_until: Instant,
    trust: Duration,
    /// When the next of its leases is to be looked at.
    pub(crate) due: Instant,
    /// It has said goodbye, as somebody said who proved nothing.
    pub(crate) said_goodbye: bool,
    /// One at the least; the one that was heard last is the last.
    pub(crate) voices: Vec<Voice>,
}

/// What hearing a responder changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
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

/// What was reported to the application of a responder.
#[derive(Debug, Clone)]
enum Reported {
    /// Nothing, since its whole answer has not come: what there is of it.
    Nothing(Box<Part>),
    /// What has these words.
    Words(u64),
}

impl Entry {
    /// One that was not known.
    pub(crate) fn new(now: Instant, said: Said<'_>, lot: usize, number: u64) -> Entry {
        let reported = match said.missing {
            None => Reported::Words(said.words),
            Some(_) => Reported::Nothing(Part::new(said).into()),
        };
        Entry {
            id: said.id,
            lot,
            number,
            reported,
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
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.voices.iter().map(|voice| voice.epoch).max().flatten()
    }

    /// Whether it was reported to the application.
    pub(crate) fn is_reported(&self) -> bool {
        matches!(self.reported, Reported::Words(_))
    }

    /// Takes it for reported, since its whole answer could not be had: gives what there is of it.
    pub(crate) fn report_in_part(&mut self) -> Option<Box<Part>> {
        let Reported::Nothing(part) = &self.reported else { return None };
        let reported = Reported::Words(part.words);
        for missing in self.voices.iter_mut().filter_map(|voice| voice.missing.as_mut()) {
            missing.change = Some(Change::Content);
        }
        match core::mem::replace(&mut self.reported, reported) {
            Reported::Nothing(part) => Some(part),
            Reported::Words(_) => None,
        }
    }

    /// Somebody who proved nothing says that it has gone, or changed: all that it says is asked for
    /// again, now or once it is no longer trusted to be what it was when it was asked last. Says when.
    pub(crate) fn doubt(&mut self, now: Instant, said_goodbye: bool) -> Instant {
        let at = now.max(self.trusted_until);
        self.said_goodbye |= said_goodbye;
        for voice in &mut self.voices {
            voice.doubted = voice.doubted.or(Some(at));
        }
        at
    }

    pub(crate) fn is_doubted(&self) -> bool {
        self.voices.iter().any(|voice| voice.doubted.is_some())
    }

    /// The voice that says these words there.
    pub(crate) fn voice(&mut self, at: Path, words: u64) -> Option<&mut Voice> {
        self.voices.iter_mut().find(|voice| voice.is_at(at) && voice.words == words)
    }

    /// The digest of the whole answer from there that has this print.
    pub(crate) fn words_of(&self, at: Path, print: u64) -> Option<u64> {
        let is_it = |v: &&Voice| v.is_at(at) && v.print == print && v.missing.is_none();
        self.voices.iter().rev().find(is_it).map(|voice| voice.words)
    }

    /// Forgets the voices that are gone.
    pub(crate) fn forget(&mut self, mut is_gone: impl FnMut(&Voice) -> bool) {
        self.voices.retain(|voice| !is_gone(voice));
        self.in_conflict &= self.voices.len() > 1;
    }

    /// It is heard again.
    pub(crate) fn hear(&mut self, now: Instant, said: Said<'_>) -> Heard {
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
        if said.missing.is_some() { Heard::Nothing } else { self.report(said.words, change) }
    }

    /// The whole of what it says has come, of which that is new.
    fn report(&mut self, words: u64, change: Option<Change>) -> Heard {
        if !self.is_reported() {
            self.reported = Reported::Words(words);
            return Heard::Whole;
        }
        let Some(change) = change else { return Heard::Nothing };
        if change != Change::Conflict {
            self.reported = Reported::Words(words);
        }
        Heard::Changed(change)
    }

    /// What is new in what it says; `known` is the voice that has said so before.
    fn change(&self, dated: Dated, said: Said<'_>, known: Option<&Voice>) -> Option<Change> {
        let is_fresh = known.is_none_or(|voice| voice.missing.is_some());
        let is_other = matches!(self.reported, Reported::Words(words) if words != said.words);
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
