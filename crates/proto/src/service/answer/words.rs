//! What a responder says: whole, or as much as fits.

use crate::service::offer::Offer;
use crate::wire::{
    self, Epoch, MAX_SESSIONS, MAX_TLV_BYTES, MAX_TLVS, MIN_DATAGRAM, MIN_QUERY, SessionsBuf,
    TRAILER, Tlv, TlvBuf, Tlvs,
};

/// What SESSIONS takes besides the sessions, and what each of those takes.
const TLV_HEADER: usize = 3;
const SESSION: usize = 10;
/// What an answer has at the least that is cut short: DIGEST and EPOCH.
const CUT_SHORT: usize = 22;
// A query of the shortest length leaves room for that.
const _: () = assert!(MIN_QUERY - MIN_DATAGRAM - TRAILER > CUT_SHORT);

/// A responder's offer, with its age, in the forms in which it is said.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    offer: Offer,
    epoch: Epoch,
    lease_s: u32,
    is_sealed: bool,
    /// What stands for all of it.
    digest: u64,
    /// Sessions that an answer to the group can name beside the whole offer.
    named: usize,
}

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// Where it is not all of it: how long the whole answer is.
    pub(crate) whole: Option<u16>,
    pub(crate) tlvs: Tlvs<'a>,
}

impl Words {
    pub(crate) fn new(offer: Offer, epoch: Epoch, lease_s: u32, is_sealed: bool) -> Words {
        let mut words = Words { offer, epoch, lease_s, is_sealed, digest: 0, named: 0 };
        words.set_offer_up();
        words
    }

    /// Something else is said from now on.
    pub(crate) fn set_offer(&mut self, offer: Offer) {
        self.offer = offer;
        self.grow_older();
        self.set_offer_up();
    }

    fn set_offer_up(&mut self) {
        self.offer.set_epoch(self.epoch);
        let offer = self.offer.tlvs();
        self.digest = wire::digest(self.lease_s, offer);
        let room = MAX_TLV_BYTES.saturating_sub(offer.len() + TLV_HEADER);
        let has_place = offer.iter().count() < MAX_TLVS;
        self.named = if has_place { (room / SESSION).min(MAX_SESSIONS) } else { 0 };
    }

    fn grow_older(&mut self) {
        self.epoch.seq = self.epoch.seq.saturating_add(1);
    }

    /// Its age.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) fn lease_s(&self) -> u32 {
        self.lease_s
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    pub(crate) fn offer(&self) -> Tlvs<'_> {
        self.offer.tlvs()
    }

    fn sealed_len(&self, tlvs: usize) -> usize {
        MIN_DATAGRAM + tlvs + if self.is_sealed { TRAILER } else { 0 }
    }

    /// The length of the whole answer.
    pub(crate) fn whole_len(&self) -> usize {
        self.sealed_len(self.offer.tlvs().len())
    }

    /// The length of the shortest answer that says something.
    pub(crate) fn least_len(&self) -> usize {
        self.whole_len().min(self.sealed_len(CUT_SHORT))
    }

    /// What is said in an answer of this length at the most, which is no less than the least.
    pub(crate) fn within<'a>(&'a self, limit: usize, scratch: &'a mut TlvBuf) -> Said<'a> {
        if self.whole_len() <= limit {
            return Said { whole: None, tlvs: self.offer.tlvs() };
        }
        scratch.clear();
        self.cut_short(limit.saturating_sub(self.sealed_len(0)), scratch)
    }

    /// Whether an answer to the group has room for the whole offer.
    pub(crate) fn is_whole_to_group(&self) -> bool {
        self.named > 0
    }

    /// How many sessions an answer to the group names at the most. Where the whole offer leaves no room
    /// for any, it is cut short for them.
    pub(crate) fn most_named(&self) -> usize {
        if self.is_whole_to_group() { self.named } else { MAX_SESSIONS }
    }

    /// What is said in an answer to the group, for these sessions, which are no more than it can name.
    pub(crate) fn group_answer<'a>(
        &self,
        named: &SessionsBuf,
        scratch: &'a mut TlvBuf,
    ) -> Said<'a> {
        scratch.clear();
        let _fits = scratch.push(Tlv::Sessions(named.as_sessions()));
        if !self.is_whole_to_group() {
            return self.cut_short(MAX_TLV_BYTES, scratch);
        }
        for tlv in self.offer.tlvs() {
            let _fits = scratch.push(tlv);
        }
        Said { whole: None, tlvs: scratch.as_tlvs() }
    }

    /// Adds what stands for all of it, and then, in their order, the parts that fit into this room.
    fn cut_short<'a>(&self, room: usize, scratch: &'a mut TlvBuf) -> Said<'a> {
        let head = [Tlv::Digest(self.digest), Tlv::Epoch(self.epoch)];
        // The offer has an epoch too, which one says once.
        for tlv in head.into_iter().chain(self.offer.tlvs()) {
            let _fits = scratch.push_within(room, tlv);
        }
        Said { whole: Some(self.whole_len() as u16), tlvs: scratch.as_tlvs() }
    }

    /// What a goodbye says: an age that is later than all that was said before.
    pub(crate) fn goodbye<'a>(&mut self, scratch: &'a mut TlvBuf) -> Tlvs<'a> {
        self.grow_older();
        scratch.clear();
        // One TLV of eleven bytes always fits.
        let _fits = scratch.push(Tlv::Epoch(self.epoch));
        scratch.as_tlvs()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;
    use crate::wire::Attr;

    fn words(offer: Offer, is_sealed: bool) -> Words {
        Words::new(offer, Epoch { boot: 5, seq: 0 }, 120, is_sealed)
    }

    /// An offer of so many bytes.
    fn offer(length: usize) -> Offer {
        let head = Offer::new("s").unwrap();
        let rest = length - head.tlvs().len() - TLV_HEADER;
        let offer = head.with(Tlv::Payload(&vec![7; rest])).unwrap();
        assert_eq!(offer.tlvs().len(), length);
        offer
    }

    fn epoch(seq: u32) -> Tlv<'static> {
        Tlv::Epoch(Epoch { boot: 5, seq })
    }

    fn scratch() -> TlvBuf {
        TlvBuf::new()
    }

    fn named(words: &Words, count: u64) -> SessionsBuf {
        let mut named = SessionsBuf::new();
        let count = count.min(words.most_named() as u64);
        sessions(count).for_each(|(txn, round)| _ = named.push(txn, round));
        named
    }

    #[test]
    fn what_fits_is_said_whole_and_what_does_not_by_its_digest_its_age_and_all_that_fits() {
        let note = Tlv::Attr(Attr { key: "note", value: Some(&[b'x'; 200]) });
        let offer = Offer::new("printer").unwrap().with(note).unwrap().name("lab-3").unwrap();
        let offer = offer.with(Tlv::Cbor(&[0; 100])).unwrap();
        let parts: Vec<Tlv<'_>> =
            offer.tlvs().iter().filter(|tlv| !matches!(tlv, Tlv::Epoch(_))).collect();
        for (is_sealed, trailer) in [(false, 0), (true, 20)] {
            let (words, mut scratch) = (words(offer.clone(), is_sealed), scratch());
            let length = 32 + offer.tlvs().len() + trailer;
            assert_eq!((words.whole_len(), words.least_len()), (length, 54 + trailer));
            let said = words.within(length, &mut scratch);
            assert_eq!(said.whole, None);
            assert!(said.tlvs.iter().eq([epoch(0)].into_iter().chain(parts.iter().copied())));

            let digest = Tlv::Digest(wire::digest(120, offer.tlvs()));
            let whole = Some(length as u16);
            // Each takes three bytes besides its value: a service of 10, an attribute of 208, a name of 8, CBOR of 103.
            for (limit, expected) in [
                (54, &[][..]),
                (54 + 7, &[]),
                (54 + 9, &parts[2..3]),
                (54 + 10, &parts[..1]),
                (54 + 18, &[parts[0], parts[2]]),
                (54 + 10 + 207, &[parts[0], parts[2], parts[3]]),
                (54 + 10 + 208, &parts[..2]),
            ] {
                let said = words.within(limit + trailer, &mut scratch);
                assert_eq!(said.whole, whole, "{limit}");
                let head = [digest, epoch(0)].into_iter();
                assert!(said.tlvs.iter().eq(head.chain(expected.iter().copied())), "{limit}");
                assert!(MIN_DATAGRAM + said.tlvs.len() <= limit);
            }
        }
    }

    #[test]
    fn a_short_offer_is_never_cut_shorter_than_it_is() {
        let (words, mut scratch) = (words(offer(21), false), scratch());
        assert_eq!((words.whole_len(), words.least_len()), (53, 53));
        assert_eq!(words.within(53, &mut scratch).whole, None);
    }

    fn sessions(count: u64) -> impl Iterator<Item = (u64, u16)> {
        (0..count).map(|txn| (txn, 3))
    }

    #[test]
    fn an_answer_to_the_group_says_the_whole_offer_to_as_many_as_it_can_name_beside_it() {
        for is_sealed in [false, true] {
            for (length, most) in
                [(21, 64), (505, 64), (506, 63), (1_124, 2), (1_125, 2), (1_126, 1), (1_135, 1)]
            {
                let (words, mut scratch) = (words(offer(length), is_sealed), scratch());
                assert!(words.is_whole_to_group() && words.most_named() == most, "{length}");
                for asked in [1, 64, 100] {
                    let said = words.group_answer(&named(&words, asked), &mut scratch);
                    assert_eq!(said.whole, None);
                    assert_eq!(said.tlvs.len(), length + 3 + 10 * most.min(asked as usize));
                    let named = said.tlvs.sessions().unwrap().iter();
                    assert!(named.eq(sessions(asked.min(most as u64))));
                }
                let said = words.group_answer(&named(&words, 1), &mut scratch);
                let tlvs: Vec<u8> = said.tlvs.as_bytes()[13..].into();
                assert_eq!(tlvs, words.offer().as_bytes());
            }
        }
    }

    #[test]
    fn where_the_whole_offer_leaves_no_room_for_a_session_the_group_gets_what_fits() {
        let long = words(offer(1_136), false);
        // So many parts that there is no place for one more.
        let parts = (0..30).fold(Offer::new("s").unwrap(), |offer, n| {
            offer.with(Tlv::Unknown { number: 90, value: &[n] }).unwrap()
        });
        let many = words(parts, false);
        let mut scratch = scratch();
        for words in [&long, &many] {
            assert!(!words.is_whole_to_group() && words.most_named() == 64);
            let whole = words.whole_len() as u16;
            let digest = words.digest();
            let said = words.group_answer(&named(words, 70), &mut scratch);
            assert_eq!((said.whole, said.tlvs.digest()), (Some(whole), Some(digest)));
            assert_eq!(said.tlvs.sessions().unwrap().len(), 64);
            assert!(said.tlvs.iter().any(|tlv| tlv == epoch(0)));
            assert!(said.tlvs.iter().any(|tlv| tlv == Tlv::Service("s")));
        }
        let said = many.group_answer(&named(&many, 1), &mut scratch);
        assert_eq!(said.tlvs.iter().count(), MAX_TLVS);
    }

    #[test]
    fn another_offer_and_each_goodbye_are_later_than_all_before() {
        let (mut words, mut scratch) = (words(offer(21), false), scratch());
        let first = words.digest();
        words.set_offer(offer(30));
        assert_eq!(words.offer().epoch(), Some(Epoch { boot: 5, seq: 1 }));
        assert_eq!(words.digest(), wire::digest(120, offer(30).tlvs()));
        assert!(words.digest() != first && words.lease_s() == 120);
        assert!(words.goodbye(&mut scratch).iter().eq([epoch(2)]));
        assert!(words.goodbye(&mut scratch).iter().eq([epoch(3)]));
    }
}
