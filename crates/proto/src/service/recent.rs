//! Queries that were answered lately.

use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::wire::{Query, Slice};

/// The last queries that were answered: a copy that comes by another interface is not answered again.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    /// A number for each of the `queries`, in their order: every query is held against all of them, and
    /// numbers are compared many at a time.
    tags: Vec<u64>,
    queries: Vec<(u64, u16, Slice, SocketAddr)>,
    most: usize,
    /// Where the next one goes: the place of the oldest, once there are `most`.
    next: usize,
}

impl Recent {
    /// Room for `most`, at least one.
    pub(super) fn new(most: usize) -> Recent {
        let most = most.max(1);
        let (tags, queries) = (Vec::with_capacity(most), Vec::with_capacity(most));
        Recent { tags, queries, most, next: 0 }
    }

    pub(super) fn contains(&self, from: SocketAddr, query: &Query<'_>) -> bool {
        let tag = tag(query);
        self.tags.contains(&tag) && self.queries.contains(&key(from, query))
    }

    pub(super) fn insert(&mut self, from: SocketAddr, query: &Query<'_>) {
        let place = self.tags.get_mut(self.next).zip(self.queries.get_mut(self.next));
        match place {
            Some((tag_here, query_here)) => {
                (*tag_here, *query_here) = (tag(query), key(from, query));
            }
            None => {
                self.tags.push(tag(query));
                self.queries.push(key(from, query));
            }
        }
        self.next = (self.next + 1) % self.most;
    }
}

fn key(from: SocketAddr, query: &Query<'_>) -> (u64, u16, Slice, SocketAddr) {
    (query.txn, query.round, query.slice, from)
}

/// Differs between most queries that differ.
fn tag(query: &Query<'_>) -> u64 {
    let part = u64::from(query.round) << 32 | u64::from(query.slice.index());
    query.txn.wrapping_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered_and_each_apart() {
        let mut recent = Recent::new(2);
        let [here, there] = [1u8, 2].map(|host| SocketAddr::from(([10, 0, 0, host], 4000)));
        let query = Query::new(1, 1);
        recent.insert(here, &query);
        assert!(recent.contains(here, &query) && !recent.contains(there, &query));
        for other in [Query::new(2, 1), Query::new(1, 2)] {
            assert!(!recent.contains(here, &other));
        }
        recent.insert(there, &query);
        assert!(recent.contains(here, &query) && recent.contains(there, &query));
        recent.insert(here, &Query::new(1, 2));
        assert!(!recent.contains(here, &query) && recent.contains(there, &query));
    }
}
