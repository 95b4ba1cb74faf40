//! The kernel's counters of this network namespace.

use crate::facts::{Counters, Seen};
use crate::gather::system::text;

/// The counters as they stood at one time.
#[derive(Debug, Clone)]
pub struct Snapshot(Seen<Counters>);

impl Snapshot {
    /// Reads them.
    pub fn take() -> Snapshot {
        let read = || {
            // A kernel without IPv6 has no snmp6.
            let snmp6 = text("/proc/thread-self/net/snmp6").unwrap_or_default();
            let snmp = text("/proc/thread-self/net/snmp")?;
            Ok(counters(&snmp, &text("/proc/thread-self/net/netstat")?, &snmp6))
        };
        Snapshot(read().map_or_else(Seen::Not, Seen::Is))
    }

    /// Reads them again: by how much they have grown.
    pub fn since(&self) -> Seen<Counters> {
        self.until(&Snapshot::take())
    }

    fn until(&self, end: &Snapshot) -> Seen<Counters> {
        match (&self.0, &end.0) {
            (Seen::Is(start), Seen::Is(end)) => Seen::Is(Counters {
                reverse_path_filter: end
                    .reverse_path_filter
                    .saturating_sub(start.reverse_path_filter),
                udp_buffer_errors: end.udp_buffer_errors.saturating_sub(start.udp_buffer_errors),
                in_multicast: end.in_multicast.saturating_sub(start.in_multicast),
                out_multicast: end.out_multicast.saturating_sub(start.out_multicast),
            }),
            (Seen::Not(why), _) | (_, Seen::Not(why)) => Seen::Not(why.clone()),
        }
    }
}

/// What the tables `snmp`, `netstat` and `snmp6` say. What an older kernel does not count has not happened.
fn counters(snmp: &str, netstat: &str, snmp6: &str) -> Counters {
    let of = |text, group, name| in_pairs(text, group, name).unwrap_or(0);
    let full = of(snmp, "Udp", "RcvbufErrors");
    Counters {
        reverse_path_filter: of(netstat, "TcpExt", "IPReversePathFilter"),
        udp_buffer_errors: full.saturating_add(alone(snmp6, "Udp6RcvbufErrors").unwrap_or(0)),
        in_multicast: of(netstat, "IpExt", "InMcastPkts"),
        out_multicast: of(netstat, "IpExt", "OutMcastPkts"),
    }
}

/// A counter of a table in which a line of names comes before a line of numbers.
fn in_pairs(text: &str, group: &str, name: &str) -> Option<u64> {
    let rest = |line: &'_ str| line.strip_prefix(group)?.strip_prefix(':').map(str::to_owned);
    let mut lines = text.lines().filter_map(rest);
    let (names, numbers) = (lines.next()?, lines.next()?);
    let place = names.split_whitespace().position(|it| it == name)?;
    numbers.split_whitespace().nth(place)?.parse().ok()
}

/// A counter of a table with a name and a number on each line.
fn alone(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().map(str::split_whitespace);
    lines.find_map(|mut words| (words.next()? == name).then(|| words.next()?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNMP: &str = "\
Ip: Forwarding DefaultTTL InReceives\nIp: 1 64 8713\n\
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors
Udp: 812 3 9 900 7 0 2 0 0
UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors\nUdpLite: 0 0 0 0 5\n";
    const NETSTAT: &str = "\
TcpExt: SyncookiesSent IPReversePathFilter TCPTimeWaitOverflow\nTcpExt: 0 12 0
IpExt: InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts\nIpExt: 0 0 301 77 4\n";
    const SNMP6: &str = "Ip6InReceives                   \t54\nUdp6RcvbufErrors      \t4\n";

    #[test]
    fn each_is_found_in_its_table() {
        let expected = Counters {
            reverse_path_filter: 12,
            udp_buffer_errors: 11,
            in_multicast: 301,
            out_multicast: 77,
        };
        assert_eq!(counters(SNMP, NETSTAT, SNMP6), expected);
    }

    #[test]
    fn what_is_not_counted_or_makes_no_sense_is_nought() {
        assert_eq!(counters("", "", ""), Counters::default());
        let odd = "TcpExt: IPReversePathFilter\nTcpExt: -1\nIpExt: InMcastPkts\nIpExt:\nUdp:\n";
        assert_eq!(counters(odd, odd, "Udp6RcvbufErrors\n\u{0}\n"), Counters::default());
    }

    #[test]
    fn growth_is_the_difference_and_never_below_nought() {
        let at = |it| Snapshot(Seen::Is(Counters { in_multicast: it, ..Counters::default() }));
        let grown = |from, to| at(from).until(&at(to)).known().map(|it| it.in_multicast);
        assert_eq!((grown(3, 10), grown(10, 3)), (Some(7), Some(0)));
        let unseen = Snapshot(Seen::Not("hidden".into()));
        assert_eq!(unseen.until(&at(1)), Seen::Not("hidden".into()));
    }
}
