//! What is gathered in hosts that are network namespaces.
//!
//! A test's second half runs in a host of the world that the first half makes: this program is started
//! there again, with the name of an ignored test, and prints what it gathered as JSON.
#![cfg(target_os = "linux")]

use std::net::IpAddr;
use std::process::Command;

use mcast_doctor::Facts;
use mcast_doctor::facts::{Binding, Bridge, Hook, Interface, Port, Seen};
use mcast_doctor::gather::{self, counters::Snapshot};
use mcast_net::Settings;
use mcast_tests::netns::{Host, Process, World};

/// Gathers in a host; `before` are the words of a program that starts the gathering.
fn gathered(host: &Host<'_>, before: &[&str]) -> Facts {
    let program = std::env::current_exe().expect("a test knows where it is");
    let program = program.to_str().expect("a path in UTF-8");
    let words = ["gather", "--exact", "--ignored", "--nocapture", "--test-threads=1"];
    let all: Vec<&str> = before.iter().copied().chain([program]).chain(words).collect();
    let finished = host.run(all[0], &all[1..]);
    let facts = finished.stdout.lines().find_map(|line| line.strip_prefix("> "));
    let facts = facts.unwrap_or_else(|| panic!("{finished:?}"));
    serde_json::from_str(facts).expect("facts")
}

#[test]
#[ignore = "the second half of another test"]
fn gather() {
    let before = Snapshot::take();
    let mut facts = gather::local(&Settings::default()).expect("facts");
    facts.counters = before.since();
    println!("\n> {}", serde_json::to_string(&facts).expect("JSON"));
}

/// Starts a program that holds a port, with or without sharing it, and waits until it does.
fn hold(host: &Host<'_>, port: u16, is_shared: bool) -> Process {
    let process = host.python([
        "-c",
        "import socket, sys, time\n\
         s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(sys.argv[2]))\n\
         s.bind(('0.0.0.0', int(sys.argv[1])))\n\
         print('held')\n\
         time.sleep(60)",
        &port.to_string(),
        if is_shared { "1" } else { "0" },
    ]);
    assert_eq!(process.line(), "held");
    process
}

fn interface<'a>(facts: &'a Facts, name: &str) -> &'a Interface {
    let found = facts.interfaces.iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {facts:?}"))
}

fn port(facts: &Facts, port: u16, ipv6: bool) -> &Port {
    let found = facts.ports.iter().find(|it| (it.port, it.ipv6) == (port, ipv6));
    found.unwrap_or_else(|| panic!("no {port} in {facts:?}"))
}

#[test]
fn what_a_host_is_made_of_is_gathered() {
    let Some(world) = World::with_nft() else { return };
    let lan = world.segment();
    let (host, other) = (world.host(), world.host());
    host.card("eth0", &lan, &["10.0.0.1/24", "2001:db8::1/64"]);
    host.card("eth1", &lan, &[]);
    host.card("eth2", &lan, &["10.2.0.1/24"]);
    other.card("eth0", &lan, &["10.0.0.2/24"]);
    host.pull("eth2");
    host.ip("link add br-lan type bridge mcast_snooping 1 mcast_querier 1");
    host.ip("link set eth1 master br-lan mtu 1400");
    host.ip("route add 224.0.0.0/4 dev eth0");
    host.set("ipv4/igmp_max_memberships", "7");
    host.set("ipv4/conf/all/rp_filter", "0");
    host.set("ipv4/conf/eth0/rp_filter", "2");
    let alone = hold(&host, 50008, false);
    let sharing = hold(&host, 5353, true);
    // To be refused takes an answer, and so the neighbour's hardware address.
    let connect = "import socket; socket.socket().connect_ex(('10.0.0.2', 9))";
    assert_eq!(host.python(["-c", connect]).wait().code, Some(0));
    host.nft(
        "table inet filter {\n\
         chain input { type filter hook input priority 0; policy drop\n\
         jump deeper\n tcp dport 22 accept\n }\n\
         chain deeper { udp sport 1900 drop\n }\n }",
    );
    let facts = gathered(&host, &[]);
    assert!(facts.host.root && !facts.chosen, "{facts:?}");

    let eth0 = interface(&facts, "eth0");
    assert_eq!((eth0.kind.as_deref(), eth0.mtu), (Some("veth"), 1500));
    assert!(eth0.up && eth0.carrier && eth0.multicast && !eth0.loopback && !eth0.wireless);
    assert_eq!(eth0.addresses, ["10.0.0.1/24", "2001:db8::1/64"]);
    assert_eq!((eth0.used, eth0.why.as_str()), (true, "is up and can multicast"));
    assert_eq!(eth0.rp_filter, Some(2));
    let all_hosts: [IpAddr; 2] = ["224.0.0.1".parse().unwrap(), "ff02::1".parse().unwrap()];
    let groups = eth0.groups.known().expect("groups");
    assert!(all_hosts.iter().all(|group| groups.contains(group)), "{groups:?}");
    assert_eq!(eth0.neighbours, Seen::Is(1));
    let eth1 = interface(&facts, "eth1");
    assert_eq!((eth1.master.as_deref(), eth1.mtu, eth1.used), (Some("br-lan"), 1400, false));
    let eth2 = interface(&facts, "eth2");
    assert!(eth2.up && !eth2.carrier && !eth2.used, "{eth2:?}");
    assert_eq!(eth2.why, "is down or has no carrier");
    let bridge = interface(&facts, "br-lan");
    assert_eq!(bridge.bridge, Some(Bridge { snooping: true, querier: true }));
    assert!(!bridge.up && bridge.kind.as_deref() == Some("bridge"));
    assert_eq!(interface(&facts, "lo").why, "is the loopback, and there are others");

    assert_eq!(facts.routes.ipv4, Seen::Is(Some("eth0".into())));
    assert!(matches!(facts.routes.ipv6, Seen::Is(Some(_))), "{:?}", facts.routes);
    assert_eq!(facts.limits.igmp_max_memberships, Some(7));
    assert!(facts.limits.igmp_max_msf.is_some());

    let taken = port(&facts, 50008, false);
    assert_eq!((&taken.binding, taken.holders.len()), (&Binding::Taken, 1));
    assert_eq!(taken.holders[0].address, "0.0.0.0");
    assert_eq!(taken.holders[0].pid, Some(alone.id()));
    assert!(taken.holders[0].program.as_ref().is_some_and(|name| name.starts_with("python")));
    let shared = port(&facts, 5353, false);
    assert_eq!((&shared.binding, shared.holders.len()), (&Binding::Shared, 1));
    assert_eq!(shared.holders[0].pid, Some(sharing.id()));
    for free in [1900, 3702, 50009] {
        for ipv6 in [false, true] {
            let free = port(&facts, free, ipv6);
            assert_eq!((&free.binding, free.holders.len()), (&Binding::Shared, 0), "{free:?}");
        }
    }

    let chains = &facts.firewall.known().expect("rules").chains;
    assert_eq!((chains.len(), chains[0].hook), (1, Hook::Input));
    assert!(chains[0].drops_by_default && chains[0].accepts.is_empty());
    assert_eq!(chains[0].drops, ["jump deeper: udp sport 1900 drop"]);
    assert!(facts.counters.known().is_some());
}

#[test]
fn a_host_with_nothing_says_so() {
    let Some(world) = World::with_nft() else { return };
    let host = world.host();
    let facts = gathered(&host, &[]);
    assert_eq!(facts.routes.ipv4, Seen::Is(None));
    assert_eq!(facts.routes.ipv6, Seen::Is(None));
    let lo = interface(&facts, "lo");
    assert_eq!((facts.interfaces.len(), lo.used, lo.loopback), (1, true, true));
    assert_eq!(lo.neighbours, Seen::Is(0));
    assert_eq!(facts.firewall.known().expect("rules").chains, []);
    // A route that forbids is none.
    host.ip("route add unreachable 224.0.0.0/4");
    assert_eq!(gathered(&host, &[]).routes.ipv4, Seen::Is(None));
}

#[test]
fn an_ordinary_user_is_told_what_root_would_see() {
    let Some(world) = World::with_nft() else { return };
    // In a user namespace of its own a program has no rights over the network that it came with.
    let may = Command::new("unshare").args(["--user", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        return mcast_tests::skip("can't make a user namespace");
    }
    let host = world.host();
    let _held = hold(&host, 50008, false);
    let facts = gathered(&host, &["unshare", "--user"]);
    assert!(!facts.host.root);
    let Seen::Not(why) = &facts.firewall else { panic!("{:?}", facts.firewall) };
    assert!(why.contains("root"), "{why}");
    let taken = port(&facts, 50008, false);
    assert_eq!((&taken.binding, taken.holders.len()), (&Binding::Taken, 1));
    assert_eq!((taken.holders[0].pid, &taken.holders[0].program), (None, &None));
}
