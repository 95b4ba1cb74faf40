//! What a message says, for those who only listen.

use super::facts::PROTOCOL;
use super::wire::{Data, Message, Name, Record, kind};
use crate::meaning::part::{Act, Meaning, Part, Text, shown};

/// What a message asks or says. Of a question the answers that are known to whoever asks are left out.
pub(crate) fn meaning(datagram: &[u8]) -> Option<Meaning> {
    let message = Message::read(datagram)?;
    if !message.is_response() {
        let mut meaning = Meaning::new(PROTOCOL, Act::Ask);
        for question in message.questions() {
            let word = word(question.kind);
            meaning.say(|| Part { word, name: whole(question.name), value: None });
        }
        return meaning.if_any();
    }
    let is_goodbye = message.records().all(|record| record.ttl == 0);
    let mut meaning = Meaning::new(PROTOCOL, if is_goodbye { Act::Goodbye } else { Act::Say });
    // Which name an address has is told by the name as well: that comes last.
    let of_addresses = |record: &Record<'_>| record.name.labels().last() == Some(b"arpa");
    let (first, last) = (message.records(), message.records());
    let first = first.filter(|record| !of_addresses(record));
    for record in first.chain(last.filter(of_addresses)) {
        match value(&record) {
            Some((word, value)) => {
                meaning.say(|| Part { word, name: whole(record.name), value: Some(value) });
            }
            None => meaning.left_out += 1,
        }
    }
    meaning.if_any()
}

/// A type of records by its name.
fn word(kind: u16) -> &'static str {
    match kind {
        kind::A => "A",
        kind::PTR => "PTR",
        kind::TXT => "TXT",
        kind::AAAA => "AAAA",
        kind::SRV => "SRV",
        kind::ANY => "ANY",
        _ => "another type",
    }
}

/// What a record says; `None` where that is nothing that is known here.
fn value(record: &Record<'_>) -> Option<(&'static str, Text)> {
    Some(match record.data {
        Data::Ptr(name) => ("PTR", whole(name)),
        Data::Srv { host, port } => {
            let mut text = whole(host);
            let port = shown(format_args!(":{port}"));
            text.push(&port.bytes);
            ("SRV", text)
        }
        Data::Txt(said) => ("TXT", attributes(said)),
        Data::A(ip) => ("A", shown(ip)),
        Data::Aaaa(ip) => ("AAAA", shown(ip)),
        Data::Other => return None,
    })
}

/// The strings of a TXT record, with a comma and a space between them.
fn attributes(said: &[u8]) -> Text {
    let (mut text, mut rest) = (Text::default(), said);
    while let Some((length, after)) = rest.split_first() {
        // One that is cut off is as long as it is.
        let (one, after) = after.split_at(after.len().min((*length).into()));
        if !one.is_empty() {
            if !text.bytes.is_empty() {
                text.push(b", ");
            }
            text.push(one);
        }
        rest = after;
    }
    text
}

/// A whole name, as a text has it.
fn whole(name: Name<'_>) -> Text {
    let mut text = Text::default();
    for byte in name.escaped() {
        text.push(&[byte]);
    }
    text
}
