//! The machine of a scan: one in each protocol, of which what is looked for is told.

use std::time::Duration;

use mcast_proto::{
    Action, Arrival, Doubts, Instant, Lane, Machine, Networked, Observation, Several, Summary,
};

use super::wanted::{Sieve, Wanted};
use crate::doubts::MOST_SILENCES;

/// So many datagrams leave in a second at the most, by all protocols together: multicast DNS alone asks fifty
/// questions a second, and a tenth of this at once overruns nobody.
const PACE: u32 = 100;

/// Machines of several protocols.
pub(super) type Machines = Several<Box<dyn Networked>>;

/// How long a run that ends by itself listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// After the last find.
    pub(super) silence: Duration,
    /// From the start, where an answer may come so late.
    pub(super) least: Duration,
    /// From the start, in any case.
    pub(super) most: Option<Duration>,
}

impl Patience {
    /// Whether a run that took so long was ended by the time, and not by silence.
    fn is_over(&self, elapsed: Duration) -> bool {
        elapsed >= self.most.unwrap_or(self.silence.saturating_mul(MOST_SILENCES))
    }
}

/// Asks in several protocols at once.
pub(super) struct Scanning {
    machines: Machines,
    sieve: Sieve,
    /// `None`: it goes on.
    patience: Option<Patience>,
    /// The names of the protocols.
    asked: String,
    started: Option<Instant>,
    last_found: Option<Instant>,
}

impl Scanning {
    /// A scan by these machines, of the protocols that are named so.
    pub(super) fn new(
        machines: Machines,
        asked: &[String],
        wanted: Wanted,
        patience: Option<Patience>,
    ) -> Scanning {
        let (machines, sieve) = (machines.paced(PACE), Sieve::new(wanted));
        let asked = asked.join(", ");
        Scanning { machines, sieve, patience, asked, started: None, last_found: None }
    }

    /// In which protocols it asks.
    pub(super) fn asked(&self) -> &str {
        &self.asked
    }

    /// What was found so far.
    pub(super) fn found(&self) -> u64 {
        self.sieve.found
    }

    /// How much longer it listens, as far as can be told.
    pub(super) fn left(&self, now: Instant) -> Duration {
        let (Some(started), Some(patience)) = (self.started, self.patience) else {
            return Duration::ZERO;
        };
        let Patience { silence, least, most } = patience;
        let silent = self.last_found.unwrap_or(started) + silence;
        let ends = silent.max(started + least);
        most.map_or(ends, |most| ends.min(started + most)) - now
    }

    /// What is known of a run that goes on.
    pub(super) fn summary(&self, now: Instant) -> Summary {
        let mut summary = Summary::default();
        summary.elapsed = self.started.map_or(Duration::ZERO, |started| now - started);
        sum_up(&self.sieve, self.patience, summary)
    }
}

/// What was done, as far as it is looked for. Nobody can know that all are known: not all protocols say it.
fn sum_up(sieve: &Sieve, patience: Option<Patience>, mut summary: Summary) -> Summary {
    (summary.found, summary.complete) = (sieve.found, None);
    if sieve.lacked_room {
        summary.doubts |= Doubts::NO_ROOM;
    }
    // To a protocol that can be complete, an end by silence is an end before its time.
    if !patience.is_some_and(|patience| patience.is_over(summary.elapsed)) {
        summary.doubts = summary.doubts.without(Doubts::DEADLINE);
    }
    summary
}

/// What of an action is to be told.
fn sift<'a>(
    action: Action<'a>,
    sieve: &mut Sieve,
    last_found: &mut Option<Instant>,
    now: Instant,
) -> Option<Action<'a>> {
    let Action::Emit(event) = action else { return Some(action) };
    let before = sieve.found;
    let event = sieve.pass(event)?;
    if sieve.found > before {
        *last_found = Some(now);
    }
    Some(Action::Emit(event))
}

impl Machine for Scanning {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        let action = self.machines.handle_datagram(now, arrival, datagram)?;
        sift(action, &mut self.sieve, &mut self.last_found, now)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.started.get_or_insert(now);
        let Scanning { machines, sieve, patience, last_found, .. } = self;
        match machines.handle_timeout(now)? {
            Action::Done(summary) => Some(Action::Done(sum_up(sieve, *patience, summary))),
            action => sift(action, sieve, last_found, now),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.machines.deadline()
    }

    fn close(&mut self, now: Instant) {
        self.machines.close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.machines.handle_observation(now, observation);
    }
}

impl Networked for Scanning {
    fn lanes(&self) -> Vec<Lane> {
        self.machines.lanes()
    }
}
