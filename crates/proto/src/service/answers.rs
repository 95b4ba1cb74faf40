//! Answers that wait for their time.

use alloc::vec::Vec;
use core::time::Duration;

use super::places;
use crate::rng::Rng;
use crate::{Instant, Path};

/// The answers to a question, one of each service that was asked, each sent once or several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// Who asked.
    pub(super) to: Path,
    pub(super) txn: u64,
    pub(super) round: u16,
    /// The longest that one may be.
    pub(super) limit: usize,
    /// The copy that is sent next, from 0, and how many there are.
    pub(super) copy: u8,
    pub(super) copies: u8,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    due: Instant,
    answer: Answer,
    /// Each copy has a part of the window to itself, of so many nanoseconds: when the part begins that is under
    /// way.
    begins: Instant,
    part: u64,
    /// Within a part each service has a cell to itself, in an order that begins at a random one.
    cells: u16,
    cell: u16,
    start: u16,
    /// Whose answer is due next.
    place: u16,
}

impl Waiting {
    fn draw(&mut self, rng: &mut Rng) {
        let (begins, cell) = match self.cells {
            0 | 1 => (0, self.part),
            cells => {
                (self.part * u64::from(self.cell) / u64::from(cells), self.part / u64::from(cells))
            }
        };
        self.due = self.begins + Duration::from_nanos(begins + rng.up_to(cell));
    }

    /// Goes on to the next answer of these services; says whether there is one.
    fn step(&mut self, services: &[u64], rng: &mut Rng) -> bool {
        let (start, place) = (self.start.into(), self.place.into());
        let mut next = if self.cells > 1 { places::next(services, start, place) } else { None };
        if next.is_some() {
            self.cell += 1;
        } else {
            self.answer.copy += 1;
            if self.answer.copy == self.answer.copies {
                return false;
            }
            self.begins = self.begins + Duration::from_nanos(self.part);
            self.cell = 0;
            next = places::first(services, start);
        }
        let Some(place) = next else { return false };
        self.place = place as u16;
        self.draw(rng);
        true
    }
}

/// All questions whose answers wait, so few that looking through them is the quickest. None takes another's
/// place because of what it says: whoever forged a question could cancel an answer by it.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    waiting: Vec<Waiting>,
    /// Whose answers each of them waits for, in so many words each.
    services: Vec<u64>,
    words: usize,
    most: usize,
    due: Option<Instant>,
}

/// What became of an answer that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// It waits.
    Free,
    /// It waits, in the place of this one, which is not sent.
    InPlaceOf(Answer),
    /// It has no place.
    Nowhere,
}

impl Answers {
    /// Room for `most` questions, at least one.
    pub(super) fn new(most: usize) -> Answers {
        let waiting = Vec::with_capacity(most);
        Answers { waiting, services: Vec::new(), words: 0, most, due: None }
    }

    /// Makes room for the answers of so many services.
    pub(super) fn grow(&mut self, services: usize) {
        let words = places::words_for(services);
        if words == self.words {
            return;
        }
        let mut grown = alloc::vec![0; words * self.most];
        let before = self.services.chunks(self.words.max(1));
        for (new, old) in grown.chunks_mut(words.max(1)).zip(before) {
            new.iter_mut().zip(old).for_each(|(new, old)| *new = *old);
        }
        (self.services, self.words) = (grown, words);
    }

    /// Spreads the answers of these services over the window, beginning with that of `start` or of the next one. Each copy is
    /// sent at a random time of a part of its own, and within that each service's in a cell of its own, so that
    /// those of hundreds are as far apart as they can be. Where there is no room left, what would wait for
    /// longest gives way, so that nobody can fill it with answers that are never due.
    pub(super) fn spread(
        &mut self,
        now: Instant,
        answer: Answer,
        (services, start): (&[u64], usize),
        window: Duration,
        rng: &mut Rng,
    ) -> Placed {
        let part = window.as_nanos() as u64 / u64::from(answer.copies.max(1));
        let (cells, start) = (places::count(services) as u16, start as u16);
        let place = places::first(services, start.into()).map_or(start, |place| place as u16);
        let mut waiting =
            Waiting { due: now, answer, begins: now, part, cells, cell: 0, start, place };
        waiting.draw(rng);
        let placed = self.place(waiting, services);
        self.update();
        placed
    }

    fn place(&mut self, new: Waiting, services: &[u64]) -> Placed {
        let (at, placed) = if self.waiting.len() < self.most {
            self.waiting.push(new);
            (self.waiting.len() - 1, Placed::Free)
        } else {
            let longest = self.waiting.iter_mut().enumerate().max_by_key(|(_, it)| it.due);
            let Some((at, longest)) = longest.filter(|(_, longest)| longest.due > new.due) else {
                return Placed::Nowhere;
            };
            (at, Placed::InPlaceOf(core::mem::replace(longest, new).answer))
        };
        if let Some(own) = self.services.get_mut(at * self.words..(at + 1) * self.words) {
            own.iter_mut().zip(services).for_each(|(own, asked)| *own = *asked);
        }
        placed
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes out the next copy that is due, and says whose.
    pub(super) fn pop_due(&mut self, now: Instant, rng: &mut Rng) -> Option<(Answer, usize)> {
        let due = self.due.filter(|due| *due <= now)?;
        let at = self.waiting.iter().position(|waiting| waiting.due == due)?;
        let waiting = self.waiting.get(at)?;
        let popped = (waiting.answer, usize::from(waiting.place));
        self.step(at, rng);
        self.update();
        Some(popped)
    }

    /// A service answers no more.
    pub(super) fn forget(&mut self, service: usize, rng: &mut Rng) {
        // From the last on: what goes is replaced by the last.
        for at in (0..self.waiting.len()).rev() {
            let own = self.services.get_mut(at * self.words..(at + 1) * self.words);
            let was_asked = own.is_some_and(|own| places::remove(own, service));
            let next = self.waiting.get(at).map(|waiting| usize::from(waiting.place));
            let is_next = next == Some(service);
            if was_asked && is_next {
                self.step(at, rng);
            }
        }
        self.update();
    }

    /// Goes on to the next answer to a question, or is done with it.
    fn step(&mut self, at: usize, rng: &mut Rng) {
        let words = self.words;
        let services = self.services.get(at * words..(at + 1) * words).unwrap_or_default();
        if self.waiting.get_mut(at).is_some_and(|waiting| waiting.step(services, rng)) {
            return;
        }
        self.waiting.swap_remove(at);
        let last = self.waiting.len();
        if at < last {
            self.services.copy_within(last * words..(last + 1) * words, at * words);
        }
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.due = None;
    }

    fn update(&mut self) {
        self.due = self.waiting.iter().map(|waiting| waiting.due).min();
    }
}

#[cfg(test)]
mod tests;
