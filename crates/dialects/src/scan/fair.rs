//! What is remembered of whom, in a room that is shared fairly: whoever invents many pushes out its own.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use sha2::{Digest, Sha256};

use super::draws::Draws;

/// What one source always has room for: a host of so many services is an honest one.
const FAIR_SHARE: usize = 64;

/// Where something is heard from: an address without its port, because some answer from a new port each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    ip: IpAddr,
    /// The link of an IPv6 address that means another host on each.
    scope: u32,
}

impl Source {
    pub(crate) fn of(address: SocketAddr) -> Source {
        let scope = match address {
            SocketAddr::V4(_) => 0,
            SocketAddr::V6(address) => address.scope_id(),
        };
        Source { ip: address.ip(), scope }
    }

    /// What is known by this here: by the name, and by who says it.
    pub(super) fn name(self, id: &[u8]) -> Vec<u8> {
        let mut name = Vec::from(id);
        let zone = if self.scope == 0 { String::new() } else { format!("%{}", self.scope) };
        name.extend_from_slice(format!("@{}{zone}", self.ip).as_bytes());
        name
    }
}

/// Somebody's name for something, as half of its SHA-256: nobody can find another with the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity([u8; 16]);

impl Identity {
    /// Letters are the same in either case.
    pub(crate) fn of(name: &[u8]) -> Identity {
        let mut digest = Sha256::new();
        for chunk in name.chunks(64) {
            let mut folded = [0; 64];
            for (place, byte) in folded.iter_mut().zip(chunk) {
                *place = byte.to_ascii_lowercase();
            }
            digest.update(&folded[..chunk.len()]);
        }
        let digest = digest.finalize();
        Identity(core::array::from_fn(|nth| digest[nth]))
    }
}

/// One thing of one source. Who says another's identity from elsewhere is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) source: Source,
    pub(crate) identity: Identity,
}

/// A newcomer has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom;

/// Things that are remembered. A source's share is limited only where room is short, and then one of the
/// source that has most gives way.
#[derive(Debug, Clone)]
pub(crate) struct Fair<T> {
    capacity: usize,
    entries: BTreeMap<Key, T>,
    shares: BTreeMap<Source, usize>,
    /// The shares in order of their size.
    ranking: BTreeSet<(usize, Source)>,
    draws: Draws,
}

impl<T> Fair<T> {
    /// Room for so many, taken as they come. `draws` decide which of a source's own gives way.
    pub(crate) fn new(capacity: usize, draws: Draws) -> Fair<T> {
        let (entries, shares) = (BTreeMap::new(), BTreeMap::new());
        Fair { capacity, entries, shares, ranking: BTreeSet::new(), draws }
    }

    pub(crate) fn get_mut(&mut self, key: &Key) -> Option<&mut T> {
        self.entries.get_mut(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &T)> {
        self.entries.iter()
    }

    /// How many there are of one source.
    pub(crate) fn share(&self, source: Source) -> usize {
        self.shares.get(&source).copied().unwrap_or(0)
    }

    /// Takes in one that is not known, and returns who gave way to it. A source without room in its fair
    /// share gets none by making another give way that has no more than itself.
    pub(crate) fn insert(&mut self, key: Key, entry: T) -> Result<Option<(Key, T)>, NoRoom> {
        let gave_way = if self.entries.len() < self.capacity {
            None
        } else {
            let &(most, greediest) = self.ranking.last().ok_or(NoRoom)?;
            if self.share(key.source) >= most.max(FAIR_SHARE) {
                return Err(NoRoom);
            }
            self.one_of(greediest).and_then(|other| self.remove(&other).map(|entry| (other, entry)))
        };
        self.entries.insert(key, entry);
        self.set_share(key.source, |share| share + 1);
        Ok(gave_way)
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<T> {
        let entry = self.entries.remove(key)?;
        self.set_share(key.source, |share| share - 1);
        Some(entry)
    }

    fn set_share(&mut self, source: Source, change: impl FnOnce(usize) -> usize) {
        let before = self.share(source);
        let now = change(before);
        self.ranking.remove(&(before, source));
        if now == 0 {
            self.shares.remove(&source);
        } else {
            self.shares.insert(source, now);
            self.ranking.insert((now, source));
        }
    }

    /// Any one of a source, so that nobody who speaks in its address chooses which.
    fn one_of(&mut self, source: Source) -> Option<Key> {
        let from = |identity| Key { source, identity: Identity(identity) };
        let after = self.entries.range(from(self.draws.bytes())..).next();
        let after = after.filter(|(key, _)| key.source == source);
        let one = after.or_else(|| self.entries.range(from([0; 16])..).next());
        one.map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(host: u8, name: u32) -> Key {
        let source = Source::of(([10, 0, 0, host], 9).into());
        Key { source, identity: Identity::of(format!("{name}").as_bytes()) }
    }

    fn room(capacity: usize) -> Fair<u8> {
        Fair::new(capacity, Draws::new(7))
    }

    fn check<T>(fair: &Fair<T>) {
        assert!(fair.entries.len() <= fair.capacity);
        assert_eq!(fair.shares.values().sum::<usize>(), fair.entries.len());
        let ranked: BTreeSet<_> = fair.shares.iter().map(|(source, n)| (*n, *source)).collect();
        assert_eq!(ranked, fair.ranking);
        for (source, share) in &fair.shares {
            let own = fair.entries.keys().filter(|key| key.source == *source);
            assert_eq!(own.count(), *share);
        }
    }

    #[test]
    fn identities_are_told_apart_but_for_the_case_of_letters() {
        let long = [b'a'; 100];
        assert_eq!(Identity::of(&long), Identity::of(&long.to_ascii_uppercase()));
        assert_ne!(Identity::of(&long), Identity::of(&long[1..]));
        assert_ne!(Identity::of(b""), Identity::of(&[0]));
    }

    #[test]
    fn a_source_is_an_address_on_its_link_without_the_port() {
        let of = |text: &str| Source::of(text.parse().expect("an address"));
        assert_eq!(of("10.0.0.1:1"), of("10.0.0.1:2"));
        assert_eq!(of("[fe80::1%1]:1"), of("[fe80::1%1]:2"));
        assert_ne!(of("[fe80::1%1]:1"), of("[fe80::1%2]:1"));
        assert_ne!(of("10.0.0.1:1"), of("10.0.0.2:1"));
        assert_eq!(of("10.0.0.1:1").name(b"uuid:1"), b"uuid:1@10.0.0.1");
        assert_eq!(of("[fe80::1%2]:1").name(b"a"), b"a@fe80::1%2");
    }

    #[test]
    fn who_invents_pushes_out_its_own() {
        let mut fair = room(200);
        for name in 0..3 {
            assert_eq!(fair.insert(key(1, name), 1), Ok(None));
        }
        for name in 0..197 {
            assert_eq!(fair.insert(key(2, name), 2), Ok(None));
        }
        check(&fair);
        for name in 1_000..2_000 {
            assert_eq!(fair.insert(key(2, name), 2), Err(NoRoom));
        }
        // Everybody else gets its fair share of the greedy one's.
        for name in 0..64 {
            let (gone, who) = fair.insert(key(3, name), 3).unwrap().expect("somebody gave way");
            assert_eq!((gone.source, who), (key(2, 0).source, 2));
        }
        check(&fair);
        assert_eq!(fair.share(key(1, 0).source), 3);
        for name in 0..3 {
            assert_eq!(fair.remove(&key(1, name)), Some(1));
            assert_eq!(fair.remove(&key(1, name)), None);
        }
        check(&fair);
    }

    #[test]
    fn who_gives_way_is_not_for_the_source_to_choose() {
        let mut hit = BTreeSet::new();
        for seed in 0..200 {
            let mut fair = Fair::new(8, Draws::new(seed));
            for name in 0..8 {
                assert_eq!(fair.insert(key(1, name), name), Ok(None));
            }
            let (_, gone) = fair.insert(key(2, 1), 9).unwrap().expect("somebody gave way");
            hit.insert(gone);
        }
        assert!(hit.len() > 5, "{hit:?}");
        assert_eq!(room(0).insert(key(1, 1), 0), Err(NoRoom));
    }
}
