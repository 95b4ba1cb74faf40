//! A message that asks, as bytes.

use alloc::vec::Vec;

use super::identity::TypeLabels;
use super::name::Name;
use super::wire::{CLASS_IN, HEADER, kind};

/// The longest message that is sent: it fits an Ethernet frame, with IPv6's header.
pub(super) const MAX_MESSAGE: usize = 1_440;

const TRUNCATED: u16 = 0x0200;
/// A pointer to another place in the message.
const POINTER: u16 = 0xc000;

/// Writes a message that asks, and says what is known already.
#[derive(Debug, Clone, Default)]
pub(super) struct QuestionBuf {
    bytes: Vec<u8>,
    questions: u16,
    known: u16,
}

impl QuestionBuf {
    /// Begins a message of this number: 0 where the answer comes to the group (RFC 6762 section 18.1).
    pub(super) fn begin(&mut self, id: u16) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&id.to_be_bytes());
        self.bytes.resize(HEADER, 0);
        (self.questions, self.known) = (0, 0);
    }

    /// Asks for records of a type of a name, which is in one piece; says where the name stands. The answer is to
    /// come to the group, if that is where it comes from.
    pub(super) fn ask(&mut self, name: &[u8], kind: u16) -> u16 {
        let at = self.bytes.len() as u16;
        self.bytes.extend_from_slice(name);
        self.number(kind);
        self.number(CLASS_IN);
        self.questions += 1;
        self.count(4, self.questions);
        at
    }

    /// Whether nothing is asked, and nothing said to be known.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() <= HEADER
    }

    /// Says that an instance of a type is known for so many seconds more (section 7.1). The type's name stands
    /// at `kind`, or is this one, and is written. Says where it stands, or `None` where there is no room.
    pub(super) fn know(
        &mut self,
        kind: Result<u16, &[u8]>,
        instance: Name<'_>,
        ttl_s: u32,
    ) -> Option<u16> {
        let (_, own) = TypeLabels::of_instance(instance)?;
        let labels = || instance.labels().take(own);
        let length = labels().map(|label| 1 + label.len()).sum::<usize>() + 2;
        let owner = kind.map_or_else(<[u8]>::len, |_| 2);
        if self.bytes.len() + owner + 10 + length > MAX_MESSAGE {
            return None;
        }
        let at = kind.unwrap_or(self.bytes.len() as u16);
        match kind {
            Ok(at) => self.number(POINTER | at),
            Err(name) => self.bytes.extend_from_slice(name),
        }
        self.number(kind::PTR);
        self.number(CLASS_IN);
        self.bytes.extend_from_slice(&ttl_s.to_be_bytes());
        self.number(length as u16);
        for label in labels() {
            self.bytes.push(label.len() as u8);
            self.bytes.extend_from_slice(label);
        }
        self.number(POINTER | at);
        self.known += 1;
        self.count(6, self.known);
        Some(at)
    }

    /// Says that more of what is known follows in the next message (section 7.2).
    pub(super) fn continue_later(&mut self) {
        self.count(2, TRUNCATED);
    }

    /// The message.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn number(&mut self, number: u16) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    /// Writes one of the header's numbers.
    fn count(&mut self, at: usize, number: u16) {
        if let Some(place) = self.bytes.get_mut(at..at + 2) {
            place.copy_from_slice(&number.to_be_bytes());
        }
    }
}

/// A message of this number that asks for the pointers of these names, each as it stands in a message: in one
/// piece, with a length before each label. A name for which there is no room is left out.
pub fn question<'n>(id: u16, names: impl IntoIterator<Item = &'n [u8]>) -> Vec<u8> {
    let mut message = QuestionBuf::default();
    message.begin(id);
    for name in names {
        if message.as_bytes().len() + name.len() + 4 <= MAX_MESSAGE {
            message.ask(name, kind::PTR);
        }
    }
    message.bytes
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Data, Message};
    use super::*;

    const IPP: &[u8] = b"\x04_ipp\x04_tcp\x05local\x00";
    const LAB: &[u8] = b"\x03Lab\x04_ipp\x04_tcp\x05local\x00";

    fn name(bytes: &[u8]) -> Name<'_> {
        Name::read(bytes, 0).expect("a name").0
    }

    #[test]
    fn what_is_asked_is_as_the_standard_has_it() {
        let mut message = QuestionBuf::default();
        message.begin(0x1234);
        assert!(message.is_empty());
        assert_eq!(message.ask(b"\x09_services\x07_dns-sd\x04_udp\x05local\x00", kind::PTR), 12);
        let wire = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x09_services\x07_dns-sd\x04_udp\x05local\0\0\x0c\0\x01";
        assert_eq!((message.as_bytes(), message.as_bytes().len()), (&wire[..], 46));
    }

    #[test]
    fn what_is_known_is_read_as_it_was_meant() {
        let mut message = QuestionBuf::default();
        let two: &[u8] = b"\x02a \x02 b\x04_ipp\x04_tcp\x05local\x00";
        for _ in 0..2 {
            message.begin(0);
            let at = message.ask(IPP, kind::PTR);
            assert_eq!(message.know(Ok(at), name(LAB), 77), Some(at));
            assert_eq!(message.know(Ok(at), name(two), 77), Some(at));
            message.continue_later();
        }
        let read = Message::read(message.as_bytes()).expect("a message");
        assert!(read.is_truncated() && !read.is_response());
        let question = read.questions().next().expect("a question");
        assert!(question.name.is(name(IPP)) && question.kind == kind::PTR && !question.is_unicast);
        let known = read.records().next().expect("a record");
        assert!(known.name.is(name(IPP)) && known.ttl == 77);
        assert!(matches!(known.data, Data::Ptr(instance) if instance.is(name(LAB))));
        let last = read.records().last().expect("a record");
        assert!(matches!(last.data, Data::Ptr(instance) if instance.is(name(two))));
    }

    #[test]
    fn what_has_no_room_is_left_for_the_next_message() {
        let mut message = QuestionBuf::default();
        message.begin(0);
        let mut at = Err(IPP);
        let mut count = 0;
        while let Some(stands) = message.know(at, name(LAB), 60) {
            (at, count) = (Ok(stands), count + 1);
        }
        assert!(
            message.as_bytes().len() <= MAX_MESSAGE && message.as_bytes().len() > MAX_MESSAGE - 18
        );
        let read = Message::read(message.as_bytes()).expect("a message");
        assert_eq!((read.records().count(), read.questions().count()), (count, 0));
        assert!(
            read.records()
                .all(|known| matches!(known.data, Data::Ptr(instance) if instance.is(name(LAB))))
        );
    }
}
