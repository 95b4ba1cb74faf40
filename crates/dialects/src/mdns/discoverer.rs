//! The one-shot asker: it asks, collects, and comes to its end.

use alloc::collections::BTreeSet;
use core::time::Duration;

use mcast_proto::{
    Action, Arrival, Destination, Doubts, Instant, LaneId, Machine, Message, Observation, Summary,
    Via,
};

use super::answer;
use super::arrival::heard;
use super::cut::Cuts;
use super::identity::ServiceType;
use super::question::QuestionBuf;
use super::retries::Pace;
use super::steps::Steps;
use super::table::Table;
use super::told::{self, Told};
use super::types::Types;
use super::wire::{self, kind};
use crate::scan::{Course, Draws};

/// Where there is no deadline, the end comes after so many times the silence at the latest: whoever invents
/// instances can't keep a run from its end.
const MOST_SILENCES: u32 = 10;

/// The lane by which the group is asked, from the protocol's port.
const BY_GROUP: LaneId = LaneId(1);

/// What a [`Discoverer`] asks for, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// These types alone; where there are none, all that are listed, and the usual ones.
    pub only: BTreeSet<ServiceType>,
    /// How many times each question is put, if it is not answered; zero counts as one. Each time it has another
    /// number, because some ignore one that they have just heard.
    pub repeat: u32,
    /// The end comes this long after the last new answer, and after the last question that is not a repeat.
    pub silence: Duration,
    /// The end comes this long after the start in any case; where there is none, after ten times the silence.
    pub deadline: Option<Duration>,
    /// The end comes as soon as this many instances are found.
    pub count: Option<u64>,
    /// Instances that are remembered, about 1 KiB each, taken as they come. Where there are more, one gives way,
    /// of the host that has told of most, so that whoever invents instances hides no other host's: who gave way
    /// was found, and may be found again. Only a host that has told of more than 64, and of more than all others,
    /// is not listened to any more: that is counted in [`Summary::ignored`]. In both cases
    /// [`Summary::doubts`] has [`Doubts::NO_ROOM`].
    pub capacity: usize,
}

impl Default for Discovery {
    /// Everything, asked for three times, until three seconds have brought nothing new.
    fn default() -> Discovery {
        Discovery {
            only: BTreeSet::new(),
            repeat: 3,
            silence: Duration::from_secs(3),
            deadline: None,
            count: None,
            capacity: 4096,
        }
    }
}

/// Asks which services there are on the link, from a private port, and reports each instance once it is known
/// whole, or after two seconds with what is known of it by then.
///
/// Where something may be left out of an answer, because some keep those within 512 bytes, the type is asked for once
/// from the protocol's port, so that the answer comes to the group. Where none comes from the same address,
/// [`Summary::doubts`] has [`Doubts::CUT_SHORT`].
///
/// An instance is a whole name on a link, in any case of letters. What is learned of one after it was found is
/// told as a change.
#[derive(Debug, Clone)]
pub struct Discoverer {
    config: Discovery,
    course: Course,
    types: Types,
    table: Table,
    cuts: Cuts,
    steps: Steps,
    /// Whether a type came last, and not a detail of an instance: where both wait, they take turns.
    is_types_turn: bool,
    /// Whether the group is asked first: it takes turns with all else.
    is_groups_turn: bool,
    draws: Draws,
    question: QuestionBuf,
    /// What last put off the end: something new, or a question for it.
    last_news: Instant,
    /// Nothing more is asked or heard: what is known is told.
    is_ending: bool,
    told: Option<Told>,
}

impl Discoverer {
    /// A discoverer that starts at the first [`Machine::handle_timeout`]. `seed` decides what is random.
    pub fn new(config: Discovery, seed: u64) -> Discoverer {
        let pace = Pace::Run(config.repeat);
        let draws = Draws::new(seed);
        Discoverer {
            course: Course::default(),
            types: Types::new(&config.only),
            table: Table::new(config.capacity, pace, draws.apart("room")),
            cuts: Cuts::default(),
            steps: Steps::default(),
            is_types_turn: false,
            is_groups_turn: false,
            draws,
            question: QuestionBuf::default(),
            last_news: Instant::ZERO,
            is_ending: false,
            told: None,
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.course.summary(now)
    }

    /// When the run ends if nothing more is heard; `None` where that is not settled.
    pub fn ends(&self) -> Option<Instant> {
        let started = self.course.started()?;
        Some(self.silent().min(started + self.longest()))
    }

    fn silent(&self) -> Instant {
        self.last_news + self.config.silence
    }

    fn longest(&self) -> Duration {
        let longest = self.config.silence.saturating_mul(MOST_SILENCES);
        self.config.deadline.unwrap_or(longest)
    }

    /// Whether as many were found as are wanted.
    fn is_enough(&self) -> bool {
        self.config.count.is_some_and(|count| self.course.counts.found >= count)
    }

    /// When a question is put next.
    fn next_question(&self) -> Option<Instant> {
        let is_waiting = self.table.has_questions() || self.cuts.has_question();
        let waiting = is_waiting.then_some(Instant::AT_ONCE);
        let due = [waiting, self.types.next()].into_iter().flatten().min()?;
        Some(due.max(self.steps.next()))
    }

    /// Whether there is something to tell, which is [`Self::told`] then.
    fn finds_news(&mut self) -> bool {
        if self.is_enough() {
            return false;
        }
        self.told = told::next(&mut self.table, &self.types);
        if let Some(Told::Found(number)) = self.told {
            let is_by_group = self.table.via(number) == Some(Via::Group);
            self.course.counts.found += 1;
            self.course.counts.found_by_group += u64::from(is_by_group);
            if self.is_enough() {
                self.course.close_for(Doubts::COUNT);
            }
        }
        self.told.is_some()
    }

    /// Comes to the end, if it is time: what is known and was not told is told then.
    fn end(&mut self, now: Instant) {
        let is_over = self.ends().is_some_and(|ends| ends <= now);
        if self.course.is_open() && !is_over {
            return;
        }
        if self.course.is_open() && self.silent() > now {
            self.course.counts.doubts |= Doubts::DEADLINE;
        }
        self.is_ending = true;
        self.table.renew_untold();
    }

    /// Puts a question, if one is due.
    fn ask(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.next_question().is_none_or(|next| next > now) || !self.steps.take(now) {
            return None;
        }
        self.is_groups_turn = !self.is_groups_turn;
        let lane = if self.is_groups_turn && self.ask_group(now) {
            BY_GROUP
        } else if self.ask_alone(now) {
            LaneId::FIRST
        } else if self.ask_group(now) {
            BY_GROUP
        } else {
            return None;
        };
        self.course.counts.sent += 1;
        let message = Message::Plain(self.question.as_bytes());
        Some(Action::Send { to: Destination::Group(lane), message })
    }

    /// Asks the group for a type of which something may be missing. Nothing is said to be known, so that all is told.
    fn ask_group(&mut self, now: Instant) -> bool {
        let Some(one) = self.cuts.take(now).and_then(|number| self.types.get(number)) else {
            return false;
        };
        self.last_news = now;
        self.question.begin(0);
        self.question.ask(&one.name, kind::PTR);
        true
    }

    /// Asks from the private port.
    fn ask_alone(&mut self, now: Instant) -> bool {
        // A number that no other of this run has, as good as certainly, and not that of a message to the group.
        self.question.begin(self.draws.number() as u16 | 1);
        self.is_types_turn = !self.is_types_turn;
        (self.is_types_turn && self.ask_type(now)) || self.ask_detail() || self.ask_type(now)
    }

    fn ask_type(&mut self, now: Instant) -> bool {
        let pace = Pace::Run(self.config.repeat);
        let Some((number, is_first)) = self.types.take(now, pace, &mut self.draws) else {
            return false;
        };
        if is_first {
            self.last_news = now;
        }
        let one = self.types.get(number);
        one.map(|one| self.question.ask(&one.name, kind::PTR)).is_some()
    }

    fn ask_detail(&mut self) -> bool {
        let next = self.table.next_question();
        next.map(|(name, kind)| self.question.ask(name, kind)).is_some()
    }
}

impl Machine for Discoverer {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if !self.course.is_running() || self.is_ending {
            return None;
        }
        self.course.counts.received += 1;
        let Some(message) = wire::Message::read(datagram) else {
            self.course.ignore();
            return None;
        };
        // Others ask too, and our own questions come back to us.
        if !message.is_response() {
            return None;
        }
        let Some(heard) = heard(now, &arrival, true) else {
            self.course.ignore();
            return None;
        };
        let outcome = answer::hear(&mut self.table, &mut self.types, &heard, &message);
        self.cuts.hear(&self.types, &heard, &message, datagram.len());
        let doubt = if self.cuts.is_doubtful() { Doubts::CUT_SHORT } else { Doubts::NONE };
        self.course.counts.doubts = self.course.counts.doubts.without(Doubts::CUT_SHORT) | doubt;
        if outcome.lacks_room {
            self.course.lack_room();
        }
        if outcome.is_news {
            self.last_news = now;
        } else if outcome.lacks_room {
            self.course.ignore();
        } else {
            self.course.counts.duplicates += 1;
        }
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.course.start(now) {
            self.last_news = now;
            self.types.restart(now);
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if !self.is_ending {
            self.table.take_turns(now, &mut self.types);
            while let Some(kind) = self.table.next_unanswered() {
                self.cuts.ask(kind);
            }
            self.end(now);
        }
        if self.finds_news() {
            return told::event(&self.table, self.told.as_ref()?).map(Action::Emit);
        }
        if self.is_ending {
            return Some(self.course.finish(now));
        }
        self.ask(now)
    }

    fn deadline(&self) -> Option<Instant> {
        if self.is_ending || self.table.has_news() {
            return self.course.deadline(Some(Instant::AT_ONCE));
        }
        let next = [self.table.next(), self.next_question(), self.ends()];
        self.course.deadline(next.into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        self.course.close_for(Doubts::CLOSED);
    }

    fn handle_observation(&mut self, _now: Instant, observation: Observation) {
        match observation {
            Observation::Dropped { datagrams } => self.course.drop_datagrams(datagrams),
            Observation::NetworkChanged if self.course.is_running() => {
                self.course.counts.doubts |= Doubts::NETWORK_CHANGED;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
impl Discoverer {
    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

#[cfg(test)]
mod tests;
