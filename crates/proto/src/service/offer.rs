//! What a responder says of itself, and how much it answers.

use core::time::Duration;

use crate::Rate;
use crate::wire::{Attr, DecodeError, Endpoint, Epoch, Keyring, Tlv, TlvBuf, Tlvs};

/// What a responder says of itself. The parts are said in the order in which they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer(TlvBuf);

impl Offer {
    /// A service by its name.
    ///
    /// # Errors
    ///
    /// If the name is empty, longer than 255 bytes, or has control characters.
    pub fn new(service: &str) -> Result<Offer, DecodeError> {
        let mut tlvs = TlvBuf::new();
        // The epoch has a place of its own, always the same.
        tlvs.push(Tlv::Epoch(Epoch { boot: 0, seq: 0 }))?;
        Offer(tlvs).with(Tlv::Service(service))
    }

    /// A name for people.
    ///
    /// # Errors
    ///
    /// As for [`new`](Offer::new), and for a second name.
    pub fn name(self, name: &str) -> Result<Offer, DecodeError> {
        self.with(Tlv::Name(name))
    }

    /// The service's port, at the address that answers.
    ///
    /// # Errors
    ///
    /// For more than 8 endpoints.
    pub fn port(self, port: u16) -> Result<Offer, DecodeError> {
        self.with(Tlv::Endpoint(Endpoint { address: None, port }))
    }

    /// An attribute.
    ///
    /// # Errors
    ///
    /// If the key is not printable ASCII without `=`, key and value are longer than 255 bytes, or there
    /// are more than 16.
    pub fn attr(self, key: &str, value: &[u8]) -> Result<Offer, DecodeError> {
        self.with(Tlv::Attr(Attr { key, value: Some(value) }))
    }

    /// Any other part.
    ///
    /// # Errors
    ///
    /// If it breaks the rules of its type, or there is no room left for it.
    pub fn with(mut self, tlv: Tlv<'_>) -> Result<Offer, DecodeError> {
        self.0.push(tlv)?;
        Ok(self)
    }

    pub(super) fn set_epoch(&mut self, epoch: Epoch) {
        self.0.set_epoch(epoch);
    }

    /// Its parts, in the order in which they are said. The epoch among them is the responder's to set.
    pub fn tlvs(&self) -> Tlvs<'_> {
        self.0.as_tlvs()
    }
}

/// What a [`Responder`](super::Responder) offers, and how much it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responding {
    /// What it says of itself.
    pub offer: Offer,
    /// Its number; `None`: a random one. A responder that keeps its number over restarts is known to
    /// have been restarted; otherwise it is a new one, and the old one is missed when its lease ends.
    pub id: Option<u64>,
    /// A number that grows from start to start: Unix time in seconds, or a count.
    pub boot: u32,
    /// For how long a watcher may take it to be there; 10 s to a day.
    pub lease: Duration,
    /// Whether it announces itself at the start and once a lease, and says goodbye at the end.
    pub announce: bool,
    /// Answers a second at the most, each copy counted; `None`: without limit.
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
        Responding {
            offer,
            id: None,
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

/// The caps of a responder's stores. They are reserved at its start; a simulator of a hundred thousand
/// responders wants them small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stores {
    /// Answers, each copy counted, that may wait to be sent.
    pub pending: usize,
    /// Queries that are remembered, so that a copy of one is not answered again.
    pub recent: usize,
    /// Sources whose rate is followed.
    pub sources: usize,
}

impl Default for Stores {
    fn default() -> Stores {
        Stores { pending: 64, recent: 64, sources: 1024 }
    }
}
