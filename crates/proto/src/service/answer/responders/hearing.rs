//! What becomes of what is heard.

use core::net::IpAddr;

use super::Responders;
use crate::service::answer::answers::Placed;
use crate::service::answer::places;
use crate::service::answer::spread::Answer;
use crate::service::proof::is_proven;
use crate::wire::{Query, Tlv};
use crate::{Action, Arrival, Event, Instant, Protocol, Question, Refusal};

impl Responders {
    /// Schedules the answers to a query that is for these services.
    fn answer(
        &mut self,
        now: Instant,
        arrival: Arrival,
        query: &Query<'_>,
        mark: u64,
    ) -> Result<(), Refusal> {
        let Arrival { from, on_link, .. } = arrival;
        if !on_link && !self.allow_off_link {
            return Err(Refusal::OffLink);
        }
        let window = self.crowd.window(now, query, self.services.offered());
        if query.multicast_reply {
            let session = (query.txn, query.round);
            self.audience.ask(now, &self.asked, session, window, &mut self.rng);
            return Ok(());
        }
        // One for one beyond the link.
        let wanted = if on_link { query.copies } else { 1 };
        let limit = query.reply_limit();
        let start = places::any(&self.asked, &mut self.rng);
        let copies = self.admit(now, from.remote.ip(), query.txn, (wanted, limit), start)?;
        let answer =
            Answer { to: from, txn: query.txn, round: query.round, limit, copy: 0, copies };
        let asked = (&self.asked[..], start);
        match self.answers.spread(now, answer, asked, window, &mut self.rng) {
            Placed::Free => {}
            Placed::InPlaceOf(other) => self.give_up(now, &other),
            Placed::Nowhere => return Err(Refusal::Busy),
        }
        self.recent.insert(mark);
        Ok(())
    }

    /// The answers to a question have given way to others. Where first copies had not been sent they were
    /// refused.
    fn give_up(&mut self, now: Instant, answer: &Answer) {
        if answer.copy == 0 {
            self.refuse(now, answer.to.remote.ip(), Refusal::Busy);
        }
    }

    /// How many of so many copies may be sent to a source: at least one, or why none. Where not all who are
    /// asked may answer, those do who come first from a random one on, and the asker is told of the others.
    fn admit(
        &mut self,
        now: Instant,
        source: IpAddr,
        txn: u64,
        (wanted, limit): (u8, usize),
        start: usize,
    ) -> Result<u8, Refusal> {
        let Some(limiter) = &mut self.limiter else { return Ok(wanted) };
        let (mut cost, mut refused) = (0, None);
        let is_alone = self.services.places() == 1;
        let mut next = Some(start);
        while let Some(place) = next {
            next = if is_alone { None } else { places::next(&self.asked, start, place) };
            let whole = self.services.get(place).map_or(0, |service| service.words.whole_len());
            let bytes = whole.min(limit);
            match limiter.admit(now, source, Some(txn), bytes, &mut self.rng) {
                Ok(taken) => cost += taken,
                Err(reason) => {
                    places::remove(&mut self.asked, place);
                    refused = Some(reason);
                }
            }
        }
        let further = (1..wanted).take_while(|_| cost > 0 && limiter.may_copy(now, source, cost));
        let copies = 1 + further.count() as u8;
        match refused {
            Some(reason) if cost == 0 => return Err(reason),
            Some(reason) => self.refuse(now, source, reason),
            None => {}
        }
        Ok(copies)
    }

    /// Has whoever was refused for want of budget or room be told.
    fn refuse(&mut self, now: Instant, source: IpAddr, reason: Refusal) {
        let whom = match reason {
            Refusal::SourceRate | Refusal::Busy => Some(source),
            Refusal::TotalRate => None,
            _ => return,
        };
        self.pressure.refuse(now, whom, &mut self.rng);
    }

    pub(super) fn hear_query<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        query: &Query<'d>,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        // The group gets no answer to what comes from beyond the link: its asker alone may get one.
        let multicast_reply = query.multicast_reply && arrival.on_link;
        let query = &Query { multicast_reply, ..*query };
        let is_filtered = !query.filter.as_bytes().is_empty();
        let local = arrival.from.local.as_ref().filter(|_| is_filtered);
        // To the group they say as much as they can, whatever the question's length.
        let limit = if multicast_reply { usize::MAX } else { query.reply_limit() };
        // Who asks with a secret would not take an answer without; only then does anything come of it.
        if !self.services.find(query, local, limit, &mut self.asked)
            || !is_proven(self.keyring.as_ref(), arrival, datagram, &mut self.life.counts)
        {
            return None;
        }
        let mark = self.recent.mark(arrival.from.remote, datagram);
        if self.recent.contains(mark) {
            self.life.counts.duplicates += 1;
            return None;
        }
        if places::is_empty(&self.asked) {
            self.life.counts.ignored += 1;
            return None;
        }
        let refused = self.answer(now, arrival, query, mark).err();
        self.life.counts.ignored += u64::from(refused.is_some());
        if let Some(reason) = refused {
            self.refuse(now, arrival.from.remote.ip(), reason);
        }
        let name = query.tlvs.iter().find_map(|tlv| match tlv {
            Tlv::SelectService(name) => Some(name),
            _ => None,
        });
        let (protocol, from) = (Protocol::MCAST, arrival.from);
        let question = Question::Service { name, watch: query.watch };
        Some(Action::Emit(Event::Asked { protocol, from, question, refused }))
    }

    pub(super) fn hear_announcement(
        &mut self,
        now: Instant,
        arrival: Arrival,
        id: u64,
        datagram: &[u8],
    ) {
        let keyring = self.keyring.as_ref();
        if !self.services.has(id)
            && arrival.on_link
            && is_proven(keyring, arrival, datagram, &mut self.life.counts)
        {
            self.crowd.heard_announcement(now, id);
            self.announcer.heard_announcement(now, &mut self.rng);
        }
    }
}
