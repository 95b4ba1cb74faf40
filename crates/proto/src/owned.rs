//! What outlives the datagram that it came from: each form with bytes of its own is derived here from the one
//! that borrows them.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use crate::service::Instance;
use crate::wire::Tlvs;
use crate::{Body, Event, Facts, Finding, Key, Question};

/// Makes the form with bytes of its own of a kind that has all that it borrows in one place at the most:
/// `$map` puts other bytes there.
macro_rules! owned {
    ($(#[$doc:meta])* $Owned:ident, $Borrowed:ident, $as_borrowed:ident, $map:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $Owned {
            /// All of it but its bytes.
            shell: $Borrowed<'static>,
            bytes: Vec<u8>,
        }

        impl $Owned {
            /// It as it was, to be matched on.
            pub fn $as_borrowed(&self) -> $Borrowed<'_> {
                $map(self.shell, |_| &self.bytes)
            }
        }

        impl From<$Borrowed<'_>> for $Owned {
            fn from(borrowed: $Borrowed<'_>) -> $Owned {
                let mut bytes = Vec::new();
                let shell = $map(borrowed, |borrowed| {
                    bytes.extend_from_slice(borrowed);
                    &[]
                });
                $Owned { shell, bytes }
            }
        }

        impl fmt::Debug for $Owned {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.$as_borrowed().fmt(f)
            }
        }
    };
}

owned! {
    /// An [`Event`] with bytes of its own, to be kept, or to be handed to another thread.
    ///
    /// ```
    /// use mcast_proto::{Event, OwnedEvent, Path, Protocol};
    ///
    /// let from = Path::new("10.0.0.2:50008".parse()?);
    /// let datagram = b"hello".to_vec();
    /// let protocol = Protocol::PLAIN;
    /// let event = Event::Message { protocol, from, group: None, payload: &datagram };
    /// let kept = OwnedEvent::from(event);
    /// drop(datagram);
    /// assert!(matches!(kept.as_event(), Event::Message { payload: b"hello", .. }));
    /// # Ok::<(), core::net::AddrParseError>(())
    /// ```
    OwnedEvent, Event, as_event, event_with
}

owned! {
    /// A [`Finding`] with bytes of its own: for a list of who is there.
    OwnedFinding, Finding, as_finding, finding_with
}

owned! {
    /// A [`Key`] with bytes of its own, to look things up by. It is in order as its key is.
    OwnedKey, Key, as_key, key_with
}

impl Ord for OwnedKey {
    fn cmp(&self, other: &OwnedKey) -> Ordering {
        self.as_key().cmp(&other.as_key())
    }
}

impl PartialOrd for OwnedKey {
    fn partial_cmp(&self, other: &OwnedKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

// The same with what `replace` gives for its bytes.

fn event_with<'a, 'b>(event: Event<'a>, replace: impl FnOnce(&'a [u8]) -> &'b [u8]) -> Event<'b> {
    match event {
        Event::Found(finding) => Event::Found(finding_with(finding, replace)),
        Event::Changed { finding, change } => {
            Event::Changed { finding: finding_with(finding, replace), change }
        }
        Event::Lost { protocol, key, from, reason } => {
            Event::Lost { protocol, key: key_with(key, replace), from, reason }
        }
        Event::Asked { protocol, from, question, refused } => {
            Event::Asked { protocol, from, question: question_with(question, replace), refused }
        }
        Event::Message { protocol, from, group, payload } => {
            Event::Message { protocol, from, group, payload: replace(payload) }
        }
    }
}

fn finding_with<'a, 'b>(
    finding: Finding<'a>,
    replace: impl FnOnce(&'a [u8]) -> &'b [u8],
) -> Finding<'b> {
    let Finding { protocol, from, via, round_trip, lease, body } = finding;
    let body = match body {
        Body::Plain { number, payload } => Body::Plain { number, payload: replace(payload) },
        Body::Service(Instance { id, authentic, truncated, tlvs }) => {
            let tlvs = Tlvs::checked_before(replace(tlvs.as_bytes()));
            Body::Service(Instance { id, authentic, truncated, tlvs })
        }
        Body::Facts(facts) => Body::Facts(Facts::checked_before(replace(facts.as_bytes()))),
    };
    Finding { protocol, from, via, round_trip, lease, body }
}

fn key_with<'a, 'b>(key: Key<'a>, replace: impl FnOnce(&'a [u8]) -> &'b [u8]) -> Key<'b> {
    match key {
        Key::Plain { remote, number } => Key::Plain { remote, number },
        Key::Service(id) => Key::Service(id),
        Key::Foreign(bytes) => Key::Foreign(replace(bytes)),
    }
}

fn question_with<'a, 'b>(
    question: Question<'a>,
    replace: impl FnOnce(&'a [u8]) -> &'b [u8],
) -> Question<'b> {
    match question {
        Question::Plain(probe) => Question::Plain(replace(probe)),
        Question::Service { name, watch } => {
            let text = |name: &'a str| str::from_utf8(replace(name.as_bytes())).unwrap_or_default();
            Question::Service { name: name.map(text), watch }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use core::time::Duration;

    use super::*;
    use crate::wire::{Tlv, TlvBuf};
    use crate::{Change, Fact, FactsBuf, InterfaceId, Loss, Path, Protocol, Refusal, Via};

    fn from() -> Path {
        Path::new(([10, 0, 0, 2], 50_008).into()).by(InterfaceId(3))
    }

    /// One of each protocol.
    fn findings<'a>(tlvs: &'a TlvBuf, facts: &'a FactsBuf) -> [Finding<'a>; 3] {
        let instance =
            Instance { id: 0xfeed, authentic: true, truncated: true, tlvs: tlvs.as_tlvs() };
        [
            (Protocol::PLAIN, Body::Plain { number: 3, payload: b"Me!" }),
            (Protocol::MCAST, Body::Service(instance)),
            (Protocol::new("mdns"), Body::Facts(facts.as_facts())),
        ]
        .map(|(protocol, body)| {
            let (round_trip, lease) = (Some(Duration::from_millis(4)), Some(Duration::MAX));
            Finding { protocol, from: from(), via: Via::Group, round_trip, lease, body }
        })
    }

    #[test]
    fn what_is_kept_is_what_was_reported() {
        let (mut tlvs, mut facts) = (TlvBuf::new(), FactsBuf::new());
        tlvs.push(Tlv::Name("lab-3")).unwrap();
        facts.push(Fact::Key(b"lab-3")).unwrap();
        let (from, payload) = (from(), &b"Me!"[..]);
        let (protocol, refused) = (Protocol::PLAIN, Some(Refusal::Busy));
        let questions = [
            Question::Plain(b"who's there?"),
            Question::Service { name: Some("printer"), watch: true },
            Question::Service { name: None, watch: false },
        ];
        let asked = questions.map(|question| Event::Asked { protocol, from, question, refused });
        let told = findings(&tlvs, &facts).into_iter().flat_map(|finding| {
            let kept = OwnedFinding::from(finding);
            assert_eq!(kept.as_finding(), finding);
            let (protocol, key) = (finding.protocol, finding.key());
            [
                Event::Found(finding),
                Event::Changed { finding, change: Change::Restarted },
                Event::Lost { protocol, key, from, reason: Loss::NoRoom },
            ]
        });
        let message = Event::Message { protocol, from, group: Some(from.remote), payload };
        for event in told.chain(asked).chain([message]) {
            let kept = OwnedEvent::from(event);
            assert_eq!(kept.as_event(), event);
            assert_eq!(format!("{kept:?}"), format!("{event:?}"));
        }
    }

    #[test]
    fn keys_that_are_kept_are_in_the_order_of_the_keys() {
        let plain = |last, number| Key::Plain { remote: ([10, 0, 0, last], 9).into(), number };
        let keys = [
            plain(1, 2),
            plain(2, 1),
            plain(2, 2),
            Key::Service(1),
            Key::Service(2),
            Key::Foreign(b""),
            Key::Foreign(b"a"),
            Key::Foreign(b"ab"),
            Key::Foreign(b"b"),
        ];
        assert!(keys.is_sorted());
        let kept = keys.map(OwnedKey::from);
        assert!(kept.is_sorted() && kept.windows(2).all(|two| two[0] != two[1]));
        assert!(kept.iter().map(OwnedKey::as_key).eq(keys));
    }
}
