//! What an attacker says: datagrams, each another, in the words of `mcast_proto::wire`, so that they
//! follow the format.

use std::net::SocketAddr;

use mcast_proto::wire::{
    Announce, Datagram, Epoch, Filter, Goodbye, MAX_WINDOW_MS, Query, Reply, SessionsBuf, Tlv,
    TlvBuf,
};
use serde::{Deserialize, Serialize};

/// A kind of datagram, of which each one sent may differ.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Forgery {
    /// Random bytes, so many.
    Junk(usize),
    /// These bytes as they are: a plain probe.
    Bytes(Vec<u8>),
    /// What was recorded, in its order, each from where and to where it went.
    Recorded(Vec<Recorded>),
    /// A question for everybody, of so many bytes, each of a session of its own.
    Query(usize),
    /// A question in the session of the one that was heard, far ahead of it, that silences everybody.
    Interruption,
    /// A service that announces itself.
    Announce(Claim),
    /// The end of a service.
    Goodbye(Claim),
    /// The answer to a question that was heard.
    Reply(Claim),
    /// The same, of which this much is promised and does not come.
    Promise(Claim, u16),
    /// The same to the group, for the session that asked.
    GroupReply(Claim),
}

/// A datagram that was on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
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
            Forgery::Bytes(same) => bytes.extend(same),
            Forgery::Recorded(recorded) => bytes.extend(&nth(recorded, number).bytes),
            Forgery::Query(length) => {
                let query = Query { length: *length, ..Query::new(random, 1) };
                Datagram::Query(query).encode(None, bytes);
            }
            Forgery::Interruption => {
                let asked = heard.copied().unwrap_or(Query::new(random, 1));
                let later = Query::new(asked.txn, asked.round.wrapping_add(1000));
                let interruption = if number.is_multiple_of(2) {
                    // Every bit is set: it silences everybody.
                    Query { filter: Filter::new(&[0xff; 8]).expect("it is short"), ..later }
                } else {
                    Query { window_ms: MAX_WINDOW_MS, ..later }
                };
                Datagram::Query(interruption).encode(None, bytes);
            }
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
                claim.reply(random, heard, |reply| Datagram::Reply(reply).encode(None, bytes));
            }
            Forgery::Promise(claim, whole) => claim.reply(random, heard, |reply| {
                let mut tlvs = claim.tlvs();
                tlvs.push(Tlv::Digest(random)).expect("it is short");
                let promise = Reply { whole: Some(*whole), tlvs: tlvs.as_tlvs(), ..reply };
                Datagram::Reply(promise).encode(None, bytes);
            }),
            Forgery::GroupReply(claim) => claim.reply(random, heard, |reply| {
                let mut sessions = SessionsBuf::default();
                sessions.push(reply.txn, reply.round);
                let mut tlvs = claim.tlvs();
                tlvs.push(Tlv::Sessions(sessions.as_sessions())).expect("it is short");
                let reply = Reply { txn: 0, round: 0, tlvs: tlvs.as_tlvs(), ..reply };
                Datagram::Reply(reply).encode(None, bytes);
            }),
        }
    }

    /// Where the one of this number comes from and goes to, if that is its own.
    pub(crate) fn way(&self, number: u64) -> Option<(SocketAddr, SocketAddr)> {
        let Forgery::Recorded(recorded) = self else { return None };
        let Recorded { from, to, .. } = nth(recorded, number);
        Some((*from, *to))
    }
}

fn nth(recorded: &[Recorded], number: u64) -> &Recorded {
    &recorded[(number % recorded.len() as u64) as usize]
}

impl Claim {
    /// Of a printer, as of a start that is yet to come.
    pub(crate) fn of(id: Option<u64>, name: &str) -> Claim {
        Claim { id, boot: u32::MAX, service: "printer".to_owned(), name: name.to_owned() }
    }

    /// Answers a question, or one that nobody put.
    fn reply(&self, random: u64, heard: Option<&Query<'_>>, encode: impl FnOnce(Reply<'_>)) {
        let asked = heard.copied().unwrap_or(Query::new(random, 1));
        let tlvs = self.tlvs();
        encode(Reply {
            txn: asked.txn,
            id: self.id.unwrap_or(random),
            round: asked.round,
            copy: 0,
            lease_s: LEASE_S,
            whole: None,
            busy: false,
            tlvs: tlvs.as_tlvs(),
        });
    }

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
