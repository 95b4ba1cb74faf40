//! What one dialect knows, and no other: its questions, and what its answers mean.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use mcast_proto::{Arrival, Destination, Doubts, Instant, Lane, Path, Protocol};

use super::course::Course;
use super::draws::Draws;
use super::fair::{Identity, Key, Source};
use super::follow_ups::{FollowUp, FollowUps};
use super::session::{Heard, Session};
use super::sighting::{Sighting, Words};

/// A protocol that others speak, as far as it is asked and heard. [`Discoverer`](super::Discoverer) and
/// [`Watcher`](super::Watcher) do the rest.
pub trait Dialect: fmt::Debug {
    /// The protocol.
    fn protocol(&self) -> Protocol;

    /// What sockets one needs who asks once. Who watches needs the same, and can wait for an interface.
    fn lane(&self) -> Lane;

    /// How many questions there are; none where it only listens.
    fn questions(&self) -> usize;

    /// Appends one of them to `into`, as it is put for the first time or again.
    fn ask(&mut self, nth: usize, now: Instant, draws: &mut Draws, into: &mut Vec<u8>);

    /// How long after a question an answer may come.
    fn answers_within(&self) -> Duration;

    /// How often one who watches asks everybody again.
    fn every(&self) -> Duration;

    /// Takes a datagram, and tells what it says.
    fn hear(&mut self, datagram: &[u8], arrival: &Arrival, to: &mut Told<'_>) -> Verdict;

    /// Appends what asks one alone whether it is still there, where there is such a question, and says where
    /// it goes. `by` is what its sighting said to recall it by.
    fn recall(&self, path: Path, by: &[u8], into: &mut Vec<u8>) -> Option<Destination> {
        let _ = (path, by, into);
        None
    }

    /// When it has business of its own; `None`: never.
    fn due(&self) -> Option<Instant> {
        None
    }

    /// Does the business that is due.
    fn wake(&mut self, to: &mut Told<'_>) {
        let _ = to;
    }

    /// Tells what it still waits for the rest of.
    fn give_up(&mut self, to: &mut Told<'_>) {
        let _ = to;
    }
}

/// What a datagram is to a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It says what is there, or is there no more; or nothing that is new.
    Taken,
    /// It is of the protocol, and not for whoever asks: somebody else's question.
    Beside,
    /// It is malformed, or from where it must not be.
    Refused,
}

/// Where a dialect tells what it has heard.
pub struct Told<'t> {
    pub(super) now: Instant,
    pub(super) session: &'t mut Session,
    pub(super) follow_ups: &'t mut FollowUps,
    pub(super) course: &'t mut Course,
    pub(super) draws: &'t mut Draws,
    /// From the last question to this datagram.
    pub(super) round_trip: Duration,
    /// The finds after which no more are wanted.
    pub(super) most: u64,
    /// What this datagram came to so far.
    pub(super) had_news: bool,
    pub(super) lacked_room: bool,
}

impl Told<'_> {
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    pub(crate) fn draws(&mut self) -> &mut Draws {
        self.draws
    }

    /// Whether something is known but for this of its [`Words`](super::Words).
    pub(crate) fn lacks(&mut self, from: Path, id: &[u8], nth: usize) -> bool {
        let identity = Identity::of(id);
        let key = Key { source: Source::of(from.remote), identity };
        self.session.lacks(&key, nth)
    }

    /// Whether something is known, and this of its [`Words`](super::Words) too.
    pub(crate) fn knows(&mut self, from: Path, id: &[u8], nth: usize) -> bool {
        let key = Key { source: Source::of(from.remote), identity: Identity::of(id) };
        self.session.knows(&key, nth)
    }

    /// From the last question to this datagram.
    pub(crate) fn since_question(&self) -> Duration {
        self.round_trip
    }

    /// Something is there.
    pub(crate) fn here(&mut self, arrival: &Arrival, sighting: &Sighting<'_>) -> Heard {
        let from = arrival.from;
        if self.session.found() >= self.most {
            return Heard::Nothing;
        }
        let (heard, gave_way) = self.session.hear(self.now, from, arrival.cast.into(), sighting);
        self.had_news |= heard == Heard::News;
        self.lacked_room |= heard == Heard::NoRoom;
        if gave_way || heard == Heard::NoRoom {
            self.course.lack_room();
        }
        heard
    }

    /// Whether these words of something would be told.
    pub(crate) fn is_news(&mut self, from: Path, id: &[u8], words: Words) -> bool {
        let key = Key { source: Source::of(from.remote), identity: Identity::of(id) };
        self.session.is_news(&key, words)
    }

    /// Something of this sender's is there no more.
    pub(crate) fn gone(&mut self, from: Path, id: &[u8]) {
        let identity = Identity::of(id);
        let key = Key { source: Source::of(from.remote), identity };
        self.had_news |= self.session.part(&key);
    }

    /// Something is to be asked because of what came from there. Where there is no room for that, the
    /// answer stays cut short.
    pub(crate) fn follow_up(&mut self, because_of: Path, to: Destination, bytes: Vec<u8>) -> bool {
        let source = Source::of(because_of.remote);
        let is_taken = self.follow_ups.push(source, FollowUp { to, bytes });
        self.had_news |= is_taken;
        if !is_taken {
            self.cut_short();
        }
        is_taken
    }

    /// The whole of an answer could not be had.
    pub(crate) fn cut_short(&mut self) {
        self.course.counts.doubts |= Doubts::CUT_SHORT;
    }
}
