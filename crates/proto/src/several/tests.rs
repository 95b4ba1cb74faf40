use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec;
use core::cell::RefCell;
use core::net::SocketAddr;

use super::*;
use crate::plain::{Discoverer, Discovery, Responder, Responding};
use crate::{Cast, Destination, Event, Message, Path, Role};

fn ms(n: u64) -> Instant {
    Instant::from_millis(n)
}

fn group(last: u8) -> SocketAddr {
    ([239, 0, 0, last], 9).into()
}

fn from() -> Path {
    Path::new(([10, 0, 0, 2], 7).into())
}

/// What became of a machine, for the test to look at.
type Diary = Rc<RefCell<Vec<(usize, Heard)>>>;

#[derive(Debug, PartialEq)]
enum Heard {
    Datagram(LaneId),
    Evidence(Evidence),
}

/// Does what it is told, a thing a call, and notes what it hears.
struct Puppet {
    name: usize,
    lanes: Vec<Lane>,
    does: VecDeque<(Instant, Action<'static>)>,
    tells: bool,
    diary: Diary,
}

impl Puppet {
    fn new(name: usize, groups: &[u8], diary: &Diary) -> Puppet {
        let lane = |last: &u8| Lane::new(Role::Peer, vec![group(*last)]);
        let lanes = groups.iter().map(lane).collect();
        let diary = Rc::clone(diary);
        Puppet { name, lanes, does: VecDeque::new(), tells: false, diary }
    }

    fn doing(mut self, at: u64, action: Action<'static>) -> Puppet {
        self.does.push_back((ms(at), action));
        self
    }

    fn telling(self) -> Puppet {
        Puppet { tells: true, ..self }
    }
}

impl Machine for Puppet {
    fn handle_datagram<'d>(
        &mut self,
        _now: Instant,
        arrival: Arrival,
        payload: &'d [u8],
    ) -> Option<Action<'d>> {
        self.diary.borrow_mut().push((self.name, Heard::Datagram(arrival.lane)));
        let event = Event::Message {
            protocol: crate::Protocol::PLAIN,
            from: arrival.from,
            group: None,
            payload,
        };
        self.tells.then_some(Action::Emit(event))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.deadline()? > now {
            return None;
        }
        Some(self.does.pop_front()?.1)
    }

    fn deadline(&self) -> Option<Instant> {
        self.does.front().map(|(at, _)| *at)
    }

    fn close(&mut self, _now: Instant) {
        self.does = [(Instant::AT_ONCE, Action::Done(Summary::default()))].into();
    }

    fn handle_observation(&mut self, _now: Instant, observation: Observation) {
        if let Observation::Audit(evidence) = observation {
            self.diary.borrow_mut().push((self.name, Heard::Evidence(evidence)));
        }
    }
}

impl Networked for Puppet {
    fn lanes(&self) -> Vec<Lane> {
        self.lanes.clone()
    }
}

fn several(puppets: impl IntoIterator<Item = Puppet>) -> Several<Puppet> {
    let mut all = Several::default();
    for puppet in puppets {
        all.add(puppet).unwrap();
    }
    all
}

/// Whether it does nothing when it is called.
fn is_idle<M: Networked>(all: &mut Several<M>, at: u64) -> bool {
    all.handle_timeout(ms(at)).is_none()
}

fn to_group(lane: u8) -> Action<'static> {
    Action::Send { to: Destination::Group(LaneId(lane)), message: Message::Plain(b"x") }
}

#[test]
fn a_lane_that_two_have_is_one_and_each_hears_it_by_its_own_number() {
    let diary = Diary::default();
    let mut all =
        several([Puppet::new(0, &[1, 2], &diary), Puppet::new(1, &[3, 2], &diary).telling()]);
    assert_eq!(all.lanes().len(), 3);
    let hear = |all: &mut Several<Puppet>, lane| {
        let arrival = Arrival::new(from(), Cast::Unicast, true).by_lane(LaneId(lane));
        let is_told = all.handle_datagram(ms(1), arrival, b"?").is_some();
        (is_told, diary.take())
    };
    let datagram = |name, lane| (name, Heard::Datagram(LaneId(lane)));
    assert_eq!(hear(&mut all, 0), (false, vec![datagram(0, 0)]));
    assert_eq!(hear(&mut all, 1), (true, vec![datagram(0, 1), datagram(1, 1)]));
    assert_eq!(hear(&mut all, 2), (true, vec![datagram(1, 0)]));
    assert_eq!(hear(&mut all, 3), (false, vec![]));
}

#[test]
fn what_one_sends_leaves_by_its_lane_and_nobody_is_left_out() {
    let diary = Diary::default();
    let busy = |name, groups: &[u8]| {
        let puppet = Puppet::new(name, groups, &diary).doing(0, to_group(0));
        puppet.doing(0, to_group(1))
    };
    let mut all = several([busy(0, &[1, 2]), busy(1, &[3, 2])]);
    let mut lanes = Vec::new();
    while let Some(Action::Send { to, .. }) = all.handle_timeout(ms(5)) {
        lanes.push(to.lane().0);
    }
    assert_eq!(lanes, [0, 2, 1, 1], "by turns");
    assert_eq!(all.deadline(), None);
}

#[test]
fn what_several_tell_of_one_datagram_is_all_told_up_to_a_bound_that_is_counted() {
    let diary = Diary::default();
    let mut all = several((0..3).map(|name| Puppet::new(name, &[1], &diary).telling()));
    let arrival = Arrival::new(from(), Cast::Unicast, true);
    assert!(is_idle(&mut all, 0));
    assert!(matches!(all.handle_datagram(ms(1), arrival, b"Me!"), Some(Action::Emit(_))));
    for _ in 0..2 {
        assert_eq!(all.deadline(), Some(Instant::AT_ONCE));
        let told = all.handle_timeout(ms(1));
        let is_whole = matches!(told, Some(Action::Emit(Event::Message { payload: b"Me!", .. })));
        assert!(is_whole, "{told:?}");
    }
    assert!(is_idle(&mut all, 1) && all.deadline().is_none());
    for _ in 0..200 {
        let _ = all.handle_datagram(ms(1), arrival, b"Me!");
    }
    assert_eq!((all.waiting.len(), all.life.counts.ignored), (256, 400 - 256));
}

#[test]
fn who_asks_for_an_audit_hears_of_all_since_it_last_asked_and_the_others_lose_nothing() {
    let diary = Diary::default();
    let auditor = |name, at| Puppet::new(name, &[1], &diary).doing(at, Action::Audit);
    let mut all = several([auditor(0, 0).doing(9, Action::Audit), auditor(1, 5)]);
    for (at, evidence) in [(0, (1, 0, false)), (5, (0, 2, false)), (9, (0, 0, true))] {
        assert_eq!(all.handle_timeout(ms(at)), Some(Action::Audit));
        let (unsent, dropped, changed) = evidence;
        let evidence = Evidence::new(unsent, dropped, changed);
        all.handle_observation(ms(at), Observation::Audit(evidence));
    }
    let heard = |name, unsent, dropped, changed| {
        (name, Heard::Evidence(Evidence::new(unsent, dropped, changed)))
    };
    assert_eq!(diary.take(), [heard(0, 1, 0, false), heard(1, 1, 2, false), heard(0, 0, 2, true)]);
}

#[test]
fn it_has_finished_once_all_have_and_sums_what_they_did() {
    let diary = Diary::default();
    let done = |found, complete, sent| {
        Action::Done(Summary { found, complete, sent, ..Summary::default() })
    };
    let one = Puppet::new(0, &[1], &diary).doing(3, done(2, Some(true), 1));
    let other = Puppet::new(1, &[2], &diary).doing(7, done(3, Some(false), 4));
    let mut all = several([one, other]);
    assert!(is_idle(&mut all, 0));
    assert!(is_idle(&mut all, 3));
    assert_eq!(all.deadline(), Some(ms(7)));
    assert!(is_idle(&mut all, 7));
    let Some(Action::Done(summary)) = all.handle_timeout(ms(7)) else { panic!("not done") };
    assert_eq!((summary.found, summary.complete, summary.sent), (5, Some(false), 5));
    assert_eq!(summary.elapsed, Duration::from_millis(7));
    assert!(is_idle(&mut all, 9) && all.deadline().is_none());
}

#[test]
fn nobody_at_all_is_done_at_once_and_closing_closes_all() {
    let mut nobody: Several<Puppet> = Several::default();
    assert!(matches!(nobody.handle_timeout(ms(1)), Some(Action::Done(_))));
    let diary = Diary::default();
    let mut all = several([Puppet::new(0, &[1], &diary), Puppet::new(1, &[1], &diary)]);
    assert!(is_idle(&mut all, 1) && all.deadline().is_none());
    all.close(ms(2));
    assert!(is_idle(&mut all, 2) && is_idle(&mut all, 2));
    assert!(matches!(all.handle_timeout(ms(2)), Some(Action::Done(_))));
}

#[test]
fn all_together_keep_to_one_pace() {
    let diary = Diary::default();
    let chatter = |name| {
        (0..50).fold(Puppet::new(name, &[1], &diary), |puppet, _| puppet.doing(0, to_group(0)))
    };
    let mut all = several([chatter(0), chatter(1)]).paced(100);
    let mut sent = Vec::new();
    while let Some(due) = all.deadline() {
        let now = due.max(ms(1000));
        if all.handle_timeout(now).is_some() {
            sent.push((now - Instant::ZERO).as_millis() as u64);
        }
    }
    let expected: Vec<u64> =
        (0..100).map(|place: u64| 1000 + 10 * place.saturating_sub(9)).collect();
    assert_eq!(sent, expected);
}

#[test]
fn there_are_numbers_for_256_lanes() {
    let diary = Diary::default();
    let mut all: Several<Puppet> = Several::default();
    for last in 0..=255 {
        all.add(Puppet::new(0, &[last], &diary)).unwrap();
    }
    let further = vec![Lane::new(Role::Asker, vec![group(0)])];
    assert_eq!(all.add_on(Puppet::new(1, &[], &diary), further), Err(TooManyLanes));
    assert_eq!(all.add(Puppet::new(1, &[0, 255], &diary)), Ok(256));
    assert_eq!(all.lanes().len(), 256);
}

#[test]
fn a_discoverer_finds_a_responder_that_runs_beside_it() {
    let mut all: Several<Box<dyn Networked>> = Several::default();
    let config = Discovery::default();
    all.add(Box::new(Discoverer::new(config, 1))).unwrap();
    all.add(Box::new(Responder::new(Responding::default(), 1))).unwrap();
    let (mut now, mut found) = (ms(0), 0);
    for _ in 0..100 {
        // The responder goes on until it is told to end.
        let Some(due) = all.deadline() else {
            all.close(now);
            continue;
        };
        now = now.max(due);
        let sent = match all.handle_timeout(now) {
            Some(Action::Send { to, message }) => {
                let mut bytes = Vec::new();
                message.encode(&mut bytes);
                Some((to, bytes))
            }
            Some(Action::Done(summary)) => {
                found = summary.found;
                break;
            }
            _ => None,
        };
        // What is asked on the asker's lane is heard on the responder's, and the other way round.
        if let Some((to, bytes)) = sent {
            let (lane, cast) = match to {
                Destination::Group(_) => (1, Cast::Group(group(1))),
                Destination::Peer(..) => (0, Cast::Unicast),
            };
            let arrival = Arrival::new(from(), cast, true).by_lane(LaneId(lane));
            let _ = all.handle_datagram(now, arrival, &bytes);
        }
    }
    assert_eq!(found, 1);
}
