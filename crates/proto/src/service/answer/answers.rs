//! Questions whose answers wait for their time.

use alloc::vec::Vec;
use core::time::Duration;

use crate::Instant;
use crate::rng::Rng;
use crate::service::answer::places;
use crate::service::answer::spread::{Answer, Spread};

#[cfg(test)]
mod tests;

/// All questions whose answers wait, so few that looking through them is the quickest. None takes another's
/// place because of what it says: whoever forged a question could cancel an answer by it.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    waiting: Vec<Spread>,
    /// Whose answers each of them waits for, in so many words each.
    services: Vec<u64>,
    words: usize,
    most: usize,
    due: Option<Instant>,
}

/// What became of an answer that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It waits.
    Free,
    /// It waits, in the place of this one, which is not sent.
    InPlaceOf(Answer),
    /// It has no place.
    Nowhere,
}

impl Answers {
    /// Room for `most` questions, at least one.
    pub(crate) fn new(most: usize) -> Answers {
        let waiting = Vec::with_capacity(most);
        Answers { waiting, services: Vec::new(), words: 0, most, due: None }
    }

    /// Makes room for the answers of so many services.
    pub(crate) fn grow(&mut self, services: usize) {
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

    /// Has the answers of these services wait, spread over the window, beginning with that of `start` or of the
    /// next one. Where there is no room left, what would wait for longest gives way, so that nobody can fill it
    /// with answers that are never due.
    pub(crate) fn spread(
        &mut self,
        now: Instant,
        answer: Answer,
        (services, start): (&[u64], usize),
        window: Duration,
        rng: &mut Rng,
    ) -> Placed {
        let waiting = Spread::new(now, answer, (services, start), window, rng);
        let placed = self.place(waiting, services);
        self.update();
        placed
    }

    fn place(&mut self, new: Spread, services: &[u64]) -> Placed {
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

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes out the next copy that is due, and says whose.
    pub(crate) fn pop_due(&mut self, now: Instant, rng: &mut Rng) -> Option<(Answer, usize)> {
        let due = self.due.filter(|due| *due <= now)?;
        let at = self.waiting.iter().position(|waiting| waiting.due == due)?;
        let waiting = self.waiting.get(at)?;
        let popped = (waiting.answer, usize::from(waiting.place));
        self.step(at, rng);
        self.update();
        Some(popped)
    }

    /// A service answers no more.
    pub(crate) fn forget(&mut self, service: usize, rng: &mut Rng) {
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

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.due = None;
    }

    fn update(&mut self) {
        self.due = self.waiting.iter().map(|waiting| waiting.due).min();
    }
}
