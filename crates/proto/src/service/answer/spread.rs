//! How the answers to one question are spread over its window.

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

/// When each of them is due, one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) due: Instant,
    pub(crate) answer: Answer,
    /// Each copy has a part of the window to itself, of so many nanoseconds: when the part begins that is under
    /// way.
    begins: Instant,
    part: u64,
    /// Within a part each service has a cell to itself, in an order that begins at a random one.
    cells: u16,
    cell: u16,
    start: u16,
    /// Whose answer is due next.
    pub(crate) place: u16,
}

impl Spread {
    /// Spreads the answers of these services over the window, beginning with that of `start` or of the next
    /// one. Each copy is sent at a random time of a part of its own, and within that each service's in a cell
    /// of its own, so that those of hundreds are as far apart as they can be.
    pub(crate) fn new(
        now: Instant,
        answer: Answer,
        (services, start): (&[u64], usize),
        window: Duration,
        rng: &mut Rng,
    ) -> Spread {
        let part = window.as_nanos() as u64 / u64::from(answer.copies.max(1));
        let (cells, start) = (places::count(services) as u16, start as u16);
        let place = places::first(services, start.into()).map_or(start, |place| place as u16);
        let mut spread =
            Spread { due: now, answer, begins: now, part, cells, cell: 0, start, place };
        spread.draw(rng);
        spread
    }

    /// Goes on to the next answer of these services; says whether there is one.
    pub(crate) fn step(&mut self, services: &[u64], rng: &mut Rng) -> bool {
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

    fn draw(&mut self, rng: &mut Rng) {
        let (begins, cell) = match self.cells {
            0 | 1 => (0, self.part),
            cells => {
                (self.part * u64::from(self.cell) / u64::from(cells), self.part / u64::from(cells))
            }
        };
        self.due = self.begins + Duration::from_nanos(begins + rng.up_to(cell));
    }
}
