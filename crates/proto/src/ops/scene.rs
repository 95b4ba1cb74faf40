//! What those around a machine may do to it: datagrams of the structured protocol, honest, forged,
//! repeated, cut off, broken; and what its driver may tell it.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::answer::{IDS, lease_s, words};
use super::arrivals::{OWN_V4, Peers};
use super::{Answer, Choices, OP_BYTES, Op, run};
use crate::rng::Rng;
use crate::service::PORT;
use crate::wire::{
    Announce, Attr, Busy, Datagram, Epoch, Filter, FilterBuilder, Goodbye, Key, Keyring,
    MAX_DATAGRAM, MAX_SENT, MIN_QUERY, Query, Reply, Seal, Slice, Tlv, TlvBuf, Tlvs, digest,
    short_name, whole_name,
};
use crate::{Arrival, Evidence, Machine, Observation};

/// Sessions in which others ask.
const SESSIONS: u64 = 8;

/// What those around a machine know.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Scene {
    /// The machine's keys; honest peers have that with which it signs.
    pub keyring: Option<Keyring>,
    /// The key that others have.
    pub other: Option<Key>,
    /// Names that are put into the filters of questions: [`whole_name`].
    pub names: Vec<u64>,
    /// What was recorded in another run: how it came, and what it was.
    pub tape: Vec<(Arrival, Vec<u8>)>,
}

/// Without what was recorded, which is long.
impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scene { keyring, other, .. } = self;
        f.debug_struct("Scene")
            .field("keyring", keyring)
            .field("other", other)
            .finish_non_exhaustive()
    }
}

impl Scene {
    /// The same, where filters name what this responder says at [`OWN_V4`], whole or cut short.
    pub fn naming(mut self, id: u64, lease_s: u32, words: Tlvs<'_>) -> Scene {
        let (own, words) = ((OWN_V4, PORT).into(), digest(lease_s, words));
        self.names.extend([whole_name(id, own, words), short_name(id, own, words)]);
        self
    }

    /// The same, where everything was recorded that this machine, of an earlier session, sent and heard.
    pub fn after(mut self, machine: &mut dyn Machine) -> Scene {
        let mut rng = Rng::new(0);
        let bytes: Vec<u8> = (0..64 * OP_BYTES).map(|_| rng.next() as u8).collect();
        let outcome = run(machine, &self.ops(&bytes));
        let mut choices = Choices::new(&bytes);
        let sent = outcome
            .sent()
            .take(64)
            .map(|(.., bytes)| (Peers::Structured.arrival(&mut choices), bytes.to_vec()));
        let heard = outcome.heard().map(|(_, arrival, bytes)| (*arrival, bytes.to_vec()));
        self.tape = sent.chain(heard).collect();
        self
    }

    /// The operations that these bytes decide, one for each [`OP_BYTES`] of them. None closes the machine.
    pub fn ops(&self, bytes: &[u8]) -> Vec<Op> {
        bytes.chunks(OP_BYTES).map(|chunk| self.op(&mut Choices::new(chunk))).collect()
    }

    fn op(&self, choices: &mut Choices<'_>) -> Op {
        match choices.below(32) {
            0 => Op::Poke,
            1..8 => Op::Wait(wait(choices)),
            8 => Op::Observe(observation(choices)),
            9 => driver(choices),
            10..18 => Op::Answer(Answer::of(choices, |choices| self.key(choices)).into()),
            18..25 => self.datagram(choices, Scene::query),
            25..27 => self.datagram(choices, Scene::unasked),
            27 => self.datagram(choices, Scene::reply),
            28..30 => {
                let back = choices.pick(&[0, 0, 1, 2, 5, 20]);
                let elsewhere = choices.one_in(2).then(|| Peers::Structured.arrival(choices));
                Op::Again(back, elsewhere)
            }
            30 if !self.tape.is_empty() => {
                let (arrival, bytes) = choices.pick(&self.tape);
                let is_elsewhere = choices.one_in(4);
                let elsewhere = is_elsewhere.then(|| Peers::Structured.arrival(choices));
                Op::Datagram(elsewhere.unwrap_or(arrival), bytes)
            }
            _ => self.datagram(choices, Scene::broken),
        }
    }

    fn datagram(
        &self,
        choices: &mut Choices<'_>,
        make: impl Fn(&Scene, &mut Choices<'_>, Arrival) -> Vec<u8>,
    ) -> Op {
        let arrival = Peers::Structured.arrival(choices);
        Op::Datagram(arrival, make(self, choices, arrival))
    }

    fn query(&self, choices: &mut Choices<'_>, arrival: Arrival) -> Vec<u8> {
        let slice_bits = choices.pick(&[0, 0, 0, 0, 1, 2]);
        let slice = Slice::new(slice_bits, choices.below(1 << slice_bits) as u32);
        let mut query = Query {
            slice: slice.unwrap_or(Slice::ALL),
            sample_bits: choices.pick(&[0, 0, 0, 1]),
            window_ms: choices.pick(&[0, 0, 8, 24, 100, 3_000, 12_000]),
            copies: choices.below(5) as u8,
            estimate: choices.one_in(4).then(|| choices.below(30) as u8),
            multicast_reply: choices.one_in(6),
            watch: choices.one_in(4),
            salt: choices.below(4),
            length: choices.pick(&[MIN_QUERY, MIN_QUERY, MIN_QUERY, MAX_SENT, 40, 300]),
            ..Query::new(choices.below(SESSIONS), choices.below(6) as u16)
        };
        if choices.one_in(8) {
            query.max_reply = choices.below(300) as u16;
        }
        let mut selectors = TlvBuf::new();
        let attr = Attr { key: "note", value: None };
        let _fits = match choices.below(16) {
            12 | 13 => selectors.push(Tlv::SelectService("printer")),
            14 => selectors.push(Tlv::SelectService("scanner")),
            15 => selectors.push(Tlv::SelectAttr(attr)),
            _ => Ok(()),
        };
        query.tlvs = selectors.as_tlvs();
        // One that is full silences everybody.
        let fill = if choices.one_in(8) { 0xff } else { 0 };
        let mut filter = alloc::vec![fill; choices.pick(&[0, 0, 0, 32, 64])];
        if fill == 0 && !self.names.is_empty() {
            let mut builder = FilterBuilder::new(&mut filter, query.txn, query.salt);
            builder.insert(choices.pick(&self.names));
            builder.finish();
        }
        query.filter = Filter::new(&filter).unwrap_or(Filter::NONE);
        self.sealed(choices, arrival, Datagram::Query(query))
    }

    fn unasked(&self, choices: &mut Choices<'_>, arrival: Arrival) -> Vec<u8> {
        let id = choices.below(IDS);
        if choices.one_in(4) {
            let own = Some(OWN_V4.into());
            let refused = choices.pick(&[own, own, None, Some([10, 0, 0, 1].into())]);
            let mut tlvs = TlvBuf::new();
            let _fits = tlvs.push(Tlv::Refused(refused));
            return self.sealed(
                choices,
                arrival,
                Datagram::Busy(Busy { id, tlvs: tlvs.as_tlvs() }),
            );
        }
        let (lease_s, mut tlvs) = (lease_s(choices), words(choices, id));
        if tlvs.as_tlvs().epoch().is_none() {
            tlvs.clear();
            let _fits = tlvs.push(Tlv::Epoch(Epoch { boot: 1, seq: 9 }));
        }
        let tlvs = tlvs.as_tlvs();
        let datagram = match choices.one_in(2) {
            false => Datagram::Announce(Announce { id, lease_s, tlvs }),
            true => Datagram::Goodbye(Goodbye { id, tlvs }),
        };
        self.sealed(choices, arrival, datagram)
    }

    /// An answer of a session that is not the machine's.
    fn reply(&self, choices: &mut Choices<'_>, arrival: Arrival) -> Vec<u8> {
        let id = choices.below(IDS);
        let (txn, round, copy) = (choices.below(SESSIONS), choices.below(6) as u16, 0);
        let (lease_s, tlvs) = (lease_s(choices), words(choices, id));
        let (whole, busy, tlvs) = (None, false, tlvs.as_tlvs());
        let reply = Reply { txn, id, round, copy, lease_s, whole, busy, tlvs };
        self.sealed(choices, arrival, Datagram::Reply(reply))
    }

    fn broken(&self, choices: &mut Choices<'_>, arrival: Arrival) -> Vec<u8> {
        let how = choices.below(4);
        if how == 0 {
            let length = choices.below(MAX_DATAGRAM as u64 + 9) as usize;
            return choices.bytes(length);
        }
        let (at, change) = (choices.below(1 << 16) as usize, choices.below(255) as u8 + 1);
        let make = choices.pick(&[Scene::query, Scene::unasked, Scene::reply]);
        let mut bytes = make(self, choices, arrival);
        let at = at % bytes.len();
        if how == 1 {
            bytes.truncate(at);
        } else if let Some(byte) = bytes.get_mut(at) {
            *byte ^= change;
        }
        bytes
    }

    /// Whoever has keys mostly uses the right one.
    pub(super) fn key(&self, choices: &mut Choices<'_>) -> Option<Key> {
        match choices.below(8) {
            0..6 => self.keyring.as_ref().map(|ring| ring.signing().clone()),
            6 => self.other.clone(),
            _ => None,
        }
    }

    fn sealed(
        &self,
        choices: &mut Choices<'_>,
        arrival: Arrival,
        datagram: Datagram<'_>,
    ) -> Vec<u8> {
        let key = self.key(choices);
        let seal = key.as_ref().map(|key| Seal { key, from: arrival.from.remote });
        let mut bytes = Vec::new();
        datagram.encode(seal, &mut bytes);
        bytes
    }
}

/// From a few microseconds to an hour.
pub(super) fn wait(choices: &mut Choices<'_>) -> Duration {
    let micros = match choices.below(16) {
        0..6 => choices.below(2_000),
        6..12 => choices.below(200_000),
        12..15 => choices.below(5_000_000),
        _ => choices.below(3_600) * 1_000_000,
    };
    Duration::from_micros(micros)
}

/// What a driver may report.
pub(super) fn observation(choices: &mut Choices<'_>) -> Observation {
    match choices.below(8) {
        0..4 => Observation::Audit(Evidence::new(
            choices.pick(&[0, 1]),
            choices.pick(&[0, 0, 3]),
            choices.one_in(4),
        )),
        4 => Observation::ReceiveBuffer { datagrams: choices.pick(&[0, 16, 4_096, u64::MAX]) },
        5 | 6 => Observation::Dropped { datagrams: choices.pick(&[1, 50, u64::MAX]) },
        _ if choices.one_in(2) => Observation::Unsent { to: Peers::Structured.remote(choices) },
        _ => Observation::NetworkChanged,
    }
}

/// What a driver may be like.
pub(super) fn driver(choices: &mut Choices<'_>) -> Op {
    match choices.below(8) {
        0 => Op::AnswerAudits(choices.pick(&[None, Some(Evidence::new(1, 0, false))])),
        1 | 2 => Op::AnswerAudits(Some(Evidence::CLEAN)),
        3..5 => Op::Lag(Some(Duration::from_micros(choices.below(50_000)))),
        5 => Op::Lag(None),
        6 => Op::ReadMany(true),
        _ => Op::ReadMany(false),
    }
}
