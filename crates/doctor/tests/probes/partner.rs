//! What comes through to another host and from it.

use std::time::Duration;

use mcast_doctor::facts::{Exchange, Partner, Seen, Way};
use mcast_doctor::probe::{self, Conduct};
use mcast_net::{Driver, Settings, seed};
use mcast_proto::plain::{Responder, Responding};
use mcast_proto::service::Offer;
use mcast_tests::netns::{Host, Process, World};

use crate::{facts, inside, interfaces, print, read, to_its_end};

fn ask(host: &str, how_long: Duration) {
    print(&to_its_end(|conduct| probe::partner(host, &interfaces(), how_long, conduct)));
}

#[test]
#[ignore = "the second half of the other tests"]
fn ask_v4() {
    ask("10.0.0.2", Duration::ZERO);
}

#[test]
#[ignore = "the second half of the other tests"]
fn ask_v6() {
    ask("fe80::2%eth0", Duration::ZERO);
}

#[test]
#[ignore = "the second half of the other tests"]
fn ask_for_long() {
    let mut tell = |what: &str| println!("\n{what}");
    let mut conduct = Conduct::new(&mut tell, &|| false);
    print(&probe::partner("10.0.0.2", &interfaces(), Duration::from_secs(15), &mut conduct));
}

#[test]
#[ignore = "the second half of the other tests"]
fn offer() {
    let printer = Offer::new("printer").unwrap().name("lab-3").unwrap();
    let mut driver = mcast_net::offer(printer).unwrap();
    println!("\n> offered");
    driver.run(|_| {}).unwrap();
}

#[test]
#[ignore = "the second half of the other tests"]
fn respond() {
    let machine = Responder::new(Responding::default(), seed());
    let mut driver = Driver::open(machine, &Settings::default()).unwrap();
    println!("\n> responding");
    driver.run(|_| {}).unwrap();
}

/// This host and its partner on one segment.
fn hosts(world: &World) -> [Host<'_>; 2] {
    let lan = world.segment();
    [1, 2].map(|number| {
        let host = world.host();
        host.card("eth0", &lan, &[&format!("10.0.0.{number}/24"), &format!("fe80::{number}/64")]);
        host
    })
}

fn start(host: &Host<'_>, responder: &str) -> Process {
    let process = inside(host, &format!("partner::{responder}"));
    process.line_with("> ");
    process
}

#[track_caller]
fn by(partner: &Partner, way: Way) -> (u32, u32) {
    let is_it = |it: &&Exchange| it.way == way;
    let it = partner.exchanges.iter().find(is_it).unwrap_or_else(|| panic!("{partner:?}"));
    (it.asked, it.answered)
}

#[test]
fn a_partner_with_a_service_is_reached_by_every_way_in_both_families() {
    let Some(world) = World::new() else { return };
    let [own, other] = hosts(&world);
    let _responder = start(&other, "offer");
    for (half, address) in [("partner::ask_v4", "10.0.0.2"), ("partner::ask_v6", "fe80::2")] {
        let partner: Partner = facts(&own, half);
        assert_eq!(partner.address, Some(address.parse().unwrap()));
        assert_eq!((partner.interface.as_deref(), partner.on_link), (Some("eth0"), true));
        assert_eq!(partner.responder.as_deref(), Some("service"), "{partner:?}");
        for way in [Way::GroupThenUnicast, Way::GroupThenGroup, Way::LinkThenUnicast] {
            assert_eq!(by(&partner, way), (3, 3), "{way:?}: {partner:?}");
        }
        let sizes: Vec<_> = partner.sizes.iter().filter(|size| size.to_group).collect();
        let most = if address.contains(':') { 1452 } else { 1472 };
        let tried: Vec<u32> = sizes.iter().map(|size| size.bytes).collect();
        assert_eq!(tried, [128, 512, 1200, most]);
        assert!(sizes.iter().all(|it| (it.asked, it.answered) == (2, 2)), "{partner:?}");
        assert_eq!(partner.reach.ping, Seen::Is((3, 3)));
        let echoes = partner.sizes.iter().filter(|size| !size.to_group);
        assert!(echoes.clone().count() == 4 && echoes.clone().all(|it| it.answered == 2));
        assert_eq!(partner.reach.neighbour, Seen::Is(true));
        assert_eq!(partner.reach.refused_port, Seen::Is(true));
        let hops = partner.hops.as_ref().expect("they were counted");
        assert_eq!((hops.answers, hops.least_ttl, &hops.tried[..]), (Some(0), Some(1), &[1][..]));
        assert_eq!(partner.stopped, []);
    }
}

#[test]
fn a_plain_responder_shows_what_it_can() {
    let Some(world) = World::new() else { return };
    let [own, other] = hosts(&world);
    let _responder = start(&other, "respond");
    // The other tests ping as root alone may, where this is not set: by a raw socket.
    own.set("ipv4/ping_group_range", "0 0");
    let partner: Partner = facts(&own, "partner::ask_v4");
    assert_eq!(partner.responder.as_deref(), Some("plain"), "{partner:?}");
    assert_eq!(by(&partner, Way::GroupThenUnicast), (3, 3));
    assert_eq!((partner.exchanges.len(), &partner.reach.ping), (1, &Seen::Is((3, 3))));
    assert!(partner.sizes.iter().all(|it| it.answered == 2), "{partner:?}");
    assert_eq!(partner.hops.and_then(|hops| hops.answers), Some(0));
}

#[test]
fn a_partner_that_runs_nothing_is_reached_by_unicast_alone() {
    let Some(world) = World::new() else { return };
    let [own, _other] = hosts(&world);
    let partner: Partner = facts(&own, "partner::ask_v4");
    assert_eq!(partner.responder, None);
    assert_eq!(by(&partner, Way::GroupThenUnicast), (3, 0));
    assert_eq!(partner.reach.ping, Seen::Is((3, 3)));
    assert_eq!(partner.hops.map(|hops| hops.tried.len()), Some(6));
}

/// As a switch does that has forgotten its members.
#[test]
fn a_routed_group_that_is_pruned_leaves_the_links_group() {
    let Some(world) = World::with_nft() else { return };
    let [own, other] = hosts(&world);
    other.nft(
        "table ip t { chain in { type filter hook input priority 0; ip daddr 239.0.0.0/8 drop; }; }",
    );
    let _responder = start(&other, "offer");
    let partner: Partner = facts(&own, "partner::ask_v4");
    assert_eq!(by(&partner, Way::GroupThenUnicast), (3, 0), "{partner:?}");
    assert_eq!(by(&partner, Way::LinkThenUnicast), (3, 3), "{partner:?}");
}

#[test]
fn a_filter_that_drops_answers_by_unicast_leaves_those_to_the_group() {
    let Some(world) = World::with_nft() else { return };
    let [own, other] = hosts(&world);
    own.nft("table ip t { chain in { type filter hook input priority 0; meta l4proto udp ip daddr 10.0.0.1 drop; }; }");
    let _responder = start(&other, "offer");
    let partner: Partner = facts(&own, "partner::ask_v4");
    assert_eq!(by(&partner, Way::GroupThenUnicast), (3, 0), "{partner:?}");
    assert_eq!(by(&partner, Way::GroupThenGroup), (3, 3), "{partner:?}");
    assert_eq!(partner.reach.ping, Seen::Is((3, 3)));
}

#[test]
fn a_path_that_is_shorter_than_it_says_loses_what_is_long() {
    let Some(world) = World::with_nft() else { return };
    let [own, other] = hosts(&world);
    other.nft(
        "table ip t { chain in { type filter hook input priority 0; ip length > 1300 drop; }; }",
    );
    let _responder = start(&other, "offer");
    let partner: Partner = facts(&own, "partner::ask_v4");
    for size in &partner.sizes {
        let answered = if size.bytes <= 1200 { 2 } else { 0 };
        assert_eq!((size.asked, size.answered, size.too_long), (2, answered, 0), "{size:?}");
    }
}

#[test]
fn a_way_that_stops_is_told_with_its_time() {
    let Some(world) = World::with_nft() else { return };
    let [own, other] = hosts(&world);
    let _responder = start(&other, "offer");
    let asking = inside(&own, "partner::ask_for_long");
    asking.line_with("again and again: 6 s");
    other.nft("table ip t { chain in { type filter hook input priority 0; ip daddr 239.0.0.0/8 drop; }; }");
    let partner: Partner = read(&asking);
    let ways: Vec<Way> = partner.stopped.iter().map(|(way, _)| *way).collect();
    assert_eq!(ways, [Way::GroupThenUnicast, Way::GroupThenGroup], "{partner:?}");
    assert!(partner.stopped.iter().all(|(_, ms)| (4_000..9_000).contains(ms)), "{partner:?}");
    assert!(partner.tried_ms >= 15_000);
}
