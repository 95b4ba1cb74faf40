//! Who says what from where: what a filter names.

use crate::service::table::lease::Lease;
use crate::service::table::said::Said;
use crate::wire::{Epoch, short_name, whole_name};
use crate::{Change, Instant, Path};

/// Who says what from where: what a filter names, and what is silent because of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    pub(crate) at: Path,
    /// A digest of what it says.
    pub(crate) words: u64,
    /// By which a filter names it.
    pub(crate) name: u64,
    /// Of its last whole answer.
    pub(crate) print: u64,
    /// The latest at which it has said so.
    pub(crate) epoch: Option<Epoch>,
    /// Where what it says is not whole: what is still to come.
    pub(crate) missing: Option<Missing>,
    /// It may be elsewhere, or have gone: it is asked again, and stays only if it answers a question
    /// that is put after this.
    pub(crate) doubted: Option<Instant>,
    pub(crate) lease: Lease,
}

/// What is still to come of an answer that was cut short.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Missing {
    /// How long the whole is, in bytes.
    pub(crate) length: u16,
    /// What is then to be told of it.
    pub(crate) change: Option<Change>,
}

impl Voice {
    /// It says this, of which that is new.
    pub(crate) fn new(said: Said<'_>, change: Option<Change>) -> Voice {
        let Said { at, id, words, print, epoch, .. } = said;
        let missing = said.missing.map(|length| Missing { length, change });
        let name = if missing.is_some() { short_name } else { whole_name };
        let name = name(id, at.remote, words);
        let at = Path { local: None, ..at };
        Voice { at, words, name, print, epoch, missing, doubted: None, lease: Lease::NONE }
    }

    pub(crate) fn is_at(&self, at: Path) -> bool {
        self.at.remote == at.remote
    }

    /// It says this now, of which that is new. Gives what is to be told of it once it is whole.
    pub(crate) fn say(&mut self, said: Said<'_>, change: Option<Change>) -> Option<Change> {
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
