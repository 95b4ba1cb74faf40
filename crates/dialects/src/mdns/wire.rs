//! A message of (multicast) DNS as bytes, looked at in place: nothing is copied, and no record spoils
//! another.

use core::net::{Ipv4Addr, Ipv6Addr};

pub use super::name::Name;

/// Types of records (RFC 1035, RFC 2782, RFC 3596).
pub mod kind {
    /// An IPv4 address.
    pub const A: u16 = 1;
    /// Another name: of a type's instance.
    pub const PTR: u16 = 12;
    /// Attributes.
    pub const TXT: u16 = 16;
    /// An IPv6 address.
    pub const AAAA: u16 = 28;
    /// A host and a port.
    pub const SRV: u16 = 33;
    /// In a question: all of a name.
    pub const ANY: u16 = 255;
}

/// The Internet's class, the only one that is used.
pub(super) const CLASS_IN: u16 = 1;
/// In a question: any class.
const CLASS_ANY: u16 = 255;
/// The top bit of a class: of a question, that it may be answered to the asker alone (QU); of a record, that
/// it takes the place of all others of its name and type (RFC 6762 sections 5.4 and 10.2).
const TOP_BIT: u16 = 0x8000;
/// The bytes before the first question.
pub(super) const HEADER: usize = 12;

const RESPONSE: u16 = 0x8000;
const TRUNCATED: u16 = 0x0200;
/// The kind of request and the error: messages with any but 0 are ignored (RFC 6762 sections 18.3, 18.11).
const OPCODE_AND_RCODE: u16 = 0x780f;

/// A message whose questions and records were walked to the end once.
#[derive(Debug, Clone, Copy)]
pub struct Message<'d> {
    bytes: &'d [u8],
    /// Where the first record begins.
    records: usize,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'d> {
    /// Of which name.
    pub name: Name<'d>,
    /// Which type of records; [`kind::ANY`]: all.
    pub kind: u16,
    /// Whether the answer may come to the asker alone.
    pub is_unicast: bool,
}

/// What is said.
#[derive(Debug, Clone, Copy)]
pub struct Record<'d> {
    /// Of which name.
    pub name: Name<'d>,
    /// For how many seconds it holds; 0: it holds no longer.
    pub ttl: u32,
    /// Whether it takes the place of all others of its name and type.
    pub flushes: bool,
    /// What it says.
    pub data: Data<'d>,
}

/// What a record says.
#[derive(Debug, Clone, Copy)]
pub enum Data<'d> {
    /// Another name.
    Ptr(Name<'d>),
    /// A service is at this host and port.
    Srv {
        /// The host.
        host: Name<'d>,
        /// The port.
        port: u16,
    },
    /// Attributes, each with its length before it.
    Txt(&'d [u8]),
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Nothing that matters here, or broken: NSEC, for one.
    Other,
}

impl<'d> Message<'d> {
    /// The message, or `None` where a name is broken, or its counts promise more than there is, or it is an
    /// error or no standard query.
    pub fn read(bytes: &'d [u8]) -> Option<Message<'d>> {
        bytes.get(..HEADER)?;
        let mut message = Message { bytes, records: HEADER };
        if message.field(1) & OPCODE_AND_RCODE != 0 {
            return None;
        }
        for _ in 0..message.field(2) {
            (_, message.records) = read_question(bytes, message.records)?;
        }
        let mut at = message.records;
        for _ in 0..message.record_count() {
            (_, at) = read_record(bytes, at)?;
        }
        Some(message)
    }

    /// Whether it answers, and does not ask.
    pub fn is_response(&self) -> bool {
        self.field(1) & RESPONSE != 0
    }

    /// Whether more of it follows, or was left out for want of room.
    pub fn is_truncated(&self) -> bool {
        self.field(1) & TRUNCATED != 0
    }

    /// What it asks, in the Internet's class.
    pub fn questions(&self) -> impl Iterator<Item = Question<'d>> + use<'d> {
        let (bytes, mut at) = (self.bytes, HEADER);
        let all = (0..self.field(2)).map_while(move |_| {
            let question;
            (question, at) = read_question(bytes, at)?;
            Some(question)
        });
        all.flatten()
    }

    /// What it says in the Internet's class, whichever the section.
    pub fn records(&self) -> impl Iterator<Item = Record<'d>> + use<'d> {
        let (bytes, mut at) = (self.bytes, self.records);
        let all = (0..self.record_count()).map_while(move |_| {
            let record;
            (record, at) = read_record(bytes, at)?;
            Some(record)
        });
        all.flatten()
    }

    fn record_count(&self) -> u32 {
        [3, 4, 5].map(|nth| u32::from(self.field(nth))).iter().sum()
    }

    /// One of the header's six numbers.
    fn field(&self, nth: usize) -> u16 {
        number(self.bytes, 2 * nth).unwrap_or(0)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

/// The question that begins there, if it is one of our class, and the byte after it.
fn read_question(bytes: &[u8], at: usize) -> Option<(Option<Question<'_>>, usize)> {
    let (name, at) = Name::read(bytes, at)?;
    let (kind, class) = (number(bytes, at)?, number(bytes, at + 2)?);
    let is_ours = matches!(class & !TOP_BIT, CLASS_IN | CLASS_ANY);
    let is_unicast = class & TOP_BIT != 0;
    Some((is_ours.then_some(Question { name, kind, is_unicast }), at + 4))
}

/// The record that begins there, if it is one of our class, and the byte after it.
fn read_record(bytes: &[u8], at: usize) -> Option<(Option<Record<'_>>, usize)> {
    let (name, at) = Name::read(bytes, at)?;
    let (kind, class) = (number(bytes, at)?, number(bytes, at + 2)?);
    let ttl = u32::from(number(bytes, at + 4)?) << 16 | u32::from(number(bytes, at + 6)?);
    let begin = at + 10;
    let end = begin + usize::from(number(bytes, at + 8)?);
    let said = bytes.get(begin..end)?;
    let data = read_data(bytes, kind, begin, said).unwrap_or(Data::Other);
    let record = Record { name, ttl, flushes: class & TOP_BIT != 0, data };
    Some(((class & !TOP_BIT == CLASS_IN).then_some(record), end))
}

/// What a record of this type says; `None` where it is broken.
fn read_data<'d>(bytes: &'d [u8], kind: u16, begin: usize, said: &'d [u8]) -> Option<Data<'d>> {
    // A name may go on elsewhere, but all that stands here belongs to it.
    let name_at = |at| {
        let (name, end) = Name::read(bytes, at)?;
        (end == begin + said.len()).then_some(name)
    };
    Some(match kind {
        kind::A => Data::A(Ipv4Addr::from(<[u8; 4]>::try_from(said).ok()?)),
        kind::AAAA => Data::Aaaa(Ipv6Addr::from(<[u8; 16]>::try_from(said).ok()?)),
        kind::PTR => Data::Ptr(name_at(begin)?),
        // Priority and weight come first: there is no other host to prefer.
        kind::SRV if said.len() > 6 => {
            Data::Srv { port: number(said, 4)?, host: name_at(begin + 6)? }
        }
        kind::TXT => Data::Txt(said),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
