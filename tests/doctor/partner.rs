//! What two hosts tell together.

use mcast_tests::netns::{Host, Process, World};

use crate::examine::{is_free_of, names};
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
fn with_partner<'w>(world: &'w World) -> (Scene<'w>, mcast_tests::netns::Segment) {
    let lan = world.segment();
    let mut scene = Scene::on(world, &lan);
    let host = world.host();
    host.card("eth0", &lan, &["10.0.0.2/24"]);
    host.default_route("eth0");
    let responder = respond(&host, "");
    scene.keep(host, responder);
    (scene.told("--with 10.0.0.2"), lan)
}

#[test]
fn a_healthy_partner() {
    let Some(world) = World::new() else { return };
    let (scene, _lan) = with_partner(&world);
    crate::examine::is_quiet(&scene);
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
    let (twin, _lan) = with_partner(&world);
    is_free_of("ttl_too_small", &twin);
}

#[test]
fn a_black_hole_for_long_datagrams() {
    let Some(world) = World::with_nft() else { return };
    let limit = |lan: &str, longest: u32| {
        format!(
            "table bridge {lan} {{ chain forward {{ type filter hook forward priority 0;\n\
             meta ibrname \"{lan}\" ether type ip ip length > {longest} drop\n}}\n}}"
        )
    };
    let (scene, lan) = with_partner(&world);
    world.nft(&limit(lan.bridge(), 700));
    names("mtu_black_hole", &["fault"], &scene);
    // Longer than anything that is sent.
    let (twin, lan) = with_partner(&world);
    world.nft(&limit(lan.bridge(), 1500));
    is_free_of("mtu_black_hole", &twin);
    // A short MTU that everybody knows of.
    let (known, _lan) = with_partner(&world);
    is_free_of("mtu_black_hole", &known.ip("link set eth0 mtu 1000"));
}

#[test]
fn groups_that_are_pruned_on_the_way_to_a_partner() {
    let Some(world) = World::with_nft() else { return };
    let prune = |lan: &str, groups: &str| {
        format!(
            "table bridge {lan} {{ chain forward {{ type filter hook forward priority 0;\n\
             meta ibrname \"{lan}\" ip daddr {groups} drop\n}}\n}}"
        )
    };
    let (scene, lan) = with_partner(&world);
    world.nft(&prune(lan.bridge(), "{ 224.0.1.0-239.255.255.255 }"));
    names("groups_pruned", &["fault"], &scene);
    let (twin, lan) = with_partner(&world);
    world.nft(&prune(lan.bridge(), "239.1.2.3"));
    is_free_of("groups_pruned", &twin);
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
