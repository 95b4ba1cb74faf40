//! Whether the named host is there, and whether a responder is on it.

use crate::facts::{Facts, Partner};
use crate::finding::{Code, Finding, Level};
use crate::verdict::suspects::{self, Suspects};
use crate::verdict::view::{self, ENOUGH};
use crate::verdict::words::{as_root, shell_word};

/// It can't be reached at all.
pub(super) fn unreachable(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    let name = &partner.name;
    let Some(address) = partner.address else {
        let what = format!("{name} has no address");
        let finding =
            Finding::new(Code::Unreachable, Level::Fault, what, "no name service knows it");
        return vec![finding.remedy("mcast doctor --with ADDRESS")];
    };
    if answers(partner) || is_there(partner) {
        return Vec::new();
    }
    let tried = told(partner);
    if tried.is_empty() {
        let what = format!("whether {name} can be reached can't be seen");
        let finding =
            Finding::new(Code::Unreachable, Level::Unsure, what, "no test is allowed to us");
        return vec![finding.decided_by(as_root(&facts.host, "mcast doctor --with HOST"))];
    }
    let what = format!("{name} can't be reached at all");
    let finding = Finding::new(Code::Unreachable, Level::Fault, what, tried.join(", "));
    let finding = finding.remedy(format!("ping {}", shell_word(&address.to_string())));
    let interface = partner.interface.as_deref().unwrap_or("its interface");
    vec![match (partner.on_link, partner.reach.neighbour.known()) {
        (true, Some(false)) => finding.why(format!(
            "nobody on the link of {interface} has its address: it is off, or on another link"
        )),
        (true, _) => {
            finding.decided_by("whether it is on, and whether its packet filter drops all")
        }
        (false, _) => {
            finding.decided_by("whether it is on, and whether a router leads there and back")
        }
    }]
}

/// It is there, and no question by a group was answered.
pub(super) fn unanswered(facts: &Facts) -> Vec<Finding> {
    let Some(partner) = &facts.partner else { return Vec::new() };
    let asked = partner.exchanges.iter().fold(0, |sum: u32, it| sum.saturating_add(it.asked));
    let comes_with_ttl = partner.hops.as_ref().is_some_and(|it| it.least_ttl.is_some());
    if answers(partner) || comes_with_ttl || !is_there(partner) || asked < ENOUGH {
        return Vec::new();
    }
    let name = &partner.name;
    let evidence =
        format!("{}; 0 of {asked} questions by groups answered", told(partner).join(", "));
    let interface = partner.interface.as_deref().unwrap_or_default();
    // Where our own datagrams are lost here, nothing is known of it.
    if view::lost_echoes(facts, interface).next().is_some() {
        let what =
            format!("{name} is there, and what it answers to groups can't be told from here");
        let finding = Finding::new(Code::NoResponder, Level::Unsure, what, evidence);
        return vec![
            finding
                .on(interface)
                .decided_by("mcast doctor again, when this machine lets groups in"),
        ];
    }
    let here = match suspects::of_input(facts, interface, &[]) {
        Suspects::Nobody => String::new(),
        Suspects::One(who) | Suspects::Several(who) => format!("; here it may be {who}"),
        Suspects::Unread(_) => "; whether this machine drops the answers is seen by root".into(),
    };
    if partner.on_link {
        let what = format!("{name} is there, and no responder of it answers");
        let finding = Finding::new(Code::NoResponder, Level::Fault, what, evidence);
        return vec![
            finding
                .remedy(format!("on {name}: mcast respond --service test"))
                .decided_by(format!("mcast doctor on {name}: does a responder run there, and let UDP 50008 and 50009 in?{here}")),
        ];
    }
    let ttls = partner.hops.as_ref().map(|it| &it.tried[..]).unwrap_or_default();
    let most = ttls.iter().max().map_or(String::new(), |ttl| format!(", by TTLs of up to {ttl}"));
    let what =
        format!("what is sent to groups does not come to {name}, or no responder runs there");
    let finding = Finding::new(Code::GroupLost, Level::Fault, what, evidence + &most);
    vec![
        finding
            .remedy(format!("on {name}: mcast respond --service test --allow-off-link"))
            .decided_by(format!(
                "mcast doctor on {name}; it is on another network: do the routers in between forward multicast?{here}"
            )),
    ]
}

/// Whether it answered by a group in any way.
fn answers(partner: &Partner) -> bool {
    partner.responder.is_some() || partner.exchanges.iter().any(|it| it.answered > 0)
}

/// Whether a sign of it was seen.
fn is_there(partner: &Partner) -> bool {
    let reach = &partner.reach;
    reach.ping.known().is_some_and(|(_, answered)| *answered > 0)
        || (partner.on_link && reach.neighbour.known() == Some(&true))
        || reach.refused_port.known() == Some(&true)
}

/// What was tried to reach it, and what came of it.
fn told(partner: &Partner) -> Vec<String> {
    let reach = &partner.reach;
    let ping = reach.ping.known().map(|(sent, answered)| format!("ping {answered} of {sent}"));
    let neighbour = reach.neighbour.known().filter(|_| partner.on_link).map(|it| match it {
        true => "its hardware address is known".to_owned(),
        false => "its hardware address is not known".to_owned(),
    });
    let port = reach.refused_port.known().map(|it| match it {
        true => "it refuses a closed port".to_owned(),
        false => "it does not refuse a closed port".to_owned(),
    });
    [ping, neighbour, port].into_iter().flatten().collect()
}
