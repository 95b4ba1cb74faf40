//! Which ways work to the named host and back, which do not, and which stopped.

use std::collections::BTreeSet;

use crate::facts::{Facts, Partner, Way};
use crate::finding::{Code, Finding, Level};
use crate::verdict::groups::{bridge, querier_on};
use crate::verdict::host::{is_lossy, share};
use crate::verdict::view::{self, ENOUGH};
use crate::verdict::words::{count, list};

/// When a switch forgets a member that it hears nothing more of (RFC 3376 section 8.4), and when it may
/// have, with the time that a query and its report take.
const MEMBERSHIP_S: std::ops::RangeInclusive<u64> = 240..=280;

/// Whether a way works: unknown where it was not tried often enough.
fn works(partner: &Partner, way: Way) -> Option<bool> {
    let exchanges = || partner.exchanges.iter().filter(|it| it.way == way);
    let asked = exchanges().fold(0, |sum: u32, it| sum.saturating_add(it.asked));
    match exchanges().any(|it| it.answered > 0) {
        true => Some(true),
        false if asked >= ENOUGH => Some(false),
        false => None,
    }
}

/// Some ways work and others do not.
pub(super) fn lost(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    let [group_unicast, group_group, link_unicast, link_link] =
        [Way::GroupThenUnicast, Way::GroupThenGroup, Way::LinkThenUnicast, Way::LinkThenLink]
            .map(|way| works(partner, way));
    let link_works = link_unicast == Some(true) || link_link == Some(true);
    let groups = [group_unicast, group_group];
    let group_fails = groups.contains(&Some(false)) && !groups.contains(&Some(true));
    let by_group = group_group == Some(true) || link_link == Some(true);
    let unicast = [group_unicast, link_unicast];
    let unicast_fails = unicast.contains(&Some(false)) && !unicast.contains(&Some(true));
    let name = &partner.name;
    let finding = if link_works && group_fails {
        pruned(facts, partner, format!("routed groups do not come to {name}, link-local ones do"))
    } else if link_link == Some(true) && group_unicast == Some(true) && group_group == Some(false) {
        pruned(
            facts,
            partner,
            format!("routed groups do not come here from {name}, link-local ones do"),
        )
    } else if by_group && unicast_fails {
        let what = format!("answers of {name} by unicast do not come in, those to groups do");
        Finding::new(Code::FirewallUnicast, Level::Fault, what, told(partner)).decided_by(format!(
            "mcast doctor as root here and on {name}: a packet filter drops what comes in here, or what leaves there"
        ))
    } else if unicast.contains(&Some(true)) && group_group == Some(false) && link_link != Some(true)
    {
        let what = format!("what {name} sends to groups does not come here");
        let finding = Finding::new(Code::GroupLost, Level::Fault, what, told(partner));
        let is_ours = partner
            .interface
            .as_deref()
            .is_some_and(|interface| view::lost_echoes(facts, interface).next().is_some());
        match is_ours {
            true => finding.why("this machine drops what comes in to groups"),
            false => finding.decided_by(format!(
                "mcast doctor as root on {name}: its packet filter, or a switch that keeps groups from this machine"
            )),
        }
    } else {
        return Vec::new();
    };
    vec![on(partner, finding)]
}

/// Ways that worked and then stopped for good.
pub(super) fn stopped(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    let stopped: BTreeSet<Way> = partner.stopped.iter().map(|(way, _)| *way).collect();
    let Some(last) = partner.stopped.iter().map(|(_, ms)| ms / 1000).max() else {
        return Vec::new();
    };
    let is_link = |way: Way| matches!(way, Way::LinkThenUnicast | Way::LinkThenLink);
    let answered = || partner.exchanges.iter().filter(|it| it.answered > 0).map(|it| it.way);
    let still =
        |wanted: bool| answered().any(|way| is_link(way) == wanted && !stopped.contains(&way));
    let tried = partner.tried_ms / 1000;
    let evidence = format!("last answered after {last} s of {tried} s; {}", told(partner));
    let name = &partner.name;
    let groups_alone = stopped.iter().all(|way| !is_link(*way)) && still(true);
    if groups_alone {
        let what =
            format!("routed groups worked to {name}, and stopped; link-local ones still work");
        let finding = pruned(facts, partner, what);
        let finding = Finding { evidence, ..finding };
        let decided = Finding { decided_by: None, ..finding.clone() };
        return vec![on(partner, match MEMBERSHIP_S.contains(&last) {
            true => decided.why(format!(
                "a switch forgot the membership after {last} s: it snoops IGMP, whose membership lasts 260 s, and \
                 nobody asks for members"
            )),
            false => finding,
        })];
    }
    if still(true) || still(false) {
        let what = format!("a way to {name} worked, and stopped");
        let finding = Finding::new(Code::GroupLost, Level::Warning, what, evidence);
        return vec![on(partner, finding.decided_by(format!("mcast doctor on {name} meanwhile")))];
    }
    let what = format!("{name} answered, and stopped in every way");
    let finding = Finding::new(Code::GroupLost, Level::Fault, what, evidence);
    vec![on(
        partner,
        finding.decided_by(format!("whether {name} is still on, and its responder runs")),
    )]
}

/// Many questions, and too few answers.
pub(super) fn lossy(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    let stopped: BTreeSet<Way> = partner.stopped.iter().map(|(way, _)| *way).collect();
    let lossy = partner.exchanges.iter().filter(|it| {
        it.answered > 0 && is_lossy(it.asked, it.answered) && !stopped.contains(&it.way)
    });
    let lossy: Vec<String> =
        lossy.map(|it| format!("{}: {}", words(it.way), share(it.asked, it.answered))).collect();
    if lossy.is_empty() {
        return Vec::new();
    }
    let what = format!("questions to {} are lost, or their answers", partner.name);
    let finding = Finding::new(Code::Loss, Level::Warning, what, list(lossy));
    vec![on(partner, finding.remedy("mcast discover --repeat 3"))]
}

/// What came through.
pub(super) fn summary(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    if partner.exchanges.iter().all(|it| it.answered == 0) {
        return Vec::new();
    }
    let responder = partner.responder.as_ref();
    let what = match responder {
        Some(responder) => format!("{} answers (its {responder} responder)", partner.name),
        None => format!("{} answers", partner.name),
    };
    let hops = partner.hops.as_ref().and_then(|it| it.answers).filter(|it| *it > 0);
    let hops = hops.map_or(String::new(), |it| format!(", {} away", count(it.into(), "hop")));
    vec![on(partner, Finding::new(Code::Partner, Level::Ok, what, told(partner) + &hops))]
}

/// Routed groups are pruned on the way.
fn pruned(facts: &Facts, partner: &Partner, what: String) -> Finding {
    let finding = Finding::new(Code::GroupsPruned, Level::Fault, what, told(partner));
    let interface = partner.interface.as_deref().and_then(|name| view::named(facts, name));
    let finding = finding.decided_by(format!(
        "mcast doctor as root on {}: if no rule there drops routed groups, what is in between prunes them, as a \
         switch that snoops IGMP does",
        partner.name
    ));
    match interface.and_then(|it| bridge(facts, it)) {
        Some(bridge) => finding.remedy(querier_on(facts, bridge)),
        None => finding.remedy("turn on an IGMP querier on that switch, or turn its snooping off"),
    }
}

/// All ways and their numbers.
fn told(partner: &Partner) -> String {
    list(partner.exchanges.iter().map(|it| {
        let time = it.rtt_ms.map(|(least, _)| format!(" in {least:.1} ms")).unwrap_or_default();
        format!("{} {} of {}{time}", words(it.way), it.answered, it.asked)
    }))
}

fn words(way: Way) -> &'static str {
    match way {
        Way::GroupThenUnicast => "routed group, answer by unicast",
        Way::GroupThenGroup => "routed group, answer to it",
        Way::LinkThenUnicast => "link-local group, answer by unicast",
        Way::LinkThenLink => "link-local group, answer to it",
    }
}

fn on(partner: &Partner, finding: Finding) -> Finding {
    match &partner.interface {
        Some(interface) => finding.on(interface),
        None => finding,
    }
}
