//! Opening an endpoint, and when that fails.

use mcast_proto::{self as proto, Networked};

use crate::endpoint::lane::{Lane, check_apart, settings_of};
use crate::endpoint::ledger::Ledger;
use crate::endpoint::plan::Role;
use crate::endpoint::{Endpoint, Refusal};
use crate::error::Error;
use crate::settings::Settings;
use crate::sockets::account;
use crate::sockets::channel::{Channel, Purpose};

impl Endpoint {
    /// Opens sockets that ask: a private one on each interface and for each family, so that answers
    /// reach it and nobody else.
    ///
    /// # Errors
    ///
    /// When the settings are wrong, an interface is asked for that is not there, no interface can be
    /// used, or the system refuses all of them.
    pub fn asker(settings: &Settings) -> Result<Endpoint, Error> {
        Endpoint::with_lanes(&[(proto::Role::Asker, settings.clone())])
    }

    /// Opens sockets that hear: one for each group on each interface. There may be none at first: they
    /// are opened when an interface comes. Answers leave by the group's port.
    ///
    /// # Errors
    ///
    /// When the settings are wrong, an interface is asked for that is not there, or the system refuses
    /// for good to let the groups be heard on any interface.
    pub fn member(settings: &Settings) -> Result<Endpoint, Error> {
        Endpoint::with_lanes(&[(proto::Role::Member, settings.clone())])
    }

    /// Opens both: private sockets to send from, and others that hear the groups. It is what the
    /// structured protocol's responder and watcher need: a private port reaches this program alone,
    /// however many share the group's. There may be no sockets at first, as with
    /// [`member`](Self::member).
    ///
    /// # Errors
    ///
    /// As [`member`](Self::member).
    pub fn peer(settings: &Settings) -> Result<Endpoint, Error> {
        Endpoint::with_lanes(&[(proto::Role::Peer, settings.clone())])
    }

    /// Opens both, as [`peer`](Self::peer) does, for one who asks now: without an interface it is an
    /// error. It is what the structured protocol's discoverer needs, which takes answers to the group
    /// where those to itself are lost.
    ///
    /// # Errors
    ///
    /// As [`asker`](Self::asker).
    pub fn asking_peer(settings: &Settings) -> Result<Endpoint, Error> {
        Endpoint::with_lanes(&[(proto::Role::AskingPeer, settings.clone())])
    }

    /// Opens the sockets that a machine needs. What the settings decide holds for each of its lanes, where
    /// the lane does not say otherwise; groups can be given for a machine of one lane.
    ///
    /// # Errors
    ///
    /// As [`with_lanes`](Self::with_lanes); and when the settings contradict what the machine needs: groups
    /// or one source port for several lanes, or a group of another port than the machine answers from.
    pub fn of(machine: &impl Networked, settings: &Settings) -> Result<Endpoint, Error> {
        Endpoint::with_lanes(&settings_of(&machine.lanes(), settings)?)
    }

    /// Opens the sockets of several lanes, in the order of their numbers: each as [`asker`](Self::asker),
    /// [`member`](Self::member), [`peer`](Self::peer) or [`asking_peer`](Self::asking_peer) does, by its
    /// role. Which interfaces there are to be is decided for each.
    ///
    /// # Errors
    ///
    /// Where one of these would fail, but for this: where a lane can wait for an interface, the others wait
    /// with it. Also when there are no lanes, or when two hear the same group.
    pub fn with_lanes(lanes: &[(proto::Role, Settings)]) -> Result<Endpoint, Error> {
        let lanes: Vec<_> =
            lanes.iter().map(|(role, settings)| (Role::from(*role), settings.clone())).collect();
        check_apart(&lanes)?;
        let mut endpoint = Endpoint::new(lanes)?;
        let mut refusals = endpoint.refresh();
        // All is news at the start.
        endpoint.ledger = Ledger::default();
        let failure = match endpoint.waits() {
            true => endpoint.why_deaf(&mut refusals),
            false => endpoint.why_empty(&mut refusals),
        };
        match failure {
            Some(error) => Err(error),
            None => {
                endpoint.log_failure(refusals);
                Ok(endpoint)
            }
        }
    }

    /// Why there is no socket, where there is none.
    fn why_empty(&self, refusals: &mut Vec<Refusal>) -> Option<Error> {
        if !self.channels.is_empty() {
            return None;
        }
        if refusals.is_empty() {
            let Lane { choice, settings, .. } = &self.lanes[0];
            return Some(choice.nothing_taken(settings));
        }
        Some(refusals.swap_remove(0).error)
    }

    /// Why a lane that hears can hear nobody, and never will: it is not to look as if it could, though it
    /// may still ask.
    fn why_deaf(&self, refusals: &mut Vec<Refusal>) -> Option<Error> {
        let has_ear = |lane: usize| {
            let hears = |channel: &Channel| matches!(channel.purpose, Purpose::Hear(_));
            self.channels.iter().any(|it| usize::from(it.lane.0) == lane && hears(it))
        };
        let is_final = |Refusal { slot, error, .. }: &Refusal| {
            let lane = account::lane(*slot);
            self.lanes[lane].role.hears && !has_ear(lane) && !error.is_transient()
        };
        let place = refusals.iter().position(is_final)?;
        Some(refusals.swap_remove(place).error)
    }
}
