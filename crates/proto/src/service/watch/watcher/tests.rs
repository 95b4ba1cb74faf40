use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

use super::*;
use crate::service::{GROUP_V4, PORT};
use crate::wire::{
    self, Announce, Binding, Busy, Datagram, Epoch, Filter, Goodbye, Key, Keyring, Query, Reply,
    Seal, SessionsBuf, Tlv, TlvBuf, short_name, whole_name,
};
use crate::{Body, Cast, Change, Event, Evidence, Finding};

mod finding;
mod forging;
mod losing;
mod selecting;

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
    /// Its answers are cut short, whatever is asked, of so long a one.
    whole: Option<u16>,
}

impl Peer {
    fn new(id: u64) -> Peer {
        Peer {
            id,
            at: host(id as u8),
            epoch: Some(epoch(1, 0)),
            lease: LEASE,
            port: 631,
            whole: None,
        }
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
        let name = if self.whole.is_some() { short_name } else { whole_name };
        if !is_asked || query.silences(name(self.id, self.at, words)) {
            return None;
        }
        self.whole.iter().for_each(|_| tlvs.push(Tlv::Digest(words)).unwrap());
        let (mut txn, mut round) = (query.txn, query.round);
        if query.multicast_reply {
            let mut sessions = SessionsBuf::new();
            sessions.push(txn, round);
            tlvs.push(Tlv::Sessions(sessions.as_sessions())).unwrap();
            (txn, round) = (0, 0);
        }
        let (id, tlvs) = (self.id, tlvs.as_tlvs());
        Some(Reply { txn, id, round, copy: 0, whole: self.whole, busy: false, lease_s, tlvs })
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
        Event::Found(Finding { body: Body::Service(instance), .. }) => Told::Found(instance.id),
        Event::Changed { finding: Finding { body: Body::Service(instance), .. }, change } => {
            Told::Changed(instance.id, change)
        }
        Event::Lost { key: crate::Key::Service(id), reason, .. } => Told::Lost(id, reason),
        other => panic!("{other:?}"),
    }
}

const SECOND: Duration = Duration::from_secs(1);
