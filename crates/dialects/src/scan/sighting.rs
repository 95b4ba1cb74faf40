//! What one datagram says of one thing that is there.

use core::time::Duration;

use sha2::{Digest, Sha256};

use mcast_proto::Change;

use super::fair::Identity;
use super::saying::Saying;

/// Leases outside of this are taken as its ends: a device that says a second is not asked all the time, and
/// one that says a century is not believed.
const LEAST_LEASE: Duration = Duration::from_secs(60);
const LONGEST_LEASE: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest name of anything: one that is longer is nobody's.
pub(crate) const LONGEST_ID: usize = 512;

/// One thing that is there, as somebody says.
pub(crate) struct Sighting<'s> {
    /// What its own protocol knows it by. Letters are the same in either case.
    pub(crate) id: &'s [u8],
    /// What must be new for it to have changed.
    pub(crate) words: Words,
    /// How it is known to be there still.
    pub(crate) hold: Hold,
    /// What to ask it by when its lease ends: see [`Dialect::recall`](super::Dialect::recall).
    pub(crate) recall: &'s [u8],
    /// From the question to this, where it is an answer.
    pub(crate) round_trip: Option<Duration>,
    /// For how long it may be taken to be there, where it says so.
    pub(crate) lease: Option<Duration>,
    /// Writes what is to be told. Called only where something is.
    pub(crate) say: &'s dyn Fn(&mut Saying),
}

impl Sighting<'_> {
    pub(super) fn identity(&self) -> Identity {
        Identity::of(self.id)
    }
}

/// For how long something is taken to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// So long, by its own word.
    Lease(Duration),
    /// Until it has left a few rounds of questions unanswered.
    Rounds,
}

impl Hold {
    pub(super) fn within_bounds(self) -> Hold {
        match self {
            Hold::Lease(lease) => Hold::Lease(lease.clamp(LEAST_LEASE, LONGEST_LEASE)),
            Hold::Rounds => Hold::Rounds,
        }
    }
}

/// Prints of a few things that something says of itself, each known or not. The first is of what is another
/// after each start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Words([u64; 4]);

impl Words {
    /// The prints of these.
    pub(crate) fn of<const N: usize>(said: [Option<&[u8]>; N]) -> Words {
        const { assert!(N <= 4, "no more than there is place for") };
        let mut words = Words::default();
        for (place, said) in words.0.iter_mut().zip(said) {
            *place = said.map_or(0, print);
        }
        words
    }

    /// Whether this one of them is known.
    pub(crate) fn knows(&self, nth: usize) -> bool {
        self.0.get(nth).is_some_and(|print| *print != 0)
    }

    /// Takes in what is newly known; what that comes to, if there was anything new. What is not said is as
    /// it was.
    pub(super) fn learn(&mut self, new: Words) -> Option<Change> {
        let before = *self;
        for (known, new) in self.0.iter_mut().zip(new.0) {
            if new != 0 {
                *known = new;
            }
        }
        let [was_started, known @ ..] = before.0;
        let [is_started, new @ ..] = self.0;
        if was_started != 0 && was_started != is_started {
            Some(Change::Restarted)
        } else {
            // That the number of its start is known now is nothing new of it.
            (known != new).then_some(Change::Content)
        }
    }
}

/// Never 0, which means that nothing is known.
fn print(said: &[u8]) -> u64 {
    let digest = Sha256::digest(said);
    digest.iter().take(8).fold(0, |print, byte| print << 8 | u64::from(*byte)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_no_change() {
        let said = |text: &'static str| Some(text.as_bytes());
        let mut words = Words::of([None, said("a"), None]);
        assert!(!words.knows(0) && words.knows(1) && !words.knows(2) && !words.knows(9));
        for (new, change) in [
            ([None, said("a"), None, None], None),
            ([None, None, None, None], None),
            ([None, None, said(""), None], Some(Change::Content)),
            ([None, said("a"), said(""), None], None),
            ([said("1"), None, None, None], None),
            ([said("1"), said("b"), None, None], Some(Change::Content)),
            ([said("2"), said("c"), None, None], Some(Change::Restarted)),
            ([said("2"), said("c"), None, said("d")], Some(Change::Content)),
            ([said("2"), said("c"), said(""), said("d")], None),
        ] {
            assert_eq!(words.learn(Words::of(new)), change, "{new:?}");
        }
    }

    #[test]
    fn a_lease_has_bounds() {
        for (said, taken) in [(0, 60), (60, 60), (1_800, 1_800), (u64::MAX, 86_400)] {
            let hold = Hold::Lease(Duration::from_secs(said)).within_bounds();
            assert_eq!(hold, Hold::Lease(Duration::from_secs(taken)));
        }
        assert_eq!(Hold::Rounds.within_bounds(), Hold::Rounds);
    }
}
