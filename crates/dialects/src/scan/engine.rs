//! What one who asks once and one who watches have in common: hearing, telling, and putting questions.

use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Action, Arrival, Destination, Doubts, Instant, Message, Path};

use super::asking::Asking;
use super::course::Course;
use super::dialect::{Dialect, Told, Verdict};
use super::draws::Draws;
use super::follow_ups::FollowUps;
use super::session::{News, Session};
use super::telling;

#[derive(Debug)]
pub(crate) struct Engine<D> {
    pub(crate) dialect: D,
    pub(crate) course: Course,
    pub(crate) session: Session,
    pub(crate) asking: Asking,
    pub(crate) follow_ups: FollowUps,
    draws: Draws,
    /// The finds after which no more are wanted.
    most: u64,
    /// When something new was last heard.
    last_news: Instant,
    /// What is being told, and what is being sent.
    news: Option<News>,
    message: Vec<u8>,
}

impl<D: Dialect> Engine<D> {
    pub(crate) fn new(
        dialect: D,
        repeat: u32,
        capacity: usize,
        most: Option<u64>,
        is_watching: bool,
        seed: u64,
    ) -> Engine<D> {
        let draws = Draws::new(seed);
        Engine {
            asking: Asking::new(dialect.questions(), repeat),
            course: Course::default(),
            session: Session::new(capacity, is_watching, draws.apart("room")),
            follow_ups: FollowUps::default(),
            draws,
            most: most.unwrap_or(u64::MAX),
            last_news: Instant::ZERO,
            news: None,
            message: Vec::new(),
            dialect,
        }
    }

    pub(crate) fn last_news(&self) -> Instant {
        self.last_news
    }

    /// Takes a datagram; what it says is told later.
    pub(crate) fn hear(&mut self, now: Instant, arrival: Arrival, datagram: &[u8]) {
        if !self.course.is_running() {
            return;
        }
        self.course.counts.received += 1;
        if !arrival.from.is_peer() {
            self.course.ignore();
            return;
        }
        let taken = arrival.time(now);
        let round_trip = self.asking.round_trip(taken);
        let mut verdict = Verdict::Refused;
        let (had_news, lacked_room) = self.told(now, round_trip, |dialect, told| {
            verdict = dialect.hear(datagram, &arrival, told);
        });
        match verdict {
            Verdict::Refused => self.course.ignore(),
            Verdict::Taken if lacked_room => self.course.ignore(),
            Verdict::Taken if !had_news => self.course.counts.duplicates += 1,
            Verdict::Taken | Verdict::Beside => {}
        }
    }

    /// Lets the dialect do the business that is due.
    pub(crate) fn wake(&mut self, now: Instant) {
        self.told(now, Duration::ZERO, |dialect, told| dialect.wake(told));
    }

    /// Lets the dialect tell what it waits for the rest of.
    pub(crate) fn give_up(&mut self, now: Instant) {
        self.told(now, Duration::ZERO, |dialect, told| dialect.give_up(told));
    }

    /// Whether there was news, and whether room was lacking.
    fn told(
        &mut self,
        now: Instant,
        round_trip: Duration,
        tell: impl FnOnce(&mut D, &mut Told<'_>),
    ) -> (bool, bool) {
        let mut told = Told {
            now,
            session: &mut self.session,
            follow_ups: &mut self.follow_ups,
            course: &mut self.course,
            draws: &mut self.draws,
            round_trip,
            most: self.most,
            had_news: false,
            lacked_room: false,
        };
        tell(&mut self.dialect, &mut told);
        let (had_news, lacked_room) = (told.had_news, told.lacked_room);
        if had_news {
            self.last_news = now;
        }
        self.course.counts.found = self.session.found();
        (had_news, lacked_room)
    }

    /// As many were found as are wanted.
    pub(crate) fn has_enough(&self) -> bool {
        self.session.found() >= self.most
    }

    /// Tells the next thing, if anything is to be told.
    pub(crate) fn tell(&mut self) -> Option<Action<'_>> {
        self.news = self.session.next_news();
        let news = self.news.as_ref()?;
        if news.is_cut() {
            self.course.counts.doubts |= Doubts::CUT_SHORT;
        }
        Some(Action::Emit(telling::event(self.dialect.protocol(), news)))
    }

    /// When the next question is due, to all or to one.
    pub(crate) fn next_question(&self) -> Option<Instant> {
        [self.asking.next(), self.follow_ups.due()].into_iter().flatten().min()
    }

    /// Puts the question that is due.
    pub(crate) fn put(&mut self, now: Instant) -> Option<Action<'_>> {
        if let Some(nth) = self.asking.take(now, &mut self.draws) {
            self.message.clear();
            self.dialect.ask(nth, now, &mut self.draws, &mut self.message);
            return Some(self.send(Destination::GROUP));
        }
        let follow_up = self.follow_ups.take(now)?;
        self.message = follow_up.bytes;
        Some(self.send(follow_up.to))
    }

    /// Asks one alone whether it is still there, where the dialect has a question for that.
    pub(crate) fn recall(&mut self, path: Path, by: &[u8]) -> Option<Action<'_>> {
        self.message.clear();
        let to = self.dialect.recall(path, by, &mut self.message)?;
        Some(self.send(to))
    }

    fn send(&mut self, to: Destination) -> Action<'_> {
        self.course.counts.sent += 1;
        Action::Send { to, message: Message::Plain(&self.message) }
    }
}
