//! What answers: plain probes, or by the structured protocol.

use std::time::Duration;

use mcast_proto::plain::Responder;
use mcast_proto::service::Responders;
use mcast_proto::{Action, Arrival, Instant, Lane, Machine, Networked, Observation};

use crate::render::Plural;
use crate::tick::Ticking;

/// One of the machines of a run.
pub(super) enum Answerer {
    Plain(Box<Responder>),
    Services(Box<Ticking<Responders, Look>>),
}

type Look = Box<dyn FnMut(Instant, &Responders) + Send>;

impl Answerer {
    /// One that offers services, and tells, where that is asked for, that some ask who do not have our key.
    pub(super) fn services(responders: Responders) -> Answerer {
        let is_told = log::log_enabled!(log::Level::Info);
        let look = is_told.then(|| (Duration::from_secs(1), report_strangers()));
        Answerer::Services(Box::new(Ticking::new(responders, look)))
    }

    /// Its services, to be changed; `None` of one that has none.
    pub(super) fn responders(&mut self) -> Option<&mut Responders> {
        match self {
            Answerer::Plain(_) => None,
            Answerer::Services(ticking) => Some(ticking.machine_mut()),
        }
    }
}

fn report_strangers() -> Look {
    let mut told = 0;
    Box::new(move |now, responders| {
        let refused = responders.summary(now).unauthentic;
        if refused > told {
            log::info!("{} with another key than ours, or none", Plural(refused - told, "query"));
            told = refused;
        }
    })
}

impl Machine for Answerer {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        match self {
            Answerer::Plain(machine) => machine.handle_datagram(now, arrival, datagram),
            Answerer::Services(machine) => machine.handle_datagram(now, arrival, datagram),
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        match self {
            Answerer::Plain(machine) => machine.handle_timeout(now),
            Answerer::Services(machine) => machine.handle_timeout(now),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Answerer::Plain(machine) => machine.deadline(),
            Answerer::Services(machine) => machine.deadline(),
        }
    }

    fn close(&mut self, now: Instant) {
        match self {
            Answerer::Plain(machine) => machine.close(now),
            Answerer::Services(machine) => machine.close(now),
        }
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match self {
            Answerer::Plain(machine) => machine.handle_observation(now, observation),
            Answerer::Services(machine) => machine.handle_observation(now, observation),
        }
    }
}

impl Networked for Answerer {
    fn lanes(&self) -> Vec<Lane> {
        match self {
            Answerer::Plain(machine) => machine.lanes(),
            Answerer::Services(machine) => machine.lanes(),
        }
    }
}
