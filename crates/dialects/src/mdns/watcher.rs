//! The watching side: a full querier, which asks seldom, hears what is said unasked, and tells who comes, changes
//! and goes.

use alloc::collections::BTreeSet;
use core::time::Duration;

use mcast_proto::{
    Action, Arrival, Destination, Doubts, Instant, Machine, Message, Observation, Summary, Via,
};

use super::answer;
use super::arrival::heard;
use super::identity::ServiceType;
use super::known::Known;
use super::overheard;
use super::question::QuestionBuf;
use super::retries::Pace;
use super::steps::{QUESTIONS, Steps};
use super::table::Table;
use super::told::{self, Told};
use super::types::Types;
use super::wire::{self, kind};
use crate::scan::{Course, Draws};

/// The first question is put after so long, at random, because others may have been woken by the same (RFC 6762
/// section 5.2).
const FIRST_AFTER: Duration = Duration::from_millis(20);
const FIRST_WITHIN: Duration = Duration::from_millis(100);

/// From where a [`Watcher`] asks. The driver knows which it could have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Port {
    /// From the protocol's port, as a full querier: answers come to the group, and say for how long they hold.
    #[default]
    Own,
    /// From a private port, because the protocol's could not be had: the group is not heard. Then nothing is known
    /// of what is said unasked: who comes and who changes is noticed when it is next asked for, and who says
    /// goodbye is lost two minutes later. [`Summary::doubts`] has [`Doubts::UNHEARD`].
    Private,
}

/// What a [`Watcher`] looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// These types alone; where there are none, all that are listed, and the usual ones.
    pub only: BTreeSet<ServiceType>,
    /// From where it asks.
    pub port: Port,
    /// Instances that are remembered, about 1 KiB each: see [`Discovery::capacity`](super::Discovery::capacity).
    /// Who gives way is told as lost for want of room.
    pub capacity: usize,
}

impl Default for Watching {
    /// Everything, from the protocol's port.
    fn default() -> Watching {
        Watching { only: BTreeSet::new(), port: Port::Own, capacity: 4096 }
    }
}

/// Asks which services there are on the link, listens to what is said unasked, and reports each instance that
/// comes, changes and goes, until it is closed.
///
/// An instance is lost when it has said goodbye, or when what it said holds no longer, and it has not answered
/// when asked again.
#[derive(Debug, Clone)]
pub struct Watcher {
    config: Watching,
    course: Course,
    types: Types,
    table: Table,
    steps: Steps,
    draws: Draws,
    question: QuestionBuf,
    known: Known,
    told: Option<Told>,
}

impl Watcher {
    /// A watcher that starts at the first [`Machine::handle_timeout`]. `seed` decides what is random.
    pub fn new(config: Watching, seed: u64) -> Watcher {
        let draws = Draws::new(seed);
        Watcher {
            course: Course::default(),
            types: Types::new(&config.only),
            table: Table::new(config.capacity, Pace::Watch, draws.apart("room")),
            steps: Steps::default(),
            draws,
            question: QuestionBuf::default(),
            known: Known::default(),
            told: None,
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.course.summary(now)
    }

    /// From where it asks.
    pub fn from_port(&self) -> Port {
        self.config.port
    }

    /// All are asked for, a little later.
    fn restart(&mut self, now: Instant) {
        let first = now + FIRST_AFTER + self.draws.within(FIRST_WITHIN);
        self.types.restart(first);
    }

    fn is_private(&self) -> bool {
        self.config.port == Port::Private
    }

    /// When a message is sent next.
    fn next_question(&self) -> Option<Instant> {
        if self.known.is_open() { Some(Instant::AT_ONCE) } else { self.next_fresh() }
    }

    /// When something is asked for next.
    fn next_fresh(&self) -> Option<Instant> {
        let waiting = self.table.has_questions().then_some(Instant::AT_ONCE);
        let due = [waiting, self.types.next()].into_iter().flatten().min()?;
        Some(due.max(self.steps.next()))
    }

    /// Whether there is something to tell, which is [`Self::told`] then.
    fn finds_news(&mut self) -> bool {
        self.told = told::next(&mut self.table, &self.types);
        if let Some(Told::Found(number)) = self.told {
            let is_by_group = self.table.via(number) == Some(Via::Group);
            self.course.counts.found += 1;
            self.course.counts.found_by_group += u64::from(is_by_group);
        }
        self.told.is_some()
    }

    /// Sends a message, if one is due: up to five questions, with what is known of what they ask for; or more of
    /// what is known.
    fn ask(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.next_question().is_none_or(|next| next > now) {
            return None;
        }
        // To the group no message has a number; to a private port, where it would be taken for the same again,
        // each has another.
        let id = if self.is_private() { self.draws.number() as u16 | 1 } else { 0 };
        self.question.begin(id);
        if self.known.is_open() {
            self.known.turn_page();
        } else {
            self.put_questions(now);
        }
        if !self.known.say(now, &self.table, &self.types, &mut self.question) {
            self.question.continue_later();
        }
        if self.question.is_empty() {
            return None;
        }
        self.course.counts.sent += 1;
        let message = Message::Plain(self.question.as_bytes());
        Some(Action::Send { to: Destination::GROUP, message })
    }

    fn put_questions(&mut self, now: Instant) {
        let most = if self.is_private() { 1 } else { QUESTIONS };
        for _ in 0..most {
            if self.next_fresh().is_none_or(|next| next > now) || !self.steps.take(now) {
                return;
            }
            if let Some((number, _)) = self.types.take(now, Pace::Watch, &mut self.draws) {
                let Some(one) = self.types.get(number) else { return };
                let at = self.question.ask(&one.name, kind::PTR);
                if !self.is_private() {
                    self.known.add(number, at);
                }
            } else if let Some((name, kind)) = self.table.next_question() {
                self.question.ask(name, kind);
            }
        }
    }
}

impl Machine for Watcher {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if !self.course.is_running() {
            return None;
        }
        self.course.counts.received += 1;
        let Some(message) = wire::Message::read(datagram) else {
            self.course.ignore();
            return None;
        };
        if !message.is_response() {
            overheard::ask(&mut self.table, &self.types, now, &arrival, &message);
            return None;
        }
        let Some(heard) = heard(now, &arrival, self.is_private()) else {
            self.course.ignore();
            return None;
        };
        self.known.hear(arrival.from.interface);
        let outcome = answer::hear(&mut self.table, &mut self.types, &heard, &message);
        if outcome.lacks_room {
            self.course.lack_room();
        }
        if !outcome.is_news && outcome.lacks_room {
            self.course.ignore();
        } else if !outcome.is_news {
            self.course.counts.duplicates += 1;
        }
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.course.start(now) {
            self.restart(now);
            if self.is_private() {
                self.course.counts.doubts |= Doubts::UNHEARD;
            }
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if !self.course.is_open() {
            return Some(self.course.finish(now));
        }
        self.table.take_turns(now, &mut self.types);
        if self.finds_news() {
            return told::event(&self.table, self.told.as_ref()?).map(Action::Emit);
        }
        self.ask(now)
    }

    fn deadline(&self) -> Option<Instant> {
        if self.table.has_news() {
            return self.course.deadline(Some(Instant::AT_ONCE));
        }
        let next = [self.table.next(), self.next_question()];
        self.course.deadline(next.into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        self.course.close_for(Doubts::CLOSED);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match observation {
            // There may be others on the network now.
            Observation::NetworkChanged if self.course.is_running() => self.restart(now),
            Observation::Dropped { datagrams } => self.course.drop_datagrams(datagrams),
            _ => {}
        }
    }
}

#[cfg(test)]
impl Watcher {
    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

#[cfg(test)]
mod tests;
