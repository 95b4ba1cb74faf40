//! What one host can tell, each fault beside its harmless twin.

use mcast_tests::netns::World;

use crate::examine::{is_free_of, names, names_among};
use crate::scene::Scene;

/// A stateful firewall, as distributions have it.
const STATEFUL: &str = "iif lo accept\n\
     ct state established,related accept\n\
     ip protocol igmp accept\n\
     icmp type echo-request accept\n\
     meta pkttype multicast accept\n";

fn input(policy: &str, rules: &str) -> String {
    format!(
        "table inet guard {{ chain input {{\ntype filter hook input priority 0; policy {policy};\n{rules}\n}}\n}}"
    )
}

#[test]
fn no_route() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let without = Scene::at_home(&world, &lan).ip("route del default");
    names("no_route", &["warning"], &without);
    let of_groups_alone = without.ip("route add 224.0.0.0/4 dev eth0");
    is_free_of("no_route", &of_groups_alone);
}

#[test]
fn an_interface_that_is_down() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let down = Scene::on(&world, &lan).ip("link set eth0 down");
    names("interface_down", &["fault"], &down);
    let scene = Scene::at_home(&world, &lan);
    scene.host.card("eth1", &world.segment(), &["10.1.0.1/24"]);
    let other = scene.ip("link set eth1 down");
    is_free_of("interface_down", &other);
    // Who names it wants it.
    names("interface_down", &["fault"], &other.told("-i eth1"));
}

#[test]
fn a_cable_that_is_pulled() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let scene = Scene::on(&world, &lan);
    scene.host.pull("eth0");
    names("interface_down", &["fault"], &scene);
}

#[test]
fn nothing_but_the_loopback() {
    let Some(world) = World::new() else { return };
    names("loopback_only", &["fault", "warning"], &Scene::bare(&world));
    is_free_of("loopback_only", &Scene::at_home(&world, &world.segment()));
}

#[test]
fn a_port_that_is_not_shared() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    names(
        "port_taken",
        &["fault"],
        &Scene::on(&world, &lan).running("hold.py", &["alone", "50009"]),
    );
    let lan = world.segment();
    is_free_of("port_taken", &Scene::at_home(&world, &lan).running("hold.py", &["alone", "50010"]));
}

#[test]
fn a_firewall_that_drops_all_input() {
    let Some(world) = World::with_nft() else { return };
    let lan = world.segment();
    let deaf = Scene::at_home(&world, &lan).nft(&input("drop", "iif lo accept"));
    names("firewall_input", &["fault"], &deaf);
    let lan = world.segment();
    let twin = Scene::at_home(&world, &lan)
        .nft(&input("accept", "udp dport { 9, 50010 } drop\ntcp dport 22 drop"));
    is_free_of("firewall_input", &twin);
}

#[test]
fn a_firewall_that_drops_unrelated_unicast() {
    let Some(world) = World::with_nft() else { return };
    let lan = world.segment();
    let guarded = Scene::at_home(&world, &lan).nft(&input("drop", STATEFUL));
    names("firewall_unicast", &["fault"], &guarded);
    let lan = world.segment();
    let opened = format!("{STATEFUL}udp sport {{ 1900, 3702, 5353, 50008, 50009 }} accept");
    is_free_of("firewall_unicast", &Scene::at_home(&world, &lan).nft(&input("drop", &opened)));
}

#[test]
fn groups_that_are_pruned() {
    let Some(world) = World::with_nft() else { return };
    let pruned = Scene::at_home(&world, &world.segment())
        .switch_drops(&world, "ip daddr 224.0.1.0-239.255.255.255");
    names("groups_pruned", &["unsure", "fault", "warning"], &pruned);
    let Some(world) = World::with_nft() else { return };
    let twin = Scene::at_home(&world, &world.segment()).switch_drops(&world, "ip daddr 239.1.2.3");
    is_free_of("groups_pruned", &twin);
}

#[test]
fn the_reverse_path_filter() {
    let Some(world) = World::new() else { return };
    let two = |filter: &str| {
        let (first, second) = (world.segment(), world.segment());
        let mut scene = Scene::on(&world, &first);
        scene.host.card("eth1", &second, &["10.1.0.1/24"]);
        for place in ["all", "eth0", "eth1"] {
            scene = scene.set(&format!("ipv4/conf/{place}/rp_filter"), filter);
        }
        (scene, second)
    };
    let stray = |filter: &str, address: &str| {
        let (mut scene, second) = two(filter);
        let peer = world.host();
        peer.card("eth0", &second, &[&format!("{address}/24")]);
        let process = peer.peer("stray.py", &[address, "eth0"]);
        process.line_with("ready");
        scene.keep(peer, process);
        scene
    };
    names("reverse_path", &["warning", "fault"], &stray("1", "10.0.0.77"));
    is_free_of("reverse_path", &stray("1", "10.1.0.77"));
    is_free_of("reverse_path", &stray("2", "10.0.0.77"));
}

#[test]
fn a_limit_of_memberships() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let home = Scene::at_home(&world, &lan).set("ipv4/igmp_max_memberships", "0");
    names("membership_limit", &["fault"], &home);
    is_free_of("membership_limit", &home.set("ipv4/igmp_max_memberships", "4"));
}

#[test]
fn two_programs_on_the_port_of_multicast_dns() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let both = Scene::at_home(&world, &lan)
        .running("hold.py", &["shared", "5353"])
        .running("hold.py", &["shared", "5353"]);
    // Whose sockets they are only their owner sees, and root.
    names("port_shared", &["warning", "unsure"], &both);
    let lan = world.segment();
    let one = Scene::at_home(&world, &lan)
        .running("hold.py", &["shared", "5353", "5454"])
        .running("hold.py", &["shared", "5454"]);
    is_free_of("port_shared", &one);
}

#[test]
fn a_peer_that_announces_and_answers_nobody() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let deaf = Scene::at_home(&world, &lan).beside(&world, &lan, 4, "deaf");
    names("deaf_peer", &["warning"], &deaf);
    let lan = world.segment();
    is_free_of("deaf_peer", &Scene::at_home(&world, &lan).beside(&world, &lan, 4, "quiet"));
}

#[test]
fn a_bridge_of_a_container() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    names_among(
        "container_bridge",
        &["warning", "fault"],
        &["silence"],
        &Scene::on(&world, &lan).in_container(),
    );
    // The same marks on a card that is on the network itself.
    let lan = world.segment();
    let scene = Scene::bare(&world);
    scene.host.card("under0", &lan, &[]);
    let scene = scene
        .ip("link add eth0 link under0 type macvlan mode bridge")
        .ip("link set eth0 up")
        .ip("addr add 10.0.0.1/24 dev eth0")
        .ip("route add default dev eth0")
        .beside(&world, &lan, 2, "")
        .in_container();
    is_free_of("container_bridge", &scene);
}
