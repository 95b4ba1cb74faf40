//! Who told of what, and who gives way where room is short.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

use super::identity::Link;
use crate::scan::Draws;

/// What one source always has room for: a host of so many services is an honest one.
const FAIR_SHARE: usize = 64;

/// Where something is heard from: an address on a link, whatever the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    /// The network.
    pub(super) link: Link,
    /// The host.
    pub(super) ip: IpAddr,
}

/// A newcomer has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

/// The numbers of all that is remembered, by who told of it first.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares {
    by_source: BTreeMap<Source, BTreeSet<u64>>,
    /// The sources in order of how much is theirs.
    ranking: BTreeSet<(usize, Source)>,
}

impl Shares {
    /// Who must give way to one more of a source where all room is taken: any one of the source that has most,
    /// so that nobody who speaks in its address chooses which. A source without room in its fair share gets
    /// none by making another give way that has no more than itself.
    pub(super) fn make_way(&self, source: Source, draws: &mut Draws) -> Result<u64, NoRoom> {
        let &(most, greediest) = self.ranking.last().ok_or(NoRoom)?;
        if self.share(source) >= most.max(FAIR_SHARE) {
            return Err(NoRoom);
        }
        let own = self.by_source.get(&greediest).ok_or(NoRoom)?;
        let (first, last) = own.first().zip(own.last()).ok_or(NoRoom)?;
        let drawn = (u128::from(draws.number()) * u128::from(last - first + 1)) >> 64;
        own.range(first + drawn as u64..).next().copied().ok_or(NoRoom)
    }

    /// One more is of this source.
    pub(super) fn add(&mut self, source: Source, number: u64) {
        self.change(source, |own| _ = own.insert(number));
    }

    /// One is remembered no longer.
    pub(super) fn remove(&mut self, source: Source, number: u64) {
        self.change(source, |own| _ = own.remove(&number));
    }

    fn share(&self, source: Source) -> usize {
        self.by_source.get(&source).map_or(0, BTreeSet::len)
    }

    fn change(&mut self, source: Source, change: impl FnOnce(&mut BTreeSet<u64>)) {
        let own = self.by_source.entry(source).or_default();
        self.ranking.remove(&(own.len(), source));
        change(own);
        if own.is_empty() {
            self.by_source.remove(&source);
        } else {
            self.ranking.insert((own.len(), source));
        }
    }
}

#[cfg(test)]
impl Shares {
    /// How much there is in all; what is kept twice agrees.
    pub(super) fn len(&self) -> usize {
        let ranked = self.by_source.iter().map(|(source, own)| (own.len(), *source)).collect();
        assert_eq!(self.ranking, ranked);
        self.by_source.values().map(BTreeSet::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(host: u8) -> Source {
        Source { link: None, ip: [10, 0, 0, host].into() }
    }

    /// One source has `count` things, from number 0 on, and two others three each, from 1,000,000 on.
    fn shares(count: u64) -> Shares {
        let mut shares = Shares::default();
        (0..count).for_each(|number| shares.add(source(1), number));
        for number in 1_000_000u64..1_000_003 {
            shares.add(source(2), number);
            shares.add(source(3), number + 3);
        }
        shares
    }

    #[test]
    fn who_has_most_gives_way_to_all_others_and_not_to_itself() {
        let (mut shares, mut draws) = (shares(200), Draws::new(7));
        assert_eq!(shares.make_way(source(1), &mut draws), Err(NoRoom));
        for nth in 0..98u64 {
            let gone = shares.make_way(source(2), &mut draws).expect("one gives way");
            assert!(gone < 1_000_000, "{gone} is not of the greediest");
            shares.remove(source(1), gone);
            shares.add(source(2), 2_000_000 + nth);
        }
        // 102 and 101.
        shares.remove(source(1), shares.make_way(source(2), &mut draws).expect("one gives way"));
        shares.add(source(2), 3_000_000);
        let ranked = shares.ranking.iter().map(|(count, _)| *count).sum::<usize>();
        assert_eq!((ranked, shares.ranking.len()), (206, 3));
    }

    #[test]
    fn a_fair_share_is_had_though_everybody_else_has_less() {
        let (mut shares, mut draws) = (Shares::default(), Draws::new(7));
        (0..100).for_each(|host| shares.add(source(host), u64::from(host)));
        for nth in 0..64u64 {
            let gone = shares.make_way(source(200), &mut draws).expect("one gives way");
            let whose = if gone < 100 { source(gone as u8) } else { source(200) };
            shares.remove(whose, gone);
            shares.add(source(200), 1_000 + nth);
        }
    }

    #[test]
    fn any_one_gives_way() {
        let shares = shares(8);
        let gone: BTreeSet<_> = (0..200)
            .filter_map(|seed| shares.make_way(source(9), &mut Draws::new(seed)).ok())
            .collect();
        assert_eq!(gone, (0..8).collect());
        assert_eq!(Shares::default().make_way(source(9), &mut Draws::new(7)), Err(NoRoom));
    }
}
