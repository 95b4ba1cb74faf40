//! Which interfaces there are, and what is on their links.

use mcast_tests::netns::World;

use crate::inside;

#[test]
fn addresses_and_routes_are_listed_as_they_can_be_used() {
    let Some(world) = World::new() else { return };
    let lan = world.segment();
    let host = world.host();
    host.set("ipv6/conf/default/dad_transmits", "1000");
    host.card("eth0", &lan, &["10.0.0.1/24", "2001:db8::1/64"]);
    host.ip("addr add 10.1.0.1 peer 10.1.0.2 dev eth0");
    host.ip("addr add 2001:db8:1::1/64 dev eth0 preferred_lft 0 nodad");
    // Whether it is another's too, nobody knows yet.
    host.ip("addr add 2001:db8:2::1/64 dev eth0");
    host.ip("route add 10.9.0.0/16 dev eth0");
    host.ip("route add 10.8.0.0/16 via 10.0.0.9");
    host.ip("route add default dev eth0");
    host.ip("route add 2001:db8:9::/64 dev eth0");
    host.ip("route add 2001:db8:8::/64 via 2001:db8::9");
    host.ip("route add 10.7.0.0/16 dev eth0 table 7");
    let finished = inside(&host, "listing::list").wait();
    let lines: Vec<_> = finished.stdout.lines().filter_map(|l| l.strip_prefix("> ")).collect();
    let expected = [
        "lo: up loopback",
        "lo: 127.0.0.1/8",
        "lo: ::1/128",
        "eth0: up multicast",
        "eth0: 10.0.0.1/24",
        "eth0: 10.1.0.1/32 peer 10.1.0.2",
        "eth0: 2001:db8:1::1/64 deprecated",
        "eth0: 2001:db8::1/64",
        "eth0: route 10.0.0.0/24",
        "eth0: route 10.1.0.2/32",
        "eth0: route 10.9.0.0/16",
        "eth0: route 2001:db8::/64",
        "eth0: route 2001:db8:1::/64",
        "eth0: route 2001:db8:2::/64",
        "eth0: route 2001:db8:9::/64",
    ];
    assert_eq!(lines, expected, "{finished:?}");
}

#[test]
#[ignore = "the second half of another test"]
fn list() {
    for interface in mcast_net::interfaces().unwrap() {
        let name = &interface.name;
        let flags = [
            (interface.up, " up"),
            (interface.multicast, " multicast"),
            (interface.loopback, " loopback"),
            (interface.point_to_point, " point-to-point"),
        ];
        let flags: String = flags.iter().filter(|(is_set, _)| *is_set).map(|flag| flag.1).collect();
        println!("\n> {name}:{flags}");
        for network in &interface.addresses {
            let peer = network.peer.map_or(String::new(), |peer| format!(" peer {peer}"));
            let deprecated = if network.deprecated { " deprecated" } else { "" };
            println!("> {name}: {}/{}{peer}{deprecated}", network.address, network.prefix_len);
        }
        for route in &interface.routes {
            println!("> {name}: route {}/{}", route.address, route.len);
        }
    }
}
