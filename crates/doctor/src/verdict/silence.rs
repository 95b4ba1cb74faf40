//! What is heard of others, and what it means where that is nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::view::{self, used};
use super::words::{count, list};
use crate::facts::{Facts, Seen, Step};
use crate::finding::{Code, Finding, Level};

/// Nobody else was heard, though nothing here keeps anybody from being heard.
///
/// A machine that is alone is healthy, so this is never more than unsure.
pub(super) fn nothing(facts: &Facts) -> Vec<Finding> {
    let interfaces: Vec<_> = used(facts).collect();
    let is_heard = interfaces.iter().any(|it| view::is_heard(facts, &it.name));
    let works = facts.echoes.iter().any(|it| {
        it.step == Step::Heard && interfaces.iter().any(|interface| interface.name == it.interface)
    });
    if is_heard || !works || view::is_partner_heard(facts) || facts.host.container.is_some() {
        return Vec::new();
    }
    let neighbours: Vec<usize> =
        interfaces.iter().filter_map(|it| it.neighbours.known().copied()).collect();
    let found = neighbours.iter().fold(0, |sum: usize, it| sum.saturating_add(*it));
    let seconds = Duration::from_millis(facts.signal.listened_ms).as_secs_f64();
    let names = list(interfaces.iter().map(|it| &it.name));
    let known = match neighbours[..] {
        [] => "neighbours can't be seen".into(),
        _ => count(found as u64, "neighbour"),
    };
    let evidence = format!("nobody in {seconds:.0} s on {names}; {known}");
    let what = match (neighbours.is_empty(), found) {
        (false, 0) => "nobody else was heard: this machine may be alone on its link",
        _ => "nobody else was heard: nobody speaks, or multicast between hosts is kept apart",
    };
    let finding = Finding::new(Code::Silence, Level::Unsure, what, evidence);
    vec![finding.decided_by(
        "mcast respond --service x on another machine, then mcast doctor --with ITS-ADDRESS: it tells a silent \
         link from client isolation or another VLAN",
    )]
}

/// What is heard.
pub(super) fn summary(facts: &Facts) -> Vec<Finding> {
    let signal = &facts.signal;
    if signal.devices.is_empty() {
        return Vec::new();
    }
    let mut dialects: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for device in &signal.devices {
        dialects.entry(&device.dialect).or_default().insert((&device.interface, device.address));
    }
    let by_dialect =
        list(dialects.iter().map(|(dialect, devices)| format!("{dialect} {}", devices.len())));
    let interfaces: BTreeSet<&str> =
        signal.devices.iter().map(|it| it.interface.as_str()).collect();
    let by_interface = list(interfaces.into_iter().map(|interface| {
        let devices = view::devices(facts, interface);
        let (asked, answered) = view::directly(&devices);
        match asked {
            0 => format!("{interface} {}", view::addresses(&devices)),
            _ => format!(
                "{interface} {} ({answered} of {asked} answered)",
                view::addresses(&devices)
            ),
        }
    }));
    let querier = match &signal.querier {
        Seen::Is(it) if it.heard.is_empty() => "; no IGMP querier heard".into(),
        Seen::Is(it) => {
            let heard = it.heard.iter().map(|(name, address)| format!("{address} on {name}"));
            format!("; IGMP querier {}", list(heard))
        }
        Seen::Not(_) => String::new(),
    };
    let seconds = Duration::from_millis(signal.listened_ms).as_secs_f64();
    let evidence = format!("{by_dialect}; {by_interface} in {seconds:.0} s{querier}");
    vec![Finding::new(Code::Signal, Level::Ok, "others are heard", evidence)]
}
