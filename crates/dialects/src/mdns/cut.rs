//! Answers to a private port from which something may be left out, and the question to the group that brings it.
//!
//! Some responders, avahi for one, keep an answer to a private port within 512 bytes (RFC 6762 section 6.7), leave
//! out each record that has no room, and say nothing of it. What they say to the group is whole. So each type of
//! which something may be missing is asked for once by the group.

use alloc::collections::{BTreeMap, BTreeSet};
use core::ops::RangeInclusive;
use core::time::Duration;

use mcast_proto::{Instant, Via};

use super::answer::Heard;
use super::identity::{TypeLabels, is_all_types};
use super::name::Name;
use super::shares::Source;
use super::types::Types;
use super::wire::{Data, Message};

/// An answer that is about as long as may be is one from which something may be left out.
const LEGACY_ROOM: RangeInclusive<usize> = 400..=512;
/// What the group hears so long after the question is an answer to it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// Sources that are remembered, those of each type apart. What has no room stays a doubt.
const MOST_SOURCES: usize = 1024;

/// The types of which something may have been left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Cuts {
    types: BTreeMap<usize, Cut>,
    /// Types that are still to be asked for.
    due: BTreeSet<usize>,
    /// How many sources are remembered, and of how many the group has not heard.
    sources: usize,
    open: usize,
    /// There is something that no question to the group settles.
    is_unsettled: bool,
}

/// One of these types.
#[derive(Debug, Clone, Default)]
struct Cut {
    asked: Option<Instant>,
    /// Whose answer it was, and whether the same has answered to the group.
    sources: BTreeMap<Source, bool>,
}

impl Cuts {
    /// An answer has come.
    pub(super) fn hear(
        &mut self,
        types: &Types,
        heard: &Heard,
        message: &Message<'_>,
        length: usize,
    ) {
        if heard.is_legacy {
            if LEGACY_ROOM.contains(&length) || message.is_truncated() {
                self.suspect(types, heard.source(), message);
            }
        } else if heard.via == Via::Group && !message.is_truncated() {
            self.settle(types, heard, message);
        }
    }

    /// What is known of an instance of this type is not all, and a question to it was not answered.
    pub(super) fn ask(&mut self, kind: usize) {
        self.types.entry(kind).or_insert_with(|| {
            self.due.insert(kind);
            Cut::default()
        });
    }

    /// Whether a type is to be asked for.
    pub(super) fn has_question(&self) -> bool {
        !self.due.is_empty()
    }

    /// The next type that is asked for, now.
    pub(super) fn take(&mut self, now: Instant) -> Option<usize> {
        let kind = self.due.pop_first()?;
        self.types.entry(kind).or_default().asked = Some(now);
        Some(kind)
    }

    /// Whether something may still be missing.
    pub(super) fn is_doubtful(&self) -> bool {
        self.is_unsettled || self.open > 0
    }

    /// Something may have been left out of this answer: it repeats what was asked, or, from some, does not.
    fn suspect(&mut self, types: &Types, source: Source, message: &Message<'_>) {
        let is_bare = message.questions().next().is_none();
        let asked = message.questions().map(|question| question.name);
        let told = message.records().filter(|_| is_bare).filter_map(|record| match record.data {
            Data::Ptr(_) => Some(record.name),
            _ => None,
        });
        let mut is_of_type = false;
        for name in asked.chain(told) {
            if let Some(kind) = type_of(types, name) {
                is_of_type = true;
                self.suspect_type(kind, source);
            }
        }
        self.is_unsettled |= !is_of_type;
    }

    fn suspect_type(&mut self, kind: usize, source: Source) {
        self.ask(kind);
        let Some(cut) = self.types.get_mut(&kind).filter(|cut| !cut.sources.contains_key(&source))
        else {
            return;
        };
        if self.sources >= MOST_SOURCES {
            self.is_unsettled = true;
            return;
        }
        self.sources += 1;
        self.open += 1;
        cut.sources.insert(source, false);
    }

    /// One has answered to the group: of the types that it lists nothing is missing any more. Its answer to the
    /// private port may come later.
    fn settle(&mut self, types: &Types, heard: &Heard, message: &Message<'_>) {
        if self.types.is_empty() {
            return;
        }
        for record in message.records().filter(|record| record.ttl > 0) {
            let (Data::Ptr(_), Some(kind)) = (record.data, type_of(types, record.name)) else {
                continue;
            };
            let Some(cut) = self.types.get_mut(&kind) else { continue };
            let is_answer = |asked| heard.taken >= asked && heard.taken - asked <= ANSWERED_WITHIN;
            if !cut.asked.is_some_and(is_answer) {
                continue;
            }
            if let Some(is_whole) = cut.sources.get_mut(&heard.source()) {
                self.open -= usize::from(!*is_whole);
                *is_whole = true;
            } else if self.sources < MOST_SOURCES {
                self.sources += 1;
                cut.sources.insert(heard.source(), true);
            }
        }
    }
}

/// The number of the type that a name is about: its own, or that of an instance.
fn type_of(types: &Types, name: Name<'_>) -> Option<usize> {
    if is_all_types(name) {
        return types.all_types();
    }
    let labels = TypeLabels::of_type(name);
    types.number(labels.or_else(|| TypeLabels::of_instance(name).map(|(labels, _)| labels))?)
}
