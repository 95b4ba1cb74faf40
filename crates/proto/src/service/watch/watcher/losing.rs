//! Who is lost, until that is told.

use super::Watcher;
use crate::service::table::entry::Entry;
use crate::{Event, Key, Loss, Path, Protocol};

impl Watcher {
    /// A responder was forgotten: that is to be told where it was told of.
    pub(super) fn lose(&mut self, entry: Entry, at: Path, reason: Loss) {
        let place = self.session.known.place(entry.id);
        self.doubted.remove(&place);
        if entry.is_reported() {
            self.part_with(entry.id, at, reason);
        }
    }

    /// It is to be told that this responder is lost. Until that is told nothing it says is heard: the
    /// application would take who was found again for lost.
    pub(super) fn part_with(&mut self, id: u64, at: Path, reason: Loss) {
        self.session.parting.insert(id);
        self.losses.push_back((id, at, reason));
    }

    /// The loss that is to be told next; what that responder says from then on is heard.
    pub(super) fn next_loss(&mut self) -> Option<Event<'static>> {
        let (id, from, reason) = self.losses.pop_front()?;
        self.session.parting.remove(&id);
        Some(Event::Lost { protocol: Protocol::MCAST, key: Key::Service(id), from, reason })
    }
}
