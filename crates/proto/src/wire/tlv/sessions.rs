//! The sessions that one answer to the group serves.

use crate::wire::MAX_SESSIONS;

/// A session's txn and round.
const ITEM: usize = 10;

/// The sessions that an answer to the group is meant for, each with the round that it asked in: who is
/// not among them has not been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions<'a>(&'a [[u8; ITEM]]);

impl<'a> Sessions<'a> {
    /// `None` if it is none, too many, or not a whole number of them.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Sessions<'a>> {
        let (items, rest) = bytes.as_chunks();
        let is_whole = rest.is_empty() && (1..=MAX_SESSIONS).contains(&items.len());
        is_whole.then_some(Sessions(items))
    }

    /// Their txn and round, one after the other.
    pub fn iter(self) -> impl Iterator<Item = (u64, u16)> + 'a {
        self.0.iter().map(|&[a, b, c, d, e, f, g, h, high, low]| {
            (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u16::from_be_bytes([high, low]))
        })
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none, which a datagram can't say.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn as_bytes(self) -> &'a [u8] {
        self.0.as_flattened()
    }
}

/// [`Sessions`] under construction, in a place of fixed size.
#[derive(Debug, Clone)]
pub struct SessionsBuf {
    items: [[u8; ITEM]; MAX_SESSIONS],
    len: usize,
}

impl SessionsBuf {
    /// None yet.
    pub const fn new() -> SessionsBuf {
        SessionsBuf { items: [[0; ITEM]; MAX_SESSIONS], len: 0 }
    }

    /// Adds a session that asked in this round; says whether there was room for it.
    pub fn push(&mut self, txn: u64, round: u16) -> bool {
        let Some(item) = self.items.get_mut(self.len) else { return false };
        let [a, b, c, d, e, f, g, h] = txn.to_be_bytes();
        let [high, low] = round.to_be_bytes();
        *item = [a, b, c, d, e, f, g, h, high, low];
        self.len += 1;
        true
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// To be put in an answer, once there is at least one.
    pub fn as_sessions(&self) -> Sessions<'_> {
        Sessions(self.items.get(..self.len).unwrap_or_default())
    }
}

impl Default for SessionsBuf {
    fn default() -> SessionsBuf {
        SessionsBuf::new()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn up_to_sixty_four_are_named_each_in_ten_bytes() {
        let mut buf = SessionsBuf::new();
        assert!(buf.as_sessions().is_empty());
        assert!(buf.push(0x0102_0304_0506_0708, 0x090a));
        assert!(buf.push(7, 1));
        let said = buf.as_sessions();
        assert_eq!(said.as_bytes(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0, 0, 0, 0, 7, 0, 1]);
        assert!(said.iter().eq([(0x0102_0304_0506_0708, 0x090a), (7, 1)]));
        assert_eq!((said.len(), said.is_empty()), (2, false));
        assert_eq!(Sessions::decode(said.as_bytes()), Some(said));

        buf.clear();
        assert_eq!(buf.as_sessions().len(), 0);
        let all: Vec<(u64, u16)> = (0..64).map(|n| (1 << n, n)).collect();
        assert!(all.iter().all(|&(txn, round)| buf.push(txn, round)));
        assert!(!buf.push(64, 64));
        assert!(buf.as_sessions().iter().eq(all));
    }

    #[test]
    fn none_at_all_half_a_one_and_too_many_are_refused() {
        let bytes = [0; 650];
        for length in [0, 9, 11, 649, 650] {
            assert_eq!(Sessions::decode(&bytes[..length]), None, "{length}");
        }
        for length in [10, 20, 640] {
            assert_eq!(Sessions::decode(&bytes[..length]).map(Sessions::len), Some(length / 10));
        }
    }
}
