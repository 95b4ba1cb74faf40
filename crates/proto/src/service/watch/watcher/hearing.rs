//! What a watcher hears: answers, other watchers, announcements and goodbyes.

use super::Watcher;
use crate::service::ask::session::{Answer, report};
use crate::service::table::entry::{Entry, Heard};
use crate::service::table::voice::Voice;
use crate::wire::{Announce, Datagram, Goodbye, Query};
use crate::{Action, Arrival, Instant, Loss};

impl Watcher {
    /// What is to be told of an answer to its own question, which is a fact.
    pub(super) fn hear_answer<'d>(
        &mut self,
        now: Instant,
        answer: Answer<'d>,
    ) -> Option<Action<'d>> {
        let Answer { heard, place, words, id, lease, finding } = answer;
        if heard != Heard::NoRoom {
            let (session, at) = (&mut self.session, (place, finding.from, words));
            self.leases.renew(now, &mut session.known, at, lease, &mut session.rng);
            self.announced.answered(id);
        }
        match self.session.known.at(place) {
            Some(entry) if entry.is_doubted() => {
                // Its other addresses are: whether they still are its own is asked.
                if self.doubted.insert(place) {
                    self.verify_by(now);
                }
            }
            _ => {
                self.doubted.remove(&place);
            }
        }
        if let Some((id, at)) = self.session.known.gave_way {
            self.part_with(id, at, Loss::NoRoom);
        }
        if heard == Heard::NewInPart && self.run.is_none() {
            // The whole of what it says is still to be asked for.
            self.verify_by(now);
        }
        report(&answer)
    }

    /// What others say unasked, or ask.
    pub(super) fn hear_other<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
        said: Datagram<'d>,
    ) {
        self.session.life.counts.received += 1;
        // Who proves nothing must at least be here.
        if self.session.keyring.is_none() && !arrival.on_link {
            self.session.life.counts.ignored += 1;
            return;
        }
        let is_of_interest = match said {
            Datagram::Query(query) => self.is_like_ours(&query),
            Datagram::Announce(announce) => self.is_news(arrival, announce),
            Datagram::Goodbye(goodbye) => self.session.known.get(goodbye.id).is_some(),
            _ => false,
        };
        if !is_of_interest || !self.session.is_authentic(arrival, datagram) {
            return;
        }
        match said {
            Datagram::Query(query) => self.hear_neighbour(now, query),
            Datagram::Announce(announce) => self.hear_announcement(now, announce),
            Datagram::Goodbye(goodbye) => self.hear_goodbye(now, goodbye),
            _ => {}
        }
    }

    fn is_like_ours(&self, query: &Query<'_>) -> bool {
        query.watch
            && query.txn != self.session.asking.txn
            && query.tlvs == self.session.selection.tlvs()
    }

    /// Whether an announcement says what the responder has not said when it was asked.
    fn is_news(&self, arrival: Arrival, announce: Announce<'_>) -> bool {
        let selects = Query { tlvs: self.session.selection.tlvs(), ..Query::new(0, 0) };
        let epoch = announce.tlvs.epoch();
        match self.session.known.get(announce.id) {
            Some(entry) => {
                let is_other = match self.session.keyring {
                    // What is older than what was heard since was recorded.
                    Some(_) => epoch > entry.epoch(),
                    None => epoch != entry.epoch(),
                };
                let is_there = |voice: &Voice| voice.at.remote == arrival.from.remote;
                let is_elsewhere = !entry.voices.iter().any(is_there);
                is_other || (is_elsewhere && epoch == entry.epoch())
            }
            None => selects.selects(announce.tlvs),
        }
    }

    fn hear_neighbour(&mut self, now: Instant, query: Query<'_>) {
        self.neighbours.heard(now);
        // It asks for answers to the group: asked now too, they serve both.
        let may_ask = self.complete.is_some() && self.run.is_none() && self.prompts.next() <= now;
        if query.multicast_reply && may_ask {
            let due = self.leases.ask_early(now, &mut self.session.known);
            if due > 0 {
                self.prompts.spend(now);
                self.refresh(now, due, true);
            }
        }
    }

    fn hear_announcement(&mut self, now: Instant, announce: Announce<'_>) {
        let (id, epoch) = (announce.id, announce.tlvs.epoch());
        match self.session.known.get(id) {
            Some(_) => self.doubt(now, id, false),
            None if self.session.departed.has(now, id, epoch) => {
                self.session.life.counts.duplicates += 1;
            }
            None => {
                self.announced.hear(now, id);
                self.verify_by(now);
            }
        }
    }

    fn hear_goodbye(&mut self, now: Instant, goodbye: Goodbye<'_>) {
        let id = goodbye.id;
        if self.session.keyring.is_none() {
            return self.doubt(now, id, true);
        }
        let (epoch, place) = (goodbye.tlvs.epoch(), self.session.known.place(id));
        let heard = self.session.known.get(id).and_then(Entry::epoch);
        if heard.is_none() {
            // Whether it is later than the answers nobody knows: it may have been recorded.
            return self.doubt(now, id, true);
        }
        if epoch <= heard {
            self.session.life.counts.duplicates += 1;
            return;
        }
        self.session.departed.insert(now, id, epoch);
        let at = self.session.known.get(id).and_then(|entry| Some(entry.voices.last()?.at));
        if let (Some(entry), Some(at)) = (self.session.known.remove(place), at) {
            self.lose(entry, at, Loss::Goodbye);
        }
    }
}
