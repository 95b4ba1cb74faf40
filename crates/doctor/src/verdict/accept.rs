//! Rules to paste that let in what is dropped, in the words of the packet filter that is there.

use std::collections::BTreeSet;

use super::view;
use super::words::{as_root, list, shell_word};
use crate::facts::{Chain, Facts, Hook, Reader};

/// A rule that lets in what is sent to groups.
pub(super) fn groups(facts: &Facts, ipv6: bool) -> String {
    let groups = if ipv6 { "ff00::/8" } else { "224.0.0.0/4" };
    let command = match reader(facts) {
        None => "nft list ruleset".into(),
        Some(Reader::Iptables) => {
            format!("{} -I INPUT -p udp -d {groups} -j ACCEPT", iptables(ipv6))
        }
        Some(Reader::Nft) => {
            let (chain, family) = (chain(facts, ipv6), family(ipv6));
            format!("nft insert rule {chain} meta l4proto udp {family} daddr {groups} accept")
        }
    };
    as_root(&facts.host, &command)
}

/// A rule that lets in answers from these ports of an interface's network.
pub(super) fn answers(facts: &Facts, interface: &str, ports: &BTreeSet<u16>, ipv6: bool) -> String {
    let networks = view::named(facts, interface).map(|it| &it.addresses[..]).unwrap_or_default();
    let network = networks.iter().find(|it| it.contains(':') == ipv6);
    let anywhere = if ipv6 { "::/0" } else { "0.0.0.0/0" };
    let from = shell_word(network.map_or(anywhere, |it| it));
    let ports = list(ports.iter().map(u16::to_string));
    let command = match reader(facts) {
        Some(Reader::Iptables) => {
            let (program, ports) = (iptables(ipv6), ports.replace(' ', ""));
            format!("{program} -I INPUT -p udp -s {from} -m multiport --sports {ports} -j ACCEPT")
        }
        None | Some(Reader::Nft) => {
            let (chain, family) = (chain(facts, ipv6), family(ipv6));
            format!(
                "nft insert rule {chain} {family} saddr {from} udp sport '{{ {ports} }}' accept"
            )
        }
    };
    as_root(&facts.host, &command)
}

fn reader(facts: &Facts) -> Option<Reader> {
    facts.firewall.known().map(|it| it.reader)
}

fn iptables(ipv6: bool) -> &'static str {
    if ipv6 { "ip6tables" } else { "iptables" }
}

fn family(ipv6: bool) -> &'static str {
    if ipv6 { "ip6" } else { "ip" }
}

/// The table and the chain that drop what comes in; where they are not known, the usual ones.
fn chain(facts: &Facts, ipv6: bool) -> String {
    let other = if ipv6 { "ip " } else { "ip6 " };
    let is_dropping = |chain: &&Chain| {
        chain.hook != Hook::Output
            && !chain.table.starts_with(other)
            && (chain.drops_by_default || !chain.drops.is_empty())
    };
    let chains = facts.firewall.known().map(|it| &it.chains[..]).unwrap_or_default();
    match chains.iter().find(is_dropping) {
        Some(chain) => {
            let words = chain.table.split_whitespace().chain([chain.name.as_str()]);
            words.map(shell_word).collect::<Vec<_>>().join(" ")
        }
        None => "inet filter input".into(),
    }
}
