//! What a message says, for those who only listen.

use mcast_proto::Protocol;
use roxmltree::Node;

use super::envelope::{Envelope, Kind};
use super::identity;
use crate::meaning::part::{Act, Meaning, Part, shown};
use crate::xml::{child, document, text};

/// What it asks for, or what it says of devices.
pub(crate) fn meaning(datagram: &[u8]) -> Option<Meaning> {
    let document = document(datagram)?;
    let envelope = Envelope::of(&document)?;
    let act = match envelope.kind {
        Kind::Question => Act::Ask,
        Kind::Matches => Act::Answer,
        Kind::Hello => Act::Announce,
        Kind::Bye => Act::Goodbye,
    };
    let mut meaning = Meaning::new(Protocol::new("wsd"), act);
    meaning.tell(envelope.word(), [].as_slice());
    match envelope.kind {
        Kind::Matches => {
            envelope
                .content
                .children()
                .filter(Node::is_element)
                .for_each(|it| say(it, &mut meaning));
        }
        _ => say(envelope.content, &mut meaning),
    }
    meaning.if_any()
}

fn say(device: Node<'_, '_>, to: &mut Meaning) {
    if let Some(types) = child(device, "Types") {
        for name in types.text().unwrap_or_default().split_ascii_whitespace() {
            to.say(|| {
                let name = shown(identity::expanded(types, name));
                Part { word: "Types", name, value: None }
            });
        }
    }
    let address = child(device, "EndpointReference").and_then(|it| text(it, "Address"));
    to.tell("Address", address.map(str::as_bytes));
    let name = text(device, "Scopes").and_then(identity::name);
    to.tell("name", name.as_deref().map(str::as_bytes));
    for address in text(device, "XAddrs").unwrap_or_default().split_ascii_whitespace() {
        to.tell("XAddrs", address.as_bytes());
    }
}
