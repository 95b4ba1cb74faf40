//! What is asked: everybody for what it has, and one for the rest of it.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::message::option;

/// The group of all nodes with CoAP, and its port (RFC 7252 section 12.8).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 1, 187);
/// The same over IPv6, on the link.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfd);
/// See [`GROUP_V4`].
pub const PORT: u16 = 5683;

/// A number by which an answer is known, that nobody can guess.
pub(super) type Token = [u8; 8];

/// A non-confirmable GET of what a server has, or of one block of it. `query` is at most 64 bytes long.
pub(super) fn get(
    id: u16,
    token: Token,
    query: Option<&str>,
    block: Option<Block>,
    into: &mut Vec<u8>,
) {
    const NON_WITH_TOKEN: u8 = 0x58;
    const GET: u8 = 0x01;
    let [high, low] = id.to_be_bytes();
    into.extend_from_slice(&[NON_WITH_TOKEN, GET, high, low]);
    into.extend_from_slice(&token);
    let mut before = 0;
    push(into, &mut before, option::URI_PATH, b".well-known");
    push(into, &mut before, option::URI_PATH, b"core");
    if let Some(query) = query {
        push(into, &mut before, option::URI_QUERY, query.as_bytes());
    }
    if let Some(block) = block {
        let value = block.value().to_be_bytes();
        let zeros = value.iter().take_while(|byte| **byte == 0).count();
        push(into, &mut before, option::BLOCK2, &value[zeros..]);
    }
}

/// An option whose number is less than 13 above the one before, with a value of less than 269 bytes.
fn push(into: &mut Vec<u8>, before: &mut u16, number: u16, value: &[u8]) {
    let delta = ((number - *before) as u8) << 4;
    *before = number;
    match value.len() {
        length @ 0..13 => into.push(delta | length as u8),
        length => into.extend_from_slice(&[delta | 13, (length - 13) as u8]),
    }
    into.extend_from_slice(value);
}

/// A block of an answer (RFC 7959 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) number: u32,
    pub(super) has_more: bool,
    /// Its size is this power of two, and four more.
    pub(super) exponent: u8,
}

impl Block {
    /// The block that an option says; `None` where its size is none.
    pub(super) fn of(value: u32) -> Option<Block> {
        let exponent = (value & 7) as u8;
        let block = Block { number: value >> 4, has_more: value & 8 != 0, exponent };
        (exponent < 7).then_some(block)
    }

    fn value(self) -> u32 {
        self.number << 4 | u32::from(self.has_more) << 3 | u32::from(self.exponent)
    }

    /// Its size in bytes.
    pub(super) fn size(self) -> usize {
        16 << self.exponent
    }

    /// To ask for the one after it.
    pub(super) fn next(self) -> Block {
        Block { number: self.number + 1, has_more: false, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_to_all_is_as_the_standard_has_it() {
        let mut bytes = Vec::new();
        get(0x1234, *b"12345678", None, None, &mut bytes);
        assert_eq!(bytes, b"\x58\x01\x12\x3412345678\xbb.well-known\x04core");
    }

    #[test]
    fn another_implementation_reads_what_is_asked() {
        let query = "rt=core.rd*";
        for number in [0, 1, 15, 16, 4_095, 4_096] {
            let block = Block { number, has_more: false, exponent: 6 };
            let mut bytes = Vec::new();
            get(7, *b"12345678", Some(query), Some(block), &mut bytes);
            let packet = coap_lite::Packet::from_bytes(&bytes).expect("a message");
            assert_eq!(packet.header.get_type(), coap_lite::MessageType::NonConfirmable);
            let first = |option| packet.get_first_option(option).cloned().unwrap_or_default();
            assert_eq!(first(coap_lite::CoapOption::UriQuery), query.as_bytes());
            let value = first(coap_lite::CoapOption::Block2);
            let value = value.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
            assert_eq!(Block::of(value), Some(block));
        }
    }

    #[test]
    fn a_block_has_a_size_and_a_next_one() {
        let block = Block::of(0x1e).expect("a block");
        assert_eq!(block, Block { number: 1, has_more: true, exponent: 6 });
        assert_eq!((block.size(), block.next().value()), (1_024, 0x26));
        assert_eq!(Block::of(7), None);
    }
}
