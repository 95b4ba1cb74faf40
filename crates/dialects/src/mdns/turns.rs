//! What is still to be asked because of what was heard: each source that gave rise to questions in its turn,
//! so that whoever invents instances has its own asked for late, and not others'.

use alloc::collections::{BTreeMap, VecDeque};
use core::ops::Bound;

use super::shares::Source;

/// Questions that wait at one time, and those of one source. Whoever finds no room asks later.
const MOST: usize = 4096;
const MOST_OF_ONE: usize = 128;

/// Questions that wait for their turn.
#[derive(Debug, Clone)]
pub(super) struct Turns<T> {
    by_source: BTreeMap<Source, VecDeque<T>>,
    count: usize,
    last: Option<Source>,
}

impl<T> Turns<T> {
    /// None waits.
    pub(super) fn new() -> Turns<T> {
        Turns { by_source: BTreeMap::new(), count: 0, last: None }
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds one that a source gave rise to; whether there is room.
    pub(super) fn push(&mut self, source: Source, question: T) -> bool {
        if self.count >= MOST {
            return false;
        }
        let own = self.by_source.entry(source).or_default();
        let has_room = own.len() < MOST_OF_ONE;
        if has_room {
            own.push_back(question);
            self.count += 1;
        }
        has_room
    }

    /// The next one.
    pub(super) fn pop(&mut self) -> Option<T> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.by_source.range((after, Bound::Unbounded)).next();
        let source = *next.or_else(|| self.by_source.first_key_value())?.0;
        self.last = Some(source);
        let own = self.by_source.get_mut(&source)?;
        let question = own.pop_front()?;
        if own.is_empty() {
            self.by_source.remove(&source);
        }
        self.count -= 1;
        Some(question)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn source(host: u16) -> Source {
        let [high, low] = host.to_be_bytes();
        Source { link: None, ip: [10, 0, high, low].into() }
    }

    #[test]
    fn each_source_has_its_turn() {
        let mut turns = Turns::new();
        for question in 0..1000 {
            assert_eq!(turns.push(source(2), (2, question)), question < 128);
        }
        for host in [1, 3] {
            for question in 0..2 {
                assert!(turns.push(source(host), (host, question)));
            }
        }
        let first: Vec<_> = core::iter::from_fn(|| turns.pop()).take(7).collect();
        assert_eq!(first, [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (3, 1), (2, 2)]);
        assert_eq!(core::iter::from_fn(|| turns.pop()).count(), 125);
        assert!(turns.is_empty() && turns.by_source.is_empty());
    }

    #[test]
    fn so_many_wait_and_no_more() {
        let mut turns = Turns::new();
        let room = (0..5000).filter(|host| turns.push(source(*host), ())).count();
        assert_eq!((room, turns.count), (4096, 4096));
        turns.pop();
        assert!(turns.push(source(9), ()));
    }
}
