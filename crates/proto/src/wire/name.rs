//! Names for what a responder said, by which a query's filter tells it that it has been heard.
//!
//! A name says who said what, and from where: nobody silences a responder by answering in its id, since
//! that has another source or other words, and so another name.

use core::net::{IpAddr, SocketAddr};

use sha2::{Digest, Sha256};

use super::Tlvs;

/// The digest of a responder's words: the lease and the TLVs of its whole answer, but for those that
/// change from one answer to the next ([`Tlv::Epoch`](super::Tlv::Epoch),
/// [`Tlv::Digest`](super::Tlv::Digest), [`Tlv::Sessions`](super::Tlv::Sessions)).
///
/// As long as it is the same, so is what the responder says. It is the first eight bytes of SHA-256:
/// nobody finds other words with a digest that was told.
pub fn digest(lease_s: u32, tlvs: Tlvs<'_>) -> u64 {
    let words = Sha256::new_with_prefix(b"mcast v1 words").chain_update(lease_s.to_be_bytes());
    first_word(tlvs.lasting().fold(words, |words, tlv| words.chain_update(tlv)))
}

/// The name of a whole answer: by this id, from this address and port as the asker sees them (an IPv6
/// address's zone left out), of words with this [digest].
pub fn whole_name(id: u64, from: SocketAddr, digest: u64) -> u64 {
    name(b"mcast v1 whole", id, from, digest)
}

/// The name of an answer that was truncated, so that the digest alone of its words is known. It
/// silences a responder where its whole answer would be truncated again.
pub fn short_name(id: u64, from: SocketAddr, digest: u64) -> u64 {
    name(b"mcast v1 short", id, from, digest)
}

fn name(label: &[u8], id: u64, from: SocketAddr, digest: u64) -> u64 {
    let said = Sha256::new_with_prefix(label)
        .chain_update(id.to_be_bytes())
        .chain_update(source_bytes(from))
        .chain_update(digest.to_be_bytes());
    first_word(said)
}

fn first_word(hash: Sha256) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hash.finalize().0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Where a datagram comes from, in 18 bytes: its address, IPv4 as an IPv4-mapped one (RFC 4291 section
/// 2.5.5.2), and its port.
pub(super) fn source_bytes(from: SocketAddr) -> [u8; 18] {
    let ip = match from.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    let mut bytes = [0; 18];
    let said = ip.octets().into_iter().chain(from.port().to_be_bytes());
    bytes.iter_mut().zip(said).for_each(|(byte, said)| *byte = said);
    bytes
}
