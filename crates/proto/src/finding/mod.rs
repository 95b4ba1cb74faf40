//! One who was found, in the words that all protocols share.

mod facts;
mod key;
mod news;
mod protocol;

pub use facts::{Fact, FactIter, Facts, FactsBuf, FactsFull};
pub use key::Key;
pub use news::{Change, Loss, Via};
pub use protocol::Protocol;

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::Path;
use crate::service::Instance;
use crate::wire::{Attr, Endpoint, Tlv};

/// One who was found, as it has just been heard. What every protocol has is a field; what one or the other
/// says is behind a method, which tells nothing where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding<'a> {
    /// The protocol that it speaks.
    pub protocol: Protocol,
    /// Where it was heard, and by which interface.
    pub from: Path,
    /// How it was heard.
    pub via: Via,
    /// From the question to this answer, with the wait over which answers were asked to be spread; `None`
    /// where the question is not known. In the plain protocol, from the latest probe: where that was repeated
    /// the answer may be to an earlier one, so that the true time is this or longer.
    pub round_trip: Option<Duration>,
    /// For how long it may be taken to be there, where it says so.
    pub lease: Option<Duration>,
    /// What its protocol says.
    pub body: Body<'a>,
}

/// What one who was found says in its protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body<'a> {
    /// By the plain protocol.
    Plain {
        /// Its number, which no other of this run has: two that say different things may share an address.
        number: u64,
        /// What it said.
        payload: &'a [u8],
    },
    /// By the structured protocol.
    Service(Instance<'a>),
    /// By a protocol outside of this crate.
    Facts(Facts<'a>),
}

impl<'a> Finding<'a> {
    /// One who answered the asker alone, and of whom neither the round trip nor a lease is known: set
    /// those that are.
    pub const fn new(protocol: Protocol, from: Path, body: Body<'a>) -> Finding<'a> {
        Finding { protocol, from, via: Via::Unicast, round_trip: None, lease: None, body }
    }

    /// What identifies it among all of its protocol.
    pub fn key(&self) -> Key<'a> {
        match self.body {
            Body::Plain { number, .. } => Key::Plain { remote: self.from.remote, number },
            Body::Service(instance) => Key::Service(instance.id),
            Body::Facts(facts) => Key::Foreign(first(facts, key_of).unwrap_or_default()),
        }
    }

    /// Its name, for people.
    pub fn name(&self) -> Option<&'a str> {
        match self.body {
            Body::Plain { .. } => None,
            Body::Service(instance) => instance.name(),
            Body::Facts(facts) => {
                first(facts, |fact| if let Fact::Name(name) = fact { Some(name) } else { None })
            }
        }
    }

    /// The service that it offers.
    pub fn service(&self) -> Option<&'a str> {
        match self.body {
            Body::Plain { .. } => None,
            Body::Service(instance) => instance.service(),
            Body::Facts(facts) => {
                first(facts, |fact| if let Fact::Service(name) = fact { Some(name) } else { None })
            }
        }
    }

    /// The name of its host.
    pub fn host(&self) -> Option<&'a str> {
        match self.body {
            Body::Plain { .. } | Body::Service(_) => None,
            Body::Facts(facts) => {
                first(facts, |fact| if let Fact::Host(name) = fact { Some(name) } else { None })
            }
        }
    }

    /// Where there is more about it.
    pub fn url(&self) -> Option<&'a str> {
        match self.body {
            Body::Plain { .. } | Body::Service(_) => None,
            Body::Facts(facts) => {
                first(facts, |fact| if let Fact::Url(url) = fact { Some(url) } else { None })
            }
        }
    }

    /// The addresses at which it can be reached, in the order in which it says them: where it says none, the
    /// one that it was heard from. A link-local one is of the link that it was heard on.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let heard = self.from.remote.ip();
        let (tlvs, facts) = match self.body {
            Body::Plain { .. } => (None, None),
            Body::Service(instance) => (Some(instance.tlvs), None),
            Body::Facts(facts) => (None, Some(facts)),
        };
        let of_tlvs = tlvs.into_iter().flatten().filter_map(move |tlv| match tlv {
            Tlv::Endpoint(Endpoint { address, .. }) => Some(address.unwrap_or(heard)),
            _ => None,
        });
        let of_facts = facts.into_iter().flatten().filter_map(|fact| match fact {
            Fact::Address(address) => Some(address),
            _ => None,
        });
        let mut said = of_tlvs.chain(of_facts).peekable();
        let unsaid = said.peek().is_none().then_some(heard);
        said.chain(unsaid)
    }

    /// The port of its service, of the first endpoint where it has several.
    pub fn port(&self) -> Option<u16> {
        match self.body {
            Body::Plain { .. } => None,
            Body::Service(instance) => instance.port(),
            Body::Facts(facts) => {
                first(facts, |fact| if let Fact::Port(port) = fact { Some(port) } else { None })
            }
        }
    }

    /// Where to connect: the first of its addresses, with its port; `None` where it says no port. A link-local
    /// one has the zone of the link that it was heard on.
    pub fn endpoint(&self) -> Option<SocketAddr> {
        let mut endpoint = SocketAddr::new(self.addresses().next()?, self.port()?);
        if let SocketAddr::V6(v6) = &mut endpoint
            && v6.ip().is_unicast_link_local()
        {
            v6.set_scope_id(match self.from.remote {
                SocketAddr::V6(heard) if heard.scope_id() != 0 => heard.scope_id(),
                _ => self.from.interface.map_or(0, |interface| interface.0),
            });
        }
        Some(endpoint)
    }

    /// Its attributes, in the order in which it says them.
    pub fn attrs(&self) -> impl Iterator<Item = Attr<'a>> + use<'a> {
        let (instance, facts) = match self.body {
            Body::Plain { .. } => (None, None),
            Body::Service(instance) => (Some(instance), None),
            Body::Facts(facts) => (None, Some(facts)),
        };
        let of_instance = instance.into_iter().flat_map(|instance| instance.attrs());
        let of_facts = facts.into_iter().flatten().filter_map(|fact| match fact {
            Fact::Attr(attr) => Some(attr),
            _ => None,
        });
        of_instance.chain(of_facts)
    }

    /// What it said, as it is; in the structured protocol, what it would say in the plain one.
    pub fn payload(&self) -> Option<&'a [u8]> {
        match self.body {
            Body::Plain { payload, .. } => Some(payload),
            Body::Service(instance) => instance.payload(),
            Body::Facts(facts) => {
                first(facts, |fact| if let Fact::Payload(it) = fact { Some(it) } else { None })
            }
        }
    }

    /// What it says by the structured protocol, where it speaks that.
    pub fn instance(&self) -> Option<Instance<'a>> {
        if let Body::Service(instance) = self.body { Some(instance) } else { None }
    }
}

fn key_of(fact: Fact<'_>) -> Option<&[u8]> {
    if let Fact::Key(key) = fact { Some(key) } else { None }
}

fn first<'a, T>(facts: Facts<'a>, of: impl Fn(Fact<'a>) -> Option<T>) -> Option<T> {
    facts.iter().find_map(of)
}

#[cfg(test)]
mod tests;
