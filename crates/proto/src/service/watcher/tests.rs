use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::*;
use crate::service::{Change, GROUP_V4, PORT};
use crate::wire::{
    self, Binding, Busy, Epoch, Filter, Key, Keyring, Reply, Seal, SessionsBuf, Tlv, TlvBuf,
    whole_name,
};
use crate::{Cast, Evidence};

const LEASE: Duration = Duration::from_secs(100);

fn host(last: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, last], PORT))
}

fn group() -> Cast {
    Cast::Group((GROUP_V4, PORT).into())
}

fn epoch(boot: u32, seq: u32) -> Epoch {
    Epoch { boot, seq }
}

fn ring() -> Keyring {
    Keyring::new(Key::new(b"a secret of ours alone", Binding::Source).unwrap(), vec![])
}

/// A responder that answers what asks it, at once.
#[derive(Debug, Clone)]
struct Peer {
    id: u64,
    at: SocketAddr,
    epoch: Option<Epoch>,
    lease: Duration,
    port: u16,
}

impl Peer {
    fn new(id: u64) -> Peer {
        Peer { id, at: host(id as u8), epoch: Some(epoch(1, 0)), lease: LEASE, port: 631 }
    }

    fn tlvs(&self) -> TlvBuf {
        let mut tlvs = TlvBuf::new();
        self.epoch.iter().for_each(|epoch| tlvs.push(Tlv::Epoch(*epoch)).unwrap());
        tlvs.push(Tlv::Service("printer")).unwrap();
        let endpoint = wire::Endpoint { address: None, port: self.port };
        tlvs.push(Tlv::Endpoint(endpoint)).unwrap();
        tlvs
    }

    fn answer<'a>(&self, query: &Query<'_>, tlvs: &'a mut TlvBuf) -> Option<Reply<'a>> {
        let lease_s = self.lease.as_secs() as u32;
        let words = wire::digest(lease_s, tlvs.as_tlvs());
        let is_asked = query.is_in(self.id) && query.selects(tlvs.as_tlvs());
        if !is_asked || query.silences(whole_name(self.id, self.at, words)) {
            return None;
        }
        let (mut txn, mut round) = (query.txn, query.round);
        if query.multicast_reply {
            let mut sessions = SessionsBuf::new();
            sessions.push(txn, round);
            tlvs.push(Tlv::Sessions(sessions.as_sessions())).unwrap();
            (txn, round) = (0, 0);
        }
        let (id, tlvs) = (self.id, tlvs.as_tlvs());
        Some(Reply { txn, id, round, copy: 0, whole: None, busy: false, lease_s, tlvs })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Found(u64),
    Changed(u64, Change),
    Lost(u64, Loss),
}

/// A question as it was put.
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

/// A watcher, those who answer it, and what came of it.
struct Net {
    watcher: Watcher,
    now: Instant,
    peers: Vec<Peer>,
    /// What is found out about each sweep; nothing: nobody looks.
    evidence: Option<Evidence>,
    key: Option<Key>,
    asked: Vec<Asked>,
    told: Vec<(Instant, Told)>,
}

impl Net {
    fn of(config: Discovery, peers: impl IntoIterator<Item = Peer>) -> Net {
        let key = config.keyring.as_ref().map(|ring| ring.signing().clone());
        Net {
            watcher: Watcher::new(config, 1),
            now: Instant::from_millis(1_000),
            peers: peers.into_iter().collect(),
            evidence: Some(Evidence::CLEAN),
            key,
            asked: Vec::new(),
            told: Vec::new(),
        }
    }

    /// One that has found its peers, and has had its first calm.
    fn watching(ids: impl IntoIterator<Item = u64>) -> Net {
        Net::settled(Discovery::of("printer").unwrap(), ids)
    }

    fn keyed(ids: impl IntoIterator<Item = u64>) -> Net {
        let config = Discovery { keyring: Some(ring()), ..Discovery::of("printer").unwrap() };
        Net::settled(config, ids)
    }

    fn settled(config: Discovery, ids: impl IntoIterator<Item = u64>) -> Net {
        let mut net = Net::of(config, ids.into_iter().map(Peer::new));
        net.run_for(Duration::from_secs(3));
        let summary = net.watcher.summary(net.now);
        assert_eq!(summary.complete, Some(!net.peers.is_empty()));
        assert_eq!(net.watcher.present(), net.peers.len());
        net.forget();
        net
    }

    /// Only what happens from now on counts.
    fn forget(&mut self) {
        self.asked.clear();
        self.told.clear();
    }

    fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.watcher.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        let told = match self.watcher.handle_timeout(self.now) {
            Some(Action::Send { message, .. }) => {
                let mut bytes = Vec::new();
                message.encode_from(host(99), &mut bytes);
                return self.ask(bytes);
            }
            Some(Action::Audit) => {
                let audit = self.evidence.map(Observation::Audit);
                return audit.into_iter().for_each(|audit| self.observe(audit));
            }
            Some(Action::Emit(event)) => told(event),
            Some(Action::Done(_)) | None => return,
        };
        self.told.push((self.now, told));
    }

    fn ask(&mut self, bytes: Vec<u8>) {
        self.asked.push(Asked { at: self.now, bytes });
        let asked = self.asked.last().cloned().unwrap();
        for peer in self.peers.clone() {
            let (query, mut tlvs) = (asked.query(), peer.tlvs());
            if let Some(reply) = peer.answer(&query, &mut tlvs) {
                let cast = if query.multicast_reply { group() } else { Cast::Unicast };
                self.hear_from(peer.at, cast, true, Datagram::Reply(reply), self.key.clone());
            }
        }
    }

    fn hear_from(
        &mut self,
        from: SocketAddr,
        cast: Cast,
        on_link: bool,
        said: Datagram<'_>,
        key: Option<Key>,
    ) {
        let mut bytes = Vec::new();
        let seal = key.as_ref().map(|key| Seal { key, from });
        said.encode(seal, &mut bytes);
        let arrival = Arrival::new(Path::new(from), cast, on_link).at_local(host(99));
        match self.watcher.handle_datagram(self.now, arrival, &bytes) {
            Some(Action::Emit(event)) => self.told.push((self.now, told(event))),
            None => {}
            Some(other) => panic!("{other:?}"),
        }
    }

    /// The group hears this from a neighbour who has the key, where there is one.
    fn hear(&mut self, from: SocketAddr, said: Datagram<'_>) {
        self.hear_from(from, group(), true, said, self.key.clone());
    }

    fn announce(&mut self, peer: &Peer) {
        let (id, lease_s, tlvs) = (peer.id, peer.lease.as_secs() as u32, peer.tlvs());
        self.hear(peer.at, Datagram::Announce(Announce { id, lease_s, tlvs: tlvs.as_tlvs() }));
    }

    fn goodbye(&mut self, id: u64, epoch: Epoch) {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Epoch(epoch)).unwrap();
        self.hear(host(id as u8), Datagram::Goodbye(Goodbye { id, tlvs: tlvs.as_tlvs() }));
    }

    fn observe(&mut self, observation: Observation) {
        self.watcher.handle_observation(self.now, observation);
    }

    fn leave(&mut self, id: u64) {
        self.peers.retain(|peer| peer.id != id);
    }

    fn told(&self) -> Vec<Told> {
        self.told.iter().map(|(_, told)| *told).collect()
    }

    /// How many sweeps were made.
    fn sweeps(&self) -> usize {
        let mut rounds: Vec<u16> = self.asked.iter().map(|asked| asked.query().round).collect();
        rounds.dedup();
        rounds.len()
    }

    fn addresses(&self, id: u64) -> Vec<SocketAddr> {
        let entry = self.watcher.session.known.get(id);
        entry.into_iter().flat_map(|entry| &entry.voices).map(|voice| voice.at.remote).collect()
    }
}

fn told(event: Event<'_>) -> Told {
    match event {
        Event::ServiceFound(instance) => Told::Found(instance.id),
        Event::ServiceChanged { instance, change } => Told::Changed(instance.id, change),
        Event::ServiceLost { id, reason, .. } => Told::Lost(id, reason),
        other => panic!("{other:?}"),
    }
}

const SECOND: Duration = Duration::from_secs(1);

// The first discovery.

#[test]
fn it_finds_everybody_says_so_and_then_is_calm() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), (1..=20).map(Peer::new));
    assert_eq!(net.watcher.summary(net.now).complete, None);
    net.run_for(SECOND * 3);
    assert_eq!(net.told(), (1..=20).map(Told::Found).collect::<Vec<_>>());
    let summary = net.watcher.summary(net.now);
    assert_eq!((summary.complete, summary.doubts, summary.found), (Some(true), Doubts::NONE, 20));
    assert!(net.asked.iter().all(|asked| !asked.query().watch));
    net.forget();
    net.run_for(SECOND * 55);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn a_first_discovery_whose_sweeps_do_not_count_ends_and_is_not_complete() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), [Peer::new(1)]);
    net.evidence = None;
    net.run_for(SECOND * 20);
    let summary = net.watcher.summary(net.now);
    assert_eq!((summary.complete, summary.doubts), (Some(false), Doubts::UNAUDITED));
    assert_eq!((net.sweeps(), summary.sweeps), (1 + 128, 128));
}

#[test]
fn nobody_at_all_is_never_everybody() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), []);
    net.run_for(SECOND * 20);
    assert_eq!(net.watcher.summary(net.now).complete, Some(false));
}

#[test]
fn closed_it_is_done_and_says_so_if_that_was_too_early() {
    for (after, complete, doubts) in [(0, None, Doubts::CLOSED), (3, Some(true), Doubts::NONE)] {
        let mut net = Net::of(Discovery::of("printer").unwrap(), [Peer::new(1)]);
        net.step();
        net.run_for(SECOND * after);
        net.watcher.close(net.now);
        net.watcher.close(net.now);
        match net.watcher.handle_timeout(net.now) {
            Some(Action::Done(summary)) => {
                assert_eq!((summary.complete, summary.doubts), (complete, doubts));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(net.watcher.deadline(), None);
        let heard = net.asked.len();
        net.announce(&Peer::new(2));
        net.observe(Observation::NetworkChanged);
        net.run_for(SECOND * 100);
        assert_eq!(net.asked.len(), heard);
    }
}

// Announcements.

#[test]
fn an_announcement_makes_it_ask_and_only_an_answer_makes_a_finding() {
    let mut net = Net::watching([1]);
    net.announce(&Peer::new(2));
    net.run_for(SECOND);
    assert_eq!(net.told(), []);
    assert!(net.sweeps() >= 16 && net.asked.iter().all(|asked| asked.query().watch));
    net.run_for(SECOND * 10);
    net.peers.push(Peer::new(3));
    net.announce(&Peer::new(3));
    net.run_for(SECOND);
    assert_eq!((net.told(), net.watcher.present()), (vec![Told::Found(3)], 2));
    net.forget();
    // Of whoever is known where it is and by what it says an announcement is no news.
    net.announce(&Peer::new(3));
    net.run_for(SECOND * 30);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn only_who_is_asked_for_and_is_on_the_link_is_news() {
    let mut net = Net::watching([1]);
    let mut other = TlvBuf::new();
    other.push(Tlv::Epoch(epoch(1, 0))).unwrap();
    other.push(Tlv::Service("fax")).unwrap();
    let announce = |tlvs| Datagram::Announce(Announce { id: 2, lease_s: 100, tlvs });
    net.hear(host(2), announce(other.as_tlvs()));
    let tlvs = Peer::new(2).tlvs();
    net.hear_from(host(2), group(), false, announce(tlvs.as_tlvs()), None);
    net.hear_from(host(2), group(), true, announce(tlvs.as_tlvs()), Some(ring().signing().clone()));
    net.run_for(SECOND * 5);
    assert_eq!(net.asked.len(), 0);
    assert_eq!(net.watcher.summary(net.now).unauthentic, 1);
}

#[test]
fn who_answers_no_question_to_itself_is_asked_for_an_answer_to_the_group_once() {
    let mut net = Net::watching([1]);
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 5);
    let by_group = |net: &Net| net.asked.iter().filter(|a| a.query().multicast_reply).count();
    assert_eq!((net.sweeps(), by_group(&net)), (16 + 17, 1));
    // One that answers at once is not.
    let mut net = Net::watching([1]);
    net.peers.push(Peer::new(2));
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 5);
    assert_eq!(by_group(&net), 0);
}

#[test]
fn a_known_one_that_announces_other_words_or_another_place_is_asked_what_it_says() {
    let mut net = Net::watching([1, 2]);
    net.peers[0].port = 515;
    net.peers[0].epoch = Some(epoch(1, 1));
    let changed = net.peers[0].clone();
    net.announce(&changed);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Changed(1, Change::Content)]);
    net.forget();
    net.peers[1].at = host(22);
    let moved = net.peers[1].clone();
    net.announce(&moved);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Changed(2, Change::Address)]);
    // Where it was it does not answer: that is forgotten.
    assert_eq!(net.addresses(2), [host(22)]);
}

#[test]
fn however_many_are_made_up_it_asks_no_more_often_than_its_budget() {
    let mut net = Net::watching([1]);
    let mut id = 1_000;
    for _ in 0..600 {
        for _ in 0..100 {
            id += 1;
            net.announce(&Peer { at: host(7), ..Peer::new(id) });
        }
        net.run_for(SECOND / 10);
    }
    // Eight runs of two parts at once, and one in two seconds; and one each for a goodbye.
    let runs = net.sweeps() / 16;
    assert!((30..=40).contains(&runs), "{runs} runs in a minute");
    // And the sweeps are none of many questions: the most for those who are made up.
    assert!(net.asked.len() < net.sweeps() + 40, "{} questions", net.asked.len());
    assert_eq!((net.watcher.present(), net.told()), (1, vec![]));
}

#[test]
fn a_real_one_among_many_made_up_is_found_within_the_time_of_a_run() {
    let mut net = Net::watching([1]);
    net.peers.push(Peer::new(2));
    for id in 1_000..101_000 {
        net.announce(&Peer { at: host(7), ..Peer::new(id) });
    }
    let peer = net.peers[1].clone();
    net.announce(&peer);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Found(2)]);
}

// Goodbyes without a key.

#[test]
fn a_goodbye_without_a_key_removes_nobody_who_answers() {
    let mut net = Net::watching([1, 2]);
    net.goodbye(1, epoch(9, 9));
    net.run_for(SECOND * 5);
    assert_eq!((net.told(), net.watcher.present()), (vec![], 2));
    assert_eq!(net.sweeps(), 16);
    // Of somebody unknown it means nothing.
    net.forget();
    net.goodbye(7, epoch(9, 9));
    net.run_for(SECOND * 5);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn who_went_is_told_to_be_gone_half_a_second_after_its_goodbye_whatever_its_age_says() {
    for said in [epoch(1, 1), epoch(0, 0)] {
        let mut net = Net::watching([1, 2]);
        net.leave(1);
        let went = net.now;
        net.goodbye(1, said);
        net.run_for(SECOND);
        assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
        let after = net.told[0].0 - went;
        assert!((400..600).contains(&after.as_millis()), "{after:?}");
        assert_eq!(net.watcher.present(), 1);
    }
}

#[test]
fn while_questions_do_not_count_a_goodbye_removes_nobody_and_is_not_forgotten() {
    let mut net = Net::watching([1, 2]);
    net.leave(1);
    net.evidence = Some(Evidence::new(1, 0, false));
    net.goodbye(1, epoch(1, 1));
    net.run_for(SECOND * 20);
    assert_eq!(net.told(), []);
    net.evidence = Some(Evidence::CLEAN);
    net.run_for(SECOND * 4);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
}

#[test]
fn who_answered_a_doubt_is_trusted_for_a_second_and_for_twice_as_long_each_time_up_to_64() {
    let peer = Peer { lease: SECOND * 86_400, ..Peer::new(1) };
    let mut net = Net::of(Discovery::of("printer").unwrap(), [peer]);
    net.run_for(SECOND * 3);
    net.forget();
    let mut answered = net.now;
    for trust in [0, 1, 2, 4, 8, 16, 32, 64, 64] {
        net.goodbye(1, epoch(9, 9));
        net.run_for(SECOND * trust);
        let asked = net.asked.iter().find(|asked| asked.query().filter == Filter::NONE);
        assert_eq!(asked.map(|asked| asked.at), Some(answered + SECOND * trust));
        answered = answered + SECOND * trust;
        net.run_for(answered + SECOND / 2 - net.now);
        net.forget();
    }
    assert_eq!(net.watcher.present(), 1);
}

// With a key.

#[test]
fn with_a_key_a_later_goodbye_removes_at_once_and_an_older_one_never() {
    let mut net = Net::keyed([1, 2]);
    net.peers[0].epoch = Some(epoch(2, 5));
    let restarted = net.peers[0].clone();
    net.announce(&restarted);
    net.run_for(SECOND);
    assert_eq!(net.told(), [Told::Changed(1, Change::Restarted)]);
    net.forget();
    for recorded in [epoch(1, 9), epoch(2, 4), epoch(2, 5)] {
        net.goodbye(1, recorded);
    }
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![]));
    assert_eq!(net.watcher.summary(net.now).duplicates, 3);
    net.goodbye(1, epoch(2, 6));
    net.run_for(Duration::ZERO);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
    assert_eq!((net.asked.len(), net.watcher.present()), (0, 1));
}

#[test]
fn with_a_key_what_is_sent_without_it_is_not_even_a_reason_to_ask() {
    let mut net = Net::keyed([1]);
    let key = net.key.take();
    net.goodbye(1, epoch(9, 9));
    net.announce(&Peer::new(2));
    net.announce(&Peer { epoch: Some(epoch(9, 9)), ..Peer::new(1) });
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![]));
    assert_eq!(net.watcher.summary(net.now).unauthentic, 3);
    net.key = key;
    net.announce(&Peer::new(2));
    net.run_for(SECOND);
    assert!(!net.asked.is_empty());
}

#[test]
fn with_a_key_a_goodbye_of_one_whose_age_is_not_known_makes_it_ask() {
    let config = Discovery { keyring: Some(ring()), ..Discovery::of("printer").unwrap() };
    let mut net = Net::of(config, [Peer { epoch: None, ..Peer::new(1) }]);
    net.run_for(SECOND * 3);
    net.forget();
    net.goodbye(1, epoch(9, 9));
    net.run_for(SECOND);
    assert_eq!((net.told(), net.sweeps()), (vec![], 16));
}

#[test]
fn with_a_key_recorded_announcements_change_nothing() {
    let mut net = Net::keyed([1, 2]);
    net.peers[0].epoch = Some(epoch(2, 5));
    net.peers[0].at = host(11);
    let moved = net.peers[0].clone();
    net.announce(&moved);
    net.run_for(SECOND);
    net.forget();
    // Older, and from where it was.
    net.announce(&Peer { epoch: Some(epoch(2, 4)), ..Peer::new(1) });
    net.announce(&moved);
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![]));
    // Of the same age from elsewhere, as after a change of address: a reason to ask.
    net.announce(&Peer { at: host(12), ..moved });
    net.run_for(SECOND * 5);
    assert_eq!((net.sweeps(), net.told()), (16, vec![]));
    net.forget();
    // Of one who has gone.
    net.leave(2);
    net.goodbye(2, epoch(1, 1));
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 5);
    assert_eq!((net.asked.len(), net.told()), (0, vec![Told::Lost(2, Loss::Goodbye)]));
}

#[test]
fn without_a_key_an_older_announcement_is_a_reason_to_ask() {
    let mut net = Net::watching([1]);
    net.announce(&Peer { epoch: Some(epoch(0, 0)), ..Peer::new(1) });
    net.run_for(SECOND);
    assert_eq!((net.sweeps(), net.told()), (16, vec![]));
}

// Leases.

#[test]
fn who_stays_is_asked_once_a_lease_and_who_does_not_answer_three_times_and_then_is_lost() {
    let mut net = Net::watching([1]);
    net.run_for(LEASE * 10);
    assert_eq!(net.told(), []);
    let mut net = Net::watching([1, 2]);
    let found = Instant::from_millis(1_000);
    net.leave(1);
    net.run_for(LEASE - SECOND * 4);
    assert_eq!(net.told(), []);
    net.run_for(SECOND * 3);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Expired)]);
    let after = net.told[0].0 - found;
    assert!((LEASE..LEASE + SECOND).contains(&after), "{after:?}");
}

#[test]
fn a_lease_does_not_end_while_questions_can_not_be_put() {
    let mut net = Net::watching([1, 2]);
    net.leave(1);
    net.evidence = Some(Evidence::new(1, 0, false));
    net.run_for(LEASE * 3);
    assert_eq!((net.told(), net.watcher.present()), (vec![], 2));
    net.evidence = Some(Evidence::CLEAN);
    net.run_for(SECOND * 21);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Expired)]);
}

#[test]
fn whoever_makes_up_short_leases_makes_it_ask_no_more_than_twice_a_second() {
    let mut net = Net::watching([]);
    for id in 1..=200 {
        net.peers.push(Peer { lease: SECOND * 10, at: host(7), ..Peer::new(id) });
    }
    net.observe(Observation::NetworkChanged);
    net.run_for(SECOND * 20);
    assert_eq!(net.watcher.present(), 200);
    net.forget();
    net.run_for(SECOND * 60);
    assert_eq!(net.told(), []);
    assert!(net.sweeps() <= 2 * 60 * 5, "{} sweeps", net.sweeps());
}

#[test]
fn those_never_heard_are_asked_for_once_a_minute() {
    let mut net = Net::watching([]);
    net.run_for(SECOND * 56);
    assert_eq!(net.asked.len(), 0);
    net.peers.push(Peer::new(1));
    net.run_for(SECOND * 4);
    assert_eq!(net.told(), [Told::Found(1)]);
}

#[test]
fn the_addresses_of_one_that_roams_are_forgotten_when_they_answer_no_more() {
    let mut net = Net::watching([1]);
    for last in [21, 22, 23] {
        net.peers[0].at = host(last);
        let moved = net.peers[0].clone();
        net.announce(&moved);
        net.run_for(LEASE);
        assert_eq!(net.addresses(1), [host(last)]);
    }
    assert_eq!(net.told(), [Told::Changed(1, Change::Address); 3]);
    // And without a word of it: by the lease of each address.
    net.peers[0].at = host(24);
    net.run_for(LEASE * 2);
    assert_eq!(net.addresses(1), [host(24)]);
}

#[test]
fn after_a_sleep_nobody_is_lost_who_answers_and_the_others_are() {
    let mut net = Net::watching(1..=10);
    net.now = net.now + LEASE * 36;
    net.peers.truncate(5);
    net.step();
    net.run_for(SECOND * 9);
    assert_eq!(net.told(), []);
    net.run_for(SECOND * 5);
    let mut told = net.told();
    told.sort_by_key(|told| if let Told::Lost(id, _) = told { *id } else { 0 });
    assert_eq!(told, (6..=10).map(|id| Told::Lost(id, Loss::Expired)).collect::<Vec<_>>());
    net.run_for(LEASE * 3);
    assert_eq!(net.told().len(), 5);
}

#[test]
fn a_first_discovery_of_some_seconds_is_not_taken_for_a_sleep() {
    let mut net = Net::of(Discovery::of("printer").unwrap(), [Peer::new(1)]);
    net.evidence = None;
    net.run_for(SECOND);
    net.announce(&Peer::new(2));
    net.run_for(SECOND * 4);
    net.evidence = Some(Evidence::CLEAN);
    net.run_for(SECOND * 20);
    let leases = &net.watcher.session.known.get(1).unwrap().voices[0].lease;
    assert_eq!(leases.ends - leases.begins, LEASE);
}

#[test]
fn the_queue_of_leases_does_not_grow_by_those_who_are_forgotten() {
    let config = Discovery { capacity: 50, ..Discovery::of("printer").unwrap() };
    let mut net = Net::of(config, []);
    net.run_for(SECOND * 3);
    let mut lost = 0;
    for id in 1..2_000 {
        net.peers = vec![Peer { lease: SECOND * 86_400, at: host(7), ..Peer::new(id) }];
        net.observe(Observation::NetworkChanged);
        net.run_for(SECOND / 5);
        lost += net.told().iter().filter(|t| matches!(t, Told::Lost(_, Loss::NoRoom))).count();
        net.forget();
    }
    assert!(lost > 1_900 && net.watcher.present() <= 50);
    assert!(net.watcher.leases.len() <= 2 * 50 + 65, "{}", net.watcher.leases.len());
}

// Others, and the network.

fn question(txn: u64, watch: bool, by_group: bool, tlvs: wire::Tlvs<'_>) -> Datagram<'_> {
    Datagram::Query(Query { watch, multicast_reply: by_group, tlvs, ..Query::new(txn, 1) })
}

#[test]
fn another_watchers_question_to_the_group_is_joined_if_a_lease_is_old() {
    let selection = Discovery::of("printer").unwrap().selection;
    let same = selection.tlvs();
    let other = Discovery::of("fax").unwrap().selection;
    for (lease_share, watch, by_group, tlvs, joins) in [
        (70, true, true, same, true),
        (60, true, true, same, false),
        (70, false, true, same, false),
        (70, true, false, same, false),
        (70, true, true, other.tlvs(), false),
    ] {
        let mut net = Net::watching(1..=5);
        net.run_for(LEASE * lease_share / 100 - SECOND * 3);
        net.forget();
        net.hear(host(50), question(7, watch, by_group, tlvs));
        net.run_for(SECOND / 2);
        assert_eq!(!net.asked.is_empty(), joins, "{lease_share} {watch} {by_group}");
        if joins {
            assert!(net.asked[0].query().multicast_reply && !net.asked[1].query().multicast_reply);
            // All five are renewed by that.
            net.forget();
            net.run_for(LEASE / 2);
            assert_eq!(net.asked.len(), 0);
        }
    }
}

#[test]
fn with_another_watcher_about_leases_are_refreshed_by_answers_to_the_group() {
    let selection = Discovery::of("printer").unwrap().selection;
    let mut net = Net::watching([1]);
    net.run_for(SECOND * 61);
    let due = net.watcher.deadline().unwrap();
    for (age, by_group) in [(60, true), (61, false)] {
        let mut net = Net::watching([1]);
        net.run_for(due - net.now - SECOND * age);
        net.hear(host(50), question(7, true, false, selection.tlvs()));
        net.run_for(SECOND * age);
        let refresh = net.asked.iter().find(|asked| asked.at == due).unwrap();
        assert_eq!(refresh.query().multicast_reply, by_group, "{age}");
    }
}

#[test]
fn on_another_network_it_asks_at_once() {
    let mut net = Net::watching([1]);
    net.peers.push(Peer::new(2));
    net.observe(Observation::NetworkChanged);
    net.run_for(SECOND / 2);
    assert_eq!((net.told(), net.sweeps()), (vec![Told::Found(2)], 5));
    net.forget();
    net.observe(Observation::Dropped { datagrams: 3 });
    net.run_for(SECOND / 2);
    assert_eq!(net.asked.len(), 0);
}

#[test]
fn an_answer_to_the_group_counts_if_any_round_that_it_names_is_ours() {
    for (rounds, is_taken) in [(&[60_000, 0][..], true), (&[0, 60_000], true), (&[60_000], false)] {
        let mut net = Net::of(Discovery::of("printer").unwrap(), []);
        net.step();
        let txn = net.asked[0].query().txn;
        let mut sessions = SessionsBuf::new();
        sessions.push(9, 0);
        rounds.iter().for_each(|round| assert!(sessions.push(txn, *round)));
        let mut tlvs = Peer::new(1).tlvs();
        tlvs.push(Tlv::Sessions(sessions.as_sessions())).unwrap();
        let (id, tlvs) = (1, tlvs.as_tlvs());
        let reply =
            Reply { txn: 0, id, round: 0, copy: 0, whole: None, busy: false, lease_s: 100, tlvs };
        net.hear(host(1), Datagram::Reply(reply));
        assert_eq!(net.told() == [Told::Found(1)], is_taken, "{rounds:?}");
    }
}

#[test]
fn while_a_responder_is_busy_nobody_is_lost() {
    let mut net = Net::watching([1, 2]);
    net.leave(1);
    net.goodbye(1, epoch(1, 1));
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Refused(None)).unwrap();
    for _ in 0..100 {
        net.hear(host(2), Datagram::Busy(Busy { id: 2, tlvs: tlvs.as_tlvs() }));
        net.run_for(Duration::from_millis(20));
    }
    assert_eq!(net.told(), []);
    net.run_for(SECOND * 5);
    assert_eq!(net.told(), [Told::Lost(1, Loss::Goodbye)]);
}
