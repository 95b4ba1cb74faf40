//! Who is asked: slices, samples, and the filter of what has been heard already. All three hash with
//! what the query says, so that responders keep no state.

use siphasher::sip::SipHasher24;

use super::{MAX_FILTER, MAX_HASH_BITS};
use crate::rng::mix64;

/// One of 2^`bits` equal parts of the responders. Which responder is in which changes from session to
/// session, and within a session does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    bits: u8,
    index: u32,
}

impl Slice {
    /// All responders: the one part of one.
    pub const ALL: Slice = Slice { bits: 0, index: 0 };

    /// Part `index`, from 0, of 2^`bits`; `None` if there is no such part or there are more than
    /// 2^[`MAX_HASH_BITS`].
    pub fn new(bits: u8, index: u32) -> Option<Slice> {
        (bits <= MAX_HASH_BITS && index < 1 << bits).then_some(Slice { bits, index })
    }

    /// The part that this responder is in.
    pub fn of(id: u64, txn: u64, bits: u8) -> Slice {
        let bits = bits.min(MAX_HASH_BITS);
        // A shift by all 64 bits, for no bits, is none at all to the processor.
        let index = place(id, txn).checked_shr(64 - u32::from(bits)).unwrap_or(0);
        Slice { bits, index: index as u32 }
    }

    /// Whether this responder is in it.
    pub fn contains(self, id: u64, txn: u64) -> bool {
        Slice::of(id, txn, self.bits) == self
    }

    /// The number of parts is 2 to this.
    pub fn bits(self) -> u8 {
        self.bits
    }

    /// Which part it is, from 0.
    pub fn index(self) -> u32 {
        self.index
    }
}

/// Where a responder is in a session's order: its top bits are the slice, its low bits the sample.
pub(crate) fn place(id: u64, txn: u64) -> u64 {
    mix64(id ^ txn)
}

/// Whether this responder is one of the one in 2^`bits` that are asked.
pub(super) fn is_sampled(id: u64, txn: u64, bits: u8) -> bool {
    place(id, txn).trailing_zeros() >= bits.into()
}

/// A Bloom filter (Bloom 1970) of the names of what has been heard and so need not be said again: four
/// bits each.
///
/// Its salt is another in each query: what is silenced by mistake in one is said to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter<'a>(&'a [u8]);

impl<'a> Filter<'a> {
    /// Silences nobody.
    pub const NONE: Filter<'static> = Filter(&[]);

    /// The filter of these bytes; `None` if there are more than [`MAX_FILTER`].
    pub fn new(bytes: &'a [u8]) -> Option<Filter<'a>> {
        (bytes.len() <= MAX_FILTER).then_some(Filter(bytes))
    }

    /// How many bytes a filter of this many members is to have: 16 bits a member up to 200, then 10.
    /// The first silences 0.2 % of the others by mistake, the second 1.2 %.
    pub fn bytes_for(members: usize) -> usize {
        let bits = if members <= 200 { 16 } else { 10 };
        members.saturating_mul(bits).div_ceil(8)
    }

    /// Whether this name is in it, by a query of this txn and salt.
    pub fn silences(self, name: u64, txn: u64, salt: u64) -> bool {
        !self.0.is_empty()
            && positions(name, txn, salt, self.0.len())
                .iter()
                .all(|&(byte, mask)| self.0.get(byte).is_some_and(|bits| bits & mask != 0))
    }

    /// Its bytes on the wire.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// The four bits that stand for a name, each as a byte's place and a mask.
fn positions(name: u64, txn: u64, salt: u64, length: usize) -> [(usize, u8); 4] {
    let hash = SipHasher24::new_with_keys(salt, txn).hash(&name.to_be_bytes());
    [0, 16, 32, 48].map(|shift| {
        // 16 bits of the hash, mapped on the filter's bits, of which there are at most 9600.
        let word = (hash >> shift) as u16;
        let bit = (usize::from(word) * length * 8) >> 16;
        (bit / 8, 1 << (bit % 8))
    })
}

/// Makes a [`Filter`] in a buffer of the caller's.
#[derive(Debug)]
pub struct FilterBuilder<'b> {
    bytes: &'b mut [u8],
    txn: u64,
    salt: u64,
}

impl<'b> FilterBuilder<'b> {
    /// An empty filter of as many bytes as `bytes`, at most [`MAX_FILTER`], has, for a query of this
    /// txn and salt.
    pub fn new(bytes: &'b mut [u8], txn: u64, salt: u64) -> FilterBuilder<'b> {
        let length = bytes.len().min(MAX_FILTER);
        let (bytes, _) = bytes.split_at_mut(length);
        bytes.fill(0);
        FilterBuilder { bytes, txn, salt }
    }

    /// Adds a name.
    pub fn insert(&mut self, name: u64) {
        for (byte, mask) in positions(name, self.txn, self.salt, self.bytes.len()) {
            if let Some(bits) = self.bytes.get_mut(byte) {
                *bits |= mask;
            }
        }
    }

    /// The filter.
    pub fn finish(self) -> Filter<'b> {
        Filter(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use alloc::vec;
    use alloc::vec::Vec;

    fn numbers(seed: u64, count: usize) -> Vec<u64> {
        let mut rng = Rng::new(seed);
        (0..count).map(|_| rng.next()).collect()
    }

    #[test]
    fn every_responder_is_in_one_slice_and_slices_are_even() {
        let mut sizes = [0u32; 16];
        for id in numbers(1, 16_000) {
            let slices: Vec<u32> =
                (0..16).filter(|&i| Slice::new(4, i).unwrap().contains(id, 77)).collect();
            assert_eq!(slices.len(), 1);
            assert_eq!(u64::from(slices[0]), mix64(id ^ 77) >> 60);
            sizes[slices[0] as usize] += 1;
            assert!(Slice::ALL.contains(id, 77));
        }
        assert!(sizes.iter().all(|size| (850..1150).contains(size)), "{sizes:?}");
        let finest = Slice::new(20, (1 << 20) - 1).unwrap();
        assert_eq!((finest.bits(), finest.index()), (20, 0x000f_ffff));
        assert_eq!(Slice::of(1, 2, 21), Slice::of(1, 2, 20));
        assert_eq!(Slice::new(4, 16), None);
        assert_eq!(Slice::new(20, 1 << 20), None);
        assert_eq!(Slice::new(21, 0), None);
        assert_eq!(Slice::new(0, 1), None);
    }

    #[test]
    fn a_sample_is_one_in_its_power_of_two_and_independent_of_the_slice() {
        let sampled: Vec<u64> =
            numbers(2, 256_000).into_iter().filter(|&id| is_sampled(id, 5, 8)).collect();
        assert!(sampled.iter().all(|id| mix64(id ^ 5) & 0xff == 0));
        assert!((900..1100).contains(&sampled.len()), "{}", sampled.len());
        let half = sampled.iter().filter(|&&id| Slice::of(id, 5, 1).index() == 0).count();
        assert!((420..580).contains(&half), "{half}");
        assert!(is_sampled(numbers(3, 1)[0], 5, 0));
    }

    /// The vector for the eight bytes 00 to 07 of the reference implementation of SipHash-2-4, whose
    /// key is the bytes 00 to 0f (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
    #[test]
    fn the_bits_of_a_name_are_by_the_published_hash() {
        let (salt, txn) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let words = [0x2462, 0x9a93, 0xf579, 0x93f5]; // of 93f5f5799a932462, the low ones first
        // In a filter of 2^16 bits a word is the number of its bit.
        let expected = words.map(|word| (word / 8, 1 << (word % 8)));
        assert_eq!(positions(0x0001_0203_0405_0607, txn, salt, 8192), expected);
        let expected = words.map(|word| word * 48 / 65_536).map(|bit| (bit / 8, 1 << (bit % 8)));
        assert_eq!(positions(0x0001_0203_0405_0607, txn, salt, 6), expected);
    }

    #[test]
    fn members_are_silent_and_few_others_are_and_not_the_same_by_another_salt() {
        for (members, most_false) in [(200, 0.004), (896, 0.016)] {
            let known = numbers(4, members);
            let mut bytes = vec![0xaa; Filter::bytes_for(members)];
            let mut builder = FilterBuilder::new(&mut bytes, 9, 1);
            known.iter().for_each(|&name| builder.insert(name));
            let filter = builder.finish();
            assert!(known.iter().all(|&name| filter.silences(name, 9, 1)));

            let silenced: Vec<u64> =
                numbers(5, 100_000).into_iter().filter(|&n| filter.silences(n, 9, 1)).collect();
            let share = silenced.len() as f64 / 1e5;
            assert!(share > 0.0 && share < most_false, "{share}");

            for (txn, salt) in [(9, 2), (8, 1)] {
                let mut bytes = vec![0; Filter::bytes_for(members)];
                let mut builder = FilterBuilder::new(&mut bytes, txn, salt);
                known.iter().for_each(|&name| builder.insert(name));
                let filter = builder.finish();
                let again = silenced.iter().filter(|&&n| filter.silences(n, txn, salt)).count();
                assert!(again * 20 < silenced.len(), "{again} of {}", silenced.len());
            }
        }
    }

    /// What an attacker could do as long as the hash could be turned round: choose names whose bits
    /// cover those of another in filters that are yet to come.
    #[test]
    fn names_that_cover_another_by_one_salt_do_not_by_the_next() {
        let (victim, txn) = (0xfeed, 9);
        let is_covered = |cover: &[u64], salt: u64| {
            let mut bytes = [0; 160];
            let mut filter = FilterBuilder::new(&mut bytes, txn, salt);
            cover.iter().for_each(|&name| filter.insert(name));
            filter.finish().silences(victim, txn, salt)
        };
        let wanted = positions(victim, txn, 1, 160);
        let covers = |bit| move |name: &u64| positions(*name, txn, 1, 160).contains(bit);
        let cover: Vec<u64> =
            wanted.iter().map(|bit| (0..).find(covers(bit)).expect("one in 320 does")).collect();
        assert!(is_covered(&cover, 1));
        let later = (2..1002).filter(|&salt| is_covered(&cover, salt)).count();
        assert_eq!(later, 0);
    }

    #[test]
    fn a_filter_has_sixteen_bits_a_member_and_from_two_hundred_on_ten() {
        for (members, bytes) in [(0, 0), (1, 2), (200, 400), (201, 252), (896, 1120)] {
            assert_eq!(Filter::bytes_for(members), bytes);
        }
        assert_eq!(Filter::bytes_for(usize::MAX), usize::MAX.div_ceil(8));
    }

    #[test]
    fn an_empty_filter_silences_nobody_and_one_of_all_bits_everybody() {
        assert!(!Filter::NONE.silences(1, 2, 3));
        let full = Filter::new(&[0xff; MAX_FILTER]).unwrap();
        assert!(full.silences(1, 2, 3));
        assert_eq!(full.as_bytes(), [0xff; MAX_FILTER]);
        assert_eq!(Filter::new(&[0; MAX_FILTER + 1]), None);
        FilterBuilder::new(&mut [], 1, 1).insert(7);
        let mut long = [0; MAX_FILTER + 1];
        assert_eq!(FilterBuilder::new(&mut long, 1, 1).finish().as_bytes().len(), MAX_FILTER);
    }
}
