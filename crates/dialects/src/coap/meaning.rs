//! What a message says, for those who only listen.

use mcast_proto::Protocol;

use super::links::links;
use super::message::{Message, option};
use crate::meaning::part::{Act, Meaning, Part, Text, shown};

/// What it asks for, or what it answers. A code that has no name (RFC 7252 section 12.1, RFC 8132) is not told: what
/// is under it may be anything.
pub(crate) fn meaning(datagram: &[u8]) -> Option<Meaning> {
    let message = Message::read(datagram)?;
    let protocol = Protocol::new("coap");
    let (class, detail) = (message.code >> 5, message.code & 0x1f);
    let act = match class {
        0 => {
            let word = method(detail)?;
            let mut meaning = Meaning::new(protocol, Act::Ask);
            meaning.say(|| Part { word, name: target(&message), value: None });
            return Some(meaning);
        }
        2 => Act::Answer,
        4 | 5 => Act::Refuse,
        _ => return None,
    };
    let mut meaning = Meaning::new(protocol, act);
    let code = shown(format_args!("{class}.{detail:02}"));
    meaning.say(|| Part { word: "code", name: code, value: None });
    let mut any = false;
    for link in links(message.payload) {
        any = true;
        let value = (!link.said.is_empty()).then(|| link.said.into());
        meaning.say(|| Part { word: "link", name: link.target.into(), value });
    }
    if !any && !message.payload.is_empty() {
        meaning.tell("payload", message.payload);
    }
    Some(meaning)
}

fn method(detail: u8) -> Option<&'static str> {
    Some(match detail {
        1 => "GET",
        2 => "POST",
        3 => "PUT",
        4 => "DELETE",
        5 => "FETCH",
        6 => "PATCH",
        7 => "iPATCH",
        _ => return None,
    })
}

/// The path, with what it is asked by.
fn target(message: &Message<'_>) -> Text {
    let mut text = Text::default();
    let mut mark: &[u8] = b"?";
    for (number, value) in message.options() {
        match number {
            option::URI_PATH => text.push(b"/"),
            option::URI_QUERY => {
                text.push(mark);
                mark = b"&";
            }
            _ => continue,
        }
        text.push(value);
    }
    if text.bytes.is_empty() {
        text.push(b"/");
    }
    text
}
