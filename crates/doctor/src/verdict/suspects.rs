//! Which rules of the packet filter could have dropped something.

use crate::facts::{Chain, Facts, Firewall, Hook, Reader, Seen};

/// What the packet filter says of datagrams that are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Suspects {
    /// Its rules can't be read, for this reason.
    Unread(String),
    /// No rule of it can drop them.
    Nobody,
    /// One thing alone can, in words.
    One(String),
    /// Several can, in words.
    Several(String),
}

impl Suspects {
    /// Whether there is anybody who may have done it.
    pub(super) fn is_anybody(&self) -> bool {
        matches!(self, Suspects::One(_) | Suspects::Several(_))
    }
}

/// Who may have dropped UDP on its way in by an interface.
///
/// Rules are told as text, and this is no packet filter: a rule is left out only where its words say
/// plainly that it means other traffic. So a suspect explains what was seen, and shows nothing by itself.
pub(super) fn of_input(facts: &Facts, interface: &str, ports: &[u16]) -> Suspects {
    of(facts, &[Hook::Before, Hook::Input], interface, ports)
}

/// Who may have dropped UDP on its way out by an interface.
pub(super) fn of_output(facts: &Facts, interface: &str, ports: &[u16]) -> Suspects {
    of(facts, &[Hook::Output], interface, ports)
}

/// `ports` are those that the datagrams went to; none where any may have been it.
fn of(facts: &Facts, hooks: &[Hook], interface: &str, ports: &[u16]) -> Suspects {
    let firewall = match &facts.firewall {
        Seen::Is(firewall) => firewall,
        Seen::Not(reason) => return Suspects::Unread(reason.clone()),
    };
    let mut suspects = Vec::new();
    for chain in firewall.chains.iter().filter(|chain| hooks.contains(&chain.hook)) {
        let rules = chain.drops.iter().filter(|rule| may_mean(rule, interface, ports));
        suspects.extend(rules.map(|rule| format!("{}: {rule}", name(firewall, chain))));
        if chain.drops_by_default {
            let what = "drops what no rule accepts";
            suspects.push(format!("{} {what}", name(firewall, chain)));
        }
    }
    match &suspects[..] {
        [] => Suspects::Nobody,
        [one] => Suspects::One(one.clone()),
        [first, rest @ ..] => Suspects::Several(format!("{first}, or one of {} more", rest.len())),
    }
}

fn name(firewall: &Firewall, chain: &Chain) -> String {
    let reader = match firewall.reader {
        Reader::Nft => "nftables",
        Reader::Iptables => "iptables",
    };
    format!("{reader} {} chain {}", chain.table, chain.name)
}

/// Whether a rule may mean UDP that came in by this interface to one of these ports.
fn may_mean(rule: &str, interface: &str, ports: &[u16]) -> bool {
    let words: Vec<&str> = rule.split_whitespace().map(|word| word.trim_matches('"')).collect();
    let after = |names: &[&str]| {
        let at = words.iter().position(|word| names.contains(word))?;
        words.get(at + 1).copied()
    };
    let is_other_protocol = !words.contains(&"udp")
        && words
            .iter()
            .any(|word| matches!(*word, "tcp" | "icmp" | "icmpv6" | "ipv6-icmp" | "igmp"));
    let by = after(&["iifname", "iif", "oifname", "oif", "-i", "-o"]);
    let is_other_interface = by.is_some_and(|by| {
        let is_pattern = by.contains(['*', '+', '{', '!', '@']) || by == "!=";
        !is_pattern && by != interface
    });
    let to = after(&["dport", "--dport"]).and_then(|port| port.parse::<u16>().ok());
    let is_other_port = to.is_some_and(|to| !ports.contains(&to));
    !is_other_protocol && !is_other_interface && !is_other_port
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(drops: &[&str], drops_by_default: bool) -> Facts {
        let chain = Chain {
            table: "inet filter".into(),
            name: "input".into(),
            hook: Hook::Input,
            drops_by_default,
            drops: drops.iter().map(|rule| (*rule).to_owned()).collect(),
            accepts: Vec::new(),
        };
        let firewall = Firewall { reader: Reader::Nft, chains: vec![chain] };
        Facts { firewall: Seen::Is(firewall), ..Facts::default() }
    }

    #[test]
    fn rules_that_plainly_mean_other_traffic_are_no_suspects() {
        for other in [
            "tcp dport 22 drop",
            "iifname \"eth9\" drop",
            "udp dport 9999 drop",
            "-A INPUT -p tcp -j DROP",
            "-A INPUT -i eth9 -j DROP",
            "meta l4proto icmp drop",
        ] {
            assert_eq!(of_input(&with(&[other], false), "eth0", &[5]), Suspects::Nobody, "{other}");
        }
    }

    #[test]
    fn rules_that_may_mean_it_are() {
        for rule in [
            "drop",
            "meta l4proto udp drop",
            "iifname \"eth0\" udp drop",
            "iifname \"eth*\" drop",
            "iifname != \"lo\" drop",
            "udp dport 5 drop",
            "udp dport 1024-65535 drop",
            "-A INPUT -p udp -j DROP",
        ] {
            let suspects = of_input(&with(&[rule], false), "eth0", &[5]);
            let words = format!("nftables inet filter chain input: {rule}");
            assert_eq!(suspects, Suspects::One(words));
        }
        assert!(of_input(&with(&[], true), "eth0", &[]).is_anybody());
        let two = of_input(&with(&["drop"], true), "eth0", &[]);
        assert!(matches!(two, Suspects::Several(_)), "{two:?}");
        assert_eq!(of_output(&with(&["drop"], true), "eth0", &[]), Suspects::Nobody);
    }
}
