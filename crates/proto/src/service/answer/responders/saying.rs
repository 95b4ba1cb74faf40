//! What is said when it is due.

use super::Responders;
use crate::service::answer::announcer::Speech;
use crate::service::answer::spread::Answer;
use crate::wire::{Announce, Busy, Datagram, Goodbye, Keyring, Reply};
use crate::{Action, Destination, Instant, Message};

impl Responders {
    pub(super) fn reply(
        &mut self,
        now: Instant,
        answer: &Answer,
        place: usize,
    ) -> Option<Action<'_>> {
        let service = self.services.get(place)?;
        let said = service.words.within(answer.limit, &mut self.scratch);
        let reply = Reply {
            txn: answer.txn,
            id: service.id,
            round: answer.round,
            copy: answer.copy,
            whole: said.whole,
            busy: self.pressure.is_on(now, Some(answer.to.remote.ip())),
            lease_s: service.words.lease_s(),
            tlvs: said.tlvs,
        };
        self.life.counts.sent += 1;
        Some(send(Destination::peer(answer.to), Datagram::Reply(reply), self.keyring.as_ref()))
    }

    /// A service's answer to the group, for all who asked for one.
    pub(super) fn group_reply(&mut self, now: Instant, place: usize) -> Option<Action<'_>> {
        let service = self.services.get(place)?;
        let named = self.audience.take(place, now, service.words.most_named(), &mut self.rng);
        let said = service.words.group_answer(&named, &mut self.scratch);
        let reply = Reply {
            txn: 0,
            id: service.id,
            round: 0,
            copy: 0,
            whole: said.whole,
            busy: self.pressure.is_on(now, None),
            lease_s: service.words.lease_s(),
            tlvs: said.tlvs,
        };
        self.life.counts.sent += 1;
        Some(send(Destination::GROUP, Datagram::Reply(reply), self.keyring.as_ref()))
    }

    pub(super) fn busy(&mut self, now: Instant) -> Option<Action<'_>> {
        self.scratch.clear();
        let is_due = self.pressure.take_due(now, &mut self.scratch);
        // Who never offered anything has refused nothing.
        let id = self.services.speaker().filter(|_| is_due)?;
        self.life.counts.sent += 1;
        let busy = Busy { id, tlvs: self.scratch.as_tlvs() };
        Some(send(Destination::GROUP, Datagram::Busy(busy), self.keyring.as_ref()))
    }

    pub(super) fn speak(&mut self, place: usize, speech: Speech) -> Option<Action<'_>> {
        self.life.counts.sent += 1;
        let datagram = match speech {
            Speech::Announcement => {
                let service = self.services.get(place)?;
                let (lease_s, tlvs) = (service.words.lease_s(), service.words.offer());
                Datagram::Announce(Announce { id: service.id, lease_s, tlvs })
            }
            Speech::Goodbye { is_last } => {
                let service = self.services.get_mut(place)?;
                let id = service.id;
                let tlvs = service.words.goodbye(&mut self.scratch);
                if is_last {
                    self.services.remove(place);
                }
                Datagram::Goodbye(Goodbye { id, tlvs })
            }
        };
        Some(send(Destination::GROUP, datagram, self.keyring.as_ref()))
    }
}

fn send<'a>(to: Destination, datagram: Datagram<'a>, keyring: Option<&'a Keyring>) -> Action<'a> {
    let key = keyring.map(Keyring::signing);
    Action::Send { to, message: Message::Structured { datagram, key } }
}
