//! Which groups the kernel has joined, and where.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::gather::system::text;

/// All memberships of this network namespace, each with the number of its interface; or why they can't be
/// seen.
pub(crate) fn all() -> Result<Vec<(u32, IpAddr)>, String> {
    // A kernel without IPv6 has no such table.
    let ipv6 = text("/proc/thread-self/net/igmp6").unwrap_or_default();
    Ok(ipv4(&text("/proc/thread-self/net/igmp")?).chain(self::ipv6(&ipv6)).collect())
}

/// The table `igmp`: a line for each interface, and indented below it one for each group, whose number is
/// printed as it lies in memory.
fn ipv4(table: &str) -> impl Iterator<Item = (u32, IpAddr)> {
    let mut interface = None;
    table.lines().filter_map(move |line| {
        let first = line.split_whitespace().next()?;
        if !line.starts_with(char::is_whitespace) {
            interface = first.parse().ok();
            return None;
        }
        let group = u32::from_str_radix(first, 16).ok().filter(|_| first.len() == 8)?;
        Some((interface?, Ipv4Addr::from(group.to_ne_bytes()).into()))
    })
}

/// The table `igmp6`: a line for each group, with the interface's number and name before it.
fn ipv6(table: &str) -> impl Iterator<Item = (u32, IpAddr)> {
    table.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (interface, group) = (words.next()?.parse().ok()?, words.nth(1)?);
        let group = u128::from_str_radix(group, 16).ok().filter(|_| group.len() == 32)?;
        Some((interface, Ipv6Addr::from_bits(group).into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IGMP: &str = "\
Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0
2\td1        :     2      V3\n\t\t\t\tFB0000E0     2 0:00000000\t\t1
\t\t\t\t010000E0     1 0:00000000\t\t0
3\taveryverylong1:     1      V3\n\t\t\t\t0950FFEF     1 0:00000000\t\t0\n";
    const IGMP6: &str = "\
1    lo              ff020000000000000000000000000001     1 0000000C 0
2    d1              ff0200000000000000000001ff1e674c     1 00000004 0\n";

    #[cfg(target_endian = "little")]
    #[test]
    fn ipv4s_groups_are_those_of_the_interface_above_them() {
        let read: Vec<_> = ipv4(IGMP).map(|(index, ip)| format!("{index} {ip}")).collect();
        assert_eq!(read, ["1 224.0.0.1", "2 224.0.0.251", "2 224.0.0.1", "3 239.255.80.9"]);
    }

    #[test]
    fn ipv6s_groups_are_read() {
        let read: Vec<_> = ipv6(IGMP6).map(|(index, ip)| format!("{index} {ip}")).collect();
        assert_eq!(read, ["1 ff02::1", "2 ff02::1:ff1e:674c"]);
    }

    #[test]
    fn odd_lines_are_passed_over() {
        for odd in ["", "\t\t010000E0 1\n", "x\n\t010000E0", "1\tlo\n\tx10000E0\n\t0\n\tü\n \n"] {
            assert_eq!(ipv4(odd).count(), 0, "{odd:?}");
        }
        for odd in ["", "1", "1 lo", "x lo ff020000000000000000000000000001", "1 lo ff02", "1 lo é"]
        {
            assert_eq!(ipv6(odd).count(), 0, "{odd:?}");
        }
    }
}
