//! Several drivers side by side, as one.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use mcast_net::{Driver, Error, Heard, Report, Stopper};
use mcast_proto::Machine;

/// A driver for a machine of any kind.
pub(crate) type AnyDriver = Driver<Box<dyn Machine + Send>>;

/// Runs them, one in this thread and each other in one of its own, until all have ended; where one fails, the
/// others are ended too. The report is of all together.
pub(crate) fn run(
    drivers: &mut [AnyDriver],
    on_event: impl Fn(Heard<'_>) + Sync,
) -> Result<Report, Error> {
    let stoppers: Vec<Stopper> = drivers.iter().map(Driver::stopper).collect();
    let run_one = |driver: &mut AnyDriver| {
        let outcome = catch_unwind(AssertUnwindSafe(|| driver.run(&on_event)));
        if !matches!(outcome, Ok(Ok(_))) {
            stoppers.iter().for_each(Stopper::stop);
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    };
    let Some((first, others)) = drivers.split_first_mut() else { return Ok(Report::default()) };
    let run_one = &run_one;
    let reports: Result<Vec<Report>, Error> = thread::scope(|scope| {
        let runs: Vec<_> =
            others.iter_mut().map(|driver| scope.spawn(move || run_one(driver))).collect();
        let first = run_one(first);
        let joined =
            runs.into_iter().map(|run| run.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(first).chain(joined).collect()
    });
    reports.map(together)
}

/// One report of several.
fn together(reports: Vec<Report>) -> Report {
    reports.into_iter().fold(Report::default(), |mut all, report| {
        let (sum, part) = (&mut all.summary, report.summary);
        sum.sent += part.sent;
        sum.received += part.received;
        sum.duplicates += part.duplicates;
        sum.ignored += part.ignored;
        sum.unauthentic += part.unauthentic;
        sum.elapsed = sum.elapsed.max(part.elapsed);
        all.kernel_drops += report.kernel_drops;
        for interface in report.interfaces {
            match all.interfaces.iter_mut().find(|known| known.name == interface.name) {
                Some(known) => {
                    known.sent += interface.sent;
                    known.received += interface.received;
                    known.send_errors += interface.send_errors;
                    known.send_drops += interface.send_drops;
                    known.receive_drops += interface.receive_drops;
                }
                None => all.interfaces.push(interface),
            }
        }
        all.refused.extend(report.refused);
        all
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mcast_net::{Endpoint, ErrorKind, InterfaceReport, Refused, Selector, Settings};
    use mcast_proto::plain::{Listener, Listening, Sender, Sending};
    use mcast_proto::{Action, Arrival, Instant, Summary, plain};

    use super::*;

    /// A driver on the loopback interface alone.
    fn driver(machine: impl Machine + Send + 'static) -> AnyDriver {
        let loopback = mcast_net::interfaces().unwrap().into_iter().find(|i| i.loopback).unwrap();
        let interfaces = vec![Selector::Index(loopback.index)];
        let groups = vec![(plain::GROUP_V4, plain::PORT).into()];
        let settings = Settings { groups, interfaces, ..Settings::default() };
        let endpoint = Endpoint::asker(&settings).unwrap();
        Driver::new(Box::new(machine), endpoint)
    }

    /// What never ends by itself, for as long as nobody writes to its private port.
    fn endless() -> AnyDriver {
        driver(Listener::new(Listening { count: None, silence: None }))
    }

    #[test]
    fn one_that_fails_ends_the_others() {
        // Longer than UDP can carry, so that nothing is sent.
        let (payload, every) = (vec![0; 70_000], Duration::ZERO);
        let fails = driver(Sender::new(Sending { payload, count: Some(1), every }));
        let error = run(&mut [endless(), fails, endless()], |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLong);
    }

    #[test]
    fn one_that_panics_ends_the_others() {
        struct Panics;
        impl Machine for Panics {
            fn handle_datagram<'d>(
                &mut self,
                _: Instant,
                _: Arrival,
                _: &'d [u8],
            ) -> Option<Action<'d>> {
                None
            }
            fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
                panic!("as asked")
            }
            fn deadline(&self) -> Option<Instant> {
                Some(Instant::ZERO)
            }
            fn close(&mut self, _: Instant) {}
        }
        let mut drivers = [endless(), driver(Panics)];
        let panic = catch_unwind(AssertUnwindSafe(|| run(&mut drivers, |_| {}))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"as asked"));
    }

    #[test]
    fn a_report_is_of_all_together() {
        let report = |interface: &str, count: u64| {
            let mut summary = Summary::default();
            (summary.sent, summary.received, summary.duplicates) = (count, 10 * count, 100 * count);
            (summary.ignored, summary.unauthentic) = (1000 * count, 10_000 * count);
            summary.elapsed = Duration::from_secs(10 - count);
            let name = interface.to_owned();
            let interface = InterfaceReport {
                name,
                sent: count,
                received: count + 1,
                send_errors: count + 2,
                send_drops: count + 3,
                receive_drops: count + 4,
            };
            let refused =
                Refused { interface: "tun0".into(), ipv6: count == 1, reason: "no".into() };
            Report {
                summary,
                kernel_drops: 7 * count,
                interfaces: vec![interface],
                refused: vec![refused],
            }
        };
        let all = together(vec![report("eth0", 1), report("eth1", 2), report("eth0", 3)]);
        let summary = all.summary;
        assert_eq!((summary.sent, summary.received, summary.duplicates), (6, 60, 600));
        assert_eq!((summary.ignored, summary.unauthentic), (6000, 60_000));
        assert_eq!((summary.elapsed, all.kernel_drops), (Duration::from_secs(9), 42));
        let of = |it: &InterfaceReport| {
            (it.sent, it.received, it.send_errors, it.send_drops, it.receive_drops)
        };
        assert_eq!(
            all.interfaces.iter().map(of).collect::<Vec<_>>(),
            [(4, 6, 8, 10, 12), (2, 3, 4, 5, 6)]
        );
        assert_eq!(all.refused.len(), 3);
    }
}
