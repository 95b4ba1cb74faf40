//! What holds of [`service::Responder`](crate::service::Responder).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::ops::{Did, Outcome};
use crate::wire::{Datagram, Query, Reply, Tlv, decode};
use crate::{Arrival, Destination, Event, Instant, Path, Rate, Refusal};

/// Bytes that count as one.
const UNIT: usize = 128;
/// What a bucket holds, as the time in which it fills.
const BURST: u64 = 2;
/// Sessions that have a share of their own, which is so many times less than a source's.
const SESSIONS: usize = 32;
const SESSION_SHARE: u32 = 50;
const GROUP_GAP: Duration = Duration::from_millis(200);
const BUSY_GAP: Duration = Duration::from_millis(100);

/// A question that was to be answered, and what was sent for it so far.
struct Admitted<'a> {
    at: Instant,
    arrival: &'a Arrival,
    query: Query<'a>,
    copies: usize,
    /// How much of the rate that took.
    units: usize,
}

impl Admitted<'_> {
    fn copies_left(&self) -> usize {
        let most = if self.arrival.on_link { self.query.copies.into() } else { 1 };
        most - self.copies
    }

    fn is_answered_by(&self, at: Instant, to: Path, reply: &Reply<'_>, length: usize) -> bool {
        self.at <= at
            && self.arrival.from.remote == to.remote
            && (self.query.txn, self.query.round) == (reply.txn, reply.round)
            && length <= self.query.reply_limit()
            && self.copies_left() > 0
    }
}

/// Each answer is to a question that it is no longer than; each question is answered three times at the
/// most, once where it came from beyond the link; and nothing else goes to anybody alone.
///
/// # Panics
///
/// If this is broken.
pub fn answers_what_was_asked(outcome: &Outcome) {
    let _all_have_one = admitted(outcome);
}

/// In any time the sources are sent, each and all together, what the rate says and no more: two seconds'
/// worth at once, as much as comes in the time, and what sessions have for themselves.
///
/// # Panics
///
/// If this is broken.
pub fn keeps_to_its_rates(outcome: &Outcome, rate: Rate) {
    let admitted = admitted(outcome);
    let mut by_source: BTreeMap<IpAddr, Vec<&Admitted<'_>>> = BTreeMap::new();
    for one in &admitted {
        by_source.entry(one.arrival.from.remote.ip()).or_default().push(one);
    }
    let session_rate = rate.per_source.min(rate.total) / SESSION_SHARE;
    for of_one in by_source.values() {
        keeps_to(of_one, rate.per_source, session_rate);
    }
    keeps_to(&admitted.iter().collect::<Vec<_>>(), rate.total, session_rate);
}

fn keeps_to(admitted: &[&Admitted<'_>], rate: u32, session_rate: u32) {
    let session = |one: &&Admitted<'_>| (one.arrival.from.remote.ip(), one.query.txn);
    let sessions = admitted.iter().map(session).collect::<BTreeSet<_>>().len().min(SESSIONS);
    let in_time = |rate: u32, time: Duration| {
        u128::from(rate) * (time.as_nanos() + u128::from(BURST) * 1_000_000_000)
    };
    // One that is longer than a burst goes out once there is as much as there can be.
    let longest = admitted.iter().map(|one| one.units.div_ceil(one.copies.max(1))).max();
    let spare = (longest.unwrap_or(0) as u128 * 1_000_000_000)
        .saturating_sub(in_time(rate, Duration::ZERO));
    for (first, start) in admitted.iter().enumerate() {
        let mut units = 0;
        for one in &admitted[first..] {
            units += one.units;
            let time = one.at - start.at;
            let most = in_time(rate, time) + in_time(session_rate, time) * sessions as u128 + spare;
            let sent = units as u128 * 1_000_000_000;
            assert!(sent <= most, "{units} in {time:?} at {rate} a second, from {:?}", start.at);
        }
    }
}

/// Finds for each answer the question that it is to.
fn admitted(outcome: &Outcome) -> Vec<Admitted<'_>> {
    let mut admitted: Vec<Admitted<'_>> = Vec::new();
    for (heard, told) in outcome.log.iter().zip(outcome.log.iter().skip(1)) {
        let ((at, Did::Heard(arrival, bytes)), (_, Did::Told(event))) = (heard, told) else {
            continue;
        };
        let Event::Query { from, refused: None, .. } = event.as_event() else { continue };
        let Ok(Datagram::Query(query)) = decode(bytes) else { panic!("{bytes:?} is no question") };
        assert_eq!(from, arrival.from);
        admitted.push(Admitted { at: *at, arrival, query, copies: 0, units: 0 });
    }
    for (at, to, bytes) in outcome.sent() {
        let Destination::Peer(to) = to else { continue };
        let Ok(Datagram::Reply(reply)) = decode(bytes) else { panic!("{bytes:?} to {to:?}") };
        let question = admitted
            .iter_mut()
            .find(|question| question.is_answered_by(at, to, &reply, bytes.len()))
            .unwrap_or_else(|| panic!("nobody asked {to:?} for {reply:?} at {at:?}"));
        question.copies += 1;
        question.units += bytes.len().div_ceil(UNIT);
    }
    admitted
}

/// In all, an address is sent three times the bytes of its questions at the most.
///
/// # Panics
///
/// If this is broken.
pub fn sends_three_bytes_for_one(outcome: &Outcome) {
    let mut left: BTreeMap<SocketAddr, usize> = BTreeMap::new();
    for (_, arrival, bytes) in outcome.heard() {
        if let Ok(Datagram::Query(_)) = decode(bytes) {
            *left.entry(arrival.from.remote).or_default() += 3 * bytes.len();
        }
    }
    for (at, to, bytes) in outcome.sent() {
        let Destination::Peer(to) = to else { continue };
        let left = left.entry(to.remote).or_default();
        assert!(*left >= bytes.len(), "too much to {} at {at:?}", to.remote);
        *left -= bytes.len();
    }
}

/// It answers to the group every 200 ms at the most, and says that it is busy every 100 ms at the most.
///
/// # Panics
///
/// If this is broken.
pub fn speaks_to_the_group_seldom(outcome: &Outcome) {
    let (mut answered, mut was_busy): (Option<Instant>, Option<Instant>) = (None, None);
    for (at, to, bytes) in outcome.sent() {
        if to != Destination::Group {
            continue;
        }
        let (last, gap) = match decode(bytes) {
            Ok(Datagram::Reply(_)) => (&mut answered, GROUP_GAP),
            Ok(Datagram::Busy(_)) => (&mut was_busy, BUSY_GAP),
            Ok(Datagram::Announce(_) | Datagram::Goodbye(_)) => continue,
            other => panic!("{other:?} at {at:?}"),
        };
        let before = last.replace(at);
        assert!(before.is_none_or(|before| at - before >= gap), "{before:?} {at:?} {bytes:?}");
    }
}

/// Each refusal that may keep an asker from hearing of it is told within 100 ms, while it runs.
///
/// # Panics
///
/// If this is broken.
pub fn tells_whom_it_refuses(outcome: &Outcome) {
    let ends = outcome.now;
    for (at, event) in outcome.events() {
        let Event::Query { from, refused: Some(refused), .. } = event else { continue };
        let refused = match refused {
            Refusal::SourceRate | Refusal::Busy => Some(from.remote.ip()),
            Refusal::TotalRate => None,
            _ => continue,
        };
        let concerns = |tlv| matches!(tlv, Tlv::Refused(who) if who.is_none() || who == refused);
        let is_told = outcome.sent().any(|(when, _, bytes)| {
            (at..=at + BUSY_GAP).contains(&when)
                && matches!(decode(bytes), Ok(Datagram::Busy(busy)) if busy.tlvs.iter().any(concerns))
        });
        assert!(is_told || outcome.done || ends < at + BUSY_GAP, "{event:?} at {at:?}");
    }
}
