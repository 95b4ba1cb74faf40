//! One rule of nftables: whether it is about UDP, and what it does.

use std::collections::BTreeMap;

use crate::gather::firewall::rules::{Rule, Verdict, may_be_udp};
use crate::gather::firewall::words::{Word, words};

/// Protocols beside UDP: what begins with one, as `tcp dport 22`, is not about UDP.
const OTHERS: [&str; 13] = [
    "tcp",
    "icmp",
    "icmpv6",
    "ipv6-icmp",
    "igmp",
    "sctp",
    "dccp",
    "esp",
    "ah",
    "comp",
    "udplite",
    "gre",
    "arp",
];

/// A table's maps of keys to verdicts, by name.
#[derive(Debug, Default)]
pub(super) struct Maps(BTreeMap<String, Vec<Verdict>>);

impl Maps {
    /// Takes a statement of a map's: `elements = { 22 : accept, 1900 : drop }`.
    pub(super) fn add(&mut self, name: &str, statement: &str) {
        let words = words(statement);
        if words.first().is_some_and(|word| word.is("elements")) {
            let inside = words.iter().position(|word| word.is("{")).unwrap_or(words.len());
            self.0.insert(name.to_owned(), elements(&words[inside..]));
        }
    }
}

/// A rule that decides about UDP, or may.
pub(super) fn rule(text: &str, maps: &Maps) -> Option<Rule> {
    let words = words(text);
    let mut verdicts = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1).map_or("", |word| word.text);
        let before = at.checked_sub(1).map_or("", |before| words[before].text);
        at += 1;
        if word.quoted {
            continue;
        }
        match word.text {
            "l4proto" | "nexthdr" | "protocol" if next != "vmap" => {
                let is_of_ethernet = before == "meta" && word.text == "protocol";
                let (values, negated, end) = values(&words, at);
                let is_meant = match is_of_ethernet {
                    // `meta protocol ip` tells IP from ARP.
                    true => !values.contains(&"arp") || values.len() > 1,
                    false => values.iter().any(|value| may_be_udp(value)),
                };
                if is_meant == negated {
                    return None;
                }
                at = end;
            }
            "vmap" => {
                match next.strip_prefix('@') {
                    Some(map) => verdicts.extend(maps.0.get(map).into_iter().flatten().cloned()),
                    None => verdicts.extend(elements(&words[at..])),
                }
                at = past(&words, at);
            }
            "{" if !matches!(before, "jump" | "goto") => at = past(&words, at - 1),
            "accept" => verdicts.push(Verdict::Accept),
            "drop" => verdicts.push(Verdict::Drop),
            "jump" | "goto" if next != "{" => {
                verdicts.push(Verdict::Jump(next.into()));
                at += 1;
            }
            // What it says to the sender follows, and names protocols.
            "reject" => {
                verdicts.push(Verdict::Drop);
                break;
            }
            // What iptables has put there, and nft does not know itself.
            "target" if before == "xt" => match next {
                "ACCEPT" => verdicts.push(Verdict::Accept),
                "DROP" | "REJECT" => verdicts.push(Verdict::Drop),
                _ => {}
            },
            "comment" => break,
            subject if OTHERS.contains(&subject) => return None,
            _ => {}
        }
    }
    (!verdicts.is_empty()).then(|| Rule { text: text.to_owned(), verdicts })
}

/// The values that something is compared with, whether they are those that it is not to have, and the place
/// after them.
fn values<'a>(words: &[Word<'a>], mut at: usize) -> (Vec<&'a str>, bool, usize) {
    let negated = words.get(at).is_some_and(|word| word.is("!="));
    if negated || words.get(at).is_some_and(|word| word.is("==")) {
        at += 1;
    }
    let end = past(words, at);
    let values = words[at.min(end)..end].iter().map(|word| word.text);
    (values.filter(|value| !matches!(*value, "{" | "}")).collect(), negated, end)
}

/// The place after the word, or the set in braces, at a place.
fn past(words: &[Word<'_>], at: usize) -> usize {
    let mut depth = 0_usize;
    for (place, word) in words.iter().enumerate().skip(at) {
        if word.is("{") {
            depth += 1;
        } else if word.is("}") {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return place + 1;
        }
    }
    words.len()
}

/// The verdicts of a map that begins with its brace, but for those of other protocols' keys.
fn elements(words: &[Word<'_>]) -> Vec<Verdict> {
    let inside = &words[..past(words, 0)];
    let mut verdicts = Vec::new();
    for element in inside.split_inclusive(|word| word.comma) {
        let Some(colon) = element.iter().position(|word| word.is(":")) else { continue };
        let (key, verdict) = element.split_at(colon);
        if key.iter().any(|word| !word.quoted && OTHERS.contains(&word.text)) {
            continue;
        }
        match (verdict.get(1).map(|word| word.text), verdict.get(2)) {
            (Some("accept"), _) => verdicts.push(Verdict::Accept),
            (Some("drop"), _) => verdicts.push(Verdict::Drop),
            (Some("jump" | "goto"), Some(to)) => verdicts.push(Verdict::Jump(to.text.into())),
            _ => {}
        }
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(text: &str) -> Vec<Verdict> {
        rule(text, &Maps::default()).map_or(Vec::new(), |rule| rule.verdicts)
    }

    #[test]
    fn what_names_other_protocols_is_left() {
        for other in [
            "tcp dport { 22, 80 } accept",
            "ip protocol igmp drop",
            "ip protocol 6 counter packets 1 bytes 2 drop",
            "meta l4proto { icmp, ipv6-icmp } accept",
            "meta l4proto != udp drop",
            "meta l4proto != { tcp, udp } drop",
            "ip6 nexthdr ipv6-icmp accept",
            "iifname \"eth0\" icmpv6 type nd-router-advert accept",
            "meta protocol arp drop",
            "meta l4proto vmap { tcp : jump a, icmp : accept }",
            "ct state new log prefix \"drop\"",
            "counter packets 0 bytes 0",
            "iifname \"drop\" return comment \"accept\"",
        ] {
            assert_eq!(verdicts(other), [], "{other}");
        }
    }

    #[test]
    fn what_may_be_about_udp_is_kept() {
        let jump = |to: &str| Verdict::Jump(to.into());
        for (text, expected) in [
            ("drop", vec![Verdict::Drop]),
            ("udp dport 5353 accept", vec![Verdict::Accept]),
            ("meta l4proto { tcp, udp } th dport 53 accept", vec![Verdict::Accept]),
            ("meta l4proto != tcp counter packets 3 bytes 9 jump deep", vec![jump("deep")]),
            ("ip protocol 17 drop", vec![Verdict::Drop]),
            ("meta protocol ip drop", vec![Verdict::Drop]),
            ("reject with icmpx admin-prohibited", vec![Verdict::Drop]),
            ("reject with icmp port-unreachable", vec![Verdict::Drop]),
            (
                "ct state vmap { invalid : drop, established : accept }",
                vec![Verdict::Drop, Verdict::Accept],
            ),
            ("meta l4proto vmap { tcp : jump a, udp : jump b }", vec![jump("b")]),
            ("udp dport vmap { 5 : drop, 6 : goto deep }", vec![Verdict::Drop, jump("deep")]),
            ("goto tcp", vec![jump("tcp")]),
            ("xt match \"conntrack\" xt target \"REJECT\"", vec![Verdict::Drop]),
            ("iifname \"tcp\" jump { udp dport 9 drop }", vec![Verdict::Drop]),
        ] {
            assert_eq!(verdicts(text), expected, "{text}");
        }
    }

    #[test]
    fn odd_rules_do_no_harm() {
        for odd in [
            "",
            "{",
            "}",
            "vmap",
            "vmap {",
            "vmap @",
            "jump",
            "l4proto",
            "l4proto !=",
            "meta l4proto {",
            "!=",
        ] {
            let _ = rule(odd, &Maps::default());
        }
        let mut maps = Maps::default();
        for odd in
            ["", "elements", "elements =", "elements = {", "elements = { : }", "elements = } {"]
        {
            maps.add("a", odd);
        }
        assert_eq!(rule("udp dport vmap @a", &maps), None);
    }
}
