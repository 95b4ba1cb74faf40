//! Faults that show themselves by what others say.

use super::build::*;
use super::check;
use crate::facts::{Bridge, Device, Facts, Hook, Interface, Querier, Seen, Step};
use crate::finding::{Code, Level};
use crate::verdict::findings;

const DEAF: &[(Code, Level)] = &[(Code::DeafPeer, Level::Warning)];
const DROPPED: &[(Code, Level)] = &[(Code::FirewallUnicast, Level::Fault)];

fn heard(devices: Vec<Device>) -> Facts {
    Facts { signal: signal(devices), ..healthy() }
}

fn as_user(facts: Facts) -> Facts {
    Facts { firewall: unread(), ..facts }
}

#[test]
fn a_healthy_network_one_alone_and_ipv6_only_give_no_warning() {
    let six = vec![loopback(), interface("eth0", "fe80::1/64")];
    check(vec![
        ("three hosts", healthy(), &[]),
        ("as a user", as_user(healthy()), &[(Code::Rules, Level::Unsure)]),
        ("alone", alone(), &[(Code::Silence, Level::Unsure)]),
        (
            "IPv6 only, alone",
            Facts { interfaces: six, ..alone() },
            &[(Code::NoRoute, Level::Warning), (Code::Silence, Level::Unsure)],
        ),
    ]);
}

#[test]
fn answers_by_unicast_are_dropped() {
    let two = || {
        vec![by_group_alone(device("10.0.0.2", "mdns")), by_group_alone(device("10.0.0.3", "mdns"))]
    };
    let one = || vec![by_group_alone(device("10.0.0.2", "mdns"))];
    let tracked = |device: Device| Device { answered_by_unicast: 0, ..device };
    let two_tracked =
        || vec![tracked(device("10.0.0.2", "mdns")), tracked(device("10.0.0.3", "mdns"))];
    let with_ssdp = || [one(), vec![mute(device("10.0.0.3", "ssdp"))]].concat();
    let established = filter(Hook::Input, true, &[]);
    let answering = || [one(), vec![device("10.0.0.3", "mdns")]].concat();
    let unsure: &[(Code, Level)] = &[(Code::FirewallUnicast, Level::Unsure)];
    check(vec![
        ("two devices", heard(two()), DROPPED),
        (
            "two, as a user",
            as_user(heard(two())),
            &[(Code::FirewallUnicast, Level::Fault), (Code::Rules, Level::Unsure)],
        ),
        ("one, and a rule", Facts { firewall: established.clone(), ..heard(one()) }, DROPPED),
        ("one, and another that is mute in another dialect", heard(with_ssdp()), DROPPED),
        ("connection tracking", Facts { firewall: established, ..heard(two_tracked()) }, DROPPED),
        ("one, which may speak to groups alone", heard(one()), unsure),
        ("twin: another device answers by unicast", heard(answering()), &[]),
        (
            "twin: the rule is for another port",
            Facts { firewall: filter(Hook::Input, false, &["udp dport 9 drop"]), ..healthy() },
            &[],
        ),
        ("twin: asked once", asked_once(heard(two())), &[]),
    ]);
    let facts = Facts { firewall: filter(Hook::Input, true, &[]), ..heard(two_tracked()) };
    let said = findings(&facts);
    assert!(said[0].why.as_ref().unwrap().contains("connection tracking"), "{said:?}");
    let accept = "nft insert rule inet filter input ip saddr 10.0.0.1/24 udp sport '{ 1900, 3702, 5353 }' accept";
    assert_eq!(said[0].remedies[0], accept);
}

fn asked_once(mut facts: Facts) -> Facts {
    for asked in &mut facts.signal.asked {
        (asked.for_unicast, asked.for_group) = (1, 1);
    }
    facts
}

#[test]
fn peers_are_deaf() {
    let deaf = || mute(device("10.0.0.9", "mdns"));
    let ssdp = || mute(device("10.0.0.9", "ssdp"));
    let among = |deaf: Device| heard([healthy().signal.devices, vec![deaf]].concat());
    let dropping = || filter(Hook::Input, true, &[]);
    let unsure: &[(Code, Level)] = &[(Code::DeafPeer, Level::Unsure)];
    check(vec![
        ("among others", among(deaf()), DEAF),
        ("by SSDP, among others", among(ssdp()), DEAF),
        ("alone, and no rule drops", heard(vec![ssdp()]), DEAF),
        (
            "alone, as a user",
            as_user(heard(vec![ssdp()])),
            &[(Code::DeafPeer, Level::Unsure), (Code::Rules, Level::Unsure)],
        ),
        (
            "alone, and a rule that may drop",
            Facts { firewall: dropping(), ..heard(vec![ssdp()]) },
            unsure,
        ),
        (
            "two, and a rule that may drop",
            Facts { firewall: dropping(), ..heard(vec![ssdp(), mute(device("10.0.0.8", "wsd"))]) },
            DROPPED,
        ),
        ("twin: it asks, and announces nothing", among(Device { announced: 0, ..deaf() }), &[]),
        ("twin: it answers to the group", among(by_group_alone(device("10.0.0.9", "mdns"))), &[]),
        ("twin: it was asked once", among(Device { asked_directly: 1, ..deaf() }), &[]),
        (
            "twin: it answers late, and directly",
            among(Device { answered_directly: 1, ..deaf() }),
            &[],
        ),
    ]);
}

#[test]
fn routed_groups_are_pruned() {
    // A device that is known by multicast DNS answers a search that is put to it directly.
    let direct = || Device {
        to_group: 0,
        announced: 0,
        answered_by_unicast: 0,
        ..device("10.0.0.3", "ssdp")
    };
    let pruned = || {
        let mut facts =
            heard(vec![device("10.0.0.2", "mdns"), device("10.0.0.3", "mdns"), direct()]);
        facts.signal.groups[1] = group("239.255.255.250", 0, 0);
        facts
    };
    let listened = |listened_ms, mut facts: Facts| {
        facts.signal.listened_ms = listened_ms;
        facts
    };
    let querier = |mut facts: Facts| {
        let heard = vec![("eth0".into(), ip("10.0.0.254"))];
        facts.signal.querier = Seen::Is(Querier { heard });
        facts
    };
    let bridge = Some(Bridge { snooping: true, querier: false });
    let on_bridge = |facts: Facts| Facts {
        interfaces: vec![
            loopback(),
            Interface { bridge: bridge.clone(), ..interface("eth0", "10.0.0.1/24") },
        ],
        ..facts
    };
    let mut firewalled = pruned();
    for device in &mut firewalled.signal.devices {
        device.answered_by_unicast = 0;
    }
    let fault: &[(Code, Level)] = &[(Code::GroupsPruned, Level::Fault)];
    let unsure: &[(Code, Level)] = &[(Code::GroupsPruned, Level::Unsure)];
    check(vec![
        ("after 300 s", listened(300_000, pruned()), fault),
        ("in 8 s", pruned(), unsure),
        ("in 8 s, with a querier", querier(pruned()), fault),
        ("on our own bridge", on_bridge(pruned()), fault),
        (
            "a packet filter does it as well",
            listened(300_000, firewalled),
            &[(Code::FirewallUnicast, Level::Fault), (Code::GroupsPruned, Level::Unsure)],
        ),
        ("twin: our own bridge, and all is heard", on_bridge(healthy()), &[]),
        (
            "twin: nobody speaks on routed groups",
            listened(300_000, {
                let mut facts = heard(vec![device("10.0.0.2", "mdns")]);
                facts.signal.groups[1] = group("239.255.255.250", 0, 0);
                facts
            }),
            &[],
        ),
    ]);
    let said = findings(&on_bridge(pruned()));
    assert_eq!(said[0].remedies[0], "ip link set eth0 type bridge mcast_querier 1");
}

#[test]
fn answers_are_lost() {
    let answers = |answered_directly| Device {
        asked_directly: 40,
        answered_directly,
        ..device("10.0.0.2", "mdns")
    };
    let loss: &[(Code, Level)] = &[(Code::Loss, Level::Warning)];
    let dropped = |dropped| {
        let mut facts = healthy();
        facts.signal.dropped = dropped;
        facts
    };
    check(vec![
        ("30 of 40", heard(vec![answers(30)]), loss),
        ("twin: 38 of 40", heard(vec![answers(38)]), &[]),
        ("half is dropped here", dropped(12), loss),
        ("twin: one was", dropped(1), &[]),
    ]);
}

#[test]
fn a_firewall_hides_what_a_silent_link_would_mean() {
    let lost = Facts { echoes: vec![echo("eth0", Step::NotHeard)], ..alone() };
    check(vec![("no silence", lost, &[(Code::FirewallInput, Level::Fault)])]);
}
