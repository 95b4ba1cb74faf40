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

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::wire::{Epoch, SessionsBuf, Tlv, TlvBuf};

    const FROM: &str = "192.0.2.1:50009";
    // By the SHA-256 of Python's standard library.
    const DIGEST: u64 = 0xf2cb_49c7_d195_c778;
    const DIGEST_OF_NOTHING: u64 = 0x777d_fa66_50aa_88b7;
    const WHOLE: u64 = 0x6f63_08bd_3aab_f7bc;
    const SHORT: u64 = 0xf686_6f10_792f_96a0;

    fn words(tlvs: &[Tlv<'_>]) -> TlvBuf {
        let mut buf = TlvBuf::new();
        tlvs.iter().for_each(|&tlv| buf.push(tlv).unwrap());
        buf
    }

    fn at(from: &str) -> SocketAddr {
        from.parse().unwrap()
    }

    #[test]
    fn names_are_as_another_implementation_makes_them() {
        let said = words(&[Tlv::Payload(b"Me!"), Tlv::Service("printer")]);
        assert_eq!(digest(120, said.as_tlvs()), DIGEST);
        assert_eq!(digest(120, Tlvs::NONE), DIGEST_OF_NOTHING);
        let id = 0x00c0_ffee_00c0_ffee;
        assert_eq!(whole_name(id, at(FROM), DIGEST), WHOLE);
        assert_eq!(short_name(id, at(FROM), DIGEST), SHORT);
    }

    #[test]
    fn a_digest_is_of_the_words_and_not_of_the_occasion() {
        let mut sessions = SessionsBuf::new();
        assert!(sessions.push(7, 1));
        let (name, payload) = (Tlv::Name("Attic"), Tlv::Payload(b"Me!"));
        let of = |lease_s, tlvs: &[Tlv<'_>]| digest(lease_s, words(tlvs).as_tlvs());
        let plain = of(120, &[name, payload]);
        let occasions = [
            Tlv::Epoch(Epoch { boot: 1, seq: 2 }),
            Tlv::Digest(3),
            Tlv::Sessions(sessions.as_sessions()),
        ];
        for occasion in occasions {
            for place in 0..3 {
                let mut tlvs = Vec::from([name, payload]);
                tlvs.insert(place, occasion);
                assert_eq!(of(120, &tlvs), plain, "{occasion:?}");
            }
        }
        // What a later version may say are words too.
        let later = Tlv::Unknown { number: 90, value: b"" };
        let others = [
            of(121, &[name, payload]),
            of(120, &[payload, name]),
            of(120, &[name]),
            of(120, &[name, payload, later]),
            of(120, &[name, Tlv::Payload(b"Me?")]),
            of(120, &[Tlv::Service("Attic"), payload]),
            of(120, &[name, payload, Tlv::Refused(None)]),
        ];
        assert!(!others.contains(&plain));
        let critical = [&[0x80 | 3, 0, 5][..], b"Attic"].concat();
        assert_ne!(digest(120, Tlvs::checked_before(&critical)), of(120, &[name]));
        let critical = [&[0x80 | 7, 0, 8][..], &[0; 8]].concat();
        assert_eq!(digest(120, Tlvs::checked_before(&critical)), of(120, &[]));
    }

    #[test]
    fn a_name_is_of_one_id_at_one_source_with_one_digest() {
        let plain = whole_name(1, at(FROM), 2);
        let others = [
            whole_name(3, at(FROM), 2),
            whole_name(1, at("192.0.2.2:50009"), 2),
            whole_name(1, at("192.0.2.1:50008"), 2),
            whole_name(1, at(FROM), 3),
            short_name(1, at(FROM), 2),
        ];
        assert!(!others.contains(&plain));
        // Sockets of both families see one source, and a zone is nobody else's business.
        assert_eq!(whole_name(1, at("[::ffff:192.0.2.1]:50009"), 2), plain);
        assert_eq!(
            whole_name(1, at("[fe80::1%4]:50009"), 2),
            whole_name(1, at("[fe80::1]:50009"), 2)
        );
    }

    #[test]
    fn a_source_is_its_address_and_port() {
        let expected = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1, 0xc3, 0x59];
        assert_eq!(source_bytes(at(FROM)), expected);
        let expected = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0x12, 0x34];
        assert_eq!(source_bytes(at("[2001:db8::7]:4660")), expected);
    }
}
