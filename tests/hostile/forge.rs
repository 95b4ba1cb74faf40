//! What an attacker says: datagrams, each another, in the words of `mcast_proto::wire`, so that they
//! follow the format.

use mcast_proto::wire::{Announce, Datagram, Epoch, Goodbye, Query, Reply, Tlv, TlvBuf};
use serde::{Deserialize, Serialize};

/// A kind of datagram, of which each one sent may differ.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Forgery {
    /// Random bytes, so many.
    Junk(usize),
    /// These bytes as they are, in turn: a plain probe, or what was recorded.
    Bytes(Vec<Vec<u8>>),
    /// A question for everybody, each of a session of its own.
    Query,
    /// A service that announces itself.
    Announce(Claim),
    /// The end of a service.
    Goodbye(Claim),
    /// The answer to a question that was heard.
    Reply(Claim),
}

/// Who somebody claims to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// The id, or a new one each time.
    pub(crate) id: Option<u64>,
    pub(crate) boot: u32,
    pub(crate) service: String,
    pub(crate) name: String,
}

/// The longest lease that there is.
const LEASE_S: u32 = mcast_proto::wire::MAX_LEASE_S;

impl Forgery {
    /// Writes the one of this number; `random` makes it another than the last, `heard` is the question
    /// that it answers.
    pub(crate) fn write(
        &self,
        number: u64,
        random: u64,
        heard: Option<&Query<'_>>,
        bytes: &mut Vec<u8>,
    ) {
        bytes.clear();
        match self {
            Forgery::Junk(length) => {
                let words = (0..).flat_map(|n: u64| mixed(random ^ n).to_le_bytes());
                bytes.extend(words.take(*length));
            }
            Forgery::Bytes(recorded) => {
                bytes.extend(&recorded[(number % recorded.len() as u64) as usize]);
            }
            Forgery::Query => Datagram::Query(Query::new(random, 1)).encode(None, bytes),
            Forgery::Announce(claim) => {
                let (id, tlvs) = (claim.id.unwrap_or(random), claim.tlvs());
                let announce = Announce { id, lease_s: LEASE_S, tlvs: tlvs.as_tlvs() };
                Datagram::Announce(announce).encode(None, bytes);
            }
            Forgery::Goodbye(claim) => {
                let mut tlvs = TlvBuf::new();
                tlvs.push(Tlv::Epoch(claim.epoch())).expect("it is short");
                let goodbye = Goodbye { id: claim.id.unwrap_or(random), tlvs: tlvs.as_tlvs() };
                Datagram::Goodbye(goodbye).encode(None, bytes);
            }
            Forgery::Reply(claim) => {
                let asked = heard.copied().unwrap_or(Query::new(random, 1));
                let tlvs = claim.tlvs();
                let reply = Reply {
                    txn: asked.txn,
                    id: claim.id.unwrap_or(random),
                    round: asked.round,
                    copy: 0,
                    lease_s: LEASE_S,
                    whole: None,
                    busy: false,
                    tlvs: tlvs.as_tlvs(),
                };
                Datagram::Reply(reply).encode(None, bytes);
            }
        }
    }
}

impl Claim {
    fn tlvs(&self) -> TlvBuf {
        let mut tlvs = TlvBuf::new();
        for tlv in [Tlv::Service(&self.service), Tlv::Name(&self.name), Tlv::Epoch(self.epoch())] {
            tlvs.push(tlv).expect("it is short");
        }
        tlvs
    }

    fn epoch(&self) -> Epoch {
        Epoch { boot: self.boot, seq: 0 }
    }
}

/// The next number of SplitMix64 after this one.
pub(crate) fn mixed(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
