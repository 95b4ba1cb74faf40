//! The kernel's limits, what it dropped, and whether the packet filter's rules can be read.

use super::view;
use super::words::{as_root, count, list};
use crate::facts::{Facts, Hook, Seen};
use crate::finding::{Code, Finding, Level};

/// Fewer questions say nothing of loss.
const QUESTIONS: u32 = 20;
/// Of a hundred, how many are answered on a link that works.
const ANSWERED: u64 = 90;

/// Answers are lost on the way, or here.
pub(super) fn loss(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for interface in view::links(facts) {
        let (asked, answered) = view::directly(&view::devices(facts, interface));
        if is_lossy(asked, answered) {
            let what = "answers are lost";
            let finding = Finding::new(Code::Loss, Level::Warning, what, share(asked, answered));
            findings.push(finding.on(interface).remedy("mcast discover --repeat 3"));
        }
    }
    let heard = facts.signal.groups.iter().fold(0, |sum: u64, it| sum.saturating_add(it.datagrams));
    let dropped = facts.signal.dropped;
    // Of what one burst fills up nobody needs to be told, of a tenth of all they do.
    if dropped.saturating_mul(10) > heard.saturating_add(dropped) {
        let what = "datagrams come faster than they are read, and are dropped here";
        let evidence =
            format!("{} dropped for want of room, {heard} heard", count(dropped, "datagram"));
        let command = as_root(&facts.host, "sysctl -w net.core.rmem_max=8388608");
        findings.push(Finding::new(Code::Loss, Level::Warning, what, evidence).remedy(command));
    }
    findings
}

/// Whether so many answers are too few.
pub(super) fn is_lossy(asked: u32, answered: u32) -> bool {
    asked >= QUESTIONS && u64::from(answered) * 100 < u64::from(asked) * ANSWERED
}

/// Of how many questions how many were answered, in words.
pub(super) fn share(asked: u32, answered: u32) -> String {
    let percent = 100 - u64::from(answered.min(asked)) * 100 / u64::from(asked.max(1));
    format!("{answered} of {asked} questions answered, {percent} % not")
}

/// The kernel's limits.
pub(super) fn limits(facts: &Facts) -> Vec<Finding> {
    let limits = &facts.limits;
    let known = [
        ("igmp_max_memberships", limits.igmp_max_memberships),
        ("igmp_max_msf", limits.igmp_max_msf),
        ("rmem_max", limits.rmem_max),
    ];
    let mut told: Vec<String> =
        known.iter().filter_map(|(name, limit)| limit.map(|it| format!("{name} {it}"))).collect();
    if let Some(counters) = facts.counters.known() {
        told.push(format!(
            "{} dropped for want of room",
            count(counters.udp_buffer_errors, "datagram")
        ));
    }
    if told.is_empty() {
        return Vec::new();
    }
    vec![Finding::new(Code::Limits, Level::Ok, "limits", list(told))]
}

/// Whether the rules of the packet filter can be read.
pub(super) fn rules(facts: &Facts) -> Vec<Finding> {
    let firewall = match &facts.firewall {
        Seen::Is(firewall) => firewall,
        Seen::Not(reason) => {
            let what = "the packet filter's rules can't be read";
            let finding = Finding::new(Code::Rules, Level::Unsure, what, reason.clone());
            return vec![finding.decided_by(as_root(&facts.host, "mcast doctor"))];
        }
    };
    let inputs = || firewall.chains.iter().filter(|it| it.hook != Hook::Output);
    let drops = inputs().map(|it| it.drops.len() as u64).sum();
    let defaults = inputs().filter(|it| it.drops_by_default).count() as u64;
    let evidence = format!(
        "{} for what comes in, {}, {defaults} of them dropping what no rule accepts",
        count(inputs().count() as u64, "chain"),
        count(drops, "dropping rule"),
    );
    vec![Finding::new(Code::Rules, Level::Ok, "packet filter", evidence)]
}
