//! Keys: HMAC-SHA-256 over the datagram and, mostly, where it comes from.

use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{AuthError, TAG, sealed_with};
use crate::wire::name::source_bytes;

/// The fewest bytes of a secret. A tag lets who hears it guess at the secret for as long as they like,
/// so it should be random; a passphrase should have gone through Argon2 or the like.
pub const MIN_SECRET: usize = 16;

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

    /// The tag of a datagram of which it covers all that is before it.
    pub(super) fn tag(&self, from: SocketAddr, covered: &[u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        let whole = self.covering(from, covered).finalize().into_bytes();
        tag.iter_mut().zip(whole).for_each(|(byte, whole)| *byte = whole);
        tag
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
