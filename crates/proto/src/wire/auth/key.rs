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

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;
    use core::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::wire::tests::encoded;
    use crate::wire::{
        Datagram, Filter, MAX_SENT, MAX_TLV_BYTES, MIN_QUERY, Query, Reply, Seal, Tlv, TlvBuf,
        TooLong, decode,
    };

    const FROM: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 40_000);
    const OLD: &[u8] = b"an old secret of 24 bytes";
    const NEW: &[u8] = b"a new secret of 24 bytes";

    fn key(secret: &[u8], binding: Binding) -> Key {
        Key::new(secret, binding).unwrap()
    }

    fn sealed(datagram: Datagram<'_>, key: &Key) -> Vec<u8> {
        let mut bytes = Vec::new();
        datagram.encode(Some(Seal { key, from: FROM }), &mut bytes);
        bytes
    }

    /// By the HMAC of Python's standard library; tests/vectors has more.
    #[test]
    fn keys_and_tags_are_as_another_implementation_makes_them() {
        let horse = b"correct horse battery staple";
        let (bound, unbound) = (key(horse, Binding::Source), key(horse, Binding::Unbound));
        assert_eq!((bound.id(), unbound.id()), (0xfd57_f710, 0x7fca_79c0));
        let covered = b"a datagram";
        assert_eq!(
            bound.tag(FROM, covered),
            u128::to_be_bytes(0x2b94_f749_5113_8d69_4e32_72d1_f9b1_3dea)
        );
        assert_eq!(
            unbound.tag(FROM, covered),
            u128::to_be_bytes(0x089c_fa6c_11fb_f271_0e8f_150e_b915_3985)
        );
    }

    #[test]
    fn a_tag_holds_for_its_bytes_its_source_and_its_key_alone() {
        let signing = key(OLD, Binding::Source);
        let query = Datagram::Query(Query::new(5, 1));
        let bytes = sealed(query, &signing);
        assert_eq!(bytes.len(), MIN_QUERY);
        assert_eq!(decode(&bytes), Ok(query));
        assert_eq!(sealed_with(&bytes), Some(signing.id()));
        assert_eq!(bytes[108..112], signing.id().to_be_bytes());

        let ring = Keyring::new(signing.clone(), Vec::new());
        assert_eq!(ring.signing(), &signing);
        assert_eq!(ring.verify(FROM, &bytes), Ok(&signing));
        assert_eq!(ring.verify(FROM, &encoded(query)), Err(AuthError::Missing));
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(ring.verify(FROM, &forged).is_err(), "bit {bit}");
        }
        let elsewhere =
            [SocketAddr::new(FROM.ip(), 40_001), SocketAddr::new([192, 0, 2, 8].into(), 40_000)];
        for from in elsewhere {
            assert_eq!(ring.verify(from, &bytes), Err(AuthError::Mismatch));
        }

        let unbound = key(OLD, Binding::Unbound);
        let bytes = sealed(query, &unbound);
        let ring = Keyring::new(unbound.clone(), Vec::new());
        assert!(elsewhere.iter().all(|&from| ring.verify(from, &bytes) == Ok(&unbound)));
    }

    #[test]
    fn while_keys_change_those_that_are_accepted_hold_besides_the_one_that_signs() {
        let (old, new) = (key(OLD, Binding::Source), key(NEW, Binding::Source));
        let bytes = sealed(Datagram::Query(Query::new(5, 1)), &old);
        let rotated = Keyring::new(new.clone(), vec![old.clone()]);
        assert_eq!(rotated.verify(FROM, &bytes), Ok(&old));
        let done = Keyring::new(new, Vec::new());
        assert_eq!(done.verify(FROM, &bytes), Err(AuthError::UnknownKey(old.id())));
        // Two keys of one number are both tried.
        let namesake = Key { id: old.id(), ..key(NEW, Binding::Source) };
        let both = Keyring::new(namesake, vec![old.clone()]);
        assert_eq!(both.verify(FROM, &bytes), Ok(&old));
    }

    #[test]
    fn keys_are_the_same_by_secret_and_binding() {
        let old = key(OLD, Binding::Source);
        assert_eq!(old, key(OLD, Binding::Source));
        assert_ne!(old, key(OLD, Binding::Unbound));
        assert_ne!(old, key(NEW, Binding::Source));
        assert_ne!(old, Key { binding: Binding::Unbound, ..old.clone() });
    }

    #[test]
    fn an_ipv4_address_is_the_same_to_a_socket_of_either_family() {
        let key = key(OLD, Binding::Source);
        let bytes = sealed(Datagram::Query(Query::new(5, 1)), &key);
        let mapped = SocketAddr::new("::ffff:192.0.2.7".parse().unwrap(), 40_000);
        assert!(Keyring::new(key, Vec::new()).verify(mapped, &bytes).is_ok());
    }

    #[test]
    fn with_a_trailer_the_longest_datagram_is_just_full() {
        let key = key(OLD, Binding::Source);
        let bits = vec![0xff; Query::filter_room(40, true)];
        let mut selectors = TlvBuf::new();
        selectors.push(Tlv::SelectService(&"s".repeat(37))).unwrap();
        let filter = Filter::new(&bits).unwrap();
        let query =
            Datagram::Query(Query { filter, tlvs: selectors.as_tlvs(), ..Query::new(1, 1) });

        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Payload(&[0; MAX_TLV_BYTES - 3])).unwrap();
        let (whole, busy, tlvs) = (None, false, tlvs.as_tlvs());
        let reply = Reply { txn: 1, id: 2, round: 3, copy: 0, whole, busy, lease_s: 10, tlvs };
        for datagram in [query, Datagram::Reply(reply)] {
            let bytes = sealed(datagram, &key);
            assert_eq!(bytes.len(), MAX_SENT);
            // Into a slice it comes out the same, whatever was there.
            let seal = Some(Seal { key: &key, from: FROM });
            let mut place = [0xaa; MAX_SENT];
            assert_eq!(datagram.encode_to(seal, &mut place), Ok(MAX_SENT));
            assert_eq!(place[..], bytes);
            let too_long = Err(TooLong { length: MAX_SENT });
            assert_eq!(datagram.encode_to(seal, &mut place[1..]), too_long);
        }
    }

    #[test]
    fn secrets_are_long_enough_wiped_and_not_shown() {
        assert_eq!(Key::new(&[7; 15], Binding::Source).err(), Some(KeyError));
        assert_eq!(KeyError.to_string(), "the secret has fewer than 16 bytes");
        assert!(Key::new(&[7; 16], Binding::Source).is_ok());
        let key = Key::new(&[7; 200], Binding::Source).unwrap();
        let shown = alloc::format!("{:?}", Keyring::new(key.clone(), Vec::new()));
        let expected = alloc::format!(
            "Keyring {{ signing: Key {{ id: {}, binding: Source }}, accepted: [] }}",
            key.id()
        );
        assert_eq!(shown, expected);
        // `Hmac` consists of the hash's states, and says nothing of its own about wiping.
        fn is_wiped<T: sha2::digest::zeroize::ZeroizeOnDrop>() {}
        is_wiped::<sha2::Sha256>();
    }
}
