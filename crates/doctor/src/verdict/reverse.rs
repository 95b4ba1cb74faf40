//! Whether the reverse path filter drops what comes in (RFC 3704).

use super::view::{self, used};
use super::words::{as_root, list, sysctl};
use crate::facts::{Facts, Interface};
use crate::finding::{Code, Finding, Level};

/// The strict one drops what would be answered by another interface.
const STRICT: u8 = 1;

/// The filter has dropped something, and an interface in use has it.
pub(super) fn dropped(facts: &Facts) -> Vec<Finding> {
    let grown = facts.counters.known().map_or(0, |it| it.reverse_path_filter);
    let strict: Vec<&Interface> = used(facts).filter(|it| it.rp_filter == Some(STRICT)).collect();
    if grown == 0 || strict.is_empty() {
        return Vec::new();
    }
    let is_deaf = |it: &Interface| !view::is_heard(facts, &it.name);
    // The counter is one for all interfaces: it convicts one only where it can be no other's.
    let is_certain = strict.iter().all(|it| is_deaf(it));
    let partner = facts.partner.as_ref().filter(|_| !view::is_partner_heard(facts));
    let partners = partner.and_then(|it| it.interface.as_deref());
    let mut findings = Vec::new();
    for interface in
        strict.iter().filter(|it| is_certain || is_deaf(it) || partners == Some(&it.name))
    {
        findings.push(finding(
            facts,
            interface,
            grown,
            is_certain || partners == Some(&interface.name),
        ));
    }
    if findings.is_empty() {
        let what = "the reverse path filter drops what comes in by another interface than it would be answered by";
        let names = list(strict.iter().map(|it| &it.name));
        let evidence = format!("IPReversePathFilter {grown} meanwhile, rp_filter 1 on {names}");
        let finding = Finding::new(Code::ReversePath, Level::Warning, what, evidence);
        findings.push(strict.iter().fold(finding, |finding, it| finding.remedy(loosen(facts, it))));
    }
    findings
}

fn finding(facts: &Facts, interface: &Interface, grown: u64, is_certain: bool) -> Finding {
    let what = "the reverse path filter drops what comes in";
    let level = if is_certain { Level::Fault } else { Level::Warning };
    let evidence =
        format!("IPReversePathFilter {grown} meanwhile, rp_filter 1, nothing heard there");
    let finding = Finding::new(Code::ReversePath, level, what, evidence).on(&interface.name);
    let finding = finding.remedy(loosen(facts, interface));
    let why = "by the routes its sources are reached by another interface, or by none";
    if is_certain { finding.why(why) } else { finding }
}

fn loosen(facts: &Facts, interface: &Interface) -> String {
    as_root(&facts.host, &format!("sysctl -w {}=2", sysctl(&interface.name, "rp_filter")))
}
