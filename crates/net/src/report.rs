//! What a run did, and what several did side by side.

use std::iter::Sum;

use mcast_proto::Summary;

use crate::sockets::account::{InterfaceReport, Refused};

/// What a run did.
///
/// It, and what it consists of, is exhaustive: a program that shows all of it hears from the compiler of what is
/// new. A further field is another version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The machine's own account.
    pub summary: Summary,
    /// Datagrams that the system dropped because they were not read in time; 0 where it does not say
    /// (it does on Linux).
    pub kernel_drops: u64,
    /// What went over each interface that was ever in use.
    pub interfaces: Vec<InterfaceReport>,
    /// The interfaces that refused all there was to send from the start on, as a VPN's may.
    pub refused: Vec<Refused>,
}

/// Of runs side by side, as [`Summary`] is summed: interfaces of one name are one, and one that refused all in
/// the same way is told of once.
impl Sum for Report {
    fn sum<I: Iterator<Item = Report>>(reports: I) -> Report {
        reports.reduce(Report::and).unwrap_or_default()
    }
}

impl Report {
    /// Every field is named, so that one that comes to be can't be forgotten.
    fn and(mut self, other: Report) -> Report {
        let Report { summary, kernel_drops, interfaces, refused } = other;
        for interface in interfaces {
            match self.interfaces.iter_mut().find(|known| known.name == interface.name) {
                Some(known) => add(known, &interface),
                None => self.interfaces.push(interface),
            }
        }
        for refused in refused {
            if !self.refused.contains(&refused) {
                self.refused.push(refused);
            }
        }
        Report {
            summary: [self.summary, summary].into_iter().sum(),
            kernel_drops: self.kernel_drops.saturating_add(kernel_drops),
            interfaces: self.interfaces,
            refused: self.refused,
        }
    }
}

fn add(to: &mut InterfaceReport, other: &InterfaceReport) {
    let InterfaceReport { name: _, sent, received, send_errors, send_drops, receive_drops } = other;
    to.sent = to.sent.saturating_add(*sent);
    to.received = to.received.saturating_add(*received);
    to.send_errors = to.send_errors.saturating_add(*send_errors);
    to.send_drops = to.send_drops.saturating_add(*send_drops);
    to.receive_drops = to.receive_drops.saturating_add(*receive_drops);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn report(interface: &str, count: u64) -> Report {
        let mut summary = Summary::default();
        (summary.sent, summary.elapsed) = (count, Duration::from_secs(10 - count));
        let interface = InterfaceReport {
            name: interface.to_owned(),
            sent: count,
            received: count + 1,
            send_errors: count + 2,
            send_drops: count + 3,
            receive_drops: count + 4,
        };
        let refused = Refused { interface: "tun0".into(), ipv6: count == 1, reason: "no".into() };
        Report {
            summary,
            kernel_drops: 7 * count,
            interfaces: vec![interface],
            refused: vec![refused],
        }
    }

    #[test]
    fn a_report_is_of_all_together() {
        let reports = [report("eth0", 1), report("eth1", 2), report("eth0", 3)];
        let all: Report = reports.into_iter().sum();
        let Summary { sent, elapsed, .. } = all.summary;
        assert_eq!((sent, elapsed, all.kernel_drops), (6, Duration::from_secs(9), 42));
        let of = |it: &InterfaceReport| {
            (it.sent, it.received, it.send_errors, it.send_drops, it.receive_drops)
        };
        assert_eq!(
            all.interfaces.iter().map(of).collect::<Vec<_>>(),
            [(4, 6, 8, 10, 12), (2, 3, 4, 5, 6)]
        );
        let families: Vec<bool> = all.refused.iter().map(|refused| refused.ipv6).collect();
        assert_eq!(families, [true, false], "two are the same");
        assert_eq!([].into_iter().sum::<Report>(), Report::default());
    }
}
