//! Answers that wait for their time.

use alloc::vec::Vec;
use core::time::Duration;

use crate::rng::Rng;
use crate::service::answer::places;
use crate::{Instant, Path};

/// The answers to a question, one of each service that was asked, each sent once or several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Who asked.
    pub(crate) to: Path,
    pub(crate) txn: u64,
    pub(crate) round: u16,
    /// The longest that one may be.
    pub(crate) limit: usize,
    /// The copy that is sent next, from 0, and how many there are.
    pub(crate) copy: u8,
    pub(crate) copies: u8,
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
pub(crate) struct Answers {
    waiting: Vec<Waiting>,
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

    /// Spreads the answers of these services over the window, beginning with that of `start` or of the next one. Each copy is
    /// sent at a random time of a part of its own, and within that each service's in a cell of its own, so that
    /// those of hundreds are as far apart as they can be. Where there is no room left, what would wait for
    /// longest gives way, so that nobody can fill it with answers that are never due.
    pub(crate) fn spread(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(txn: u64, copies: u8) -> Answer {
        let to = Path::new("10.0.0.9:4000".parse().unwrap());
        Answer { to, txn, round: 1, limit: 128, copy: 0, copies }
    }

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    /// The only service.
    const ONE: (&[u64], usize) = (&[1], 0);

    fn room_for(most: usize) -> Answers {
        let mut answers = Answers::new(most);
        answers.grow(1);
        answers
    }

    #[test]
    fn each_copy_has_a_part_of_the_window_to_itself() {
        let mut rng = Rng::new(1);
        let window = Duration::from_millis(30);
        let mut tenths = [0u32; 30];
        for _ in 0..1_000 {
            let mut answers = room_for(64);
            assert_eq!(answers.spread(at(100), answer(1, 3), ONE, window, &mut rng), Placed::Free);
            for copy in 0..3 {
                let due = answers.due().unwrap();
                assert!(due >= at(100 + 10 * copy) && due <= at(110 + 10 * copy), "{due:?}");
                tenths[((due - at(100)).as_millis() as usize).min(29)] += 1;
                assert_eq!(answers.pop_due(at(99 + 10 * copy), &mut rng), None);
                let sent = answers.pop_due(due, &mut rng).unwrap();
                assert_eq!(sent, (Answer { copy: copy as u8, ..answer(1, 3) }, 0));
            }
            assert_eq!(answers.due(), None);
        }
        assert!(tenths.iter().all(|n| (50..160).contains(n)), "{tenths:?}");
    }

    #[test]
    fn a_later_answer_to_the_same_asker_leaves_what_waits_where_it_is() {
        let mut rng = Rng::new(2);
        let mut answers = room_for(64);
        let window = Duration::from_millis(24);
        answers.spread(at(0), Answer { round: 7, ..answer(1, 3) }, ONE, window, &mut rng);
        for ms in 0..50 {
            // What somebody forged in its name, due before it.
            let forged = Answer { round: 60_000, ..answer(1, 1) };
            answers.spread(at(0), forged, ONE, Duration::from_micros(ms), &mut rng);
        }
        let popped = core::iter::from_fn(|| answers.pop_due(at(24), &mut rng));
        let sent: Vec<Answer> = popped.map(|(answer, _)| answer).collect();
        let copies = sent.iter().filter(|sent| sent.round == 7).map(|sent| sent.copy);
        assert!(copies.eq(0..3) && sent.len() == 53);
    }

    #[test]
    fn what_would_wait_for_longest_gives_way_and_is_named() {
        let mut rng = Rng::new(3);
        let mut answers = room_for(2);
        let (long, short) = (Duration::from_secs(10), Duration::ZERO);
        for txn in 1..3 {
            assert_eq!(answers.spread(at(0), answer(txn, 3), ONE, long, &mut rng), Placed::Free);
        }
        let longest = answers.waiting.iter().max_by_key(|waiting| waiting.due).unwrap().answer;
        let placed = answers.spread(at(1), answer(3, 3), ONE, short, &mut rng);
        assert_eq!(placed, Placed::InPlaceOf(longest));
        assert_eq!(answers.due(), Some(at(1)));
        let placed = answers.spread(at(10_000), answer(4, 3), ONE, short, &mut rng);
        assert_eq!(placed, Placed::Nowhere);
        // One that would wait as long does not push another out.
        let mut answers = room_for(1);
        assert_eq!(answers.spread(at(0), answer(1, 1), ONE, short, &mut rng), Placed::Free);
        assert_eq!(answers.spread(at(0), answer(2, 1), ONE, short, &mut rng), Placed::Nowhere);
        answers.clear();
        assert_eq!((answers.due(), answers.pop_due(at(9), &mut rng)), (None, None));
        assert_eq!(answers.spread(at(0), answer(2, 1), ONE, short, &mut rng), Placed::Free);
    }

    /// Some of 130 services.
    fn many() -> ([u64; 3], Vec<usize>) {
        let mut services = [0; 3];
        (0..130).step_by(3).for_each(|place| services[place / 64] |= 1 << (place % 64));
        (services, (0..130).step_by(3).collect())
    }

    #[test]
    fn of_many_services_each_answers_once_a_copy_in_a_cell_of_its_own_that_is_another_each_time() {
        let mut rng = Rng::new(4);
        let (services, all) = many();
        let window = Duration::from_millis(88);
        let mut firsts = alloc::collections::BTreeSet::new();
        for _ in 0..200 {
            let mut answers = Answers::new(2);
            answers.grow(130);
            let asked = (&services[..], places::any(&services, &mut rng));
            answers.spread(at(100), answer(1, 2), asked, window, &mut rng);
            for copy in 0..2 {
                let mut sent = Vec::new();
                for cell in 0..44 {
                    let due = answers.due().unwrap();
                    let begins = 100 + 44 * copy + cell;
                    assert!(due >= at(begins) && due <= at(begins + 1), "{due:?}");
                    let (answer, place) = answers.pop_due(due, &mut rng).unwrap();
                    assert_eq!(u64::from(answer.copy), copy);
                    sent.push(place);
                }
                firsts.insert(sent[0]);
                sent.sort_unstable();
                assert_eq!(sent, all);
            }
            assert_eq!(answers.due(), None);
        }
        assert!(firsts.len() > 40, "{}", firsts.len());
    }

    #[test]
    fn who_answers_no_more_is_passed_over_and_the_others_answer_all_the_same() {
        let mut rng = Rng::new(5);
        let (services, all) = many();
        for sent_before in 0..88 {
            let mut answers = Answers::new(3);
            answers.grow(130);
            for txn in 1..=3 {
                let asked = (&services[..], places::any(&services, &mut rng));
                answers.spread(at(0), answer(txn, 2), asked, Duration::ZERO, &mut rng);
            }
            let mut sent = Vec::new();
            sent.extend((0..sent_before).filter_map(|_| answers.pop_due(at(9), &mut rng)));
            // The one that is next, and any other.
            let next = answers.clone().pop_due(at(9), &mut rng).map_or(0, |(_, place)| place);
            let gone = [next, 33];
            gone.iter().for_each(|place| answers.forget(*place, &mut rng));
            let after: Vec<_> = core::iter::from_fn(|| answers.pop_due(at(9), &mut rng)).collect();
            assert!(after.iter().all(|(_, place)| !gone.contains(place)), "{sent_before}");
            sent.extend(after);
            for place in all.iter().filter(|place| !gone.contains(*place)) {
                assert_eq!(sent.iter().filter(|(_, whose)| whose == place).count(), 6);
            }
        }
        let mut answers = room_for(2);
        answers.spread(at(0), answer(1, 3), ONE, Duration::ZERO, &mut rng);
        answers.forget(0, &mut rng);
        assert_eq!((answers.due(), answers.waiting.len()), (None, 0));
    }

    #[test]
    fn more_room_for_services_leaves_what_waits_as_it_is() {
        let mut rng = Rng::new(6);
        let mut answers = room_for(4);
        for txn in 1..=3 {
            answers.spread(at(0), answer(txn, 1), (&[0b101], 2), Duration::ZERO, &mut rng);
        }
        answers.grow(200);
        let mut sent: Vec<_> = core::iter::from_fn(|| answers.pop_due(at(9), &mut rng))
            .map(|(answer, place)| (answer.txn, place))
            .collect();
        sent.sort_unstable();
        assert_eq!(sent, [(1, 0), (1, 2), (2, 0), (2, 2), (3, 0), (3, 2)]);
    }
}
