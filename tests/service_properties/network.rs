//! From end to end, with a vector for a network: who asks is told what was offered, or that it is not all.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::ops::{self, Op, Scene};
use mcast_proto::service::{self, Discoverer, Discovery, Effort, Offer, Responder, Responding};
use mcast_proto::wire::{Datagram, Epoch, Tlv, TlvBuf, decode};
use mcast_proto::{
    Action, Arrival, Cast, Destination, Event, Evidence, Instant, Machine, Message, Observation,
    OwnedEvent, Path, Summary,
};
use mcast_tests::cases;
use proptest::prelude::*;

use super::{SCENES, offer};

/// What befalls datagrams.
#[derive(Debug, Clone, Copy)]
struct Way {
    seed: u64,
    /// Of a hundred, so many are lost.
    loss: u32,
    /// None is longer.
    longest: usize,
}

/// Somebody who answers.
#[derive(Debug, Clone)]
struct Host {
    id: u64,
    boot: u32,
    offer: Offer,
    addresses: Vec<SocketAddr>,
}

fn any_hosts() -> impl Strategy<Value = Vec<Host>> {
    // So few numbers that some of them are of two.
    let host = (0..24u64, 0..3u32, 0..1_200usize, any::<[bool; 2]>());
    prop::collection::vec(host, 1..6).prop_map(|hosts| {
        let host = |(nth, made): (u8, (u64, u32, usize, [bool; 2]))| {
            let (id, boot, bytes, [has_two, is_printer]) = made;
            let service = if is_printer { "printer" } else { "scanner" };
            let at = |net: u8| SocketAddr::from(([10, net, nth, id as u8], service::PORT));
            let addresses = if has_two { vec![at(0), at(1)] } else { vec![at(0)] };
            Host { id, boot, offer: offer(service, bytes), addresses }
        };
        (0..).zip(hosts).map(host).collect()
    })
}

/// What is forged: with each question of the asker's, one operation.
type Forged = Vec<Op>;

struct Network {
    asker: Discoverer,
    own: SocketAddr,
    hosts: Vec<(Responder, Vec<SocketAddr>)>,
    way: Way,
    rng: fastrand::Rng,
    /// What is under way, to the asker or to a host.
    flying: Vec<(Instant, Option<usize>, Arrival, Vec<u8>)>,
    forged: std::vec::IntoIter<Op>,
    told: Vec<OwnedEvent>,
}

impl Network {
    fn new(
        scene: &Scene,
        discovery: Discovery,
        hosts: &[Host],
        way: Way,
        forged: Forged,
    ) -> Network {
        let keyring = scene.keyring.clone();
        let responder = |host: &Host| {
            let config = Responding {
                id: Some(host.id),
                boot: host.boot,
                keyring: keyring.clone(),
                ..Responding::of(host.offer.clone())
            };
            (Responder::new(config, way.seed ^ host.id), host.addresses.clone())
        };
        Network {
            asker: Discoverer::new(Discovery { keyring: keyring.clone(), ..discovery }, way.seed),
            own: "10.0.0.200:41000".parse().unwrap(),
            hosts: hosts.iter().map(responder).collect(),
            way,
            rng: fastrand::Rng::with_seed(way.seed),
            flying: Vec::new(),
            forged: forged.into_iter(),
            told: Vec::new(),
        }
    }

    /// Until the asker has ended.
    fn run(mut self) -> (Summary, Vec<OwnedEvent>) {
        let mut now = Instant::ZERO;
        loop {
            let machines = self.hosts.iter().filter_map(|(host, _)| host.deadline());
            let next = machines.chain(self.asker.deadline()).chain(self.flying.iter().map(|f| f.0));
            now = next.min().unwrap().max(now);
            self.deliver(now);
            self.answer(now);
            if let Some(summary) = self.ask(now) {
                return (summary, self.told);
            }
        }
    }

    fn ask(&mut self, now: Instant) -> Option<Summary> {
        while self.asker.deadline().is_some_and(|due| due <= now) {
            match self.asker.handle_timeout(now) {
                Some(Action::Send { message, .. }) => {
                    let question = encoded(&message, self.own);
                    self.fly_to_hosts(
                        now,
                        Arrival::new(Path::new(self.own), group(), true),
                        question.clone(),
                    );
                    self.forge(now, &question);
                }
                Some(Action::Emit(event)) => self.told.push(event.into()),
                Some(Action::Audit) => {
                    self.asker.handle_observation(now, Observation::Audit(Evidence::CLEAN));
                }
                Some(Action::Done(summary)) => return Some(summary),
                None => {}
            }
        }
        None
    }

    fn answer(&mut self, now: Instant) {
        for nth in 0..self.hosts.len() {
            while self.hosts[nth].0.deadline().is_some_and(|due| due <= now) {
                let (host, addresses) = &mut self.hosts[nth];
                let Some(Action::Send { to, message }) = host.handle_timeout(now) else { continue };
                let (from, cast) = match to {
                    Destination::Peer(path) => (path.local.unwrap(), Cast::Unicast),
                    Destination::Group => (addresses[0], group()),
                };
                let bytes = encoded(&message, from);
                self.fly(now, None, Arrival::new(Path::new(from), cast, true), bytes);
            }
        }
    }

    /// Whoever hears a question may answer it in anybody's name, repeat it, or send what it likes.
    fn forge(&mut self, now: Instant, question: &[u8]) {
        let Ok(Datagram::Query(query)) = decode(question) else { return };
        match self.forged.next() {
            Some(Op::Answer(answer)) => {
                let arrival = answer.arrival;
                self.fly(now, None, arrival, answer.encoded(query.txn, query.round));
            }
            Some(Op::Datagram(arrival, bytes)) => {
                self.fly_to_hosts(now, arrival, bytes.clone());
                self.fly(now, None, arrival, bytes);
            }
            Some(Op::Again(_, arrival)) => {
                let arrival = arrival.unwrap_or(Arrival::new(Path::new(self.own), group(), true));
                self.fly_to_hosts(now, arrival, question.to_vec());
            }
            _ => {}
        }
    }

    fn fly_to_hosts(&mut self, now: Instant, arrival: Arrival, bytes: Vec<u8>) {
        for host in 0..self.hosts.len() {
            for local in self.hosts[host].1.clone() {
                self.fly(now, Some(host), arrival.at_local(local), bytes.clone());
            }
        }
    }

    fn fly(&mut self, now: Instant, to: Option<usize>, arrival: Arrival, bytes: Vec<u8>) {
        let is_lost = self.rng.u32(0..100) < self.way.loss || bytes.len() > self.way.longest;
        if !is_lost {
            let arrival = if to.is_none() { arrival.at_local(self.own) } else { arrival };
            let due = now + Duration::from_micros(self.rng.u64(50..2_000));
            self.flying.push((due, to, arrival, bytes));
        }
    }

    fn deliver(&mut self, now: Instant) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.flying).into_iter().partition(|(due, ..)| *due <= now);
        self.flying = later;
        for (_, to, arrival, bytes) in due {
            let machine: &mut dyn Machine = match to {
                Some(host) => &mut self.hosts[host].0,
                None => &mut self.asker,
            };
            if let Some(Action::Emit(event)) = machine.handle_datagram(now, arrival, &bytes)
                && to.is_none()
            {
                self.told.push(event.into());
            }
        }
    }
}

fn group() -> Cast {
    Cast::Group((service::GROUP_V4, service::PORT).into())
}

fn encoded(message: &Message<'_>, from: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode_from(from, &mut bytes);
    bytes
}

/// What is said, but for the epoch.
fn words<'a>(tlvs: impl Iterator<Item = Tlv<'a>>) -> Vec<u8> {
    let mut words = TlvBuf::new();
    for tlv in tlvs.filter(|tlv| !matches!(tlv, Tlv::Epoch(Epoch { .. }) | Tlv::Sessions(_))) {
        words.push(tlv).unwrap();
    }
    words.as_tlvs().as_bytes().to_vec()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn what_is_told_is_what_was_offered_or_it_is_not_complete(
        scene in 0..3usize, hosts in any_hosts(), seed: u64,
        loss in prop_oneof![Just(0u32), 0..31u32],
        longest in prop_oneof![2 => Just(1_500usize), 1 => Just(600)],
        forged in prop_oneof![1 => ops::any_bytes(0..1), 2 => ops::any_bytes(0..60)],
        of_printers: bool,
    ) {
        let scene = &SCENES[scene];
        let forged = scene.ops(&forged).into_iter().filter(|op| match op {
            // With a key only those forge who do not have it, or send again what was recorded.
            Op::Answer(answer) => answer.key.is_none() || answer.key == scene.other,
            Op::Datagram(arrival, bytes) => scene.keyring.as_ref().is_none_or(|ring| {
                ring.verify(arrival.from.remote, bytes).is_err()
                    || scene.tape.iter().any(|(_, recorded)| recorded == bytes)
            }),
            _ => true,
        }).collect::<Vec<_>>();
        let is_undisturbed = loss == 0 && longest == 1_500 && forged.is_empty();
        let discovery = if of_printers { Discovery::of("printer").unwrap() } else { Discovery::all() };
        let discovery = Discovery { effort: Effort::Normal, ..discovery };
        let way = Way { seed, loss, longest };
        let (summary, told) = Network::new(scene, discovery, &hosts, way, forged).run();

        let is_selected = |host: &&Host| {
            !of_printers || host.offer.tlvs().iter().any(|tlv| tlv == Tlv::Service("printer"))
        };
        let offered: BTreeSet<(u64, Vec<u8>)> = hosts
            .iter()
            .filter(is_selected)
            .map(|host| (host.id, words(host.offer.tlvs().iter())))
            .collect();
        let mut heard: BTreeSet<(u64, Vec<u8>)> = BTreeSet::new();
        let mut found = 0;
        for event in &told {
            let finding = match event.as_event() {
                Event::Found(finding) => {
                    found += 1;
                    finding
                }
                Event::Changed { finding, .. } => finding,
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            let instance = finding.instance().expect("a service");
            heard.insert((instance.id, words(instance.tlvs.iter())));
        }
        prop_assert_eq!(summary.found, found);
        // Of two that have one number neither is the right one, if they say different things or were not
        // started together.
        let ids: BTreeSet<u64> = offered.iter().map(|(id, _)| *id).collect();
        let selected = hosts.iter().filter(is_selected);
        let different: BTreeSet<_> =
            selected.map(|host| (host.id, host.boot, words(host.offer.tlvs().iter()))).collect();
        let are_apart = ids.len() == different.len();
        if summary.complete == Some(true) {
            prop_assert!(are_apart, "nobody knows that two are {ids:?}");
            prop_assert!(heard.is_superset(&offered), "{offered:?} is not all in {heard:?}");
            prop_assert!(heard == offered || scene.keyring.is_none(), "{heard:?} {offered:?}");
        }
        if is_undisturbed {
            prop_assert_eq!(summary.complete, Some(are_apart && !offered.is_empty()));
        }
    }
}
