//! Whether answers by unicast come in, where those to groups do: a packet filter, or a peer that is deaf.
//!
//! Connection tracking knows an answer by its question's addresses. One to a question that went to a group
//! comes from another address than the question went to, so that it looks unasked, and is dropped.

use std::collections::BTreeSet;

use super::accept;
use super::suspects::{self, Suspects};
use super::view::{self, ENOUGH, addresses, lost_echoes, sum};
use super::words::{as_root, list};
use crate::facts::{Device, Facts};
use crate::finding::{Code, Finding, Level};

/// Answers by unicast are dropped, or a peer does not answer.
pub(super) fn unanswered(facts: &Facts) -> Vec<Finding> {
    view::links(facts)
        .into_iter()
        .flat_map(|interface| Link::of(facts, interface).judge())
        .collect()
}

/// Who said what on one interface.
struct Link<'a> {
    facts: &'a Facts,
    interface: &'a str,
    devices: Vec<&'a Device>,
    /// Those that answered to the group, and so heard us, and had enough questions to answer by unicast.
    by_group: Vec<&'a Device>,
    /// Those that announced, had enough questions, and answered none in any way.
    mute: Vec<&'a Device>,
}

impl<'a> Link<'a> {
    fn of(facts: &'a Facts, interface: &'a str) -> Link<'a> {
        let devices = view::devices(facts, interface);
        let for_unicast = |it: &Device| view::asked_for_unicast(facts, interface, &it.dialect);
        let is_by_group = |it: &&&Device| it.answered_to_group > 0 && for_unicast(it) >= ENOUGH;
        let by_group = devices.iter().filter(is_by_group).copied().collect();
        let is_mute = |it: &&&Device| {
            it.announced > 0
                && it.answered_to_group == 0
                && it.answered_by_unicast == 0
                && it.answered_directly == 0
                // WS-Discovery has no questions for one host alone.
                && (it.asked_directly >= ENOUGH - 1 || it.dialect == "wsd")
                && for_unicast(it) >= ENOUGH
        };
        let mute = devices.iter().filter(is_mute).copied().collect();
        Link { facts, interface, devices, by_group, mute }
    }

    fn judge(&self) -> Vec<Finding> {
        let by_unicast = sum(&self.devices, |it| it.answered_by_unicast);
        let directly = sum(&self.devices, |it| it.answered_directly);
        let mut findings = self.deaf_among_others();
        if by_unicast == 0 && !self.by_group.is_empty() {
            findings.extend(self.dropped(directly));
        } else if by_unicast == 0 && directly == 0 && !self.mute.is_empty() {
            findings.extend(self.all_mute());
        }
        findings
    }

    /// Peers that do not answer, where another of the same dialect does, in the same way.
    fn deaf_among_others(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for peer in &self.mute {
            let others = || {
                let same = |it: &&&Device| it.dialect == peer.dialect && it.address != peer.address;
                self.devices.iter().filter(same).copied()
            };
            let unicast = others()
                .filter(|it| it.answered_by_unicast > 0 || it.answered_directly > 0)
                .count();
            let group = others().filter(|it| it.answered_to_group > 0).count();
            let for_group = view::asked_for_group(self.facts, self.interface, &peer.dialect);
            let others = match (unicast, group) {
                (0, 0) => continue,
                // It was not asked for an answer that would come in.
                (0, _) if for_group < ENOUGH => continue,
                (0, group) => group,
                (unicast, _) => unicast,
            };
            let evidence =
                format!("{}; others that answered the same: {others}", self.numbers(&[peer]));
            findings.push(self.deaf(peer, Level::Warning, evidence).why(
                "answers of others come in by the same way, so what keeps it silent is on its side: it takes no \
                 questions, or its own packet filter drops them",
            ));
        }
        findings
    }

    fn deaf(&self, peer: &Device, level: Level, evidence: String) -> Finding {
        let what = format!(
            "{} announces itself by {}, and answers no question",
            peer.address, peer.dialect
        );
        let finding = Finding::new(Code::DeafPeer, level, what, evidence).on(self.interface);
        let remedy = "restart that device, or its discovery service; what it announces expires after its lease";
        match level {
            Level::Warning => finding.remedy(remedy),
            _ => finding,
        }
    }

    /// Peers answer to the group, and nothing comes by unicast.
    fn dropped(&self, directly: u32) -> Option<Finding> {
        let suspects = suspects::of_input(self.facts, self.interface, &[]);
        let is_lossy = lost_echoes(self.facts, self.interface).next().is_some();
        let others = self.mute.iter().any(|it| !self.is_by_group(it));
        let witnesses = addresses(&self.by_group);
        let is_certain =
            witnesses > 1 || (others && directly == 0) || suspects.is_anybody() || is_lossy;
        let mut all = self.by_group.clone();
        all.extend(self.mute.iter().filter(|it| !self.is_by_group(it)));
        let evidence = self.numbers(&all);
        if !is_certain {
            let what = "a device answers to its group only: answers by unicast may be dropped";
            let finding = Finding::new(Code::FirewallUnicast, Level::Unsure, what, evidence);
            let finding = finding.on(self.interface);
            return Some(finding.decided_by(match suspects {
                Suspects::Unread(_) => as_root(&self.facts.host, "mcast doctor"),
                _ => "a second device, or mcast doctor --with HOST".into(),
            }));
        }
        let what = "answers by unicast to this host are dropped, while those to groups come in";
        let finding = Finding::new(Code::FirewallUnicast, Level::Fault, what, evidence);
        Some(self.explained(finding.on(self.interface), &suspects, directly > 0))
    }

    /// Peers announce, and nobody at all answers.
    fn all_mute(&self) -> Vec<Finding> {
        let suspects = suspects::of_input(self.facts, self.interface, &[]);
        let is_lossy = lost_echoes(self.facts, self.interface).next().is_some();
        let witnesses = addresses(&self.mute);
        let evidence = self.numbers(&self.mute);
        if is_lossy || (witnesses > 1 && suspects.is_anybody()) {
            let what = "answers by unicast to this host are dropped, while announcements come in";
            let finding = Finding::new(Code::FirewallUnicast, Level::Fault, what, evidence);
            return vec![self.explained(finding.on(self.interface), &suspects, false)];
        }
        match (&suspects, witnesses) {
            (Suspects::Nobody, _) => {
                let each = |peer: &&Device| {
                    self.deaf(peer, Level::Warning, self.numbers(&[peer]))
                        .why("this machine's rules drop nothing that comes in")
                };
                self.mute.iter().map(each).collect()
            }
            (_, 1) => {
                let finding = self.deaf(self.mute[0], Level::Unsure, evidence);
                vec![self.undecided(finding, &suspects)]
            }
            _ => {
                let what =
                    "devices announce, and none answers: answers are dropped, or all are deaf";
                let finding = Finding::new(Code::FirewallUnicast, Level::Unsure, what, evidence);
                vec![self.undecided(finding.on(self.interface), &suspects)]
            }
        }
    }

    fn undecided(&self, finding: Finding, suspects: &Suspects) -> Finding {
        finding.decided_by(match suspects {
            Suspects::Unread(_) => {
                let root = as_root(&self.facts.host, "mcast doctor");
                format!(
                    "{root}, which reads whether this machine's packet filter drops the answers"
                )
            }
            Suspects::One(who) | Suspects::Several(who) => {
                format!("mcast doctor on another machine of this link; here it may be {who}")
            }
            Suspects::Nobody => "mcast doctor on another machine of this link".into(),
        })
    }

    fn explained(&self, finding: Finding, suspects: &Suspects, is_tracked: bool) -> Finding {
        let tracked = "answers from whom was asked by unicast come in, those to a question to the group do not: \
                       connection tracking can't match them";
        let facts = self.facts;
        match suspects {
            Suspects::One(who) | Suspects::Several(who) if is_tracked => {
                finding.why(format!("{tracked} ({who})"))
            }
            Suspects::One(who) => finding.why(who),
            Suspects::Several(who) => finding.why(format!("it is {who}")),
            Suspects::Unread(_) if is_tracked => finding.why(tracked),
            Suspects::Unread(reason) => finding.decided_by(format!(
                "{}, which reads this machine's rules ({reason})",
                as_root(&facts.host, "mcast doctor")
            )),
            Suspects::Nobody => finding.decided_by(
                "the rules of what is between: this machine's, as far as they can be read, drop nothing",
            ),
        }
        .remedy(accept::answers(facts, self.interface, &self.asked_ports(), self.is_ipv6()))
        .remedy("mcast discover --source-port 50010")
    }

    /// The ports that answers come from.
    fn asked_ports(&self) -> BTreeSet<u16> {
        let asked = self.facts.signal.asked.iter().filter(|it| it.interface == self.interface);
        asked.map(|it| it.group.port()).collect()
    }

    /// Whether those who were heard are so over IPv6 alone.
    fn is_ipv6(&self) -> bool {
        self.by_group.iter().chain(&self.mute).all(|it| it.address.is_ipv6())
    }

    fn is_by_group(&self, device: &Device) -> bool {
        let is_same = |it: &&Device| it.address == device.address && it.dialect == device.dialect;
        self.by_group.iter().any(is_same)
    }

    /// What these devices did, by dialect: `mdns 9 heard, 9 answered to the group, 0 of 5 by unicast`.
    fn numbers(&self, devices: &[&Device]) -> String {
        let dialects: BTreeSet<&str> = devices.iter().map(|it| it.dialect.as_str()).collect();
        list(dialects.into_iter().map(|dialect| {
            let of: Vec<&Device> =
                devices.iter().copied().filter(|it| it.dialect == dialect).collect();
            let asked = view::asked_for_unicast(self.facts, self.interface, dialect);
            let number = |what: fn(&Device) -> bool| of.iter().filter(|it| what(it)).count();
            format!(
                "{dialect}: {} announced, {} answered to the group, {} by unicast (asked {asked} times), {} when \
                 asked directly (asked {} times)",
                number(|it| it.announced > 0),
                number(|it| it.answered_to_group > 0),
                number(|it| it.answered_by_unicast > 0),
                number(|it| it.answered_directly > 0),
                sum(&of, |it| it.asked_directly),
            )
        }))
    }
}
