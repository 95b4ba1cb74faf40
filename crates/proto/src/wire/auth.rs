//! Authentication by a shared secret: a trailer that only who has the secret can make.
//!
//! It proves that the sender is a member, not which member; and it hides nothing.

use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::TRAILER;
use super::header::flag;
use super::name::source_bytes;

/// The fewest bytes of a secret. A tag lets who hears it guess at the secret for as long as they like,
/// so it should be random; a passphrase should have gone through Argon2 or the like.
pub const MIN_SECRET: usize = 16;

/// The tag's length: HMAC-SHA-256's first half, as RFC 2104 section 5 allows.
const TAG: usize = 16;
const KEY_ID: usize = TRAILER - TAG;

/// Whether a tag holds for any sender or for one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Binding {
    /// For the address and port alone that it was sent from. What others send again is refused.
    #[default]
    Source,
    /// For any: where addresses are translated on the way.
    Unbound,
}

impl Binding {
    /// What the key is derived with, so that a tag of the one binding never passes for the other's.
    fn label(self) -> &'static [u8] {
        match self {
            Binding::Source => b"mcast v1 key",
            Binding::Unbound => b"mcast v1 key unbound",
        }
    }
}

/// What a secret is derived into. Wiped when dropped, and never shown by `Debug`.
#[derive(Clone)]
pub struct Key {
    id: u32,
    binding: Binding,
    /// With the derived key taken in.
    mac: Hmac<Sha256>,
}

impl Key {
    /// Derives a key. The secret stays the caller's, who should wipe it.
    ///
    /// # Errors
    ///
    /// If the secret has fewer than [`MIN_SECRET`] bytes.
    pub fn new(secret: &[u8], binding: Binding) -> Result<Key, KeyError> {
        if secret.len() < MIN_SECRET {
            return Err(KeyError);
        }
        let derived = keyed(secret)?.chain_update(binding.label()).finalize().into_bytes();
        let mac = keyed(&derived)?;
        let name = mac.clone().chain_update(b"mcast v1 key id").finalize().into_bytes();
        let id = name.first_chunk().copied().map(u32::from_be_bytes).ok_or(KeyError)?;
        Ok(Key { id, binding, mac })
    }

    /// The key's number in the trailer. It follows from the secret, so that keys need no numbering.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Takes in everything that a tag covers.
    fn covering(&self, from: SocketAddr, covered: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        if self.binding == Binding::Source {
            mac.update(&source_bytes(from));
        }
        mac.update(covered);
        mac
    }
}

fn keyed(key: &[u8]) -> Result<Hmac<Sha256>, KeyError> {
    // HMAC takes keys of every length.
    Hmac::new_from_slice(key).map_err(|_| KeyError)
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        let tag = self.mac.clone().finalize();
        self.binding == other.binding && other.mac.clone().verify(&tag.into_bytes()).is_ok()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("binding", &self.binding).finish()
    }
}

/// A secret is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyError;

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret has fewer than {MIN_SECRET} bytes")
    }
}

impl core::error::Error for KeyError {}

/// What [`Datagram::encode`](super::Datagram::encode) authenticates with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal<'a> {
    /// The key.
    pub key: &'a Key,
    /// The address and port that the datagram leaves from, as its receivers see them.
    pub from: SocketAddr,
}

impl Seal<'_> {
    /// Appends the trailer to the datagram that starts at `start`.
    pub(super) fn append(self, start: usize, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&self.key.id.to_be_bytes());
        let covered = buffer.get(start..).unwrap_or_default();
        let tag = self.key.covering(self.from, covered).finalize().into_bytes();
        buffer.extend(tag.into_iter().take(TAG));
    }
}

/// The keys that are in use: one to sign with, and while a new one is brought in, those to accept
/// besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    signing: Key,
    accepted: Vec<Key>,
}

impl Keyring {
    /// A ring that signs with the first and accepts all.
    pub fn new(signing: Key, accepted: Vec<Key>) -> Keyring {
        Keyring { signing, accepted }
    }

    /// The key to sign with.
    pub fn signing(&self) -> &Key {
        &self.signing
    }

    /// Checks the trailer of a datagram that has been decoded, and that came from `from`. It takes
    /// ten times as long as decoding: judge first whatever can be judged without.
    ///
    /// # Errors
    ///
    /// If it has no trailer, or one of a key that is not on the ring, or one that does not fit.
    pub fn verify(&self, from: SocketAddr, datagram: &[u8]) -> Result<&Key, AuthError> {
        let id = sealed_with(datagram).ok_or(AuthError::Missing)?;
        let (covered, tag) = datagram.split_last_chunk::<TAG>().ok_or(AuthError::Missing)?;
        let mut keys = core::iter::once(&self.signing).chain(&self.accepted);
        let mut refused = AuthError::UnknownKey(id);
        keys.find(|key| {
            key.id == id && {
                refused = AuthError::Mismatch;
                key.covering(from, covered).verify_truncated_left(tag).is_ok()
            }
        })
        .ok_or(refused)
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
