//! Faults of this machine: interfaces, routes, ports, its packet filter, its limits.

use super::build::*;
use super::check;
use crate::facts::{
    Binding, Container, Counters, Facts, Hook, Host, Interface, Routes, Seen, Step,
};
use crate::finding::{Code, Level};
use crate::verdict::findings;

fn alone_with(interfaces: Vec<Interface>) -> Facts {
    let echoes = Vec::new();
    Facts { interfaces, echoes, ..alone() }
}

fn down(name: &str) -> Interface {
    let down = Interface { up: false, carrier: false, ..interface(name, "10.9.0.1/24") };
    unused(down, "is down or has no carrier")
}

#[test]
fn interfaces_that_can_not_be_used() {
    let lo_used = || Interface { used: true, ..loopback() };
    let tunnel = Interface { point_to_point: true, ..interface("tun0", "10.8.0.2/32") };
    check(vec![
        (
            "down",
            alone_with(vec![loopback(), down("eth0")]),
            &[(Code::InterfaceDown, Level::Fault)],
        ),
        (
            "down, and the loopback in its place",
            Facts {
                echoes: vec![echo("lo", Step::Heard)],
                ..alone_with(vec![lo_used(), down("eth0")])
            },
            &[(Code::InterfaceDown, Level::Fault)],
        ),
        (
            "a tunnel alone",
            alone_with(vec![lo_used(), unused(tunnel, "is a link to one peer: name it to use it")]),
            &[(Code::InterfaceDown, Level::Fault)],
        ),
        ("loopback only", alone_with(vec![lo_used()]), &[(Code::LoopbackOnly, Level::Fault)]),
        (
            "twin: a second card is down",
            Facts { interfaces: [healthy().interfaces, vec![down("eth1")]].concat(), ..healthy() },
            &[],
        ),
        (
            "twin: the loopback was asked for",
            Facts { chosen: true, ..alone_with(vec![lo_used()]) },
            &[],
        ),
    ]);
    let said = findings(&alone_with(vec![loopback(), down("eth0")]));
    assert_eq!(said[0].remedies, ["ip link set eth0 up"]);
    let user = Facts { host: Host::default(), ..alone_with(vec![loopback(), down("a;id")]) };
    assert_eq!(findings(&user)[0].remedies, ["sudo ip link set 'a;id' up"]);
}

#[test]
fn routes_that_are_missing() {
    let none = Routes { ipv4: Seen::Is(None), ipv6: Seen::Is(None) };
    let ipv6 = vec![loopback(), interface("eth0", "fe80::1/64")];
    let ipv6_route = Routes { ipv6: Seen::Is(Some("eth0".into())), ..none.clone() };
    check(vec![
        (
            "no route",
            Facts { routes: none.clone(), ..healthy() },
            &[(Code::NoRoute, Level::Warning)],
        ),
        (
            "no route of IPv6",
            Facts { interfaces: ipv6.clone(), routes: none, ..healthy() },
            &[(Code::NoRoute, Level::Warning)],
        ),
        ("twin: IPv6 only", Facts { interfaces: ipv6, routes: ipv6_route, ..healthy() }, &[]),
        ("twin: not seen", Facts { routes: Routes::default(), ..healthy() }, &[]),
    ]);
    let said = findings(&Facts {
        routes: Routes { ipv4: Seen::Is(None), ..Routes::default() },
        ..healthy()
    });
    assert_eq!(said[0].remedies, ["ip route add 224.0.0.0/4 dev eth0"]);
}

#[test]
fn ports_that_are_taken_or_shared() {
    let with = |ports| Facts { ports, ..healthy() };
    let avahi = || holder("0.0.0.0", Some(812), 105);
    let mdns = |holders| with(vec![port(5353, Binding::Shared, holders)]);
    let six = |binding| crate::facts::Port { ipv6: true, ..port(50009, binding, Vec::new()) };
    check(vec![
        (
            "our port",
            with(vec![port(50009, Binding::Taken, vec![avahi()])]),
            &[(Code::PortTaken, Level::Fault)],
        ),
        (
            "another's port",
            with(vec![port(1900, Binding::Taken, Vec::new())]),
            &[(Code::PortTaken, Level::Warning)],
        ),
        ("twin: shared", with(vec![port(50009, Binding::Shared, vec![avahi()])]), &[]),
        ("twin: of a family that is not used", with(vec![six(Binding::Taken)]), &[]),
        (
            "twin: refused where the family is not used",
            with(vec![six(Binding::Refused("no such family".into()))]),
            &[],
        ),
        (
            "two at 5353",
            mdns(vec![avahi(), holder("0.0.0.0", Some(900), 1000)]),
            &[(Code::PortShared, Level::Warning)],
        ),
        (
            "two at 5353, one unseen",
            mdns(vec![holder("0.0.0.0", None, 105), holder("0.0.0.0", Some(900), 1000)]),
            &[(Code::PortShared, Level::Warning)],
        ),
        (
            "two sockets of a user at 5353, unseen",
            mdns(vec![holder("0.0.0.0", None, 0), holder("0.0.0.0", None, 0)]),
            &[(Code::PortShared, Level::Unsure)],
        ),
        ("twin: one program, two sockets", mdns(vec![avahi(), avahi()]), &[]),
        (
            "twin: the second hears the group alone",
            mdns(vec![avahi(), holder("224.0.0.251", Some(900), 1000)]),
            &[],
        ),
        (
            "twin: two addresses",
            mdns(vec![holder("10.0.0.1", Some(1), 1), holder("10.0.0.9", Some(2), 1)]),
            &[],
        ),
        (
            "twin: the second is on the loopback",
            mdns(vec![avahi(), holder("127.0.0.53", Some(900), 101)]),
            &[],
        ),
    ]);
}

#[test]
fn our_own_datagrams_are_lost() {
    let lost = || Facts { echoes: vec![echo("eth0", Step::NotHeard)], ..alone() };
    let input: &[(Code, Level)] = &[(Code::FirewallInput, Level::Fault)];
    let all = filter(Hook::Input, true, &[]);
    check(vec![
        ("all is dropped", Facts { firewall: all.clone(), ..lost() }, input),
        (
            "as a user",
            Facts { firewall: unread(), ..lost() },
            &[(Code::FirewallInput, Level::Fault), (Code::Rules, Level::Unsure)],
        ),
        ("and no rule says so", lost(), input),
        (
            "twin: another port",
            Facts { firewall: filter(Hook::Input, false, &["udp dport 9 drop"]), ..healthy() },
            &[],
        ),
        (
            "twin: the same policy, and what is needed accepted",
            Facts { firewall: all.clone(), ..healthy() },
            &[],
        ),
        (
            "nothing may leave",
            Facts { echoes: vec![refused(Step::NotSent, 1)], ..alone() },
            &[(Code::FirewallOutput, Level::Fault)],
        ),
        (
            "twin: nowhere to send over IPv6 by the loopback",
            Facts {
                echoes: vec![crate::facts::Echo {
                    interface: "lo".into(),
                    group: "[ff12::1%1]:5".parse().unwrap(),
                    ..refused(Step::NotSent, 101)
                }],
                ..healthy()
            },
            &[],
        ),
        (
            "the kernel does not send",
            Facts { echoes: vec![refused(Step::NotSent, 101)], ..alone() },
            &[(Code::Echoes, Level::Fault)],
        ),
    ]);
    let said = findings(&Facts { firewall: all, ..lost() });
    assert!(said[0].why.as_ref().unwrap().contains("nftables inet filter chain input"), "{said:?}");
    let accept = "nft insert rule inet filter input meta l4proto udp ip daddr 224.0.0.0/4 accept";
    assert_eq!(said[0].remedies, [accept]);
}

#[test]
fn memberships() {
    check(vec![
        (
            "limit",
            Facts { echoes: vec![refused(Step::NotJoined, 105)], ..alone() },
            &[(Code::MembershipLimit, Level::Fault)],
        ),
        (
            "refused",
            Facts { echoes: vec![refused(Step::NotJoined, 19)], ..alone() },
            &[(Code::MembershipMissing, Level::Fault)],
        ),
        (
            "not listed",
            Facts { echoes: vec![echo("eth0", Step::NotListed)], ..alone() },
            &[(Code::MembershipMissing, Level::Fault)],
        ),
    ]);
}

#[test]
fn the_reverse_path_filter() {
    let counters = Seen::Is(Counters { reverse_path_filter: 7, ..Counters::default() });
    let strict = |name| Interface { rp_filter: Some(1), ..interface(name, "10.1.0.1/24") };
    let both = |eth1: Interface| [healthy().interfaces, vec![eth1]].concat();
    let with = |interfaces| Facts { interfaces, counters: counters.clone(), ..healthy() };
    check(vec![
        (
            "nothing is heard where it is strict",
            with(both(strict("eth1"))),
            &[(Code::ReversePath, Level::Fault)],
        ),
        (
            "others are heard there",
            with(vec![loopback(), strict("eth0")]),
            &[(Code::ReversePath, Level::Warning)],
        ),
        (
            "it may have been either",
            with(vec![loopback(), strict("eth0"), strict("eth1")]),
            &[(Code::ReversePath, Level::Warning)],
        ),
        ("twin: loose", with(both(Interface { rp_filter: Some(2), ..strict("eth1") })), &[]),
        ("twin: not used", with(both(unused(strict("docker0"), "joins containers"))), &[]),
        (
            "twin: strict, and nothing dropped",
            Facts { interfaces: both(strict("eth1")), ..healthy() },
            &[],
        ),
    ]);
    let said = findings(&with(both(strict("eth1.5"))));
    assert_eq!(said[0].remedies, ["sysctl -w net/ipv4/conf/eth1.5/rp_filter=2"]);
}

#[test]
fn containers() {
    let kind = |kind: &str| Some(Container { kind: kind.into(), evidence: "/.dockerenv".into() });
    let eth0 = |link: Option<&str>| {
        let kind = link.map(str::to_owned);
        vec![loopback(), Interface { kind, ..interface("eth0", "172.17.0.2/16") }]
    };
    let inside = |container, link, facts: Facts| Facts {
        host: Host { container, ..facts.host },
        interfaces: eth0(link),
        ..facts
    };
    let wsl = Host { wsl: Some("microsoft-standard-WSL2".into()), ..Host::default() };
    let bridge: &[(Code, Level)] = &[(Code::ContainerBridge, Level::Fault)];
    let warning: &[(Code, Level)] = &[(Code::ContainerBridge, Level::Warning)];
    check(vec![
        ("docker", inside(kind("docker"), Some("veth"), alone()), bridge),
        (
            "docker, and nothing comes back",
            Facts { echoes: Vec::new(), ..inside(kind("docker"), Some("veth"), alone()) },
            &[(Code::ContainerBridge, Level::Unsure)],
        ),
        ("docker with others", inside(kind("docker"), Some("veth"), healthy()), warning),
        (
            "lxc",
            inside(kind("lxc"), Some("veth"), alone()),
            &[(Code::ContainerBridge, Level::Unsure), (Code::Silence, Level::Unsure)],
        ),
        ("twin: lxc with others", inside(kind("lxc"), Some("veth"), healthy()), &[]),
        ("twin: macvlan", inside(kind("docker"), Some("macvlan"), healthy()), &[]),
        ("twin: host network", inside(kind("docker"), None, healthy()), &[]),
        ("twin: no container", inside(None, Some("veth"), healthy()), &[]),
        ("wsl", Facts { host: wsl.clone(), ..alone() }, &[(Code::ContainerBridge, Level::Warning)]),
        ("twin: wsl, mirrored", Facts { host: wsl, ..healthy() }, &[]),
    ]);
}
