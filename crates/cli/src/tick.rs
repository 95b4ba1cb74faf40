//! A machine that also does something at a steady pace while it runs: a progress line, statistics.

use std::time::Duration;

use mcast_proto::{Action, Arrival, Instant, Lane, Machine, Networked, Observation};

/// A machine with a tick: what happens at the tick is shown the machine, and changes nothing in it.
pub(crate) struct Ticking<M, T> {
    machine: M,
    tick: Option<(Duration, T)>,
    next: Option<Instant>,
}

impl<M, T: FnMut(Instant, &M)> Ticking<M, T> {
    /// `tick` is called once every period, from the machine's start; without one, never.
    pub(crate) fn new(machine: M, tick: Option<(Duration, T)>) -> Ticking<M, T> {
        Ticking { machine, tick, next: None }
    }

    /// The machine, to be changed.
    pub(crate) fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }
}

impl<M: Machine, T: FnMut(Instant, &M)> Machine for Ticking<M, T> {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.machine.handle_datagram(now, arrival, datagram)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if let Some((period, tick)) = &mut self.tick {
            if self.next.is_some_and(|due| due <= now) {
                tick(now, &self.machine);
                self.next = None;
            }
            self.next.get_or_insert(now + *period);
        }
        self.machine.handle_timeout(now)
    }

    fn deadline(&self) -> Option<Instant> {
        [self.machine.deadline(), self.next].into_iter().flatten().min()
    }

    fn close(&mut self, now: Instant) {
        self.machine.close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.machine.handle_observation(now, observation);
    }
}

impl<M: Networked, T: FnMut(Instant, &M)> Networked for Ticking<M, T> {
    fn lanes(&self) -> Vec<Lane> {
        self.machine.lanes()
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::plain::{Listener, Listening};

    use super::*;

    #[test]
    fn it_ticks_once_a_period_and_leaves_the_machine_its_deadlines() {
        let mut ticks = Vec::new();
        let silence = Some(Duration::from_millis(250));
        let listener = Listener::new(Listening { count: None, silence });
        let tick = (Duration::from_millis(100), |now, _: &Listener| ticks.push(now));
        let mut machine = Ticking::new(listener, Some(tick));
        let mut now = Instant::ZERO;
        let mut drive = || match machine.handle_timeout(now) {
            Some(Action::Done(summary)) => Some(summary),
            _ => {
                now = machine.deadline().expect("it has not finished");
                None
            }
        };
        let done = (0..100).find_map(|_| drive()).expect("it finishes");
        assert_eq!(done.elapsed, Duration::from_millis(250));
        assert_eq!(ticks, [Instant::from_millis(100), Instant::from_millis(200)]);
    }
}
