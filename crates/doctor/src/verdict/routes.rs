//! Whether programs that let the kernel choose the interface can send to groups.

use super::view::{has_family, used};
use super::words::{as_root, shell_word};
use crate::facts::{Facts, Seen};
use crate::finding::{Code, Finding, Level};

/// There is no route to groups.
pub(super) fn missing(facts: &Facts) -> Vec<Finding> {
    let families = [
        (&facts.routes.ipv4, false, "IPv4", "224.1.1.1"),
        (&facts.routes.ipv6, true, "IPv6", "ff12::5008"),
    ];
    let mut findings = Vec::new();
    for (route, ipv6, family, group) in families {
        let Some(interface) = used(facts).find(|it| has_family(it, ipv6)) else { continue };
        if !matches!(route, Seen::Is(None)) {
            continue;
        }
        let name = shell_word(&interface.name);
        let command = match ipv6 {
            false => format!("ip route add 224.0.0.0/4 dev {name}"),
            true => format!("ip -6 route add multicast ff00::/8 dev {name} table local"),
        };
        let what = format!("there is no {family} route to multicast groups");
        let evidence = format!("to {group}: no route, though {} has {family}", interface.name);
        let why = "mcast chooses the interface itself and needs no route; programs that let the kernel choose \
                   get \"Network is unreachable\"";
        findings.push(
            Finding::new(Code::NoRoute, Level::Warning, what, evidence)
                .why(why)
                .remedy(as_root(&facts.host, &command)),
        );
    }
    findings
}
