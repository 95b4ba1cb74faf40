//! Who says what: how responders are told apart, and how the room to remember them is shared.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::{IpAddr, SocketAddr};

use sha2::{Digest, Sha256};

use crate::rng::Rng;

/// Voices that one source always has room for: a host of 64 services is an honest one.
const FAIR_SHARE: usize = 64;

/// A responder: an address with its port, and what it says there. So two that share an address are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Voice {
    pub(super) at: SocketAddr,
    /// Half of the SHA-256 of what it says, which may be long; nobody can find words that pass for
    /// another's.
    words: [u8; 16],
}

impl Voice {
    pub(super) fn new(at: SocketAddr, said: &[u8]) -> Voice {
        let digest = Sha256::digest(said);
        let words = core::array::from_fn(|nth| digest[nth]);
        Voice { at, words }
    }

    /// The first in order of those at this address.
    fn first_at(at: SocketAddr) -> Voice {
        Voice { at, words: [0; 16] }
    }
}

/// Voices that are remembered. A source's share is limited only where room is short, and then one of the
/// source that has most gives way.
#[derive(Debug, Clone)]
pub(super) struct Voices<T> {
    capacity: usize,
    entries: BTreeMap<Voice, T>,
    shares: BTreeMap<IpAddr, usize>,
    /// The shares in order of their size.
    ranking: BTreeSet<(usize, IpAddr)>,
    rng: Rng,
}

/// A newcomer has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

impl<T> Voices<T> {
    /// Room for so many, taken as they come. `rng` decides which of a source's own gives way.
    pub(super) fn new(capacity: usize, rng: Rng) -> Voices<T> {
        Voices {
            capacity,
            entries: BTreeMap::new(),
            shares: BTreeMap::new(),
            ranking: BTreeSet::new(),
            rng,
        }
    }

    pub(super) fn get(&self, voice: &Voice) -> Option<&T> {
        self.entries.get(voice)
    }

    pub(super) fn get_mut(&mut self, voice: &Voice) -> Option<&mut T> {
        self.entries.get_mut(voice)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Those at one address and port.
    pub(super) fn at(&self, at: SocketAddr) -> impl Iterator<Item = (&Voice, &T)> {
        self.entries.range(Voice::first_at(at)..).take_while(move |(voice, _)| voice.at == at)
    }

    /// Takes in one that is not known, and returns who gave way to it. A source without room in its fair
    /// share gets none by making another give way that has no more than itself.
    pub(super) fn insert(&mut self, voice: Voice, entry: T) -> Result<Option<(Voice, T)>, NoRoom> {
        let source = voice.at.ip();
        let gave_way = if self.entries.len() < self.capacity {
            None
        } else {
            let &(most, greediest) = self.ranking.last().ok_or(NoRoom)?;
            let share = self.shares.get(&source).copied().unwrap_or(0);
            if share >= most.max(FAIR_SHARE) {
                return Err(NoRoom);
            }
            self.one_of(greediest).and_then(|other| self.remove(&other).map(|entry| (other, entry)))
        };
        self.entries.insert(voice, entry);
        self.set_share(source, |share| share + 1);
        Ok(gave_way)
    }

    pub(super) fn remove(&mut self, voice: &Voice) -> Option<T> {
        let entry = self.entries.remove(voice)?;
        self.set_share(voice.at.ip(), |share| share - 1);
        Some(entry)
    }

    fn set_share(&mut self, source: IpAddr, change: impl FnOnce(usize) -> usize) {
        let before = self.shares.get(&source).copied().unwrap_or(0);
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
    fn one_of(&mut self, source: IpAddr) -> Option<Voice> {
        let port = self.rng.up_to(u16::MAX.into()) as u16;
        let from = |port| Voice::first_at(SocketAddr::new(source, port));
        let after = self.entries.range(from(port)..).next();
        let is_of_source = |(voice, _): &(&Voice, &T)| voice.at.ip() == source;
        let one = after.filter(is_of_source).or_else(|| self.entries.range(from(0)..).next());
        one.map(|(voice, _)| *voice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: u32, port: u16) -> SocketAddr {
        (core::net::Ipv4Addr::from_bits(0x0a00_0000 | host), port).into()
    }

    fn voice(host: u32, port: u16) -> Voice {
        Voice::new(at(host, port), b"Me!")
    }

    fn voices(capacity: usize) -> Voices<u32> {
        Voices::new(capacity, Rng::new(3))
    }

    /// Everything that is kept twice agrees.
    fn check(voices: &Voices<u32>) {
        let mut shares = BTreeMap::new();
        voices.entries.keys().for_each(|voice| *shares.entry(voice.at.ip()).or_insert(0) += 1);
        assert_eq!(voices.shares, shares);
        let ranking = shares.into_iter().map(|(source, share)| (share, source)).collect();
        assert_eq!(voices.ranking, ranking);
        assert!(voices.entries.len() <= voices.capacity);
    }

    #[test]
    fn who_says_something_else_or_elsewhere_is_another() {
        let one = voice(1, 1);
        assert_eq!(one, voice(1, 1));
        for other in
            [voice(2, 1), voice(1, 2), Voice::new(at(1, 1), b"Me"), Voice::new(at(1, 1), b"")]
        {
            assert_ne!(one, other);
        }
        // sha256sum of "Me!".
        assert_eq!(one.words[..4], [0xc4, 0x79, 0x01, 0xf4]);
    }

    #[test]
    fn those_at_one_address_are_all_its_own() {
        let mut voices = voices(99);
        for (host, port) in [(1, 1), (1, 2), (1, 3), (2, 2)] {
            for said in [&b"a"[..], b"b"] {
                assert_eq!(
                    voices.insert(Voice::new(at(host, port), said), u32::from(port)),
                    Ok(None)
                );
            }
        }
        assert_eq!(voices.at(at(1, 2)).map(|(_, entry)| *entry).sum::<u32>(), 4);
        assert_eq!(voices.at(at(2, 1)).count(), 0);
        let known = Voice::new(at(1, 2), b"b");
        *voices.get_mut(&known).unwrap() = 7;
        assert_eq!((voices.get(&known).copied(), voices.remove(&known)), (Some(7), Some(7)));
        assert_eq!((voices.get(&known).copied(), voices.remove(&known)), (None, None));
        check(&voices);
    }

    #[test]
    fn the_greediest_gives_way_until_the_newcomer_has_as_much() {
        let mut voices = voices(200);
        for port in 0..200 {
            assert_eq!(voices.insert(voice(1, port), 1), Ok(None));
        }
        for port in 0..100 {
            let gave_way = voices.insert(voice(2, port), 2).unwrap().expect("somebody gave way");
            assert_eq!((gave_way.0.at.ip(), gave_way.1), (at(1, 0).ip(), 1), "{port}");
            check(&voices);
        }
        assert_eq!(voices.insert(voice(2, 100), 2), Err(NoRoom));
        assert_eq!(voices.insert(voice(1, 200), 1), Err(NoRoom));
        // A third gets its fair share of both.
        for port in 0..66 {
            assert!(matches!(voices.insert(voice(3, port), 3), Ok(Some((_, 1 | 2)))));
        }
        check(&voices);
        assert_eq!(voices.shares.values().copied().min(), Some(66));
    }

    #[test]
    fn a_fair_share_is_heard_though_everybody_else_has_less() {
        let mut voices = voices(200);
        for host in 0..200 {
            assert_eq!(voices.insert(voice(host, 1), 0), Ok(None));
        }
        for port in 2..66 {
            assert!(matches!(voices.insert(voice(300, port), 1), Ok(Some(_))), "{port}");
            check(&voices);
        }
    }

    #[test]
    fn the_fair_share_of_the_greediest_ends_at_64() {
        let mut voices = voices(64);
        for port in 0..64 {
            assert_eq!(voices.insert(voice(1, port), 1), Ok(None));
        }
        assert_eq!(voices.insert(voice(1, 64), 1), Err(NoRoom));
        voices.insert(voice(2, 0), 2).unwrap().expect("somebody gave way");
        voices.insert(voice(1, 64), 1).unwrap().expect("one of its own gave way");
        check(&voices);
    }

    #[test]
    fn who_gives_way_is_not_for_the_source_to_choose() {
        let mut hit = BTreeSet::new();
        for seed in 0..200 {
            let mut voices = Voices::new(8, Rng::new(seed));
            for port in 0..8u16 {
                assert_eq!(voices.insert(voice(1, 8_000 * port + 4_000), port), Ok(None));
            }
            let gave_way = voices.insert(voice(2, 1), 9).unwrap().expect("somebody gave way");
            hit.insert(gave_way.1);
        }
        assert_eq!(hit, (0..8).collect());
    }

    #[test]
    fn no_room_at_all_and_all_the_room_there_is() {
        assert_eq!(voices(0).insert(voice(1, 1), 0), Err(NoRoom));
        let mut voices = voices(usize::MAX);
        assert_eq!(voices.insert(voice(1, 1), 0), Ok(None));
    }
}
