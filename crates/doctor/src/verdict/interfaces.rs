//! Whether there is an interface to use.

use super::view::used;
use super::words::{as_root, list, shell_word};
use crate::facts::{Facts, Interface, Seen};
use crate::finding::{Code, Finding, Level};

/// No interface that leads to others can be used.
pub(super) fn none(facts: &Facts) -> Vec<Finding> {
    let is_loopback_wanted = facts.chosen && facts.interfaces.iter().any(|it| it.used);
    if facts.interfaces.is_empty() || used(facts).next().is_some() || is_loopback_wanted {
        return Vec::new();
    }
    let others: Vec<&Interface> = facts.interfaces.iter().filter(|it| !it.loopback).collect();
    if others.is_empty() {
        let what = "there is no interface but the loopback: nobody but this machine is reached";
        let evidence = list(facts.interfaces.iter().map(told));
        return vec![Finding::new(Code::LoopbackOnly, Level::Fault, what, evidence)];
    }
    let evidence = list(others.iter().copied().map(told));
    let what = match (facts.chosen, &others[..]) {
        (true, _) => "no interface that was asked for can be used",
        (false, _) => "no interface can be used that leads to others",
    };
    let finding = Finding::new(Code::InterfaceDown, Level::Fault, what, evidence);
    vec![match &others[..] {
        [only] => mended(facts, finding.on(&only.name), only),
        // Which of them is the one that should be up, nobody but the user knows.
        _ => others.into_iter().fold(finding, |finding, it| mended(facts, finding, it)),
    }]
}

/// A finding with what mends this interface.
fn mended(facts: &Facts, finding: Finding, interface: &Interface) -> Finding {
    let (name, known) = (shell_word(&interface.name), finding.why.clone());
    let because = |finding: Finding, why: String| match known {
        Some(before) => finding.why(format!("{before}; {why}")),
        None => finding.why(why),
    };
    let root = |command: String| as_root(&facts.host, &command);
    if !interface.up {
        let finding = because(finding, format!("{} is turned off", interface.name));
        finding.remedy(root(format!("ip link set {name} up")))
    } else if !interface.carrier {
        let why = "has no carrier: no cable, no access point, or its other end is down";
        because(finding, format!("{} {why}", interface.name))
    } else if !interface.multicast {
        let finding = because(finding, format!("{} has multicast turned off", interface.name));
        finding.remedy(root(format!("ip link set {name} multicast on")))
    } else if interface.addresses.is_empty() {
        because(finding, format!("{} has no address", interface.name))
    } else {
        finding.remedy(format!("mcast doctor -i {name}"))
    }
}

/// Which interfaces are used.
pub(super) fn summary(facts: &Facts) -> Vec<Finding> {
    if facts.interfaces.is_empty() {
        let what = "which interfaces there are is not known";
        let finding = Finding::new(Code::Interfaces, Level::Unsure, what, "none was listed");
        return vec![finding.decided_by("ip link")];
    }
    let (taken, left): (Vec<&Interface>, Vec<&Interface>) =
        facts.interfaces.iter().partition(|it| it.used);
    let mut evidence = format!("{} of {} used", taken.len(), facts.interfaces.len());
    if !taken.is_empty() {
        evidence += &format!(": {}", list(taken.iter().map(|it| &it.name)));
    }
    if !left.is_empty() {
        evidence += &format!("; not {}", list(left.into_iter().map(told)));
    }
    let routes = [(&facts.routes.ipv4, "IPv4"), (&facts.routes.ipv6, "IPv6")];
    for (route, family) in routes {
        if let Seen::Is(Some(name)) = route
            && !taken.iter().any(|it| it.name == *name)
        {
            evidence += &format!("; a program that does not choose sends {family} by {name}");
        }
    }
    vec![Finding::new(Code::Interfaces, Level::Ok, "interfaces", evidence)]
}

/// An interface and why it is used or not: `eth1 (is down)`.
fn told(interface: &Interface) -> String {
    if interface.why.is_empty() {
        return interface.name.clone();
    }
    format!("{} ({})", interface.name, interface.why)
}
