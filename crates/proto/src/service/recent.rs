//! Queries that were answered lately.

use alloc::collections::VecDeque;
use core::net::SocketAddr;

use crate::wire::{Query, Slice};

/// A ring of the latest queries, so that a copy of one, as over a second interface, is not answered
/// again.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    ring: VecDeque<(SocketAddr, u64, u16, Slice)>,
    most: usize,
}

impl Recent {
    pub(super) fn new(most: usize) -> Recent {
        let most = most.max(1);
        Recent { ring: VecDeque::with_capacity(most), most }
    }

    /// Whether this query is among them.
    pub(super) fn contains(&self, from: SocketAddr, query: &Query<'_>) -> bool {
        self.ring.contains(&(from, query.txn, query.round, query.slice))
    }

    /// Adds it, in place of the oldest.
    pub(super) fn insert(&mut self, from: SocketAddr, query: &Query<'_>) {
        if self.ring.len() == self.most {
            self.ring.pop_front();
        }
        self.ring.push_back((from, query.txn, query.round, query.slice));
    }
}
