//! Watching by the structured protocol: who comes, changes and goes, and who only seems to.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service::{self, Discovery, Offer, Responding, Stores};
use mcast_proto::wire::{Binding, Datagram, Epoch, Goodbye, Key, Keyring, Tlv, TlvBuf};
use mcast_proto::{Action, Arrival, Cast, Change, Instant, Loss, Machine};
use mcast_tests::sim::{Host, Link, NodeId, Sim, Socket, What};

const LEASE: Duration = Duration::from_secs(60);

fn group() -> SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

fn lossy(loss: f64) -> Link {
    Link { processing: Duration::from_micros(300), ..Link::default().loss(loss) }
}

fn printer(id: u64, boot: u32) -> Responding {
    let offer = Offer::new("printer").unwrap().port(631).unwrap();
    let stores = Stores { pending: 64, recent: 64, sources: 16 };
    Responding { id: Some(id), boot, lease: LEASE, stores, ..Responding::of(offer) }
}

fn add_printer(sim: &mut Sim, link: Link, id: u64) -> NodeId {
    let machine = service::Responder::new(printer(id, 1), sim.draw());
    sim.add(Host::new(group(), true).link(link), machine)
}

fn add_watcher(sim: &mut Sim, link: Link) -> NodeId {
    add_watcher_of(sim, link, Discovery::of("printer").unwrap())
}

fn add_watcher_of(sim: &mut Sim, link: Link, discovery: Discovery) -> NodeId {
    let machine = service::Watcher::new(discovery, sim.draw());
    sim.add(Host::new(group(), true).link(link).socket(Socket::default()), machine)
}

/// Who is there, by what a watcher has reported.
fn present(sim: &Sim, watcher: NodeId) -> BTreeSet<u64> {
    let mut present = BTreeSet::new();
    for record in sim.records_of(watcher) {
        match record.what {
            What::ServiceFound { id, .. } => assert!(present.insert(id), "{id} found twice"),
            What::ServiceLost { id, .. } => assert!(present.remove(&id), "{id} lost unfound"),
            _ => {}
        }
    }
    present
}

fn losses(sim: &Sim, watcher: NodeId) -> Vec<(Instant, u64, Loss)> {
    let lost = sim.records_of(watcher).filter_map(|record| match record.what {
        What::ServiceLost { id, reason } => Some((record.at, id, reason)),
        _ => None,
    });
    lost.collect()
}

fn has_changed(sim: &Sim, watcher: NodeId, id: u64, change: Change) -> bool {
    sim.records_of(watcher).any(|record| record.what == What::ServiceChanged { id, change })
}

#[test]
fn those_who_stay_are_never_lost_and_cost_one_answer_a_lease() {
    let mut sim = Sim::new(1).without_trace();
    let ids: BTreeSet<u64> = (1..=50).collect();
    for &id in &ids {
        add_printer(&mut sim, lossy(0.0), id);
    }
    let watcher = add_watcher(&mut sim, lossy(0.0));
    sim.run_for(LEASE);
    let before = sim.traffic().unicasts;
    sim.run_for(LEASE * 10);
    assert_eq!(present(&sim, watcher), ids);
    assert_eq!(losses(&sim, watcher), []);
    // Announcements, one a lease from each, renew it too, and come earlier than most refreshes.
    let answers = sim.traffic().unicasts - before;
    assert!(answers <= 10 * 50 * 4, "{answers}");
}

#[test]
fn at_half_of_all_lost_hardly_anybody_seems_to_be_gone() {
    let mut lost = 0;
    for seed in 0..4 {
        let mut sim = Sim::new(seed).without_trace();
        for id in 1..=50 {
            add_printer(&mut sim, lossy(0.5), id);
        }
        let watcher = add_watcher(&mut sim, lossy(0.0));
        sim.run_for(LEASE * 10);
        lost += losses(&sim, watcher).len();
        // Whoever seemed to be gone is found again, and once nothing is lost any more, all are there.
        for node in 0..50 {
            sim.set_link(NodeId(node), lossy(0.0));
        }
        sim.run_for(LEASE * 2);
        assert_eq!(present(&sim, watcher), (1..=50).collect());
    }
    // 4 x 50 responders over ten leases: the design has one false loss in a thousand leases.
    assert!(lost <= 8, "{lost} of 2000 leases");
}

#[test]
fn who_starts_later_is_found_by_its_announcement() {
    let mut sim = Sim::new(3);
    let watcher = add_watcher(&mut sim, lossy(0.0));
    sim.run_for(Duration::from_secs(10));
    add_printer(&mut sim, lossy(0.0), 7);
    sim.run_for(Duration::from_secs(2));
    assert_eq!(present(&sim, watcher), [7].into());
}

#[test]
fn who_says_goodbye_is_lost_within_two_seconds_and_who_just_stops_when_its_lease_ends() {
    let mut sim = Sim::new(4);
    let polite = add_printer(&mut sim, lossy(0.3), 1);
    let rude = add_printer(&mut sim, lossy(0.3), 2);
    add_printer(&mut sim, lossy(0.3), 3);
    let watcher = add_watcher(&mut sim, lossy(0.0));
    sim.run_for(Duration::from_secs(10));
    assert_eq!(present(&sim, watcher), [1, 2, 3].into());
    sim.close(polite);
    sim.move_to_island(rude, 1);
    let gone = sim.now();
    sim.run_for(LEASE * 2);
    let lost = losses(&sim, watcher);
    assert_eq!(
        lost.iter().map(|lost| (lost.1, lost.2)).collect::<Vec<_>>(),
        [(1, Loss::Goodbye), (2, Loss::Expired)]
    );
    assert!(lost[0].0 - gone < Duration::from_secs(2), "{lost:?}");
    assert!(lost[1].0 - gone <= LEASE, "{lost:?}");
}

fn goodbye(id: u64, epoch: Epoch) -> Vec<u8> {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Epoch(epoch)).unwrap();
    let mut bytes = Vec::new();
    Datagram::Goodbye(Goodbye { id, tlvs: tlvs.as_tlvs() }).encode(None, &mut bytes);
    bytes
}

#[test]
fn a_forged_goodbye_removes_nobody_who_is_there_at_half_of_all_lost() {
    for seed in 0..20 {
        let mut sim = Sim::new(seed).without_trace();
        for id in 1..=10 {
            add_printer(&mut sim, lossy(0.5), id);
        }
        let watcher = add_watcher(&mut sim, lossy(0.0));
        sim.run_for(Duration::from_secs(10));
        assert_eq!(present(&sim, watcher).len(), 10);
        for id in 1..=10 {
            let forged = goodbye(id, Epoch { boot: 9, seq: 0 });
            let from = sim.address(NodeId(id as u32 - 1));
            sim.inject(watcher, from, Cast::Group(group()), &forged);
        }
        sim.run_for(Duration::from_secs(3));
        assert_eq!(losses(&sim, watcher), [], "seed {seed}");
    }
}

/// A responder that says something else of itself from some moment on.
struct Changing {
    responder: service::Responder,
    change: Option<(Instant, Offer)>,
}

impl Machine for Changing {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.responder.handle_datagram(now, arrival, datagram)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if let Some((_, offer)) = self.change.take_if(|(at, _)| *at <= now) {
            self.responder.update(now, offer);
        }
        self.responder.handle_timeout(now)
    }

    fn deadline(&self) -> Option<Instant> {
        let change = self.change.as_ref().map(|(at, _)| *at);
        [change, self.responder.deadline()].into_iter().flatten().min()
    }

    fn close(&mut self, now: Instant) {
        self.responder.close(now);
    }
}

#[test]
fn a_restart_and_a_change_are_told() {
    let mut sim = Sim::new(5);
    let node = add_printer(&mut sim, lossy(0.0), 1);
    let watcher = add_watcher(&mut sim, lossy(0.0));
    sim.run_for(Duration::from_secs(10));
    let responder = service::Responder::new(printer(1, 2), sim.draw());
    let offer = Offer::new("printer").unwrap().port(515).unwrap();
    let change = Some((sim.now() + Duration::from_secs(10), offer));
    sim.restart(node, Changing { responder, change });
    sim.run_for(Duration::from_secs(5));
    assert!(has_changed(&sim, watcher, 1, Change::Restarted));
    assert!(!has_changed(&sim, watcher, 1, Change::Content));
    assert_eq!(losses(&sim, watcher), []);

    sim.run_for(Duration::from_secs(10));
    assert!(has_changed(&sim, watcher, 1, Change::Content));
    assert!(!has_changed(&sim, watcher, 1, Change::Conflict));
}

#[test]
fn several_watchers_share_the_answers_to_one() {
    let answers = |watchers: u32| {
        let mut sim = Sim::new(6).without_trace();
        for id in 1..=20 {
            // Without announcements refreshes alone keep them.
            let response = Responding { announce: false, ..printer(id, 1) };
            let machine = service::Responder::new(response, sim.draw());
            sim.add(Host::new(group(), true).link(lossy(0.0)), machine);
        }
        let nodes: Vec<NodeId> = (0..watchers).map(|_| add_watcher(&mut sim, lossy(0.0))).collect();
        sim.run_for(LEASE * 2);
        let sent = |sim: &Sim| {
            let all = sim.sent().iter();
            all.filter(|(from, _)| from.0 < 20).count()
        };
        sim.record_datagrams();
        sim.run_for(LEASE * 10);
        for node in nodes {
            assert_eq!((present(&sim, node).len(), losses(&sim, node)), (20, vec![]));
        }
        sent(&sim)
    };
    let (one, five) = (answers(1), answers(5));
    assert!(five < one * 2, "one watcher: {one} answers, five: {five}");
}

#[test]
fn after_a_sleep_of_an_hour_those_who_stayed_are_not_lost_and_those_who_left_are() {
    let mut sim = Sim::new(7);
    for id in 1..=10 {
        add_printer(&mut sim, lossy(0.2), id);
    }
    let watcher = add_watcher(&mut sim, lossy(0.0));
    sim.run_for(Duration::from_secs(20));
    sim.pause(watcher, Duration::from_secs(3600));
    for node in 0..5 {
        sim.move_to_island(NodeId(node), 1);
    }
    sim.run_for(Duration::from_secs(3600));
    assert_eq!(losses(&sim, watcher), []);
    sim.run_for(Duration::from_secs(15));
    assert_eq!(present(&sim, watcher), (6..=10).collect());
}

#[test]
fn after_a_partition_heals_all_are_there_again() {
    let mut sim = Sim::new(8).without_trace();
    for id in 1..=20 {
        add_printer(&mut sim, lossy(0.3), id);
    }
    let watcher = add_watcher(&mut sim, lossy(0.0));
    sim.run_for(Duration::from_secs(20));
    sim.move_to_island(watcher, 1);
    sim.run_for(LEASE * 2);
    assert_eq!(present(&sim, watcher), BTreeSet::new());
    sim.move_to_island(watcher, 0);
    sim.run_for(LEASE * 2);
    assert_eq!(present(&sim, watcher), (1..=20).collect());
}

#[test]
fn whatever_happened_once_the_network_is_whole_all_watchers_agree_on_who_is_there() {
    for seed in 0..12 {
        let mut sim = Sim::new(seed).without_trace();
        let bad =
            Link { jitter: Duration::from_millis(4), duplicate: 0.1, reorder: 0.1, ..lossy(0.4) };
        let mut nodes: Vec<NodeId> = (1..=15).map(|id| add_printer(&mut sim, bad, id)).collect();
        let watchers: Vec<NodeId> = (0..3).map(|_| add_watcher(&mut sim, bad)).collect();
        let mut gone = BTreeSet::new();
        sim.record_datagrams();
        sim.run_for(Duration::from_secs(5));
        for step in 2..60 {
            let pick = sim.draw() as usize % nodes.len();
            let id = pick as u64 + 1;
            match sim.draw() % 7 {
                0 if gone.len() < 5 && gone.insert(id) => sim.close(nodes[pick]),
                1 if !gone.contains(&id) => {
                    let machine = service::Responder::new(printer(id, step), sim.draw());
                    sim.restart(nodes[pick], machine);
                }
                2 => sim.move_to_island(nodes[pick], 1),
                3 => sim.move_to_island(nodes[pick], 0),
                4 => {
                    let forged = goodbye(id, Epoch { boot: step + 1, seq: 0 });
                    sim.inject_to_group(group(), sim.address(nodes[pick]), &forged);
                }
                5 => {
                    // A datagram of the past is sent again by somebody.
                    let replayed = sim.draw() as usize % sim.sent().len().max(1);
                    let (from, bytes) = sim.sent()[replayed].clone();
                    sim.inject_to_group(group(), sim.address(from), &bytes);
                }
                _ => {}
            }
            sim.run_for(Duration::from_secs(7));
        }
        for node in nodes.drain(..).chain(watchers.iter().copied()) {
            sim.move_to_island(node, 0);
            sim.set_link(node, lossy(0.0));
        }
        sim.run_for(LEASE * 4);
        let there: BTreeSet<u64> = (1..=15).filter(|id| !gone.contains(id)).collect();
        for watcher in watchers {
            assert_eq!(present(&sim, watcher), there, "seed {seed}, watcher {}", watcher.0);
        }
    }
}

#[test]
fn with_a_secret_a_goodbye_counts_at_once_and_an_old_announcement_never() {
    let mut sim = Sim::new(9);
    let ring = Keyring::new(Key::new(b"a secret of ours alone", Binding::Source).unwrap(), vec![]);
    let response = Responding { keyring: Some(ring.clone()), ..printer(1, 1) };
    let machine = service::Responder::new(response, sim.draw());
    sim.record_datagrams();
    let node = sim.add(Host::new(group(), true), machine);
    let discovery = Discovery { keyring: Some(ring), ..Discovery::of("printer").unwrap() };
    let watcher = add_watcher_of(&mut sim, lossy(0.0), discovery);
    sim.run_for(Duration::from_secs(10));
    assert_eq!(present(&sim, watcher), [1].into());
    let announcement = sim.sent().iter().find(|(from, bytes)| *from == node && bytes[4] == 3);
    let announcement = announcement.expect("it announced itself").1.clone();

    // A goodbye without a seal counts for nothing.
    let address = sim.address(node);
    sim.inject(watcher, address, Cast::Group(group()), &goodbye(1, Epoch { boot: 9, seq: 9 }));
    sim.run_for(Duration::from_secs(2));
    assert_eq!(losses(&sim, watcher), []);

    let gone = sim.now();
    sim.close(node);
    sim.run_for(Duration::from_secs(1));
    let lost = losses(&sim, watcher);
    assert!(lost[0].0 - gone < Duration::from_millis(10) && lost[0].2 == Loss::Goodbye, "{lost:?}");

    // Sent again, the announcement is authentic and old: nobody answers for it.
    sim.inject(watcher, address, Cast::Group(group()), &announcement);
    sim.run_for(Duration::from_secs(3));
    assert_eq!(present(&sim, watcher), BTreeSet::new());
}
