//! How one was heard, what is new about it, and why it is gone: in words that all protocols share.

use core::fmt;

use crate::Cast;

/// How somebody was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Via {
    /// It answered the asker alone.
    Unicast,
    /// It spoke to the group: what an asker wants where a firewall drops the former.
    Group,
}

/// What is new about somebody who is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// What it says of itself.
    Content,
    /// It was heard from a further address.
    Address,
    /// It was started again.
    Restarted,
    /// Two say different things under its number at one time: one is a forgery, or a copy of a host
    /// with its number.
    Conflict,
}

/// Why somebody is taken to be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// It said goodbye, and proved it or did not answer any more.
    Goodbye,
    /// Its lease ended, and it did not answer when asked.
    Expired,
    /// It gives no lease, and left several questions in a row unanswered.
    Unanswered,
    /// There was no room to remember it any longer; it may well be there.
    NoRoom,
}

/// By how its datagram was addressed: where the platform does not say, as one to this host alone.
impl From<Cast> for Via {
    fn from(cast: Cast) -> Via {
        match cast {
            Cast::Group(_) => Via::Group,
            Cast::Unicast | Cast::Unknown => Via::Unicast,
        }
    }
}

/// How, in a stable word.
impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Via::Unicast => "unicast",
            Via::Group => "group",
        })
    }
}

/// What is new, in a stable word.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Change::Content => "content",
            Change::Address => "address",
            Change::Restarted => "restarted",
            Change::Conflict => "conflict",
        })
    }
}

/// Why, in a stable word.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Loss::Goodbye => "goodbye",
            Loss::Expired => "expired",
            Loss::Unanswered => "unanswered",
            Loss::NoRoom => "no_room",
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn each_has_its_word() {
        let vias = [Via::Unicast, Via::Group].map(|via| via.to_string());
        assert_eq!(vias, ["unicast", "group"]);
        let changes = [Change::Content, Change::Address, Change::Restarted, Change::Conflict];
        let words = ["content", "address", "restarted", "conflict"];
        assert_eq!(changes.map(|change| change.to_string()), words);
        let losses = [Loss::Goodbye, Loss::Expired, Loss::Unanswered, Loss::NoRoom];
        let words = ["goodbye", "expired", "unanswered", "no_room"];
        assert_eq!(losses.map(|loss| loss.to_string()), words);
    }

    #[test]
    fn only_what_came_to_a_group_was_heard_by_it() {
        let group = ([224, 1, 1, 1], 50_008).into();
        assert_eq!(Via::from(Cast::Group(group)), Via::Group);
        assert_eq!([Cast::Unicast, Cast::Unknown].map(Via::from), [Via::Unicast; 2]);
    }
}
