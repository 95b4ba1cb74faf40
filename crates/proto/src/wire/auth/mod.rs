//! Authentication by a shared secret: a trailer that only who has the secret can make.
//!
//! It proves that the sender is a member, not which member; and it hides nothing.

#[cfg(feature = "auth")]
mod key;
#[cfg(not(feature = "auth"))]
mod keyless;

#[cfg(feature = "auth")]
pub use key::{Binding, Key, KeyError, Keyring, MIN_SECRET};
#[cfg(not(feature = "auth"))]
pub use keyless::{Key, Keyring};

use core::fmt;
use core::net::SocketAddr;

use super::TRAILER;
use super::header::flag;

/// The tag's length: HMAC-SHA-256's first half, as RFC 2104 section 5 allows.
const TAG: usize = 16;
const KEY_ID: usize = TRAILER - TAG;

/// What [`Datagram::encode`](super::Datagram::encode) authenticates with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal<'a> {
    /// The key.
    pub key: &'a Key,
    /// The address and port that the datagram leaves from, as its receivers see them.
    pub from: SocketAddr,
}

impl Seal<'_> {
    /// Writes the trailer into the datagram's last bytes.
    pub(super) fn write(self, datagram: &mut [u8]) {
        let Some((covered, tag)) = datagram.split_last_chunk_mut::<TAG>() else { return };
        if let Some(id) = covered.last_chunk_mut::<KEY_ID>() {
            *id = self.key.id().to_be_bytes();
        }
        *tag = self.key.tag(self.from, covered);
    }
}

/// The number of the key that a datagram, which has been decoded, claims to be authenticated with;
/// `None` if it does not claim to be. Who has no key does not answer those that do: they would not
/// take the answer.
pub fn sealed_with(datagram: &[u8]) -> Option<u32> {
    let flags = datagram.get(5)?;
    let (trailer, _) = datagram.last_chunk::<TRAILER>()?.split_first_chunk::<KEY_ID>()?;
    (flags & flag::AUTH != 0).then_some(u32::from_be_bytes(*trailer))
}

/// Why a datagram is not taken for a member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthError {
    /// It has no trailer.
    Missing,
    /// Its trailer is by a key of this number, which is not on the ring.
    UnknownKey(u32),
    /// Its tag does not fit its bytes and its source.
    Mismatch,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthError::Missing => f.write_str("not authenticated"),
            AuthError::UnknownKey(id) => write!(f, "authenticated with an unknown key, {id:08x}"),
            AuthError::Mismatch => {
                f.write_str("the tag does not fit: changed or sent again on the way, or forged")
            }
        }
    }
}

impl core::error::Error for AuthError {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::wire::tests::{changed, query};

    /// With the feature and without it: who has no key has to tell.
    #[test]
    fn whether_a_datagram_is_sealed_can_be_told_without_a_key() {
        let bytes = changed(query(), 108, &[1, 2, 3, 4]);
        for (flags, key) in
            [(0, None), (0xfe, None), (1, Some(0x0102_0304)), (0xff, Some(0x0102_0304))]
        {
            assert_eq!(sealed_with(&changed(bytes.clone(), 5, &[flags])), key);
        }
        assert_eq!(sealed_with(&[0xff; 19]), None);
        assert_eq!(sealed_with(&[0xff; 20]), Some(u32::MAX));
    }

    #[test]
    fn each_refusal_has_words_of_its_own() {
        assert_eq!(AuthError::Missing.to_string(), "not authenticated");
        let words = "authenticated with an unknown key, 0000beef";
        assert_eq!(AuthError::UnknownKey(0xbeef).to_string(), words);
        assert!(AuthError::Mismatch.to_string().starts_with("the tag does not fit"));
    }
}
