//! The names of interfaces, for what a machine tells some time after it was heard.

use std::collections::BTreeMap;

use mcast_proto::{Event, InterfaceId};

/// The names that were looked up, by number.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<u32, Option<String>>);

impl Names {
    /// The name of the interface that an event came by; `None` where none is known.
    pub(crate) fn of(&mut self, event: &Event<'_>) -> Option<&str> {
        let from = match event {
            Event::Found(finding) | Event::Changed { finding, .. } => finding.from,
            Event::Lost { from, .. } | Event::Asked { from, .. } | Event::Message { from, .. } => {
                *from
            }
        };
        let InterfaceId(index) = from.interface?;
        if !self.0.contains_key(&index) {
            // An interface comes seldom. One that can't be found is not looked for with each event.
            for interface in mcast_net::interfaces().unwrap_or_default() {
                self.0.insert(interface.index, Some(interface.name));
            }
            self.0.entry(index).or_insert(None);
        }
        self.0.get(&index)?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::{Body, Facts, Finding, Path, Protocol};

    use super::*;

    #[test]
    fn an_interface_is_named_by_its_number() {
        let loopback = mcast_net::interfaces().unwrap().into_iter().find(|it| it.loopback).unwrap();
        let of = |path: Path| {
            let finding = Finding::new(Protocol::new("ssdp"), path, Body::Facts(Facts::NONE));
            Names::default().of(&Event::Found(finding)).map(str::to_owned)
        };
        let from = Path::new(([127, 0, 0, 1], 9).into());
        assert_eq!(of(from.by(InterfaceId(loopback.index))), Some(loopback.name));
        assert_eq!((of(from.by(InterfaceId(u32::MAX))), of(from)), (None, None));
    }
}
