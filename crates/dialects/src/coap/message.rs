//! A message of CoAP as bytes (RFC 7252 section 3), read where it lies.

/// Options of a message: one that has more says nothing that is asked for.
const MOST_OPTIONS: usize = 32;

/// The numbers of the options that matter here (RFC 7252 section 5.10, RFC 7959 section 2.1).
pub(super) mod option {
    pub(in super::super) const ETAG: u16 = 4;
    pub(in super::super) const URI_PATH: u16 = 11;
    pub(in super::super) const CONTENT_FORMAT: u16 = 12;
    pub(in super::super) const MAX_AGE: u16 = 14;
    pub(in super::super) const URI_QUERY: u16 = 15;
    pub(in super::super) const BLOCK2: u16 = 23;
}

/// 2.05, with which content comes.
pub(super) const CONTENT: u8 = 0x45;

/// A message that is well-formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'d> {
    /// Its class in three bits and its detail in five.
    pub(super) code: u8,
    pub(super) token: &'d [u8],
    options: &'d [u8],
    pub(super) payload: &'d [u8],
}

impl<'d> Message<'d> {
    pub(super) fn read(datagram: &'d [u8]) -> Option<Message<'d>> {
        let (&[first, code, ..], after) = datagram.split_first_chunk::<4>()?;
        let (version, token_length) = (first >> 6, usize::from(first & 0x0f));
        if version != 1 || token_length > 8 {
            return None;
        }
        let (token, options) = after.split_at_checked(token_length)?;
        let mut reader = Options { rest: options, number: 0, payload: None };
        let mut count = 0;
        while reader.next_option()?.is_some() {
            count += 1;
            if count > MOST_OPTIONS {
                return None;
            }
        }
        let payload = reader.payload.unwrap_or_default();
        Some(Message { code, token, options, payload })
    }

    /// Whether it is a question: of whom it is of no matter.
    pub(super) fn is_request(&self) -> bool {
        (1..32).contains(&self.code)
    }

    /// The value of the first option of this number.
    pub(super) fn option(&self, number: u16) -> Option<&'d [u8]> {
        self.options().find(|(found, _)| *found == number).map(|(_, value)| value)
    }

    /// All of its options, by their numbers.
    pub(super) fn options(&self) -> impl Iterator<Item = (u16, &'d [u8])> + use<'d> {
        let mut reader = Options { rest: self.options, number: 0, payload: None };
        core::iter::from_fn(move || reader.next_option()?)
    }

    /// The value of that option as a number, where it has four bytes at the most.
    pub(super) fn number(&self, option: u16) -> Option<u32> {
        let value = self.option(option).filter(|value| value.len() <= 4)?;
        Some(value.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

struct Options<'d> {
    rest: &'d [u8],
    number: u16,
    payload: Option<&'d [u8]>,
}

impl<'d> Options<'d> {
    /// The next option; `Some(None)` at their end, `None` where they are malformed.
    fn next_option(&mut self) -> Option<Option<(u16, &'d [u8])>> {
        let Some((&first, rest)) = self.rest.split_first() else { return Some(None) };
        if first == 0xff {
            // A payload that is announced has to be there.
            self.rest = &[];
            self.payload = Some(rest);
            return if rest.is_empty() { None } else { Some(None) };
        }
        let mut rest = rest;
        let delta = extended(first >> 4, &mut rest)?;
        let length = extended(first & 0x0f, &mut rest)?;
        let (value, rest) = rest.split_at_checked(length.into())?;
        self.rest = rest;
        self.number = self.number.checked_add(delta)?;
        Some(Some((self.number, value)))
    }
}

/// Four bits that say a number, or how many bytes more do.
fn extended(nibble: u8, rest: &mut &[u8]) -> Option<u16> {
    match nibble {
        0..=12 => Some(nibble.into()),
        13 => {
            let (&byte, after) = rest.split_first()?;
            *rest = after;
            Some(u16::from(byte) + 13)
        }
        14 => {
            let (&bytes, after) = rest.split_first_chunk()?;
            *rest = after;
            u16::from_be_bytes(bytes).checked_add(269)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_well_formed_is_read() {
        let bytes = b"\x52\x45\x12\x34ab\xc1\x28\xb1\x06\xff</>";
        let message = Message::read(bytes).expect("a message");
        assert_eq!((message.code, message.token), (CONTENT, b"ab".as_slice()));
        assert_eq!(message.number(option::CONTENT_FORMAT), Some(40));
        assert_eq!(message.number(option::BLOCK2), Some(6));
        assert_eq!((message.number(option::MAX_AGE), message.option(9)), (None, None));
        assert_eq!(message.payload, b"</>");
        assert!(!message.is_request());
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let cases: [&[u8]; 9] = [
            b"",
            b"\x50\x45\x12",
            // Another version, a token that is too long, and one that is cut off.
            b"\x90\x45\x12\x34",
            b"\x59\x45\x12\x34123456789",
            b"\x52\x45\x12\x34a",
            // An option that is cut off, one with a reserved length, a payload that is not there.
            b"\x50\x45\x12\x34\xc2\x28",
            b"\x50\x45\x12\x34\xcf\x28",
            b"\x50\x45\x12\x34\xff",
            b"\x50\x45\x12\x34\xe0\xff\xff",
        ];
        for bytes in cases {
            assert_eq!(Message::read(bytes), None, "{bytes:?}");
        }
        let many = |count| [b"\x50\x45\x12\x34".as_slice(), &[0; 40][..count]].concat();
        assert!(Message::read(&many(MOST_OPTIONS)).is_some());
        assert_eq!(Message::read(&many(MOST_OPTIONS + 1)), None);
    }

    proptest! {
        /// What another implementation reads is read the same.
        #[test]
        fn it_agrees_with_another_implementation(
            code in 1u8.., token in any::<[u8; 8]>(), token_length in 0usize..=8,
            options in proptest::collection::btree_map(0u16..2_000, proptest::collection::vec(any::<u8>(), 0..300), 0..9),
            payload in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut packet = coap_lite::Packet::new();
            packet.header.set_type(coap_lite::MessageType::NonConfirmable);
            packet.header.code = code.into();
            packet.set_token(token[..token_length].to_vec());
            for (number, value) in &options {
                packet.add_option((*number).into(), value.clone());
            }
            packet.payload = payload.clone();
            let bytes = packet.to_bytes_unlimited().expect("a message");
            let message = Message::read(&bytes).expect("well-formed");
            prop_assert_eq!(message.token, &token[..token_length]);
            prop_assert_eq!(message.payload, payload.as_slice());
            for (number, value) in &options {
                prop_assert_eq!(message.option(*number), Some(value.as_slice()));
            }
        }

        /// And of any bytes both say the same, or this one refuses more.
        #[test]
        fn it_reads_no_more_than_another_implementation(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let Some(message) = Message::read(&bytes) else { return Ok(()) };
            let packet = coap_lite::Packet::from_bytes(&bytes).expect("well-formed to both");
            prop_assert_eq!(packet.get_token(), message.token);
            prop_assert_eq!(packet.payload.as_slice(), message.payload);
            let numbers: Vec<u16> = packet.options().map(|(number, _)| *number).collect();
            for number in numbers {
                prop_assert!(message.option(number).is_some());
            }
        }
    }
}
