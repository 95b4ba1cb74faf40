//! The packet filter's rules, as far as they can be read.

mod command;
mod follow;
mod iptables;
mod nft;
mod rules;
mod words;

use crate::facts::{Firewall, Reader, Seen};
use crate::gather::system::{ELSEWHERE, text};
use command::Failure;
use rules::Rules;

/// Reads them, by the programs that tell them.
pub(super) fn read() -> Seen<Firewall> {
    if !cfg!(target_os = "linux") {
        return Seen::Not(ELSEWHERE.into());
    }
    let told = match by_nft() {
        Err(Failure::NotInstalled) => by_iptables(),
        told => told,
    };
    match told {
        Ok((reader, rules)) => Seen::Is(Firewall { reader, chains: follow::base_chains(&rules) }),
        Err(Failure::NotInstalled) => {
            Seen::Not("neither nft nor iptables-save is installed".into())
        }
        Err(Failure::Forbidden) => {
            Seen::Not("the rules are shown to root alone (CAP_NET_ADMIN): run it as root".into())
        }
        Err(Failure::Other(why)) => Seen::Not(why),
    }
}

/// What nft says. The older filter of iptables is not among it, and is asked for where it is in use.
fn by_nft() -> Result<(Reader, Vec<Rules>), Failure> {
    let mut rules = nft::rules(&command::output("nft", &["list", "ruleset"])?);
    let uses_old_tables = uses_old_tables();
    let reader = if rules.is_empty() && uses_old_tables { Reader::Iptables } else { Reader::Nft };
    if uses_old_tables {
        let old = match iptables("iptables-legacy-save", "ip6tables-legacy-save") {
            Err(Failure::NotInstalled) => iptables("iptables-save", "ip6tables-save"),
            old => old,
        };
        // Half of the rules would look like all of them.
        rules.extend(old.map_err(|failure| match failure {
            Failure::NotInstalled => {
                Failure::Other("iptables has rules, and iptables-save is not installed".into())
            }
            failure => failure,
        })?);
    }
    Ok((reader, rules))
}

fn by_iptables() -> Result<(Reader, Vec<Rules>), Failure> {
    Ok((Reader::Iptables, iptables("iptables-save", "ip6tables-save")?))
}

fn iptables(ipv4: &str, ipv6: &str) -> Result<Vec<Rules>, Failure> {
    let mut rules = iptables::rules("ip", &command::output(ipv4, &[])?);
    match command::output(ipv6, &[]) {
        Ok(told) => rules.extend(iptables::rules("ip6", &told)),
        // IPv6 may be left out of a system.
        Err(Failure::NotInstalled) => {}
        Err(failure) => return Err(failure),
    }
    Ok(rules)
}

/// Whether the older filter has tables in this network namespace, which root alone is told.
fn uses_old_tables() -> bool {
    ["ip_tables_names", "ip6_tables_names"].iter().any(|table| {
        text(&format!("/proc/thread-self/net/{table}")).is_ok_and(|names| !names.trim().is_empty())
    })
}
