//! What became of our own datagrams: where they are lost, it is inside this machine.

use std::collections::BTreeSet;

use super::accept;
use super::suspects::{self, Suspects};
use super::view::lost_echoes;
use super::words::{as_root, list, shell_word};
use crate::facts::{Echo, Facts, Step};
use crate::finding::{Code, Finding, Level};

/// `EPERM`: what a packet filter answers to a program that sends.
const NOT_PERMITTED: i32 = 1;
/// `EHOSTUNREACH` of macOS, by which it forbids multicast to a program (on Linux no send gives it).
const MACOS_UNREACHABLE: i32 = 65;
/// `ENOBUFS` of Linux, and of BSD and macOS.
const NO_BUFFERS: [i32; 2] = [105, 55];

/// A packet filter of this host drops what comes in.
pub(super) fn dropped(facts: &Facts) -> Vec<Finding> {
    let interfaces: BTreeSet<&str> = facts.echoes.iter().map(|it| it.interface.as_str()).collect();
    let mut findings = Vec::new();
    for interface in interfaces {
        let lost: Vec<&Echo> = lost_echoes(facts, interface).filter(|it| it.sent > 0).collect();
        if lost.is_empty() {
            continue;
        }
        let evidence = list(lost.iter().map(|it| counted(it)));
        let what = "what is sent to groups is dropped inside this machine";
        let ports: Vec<u16> = lost.iter().map(|it| it.group.port()).collect();
        let finding = Finding::new(Code::FirewallInput, Level::Fault, what, evidence).on(interface);
        let never_left = "our own datagrams were sent, to groups that the kernel lists as joined, and did not come \
                          back: no other machine takes part in that";
        findings.push(match suspects::of_input(facts, interface, &ports) {
            Suspects::One(suspect) => finding
                .why(format!("{never_left}; {suspect}"))
                .remedy(accept::groups(facts, lost[0].group.is_ipv6())),
            Suspects::Several(suspects) => finding
                .why(format!("{never_left}; it is {suspects}"))
                .remedy(accept::groups(facts, lost[0].group.is_ipv6())),
            Suspects::Nobody => finding
                .why(format!("{never_left}; the rules that could be read drop none of it"))
                .remedy(as_root(&facts.host, "bpftool cgroup tree")),
            Suspects::Unread(reason) => finding
                .why(format!("{never_left}: its packet filter does it ({reason})"))
                .remedy(as_root(&facts.host, "nft list ruleset"))
                .remedy(as_root(&facts.host, "mcast doctor")),
        });
    }
    findings
}

/// The kernel refuses to send, or to open a socket.
pub(super) fn refused(facts: &Facts) -> Vec<Finding> {
    let refused =
        facts.echoes.iter().filter(|it| matches!(it.step, Step::NotSent | Step::NotOpened));
    let judge = |echo: &Echo| {
        let evidence = format!("{}: {}", echo.group, kernels_words(echo));
        let fault = |code, what: &str| {
            Finding::new(code, Level::Fault, what, evidence.clone()).on(&echo.interface)
        };
        let number = number(echo);
        if echo.step == Step::NotOpened {
            return fault(Code::Echoes, "no socket can be opened there");
        }
        match number {
            Some(NOT_PERMITTED) => {
                let finding = fault(Code::FirewallOutput, "what is sent to groups is dropped before it leaves");
                let ports = [echo.group.port()];
                match suspects::of_output(facts, &echo.interface, &ports) {
                    Suspects::One(who) => finding.why(who),
                    Suspects::Several(who) => finding.why(format!("it is {who}")),
                    Suspects::Nobody | Suspects::Unread(_) => {
                        finding.why("a packet filter of this machine: nothing else refuses a datagram so")
                    }
                }
                .remedy(as_root(&facts.host, "nft list ruleset"))
            }
            Some(MACOS_UNREACHABLE) => fault(Code::Echoes, "this system forbids us the local network")
                .why("macOS lets a program multicast only where that is turned on for it")
                .remedy("open 'x-apple.systempreferences:com.apple.preference.security?Privacy_LocalNetwork'"),
            _ => fault(Code::Echoes, "the kernel does not send to groups there"),
        }
    };
    refused.map(judge).collect()
}

/// The kernel refuses memberships, or does not have those that it took.
pub(super) fn not_joined(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for echo in &facts.echoes {
        let evidence = format!("{}: {}", echo.group, kernels_words(echo));
        match echo.step {
            Step::NotJoined if number(echo).is_some_and(|it| NO_BUFFERS.contains(&it)) => {
                let what = "the kernel allows no more memberships";
                let limit = facts.limits.igmp_max_memberships;
                let limit = limit.map(|it| format!("; net.ipv4.igmp_max_memberships is {it}"));
                let evidence = evidence + &limit.unwrap_or_default();
                let finding = Finding::new(Code::MembershipLimit, Level::Fault, what, evidence);
                let command = match echo.group.is_ipv6() {
                    false => "sysctl -w net.ipv4.igmp_max_memberships=20",
                    true => "sysctl -w net.core.optmem_max=131072",
                };
                findings.push(finding.on(&echo.interface).remedy(as_root(&facts.host, command)));
            }
            Step::NotJoined => {
                let what = "the kernel refuses to join groups there";
                let finding = Finding::new(Code::MembershipMissing, Level::Fault, what, evidence);
                findings.push(finding.on(&echo.interface));
            }
            Step::NotListed => {
                let what = "the kernel took a membership, and does not have it";
                let evidence =
                    format!("{} is not among the groups of {}", echo.group, echo.interface);
                let name = shell_word(&echo.interface);
                let finding = Finding::new(Code::MembershipMissing, Level::Fault, what, evidence);
                findings
                    .push(finding.on(&echo.interface).remedy(format!("ip maddr show dev {name}")));
            }
            _ => {}
        }
    }
    findings
}

/// Where our own datagrams come back.
pub(super) fn heard(facts: &Facts) -> Vec<Finding> {
    let heard: Vec<&Echo> = facts.echoes.iter().filter(|it| it.step == Step::Heard).collect();
    if heard.is_empty() {
        return Vec::new();
    }
    let evidence = list(heard.iter().map(|it| format!("{} {}", it.interface, counted(it))));
    vec![Finding::new(Code::Echoes, Level::Ok, "our own datagrams come back", evidence)]
}

/// An echo and its numbers: `IPv4 3 of 3 in 0.1 ms`.
fn counted(echo: &Echo) -> String {
    let family = if echo.group.is_ipv6() { "IPv6" } else { "IPv4" };
    let time = echo.rtt_ms.map(|ms| format!(" in {ms:.1} ms")).unwrap_or_default();
    format!("{family} {} of {}{time}", echo.heard, echo.sent)
}

fn kernels_words(echo: &Echo) -> &str {
    echo.error.as_ref().map_or("the system gave no reason", |(words, _)| words)
}

fn number(echo: &Echo) -> Option<i32> {
    echo.error.as_ref().and_then(|(_, number)| *number)
}
