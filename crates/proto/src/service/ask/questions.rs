//! What is secret in a question until it is put, and who is told that it need not answer.

use alloc::vec::Vec;

use crate::secret::Salts;
use crate::wire::{Filter, FilterBuilder, MAX_FILTER, Query};

/// Puts the last touch to questions.
#[derive(Debug, Clone)]
pub(crate) struct Questions {
    salts: Salts,
    /// Whether they carry a trailer.
    are_sealed: bool,
    filter: Vec<u8>,
}

impl Questions {
    pub(crate) fn new(salts: Salts, are_sealed: bool) -> Questions {
        Questions { salts, are_sealed, filter: Vec::with_capacity(MAX_FILTER) }
    }

    /// Room for the filter beside selectors of this length.
    pub(crate) fn filter_room(&self, selectors: usize) -> usize {
        Query::filter_room(selectors, self.are_sealed)
    }

    /// This question as it is put: with a salt of its own and a filter of these names.
    pub(crate) fn put<'a>(
        &'a mut self,
        query: Query<'a>,
        names: impl Iterator<Item = u64> + Clone,
    ) -> Query<'a> {
        let room = self.filter_room(query.tlvs.len());
        let length = Filter::bytes_for(names.clone().count()).min(room);
        self.filter.clear();
        self.filter.resize(length, 0);
        let salt = self.salts.next();
        let mut filter = FilterBuilder::new(&mut self.filter, query.txn, salt);
        // At the least a byte for each: whoever makes up ids of one slice silences nobody else there.
        names.take(length).for_each(|name| filter.insert(name));
        Query { salt, filter: filter.finish(), ..query }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::secret::Secret;
    use crate::service::Selection;

    fn questions(are_sealed: bool) -> Questions {
        Questions::new(Secret::new(1).salts("salts"), are_sealed)
    }

    /// Of 10,000 other names so many are silenced by mistake.
    fn mistakes(query: &Query<'_>) -> usize {
        let mut others = Rng::new(99);
        (0..10_000).filter(|_| query.silences(others.next())).count()
    }

    #[test]
    fn each_has_a_salt_of_its_own_and_names_those_alone_who_need_not_answer() {
        let mut questions = questions(false);
        let base = Query { round: 3, length: 300, ..Query::new(7, 3) };
        let first = questions.put(base, [].into_iter());
        assert_eq!(first, Query { salt: first.salt, ..base });
        let first = first.salt;
        let query = questions.put(base, 1..=100);
        assert_ne!(query.salt, first);
        assert!((1..=100).all(|name| query.silences(name)));
        assert_eq!(query.filter.as_bytes().len(), 200);
        assert!(mistakes(&query) < 60);
        assert_eq!(questions.put(base, [].into_iter()).filter, Filter::NONE);
    }

    #[test]
    fn a_filter_fits_beside_selectors_and_trailer() {
        let selection = Selection::service(&"s".repeat(97)).unwrap();
        for (are_sealed, room) in [(false, 1060), (true, 1040)] {
            let mut questions = questions(are_sealed);
            assert_eq!(questions.filter_room(100), room);
            let base = Query { tlvs: selection.tlvs(), ..Query::new(7, 1) };
            let query = questions.put(base, 0..2_000);
            assert_eq!(query.filter.as_bytes().len(), room);
        }
    }

    #[test]
    fn however_many_are_crowded_into_one_slice_the_others_there_are_not_silenced() {
        for (count, most) in [(900, 200), (1_160, 400), (10_000, 400), (100_000, 400)] {
            let mut questions = questions(false);
            let query = questions.put(Query::new(7, 1), 0..count);
            assert!(mistakes(&query) < most, "{count}: {}", mistakes(&query));
            // No more are left out than have no byte.
            assert!((0..count.min(1_160)).all(|name| query.silences(name)));
        }
    }
}
