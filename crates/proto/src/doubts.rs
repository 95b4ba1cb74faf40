//! Why a result may not be the whole.

use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// The reasons for which a run can't say that it has found everybody: a set of stable words.
///
/// ```
/// use mcast_proto::Doubts;
///
/// let mut doubts = Doubts::NONE;
/// doubts |= Doubts::NO_ROOM;
/// doubts |= Doubts::DEADLINE;
/// assert!(doubts.contains(Doubts::NO_ROOM));
/// assert_eq!(doubts.to_string(), "deadline, no_room");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Doubts(u16);

/// Every reason with its word, in the order in which they are told.
const WORDS: [(Doubts, &str); 12] = [
    (Doubts::DEADLINE, "deadline"),
    (Doubts::COUNT, "count"),
    (Doubts::CLOSED, "closed"),
    (Doubts::NOT_SENT, "not_sent"),
    (Doubts::DROPPED, "dropped"),
    (Doubts::NETWORK_CHANGED, "network_changed"),
    (Doubts::NO_ROOM, "no_room"),
    (Doubts::REFUSED, "refused"),
    (Doubts::CONFLICT, "conflict"),
    (Doubts::CUT_SHORT, "cut_short"),
    (Doubts::UNAUDITED, "unaudited"),
    (Doubts::UNHEARD, "unheard"),
];

impl Doubts {
    /// No reason to doubt.
    pub const NONE: Doubts = Doubts(0);
    /// The time was up first; or of a watcher, the sweeps that its first discovery may have.
    pub const DEADLINE: Doubts = Doubts(1);
    /// As many as were wanted were found, and nobody looked for more.
    pub const COUNT: Doubts = Doubts(1 << 1);
    /// The application closed it.
    pub const CLOSED: Doubts = Doubts(1 << 2);
    /// Not every question left by every interface in use.
    pub const NOT_SENT: Doubts = Doubts(1 << 3);
    /// The operating system dropped datagrams before they were read.
    pub const DROPPED: Doubts = Doubts(1 << 4);
    /// An interface came, went, or changed on the way.
    pub const NETWORK_CHANGED: Doubts = Doubts(1 << 5);
    /// There was no room to remember somebody who answered.
    pub const NO_ROOM: Doubts = Doubts(1 << 6);
    /// A responder said that it refused questions.
    pub const REFUSED: Doubts = Doubts(1 << 7);
    /// Two that can't be told apart say different things.
    pub const CONFLICT: Doubts = Doubts(1 << 8);
    /// The whole of an answer could not be had.
    pub const CUT_SHORT: Doubts = Doubts(1 << 9);
    /// The driver did not say what became of what was sent and heard: see
    /// [`Action::Audit`](crate::Action::Audit).
    pub const UNAUDITED: Doubts = Doubts(1 << 10);
    /// What is said to the group unasked could not be heard.
    pub const UNHEARD: Doubts = Doubts(1 << 11);

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are among them.
    pub const fn contains(self, other: Doubts) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds those of `other`.
    pub fn insert(&mut self, other: Doubts) {
        self.0 |= other.0;
    }

    /// Those that are not of `other`.
    pub const fn without(self, other: Doubts) -> Doubts {
        Doubts(self.0 & !other.0)
    }

    /// Their words, always in the same order.
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().filter(move |(doubt, _)| self.contains(*doubt)).map(|(_, word)| word)
    }
}

impl BitOr for Doubts {
    type Output = Doubts;
    fn bitor(self, other: Doubts) -> Doubts {
        Doubts(self.0 | other.0)
    }
}

impl BitOrAssign for Doubts {
    fn bitor_assign(&mut self, other: Doubts) {
        self.insert(other);
    }
}

/// The words with commas between them; nothing for [`Doubts::NONE`].
impl fmt::Display for Doubts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, word) in self.iter().enumerate() {
            if nth > 0 {
                f.write_str(", ")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Doubts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Doubts({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn each_reason_has_a_place_and_a_word_of_its_own() {
        let mut all = Doubts::default();
        assert!(all.is_empty() && all == Doubts::NONE);
        for (doubt, word) in WORDS {
            assert!(!all.contains(doubt), "{word}");
            assert_eq!(doubt.iter().collect::<Vec<_>>(), [word]);
            assert_eq!(all | doubt, doubt | all);
            all |= doubt;
            assert!(all.contains(doubt) && !all.is_empty());
            assert_eq!(all | doubt, all);
            assert!(!all.without(doubt).contains(doubt) && (all.without(doubt) | doubt) == all);
        }
        assert_eq!(
            all.to_string(),
            "deadline, count, closed, not_sent, dropped, network_changed, no_room, refused, \
             conflict, cut_short, unaudited, unheard"
        );
    }

    #[test]
    fn a_set_holds_what_was_put_in_and_no_more() {
        let mut doubts = Doubts::DROPPED;
        doubts.insert(Doubts::DROPPED | Doubts::CLOSED);
        assert_eq!(doubts, Doubts::CLOSED | Doubts::DROPPED);
        assert!(doubts.contains(Doubts::NONE) && doubts.contains(doubts));
        assert!(!doubts.contains(Doubts::CLOSED | Doubts::COUNT));
        assert_eq!(format!("{doubts} {doubts:?}"), "closed, dropped Doubts(closed, dropped)");
        assert_eq!(format!("{}{:?}", Doubts::NONE, Doubts::NONE), "Doubts()");
    }
}
