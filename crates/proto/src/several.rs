//! A machine that is made of machines.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::life::Life;
use crate::{
    Action, Arrival, Evidence, Instant, Lane, LaneId, Machine, Networked, Observation, OwnedEvent,
    Summary,
};

/// Events that wait to be told at the most: where several machines have something to tell of one datagram,
/// all but the first wait. What has no room is counted as ignored.
const MOST_EVENTS: usize = 256;

/// Several machines that are driven as one, on the sockets of one endpoint.
///
/// Lanes that are the same are shared: what comes in by one goes to each machine that has it. Where one
/// machine asks what became of what was sent ([`Action::Audit`]), the others lose nothing by it. It has
/// finished once all have, and then tells what all did together.
///
/// It looks at each machine in every turn, so it is for a few dozens of them; hundreds of services are one
/// [`service::Responder`](crate::service::Responder).
///
/// ```
/// use mcast_proto::plain::{Responder, Responding};
/// use mcast_proto::service::{Discoverer, Discovery};
/// use mcast_proto::{Networked, Several};
///
/// let mut both: Several<Box<dyn Networked>> = Several::default();
/// both.add(Box::new(Responder::new(Responding::default(), 1)))?;
/// both.add(Box::new(Discoverer::new(Discovery::all(), 2)))?;
/// assert_eq!(both.lanes().len(), 2);
/// # Ok::<(), mcast_proto::TooManyLanes>(())
/// ```
#[derive(Debug)]
pub struct Several<M> {
    members: Vec<Member<M>>,
    lanes: Vec<Lane>,
    budget: Option<Budget>,
    /// Whose turn it is where several machines are due.
    turn: usize,
    /// Who has asked for an audit and has no answer yet.
    auditing: Option<usize>,
    waiting: VecDeque<OwnedEvent>,
    /// The event that was told last.
    told: Option<OwnedEvent>,
    life: Life,
}

/// There is no number left for a further lane: a machine of machines has 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyLanes;

impl fmt::Display for TooManyLanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more than 256 lanes")
    }
}

impl core::error::Error for TooManyLanes {}

#[derive(Debug)]
struct Member<M> {
    machine: M,
    /// Of each of its lanes, which of all lanes that is.
    lanes: Vec<LaneId>,
    /// What became of what was sent and heard since it last asked.
    evidence: Evidence,
    summary: Option<Summary>,
}

impl<M> Default for Several<M> {
    /// None yet.
    fn default() -> Several<M> {
        Several {
            members: Vec::new(),
            lanes: Vec::new(),
            budget: None,
            turn: 0,
            auditing: None,
            waiting: VecDeque::new(),
            told: None,
            life: Life::default(),
        }
    }
}

impl<M: Networked> Several<M> {
    /// Adds a machine, and returns its place. Sockets are opened by the lanes that there are by then: one
    /// that is added later runs if it has no other lanes.
    ///
    /// # Errors
    ///
    /// If there are too many lanes.
    pub fn add(&mut self, machine: M) -> Result<usize, TooManyLanes> {
        let lanes = machine.lanes();
        self.add_on(machine, lanes)
    }

    /// The same on other lanes than it says: as many, of other groups for instance.
    ///
    /// # Errors
    ///
    /// If there are too many lanes.
    pub fn add_on(&mut self, machine: M, lanes: Vec<Lane>) -> Result<usize, TooManyLanes> {
        let known = self.lanes.len();
        let mut ids = Vec::with_capacity(lanes.len());
        for lane in lanes {
            let place = self.lanes.iter().position(|other| *other == lane).unwrap_or_else(|| {
                self.lanes.push(lane);
                self.lanes.len() - 1
            });
            let Ok(id) = place.try_into() else {
                self.lanes.truncate(known);
                return Err(TooManyLanes);
            };
            ids.push(LaneId(id));
        }
        self.members.push(Member { machine, lanes: ids, evidence: Evidence::CLEAN, summary: None });
        Ok(self.members.len() - 1)
    }

    /// Lets all machines together send so many datagrams a second at the most, a tenth of a second's at once.
    pub fn paced(self, a_second: u32) -> Several<M> {
        Several { budget: Some(Budget::new(a_second)), ..self }
    }

    /// The machine at this place.
    pub fn machine(&self, place: usize) -> Option<&M> {
        self.members.get(place).map(|member| &member.machine)
    }

    /// The machine at this place, to be changed.
    pub fn machine_mut(&mut self, place: usize) -> Option<&mut M> {
        self.members.get_mut(place).map(|member| &mut member.machine)
    }

    /// What all did together, of those that have finished.
    fn summary(&self, now: Instant) -> Summary {
        let own = self.life.summary(now);
        let done = || self.members.iter().filter_map(|member| member.summary);
        let all: Summary = done().sum();
        // Each was told of all that was dropped.
        let dropped = done().map(|summary| summary.dropped).max().unwrap_or_default();
        Summary { dropped, ignored: all.ignored + own.ignored, elapsed: own.elapsed, ..all }
    }

    fn due(&self) -> Option<Instant> {
        self.members.iter().filter_map(Member::deadline).min()
    }
}

impl<M: Machine> Member<M> {
    fn deadline(&self) -> Option<Instant> {
        if self.summary.is_some() { None } else { self.machine.deadline() }
    }
}

impl<M: Networked> Machine for Several<M> {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        let mut first = None;
        for member in self.members.iter_mut().filter(|member| member.summary.is_none()) {
            for (own, _) in (0..).zip(&member.lanes).filter(|(_, lane)| **lane == arrival.lane) {
                let arrival = arrival.by_lane(LaneId(own));
                let action = member.machine.handle_datagram(now, arrival, datagram);
                let Some(Action::Emit(event)) = action else { continue };
                if first.is_none() {
                    first = Some(Action::Emit(event));
                } else if self.waiting.len() < MOST_EVENTS {
                    self.waiting.push_back(event.into());
                } else {
                    self.life.counts.ignored += 1;
                }
            }
        }
        first
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.life.start(now);
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if let Some(event) = self.waiting.pop_front() {
            return Some(Action::Emit(self.told.insert(event).as_event()));
        }
        if self.members.iter().all(|member| member.summary.is_some()) {
            // Its own account is of what was left out alone.
            let _own = self.life.finish(now);
            return Some(Action::Done(self.summary(now)));
        }
        let many = self.members.len();
        let is_due = |place: &usize| self.members[*place].deadline().is_some_and(|due| due <= now);
        let place = (self.turn..self.turn + many).map(|turn| turn % many).find(is_due)?;
        self.turn = (place + 1) % many;
        let Member { machine, lanes, summary, .. } = &mut self.members[place];
        match machine.handle_timeout(now)? {
            Action::Send { to, message } => {
                if let Some(budget) = &mut self.budget {
                    budget.take(now);
                }
                let lane = lanes.get(usize::from(to.lane().0)).copied();
                debug_assert!(lane.is_some(), "a machine sends by its own lanes alone");
                Some(Action::Send { to: to.by_lane(lane?), message })
            }
            Action::Audit => {
                self.auditing = Some(place);
                Some(Action::Audit)
            }
            Action::Done(what) => {
                *summary = Some(what);
                None
            }
            emit @ Action::Emit(_) => Some(emit),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let next = if !self.waiting.is_empty()
            || self.members.iter().all(|member| member.summary.is_some())
        {
            Some(Instant::AT_ONCE)
        } else {
            let pace = self.budget.as_ref().map_or(Instant::AT_ONCE, Budget::ready);
            self.due().map(|due| due.max(pace))
        };
        // It closes with its members, and not before them.
        self.life.deadline(next)
    }

    fn close(&mut self, now: Instant) {
        for member in &mut self.members {
            member.machine.close(now);
        }
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        let Observation::Audit(news) = observation else {
            for member in &mut self.members {
                member.machine.handle_observation(now, observation);
            }
            return;
        };
        for member in &mut self.members {
            member.evidence = member.evidence.and(news);
        }
        if let Some(member) = self.auditing.take().and_then(|place| self.members.get_mut(place)) {
            let evidence = core::mem::replace(&mut member.evidence, Evidence::CLEAN);
            member.machine.handle_observation(now, Observation::Audit(evidence));
        }
    }
}

impl<M: Networked> Networked for Several<M> {
    fn lanes(&self) -> Vec<Lane> {
        self.lanes.clone()
    }
}

/// How much may be sent: a tenth of a second's at once, and then at an even pace.
#[derive(Debug)]
struct Budget {
    /// From one datagram to the next.
    gap: Duration,
    burst: Duration,
    /// When all that was sent would have been, at an even pace.
    paid: Instant,
}

impl Budget {
    fn new(a_second: u32) -> Budget {
        let gap = Duration::from_secs(1) / a_second.max(1);
        Budget {
            gap,
            burst: (Duration::from_secs(1) / 10).saturating_sub(gap),
            paid: Instant::ZERO,
        }
    }

    /// When the next may be sent.
    fn ready(&self) -> Instant {
        Instant::ZERO + (self.paid - Instant::ZERO).saturating_sub(self.burst)
    }

    fn take(&mut self, now: Instant) {
        self.paid = self.paid.max(now) + self.gap;
    }
}

#[cfg(test)]
mod tests;
