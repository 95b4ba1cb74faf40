//! Whether routed groups are pruned where link-local ones are flooded: a switch that snoops IGMP (RFC 4541).

use std::time::Duration;

use super::view::{self, ENOUGH, is_flooded, sum};
use super::words::{as_root, count, list, shell_word};
use crate::facts::{Device, Facts, GroupHeard, Interface};
use crate::finding::{Code, Finding, Level};

/// A querier asks every 125 s, and a switch forgets a member after 260 s (RFC 3376 sections 8.2 and 8.4).
/// Whoever has listened for so long has heard one, if there is one.
const LONG_ENOUGH: Duration = Duration::from_secs(300);
/// By then a querier that is there has asked.
const QUERY: Duration = Duration::from_secs(130);

/// Routed groups do not come through, while link-local ones do.
pub(super) fn pruned(facts: &Facts) -> Vec<Finding> {
    view::used(facts).filter_map(|interface| judge(facts, interface)).collect()
}

fn judge(facts: &Facts, interface: &Interface) -> Option<Finding> {
    let name = interface.name.as_str();
    let devices = view::devices(facts, name);
    let routed = |it: &&&Device| it.address.is_ipv4() && is_on_routed_group(it);
    let routed: Vec<&Device> = devices.iter().filter(routed).copied().collect();
    let asked = ["ssdp", "wsd"]
        .map(|dialect| view::asked_for_unicast(facts, name, dialect))
        .into_iter()
        .fold(0, u32::saturating_add);
    let (to_routed, _) = heard(facts, name, false);
    let (to_flooded, hosts) = heard(facts, name, true);
    let directly = sum(&routed, |it| it.answered_directly);
    let is_suspected = to_flooded > 0
        && hosts > 0
        && to_routed == 0
        && directly > 0
        && asked >= ENOUGH
        && sum(&routed, |it| it.answered_by_unicast) == 0
        && view::lost_echoes(facts, name).next().is_none();
    if !is_suspected {
        return None;
    }
    let listened = Duration::from_millis(facts.signal.listened_ms);
    let (querier, is_bridge) = (querier(facts, name, listened), bridge(facts, interface));
    let evidence = format!(
        "link-local groups: {}, routed groups: 0 in {} s; asked by the group {}: 0 answers, asked directly {}: \
         {directly} answers; {}",
        count(hosts, "host"),
        listened.as_secs(),
        count(asked.into(), "time"),
        count(sum(&routed, |it| it.asked_directly).into(), "time"),
        querier.told(),
    );
    // A question to a flooded group that was answered by unicast shows that no packet filter is at work.
    let is_let_in = devices.iter().any(|it| !is_on_routed_group(it) && it.answered_by_unicast > 0);
    let is_certain = is_let_in
        && (listened >= LONG_ENOUGH || matches!(querier, Querier::Heard(_)) || is_bridge.is_some());
    if !is_certain {
        let what = "link-local groups come through, and routed ones have not yet";
        let finding = Finding::new(Code::GroupsPruned, Level::Unsure, what, evidence).on(name);
        return Some(finding.decided_by(match is_let_in {
            true => "mcast doctor --for 5m, since devices announce themselves seldom and a switch forgets slowly",
            false => "mcast doctor --with HOST: a packet filter may drop the answers as well",
        }));
    }
    let what = "only link-local groups come through, routed ones are pruned";
    let finding = Finding::new(Code::GroupsPruned, Level::Fault, what, evidence).on(name);
    let cause = match &querier {
        Querier::None => {
            "the switch or the access point snoops IGMP, and no querier asks for members"
        }
        Querier::Heard(_) => {
            "the switch or the access point snoops IGMP, and does not know all members"
        }
        Querier::Unknown => {
            "a switch or an access point sends routed groups only where it knows members"
        }
    };
    Some(match is_bridge {
        Some(bridge) => finding
            .why(format!(
                "the bridge {bridge} of this machine snoops IGMP and asks for no members itself"
            ))
            .remedy(querier_on(facts, bridge))
            .remedy(snooping_off(facts, bridge)),
        None => finding
            .why(cause)
            .remedy("turn on an IGMP querier on that switch, or turn its snooping off"),
    })
}

/// What asks for members on a bridge of this machine.
pub(super) fn querier_on(facts: &Facts, bridge: &str) -> String {
    let bridge = shell_word(bridge);
    as_root(&facts.host, &format!("ip link set {bridge} type bridge mcast_querier 1"))
}

fn snooping_off(facts: &Facts, bridge: &str) -> String {
    let bridge = shell_word(bridge);
    as_root(&facts.host, &format!("ip link set {bridge} type bridge mcast_snooping 0"))
}

/// The bridge of ours, this interface or what it is a port of, that prunes and asks nobody.
pub(super) fn bridge<'a>(facts: &'a Facts, interface: &'a Interface) -> Option<&'a str> {
    let master = interface.master.as_ref().and_then(|name| view::named(facts, name));
    [Some(interface), master].into_iter().flatten().find_map(|it| {
        let bridge = it.bridge.as_ref()?;
        (bridge.snooping && !bridge.querier).then_some(it.name.as_str())
    })
}

/// Datagrams of others to groups of a kind over IPv4, and the most hosts that one of these groups has.
fn heard(facts: &Facts, interface: &str, flooded: bool) -> (u64, u64) {
    let is_of_kind = |it: &&GroupHeard| {
        it.interface == interface && it.group.is_ipv4() && is_flooded(it.group) == flooded
    };
    let groups = || facts.signal.groups.iter().filter(is_of_kind);
    let datagrams = groups().fold(0, |sum: u64, it| sum.saturating_add(it.datagrams));
    (datagrams, groups().map(|it| it.hosts).max().unwrap_or_default().into())
}

/// Whether a device speaks a dialect whose IPv4 group is routed.
fn is_on_routed_group(device: &Device) -> bool {
    matches!(device.dialect.as_str(), "ssdp" | "wsd")
}

/// Who asks for members.
enum Querier {
    Heard(String),
    /// It was listened for long enough.
    None,
    Unknown,
}

impl Querier {
    fn told(&self) -> String {
        match self {
            Querier::Heard(who) => format!("querier {who}"),
            Querier::None => "no querier".into(),
            Querier::Unknown => "a querier can't be told of".into(),
        }
    }
}

fn querier(facts: &Facts, interface: &str, listened: Duration) -> Querier {
    let Some(querier) = facts.signal.querier.known() else { return Querier::Unknown };
    let there = querier.heard.iter().filter(|(name, _)| name == interface);
    let who = list(there.map(|(_, address)| address.to_string()));
    match who.is_empty() {
        false => Querier::Heard(who),
        true if listened >= QUERY => Querier::None,
        true => Querier::Unknown,
    }
}
