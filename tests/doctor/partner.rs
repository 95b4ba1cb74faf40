//! What two hosts tell together.

use std::time::SystemTime;

use mcast_net::clock::Clock;
use mcast_tests::netns::{Host, Process, World};

use crate::examine::{Who, examine, is_free_of, is_quiet, names};
use crate::scene::Scene;

/// Starts a responder of a service, and waits until it can be asked.
fn respond(host: &Host<'_>, words: &str) -> Process {
    let mut command = host.command(env!("CARGO_BIN_EXE_mcast"));
    command.args(["respond", "--service", "printer"]).args(words.split_whitespace());
    let responder = Process::start(command);
    host.until_joined("eth0", "239.255.80.9", 1);
    responder
}

/// A scene with a responder at 10.0.0.2, whom the doctor is told of.
fn with_partner(world: &World) -> Scene<'_> {
    let lan = world.segment();
    let mut scene = Scene::on(world, &lan);
    let host = world.host();
    host.card("eth0", &lan, &["10.0.0.2/24"]);
    host.default_route("eth0");
    let responder = respond(&host, "");
    scene.keep(host, responder);
    scene.told("--with 10.0.0.2")
}

#[test]
fn a_healthy_partner() {
    let Some(world) = World::new() else { return };
    is_quiet(&with_partner(&world));
}

#[test]
fn a_ttl_that_is_too_small() {
    let Some(world) = World::new() else { return };
    let (near, far) = (world.segment(), world.segment());
    let mut scene = Scene::bare(&world);
    scene.host.card("eth0", &near, &["10.0.0.1/24"]);
    scene.host.ip("route add default via 10.0.0.254");
    let router = world.host();
    router.card("eth0", &near, &["10.0.0.254/24"]);
    router.card("eth1", &far, &["10.1.0.254/24"]);
    router.set("ipv4/ip_forward", "1");
    let routing = router.peer("router.py", &["eth0", "eth1", "239.255.80.9", "10.0.0.1"]);
    routing.line_with("ready");
    scene.keep(router, routing);
    let partner = world.host();
    partner.card("eth0", &far, &["10.1.0.2/24"]);
    partner.ip("route add default via 10.1.0.254");
    let responder = respond(&partner, "--allow-off-link");
    scene.keep(partner, responder);
    names("ttl_too_small", &["fault"], &scene.told("--with 10.1.0.2"));
    // On the link the same TTL is enough.
    is_free_of("ttl_too_small", &with_partner(&world));
}

#[test]
fn a_black_hole_for_long_datagrams() {
    let Some(world) = World::with_nft() else { return };
    let swallowed = with_partner(&world).switch_drops(&world, "ip length > 700");
    names("mtu_black_hole", &["fault"], &swallowed);
    // Longer than anything that is sent.
    let Some(world) = World::with_nft() else { return };
    is_free_of("mtu_black_hole", &with_partner(&world).switch_drops(&world, "ip length > 1500"));
    // A short MTU that everybody knows of.
    is_free_of("mtu_black_hole", &with_partner(&world).ip("link set eth0 mtu 1000"));
}

#[test]
fn groups_that_are_pruned_on_the_way_to_a_partner() {
    let Some(world) = World::with_nft() else { return };
    let pruned = with_partner(&world).switch_drops(&world, "ip daddr 224.0.1.0-239.255.255.255");
    names("groups_pruned", &["fault"], &pruned);
    let Some(world) = World::with_nft() else { return };
    is_free_of("groups_pruned", &with_partner(&world).switch_drops(&world, "ip daddr 239.1.2.3"));
}

#[test]
fn a_partner_without_a_responder_and_one_that_is_not_there() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let mut scene = Scene::on(&world, &lan).beside(&world, &lan, 3, "");
    let host = world.host();
    host.card("eth0", &lan, &["10.0.0.2/24"]);
    let idle = host.peer("hold.py", &["shared", "4242"]);
    idle.line_with("ready");
    scene.keep(host, idle);
    let scene = scene.told("--with 10.0.0.2");
    names("no_responder", &["fault"], &scene);
    names("unreachable", &["fault"], &scene.told("--with 10.0.0.99"));
}

/// A switch that forgets the groups' members after a while, as one that snoops does where nobody asks for them.
#[test]
#[ignore = "takes a minute: .ci/deep doctor"]
fn groups_that_work_and_then_stop() {
    let Some(world) = World::with_nft() else { return };
    let since_epoch =
        Clock::wall().duration_since(SystemTime::UNIX_EPOCH).expect("a time of today");
    let forgets = since_epoch.as_secs() + 12;
    let rule = format!("ip daddr 224.0.1.0-239.255.255.255 meta time > {forgets}");
    let forgetful = with_partner(&world).switch_drops(&world, &rule);
    let found = examine(&forgetful.told("--with 10.0.0.2 --for 20s"), Who::User);
    println!("| groups_pruned | {} |", found.row("groups_pruned"));
    assert_eq!(found.level_of("groups_pruned"), Some("fault"), "{}", found.said);
    assert!(found.row("groups_pruned").contains("stopped"), "{}", found.said);
}
