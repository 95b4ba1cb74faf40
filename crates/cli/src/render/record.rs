//! What is shown of an event. Every view is made of records alone, so none can have what another lacks.

use std::fmt::{self, Display};
use std::time::SystemTime;

use mcast_dialects::meaning::{self, Act};
use mcast_proto::{Body, Change, Event, Finding, Key, Loss, Protocol, Question, Refusal, Via};
use serde::Serialize;

use super::address::{Address, Host};
use super::described::Described;
use super::field::{Addresses, Lease, Milliseconds, Offer, Payload, Time, Word};
use super::id::{Id, dialect};
use super::sentence::Sentence;
use crate::escape::Escaped;
use crate::roster::{Known, Past};

/// An event, with what was known before. In JSON it is as it stands here: names and order are a contract.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Record<'a> {
    Found(Found<'a>),
    Changed(Found<'a>),
    Lost(Lost<'a>),
    Request(Request<'a>),
    Message(Message<'a>),
    Described(Described<'a>),
}

/// One who is there.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Found<'a> {
    pub(super) time: Time,
    pub(super) addr: Address<'a>,
    pub(crate) interface: Option<&'a str>,
    pub(crate) rtt_ms: Option<Milliseconds>,
    #[serde(flatten)]
    pub(crate) payload: Option<Payload<'a>>,
    /// `None`: its protocol knows no services.
    #[serde(flatten)]
    pub(crate) offer: Option<Offer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Id<'a>>,
    /// Where to connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<Address<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) addresses: Option<Addresses<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) via: Option<Word<Via>>,
    pub(super) lease_ms: Option<Lease>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authentic: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) truncated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<Word<Change>>,
    /// When it was found, where that is another time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Time>,
    pub(crate) dialect: &'a str,
    /// The address that it was heard from, by which what one device said is told together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<Host<'a>>,
    #[serde(skip)]
    pub(super) source: Host<'a>,
}

/// One who is gone: all that was known of it, at the time when it went.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Lost<'a> {
    #[serde(flatten)]
    pub(super) last: Found<'a>,
    pub(super) reason: Word<Loss>,
}

/// What a responder was asked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Request<'a> {
    pub(super) time: Time,
    pub(super) from: Address<'a>,
    pub(super) interface: Option<&'a str>,
    #[serde(flatten)]
    pub(super) asked: Asked<'a>,
    pub(super) answered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<Word<Refusal>>,
    pub(super) dialect: Word<Protocol>,
}

/// The question itself: in JSON its fields are the request's.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Asked<'a> {
    Plain(Payload<'a>),
    Service {
        /// Null: any.
        service: Option<&'a str>,
        watch: bool,
    },
    /// Of a kind that this program does not know.
    Other {
        question: String,
    },
}

/// What was said in a group.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message<'a> {
    pub(super) time: Time,
    pub(super) from: Address<'a>,
    pub(super) group: Option<Address<'a>>,
    pub(super) interface: Option<&'a str>,
    pub(super) len: usize,
    #[serde(flatten)]
    pub(super) payload: Payload<'a>,
    pub(super) dialect: Word<Protocol>,
    /// What it is there for, where it is of a protocol that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<Word<Act>>,
    /// What it says, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) meaning: Option<Sentence>,
}

impl<'a> Record<'a> {
    /// What to show of an event that was heard on `interface` at `time`. This is the only place where events
    /// are told apart for that.
    pub(super) fn of(
        event: &Event<'a>,
        interface: Option<&'a str>,
        time: SystemTime,
        past: &'a Past,
    ) -> Record<'a> {
        let heard = |address| Address { address, interface };
        let time = Time(time);
        match *event {
            Event::Found(finding) => {
                Record::Found(Found::of(finding, interface, time, None, past.since))
            }
            Event::Changed { finding, change } => {
                Record::Changed(Found::of(finding, interface, time, Some(change), past.since))
            }
            Event::Lost { protocol, key, from, reason } => {
                let known = past.gone.as_ref().map(Found::of_known);
                let last = known
                    .unwrap_or_else(|| Found::unknown(protocol, key, heard(from.remote), time));
                // A lease that ends comes in by no interface.
                let interface = last.interface.or(interface);
                let since = past.since.map(Time);
                let last = Found { time, interface, change: None, since, ..last };
                Record::Lost(Lost { last, reason: Word(reason) })
            }
            Event::Asked { protocol, from, question, refused } => Record::Request(Request {
                time,
                from: heard(from.remote),
                interface,
                asked: Asked::from(question),
                answered: refused.is_none(),
                refused: refused.map(Word),
                dialect: Word(protocol),
            }),
            Event::Message { protocol, from, group, payload } => {
                let meaning = meaning::of(group, payload);
                Record::Message(Message {
                    time,
                    from: heard(from.remote),
                    group: group.map(heard),
                    interface,
                    len: payload.len(),
                    payload: payload.into(),
                    dialect: Word(meaning.as_ref().map_or(protocol, |meaning| meaning.protocol)),
                    act: meaning.as_ref().map(|meaning| Word(meaning.act)),
                    meaning: meaning.map(Sentence),
                })
            }
        }
    }
}

impl<'a> Record<'a> {
    /// The same with its device.
    pub(super) fn with_device(mut self) -> Record<'a> {
        match &mut self {
            Record::Found(found) | Record::Changed(found) => found.device = Some(found.source),
            Record::Lost(Lost { last, .. }) => last.device = Some(last.source),
            // What is described has its device always.
            Record::Request(_) | Record::Message(_) | Record::Described(_) => {}
        }
        self
    }
}

impl<'a> Found<'a> {
    fn of(
        finding: Finding<'a>,
        interface: Option<&'a str>,
        time: Time,
        change: Option<Change>,
        since: Option<SystemTime>,
    ) -> Found<'a> {
        let Finding { protocol, from, via, round_trip, lease, body, .. } = finding;
        let instance = finding.instance();
        let endpoint = finding.endpoint().map(|address| Address { address, interface });
        let heard = Address { address: from.remote, interface };
        let is_foreign = !matches!(body, Body::Plain { .. } | Body::Service(_));
        Found {
            time,
            // Of other protocols nobody wants to know from which port they answered.
            addr: endpoint.filter(|_| is_foreign).unwrap_or(heard),
            interface,
            rtt_ms: round_trip.map(Milliseconds),
            payload: finding.payload().map(Payload::from),
            offer: (!matches!(body, Body::Plain { .. })).then(|| Offer::of(finding)),
            id: Id::of(protocol, finding.key()),
            endpoint,
            host: finding.host(),
            url: finding.url(),
            addresses: is_foreign.then_some(Addresses { finding, interface }),
            via: Some(Word(via)),
            lease_ms: lease.map(Lease),
            authentic: instance.map(|instance| instance.authentic),
            truncated: instance.map(|instance| instance.truncated),
            change: change.map(Word),
            since: since.map(Time),
            dialect: dialect(protocol, finding.key()),
            device: None,
            source: Host(heard),
        }
    }

    /// One of whom no more is known than that it was there.
    fn unknown(protocol: Protocol, key: Key<'a>, heard: Address<'a>, time: Time) -> Found<'a> {
        Found {
            time,
            addr: heard,
            interface: heard.interface,
            rtt_ms: None,
            payload: None,
            offer: None,
            id: Id::of(protocol, key),
            endpoint: None,
            host: None,
            url: None,
            addresses: None,
            via: None,
            lease_ms: None,
            authentic: None,
            truncated: None,
            change: None,
            since: None,
            dialect: dialect(protocol, key),
            device: None,
            source: Host(heard),
        }
    }

    /// One who is known, as it was last heard.
    pub(crate) fn of_known(known: &'a Known) -> Found<'a> {
        let Known { finding, interface, since, change } = known;
        let (finding, time) = (finding.as_finding(), Time(*since));
        Found::of(finding, interface.as_deref(), time, *change, Some(*since))
    }

    /// Displays where it is to be reached: where it says, or where it answered from; without a port of its
    /// service, the address alone.
    pub(crate) fn reach(&self) -> Reach<'a> {
        Reach::of(self.addr, self.endpoint, self.offer.is_some())
    }

    /// Whether all that is new of it is a further address.
    pub(super) fn has_moved(&self) -> bool {
        self.change == Some(Word(Change::Address))
    }

    /// All that it says of itself besides what it is and what it is called.
    pub(crate) fn details(&self) -> Vec<String> {
        let attributes = self.offer.iter().flat_map(Offer::attributes);
        let see = self.url.map(|url| format!("see {}", Escaped(url.as_bytes())));
        attributes.map(|attribute| attribute.to_string()).chain(see).collect()
    }

    /// What there is to say of it besides, in words; with `details`, also what few want to know.
    pub(crate) fn notes(&self, details: bool) -> Vec<String> {
        let say = |is_so: bool, note: &str| is_so.then(|| note.to_owned());
        let lease = self.lease_ms.filter(|_| details).map(|lease| format!("lease {lease}"));
        let notes = [
            say(self.authentic == Some(true), "authentic"),
            say(self.via == Some(Word(Via::Group)), "by the group"),
            say(self.truncated == Some(true), "and more that it did not get to say"),
            lease,
        ];
        notes.into_iter().flatten().collect()
    }
}

impl<'a> From<Question<'a>> for Asked<'a> {
    fn from(question: Question<'a>) -> Asked<'a> {
        match question {
            Question::Plain(probe) => Asked::Plain(probe.into()),
            Question::Service { name, watch } => Asked::Service { service: name, watch },
            other => Asked::Other { question: format!("{other:?}") },
        }
    }
}

/// Where somebody is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach<'a> {
    Port(Address<'a>),
    Host(Host<'a>),
}

impl<'a> Reach<'a> {
    fn of(heard: Address<'a>, endpoint: Option<Address<'a>>, is_service: bool) -> Reach<'a> {
        match endpoint {
            Some(endpoint) => Reach::Port(endpoint),
            // What is at the port is what answered.
            None if !is_service => Reach::Port(heard),
            None => Reach::Host(Host(heard)),
        }
    }
}

impl Display for Reach<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reach::Port(address) => address.fmt(f),
            Reach::Host(host) => host.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
