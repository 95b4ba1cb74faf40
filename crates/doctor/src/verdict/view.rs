//! What several rules ask of facts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::facts::{Device, Echo, Facts, Interface, Step};

/// How often something has to be tried in vain before that means anything.
pub(super) const ENOUGH: u32 = 3;

/// The interfaces that are used and lead to others.
pub(super) fn used(facts: &Facts) -> impl Iterator<Item = &Interface> {
    facts.interfaces.iter().filter(|it| it.used && !it.loopback)
}

/// Whether an interface has an address of a family.
pub(super) fn has_family(interface: &Interface, ipv6: bool) -> bool {
    interface.addresses.iter().any(|address| address.contains(':') == ipv6)
}

/// The interface of this name.
pub(super) fn named<'a>(facts: &'a Facts, name: &str) -> Option<&'a Interface> {
    facts.interfaces.iter().find(|it| it.name == name)
}

/// The names of the interfaces by which something was asked or heard, each once.
pub(super) fn links(facts: &Facts) -> BTreeSet<&str> {
    let asked = facts.signal.asked.iter().map(|it| it.interface.as_str());
    asked.chain(facts.signal.devices.iter().map(|it| it.interface.as_str())).collect()
}

/// Who was heard by an interface.
pub(super) fn devices<'a>(facts: &'a Facts, interface: &str) -> Vec<&'a Device> {
    facts.signal.devices.iter().filter(|it| it.interface == interface).collect()
}

/// How many questions left for the groups of a dialect by an interface, and want answers by unicast.
pub(super) fn asked_for_unicast(facts: &Facts, interface: &str, dialect: &str) -> u32 {
    let asked = facts.signal.asked.iter();
    asked
        .filter(|it| it.interface == interface && it.dialect == dialect)
        .fold(0, |sum, it| sum.saturating_add(it.for_unicast))
}

/// How many of them want answers to the group.
pub(super) fn asked_for_group(facts: &Facts, interface: &str, dialect: &str) -> u32 {
    let asked = facts.signal.asked.iter();
    asked
        .filter(|it| it.interface == interface && it.dialect == dialect)
        .fold(0, |sum, it| sum.saturating_add(it.for_group))
}

/// Whether anybody else was heard by an interface, in whatever way.
pub(super) fn is_heard(facts: &Facts, interface: &str) -> bool {
    let groups = &facts.signal.groups;
    !devices(facts, interface).is_empty()
        || groups.iter().any(|it| it.interface == interface && it.hosts > 0)
}

/// Whether the named host answered by groups at all.
pub(super) fn is_partner_heard(facts: &Facts) -> bool {
    let partner = facts.partner.as_ref();
    partner.is_some_and(|it| it.exchanges.iter().any(|exchange| exchange.answered > 0))
}

/// The echoes by an interface that were lost inside this machine: sent, and never heard.
pub(super) fn lost_echoes<'a>(facts: &'a Facts, interface: &str) -> impl Iterator<Item = &'a Echo> {
    let interface = interface.to_owned();
    facts.echoes.iter().filter(move |it| it.interface == interface && it.step == Step::NotHeard)
}

/// Whether a group is one that every switch floods, as it is on one link alone (RFC 4541 section 2.1.2).
pub(super) fn is_flooded(group: IpAddr) -> bool {
    match group {
        IpAddr::V4(group) => group.octets()[..3] == [224, 0, 0],
        IpAddr::V6(group) => group.segments() == [0xff02, 0, 0, 0, 0, 0, 0, 1],
    }
}

/// A sum of what devices count.
pub(super) fn sum<'a>(
    devices: impl IntoIterator<Item = &'a &'a Device>,
    number: impl Fn(&Device) -> u32,
) -> u32 {
    devices.into_iter().fold(0, |sum, device| sum.saturating_add(number(device)))
}

/// How many addresses these devices have.
pub(super) fn addresses(devices: &[&Device]) -> usize {
    devices.iter().map(|it| it.address).collect::<BTreeSet<_>>().len()
}

/// Questions that were put directly to those who answer such ones, and how many were answered at the most: in
/// SSDP one question has many answers.
pub(super) fn directly(devices: &[&Device]) -> (u32, u32) {
    let answering: Vec<_> = devices.iter().copied().filter(|it| it.answered_directly > 0).collect();
    let answered = sum(&answering, |it| it.answered_directly.min(it.asked_directly));
    (sum(&answering, |it| it.asked_directly), answered)
}
