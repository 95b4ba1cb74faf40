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
const NANOS: u64 = 1_000_000_000;
/// Sessions that have a share of their own, which is so many times less than a source's.
const SESSIONS: usize = 32;
const SESSION_SHARE: u32 = 50;
const GROUP_GAP: Duration = Duration::from_millis(200);
const BUSY_GAP: Duration = Duration::from_millis(100);

/// A question that was to be answered.
struct Admitted<'a> {
    at: Instant,
    arrival: &'a Arrival,
    query: Query<'a>,
    /// Which copies of the answer have been sent.
    sent: [bool; 3],
}

impl Admitted<'_> {
    fn is_for_the_group(&self) -> bool {
        self.query.multicast_reply && self.arrival.on_link
    }

    fn copies(&self) -> u8 {
        if self.arrival.on_link { self.query.copies } else { 1 }
    }

    fn asker(&self) -> Asker {
        (self.arrival.from.remote, self.query.txn, self.query.round)
    }

    fn is_answered_by(&self, at: Instant, to: Path, reply: &Reply<'_>, length: usize) -> bool {
        self.at <= at
            && self.arrival.from == to
            && self.asker() == (to.remote, reply.txn, reply.round)
            && length <= self.query.reply_limit()
            && reply.copy < self.copies()
            && !self.sent[usize::from(reply.copy)]
    }
}

/// As far as an answer says to which question it is.
type Asker = (SocketAddr, u64, u16);

/// The questions that were to be answered, each by its asker alone or by the group.
fn admitted(outcome: &Outcome) -> impl Iterator<Item = Admitted<'_>> {
    outcome.log.iter().zip(outcome.log.iter().skip(1)).filter_map(|(heard, told)| {
        let ((at, Did::Heard(arrival, bytes)), (_, Did::Told(event))) = (heard, told) else {
            return None;
        };
        let Event::Asked { from, refused: None, .. } = event.as_event() else { return None };
        let Ok(Datagram::Query(query)) = decode(bytes) else { panic!("{bytes:?} is no question") };
        assert_eq!(from, arrival.from);
        Some(Admitted { at: *at, arrival, query, sent: [false; 3] })
    })
}

/// Each answer is to a question that it is no longer than, goes where that came from, and is sent three
/// times at the most, once where the question came from beyond the link; and nothing else goes to anybody
/// alone. Answers to the group name those who asked for that.
///
/// # Panics
///
/// If this is broken.
pub fn answers_what_was_asked(outcome: &Outcome) {
    let (by_group, mut alone): (Vec<_>, Vec<_>) =
        admitted(outcome).partition(Admitted::is_for_the_group);
    for (at, to, bytes) in outcome.sent() {
        let Ok(Datagram::Reply(reply)) = decode(bytes) else {
            assert_eq!(to, Destination::Group, "{bytes:?} at {at:?}");
            continue;
        };
        let Destination::Peer(to) = to else {
            let sessions = reply.tlvs.sessions().expect("it says to whom it is");
            for session in sessions.iter() {
                let asked = |one: &Admitted<'_>| (one.query.txn, one.query.round) == session;
                let is_asked = by_group.iter().any(|one| one.at <= at && asked(one));
                assert!(is_asked, "{session:?} asked for nothing before {at:?}");
            }
            continue;
        };
        let fits = |one: &&mut Admitted<'_>| one.is_answered_by(at, to, &reply, bytes.len());
        // Of two that it could be to, the other may have a longer one.
        let question = alone.iter_mut().filter(fits).min_by_key(|one| one.query.reply_limit());
        let question =
            question.unwrap_or_else(|| panic!("{to:?} was not to have {reply:?} {at:?}"));
        question.sent[usize::from(reply.copy)] = true;
    }
}

/// What was sent for all questions that look the same in an answer.
struct Sent {
    /// When the first and the last of them was put.
    first: Instant,
    last: Instant,
    /// How much of the rate the answers took, and the longest of them.
    units: u64,
    longest: u64,
}

/// In any time the sources are sent, each and all together, what the rate says and no more: two seconds'
/// worth at once, as much as comes in the time, and what sessions have for themselves. The time is that of
/// the questions, which is when it was decided.
///
/// # Panics
///
/// If this is broken.
pub fn keeps_to_its_rates(outcome: &Outcome, rate: Rate) {
    let mut all: BTreeMap<Asker, Sent> = BTreeMap::new();
    for one in admitted(outcome).filter(|one| !one.is_for_the_group()) {
        let new = Sent { first: one.at, last: one.at, units: 0, longest: 0 };
        all.entry(one.asker()).or_insert(new).last = one.at;
    }
    for (_, to, bytes) in outcome.sent() {
        let (Destination::Peer(to), Ok(Datagram::Reply(reply))) = (to, decode(bytes)) else {
            continue;
        };
        if let Some(sent) = all.get_mut(&(to.remote, reply.txn, reply.round)) {
            let units = bytes.len().div_ceil(UNIT) as u64;
            sent.units += units;
            sent.longest = sent.longest.max(units);
        }
    }
    let session_rate = rate.per_source.min(rate.total) / SESSION_SHARE;
    let sources: BTreeSet<IpAddr> = all.keys().map(|(to, ..)| to.ip()).collect();
    for source in sources {
        let of_one = all.iter().filter(|((to, ..), _)| to.ip() == source);
        keeps_to(of_one, rate.per_source, session_rate);
    }
    keeps_to(all.iter(), rate.total, session_rate);
}

fn keeps_to<'a>(
    all: impl Iterator<Item = (&'a Asker, &'a Sent)> + Clone,
    rate: u32,
    session_rate: u32,
) {
    let sessions = all.clone().map(|((to, txn, _), _)| (to.ip(), *txn)).collect::<BTreeSet<_>>();
    let sessions = sessions.len().min(SESSIONS) as u128;
    let second = u128::from(NANOS);
    let in_time = |rate: u32, time: Duration| {
        u128::from(rate) * (time.as_nanos() + u128::from(BURST) * second)
    };
    let mut by_end: Vec<&Sent> = all.map(|(_, sent)| sent).collect();
    by_end.sort_by_key(|sent| sent.last);
    // One that is longer than a burst goes out once there is as much as there can be.
    let longest = by_end.iter().map(|sent| sent.longest).max().unwrap_or(0);
    let spare = (u128::from(longest) * second).saturating_sub(in_time(rate, Duration::ZERO));
    for begin in by_end.iter().map(|sent| sent.first) {
        let mut units = 0;
        for sent in by_end.iter().filter(|sent| sent.first >= begin) {
            units += sent.units;
            let time = sent.last - begin;
            let most = in_time(rate, time) + sessions * in_time(session_rate, time) + spare;
            let is_within = u128::from(units) * second <= most;
            assert!(is_within, "{units} in {time:?} from {begin:?} on, at {rate} a second");
        }
    }
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
        let Event::Asked { from, refused: Some(refused), .. } = event else { continue };
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
