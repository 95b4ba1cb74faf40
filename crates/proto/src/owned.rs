//! Events that outlive the datagram that they came from.

use alloc::vec::Vec;
use core::fmt;

use crate::Event;
use crate::service::Instance;
use crate::wire::Tlvs;

/// An [`Event`] with bytes of its own, to be kept, or to be handed to another thread.
///
/// ```
/// use mcast_proto::{Event, OwnedEvent, Path};
///
/// let from = Path::new("10.0.0.2:50008".parse()?);
/// let datagram = b"hello".to_vec();
/// let event = Event::Message { from, group: None, payload: &datagram };
/// let kept = OwnedEvent::from(event);
/// drop(datagram);
/// assert!(matches!(kept.as_event(), Event::Message { payload: b"hello", .. }));
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedEvent {
    /// The event without its bytes.
    shell: Event<'static>,
    bytes: Vec<u8>,
}

impl OwnedEvent {
    /// The event, to be matched on.
    pub fn as_event(&self) -> Event<'_> {
        map_bytes(&self.shell, |_| &self.bytes)
    }
}

impl From<Event<'_>> for OwnedEvent {
    fn from(event: Event<'_>) -> OwnedEvent {
        let mut bytes = Vec::new();
        let shell = map_bytes(&event, |borrowed| {
            bytes.extend_from_slice(borrowed);
            &[]
        });
        OwnedEvent { shell, bytes }
    }
}

impl fmt::Debug for OwnedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_event().fmt(f)
    }
}

/// The same event with what `replace` gives for its bytes, which each kind of event has in one place at
/// the most.
fn map_bytes<'a, 'b>(event: &Event<'a>, replace: impl FnOnce(&'a [u8]) -> &'b [u8]) -> Event<'b> {
    let with_tlvs = |instance: Instance<'a>, tlvs: &'b [u8]| Instance {
        tlvs: Tlvs::checked_before(tlvs),
        ..instance
    };
    match *event {
        Event::Found { from, number, round_trip, payload } => {
            Event::Found { from, number, round_trip, payload: replace(payload) }
        }
        Event::Changed { from, number, round_trip, payload } => {
            Event::Changed { from, number, round_trip, payload: replace(payload) }
        }
        Event::Lost { from, number, reason } => Event::Lost { from, number, reason },
        Event::Request { from, payload, refused } => {
            Event::Request { from, payload: replace(payload), refused }
        }
        Event::Message { from, group, payload } => {
            Event::Message { from, group, payload: replace(payload) }
        }
        Event::ServiceFound(instance) => {
            Event::ServiceFound(with_tlvs(instance, replace(instance.tlvs.as_bytes())))
        }
        Event::ServiceChanged { instance, change } => {
            let instance = with_tlvs(instance, replace(instance.tlvs.as_bytes()));
            Event::ServiceChanged { instance, change }
        }
        Event::ServiceLost { id, from, reason } => Event::ServiceLost { id, from, reason },
        Event::Query { from, service, watch, refused } => {
            let text = |name: &'a str| str::from_utf8(replace(name.as_bytes())).unwrap_or_default();
            Event::Query { from, service: service.map(text), watch, refused }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::service::{Change, Loss, Via};
    use crate::wire::{Tlv, TlvBuf};
    use crate::{InterfaceId, Path, Refusal};

    #[test]
    fn what_is_kept_is_what_was_reported() {
        let remote = ([10, 0, 0, 2], 50_008).into();
        let from = Path::new(remote).by(InterfaceId(3));
        let payload = b"Me!";
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Name("lab-3")).unwrap();
        let instance = Instance {
            id: 0xfeed,
            from,
            via: Via::Group,
            round_trip: Some(Duration::from_millis(4)),
            lease: Duration::from_secs(120),
            authentic: true,
            truncated: true,
            tlvs: tlvs.as_tlvs(),
        };
        let query = |service| {
            let refused = Some(Refusal::Busy);
            Event::Query { from, service, watch: true, refused }
        };
        for event in [
            Event::Found { from, number: 3, round_trip: Duration::from_millis(1), payload },
            Event::Changed { from, number: 3, round_trip: Duration::from_millis(1), payload },
            Event::Lost { from, number: 3, reason: Loss::NoRoom },
            Event::Request { from, payload, refused: Some(Refusal::OffLink) },
            Event::Message { from, group: Some(remote), payload },
            Event::ServiceFound(instance),
            Event::ServiceChanged { instance, change: Change::Restarted },
            Event::ServiceLost { id: 0xfeed, from, reason: Loss::Expired },
            query(Some("printer")),
            query(None),
        ] {
            let kept = OwnedEvent::from(event.clone());
            assert_eq!(kept.as_event(), event);
            assert_eq!(alloc::format!("{kept:?}"), alloc::format!("{event:?}"));
        }
    }
}
