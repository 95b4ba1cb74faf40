//! Facts of a healthy machine, and changes to them.

use std::net::{IpAddr, SocketAddr};

use crate::facts::{
    Asked, Binding, Chain, Counters, Device, Echo, Exchange, Facts, Firewall, GroupHeard, Holder,
    Hook, Host, Interface, Limits, Partner, Port, Reach, Reader, Routes, Seen, Signal, Step, Way,
};

pub(super) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn interface(name: &str, address: &str) -> Interface {
    Interface {
        index: 2,
        name: name.into(),
        up: true,
        carrier: true,
        multicast: true,
        mtu: 1500,
        addresses: vec![address.into()],
        used: true,
        why: "is up and can multicast".into(),
        groups: Seen::Is(vec![ip("224.0.0.1"), ip("224.1.1.1")]),
        rp_filter: Some(0),
        neighbours: Seen::Is(3),
        ..Interface::default()
    }
}

pub(super) fn loopback() -> Interface {
    Interface {
        index: 1,
        loopback: true,
        multicast: false,
        used: false,
        why: "is the loopback, and there are others".into(),
        neighbours: Seen::Is(0),
        ..interface("lo", "127.0.0.1/8")
    }
}

pub(super) fn unused(interface: Interface, why: &str) -> Interface {
    Interface { used: false, why: why.into(), ..interface }
}

pub(super) fn echo(interface: &str, step: Step) -> Echo {
    let heard = if step == Step::Heard { 3 } else { 0 };
    let group: SocketAddr = "239.1.2.3:50123".parse().unwrap();
    let rtt_ms = (heard > 0).then_some(0.1);
    Echo { interface: interface.into(), group, step, error: None, sent: 3, heard, rtt_ms }
}

pub(super) fn refused(step: Step, number: i32) -> Echo {
    Echo { sent: 0, error: Some(("the kernel's words".into(), Some(number))), ..echo("eth0", step) }
}

pub(super) fn port(port: u16, binding: Binding, holders: Vec<Holder>) -> Port {
    Port { port, ipv6: false, binding, holders }
}

pub(super) fn holder(address: &str, pid: Option<u32>, user: u32) -> Holder {
    let program = pid.map(|pid| format!("program-{pid}"));
    Holder { address: address.into(), pid, program, user: Some(user) }
}

pub(super) fn device(address: &str, dialect: &str) -> Device {
    Device {
        interface: "eth0".into(),
        address: ip(address),
        dialect: dialect.into(),
        to_group: 4,
        announced: 4,
        answered_to_group: if dialect == "mdns" { 3 } else { 0 },
        answered_by_unicast: 3,
        asked_directly: 3,
        answered_directly: 3,
    }
}

/// What it said, but no answer.
pub(super) fn mute(device: Device) -> Device {
    Device { answered_to_group: 0, answered_by_unicast: 0, answered_directly: 0, ..device }
}

/// What it said to the group alone.
pub(super) fn by_group_alone(device: Device) -> Device {
    Device { answered_by_unicast: 0, answered_directly: 0, ..device }
}

pub(super) fn asked(dialect: &str, group: &str) -> Asked {
    Asked {
        interface: "eth0".into(),
        dialect: dialect.into(),
        group: group.parse().unwrap(),
        for_unicast: 4,
        for_group: if dialect == "mdns" { 4 } else { 0 },
        refused: 0,
    }
}

pub(super) fn group(group: &str, datagrams: u64, hosts: u32) -> GroupHeard {
    let last_ms = (datagrams > 0).then_some(900);
    GroupHeard { interface: "eth0".into(), group: ip(group), datagrams, hosts, last_ms }
}

pub(super) fn signal(devices: Vec<Device>) -> Signal {
    let of = |dialect: &str| devices.iter().filter(|it| it.dialect == dialect).count() as u32;
    let (mdns, ssdp) = (of("mdns"), of("ssdp"));
    Signal {
        listened_ms: 8000,
        asked: vec![
            asked("mdns", "224.0.0.251:5353"),
            asked("ssdp", "239.255.255.250:1900"),
            asked("wsd", "239.255.255.250:3702"),
        ],
        groups: vec![
            group("224.0.0.251", u64::from(mdns) * 4, mdns),
            group("239.255.255.250", u64::from(ssdp) * 4, ssdp),
        ],
        devices,
        querier: Seen::Not("only root hears IGMP".into()),
        ..Signal::default()
    }
}

pub(super) fn healthy() -> Facts {
    Facts {
        host: Host { root: true, ..Host::default() },
        interfaces: vec![loopback(), interface("eth0", "10.0.0.1/24")],
        chosen: false,
        routes: Routes { ipv4: Seen::Is(Some("eth0".into())), ipv6: Seen::Is(None) },
        limits: Limits {
            igmp_max_memberships: Some(20),
            igmp_max_msf: Some(10),
            rmem_max: Some(4 << 20),
        },
        ports: [50008, 50009, 5353, 1900, 3702]
            .map(|it| port(it, Binding::Shared, Vec::new()))
            .to_vec(),
        firewall: Seen::Is(Firewall::default()),
        counters: Seen::Is(Counters { in_multicast: 40, out_multicast: 20, ..Counters::default() }),
        echoes: vec![echo("eth0", Step::Heard)],
        signal: signal(vec![
            device("10.0.0.2", "mdns"),
            device("10.0.0.3", "mdns"),
            device("10.0.0.3", "ssdp"),
        ]),
        partner: None,
    }
}

/// A machine on whose link nobody else is.
pub(super) fn alone() -> Facts {
    let eth0 = Interface { neighbours: Seen::Is(0), ..interface("eth0", "10.0.0.1/24") };
    let interfaces = vec![loopback(), eth0];
    Facts { interfaces, signal: signal(Vec::new()), ..healthy() }
}

pub(super) fn filter(hook: Hook, drops_by_default: bool, drops: &[&str]) -> Seen<Firewall> {
    let chain = Chain {
        table: "inet filter".into(),
        name: "input".into(),
        hook,
        drops_by_default,
        drops: drops.iter().map(|it| (*it).to_owned()).collect(),
        accepts: Vec::new(),
    };
    Seen::Is(Firewall { reader: Reader::Nft, chains: vec![chain] })
}

pub(super) fn unread() -> Seen<Firewall> {
    Seen::Not("nft: Operation not permitted".into())
}

pub(super) fn partner(answered: [u32; 4]) -> Partner {
    use Way::{GroupThenGroup, GroupThenUnicast, LinkThenLink, LinkThenUnicast};
    let ways = [GroupThenUnicast, GroupThenGroup, LinkThenUnicast, LinkThenLink];
    let exchange = |(way, answered)| Exchange { way, asked: 5, answered, rtt_ms: None };
    Partner {
        name: "10.0.0.2".into(),
        address: Some(ip("10.0.0.2")),
        interface: Some("eth0".into()),
        on_link: true,
        reach: Reach {
            ping: Seen::Is((3, 3)),
            neighbour: Seen::Is(true),
            refused_port: Seen::Is(true),
        },
        responder: answered.iter().any(|it| *it > 0).then(|| "service".into()),
        exchanges: ways.into_iter().zip(answered).map(exchange).collect(),
        tried_ms: 5000,
        ..Partner::default()
    }
}

pub(super) fn with(partner: Partner) -> Facts {
    Facts { partner: Some(partner), ..healthy() }
}
