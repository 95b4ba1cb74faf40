//! Whether this is a container or a virtual machine whose network passes no multicast on.

use super::view::{self, used};
use super::words::list;
use crate::facts::{Container, Facts, Interface, Step};
use crate::finding::{Code, Finding, Level};

/// This is a container behind a bridge.
pub(super) fn behind_bridge(facts: &Facts) -> Vec<Finding> {
    let Some(container) = &facts.host.container else { return wsl(facts) };
    let others: Vec<&Interface> = used(facts).collect();
    let is_behind =
        !others.is_empty() && others.iter().all(|it| it.kind.as_deref() == Some("veth"));
    if !is_behind || view::is_partner_heard(facts) {
        return Vec::new();
    }
    let heard = others.iter().any(|it| view::is_heard(facts, &it.name));
    // Theirs is often a bridge that a card is a port of, and that passes all on.
    let may_be_bridged = matches!(container.kind.as_str(), "lxc" | "systemd-nspawn");
    // Where our own datagrams are lost, that nobody is heard says nothing of the bridge.
    let works = facts.echoes.iter().any(|it| it.step == Step::Heard);
    let level = match (may_be_bridged, heard) {
        (true, true) => return Vec::new(),
        (false, true) => Level::Warning,
        (false, false) if works => Level::Fault,
        (_, false) => Level::Unsure,
    };
    let what =
        "this is a container behind a bridge: multicast of the network outside does not come in";
    let heard =
        if heard { "others were heard, on the bridge's side" } else { "nobody else was heard" };
    let names = list(others.iter().map(|it| &it.name));
    let evidence = format!(
        "{} ({}), {names}: the end of a veth pair; {heard}",
        container.kind, container.evidence
    );
    let finding = Finding::new(Code::ContainerBridge, level, what, evidence);
    vec![match level {
        Level::Unsure => {
            finding.decided_by("whether a card is a port of that bridge: bridge link, outside")
        }
        _ => finding
            .why("a container's bridge forwards unicast by address translation, and no multicast")
            .remedy(remedy(container)),
    }]
}

fn remedy(container: &Container) -> String {
    match container.kind.as_str() {
        "kubernetes" => "set hostNetwork: true in the pod's spec".into(),
        "podman" => "podman run --network host …".into(),
        _ => "docker run --network host …".into(),
    }
}

/// Windows puts its Linux behind address translation, unless it is told otherwise.
fn wsl(facts: &Facts) -> Vec<Finding> {
    let Some(kernel) = &facts.host.wsl else { return Vec::new() };
    let is_heard = used(facts).any(|it| view::is_heard(facts, &it.name));
    if is_heard || view::is_partner_heard(facts) || used(facts).next().is_none() {
        return Vec::new();
    }
    let what = "this is WSL: in its usual mode multicast of the network outside does not come in";
    let evidence = format!("{kernel}; nobody else was heard");
    let finding = Finding::new(Code::ContainerBridge, Level::Warning, what, evidence);
    vec![
        finding
            .remedy("write networkingMode=mirrored below [wsl2] in %UserProfile%\\.wslconfig, then wsl --shutdown")
            .decided_by("mcast doctor outside, on Windows' side of the network"),
    ]
}
