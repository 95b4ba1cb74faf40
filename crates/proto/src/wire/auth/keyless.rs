//! Without the feature `auth` there are no keys: the types are here, so that who may use them compiles,
//! and nobody can make one.

use core::net::SocketAddr;

use super::{AuthError, TAG};

/// A key, of which there is none without the feature `auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {}

impl Key {
    /// The key's number in the trailer.
    pub fn id(&self) -> u32 {
        match *self {}
    }

    pub(super) fn tag(&self, _from: SocketAddr, _covered: &[u8]) -> [u8; TAG] {
        match *self {}
    }
}

/// A ring of keys, of which there is none without the feature `auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keyring {}

impl Keyring {
    /// The key to sign with.
    pub fn signing(&self) -> &Key {
        match *self {}
    }

    /// Checks the trailer of a datagram.
    ///
    /// # Errors
    ///
    /// None that anybody sees.
    pub fn verify(&self, _from: SocketAddr, _datagram: &[u8]) -> Result<&Key, AuthError> {
        match *self {}
    }
}
