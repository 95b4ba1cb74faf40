//! What a machine reports to the application.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use crate::{Change, Doubts, Finding, Key, Loss, Path, Protocol};

/// A result for the application. These are all the kinds that there are, of every protocol, so that who handles
/// them can't lose one unseen; what else a protocol has to say is in the [`Finding`]'s body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// Somebody was found.
    Found(Finding<'a>),
    /// Something is new about one who was found.
    Changed {
        /// It as it is now.
        finding: Finding<'a>,
        /// What is new.
        change: Change,
    },
    /// One who was found is there no more, as far as is known.
    Lost {
        /// The protocol that it spoke.
        protocol: Protocol,
        /// What identifies it there, as when it was found.
        key: Key<'a>,
        /// Where it was last heard.
        from: Path,
        /// How that is known.
        reason: Loss,
    },
    /// A responder was asked.
    Asked {
        /// By which protocol.
        protocol: Protocol,
        /// Who asked.
        from: Path,
        /// What was asked.
        question: Question<'a>,
        /// Why it will not be answered; `None`: an answer is scheduled.
        refused: Option<Refusal>,
    },
    /// A listener heard a datagram.
    Message {
        /// By which protocol.
        protocol: Protocol,
        /// Who sent it.
        from: Path,
        /// The group that it was sent to; `None` where the platform does not say.
        group: Option<SocketAddr>,
        /// What it said.
        payload: &'a [u8],
    },
}

/// What a responder was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question<'a> {
    /// By the plain protocol: the probe's bytes.
    Plain(&'a [u8]),
    /// By the structured protocol: a query that asks for an answer of this responder.
    Service {
        /// The service that was asked for; `None`: any.
        name: Option<&'a str>,
        /// Whether the asker watches.
        watch: bool,
    },
}

/// Why a probe is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It was not sent to the group. Answering those would let two responders, each taking the
    /// other's answer for a probe, answer each other for ever.
    NotToGroup,
    /// Its source address is not one that a single peer can have (multicast, broadcast, unspecified,
    /// port 0).
    NotAPeer,
    /// Its source is not on the link: it may be forged, and the answer would leave the network.
    OffLink,
    /// It is not the probe that this responder answers.
    OtherProbe,
    /// Its source has used up its answers for now.
    SourceRate,
    /// All sources together have used up the answers for now.
    TotalRate,
    /// Too many answers are waiting to be sent.
    Busy,
    /// Its source is not on the link, and the answer would be longer than the probe: whoever forged the
    /// source would make more of it than it has.
    LongerThanProbe,
}

/// The reason in a stable word.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Refusal::NotToGroup => "not-to-group",
            Refusal::NotAPeer => "not-a-peer",
            Refusal::OffLink => "off-link",
            Refusal::OtherProbe => "other-probe",
            Refusal::SourceRate => "source-rate",
            Refusal::TotalRate => "total-rate",
            Refusal::Busy => "busy",
            Refusal::LongerThanProbe => "longer-than-probe",
        })
    }
}

/// What a driver knows of the network besides datagrams: see
/// [`Machine::handle_observation`](crate::Machine::handle_observation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observation {
    /// How many small datagrams the socket's receive buffer holds. A machine that does not know it
    /// takes Linux's default, 256.
    ReceiveBuffer {
        /// Datagrams of at most 160 bytes.
        datagrams: u64,
    },
    /// The operating system dropped datagrams before the driver could read them (`SO_RXQ_OVFL`).
    Dropped {
        /// How many since the last such report.
        datagrams: u64,
    },
    /// An interface has come, gone, or changed its addresses: who was there may be elsewhere, and who
    /// hears the group may be others.
    NetworkChanged,
    /// A datagram to this peer could not be sent and was given up: no room, or nobody at that address. It
    /// was not refused by whoever was to get it, but it is as good as refused to them.
    Unsent {
        /// Whom it was for.
        to: SocketAddr,
    },
    /// The answer to [`Action::Audit`](crate::Action::Audit).
    Audit(Evidence),
}

/// What became of what was sent and heard since the last audit, or since the start: what a machine must
/// know before it says that it has heard everybody. See [`Action::Audit`](crate::Action::Audit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Evidence {
    /// Datagrams to the group that did not leave by every interface in use: each that the operating
    /// system did not take, and each that it took while the interface had no carrier. An interface that
    /// has refused every datagram since the start does not count: it is not in use, and the driver says
    /// so.
    pub unsent: u64,
    /// Datagrams that the operating system dropped before they were read, as read now.
    pub dropped: u64,
    /// Whether an interface in use has changed: its carrier, its addresses, its memberships; or one has
    /// come into use.
    pub changed: bool,
}

impl Evidence {
    /// All was sent, nothing was dropped, nothing has changed.
    pub const CLEAN: Evidence = Evidence { unsent: 0, dropped: 0, changed: false };

    /// What a driver found.
    pub fn new(unsent: u64, dropped: u64, changed: bool) -> Evidence {
        Evidence { unsent, dropped, changed }
    }
}

/// What a machine did, in numbers. It comes with [`Action::Done`](crate::Action::Done), and each
/// machine's `summary` tells it at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Responders found.
    pub found: u64,
    /// Whether everybody was found; `None` where nobody can know, as in the plain protocol.
    pub complete: Option<bool>,
    /// Why the result may not be the whole, as far as the machine knows.
    pub doubts: Doubts,
    /// Sweeps of the structured protocol's discovery that came to their end.
    pub sweeps: u32,
    /// Of the responders found, those whose answer to the group came before any other: a firewall may
    /// keep answers to the asker alone away from it.
    pub found_by_group: u64,
    /// Datagrams that the operating system dropped for want of buffer, as far as the driver reported
    /// them.
    pub dropped: u64,
    /// Datagrams sent. One to the group counts once, however many interfaces it left by.
    pub sent: u64,
    /// Datagrams received.
    pub received: u64,
    /// Datagrams received that told nothing new: further copies of an answer.
    pub duplicates: u64,
    /// Datagrams received that were refused or did not fit a cap.
    pub ignored: u64,
    /// Of those ignored, the ones that this machine would have taken but for the key: they were sent
    /// with another or with none, or with one where this machine has none.
    pub unauthentic: u64,
    /// From the machine's start to its end, or to now.
    pub elapsed: Duration,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn each_refusal_has_a_word() {
        for (refusal, word) in [
            (Refusal::NotToGroup, "not-to-group"),
            (Refusal::NotAPeer, "not-a-peer"),
            (Refusal::OffLink, "off-link"),
            (Refusal::OtherProbe, "other-probe"),
            (Refusal::SourceRate, "source-rate"),
            (Refusal::TotalRate, "total-rate"),
            (Refusal::Busy, "busy"),
            (Refusal::LongerThanProbe, "longer-than-probe"),
        ] {
            assert_eq!(refusal.to_string(), word);
        }
    }

    #[test]
    fn clean_evidence_is_that_of_nothing_amiss() {
        assert_eq!(Evidence::new(0, 0, false), Evidence::CLEAN);
        let Evidence { unsent, dropped, changed } = Evidence::new(1, 2, true);
        assert_eq!((unsent, dropped, changed), (1, 2, true));
    }
}
