use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::*;
use crate::service::{Effort, Offer, Selection};
use crate::wire::{
    self, Attr, Busy, Datagram, Epoch, Query, Reply, SessionsBuf, Tlv, TlvBuf, Tlvs, short_name,
    whole_name,
};
use crate::{Cast, Event, Evidence, Finding, Path, Protocol, Via};

/// Where the asker is.
const HERE: &str = "10.0.0.200:40000";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A host that answers, honestly or not.
#[derive(Clone, Copy)]
struct Host {
    number: u16,
    id: u64,
    name: &'static str,
    /// Bytes of attributes.
    more: usize,
    epoch: Epoch,
}

fn host(number: u16) -> Host {
    let epoch = Epoch { boot: 1, seq: 1 };
    Host { number, id: 1_000 + u64::from(number), name: "honest", more: 0, epoch }
}

impl Host {
    /// Somebody at this host who speaks in its id.
    fn forged(self, number: u16) -> Host {
        Host { number, name: "forger", ..self }
    }

    fn since(self, boot: u32, seq: u32) -> Host {
        Host { epoch: Epoch { boot, seq }, ..self }
    }

    fn at(&self) -> SocketAddr {
        let [a, b] = self.number.to_be_bytes();
        ([10, 0, a, b], 50_009).into()
    }

    fn tlvs(&self) -> TlvBuf {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Name(self.name)).unwrap();
        tlvs.push(Tlv::Epoch(self.epoch)).unwrap();
        let more = vec![b'x'; self.more];
        for value in more.chunks(200) {
            tlvs.push(Tlv::Attr(Attr { key: "more", value: Some(value) })).unwrap();
        }
        tlvs
    }

    fn words(&self) -> u64 {
        wire::digest(120, self.tlvs().as_tlvs())
    }

    fn whole_len(&self) -> usize {
        32 + self.tlvs().as_tlvs().len()
    }

    /// Whether a filter says that this has been heard.
    fn is_known_to(&self, asked: &Asked) -> bool {
        let (query, fits) = (asked.query(), self.whole_len() <= asked.query().reply_limit());
        query.silences(whole_name(self.id, self.at(), self.words()))
            || !fits && query.silences(short_name(self.id, self.at(), self.words()))
    }

    /// Its answer to a question, cut short where it does not fit.
    fn reply(&self, asked: &Asked) -> Vec<u8> {
        let (query, tlvs, mut part) = (asked.query(), self.tlvs(), TlvBuf::new());
        let is_whole = self.whole_len() <= query.reply_limit();
        part.push(Tlv::Digest(self.words())).unwrap();
        part.push(Tlv::Epoch(self.epoch)).unwrap();
        part.push(Tlv::Name(self.name)).unwrap();
        let tlvs = if is_whole { &tlvs } else { &part }.as_tlvs();
        let whole = (!is_whole).then_some(self.whole_len() as u16);
        bytes(Reply { id: self.id, whole, tlvs, ..empty(query.txn, query.round) })
    }
}

fn empty(txn: u64, round: u16) -> Reply<'static> {
    let tlvs = Tlvs::NONE;
    Reply { txn, id: 0, round, copy: 0, whole: None, busy: false, lease_s: 120, tlvs }
}

fn bytes(reply: Reply<'_>) -> Vec<u8> {
    encoded(Datagram::Reply(reply))
}

fn encoded(datagram: Datagram<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    datagram.encode(None, &mut bytes);
    bytes
}

/// A question.
#[derive(Debug, Clone)]
struct Asked {
    at: Instant,
    bytes: Vec<u8>,
}

impl Asked {
    fn query(&self) -> Query<'_> {
        match wire::decode(&self.bytes) {
            Ok(Datagram::Query(query)) => query,
            other => panic!("{other:?}"),
        }
    }
}

/// A discovery, and what it has told.
struct Run {
    discoverer: Discoverer,
    now: Instant,
    /// What the driver says of each sweep.
    evidence: Option<Evidence>,
    /// Longer questions reach nobody.
    narrow: usize,
    told: Vec<String>,
    done: Option<Summary>,
}

fn run(config: Discovery) -> Run {
    let discoverer = Discoverer::new(config, 1);
    let evidence = Some(Evidence::CLEAN);
    let now = Instant::from_millis(7);
    Run { discoverer, now, evidence, narrow: 1200, told: Vec::new(), done: None }
}

/// A discovery of so few that no sample is asked first.
fn few() -> Discovery {
    Discovery { expected: Some(3), ..Discovery::all() }
}

fn text(event: &Event<'_>) -> String {
    match event {
        Event::Found(found) => {
            let instance = found.instance().expect("a service");
            let part = if instance.truncated { " in part" } else { "" };
            format!(
                "{} is {} at {}{part}",
                instance.id,
                found.name().unwrap_or("?"),
                found.from.remote
            )
        }
        Event::Changed { finding, change } => {
            format!(
                "{} {change:?} {} at {}",
                finding.instance().expect("a service").id,
                finding.name().unwrap_or("?"),
                finding.from.remote
            )
        }
        other => format!("{other:?}"),
    }
}

impl Run {
    /// Runs on to the next question, or to the end.
    fn ask(&mut self) -> Option<Asked> {
        loop {
            self.now = self.discoverer.deadline()?.max(self.now);
            if let Some(asked) = self.step() {
                return Some(asked);
            }
        }
    }

    /// Does one thing that is due now.
    fn step(&mut self) -> Option<Asked> {
        match self.discoverer.handle_timeout(self.now)? {
            Action::Send { message, .. } => {
                let mut bytes = Vec::new();
                message.encode(&mut bytes);
                return Some(Asked { at: self.now, bytes });
            }
            Action::Audit => {
                let audits = self.evidence.map(Observation::Audit);
                audits.into_iter().for_each(|o| self.discoverer.handle_observation(self.now, o));
            }
            Action::Emit(event) => self.told.push(text(&event)),
            Action::Done(summary) => self.done = Some(summary),
        }
        None
    }

    /// Runs on to the first question for which this holds.
    fn ask_until(&mut self, is_it: impl Fn(&Query<'_>) -> bool) -> Asked {
        loop {
            let asked = self.ask().expect("it goes on");
            if is_it(&asked.query()) {
                return asked;
            }
        }
    }

    fn hear_from(&mut self, from: SocketAddr, cast: Cast, datagram: &[u8]) -> Option<String> {
        let from = Path::new(from).from_local(HERE.parse().unwrap());
        let arrival = Arrival::new(from, cast, true);
        match self.discoverer.handle_datagram(self.now, arrival, datagram) {
            Some(Action::Emit(event)) => {
                self.told.push(text(&event));
                self.told.last().cloned()
            }
            other => other.map(|other| format!("{other:?}")),
        }
    }

    /// A host answers a question a millisecond after what came before.
    fn answer(&mut self, host: Host, asked: &Asked) -> Option<String> {
        self.now = self.now + ms(1);
        self.hear_from(host.at(), Cast::Unicast, &host.reply(asked))
    }

    fn summary(&self) -> Summary {
        self.discoverer.summary(self.now)
    }

    /// Runs to the end, where these answer as responders do.
    fn end(&mut self, there: &[Host]) -> Summary {
        while self.ask_all(there) {}
        self.done.expect("it has ended")
    }

    /// Runs on to a question, which these answer, or to the end.
    fn ask_all(&mut self, there: &[Host]) -> bool {
        let Some(asked) = self.ask() else { return false };
        let arrives = asked.query().length <= self.narrow;
        for host in there.iter().filter(|_| arrives) {
            if asked.query().is_in(host.id) && !host.is_known_to(&asked) {
                self.answer(*host, &asked);
            }
        }
        true
    }

    fn found(&self) -> u64 {
        self.told.iter().filter(|told| told.contains(" is ")).count() as u64
    }
}

// How it ends.

#[test]
fn who_is_there_is_found_and_then_all_are_known_to_be() {
    let mut run = run(Discovery::all());
    let done = run.end(&[host(1), host(2), host(3)]);
    assert_eq!((done.found, done.complete, done.doubts), (3, Some(true), Doubts::NONE));
    assert_eq!((run.found(), run.told.len()), (3, 3));
    // The scout, a sweep that finds all, and sixteen that find nobody else.
    assert_eq!((done.sweeps, done.sent, done.received), (17, 18, 3));
    assert!(done.elapsed > ms(600) && done.elapsed < ms(700), "{:?}", done.elapsed);
    assert_eq!(run.discoverer.deadline(), None);
}

#[test]
fn nothing_is_heard_between_the_last_sweep_and_the_end() {
    let mut run = run(few());
    run.ask_all(&[host(1)]);
    let last = run.ask_until(|query| query.round == 17);
    run.now = run.discoverer.deadline().unwrap();
    while run.step().is_none() && run.done.is_none() {
        // Each time that it is called, somebody new has answered before.
        assert!(run.hear_from(host(2).at(), Cast::Unicast, &host(2).reply(&last)).is_some());
    }
    assert_eq!((run.done, run.found()), (None, 2));
    let mut run = self::run(few());
    run.ask_all(&[host(1)]);
    run.ask_until(|query| query.round == 17);
    run.now = run.discoverer.deadline().unwrap();
    // It asks what became of the sweep, and then it is done.
    assert!(run.step().is_none() && run.step().is_none());
    assert_eq!(run.done.map(|done| done.complete), Some(Some(true)));
}

#[test]
fn where_nobody_answers_it_ends_by_silence_or_deadline_and_is_not_complete() {
    let (short, long) = (Some(ms(700)), Some(ms(9_000)));
    for (deadline, silence) in [(short, None), (None, short), (short, long), (long, short)] {
        let mut run = run(Discovery { deadline, silence, ..Discovery::all() });
        let done = run.end(&[]);
        assert_eq!((Some(done.elapsed), done.complete), (short, Some(false)));
        assert_eq!((done.found, done.doubts), (0, Doubts::DEADLINE));
    }
}

#[test]
fn silence_counts_from_the_last_who_was_new_and_a_deadline_from_the_start() {
    let silence = Some(ms(500));
    for (last, more) in [(host(2), 0), (Host { more: 200, ..host(2) }, 0), (host(2), 200)] {
        let mut run = run(Discovery { silence, deadline: None, ..few() });
        assert_eq!(run.discoverer.ends(), None);
        let asked = run.ask().unwrap();
        let start = asked.at;
        assert_eq!(run.discoverer.ends(), Some(start + ms(500)));
        run.answer(Host { more, ..host(1) }, &asked);
        run.now = start + ms(400);
        run.answer(host(1), &asked);
        run.answer(last, &asked);
        assert_eq!(run.discoverer.ends(), Some(run.now + ms(500)), "{more}");
        run.answer(last.forged(9), &asked);
        assert_eq!(run.discoverer.ends(), Some(run.now + ms(499)), "{more}");
    }
    let mut run = run(Discovery { silence, ..few() });
    let asked = run.ask().unwrap();
    run.now = asked.at + ms(2_900);
    run.answer(host(1), &asked);
    assert_eq!(run.discoverer.ends(), Some(asked.at + ms(3_000)));
}

#[test]
fn the_end_by_time_is_a_reason_only_where_it_was_not_the_end_already() {
    let mut run = run(Discovery { deadline: Some(ms(3_000)), ..few() });
    let start = run.now;
    let asked = run.ask().unwrap();
    run.answer(Host { more: 200, ..host(1) }, &asked);
    while run.told.is_empty() {
        run.now = run.discoverer.deadline().unwrap().max(run.now);
        run.step();
    }
    // The driver is late.
    assert!(run.now < start + ms(3_000));
    run.now = start + ms(4_000);
    let done = run.end(&[]);
    assert_eq!((done.complete, done.doubts), (Some(false), Doubts::CUT_SHORT));
}

#[test]
fn it_ends_at_the_number_that_was_wanted_and_tells_no_more() {
    for count in [1, 2] {
        let mut run = run(Discovery { count: Some(count), ..few() });
        let asked = run.ask().unwrap();
        let answers: Vec<_> = (1..=4).map(|number| run.answer(host(number), &asked)).collect();
        assert_eq!(answers.iter().flatten().count() as u64, count);
        let done = run.end(&[]);
        assert_eq!((done.found, run.found()), (count, count));
        assert_eq!((done.complete, done.doubts), (Some(false), Doubts::COUNT));
        assert_eq!(done.elapsed, run.now - asked.at);
    }
    let mut none = run(Discovery { count: Some(0), ..few() });
    let done = none.end(&[host(1)]);
    assert_eq!((done.found, done.sent, done.doubts), (0, 0, Doubts::COUNT));
}

#[test]
fn what_was_closed_says_so_and_ends_at_once() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    run.answer(Host { more: 200, ..host(1) }, &asked);
    run.discoverer.close(run.now);
    run.discoverer.close(run.now);
    assert_eq!(run.answer(host(2), &asked), None);
    let now = run.now;
    let done = run.end(&[]);
    assert_eq!((run.now, run.told.len()), (now, 1));
    assert_eq!(done.complete, Some(false));
    assert_eq!(done.doubts, Doubts::CLOSED | Doubts::CUT_SHORT);
    assert_eq!(run.discoverer.handle_timeout(run.now), None);
}

#[test]
fn nothing_is_taken_before_the_start_or_after_the_end() {
    let mut run = run(few());
    assert_eq!(run.discoverer.deadline(), Some(Instant::ZERO));
    let asked = self::run(few()).ask().unwrap();
    assert_eq!(run.answer(host(1), &asked), None);
    assert_eq!(run.summary(), Summary { complete: Some(false), ..Summary::default() });
    let asked = run.ask().unwrap();
    run.end(&[host(2)]);
    assert_eq!(run.answer(host(1), &asked), None);
    assert_eq!(run.found(), 1);
}

#[test]
fn before_it_is_due_nothing_is_done() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    assert!(run.discoverer.deadline().unwrap() > asked.at);
    assert_eq!(run.discoverer.handle_timeout(asked.at), None);
    assert_eq!(run.discoverer.handle_timeout(asked.at + ms(25)), None);
    assert_eq!(run.summary().sent, 1);
}

#[test]
fn a_sweep_of_which_the_driver_says_nothing_or_nothing_good_is_not_quiet() {
    for (evidence, doubt) in [
        (None, Doubts::UNAUDITED),
        (Some(Evidence::new(1, 0, false)), Doubts::NOT_SENT),
        (Some(Evidence::new(0, 1, false)), Doubts::DROPPED),
        (Some(Evidence::new(0, 0, true)), Doubts::NETWORK_CHANGED),
    ] {
        let mut run = run(few());
        run.evidence = evidence;
        let done = run.end(&[host(1)]);
        assert_eq!(done.doubts, Doubts::DEADLINE | doubt);
        assert_eq!((done.found, done.complete, done.elapsed), (1, Some(false), ms(3_000)));
    }
}

#[test]
fn a_change_of_the_network_and_a_drop_are_observed() {
    for (changed, sweeps) in [(false, 17), (true, 32)] {
        let mut run = run(few());
        run.ask_all(&[host(1)]);
        run.ask_until(|query| query.round == 16);
        run.discoverer.handle_observation(run.now, Observation::Dropped { datagrams: 9 });
        if changed {
            run.discoverer.handle_observation(run.now, Observation::NetworkChanged);
        }
        assert_eq!((run.summary().dropped, run.summary().doubts), (9, Doubts::NONE));
        // Sixteen more after the one in which it changed.
        let done = run.end(&[]);
        assert_eq!((done.sweeps, done.complete, done.dropped), (sweeps, Some(true), 9));
    }
}

// Whom it believes.

#[test]
fn what_is_no_answer_to_the_session_is_counted_and_not_believed() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let Query { txn, round, .. } = asked.query();
    let good = host(1).reply(&asked);
    let at = host(1).at();
    for (from, datagram) in [
        (at, bytes(empty(txn ^ 1, round))),
        (at, bytes(empty(txn, round + 1))),
        (at, b"junk".to_vec()),
        (([239, 1, 2, 3], 9).into(), good.clone()),
        (([10, 0, 0, 1], 0).into(), good.clone()),
        // It is cut short and has no digest.
        (at, bytes(Reply { whole: Some(300), ..empty(txn, round) })),
    ] {
        let before = run.summary();
        assert_eq!(run.hear_from(from, Cast::Unicast, &datagram), None);
        let Summary { received, ignored, .. } = run.summary();
        assert_eq!((received, ignored), (before.received + 1, before.ignored + 1), "{datagram:?}");
    }
    assert!(run.hear_from(at, Cast::Unicast, &good).is_some());
    assert_eq!((run.summary().found, run.summary().received), (1, 7));
    assert!(run.hear_from(at, Cast::Unicast, &good).is_none());
    assert_eq!((run.summary().duplicates, run.summary().received), (1, 8));
}

#[test]
fn questions_that_the_group_hears_are_not_counted_as_refused_answers() {
    let mut run = run(Discovery::all());
    let asked = run.ask().unwrap();
    let others = "10.0.0.9:4000".parse().unwrap();
    assert_eq!(run.hear_from(others, Cast::Unknown, &asked.bytes), None);
    assert_eq!((run.summary().received, run.summary().ignored), (0, 0));
}

#[test]
fn an_answer_is_believed_for_four_seconds() {
    let mut run = run(Discovery { deadline: None, ..few() });
    let asked = run.ask().unwrap();
    run.now = asked.at + ms(4_000);
    assert!(run.hear_from(host(1).at(), Cast::Unicast, &host(1).reply(&asked)).is_some());
    run.now = asked.at + ms(4_001);
    assert!(run.hear_from(host(2).at(), Cast::Unicast, &host(2).reply(&asked)).is_none());
}

#[test]
fn an_answer_to_the_group_is_believed_if_it_names_the_session_and_a_late_round() {
    let group = Cast::Group("239.255.80.9:50009".parse().unwrap());
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let Query { txn, round, .. } = asked.query();
    let answer = |sessions: &[(u64, u16)]| {
        let (mut named, mut tlvs) = (SessionsBuf::new(), TlvBuf::new());
        sessions.iter().for_each(|(txn, round)| assert!(named.push(*txn, *round)));
        tlvs.push(Tlv::Sessions(named.as_sessions())).unwrap();
        bytes(Reply { id: 5, tlvs: tlvs.as_tlvs(), ..empty(0, 0) })
    };
    let others = answer(&[(txn ^ 1, round), (txn ^ 2, round)]);
    assert_eq!(run.hear_from(host(1).at(), group, &others), None);
    // They are for others, and no concern of ours; one that names a round that was not asked is.
    assert_eq!((run.summary().received, run.summary().ignored), (0, 0));
    assert_eq!(run.hear_from(host(1).at(), group, &answer(&[(txn, round + 1)])), None);
    assert_eq!((run.summary().received, run.summary().ignored), (1, 1));
    // Where the driver can't tell how it came.
    assert_eq!(run.hear_from(host(1).at(), Cast::Unknown, &others), None);
    assert_eq!((run.summary().received, run.summary().ignored), (2, 2));
    let ours = answer(&[(txn ^ 1, round + 9), (txn, round)]);
    assert!(run.hear_from(host(1).at(), group, &ours).is_some());
    let Summary { found, found_by_group, .. } = run.summary();
    assert_eq!((found, found_by_group), (1, 1));
    run.answer(host(2), &asked);
    let Summary { found, found_by_group, .. } = run.summary();
    assert_eq!((found, found_by_group), (2, 1));
}

#[test]
fn what_is_told_of_an_answer_is_what_it_says() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let (at, datagram) = (host(1).at(), host(1).reply(&asked));
    let from = Path::new(at).from_local(HERE.parse().unwrap());
    let arrival = Arrival::new(from, Cast::Unicast, true).taken_at(asked.at + ms(3));
    let told = run.discoverer.handle_datagram(asked.at + ms(9), arrival, &datagram);
    let Some(Action::Emit(Event::Found(finding))) = told else { panic!("{told:?}") };
    let Finding { protocol, round_trip, lease, via, .. } = finding;
    assert_eq!((protocol, via), (Protocol::MCAST, Via::Unicast));
    assert_eq!((finding.key(), finding.from), (crate::Key::Service(1_001), from));
    assert_eq!(finding.name(), Some("honest"));
    assert_eq!((round_trip, lease), (Some(ms(3)), Some(Duration::from_secs(120))));
    let instance = finding.instance().expect("a service");
    assert!(!instance.authentic && !instance.truncated);
}

#[test]
#[cfg(feature = "auth")]
fn with_a_secret_only_who_has_it_is_believed_and_its_words_are_authentic() {
    use crate::wire::{Binding, Key, Keyring, Seal};
    let key = |secret| Key::new(secret, Binding::Source).unwrap();
    let (ours, theirs) = (key(b"a secret of ours alone"), key(b"a secret of the others"));
    let keyring = Some(Keyring::new(ours.clone(), Vec::new()));
    let mut run = run(Discovery { keyring, ..few() });
    let asked = run.ask().unwrap();
    let Query { txn, round, length, .. } = asked.query();
    assert_eq!(length, 128);
    let sealed = |key: Option<&Key>, busy| {
        let mut bytes = Vec::new();
        let seal = key.map(|key| Seal { key, from: host(1).at() });
        Datagram::Reply(Reply { busy, ..empty(txn, round) }).encode(seal, &mut bytes);
        bytes
    };
    for key in [None, Some(&theirs)] {
        assert_eq!(run.hear_from(host(1).at(), Cast::Unicast, &sealed(key, true)), None);
    }
    assert_eq!((run.summary().unauthentic, run.summary().ignored), (2, 2));
    // Sent again from elsewhere it does not fit.
    assert_eq!(run.hear_from(host(2).at(), Cast::Unicast, &sealed(Some(&ours), false)), None);
    let from = Path::new(host(1).at());
    let arrival = Arrival::new(from, Cast::Unicast, true);
    let datagram = sealed(Some(&ours), false);
    let told = run.discoverer.handle_datagram(run.now, arrival, &datagram);
    let Some(Action::Emit(Event::Found(finding))) = told else { panic!("{told:?}") };
    assert!(finding.instance().is_some_and(|instance| instance.authentic));
    // Nor did the forged ones' flag count: the first sweep but one is quiet.
    let done = run.end(&[]);
    assert_eq!((done.complete, done.sweeps), (Some(true), 17));
}

// Whom it takes for busy.

/// That somebody has refused these.
fn busy(refused: &[Option<IpAddr>]) -> Vec<u8> {
    let mut tlvs = TlvBuf::new();
    refused.iter().for_each(|ip| tlvs.push(Tlv::Refused(*ip)).unwrap());
    encoded(Datagram::Busy(Busy { id: 9, tlvs: tlvs.as_tlvs() }))
}

#[test]
fn who_refuses_us_or_everybody_makes_what_was_quiet_worthless() {
    let us = HERE.parse::<SocketAddr>().unwrap().ip();
    let us_mapped = Some(format!("::ffff:{us}").parse().unwrap());
    let another = Some([10, 0, 0, 201].into());
    let cases: [(&[Option<IpAddr>], bool); 5] = [
        (&[Some(us)], true),
        (&[None], true),
        (&[another, us_mapped], true),
        (&[another], false),
        (&[another, Some([10, 0, 0, 202].into())], false),
    ];
    for (refused, counts) in cases {
        let mut run = run(few());
        run.ask_all(&[host(1)]);
        run.ask_until(|query| query.round == 16);
        assert_eq!(run.hear_from(host(9).at(), Cast::Unknown, &busy(refused)), None);
        let done = run.end(&[]);
        assert_eq!(done.sweeps, if counts { 32 } else { 17 }, "{refused:?}");
        assert_eq!((done.complete, done.received), (Some(true), 1));
    }
}

#[test]
fn without_a_secret_who_refuses_must_be_on_the_link() {
    for (on_link, local) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut run = run(few());
        run.ask_until(|query| query.round == 16);
        let mut from = Path::new(host(9).at());
        if local {
            from = from.from_local(HERE.parse().unwrap());
        }
        // Who does not know its own address takes all to be about itself.
        let refused = if local { None } else { Some([10, 0, 0, 201].into()) };
        let arrival = Arrival::new(from, Cast::Unknown, on_link);
        assert_eq!(run.discoverer.handle_datagram(run.now, arrival, &busy(&[refused])), None);
        let sweeps = run.end(&[]).sweeps;
        let spoilt = run.summary().doubts.contains(Doubts::REFUSED);
        assert_eq!(spoilt, on_link, "{sweeps}");
    }
}

#[test]
fn an_answer_that_says_that_others_were_refused_is_told_and_no_quiet_one() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    let Query { txn, round, .. } = asked.query();
    let answer = bytes(Reply { busy: true, ..empty(txn, round) });
    assert!(run.hear_from(host(1).at(), Cast::Unicast, &answer).is_some());
    run.ask_until(|query| query.round == 17);
    run.hear_from(host(1).at(), Cast::Unicast, &answer);
    let done = run.end(&[]);
    assert_eq!((done.sweeps, done.complete), (33, Some(true)));
}

// Nobody silences or replaces another.

#[test]
fn forged_answers_in_an_honest_id_do_not_name_the_honest_one() {
    let honest = host(1);
    let long = |host: Host| Host { more: 300, ..host };
    for forged in [
        honest.forged(6),
        Host { name: "honest", ..honest.forged(6) },
        honest.forged(6).since(9, 9),
        honest.forged(1),
        honest.forged(1).since(1, 9),
        honest.forged(1).since(9, 0),
        long(honest.forged(6)),
        long(honest.forged(1)).since(9, 9),
    ] {
        let mut run = run(few());
        let mut asked = run.ask().unwrap();
        for _ in 0..8 {
            run.answer(forged, &asked);
            asked = run.ask().unwrap();
            assert!(!honest.is_known_to(&asked), "{} {:?}", forged.number, forged.epoch);
        }
        // The honest one is told of, by whatever change, and is silent then.
        assert!(run.answer(honest, &asked).is_some());
        assert!(honest.is_known_to(&run.ask().unwrap()));
    }
}

#[test]
fn a_forger_who_was_first_is_a_conflict_and_nothing_is_complete() {
    for forged in [host(1).forged(6), host(1).forged(6).since(9, 9), host(1).forged(1)] {
        let mut run = run(few());
        let asked = run.ask().unwrap();
        run.answer(forged, &asked);
        let done = run.end(&[host(1)]);
        let at = host(1).at();
        assert_eq!(run.told[1], format!("1001 Conflict honest at {at}"));
        assert_eq!((done.found, run.told.len()), (1, 2));
        assert_eq!((done.complete, done.doubts), (Some(false), Doubts::CONFLICT));
    }
}

#[test]
fn who_answers_each_question_first_and_as_one_who_is_older_still_is_a_conflict() {
    let mut run = run(few());
    let mut seq = 1;
    while let Some(asked) = run.ask() {
        seq += 1;
        run.answer(host(1).forged(6).since(1, seq), &asked);
        if !host(1).is_known_to(&asked) {
            run.answer(host(1), &asked);
        }
    }
    assert_eq!(run.told.last().map(String::as_str), Some("1001 Conflict honest at 10.0.0.1:50009"));
    assert_eq!(run.done.unwrap().doubts, Doubts::CONFLICT);
}

#[test]
fn who_was_made_to_seem_to_say_something_new_in_the_last_sweep_has_time_to_say_otherwise() {
    for forged in [host(1).forged(1).since(1, 9), host(1).forged(6).since(1, 9)] {
        let mut run = run(few());
        let asked = run.ask().unwrap();
        run.answer(host(1), &asked);
        let last = run.ask_until(|query| query.round == 17);
        run.answer(forged, &last);
        let done = run.end(&[host(1)]);
        assert_eq!((done.complete, done.doubts), (Some(false), Doubts::CONFLICT), "{:?}", run.told);
    }
    // Who does say something new is complete after two more.
    let mut run = run(few());
    let asked = run.ask().unwrap();
    run.answer(host(1), &asked);
    let last = run.ask_until(|query| query.round == 17);
    let later = host(1).since(1, 9);
    run.answer(Host { name: "later", ..later }, &last);
    let done = run.end(&[Host { name: "later", ..later }]);
    assert_eq!((done.complete, done.sweeps), (Some(true), 19));
    // A further address is as much news as a further responder.
    let mut run = self::run(few());
    let asked = run.ask().unwrap();
    run.answer(host(1), &asked);
    let last = run.ask_until(|query| query.round == 17);
    run.answer(Host { number: 6, ..host(1) }, &last);
    let done = run.end(&[]);
    assert_eq!((done.complete, done.sweeps), (Some(true), 33));
}

// A truncated answer is not yet an answer.

#[test]
fn a_truncated_answer_is_not_counted_until_it_is_told() {
    let long = Host { more: 200, ..host(1) };
    let mut run = run(Discovery { count: Some(1), ..few() });
    let asked = run.ask().unwrap();
    assert_eq!(run.answer(long, &asked), None);
    assert_eq!((run.summary().found, run.summary().doubts), (0, Doubts::NONE));
    let done = run.end(&[long]);
    assert_eq!(run.told, ["1001 is honest at 10.0.0.1:50009"]);
    assert_eq!((done.found, done.doubts), (1, Doubts::COUNT));
}

#[test]
fn what_can_not_be_had_whole_is_told_in_part_counted_and_not_complete() {
    let (long, longer) = (Host { more: 200, ..host(1) }, Host { more: 900, ..host(2) });
    let mut run = run(few());
    run.narrow = 600;
    let done = run.end(&[long, longer]);
    run.told.sort();
    let at = [(1001, "10.0.0.1:50009"), (1002, "10.0.0.2:50009")];
    assert_eq!(run.told, at.map(|(id, at)| format!("{id} is honest at {at} in part")));
    assert_eq!((done.found, done.complete, done.doubts), (2, Some(false), Doubts::CUT_SHORT));
    assert_eq!(done.found_by_group, 0);
}

#[test]
fn of_those_told_in_part_no_more_are_told_than_are_wanted() {
    let long = |number| Host { more: 200, ..host(number) };
    let mut run = run(Discovery { count: Some(2), deadline: Some(ms(100)), ..few() });
    let asked = run.ask().unwrap();
    (1..=5).for_each(|number| assert_eq!(run.answer(long(number), &asked), None));
    let done = run.end(&[]);
    assert_eq!((run.told.len(), done.found), (2, 2));
    assert!(done.doubts.contains(Doubts::COUNT) && done.complete == Some(false));
}

#[test]
fn a_promise_in_an_honest_id_is_not_complete() {
    let mut run = run(few());
    let asked = run.ask().unwrap();
    run.answer(host(1), &asked);
    let forged = Host { more: 300, ..host(1).forged(6) };
    run.answer(forged.since(1, 9), &asked);
    let done = run.end(&[]);
    assert_eq!(run.told.len(), 1);
    assert_eq!((done.found, done.complete, done.doubts), (1, Some(false), Doubts::CUT_SHORT));
}

// Room.

#[test]
fn who_gives_way_was_told_of_and_is_found_again_and_nothing_is_complete() {
    let mut run = run(Discovery { capacity: 2, ..few() });
    let asked = run.ask().unwrap();
    for number in 1..=3 {
        assert!(run.answer(host(number), &asked).is_some());
    }
    assert_eq!((run.summary().found, run.summary().doubts), (3, Doubts::NO_ROOM));
    let again: usize = (1..=3).filter(|number| run.answer(host(*number), &asked).is_some()).count();
    assert!(again > 0);
    let done = run.end(&[]);
    assert_eq!((done.found, run.found()), (3 + again as u64, 3 + again as u64));
    assert_eq!((done.complete, done.doubts), (Some(false), Doubts::NO_ROOM));
}

#[test]
fn who_is_promised_and_has_no_room_is_ignored_and_asked_again() {
    let long = |number| Host { more: 200, ..host(number) };
    let mut run = run(Discovery { capacity: 4, ..few() });
    let asked = run.ask().unwrap();
    assert_eq!((run.answer(long(1), &asked), run.answer(long(2), &asked)), (None, None));
    assert_eq!((run.summary().ignored, run.summary().doubts), (1, Doubts::NO_ROOM));
    let done = run.end(&[long(1), long(2)]);
    assert_eq!((done.found, run.told.len()), (2, 2));
    assert_eq!(done.doubts, Doubts::NO_ROOM);
}

// What it asks.

#[test]
fn questions_carry_what_is_selected_and_a_salt_of_their_own() {
    let selection = Selection::service("printer").unwrap().attr("color", Some(b"yes")).unwrap();
    let mut run = run(Discovery { selection: selection.clone(), ..Discovery::all() });
    let offer = Offer::new("printer").unwrap().attr("color", b"yes").unwrap();
    let mut salts = alloc::collections::BTreeSet::new();
    let first = run.ask().unwrap();
    salts.insert(first.query().salt);
    while let Some(asked) = run.ask() {
        let query = asked.query();
        assert!(salts.insert(query.salt));
        assert_eq!((query.txn, query.watch), (first.query().txn, false));
        assert!(query.selects(offer.tlvs()) && !query.selects(Tlvs::NONE));
    }
    // Another seed has another session.
    let other = Discoverer::new(Discovery::all(), 2);
    assert_ne!(first.query().txn, other.session.asking.txn);
}

#[test]
fn more_effort_is_more_quiet_sweeps() {
    for (effort, sweeps) in [(Effort::Fast, 8), (Effort::Normal, 16), (Effort::Thorough, 32)] {
        assert_eq!(effort.quiet_sweeps(), sweeps);
        let mut run = run(Discovery { effort, ..few() });
        let done = run.end(&[host(1)]);
        assert_eq!((done.sweeps, done.complete), (sweeps + 1, Some(true)));
    }
    assert_eq!(Discovery::all().effort, Effort::Normal);
}
