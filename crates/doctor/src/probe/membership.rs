//! Whether the kernel lists a membership.

use std::net::IpAddr;

/// Whether the kernel says that somebody has joined a group on a card; `None` where it does not tell.
pub(super) fn is_listed(card: &str, group: IpAddr) -> Option<bool> {
    let table = if group.is_ipv4() { "igmp" } else { "igmp6" };
    let table = std::fs::read_to_string(format!("/proc/self/net/{table}")).ok()?;
    Some(match group {
        IpAddr::V4(group) => {
            // The number as it lies in memory, printed as if it were of this host's order.
            is_in_igmp(&table, card, &format!("{:08X}", u32::from_ne_bytes(group.octets())))
        }
        IpAddr::V6(group) => is_in_igmp6(&table, card, &format!("{:032x}", group.to_bits())),
    })
}

fn is_in_igmp(table: &str, card: &str, group: &str) -> bool {
    let mut device = "";
    table.lines().any(|line| {
        let mut words = line.split_whitespace();
        if !line.starts_with(char::is_whitespace) {
            // The name is cut off by a colon where it is long.
            device = words.nth(1).unwrap_or_default().trim_end_matches(':');
            return false;
        }
        device == card && words.next() == Some(group)
    })
}

fn is_in_igmp6(table: &str, card: &str, group: &str) -> bool {
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some(card) && words.next() == Some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IGMP: &str = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n\
        1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n\
        2\teth0      :     2      V3\n\t\t\t\tFB0000E0     1 0:00000000\t\t0\n\
        3\taveryverylong1:     1      V3\n\t\t\t\t0950FFEF     1 0:00000000\t\t0\n";
    const IGMP6: &str = "2    eth0            ff020000000000000000000000000001     1 0000000C 0\n";

    #[test]
    fn a_membership_is_a_cards_own() {
        assert!(is_in_igmp(IGMP, "eth0", "FB0000E0"));
        assert!(!is_in_igmp(IGMP, "lo", "FB0000E0") && !is_in_igmp(IGMP, "eth0", "010000E0"));
        assert!(is_in_igmp(IGMP, "averyverylong1", "0950FFEF"));
        let all = "ff020000000000000000000000000001";
        assert!(is_in_igmp6(IGMP6, "eth0", all) && !is_in_igmp6(IGMP6, "eth1", all));
    }
}
