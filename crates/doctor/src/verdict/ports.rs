//! Who holds the ports that discovery needs.

use std::collections::BTreeMap;

use super::view::has_family;
use super::words::{as_root, count, list};
use crate::facts::{Binding, Facts, Holder, Port};
use crate::finding::{Code, Finding, Level};

/// Ports that mcast itself answers on; others are other protocols'.
const OURS: [u16; 2] = [50008, 50009];
/// Multicast DNS (RFC 6762).
const MDNS: u16 = 5353;

/// A port can't be had.
pub(super) fn taken(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    // One program often has a port of both families: that is one trouble.
    let mut taken: BTreeMap<u16, Vec<&Port>> = BTreeMap::new();
    for port in facts.ports.iter().filter(|port| is_needed(facts, port)) {
        match &port.binding {
            Binding::Shared => {}
            Binding::Taken => taken.entry(port.port).or_default().push(port),
            Binding::Refused(words) => findings.push(refused(port, words)),
        }
    }
    for (number, ports) in taken {
        let holders: Vec<&Holder> = ports.iter().flat_map(|port| &port.holders).collect();
        let (level, what) = if OURS.contains(&number) {
            (Level::Fault, format!("port {number} is taken by a program that does not share it"))
        } else {
            let what = "is taken by a program that does not share it: others can't use it";
            (Level::Warning, format!("port {number} {what}"))
        };
        let families = list(ports.iter().map(|port| family(port)));
        let evidence = format!("UDP {number} over {families}: {}", who(&holders));
        let finding = Finding::new(Code::PortTaken, level, what, evidence);
        let pids: Vec<u32> = unique(holders.iter().filter_map(|it| it.pid));
        findings.push(match pids[..] {
            // Who sees a process may end it: without root only one's own are seen.
            [pid] => finding.remedy(format!("kill {pid}")),
            _ => finding.remedy(look(facts, number)),
        });
    }
    findings
}

/// Several programs take unicast at the port of multicast DNS, and each datagram reaches one of them.
pub(super) fn shared(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for port in facts.ports.iter().filter(|it| it.port == MDNS && is_needed(facts, it)) {
        let takers: Vec<&Holder> =
            port.holders.iter().filter(|it| takes_unicast(&it.address)).collect();
        let rivals: Vec<&Holder> = takers
            .iter()
            .copied()
            .filter(|it| takers.iter().any(|other| are_rivals(it, other)))
            .collect();
        let family = family(port);
        if !rivals.is_empty() {
            let what = "several programs share port 5353: unicast to it reaches only one of them";
            let evidence = format!("UDP 5353 over {family}: {}", who(&rivals));
            let why =
                "a device that answers by unicast answers one of them, and the other waits in vain";
            findings.push(
                Finding::new(Code::PortShared, Level::Warning, what, evidence)
                    .why(why)
                    .remedy(look(facts, MDNS)),
            );
        } else if takers.iter().filter(|it| it.pid.is_none()).count() > 1 {
            let what = "whether one program or several take unicast at port 5353 can't be seen";
            let evidence = format!("UDP 5353 over {family}: {}", who(&takers));
            findings.push(
                Finding::new(Code::PortShared, Level::Unsure, what, evidence)
                    .decided_by(look(facts, MDNS)),
            );
        }
    }
    findings
}

/// Whether a socket at this address takes unicast from others.
fn takes_unicast(address: &str) -> bool {
    match address.split('%').next().unwrap_or_default().parse::<std::net::IpAddr>() {
        Ok(address) => !address.is_multicast() && !address.is_loopback(),
        Err(_) => false,
    }
}

/// Whether two sockets take the same unicast, and are certainly of two programs.
fn are_rivals(one: &Holder, other: &Holder) -> bool {
    let is_any = |holder: &Holder| matches!(holder.address.as_str(), "0.0.0.0" | "::");
    let overlap = is_any(one) || is_any(other) || one.address == other.address;
    let differ = match ((one.pid, other.pid), (one.user, other.user)) {
        ((Some(one), Some(other)), _) => one != other,
        // A process that can't be seen is of another user than one that can, or of several.
        (_, (Some(one), Some(other))) => one != other,
        _ => false,
    };
    overlap && differ
}

fn refused(port: &Port, words: &str) -> Finding {
    let what = format!("port {} can't be had", port.port);
    let evidence = format!("UDP {} over {}: {words}", port.port, family(port));
    Finding::new(Code::PortTaken, Level::Unsure, what, evidence).decided_by(
        "what the system says of it: permissions, and whether it has this family at all",
    )
}

/// Whether an interface in use has the port's family: if not, the port does not matter.
fn is_needed(facts: &Facts, port: &Port) -> bool {
    facts.interfaces.iter().any(|it| it.used && has_family(it, port.ipv6))
}

fn family(port: &Port) -> &'static str {
    if port.ipv6 { "IPv6" } else { "IPv4" }
}

/// What shows the holders of a port, and is run as root to show all.
fn look(facts: &Facts, port: u16) -> String {
    as_root(&facts.host, &format!("ss -ulpn 'sport = :{port}'"))
}

/// Who they are: `avahi-daemon (pid 812), a program of user 105`.
fn who(holders: &[&Holder]) -> String {
    if holders.is_empty() {
        return "its holder can't be seen".into();
    }
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    for holder in holders {
        let name = match (&holder.program, holder.pid, holder.user) {
            (Some(program), Some(pid), _) => format!("{program} (pid {pid})"),
            (Some(program), None, _) => program.clone(),
            (None, Some(pid), _) => format!("pid {pid}"),
            (None, None, Some(user)) => format!("a program of user {user}"),
            (None, None, None) => "a program that can't be seen".into(),
        };
        *told.entry(name).or_default() += 1;
    }
    list(told.into_iter().map(|(name, sockets)| match sockets {
        1 => name,
        _ => format!("{name} with {}", count(sockets, "socket")),
    }))
}

fn unique(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    numbers.collect::<std::collections::BTreeSet<u32>>().into_iter().collect()
}
