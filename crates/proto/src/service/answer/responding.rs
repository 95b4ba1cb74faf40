//! What responders offer, and how much they answer.

use core::time::Duration;

use crate::Rate;
use crate::service::offer::Offer;
use crate::wire::Keyring;

/// What a [`Responder`](crate::service::Responder) offers, and how much it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responding {
    /// What it says of itself.
    pub offer: Offer,
    /// Its number; `None`: one that follows from the seed. A responder that keeps its number over restarts
    /// is known to have been restarted; otherwise it is a new one, and the old one is missed when its
    /// lease ends. See [`Identity`](crate::service::Identity).
    pub id: Option<u64>,
    /// A number that grows from start to start: Unix time in seconds, or a count.
    pub boot: u32,
    /// For how long a watcher may take it to be there; 10 s to a day.
    pub lease: Duration,
    /// Whether it announces itself at the start and once a lease, and says goodbye at the end.
    pub announce: bool,
    /// Answers a second at the most, each copy counted; `None`: without limit. Answers to the group are not
    /// among them: one is for all who ask for one, and there are five a second at the most.
    pub rate: Option<Rate>,
    /// Whether unicast queries from beyond the link are answered, once each and no longer than they
    /// are. Their source may be forged, and the answer leaves the network.
    pub allow_off_link: bool,
    /// The shared secret, without which queries are then ignored.
    pub keyring: Option<Keyring>,
    /// How much it remembers.
    pub stores: Stores,
}

impl Responding {
    /// The defaults, for this offer.
    pub fn of(offer: Offer) -> Responding {
        let Answering { boot, lease, announce, rate, allow_off_link, keyring, stores } =
            Answering::default();
        Responding { offer, id: None, boot, lease, announce, rate, allow_off_link, keyring, stores }
    }

    /// What is offered, under which id, and how much is answered.
    pub(crate) fn into_parts(self) -> (Offer, Option<u64>, Answering) {
        let Responding { offer, id, boot, lease, announce, rate, allow_off_link, keyring, stores } =
            self;
        let answering = Answering { boot, lease, announce, rate, allow_off_link, keyring, stores };
        (offer, id, answering)
    }
}

/// How much [`Responders`](crate::service::Responders) answer, whatever they offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    /// A number that grows from start to start: Unix time in seconds, or a count.
    pub boot: u32,
    /// For how long a watcher may take a service to be there; 10 s to a day.
    pub lease: Duration,
    /// Whether each service is announced at the start and once a lease, and says goodbye at the end.
    pub announce: bool,
    /// Answers a second at the most where there is one service, each copy counted; of several
    /// [`Rate::of_services`]; `None`: without limit. Answers to the group are not among them: one is for all
    /// who ask for one, and there are five a second of each service and a thousand of all at the most.
    pub rate: Option<Rate>,
    /// Whether unicast queries from beyond the link are answered, once by each service and no longer than
    /// they are. Their source may be forged, and the answers leave the network.
    pub allow_off_link: bool,
    /// The shared secret, without which queries are then ignored.
    pub keyring: Option<Keyring>,
    /// How much they remember.
    pub stores: Stores,
}

impl Default for Answering {
    fn default() -> Answering {
        Answering {
            boot: 0,
            lease: Duration::from_secs(120),
            announce: true,
            rate: Some(Rate::default()),
            allow_off_link: false,
            keyring: None,
            stores: Stores::default(),
        }
    }
}

/// The caps of a responder's stores, which are reserved at its start: a small machine, or a simulator of
/// a hundred thousand responders, wants them small. Each is one at the least, and 1024 at the most
/// (`sources`: 65,536); what is beyond counts as that.
///
/// A responder with 16 in each takes under 16 KiB in all, its offer with it (of 1132 bytes: 11.2 kB on a
/// 64-bit machine), and with the default about 35 kB; nothing that is sent to it makes that more. Each further
/// service takes 500 bytes and its offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stores {
    /// Questions whose answers may wait to be sent, each of them once or several times.
    pub pending: usize,
    /// Queries that are remembered, so that a copy of one is not answered again.
    pub recent: usize,
    /// Budgets of sources: each source has one of them, by a hash that nobody outside can tell, and shares
    /// it with few others, or none.
    pub sources: usize,
}

impl Default for Stores {
    fn default() -> Stores {
        Stores { pending: 64, recent: 64, sources: 1024 }
    }
}

impl Stores {
    /// Every query is held against all that waits and is remembered.
    const MOST: usize = 1024;
    const MOST_SOURCES: usize = 1 << 16;

    pub(crate) fn bounded(self) -> Stores {
        Stores {
            pending: self.pending.clamp(1, Stores::MOST),
            recent: self.recent.clamp(1, Stores::MOST),
            sources: self.sources.clamp(1, Stores::MOST_SOURCES),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_of_any_size_are_made_usable() {
        for (said, stores) in [(0, (1, 1)), (7, (7, 7)), (usize::MAX, (1_024, 65_536))] {
            let bounded = Stores { pending: said, recent: said, sources: said }.bounded();
            assert_eq!(
                (bounded.pending, bounded.recent, bounded.sources),
                (stores.0, stores.0, stores.1)
            );
        }
        assert_eq!(Stores::default().bounded(), Stores::default());
    }
}
