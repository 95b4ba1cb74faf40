//! What a watcher makes of what it hears.

use core::time::Duration;

use super::super::inquiries::Why;
use super::super::instance::{Change, Instance, Loss, Via};
use super::super::known::Heard;
use super::super::proof::is_proven;
use super::Watcher;
use crate::path::is_peer;
use crate::wire::{self, Announce, Datagram, Goodbye, Query, Reply};
use crate::{Action, Arrival, Cast, Event, Instant};

impl Watcher {
    pub(super) fn hear<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.life.counts.received += 1;
        if !is_peer(arrival.from.remote) {
            self.life.counts.ignored += 1;
            return None;
        }
        match wire::decode(datagram) {
            Ok(Datagram::Reply(reply)) if reply.txn == self.asking.txn => {
                if !self.asking.is_recent(reply.round) {
                    self.life.counts.ignored += 1;
                    return None;
                }
                if !self.is_authentic(arrival, datagram) {
                    return None;
                }
                self.hear_reply(now, arrival, reply, Some(reply.round))
            }
            Ok(Datagram::Reply(reply)) => {
                // An answer to another watcher, which asked just now for answers to all.
                let is_asked = self.neighbours.asked(now, reply.txn);
                if !is_asked || !self.is_authentic(arrival, datagram) {
                    return None;
                }
                self.hear_reply(now, arrival, reply, None)
            }
            Ok(Datagram::Query(query)) => {
                let is_like_ours = query.watch
                    && query.txn != self.asking.txn
                    && query.tlvs == self.config.selection.tlvs();
                if is_like_ours && self.is_authentic(arrival, datagram) {
                    self.neighbours.heard(now, &query);
                }
                None
            }
            Ok(Datagram::Announce(announce)) => {
                if !self.is_authentic(arrival, datagram) {
                    return None;
                }
                self.hear_announcement(now, arrival, announce)
            }
            Ok(Datagram::Goodbye(goodbye)) => {
                if !self.is_authentic(arrival, datagram) {
                    return None;
                }
                self.hear_goodbye(now, goodbye)
            }
            Ok(Datagram::Busy(_)) => None,
            Err(_) => {
                self.life.counts.ignored += 1;
                None
            }
        }
    }

    fn is_authentic(&mut self, arrival: Arrival, datagram: &[u8]) -> bool {
        is_proven(self.config.keyring.as_ref(), arrival, datagram, &mut self.life.counts)
    }

    /// Anything that shows that a responder is there.
    fn hear_presence<'d>(
        &mut self,
        now: Instant,
        instance: Instance<'d>,
        round: Option<u16>,
    ) -> Option<Action<'d>> {
        let Instance { id, from, tlvs, truncated, via, .. } = instance;
        let (said, epoch) = ((!truncated).then_some(tlvs), tlvs.epoch());
        let heard = self.known.hear(from, id, said, epoch);
        if let Some(round) = round {
            self.asking.heard(now, id, round, heard == Heard::New, via == Via::Group);
        }
        if heard != Heard::NoRoom {
            self.leases.renew(now, &mut self.known, id, instance.lease, &mut self.rng);
        }
        match heard {
            Heard::New => {
                self.inquiries.close(id);
                self.life.counts.found += 1;
                self.life.counts.found_by_group += u64::from(via == Via::Group);
                if truncated && self.inquiries.open(now, id, from, Why::Details) {
                    return None;
                }
                Some(Action::Emit(Event::ServiceFound(instance)))
            }
            Heard::Described if self.close_inquiry(id) => {
                Some(Action::Emit(Event::ServiceFound(instance)))
            }
            // It has been reported as found without its details, which nobody told.
            Heard::Described => {
                let change = Change::Content;
                Some(Action::Emit(Event::ServiceChanged { instance, change }))
            }
            Heard::Changed(change) => {
                self.inquiries.close_unless_details(id);
                Some(Action::Emit(Event::ServiceChanged { instance, change }))
            }
            Heard::Nothing => {
                self.inquiries.close_unless_details(id);
                self.life.counts.duplicates += 1;
                None
            }
            Heard::NoRoom => {
                self.left_out = true;
                self.life.counts.ignored += 1;
                None
            }
        }
    }

    fn hear_reply<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        reply: Reply<'d>,
        round: Option<u16>,
    ) -> Option<Action<'d>> {
        let via = if matches!(arrival.cast, Cast::Group(_)) { Via::Group } else { Via::Unicast };
        let instance = Instance {
            id: reply.id,
            from: arrival.from,
            via,
            round_trip: round.map(|_| self.asking.since_asked(now)),
            lease: Duration::from_secs(reply.lease_s.into()),
            authentic: self.config.keyring.is_some(),
            truncated: reply.is_truncated(),
            tlvs: reply.tlvs,
        };
        self.hear_presence(now, instance, round)
    }

    fn hear_announcement<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        announce: Announce<'d>,
    ) -> Option<Action<'d>> {
        let Announce { id, lease_s, tlvs } = announce;
        // What is not later than the last is a repetition, perhaps by somebody else.
        let known = self.known.get(id).map(|entry| entry.epoch);
        let is_repeated = known.is_some_and(|epoch| tlvs.epoch() <= epoch);
        let selects = Query { tlvs: self.config.selection.tlvs(), ..Query::new(0, 0) };
        if is_repeated || !selects.selects(tlvs) {
            self.life.counts.duplicates += u64::from(is_repeated);
            return None;
        }
        if known.is_none() && self.config.keyring.is_some() {
            // An announcement proves no date: it may be of one that has long gone.
            self.inquiries.open(now, id, arrival.from, Why::Announcement);
            return None;
        }
        let instance = Instance {
            id,
            from: arrival.from,
            via: Via::Announcement,
            round_trip: None,
            lease: Duration::from_secs(lease_s.into()),
            authentic: self.config.keyring.is_some(),
            truncated: false,
            tlvs,
        };
        self.hear_presence(now, instance, None)
    }

    fn hear_goodbye(&mut self, now: Instant, goodbye: Goodbye<'_>) -> Option<Action<'static>> {
        let entry = self.known.get(goodbye.id)?;
        if goodbye.tlvs.epoch() <= entry.epoch {
            self.life.counts.duplicates += 1;
            return None;
        }
        if self.config.keyring.is_some() {
            return self.lose(goodbye.id, Loss::Goodbye);
        }
        // Anybody could have said it. Ask where the responder was found, not where this came from.
        self.inquiries.open(now, goodbye.id, entry.from, Why::Goodbye);
        None
    }
}
