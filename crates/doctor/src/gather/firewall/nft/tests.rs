//! Recorded rule sets.

use super::*;
use crate::facts::Chain;
use crate::gather::firewall::follow::base_chains;

/// What nft 1.0.6 told of a set that has most forms.
const FORMS: &str = include_str!("forms.nft");

/// As firewalld and Docker set it up, shortened.
const DESKTOP: &str = include_str!("desktop.nft");

fn chain<'a>(chains: &'a [Chain], name: &str) -> &'a Chain {
    chains.iter().find(|chain| chain.name == name).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn most_forms_are_read() {
    let chains = base_chains(&rules(FORMS));
    let names: Vec<_> = chains.iter().map(|it| (it.table.as_str(), it.name.as_str())).collect();
    assert_eq!(names, [("inet filter", "input"), ("inet filter", "nat"), ("netdev x", "in")]);
    let input = &chains[0];
    assert_eq!((input.hook, input.drops_by_default), (Hook::Input, true));
    let ten = "ip saddr { 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6, 10.0.0.7, \
               10.0.0.8, 10.0.0.9 } udp dport 1 drop";
    let deep = ["udp sport 1900 log prefix \"drop \" limit rate 5/second drop", "th dport 7 drop"];
    let behind = |path: &str| deep.map(|rule| format!("{path}: {rule}"));
    let by_map = "udp dport vmap { 5 : drop, 6 : goto deep }";
    let by_protocol = "meta l4proto vmap { tcp : jump deep, udp : jump deep2 }";
    let mut expected = vec![ten.to_owned()];
    expected.extend(behind("meta l4proto != tcp counter packets 0 bytes 0 jump deep"));
    expected.extend(["udp dport vmap @ports".to_owned(), by_map.to_owned()]);
    expected.extend(behind(by_map));
    expected.push(format!("{by_protocol}: udp dport 5353 drop"));
    expected.extend(behind(&format!("{by_protocol}: jump deep")));
    expected.push("reject with icmpx admin-prohibited".to_owned());
    assert_eq!(input.drops, expected);
    assert_eq!(
        input.accepts,
        [
            "ct state established,related accept",
            "iifname \"lo\" accept comment \"drop { it\"",
            "udp dport { 22, 80, 443, 8080, 8081, 8082, 8083, 8084, 8085, 8086, 8087, 9000 } accept",
            "udp dport vmap @ports",
        ]
    );
    assert_eq!(chains[2].hook, Hook::Before);
    assert_eq!(chains[2].drops, ["numgen random mod 100 < 30 drop"]);
}

#[test]
fn a_desktops_rules_are_followed_to_what_rejects() {
    let chains = base_chains(&rules(DESKTOP));
    let input = chain(&chains, "filter_INPUT");
    assert!(!input.drops_by_default);
    assert_eq!(input.drops, ["ct state invalid drop", "reject with icmpx admin-prohibited"]);
    let zone = "jump filter_INPUT_ZONES: iifname \"eth0\" goto filter_IN_public: \
                jump filter_IN_public_allow: ";
    assert_eq!(
        input.accepts,
        [
            "ct state { established, related } accept".to_owned(),
            "iifname \"lo\" accept".to_owned(),
            format!("{zone}ip daddr 224.0.0.251 udp dport 5353 accept"),
            format!("{zone}ip6 daddr ff02::fb udp dport 5353 accept"),
        ]
    );
    assert_eq!(chain(&chains, "PREROUTING").hook, Hook::Before);
    assert!(!chains.iter().any(|chain| chain.name == "FORWARD"));
}

#[test]
fn a_rule_over_several_lines_is_one() {
    let text = "table ip t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy accept;\n\
                \t\tudp dport { 1, 2,\n\t\t\t     3, 4 } drop\n\t\tdrop\n\t}\n}\n";
    assert_eq!(base_chains(&rules(text))[0].drops, ["udp dport { 1, 2, 3, 4 } drop", "drop"]);
}

#[test]
fn what_is_cut_anywhere_does_no_harm() {
    for (end, _) in FORMS.match_indices(char::is_whitespace) {
        let _ = base_chains(&rules(&FORMS[..end]));
        let _ = base_chains(&rules(&FORMS[end..]));
    }
    for odd in ["}", "}\n}\n}", "table", "table {", "table a b {\nchain {\ndrop\n}\n}", "{\n{\n{\n"]
    {
        let _ = base_chains(&rules(odd));
    }
}
