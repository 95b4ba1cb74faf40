//! Several drivers side by side, as one.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use mcast_net::{Driver, Error, Heard, Report, Stopper};
use mcast_proto::Machine;

/// A machine of any kind.
pub(crate) type AnyMachine = Box<dyn Machine + Send>;

/// A driver for one.
pub(crate) type AnyDriver = Driver<AnyMachine>;

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
    thread::scope(|scope| {
        let runs: Vec<_> =
            others.iter_mut().map(|driver| scope.spawn(move || run_one(driver))).collect();
        let first = run_one(first);
        let joined =
            runs.into_iter().map(|run| run.join().unwrap_or_else(|panic| resume_unwind(panic)));
        std::iter::once(first).chain(joined).sum()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mcast_net::{Endpoint, ErrorKind, Selector, Settings};
    use mcast_proto::plain::{Listener, Listening, Sender, Sending};
    use mcast_proto::{Action, Arrival, Instant, plain};

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
}
