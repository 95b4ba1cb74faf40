//! What a machine has to say, before it is bytes.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, SocketAddr};

use crate::wire::{Datagram, Key, Seal, TooLong};

/// A datagram to be sent, not yet encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// The plain protocol's: these bytes and nothing else.
    Plain(&'a [u8]),
    /// The structured protocol's.
    Structured {
        /// What it says.
        datagram: Datagram<'a>,
        /// The key that authenticates it.
        key: Option<&'a Key>,
    },
}

impl Message<'_> {
    /// Appends the datagram's bytes to `buffer`, for a datagram that need not say where it is from: see
    /// [`encode_from`](Self::encode_from).
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        self.encode_from(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), buffer);
    }

    /// The datagram's length in bytes.
    pub fn encoded_len(&self) -> usize {
        match self {
            Message::Plain(bytes) => bytes.len(),
            Message::Structured { datagram, key } => datagram.encoded_len(key.is_some()),
        }
    }

    /// Whether the bytes depend on where the datagram is sent from, so that each copy of it that
    /// leaves from another address is to be encoded apart.
    pub fn is_bound_to_source(&self) -> bool {
        matches!(self, Message::Structured { key: Some(_), .. })
    }

    /// Appends the datagram's bytes to `buffer`. A key may bind them to the address and port that they
    /// are sent from, which is `local`; without a key it does not matter.
    pub fn encode_from(&self, local: SocketAddr, buffer: &mut Vec<u8>) {
        match self {
            Message::Plain(bytes) => buffer.extend_from_slice(bytes),
            Message::Structured { datagram, key } => {
                let seal = key.map(|key| Seal { key, from: local });
                datagram.encode(seal, buffer);
            }
        }
    }

    /// The same into the beginning of a buffer of fixed size; says how many bytes it has written.
    ///
    /// # Errors
    ///
    /// If the buffer is shorter than [`encoded_len`](Self::encoded_len). Nothing is written then.
    pub fn encode_to(&self, local: SocketAddr, buffer: &mut [u8]) -> Result<usize, TooLong> {
        match self {
            Message::Plain(bytes) => {
                let length = bytes.len();
                let place = buffer.get_mut(..length).ok_or(TooLong { length })?;
                place.copy_from_slice(bytes);
                Ok(length)
            }
            Message::Structured { datagram, key } => {
                let seal = key.map(|key| Seal { key, from: local });
                datagram.encode_to(seal, buffer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Query;

    const LOCAL: SocketAddr =
        SocketAddr::new(core::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 40_000);

    /// Both ways of encoding, which must agree.
    fn encoded(message: &Message<'_>, local: SocketAddr) -> Vec<u8> {
        let mut bytes = Vec::from(*b"before");
        message.encode_from(local, &mut bytes);
        let bytes = bytes.strip_prefix(b"before").expect("what was there is kept").to_vec();
        let length = message.encoded_len();
        let mut place = [0xaa; 200];
        let too_long = Err(TooLong { length });
        assert_eq!(message.encode_to(local, &mut place[..length - 1]), too_long);
        assert_eq!(message.encode_to(local, &mut place), Ok(length));
        assert_eq!(place[..length], bytes);
        assert_eq!(place[length..], [0xaa; 200][length..]);
        bytes
    }

    #[test]
    fn plain_bytes_are_sent_as_they_are() {
        let message = Message::Plain(b"Who's there?");
        assert_eq!(encoded(&message, LOCAL), b"Who's there?");
        assert!(!message.is_bound_to_source());
    }

    #[test]
    fn without_a_key_a_datagram_is_the_same_from_everywhere() {
        let datagram = Datagram::Query(Query::new(7, 1));
        let message = Message::Structured { datagram, key: None };
        let mut bytes = Vec::new();
        datagram.encode(None, &mut bytes);
        assert_eq!(encoded(&message, LOCAL), bytes);
        assert!(!message.is_bound_to_source());
        let mut unbound = Vec::new();
        message.encode(&mut unbound);
        assert_eq!(unbound, bytes);
    }

    #[cfg(feature = "auth")]
    #[test]
    fn with_a_key_a_datagram_is_bound_to_where_it_leaves_from() {
        use crate::wire::{Binding, Keyring};

        let key = Key::new(b"0123456789abcdef", Binding::Source).unwrap();
        let datagram = Datagram::Query(Query::new(7, 1));
        let message = Message::Structured { datagram, key: Some(&key) };
        assert!(message.is_bound_to_source());
        let ring = Keyring::new(key.clone(), Vec::new());
        assert!(ring.verify(LOCAL, &encoded(&message, LOCAL)).is_ok());
        let mut from_nowhere = Vec::new();
        message.encode(&mut from_nowhere);
        assert!(ring.verify(LOCAL, &from_nowhere).is_err());
    }
}
