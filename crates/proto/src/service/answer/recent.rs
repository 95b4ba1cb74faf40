//! Queries that were answered lately.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::net::SocketAddr;

use siphasher::sip::SipHasher13;

use crate::wire::MIN_QUERY_DATAGRAM;

/// The last queries that were answered: a copy that comes by another interface is not answered again.
///
/// A copy is the same in all that the answer follows from. A query's salt, which nobody knows before it
/// is sent, is part of that: what somebody made up in its asker's name, ahead of it or differing from it,
/// is no copy of it.
#[derive(Debug, Clone)]
pub(crate) struct Recent {
    secret: u64,
    marks: Vec<u64>,
    most: usize,
    /// Where the next one goes: the place of the oldest, once there are `most`.
    next: usize,
}

impl Recent {
    /// Room for `most`, at least one. `secret` keeps others from making up a query of the same mark.
    pub(crate) fn new(most: usize, secret: u64) -> Recent {
        Recent { secret, marks: Vec::with_capacity(most), most, next: 0 }
    }

    /// What a query, as it came, is remembered by: who asked, and all of it but for filter and selectors,
    /// which only say whether it is answered.
    pub(crate) fn mark(&self, from: SocketAddr, datagram: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.secret, 0);
        from.hash(&mut hasher);
        hasher.write_usize(datagram.len());
        hasher.write(datagram.get(..MIN_QUERY_DATAGRAM).unwrap_or(datagram));
        hasher.finish()
    }

    pub(crate) fn contains(&self, mark: u64) -> bool {
        self.marks.contains(&mark)
    }

    pub(crate) fn insert(&mut self, mark: u64) {
        match self.marks.get_mut(self.next) {
            Some(oldest) => *oldest = mark,
            None => self.marks.push(mark),
        }
        self.next = (self.next + 1) % self.most;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Datagram, Query, Slice, Tlv, TlvBuf};

    fn host(last: u8) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], 4000))
    }

    fn encoded(query: Query<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        Datagram::Query(query).encode(None, &mut bytes);
        bytes
    }

    #[test]
    fn a_copy_is_the_same_in_all_that_an_answer_follows_from() {
        let recent = Recent::new(2, 5);
        let query = Query { window_ms: 8, salt: 3, ..Query::new(1, 1) };
        let mark = recent.mark(host(1), &encoded(query));
        assert_eq!(recent.mark(host(1), &encoded(query)), mark);
        for other in [
            Query { txn: 2, ..query },
            Query { round: 2, ..query },
            Query { salt: 4, ..query },
            Query { slice: Slice::new(1, 1).unwrap(), ..query },
            Query { window_ms: 9, ..query },
            Query { copies: 2, ..query },
            Query { estimate: Some(3), ..query },
            Query { max_reply: 200, ..query },
            Query { length: 200, ..query },
        ] {
            assert_ne!(recent.mark(host(1), &encoded(other)), mark, "{other:?}");
        }
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Unknown { number: 99, value: b"later" }).unwrap();
        let extended = encoded(Query { tlvs: tlvs.as_tlvs(), ..query });
        assert_ne!(recent.mark(host(1), &extended), mark); // its body is longer
        assert_ne!(recent.mark(host(2), &encoded(query)), mark);
        let elsewhere = SocketAddr::from(([10, 0, 0, 1], 4001));
        assert_ne!(recent.mark(elsewhere, &encoded(query)), mark);
        assert_ne!(Recent::new(2, 6).mark(host(1), &encoded(query)), mark);
    }

    #[test]
    fn so_many_are_remembered_the_last_ones() {
        for most in [1, 2, 5] {
            let mut recent = Recent::new(most as usize, 5);
            for mark in 0..20 {
                recent.insert(mark);
                for other in 0..20 {
                    let is_recent = other <= mark && other + most > mark;
                    assert_eq!(recent.contains(other), is_recent, "{other} at {mark} of {most}");
                }
            }
        }
    }
}
