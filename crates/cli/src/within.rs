//! A machine that is closed after some time, whatever it would do by itself.

use std::time::Duration;

use mcast_proto::{Action, Arrival, Instant, Machine, Observation};

pub(crate) struct Within<M> {
    machine: M,
    /// `None`: it is left to itself.
    longest: Option<Duration>,
    end: Option<Instant>,
}

impl<M> Within<M> {
    /// From its start it runs for this long at the most.
    pub(crate) fn new(machine: M, longest: Option<Duration>) -> Within<M> {
        Within { machine, longest, end: None }
    }

    /// The machine, to be changed.
    pub(crate) fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }
}

impl<M: Machine> Machine for Within<M> {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.machine.handle_datagram(now, arrival, datagram)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if let Some(longest) = self.longest.take() {
            self.end = Some(now + longest);
        }
        if self.end.is_some_and(|end| end <= now) {
            self.end = None;
            self.machine.close(now);
        }
        self.machine.handle_timeout(now)
    }

    fn deadline(&self) -> Option<Instant> {
        [self.machine.deadline(), self.end].into_iter().flatten().min()
    }

    fn close(&mut self, now: Instant) {
        self.end = None;
        self.machine.close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.machine.handle_observation(now, observation);
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::plain::{Listener, Listening};

    use super::*;

    /// For how long a listener runs that ends after 250 ms of silence.
    fn ends_after(longest: Option<u64>) -> Duration {
        let silence = Some(Duration::from_millis(250));
        let listener = Listener::new(Listening { count: None, silence });
        let mut machine = Within::new(listener, longest.map(Duration::from_millis));
        let mut now = Instant::ZERO;
        for _ in 0..100 {
            match machine.handle_timeout(now) {
                Some(Action::Done(summary)) => return summary.elapsed,
                _ => now = machine.deadline().expect("it has not finished"),
            }
        }
        panic!("it does not finish");
    }

    #[test]
    fn it_ends_at_its_time_or_before() {
        assert_eq!(ends_after(None), Duration::from_millis(250));
        assert_eq!(ends_after(Some(300)), Duration::from_millis(250));
        assert_eq!(ends_after(Some(100)), Duration::from_millis(100));
    }
}
