//! The answers of responders that are made up.

use alloc::vec::Vec;

use super::Choices;
use super::arrivals::Peers;
use crate::Arrival;
use crate::wire::{
    Datagram, Epoch, Key, MAX_LEASE_S, MAX_SENT, MAX_TLV_BYTES, MIN_DATAGRAM, MIN_LEASE_S,
    MIN_QUERY, Reply, Seal, SessionsBuf, TRAILER, Tlv, TlvBuf, digest,
};

/// Responders that answer, so few that they come again.
pub(super) const IDS: u64 = 24;

/// An answer, but for the question that it is to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it comes.
    pub arrival: Arrival,
    /// To which of the machine's questions it is, counted from the last.
    pub back: usize,
    /// The responder.
    pub id: u64,
    /// For how long it may be taken to be there, in seconds.
    pub lease_s: u32,
    /// Which of its copies it is.
    pub copy: u8,
    /// Whether the responder has refused questions.
    pub busy: bool,
    /// All that the responder has to say. What does not fit is left out, and a digest stands for it.
    pub words: TlvBuf,
    /// How long the answer may be, in bytes.
    pub limit: usize,
    /// It is to the group, and for this many other sessions too.
    pub group: Option<u8>,
    /// The key that it is sealed with.
    pub key: Option<Key>,
}

impl Answer {
    /// What somebody may answer: mostly an honest responder of few, whose number says where it is and
    /// what it says; and often enough another in its name, or the same one elsewhere or later.
    pub(super) fn of(
        choices: &mut Choices<'_>,
        key: impl FnOnce(&mut Choices<'_>) -> Option<Key>,
    ) -> Answer {
        let id = choices.below(IDS);
        let back = choices.pick(&[0, 0, 0, 0, 1, 2, 5, 70]);
        let arrival = Peers::Structured.arrival_of(choices, id);
        let key = key(choices);
        let limit = choices.pick(&[MAX_SENT, MAX_SENT, MIN_QUERY, MIN_QUERY, 60, 700]);
        let group = choices.one_in(6).then(|| choices.below(8) as u8);
        let lease_s = lease_s(choices);
        let words = words(choices, id);
        let (copy, busy) = (choices.pick(&[0, 0, 1, 2]), choices.one_in(24));
        Answer { arrival, back, id, lease_s, copy, busy, words, limit, group, key }
    }

    /// Its bytes, as an answer to this round of this session.
    pub fn encoded(&self, txn: u64, round: u16) -> Vec<u8> {
        let trailer = if self.key.is_some() { TRAILER } else { 0 };
        let mut sessions = SessionsBuf::new();
        for other in 1..=self.group.unwrap_or(0) {
            sessions.push(txn.wrapping_add(other.into()), round);
        }
        sessions.push(txn, round);
        let named = if self.group.is_some() { 3 + 10 * sessions.as_sessions().len() } else { 0 };
        let all = self.words.as_tlvs();
        let whole = MIN_DATAGRAM + trailer + all.len();
        let room = self.limit.min(MAX_SENT).saturating_sub(MIN_DATAGRAM + trailer + named);
        let room = room.min(MAX_TLV_BYTES - named);
        let is_whole = all.len() <= room;
        let mut tlvs = TlvBuf::new();
        if is_whole {
            all.iter().for_each(|tlv| _ = tlvs.push(tlv));
        } else {
            let head = [Some(Tlv::Digest(digest(self.lease_s, all))), all.epoch().map(Tlv::Epoch)];
            let rest = all.iter().filter(|tlv| !matches!(tlv, Tlv::Epoch(_)));
            for tlv in head.into_iter().flatten().chain(rest) {
                let _fits = tlvs.push_within(room, tlv);
            }
        }
        if self.group.is_some() {
            let _fits = tlvs.push(Tlv::Sessions(sessions.as_sessions()));
        }
        let (txn, round) = if self.group.is_some() { (0, 0) } else { (txn, round) };
        let reply = Reply {
            txn,
            id: self.id,
            round,
            copy: self.copy,
            lease_s: self.lease_s,
            whole: (!is_whole).then_some(whole as u16),
            busy: self.busy,
            tlvs: tlvs.as_tlvs(),
        };
        let mut bytes = Vec::new();
        let seal = self.key.as_ref().map(|key| Seal { key, from: self.arrival.from.remote });
        Datagram::Reply(reply).encode(seal, &mut bytes);
        bytes
    }
}

pub(super) fn lease_s(choices: &mut Choices<'_>) -> u32 {
    choices.pick(&[120, 120, 120, MIN_LEASE_S, MAX_LEASE_S])
}

/// What a responder says of itself, 0 to 1148 bytes long: most often what it always says.
pub(super) fn words(choices: &mut Choices<'_>, id: u64) -> TlvBuf {
    // As many are short as are long.
    let usual = [40, 49, 60, 80, 96, 97, 128, 200, 600, 1_000, MAX_TLV_BYTES];
    let mut length = usual[(id % usual.len() as u64) as usize];
    let mut fill = id as u8;
    if choices.one_in(8) {
        (length, fill) = (choices.below(MAX_TLV_BYTES as u64 + 1) as usize, 0xff);
    }
    let boot = choices.pick(&[1, 1, 1, 1, 1, 1, 0, 2]);
    let seq = choices.pick(&[1, 1, 1, 1, 1, 1, 0, 2]);
    let mut words = TlvBuf::new();
    let service = if id % 4 == 3 { "scanner" } else { "printer" };
    for tlv in [Tlv::Epoch(Epoch { boot, seq }), Tlv::Service(service), Tlv::Name("lab")] {
        let _fits = words.push_within(length, tlv);
    }
    if let Some(rest) = length.checked_sub(words.as_tlvs().len() + 3) {
        let _fits = words.push(Tlv::Cbor(&alloc::vec![fill; rest]));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode;

    #[test]
    fn an_answer_is_to_the_question_and_says_all_or_how_much_there_is() {
        let bytes: Vec<u8> = (0..=255).collect();
        let (mut whole, mut short, mut grouped) = (0, 0, 0);
        for start in 0..200 {
            let answer = Answer::of(&mut Choices::new(&bytes[start..]), |_| None);
            let encoded = answer.encoded(7, 3);
            let Ok(Datagram::Reply(reply)) = decode(&encoded) else { panic!("{answer:?}") };
            assert_eq!(reply.id, answer.id);
            let named = reply.tlvs.sessions().map(|all| all.iter().any(|item| item == (7, 3)));
            assert!(named.unwrap_or((reply.txn, reply.round) == (7, 3)));
            let words = digest(answer.lease_s, answer.words.as_tlvs());
            match reply.whole {
                Some(length) => {
                    // With no room for a digest it is one that says nothing.
                    assert!(reply.tlvs.digest().is_none_or(|digest| digest == words));
                    let is_cut = encoded.len() <= answer.limit.min(length.into());
                    assert!(is_cut || named.is_some());
                    short += 1;
                }
                None => {
                    assert_eq!(digest(answer.lease_s, reply.tlvs), words);
                    whole += 1;
                }
            }
            grouped += usize::from(named.is_some());
        }
        assert!(whole > 50 && short > 20 && grouped > 10, "{whole} {short} {grouped}");
    }
}
