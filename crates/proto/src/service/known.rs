//! The table of responders that an asker knows.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::instance::Change;
use super::leases::Lease;
use crate::Path;
use crate::rng::mix64;
use crate::wire::{Epoch, Slice, Tlvs, place};

/// Addresses of one responder that are told apart.
const ADDRESSES: usize = 4;

/// A responder that is known.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// Where it was heard first since it was started.
    pub(super) from: Path,
    /// Of what it says of itself; `None` while that is not known.
    digest: Option<u64>,
    pub(super) epoch: Option<Epoch>,
    addresses: u8,
    in_conflict: bool,
    pub(super) lease: Lease,
}

/// What hearing a responder changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It was not known.
    New,
    /// It was, but not what it says of itself.
    Described,
    /// It was known, and this is new.
    Changed(Change),
    /// Nothing.
    Nothing,
    /// It was not known, and may not be: a cap is reached.
    NoRoom,
}

/// Responders by their id, in the order of the session's slices.
#[derive(Debug, Clone)]
pub(super) struct Known {
    txn: u64,
    capacity: usize,
    /// Ids that one source address may have: a host can't make up a hundred thousand.
    per_source: usize,
    entries: Vec<Entry>,
    /// Where in `entries` it is, by its place in the session's order.
    by_place: BTreeMap<u64, u32>,
    by_source: BTreeMap<IpAddr, u32>,
    /// Further addresses, by id.
    further: BTreeSet<(u64, SocketAddr)>,
}

impl Known {
    pub(super) fn new(txn: u64, capacity: usize, per_source: usize) -> Known {
        Known {
            txn,
            capacity: capacity.min(u32::MAX as usize),
            per_source,
            entries: Vec::with_capacity(capacity),
            by_place: BTreeMap::new(),
            by_source: BTreeMap::new(),
            further: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Entry> {
        let at = *self.by_place.get(&place(id, self.txn))?;
        self.entries.get(at as usize)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Entry> {
        let at = *self.by_place.get(&place(id, self.txn))?;
        self.entries.get_mut(at as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }

    /// Those in a slice of the session.
    pub(super) fn in_slice(&self, slice: Slice) -> impl Iterator<Item = &Entry> + Clone {
        let shift = 64 - u32::from(slice.bits());
        let first = u64::from(slice.index()).checked_shl(shift).unwrap_or(0);
        let last = first | u64::MAX.checked_shr(slice.bits().into()).unwrap_or(0);
        self.by_place.range(first..=last).filter_map(|(_, &at)| self.entries.get(at as usize))
    }

    /// A responder was heard; `tlvs` is what it says of itself, where it said it whole.
    pub(super) fn hear(
        &mut self,
        from: Path,
        id: u64,
        tlvs: Option<Tlvs<'_>>,
        epoch: Option<Epoch>,
    ) -> Heard {
        let said = tlvs.map(digest);
        match self.get_mut(id) {
            Some(entry) => {
                let what = entry.hear(said, epoch);
                // Nothing changes of who has not been told of yet.
                let is_told = entry.digest.is_some();
                if what == Heard::Changed(Change::Restarted) {
                    self.relocate(from, id);
                }
                if what == Heard::Nothing && is_told && self.is_further(from, id) {
                    Heard::Changed(Change::Address)
                } else {
                    what
                }
            }
            None => self.insert(from, id, said, epoch),
        }
    }

    fn insert(&mut self, from: Path, id: u64, said: Option<u64>, epoch: Option<Epoch>) -> Heard {
        let of_source = self.by_source.get(&from.remote.ip()).copied().unwrap_or(0);
        if self.entries.len() >= self.capacity || of_source as usize >= self.per_source {
            return Heard::NoRoom;
        }
        self.enter(from);
        self.by_place.insert(place(id, self.txn), self.entries.len() as u32);
        self.entries.push(Entry {
            id,
            from,
            digest: said,
            epoch,
            addresses: 1,
            in_conflict: false,
            lease: Lease::NONE,
        });
        Heard::New
    }

    /// A responder that was started again is where it is heard now, and nowhere else.
    fn relocate(&mut self, from: Path, id: u64) {
        let Some(entry) = self.get_mut(id) else { return };
        let before = core::mem::replace(&mut entry.from, from);
        if core::mem::replace(&mut entry.addresses, 1) > 1 {
            self.further.retain(|&(of, _)| of != id);
        }
        self.leave(before);
        self.enter(from);
    }

    /// One more is at this source.
    fn enter(&mut self, from: Path) {
        *self.by_source.entry(from.remote.ip()).or_default() += 1;
    }

    /// One fewer is.
    fn leave(&mut self, from: Path) {
        if let Some(count) = self.by_source.get_mut(&from.remote.ip()) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&from.remote.ip());
            }
        }
    }

    /// Whether this is an address at which a known responder was not heard before; remembers it.
    fn is_further(&mut self, from: Path, id: u64) -> bool {
        let room = self.further.len() < self.capacity;
        let place = place(id, self.txn);
        let Some(&at) = self.by_place.get(&place) else { return false };
        let Some(entry) = self.entries.get_mut(at as usize) else { return false };
        let is_further = entry.from.remote != from.remote
            && usize::from(entry.addresses) < ADDRESSES
            && room
            && self.further.insert((id, from.remote));
        entry.addresses += u8::from(is_further);
        is_further
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Entry> {
        let at = self.by_place.remove(&place(id, self.txn))? as usize;
        let entry = self.entries.swap_remove(at);
        if let Some(moved) = self.entries.get(at) {
            self.by_place.insert(place(moved.id, self.txn), at as u32);
        }
        self.leave(entry.from);
        if entry.addresses > 1 {
            self.further.retain(|&(of, _)| of != id);
        }
        Some(entry)
    }
}

impl Entry {
    fn hear(&mut self, said: Option<u64>, epoch: Option<Epoch>) -> Heard {
        let (before, later) = (self.epoch, epoch > self.epoch);
        if later {
            self.epoch = epoch;
        }
        let Some(said) = said else { return Heard::Nothing };
        let Some(known) = self.digest else {
            self.digest = Some(said);
            return Heard::Described;
        };
        let restarted = matches!((before, epoch), (Some(old), Some(new)) if new.boot > old.boot);
        if restarted || (said != known && later) {
            self.digest = Some(said);
            let change = if restarted { Change::Restarted } else { Change::Content };
            return Heard::Changed(change);
        }
        // What is older than what is known may have been sent again by anybody; of one age, two
        // different things are a conflict.
        if said != known && epoch == before && !self.in_conflict {
            self.in_conflict = true;
            return Heard::Changed(Change::Conflict);
        }
        Heard::Nothing
    }
}

/// A hash of all that is said but the epoch.
fn digest(tlvs: Tlvs<'_>) -> u64 {
    const EPOCH: u8 = 7;
    let mut hash = 0;
    let mut left = tlvs.as_bytes();
    while let Some((&[kind, high, low], rest)) = left.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some((value, after)) = rest.split_at_checked(length) else { break };
        left = after;
        if kind != EPOCH {
            hash = mix64(hash ^ u64::from_be_bytes([kind, high, low, 1, 0, 0, 0, 0]));
            for chunk in value.chunks(8) {
                let mut word = [0; 8];
                word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
                hash = mix64(hash ^ u64::from_le_bytes(word));
            }
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Tlv, TlvBuf};

    #[test]
    fn a_responder_that_was_started_again_is_only_where_it_is_now() {
        let mut known = Known::new(1, 8, 1);
        let mut hear = |id: u64, last: u8, boot: u32| {
            let epoch = Epoch { boot, seq: 0 };
            let mut tlvs = TlvBuf::new();
            tlvs.push(Tlv::Epoch(epoch)).unwrap();
            let remote = ([10, 0, 0, last], 50_009).into();
            let from = Path::new(remote);
            known.hear(from, id, Some(tlvs.as_tlvs()), Some(epoch))
        };
        assert_eq!(hear(7, 1, 1), Heard::New);
        assert_eq!(hear(8, 1, 1), Heard::NoRoom);
        assert_eq!(hear(7, 2, 1), Heard::Changed(Change::Address));
        assert_eq!(hear(7, 3, 2), Heard::Changed(Change::Restarted));
        assert_eq!(hear(7, 3, 2), Heard::Nothing);
        // Nobody is at the first address now, and one at the last.
        assert_eq!(hear(8, 3, 1), Heard::NoRoom);
        assert_eq!(hear(8, 1, 1), Heard::New);
        assert_eq!(hear(7, 2, 2), Heard::Changed(Change::Address));
        assert_eq!(known.get(7).unwrap().from.remote, ([10, 0, 0, 3], 50_009).into());
    }
}
