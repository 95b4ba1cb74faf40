//! What holds of [`service::Discoverer`](crate::service::Discoverer) and
//! [`service::Watcher`](crate::service::Watcher).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use super::is_proven;
use crate::ops::{Did, Outcome};
use crate::service::Instance;
use crate::wire::{
    Datagram, Keyring, MIN_QUERY, MIN_QUERY_DATAGRAM, Reply, TRAILER, Tlv, decode, sealed_with,
};
use crate::{
    Arrival, Body, Change, Destination, Doubts, Event, Evidence, Finding, Instant, Key, Loss,
    Observation,
};

/// For how long a question may be answered.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);
/// Sweeps without a word from a responder before it is taken to be gone: those of a watcher's refresh.
const LEAST_SWEEPS: usize = 4;

/// Who asks sends questions to the group, and nothing else to anybody.
///
/// # Panics
///
/// If this is broken.
pub fn sends_questions_to_the_group_alone(outcome: &Outcome) {
    for (at, to, bytes) in outcome.sent() {
        assert_eq!(to, Destination::Group, "{at:?}");
        assert!(matches!(decode(bytes), Ok(Datagram::Query(_))), "{at:?} {bytes:?}");
    }
}

/// Who is found was not there before; who changes or is lost was; and as many are counted as were found.
/// Somebody of whom there was no room to tell that he was lost may be found again, with `forgets`.
///
/// # Panics
///
/// If this is broken.
pub fn tells_what_it_counts(outcome: &Outcome, forgets: bool) {
    let (mut present, mut found) = (BTreeSet::new(), 0);
    let mut again = false;
    for (at, event) in outcome.events() {
        match event {
            Event::Found(Finding { body: Body::Service(Instance { id, .. }), .. }) => {
                let is_new = present.insert(id);
                assert!(is_new || forgets, "{id} is found twice at {at:?}");
                again |= !is_new;
                found += 1;
            }
            Event::Changed { finding, change } => {
                let is_there = |instance: Instance<'_>| present.contains(&instance.id);
                assert!(
                    finding.instance().is_some_and(is_there),
                    "{finding:?}, which is not there, has {change:?} {at:?}"
                );
            }
            Event::Lost { key: Key::Service(id), .. } => {
                assert!(present.remove(&id), "{id}, which is not there, is lost at {at:?}");
            }
            other => panic!("{other:?} at {at:?}"),
        }
    }
    if let Some((_, summary)) = outcome.end() {
        assert_eq!(summary.found, found, "{summary:?}");
        assert!(!again || summary.doubts.contains(Doubts::NO_ROOM), "{summary:?}");
    }
}

/// A result is complete, and there is no doubt, or it is not, and there is. It is complete only if somebody
/// was found.
///
/// # Panics
///
/// If this is broken.
pub fn is_complete_or_says_why_not(outcome: &Outcome) {
    let Some((_, summary)) = outcome.end() else { return };
    if summary.complete != Some(true) {
        let is_explained = !summary.doubts.is_empty();
        return assert!(is_explained || summary.complete.is_none(), "{summary:?}");
    }
    assert_eq!((summary.doubts, summary.found > 0), (Doubts::NONE, true), "{summary:?}");
}

/// Where a discovery is complete, all were told whole, and nobody contradicted another. (A watcher that was
/// complete at first goes on, and may come to hear of more than it can have.)
///
/// # Panics
///
/// If this is broken.
pub fn is_whole_where_it_is_complete(outcome: &Outcome) {
    if outcome.end().is_none_or(|(_, summary)| summary.complete != Some(true)) {
        return;
    }
    for (at, event) in outcome.events() {
        match event {
            Event::Found(finding) => assert!(!is_truncated(&finding), "{finding:?} {at:?}"),
            Event::Changed { finding, change } => {
                let is_whole = !is_truncated(&finding) && change != Change::Conflict;
                assert!(is_whole, "{finding:?} {at:?}");
            }
            _ => {}
        }
    }
}

/// A discovery is complete only if so many sweeps were clean after that in which somebody was heard for the
/// first time, the network was another, or somebody said that he refuses. Padded ones are beside that.
///
/// # Panics
///
/// If this is broken.
pub fn is_complete_after_as_many_clean_sweeps(
    outcome: &Outcome,
    keyring: Option<&Keyring>,
    quiet: u32,
) {
    if outcome.end().is_none_or(|(_, summary)| summary.complete != Some(true)) {
        return;
    }
    let mut known = BTreeSet::new();
    let spoilers = answers(outcome, keyring)
        .filter(|heard| known.insert(heard.reply.id) || heard.reply.busy)
        .map(|heard| heard.nth);
    let mut is_spoilt: BTreeSet<usize> = spoilers.collect();
    let (mut clean, mut is_padded) = (0, false);
    let mut was_spoilt = false;
    for (nth, (_, did)) in outcome.log.iter().enumerate() {
        was_spoilt |= is_spoilt.remove(&nth);
        match did {
            Did::Sent(_, question) => is_padded = is_longer_than_it_needs(question),
            Did::Heard(arrival, bytes) => was_spoilt |= is_refusal(keyring, arrival, bytes),
            Did::Observed(Observation::NetworkChanged) => was_spoilt = true,
            Did::Audited(evidence) => {
                was_spoilt |= evidence.is_some_and(|evidence| evidence.changed);
                if core::mem::take(&mut was_spoilt) {
                    clean = 0;
                } else if !is_padded && *evidence == Some(Evidence::CLEAN) {
                    clean += 1;
                }
            }
            Did::Done(_) => break,
            _ => {}
        }
    }
    assert!(clean >= quiet, "{clean} clean sweeps, not {quiet}");
}

/// A question for long answers has padding, and is no shorter than the least for that.
fn is_longer_than_it_needs(question: &[u8]) -> bool {
    let Ok(Datagram::Query(query)) = decode(question) else { return false };
    let trailer = if sealed_with(question).is_some() { TRAILER } else { 0 };
    let needed = MIN_QUERY_DATAGRAM + query.filter.as_bytes().len() + query.tlvs.len() + trailer;
    question.len() > needed.max(MIN_QUERY)
}

/// Whether somebody says that he refuses questions from the machine's address, or from everybody.
fn is_refusal(keyring: Option<&Keyring>, arrival: &Arrival, bytes: &[u8]) -> bool {
    let Ok(Datagram::Busy(busy)) = decode(bytes) else { return false };
    let own = arrival.from.local.map(|own| own.ip());
    let is_own = |refused: Option<IpAddr>| refused.is_none() || own.is_none() || refused == own;
    (arrival.on_link || keyring.is_some())
        && is_proven(keyring, arrival, bytes)
        && busy.tlvs.iter().any(|tlv| matches!(tlv, Tlv::Refused(refused) if is_own(refused)))
}

/// Who is told of has answered this session, and proved what it must, with these words, from there. Who is
/// lost has said so, or not answered sweeps that count.
///
/// # Panics
///
/// If this is broken.
pub fn has_evidence_of_all_that_it_tells(outcome: &Outcome, keyring: Option<&Keyring>) {
    let answers: Vec<Heard<'_>> = answers(outcome, keyring).collect();
    for (at, event) in outcome.events() {
        match event {
            Event::Found(finding) if is_truncated(&finding) => {
                let is_it = |heard: &Heard<'_>| {
                    heard.at <= at && heard.reply.is_truncated() && heard.says(&finding)
                };
                assert!(answers.iter().any(is_it), "{finding:?} {at:?}");
            }
            Event::Found(finding) | Event::Changed { finding, .. } => {
                let is_it = |heard: &Heard<'_>| heard.at == at && heard.says(&finding);
                assert!(answers.iter().any(is_it), "{finding:?} {at:?}");
            }
            Event::Lost { reason: Loss::NoRoom, .. } => {}
            Event::Lost { key: Key::Service(id), reason: Loss::Goodbye, .. } => {
                let said = outcome.heard().any(|(when, arrival, bytes)| {
                    when <= at
                        && is_proven(keyring, arrival, bytes)
                        && (arrival.on_link || keyring.is_some())
                        && matches!(decode(bytes), Ok(Datagram::Goodbye(said)) if said.id == id)
                });
                assert!(said, "{id} said no goodbye before {at:?}");
                if keyring.is_none() {
                    was_asked_in_vain(outcome, at, id);
                }
            }
            Event::Lost { key: Key::Service(id), .. } => was_asked_in_vain(outcome, at, id),
            _ => {}
        }
    }
}

/// Since it was last told of.
fn was_asked_in_vain(outcome: &Outcome, at: Instant, id: u64) {
    let mut last = Instant::ZERO;
    for (when, event) in outcome.events() {
        if let Event::Found(finding) | Event::Changed { finding, .. } = event
            && finding.key() == Key::Service(id)
            && when <= at
        {
            last = when;
        }
    }
    let is_clean = |(when, did): &&(Instant, Did)| {
        (last..=at).contains(when) && *did == Did::Audited(Some(Evidence::CLEAN))
    };
    let clean = outcome.log.iter().filter(is_clean).count();
    assert!(clean >= LEAST_SWEEPS, "{id} is lost at {at:?} after {clean} sweeps");
}

fn is_truncated(finding: &Finding<'_>) -> bool {
    finding.instance().is_some_and(|instance| instance.truncated)
}

/// An answer to a question that the machine had put.
struct Heard<'a> {
    /// Its place in the log.
    nth: usize,
    at: Instant,
    arrival: &'a Arrival,
    reply: Reply<'a>,
}

impl Heard<'_> {
    fn says(&self, told: &Finding<'_>) -> bool {
        let is_said = |instance: Instance<'_>| {
            self.reply.id == instance.id && self.reply.tlvs.as_bytes() == instance.tlvs.as_bytes()
        };
        self.arrival.from == told.from && told.instance().is_some_and(is_said)
    }
}

fn answers<'a>(
    outcome: &'a Outcome,
    keyring: Option<&'a Keyring>,
) -> impl Iterator<Item = Heard<'a>> {
    // When each question was put, its session and its round.
    let asked: Vec<(Instant, u64, u16)> = outcome
        .sent()
        .filter_map(|(at, _, bytes)| match decode(bytes) {
            Ok(Datagram::Query(query)) => Some((at, query.txn, query.round)),
            _ => None,
        })
        .collect();
    let was_asked = move |at: Instant, session: (u64, u16)| {
        let later = asked.iter().rev().skip_while(|(when, ..)| *when > at);
        let mut recent = later.take_while(|(when, ..)| at - *when <= ANSWERED_WITHIN);
        recent.any(|&(_, txn, round)| (txn, round) == session)
    };
    let log = outcome.log.iter().take_while(|(_, did)| !matches!(did, Did::Done(_)));
    log.enumerate().filter_map(move |(nth, (at, did))| {
        let (at, Did::Heard(arrival, bytes)) = (*at, did) else { return None };
        let Ok(Datagram::Reply(reply)) = decode(bytes) else { return None };
        let named = reply.tlvs.sessions();
        let is_answer = was_asked(at, (reply.txn, reply.round))
            || named.is_some_and(|all| all.iter().any(|session| was_asked(at, session)));
        // Cut short so far that it does not say of what, it says nothing.
        let says_something = !reply.is_truncated() || reply.tlvs.digest().is_some();
        let is_taken = is_answer && says_something && is_proven(keyring, arrival, bytes);
        is_taken.then_some(Heard { nth, at, arrival, reply })
    })
}
