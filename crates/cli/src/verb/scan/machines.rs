//! Each protocol as a machine, and the lanes that all of them have together.

use std::fmt;
use std::net::SocketAddr;

use mcast_dialects::coap::Coap;
use mcast_dialects::mdns::{self, Port};
use mcast_dialects::scan::{self, Dialect};
use mcast_dialects::wsd::Wsd;
use mcast_proto::{Lane, Networked, Role, plain, service};

use super::scanning::{Machines, Patience};
use super::voices::Voice;
use super::wanted::Wanted;
use crate::doubts::MOST_SILENCES;
use crate::failure::Failure;

/// How often a question is put where its protocol leaves that open: against loss.
const REPEAT: u32 = 3;
/// CoAP's answers may take five seconds (RFC 7252 section 8.2): what a third question finds would come after the
/// end of a scan.
const COAP_REPEAT: u32 = 2;

/// What is to be done in each protocol.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) wanted: Wanted,
    pub(super) ipv4: bool,
    pub(super) ipv6: bool,
    /// `None`: it goes on.
    pub(super) patience: Option<Patience>,
}

/// Those of several protocols, and the names of those that are spoken.
pub(super) struct Choir {
    pub(super) machines: Machines,
    pub(super) names: Vec<String>,
    /// Those that are not, and why.
    pub(super) left_out: Vec<(String, Reason)>,
}

/// Why a protocol is not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It has no group of a family that is used.
    Family,
    /// Another has the port that it needs.
    Port(u16),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Family => f.write_str("it is not spoken by the family that is asked for"),
            Reason::Port(port) => {
                write!(f, "another protocol has its port, {port}: name it alone by --only")
            }
        }
    }
}

impl Choir {
    /// Whether this is among them.
    pub(super) fn speaks(&self, voice: &Voice) -> bool {
        self.names.iter().any(|name| name == voice.name())
    }
}

impl Plan {
    /// Whether a family is used.
    pub(super) fn speaks(&self, is_ipv6: bool) -> bool {
        if is_ipv6 { self.ipv6 } else { self.ipv4 }
    }

    /// The same by one family alone.
    pub(super) fn by(&self, is_ipv6: bool) -> Plan {
        Plan { ipv4: !is_ipv6, ipv6: is_ipv6, ..self.clone() }
    }

    /// All of these as one. Multicast DNS is watched from this port.
    pub(super) fn choir<'v>(
        &self,
        voices: impl IntoIterator<Item = &'v Voice>,
        port: Port,
    ) -> Result<Choir, Failure> {
        let (names, left_out) = (Vec::new(), Vec::new());
        let mut choir = Choir { machines: Machines::default(), names, left_out };
        for voice in voices {
            let machine = self.machine(voice, port);
            let name = voice.name();
            let known = choir.machines.lanes();
            let lanes: Result<Vec<Lane>, Reason> =
                machine.lanes().into_iter().map(|lane| self.lane(voice, lane, &known)).collect();
            match lanes {
                Ok(lanes) => {
                    let added = choir.machines.add_on(machine, lanes);
                    added.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
                    choir.names.push(name.to_owned());
                }
                Err(reason) => choir.left_out.push((name.to_owned(), reason)),
            }
        }
        if choir.names.is_empty() {
            return Err(Failure::usage("no protocol is left to ask in"));
        }
        Ok(choir)
    }

    /// A lane as it is opened here, beside those that are known; or why it can't be.
    fn lane(&self, voice: &Voice, lane: Lane, known: &[Lane]) -> Result<Lane, Reason> {
        let mut lane = lane;
        if *voice == Voice::Plain {
            // It has a group over IPv6 as well, where nobody asks for another.
            lane.groups.push((plain::GROUP_V6, plain::PORT).into());
        }
        lane.groups.retain(|group| self.speaks(group.is_ipv6()));
        lane.broadcast = lane.broadcast.filter(|_| self.ipv4);
        if lane.groups.is_empty() && lane.broadcast.is_none() {
            return Err(Reason::Family);
        }
        // Who asks once wants to know that there is no network; who only listens would wait for one.
        if self.patience.is_some() && lane.role == Role::Member {
            lane.role = Role::AskingPeer;
        }
        // Two lanes can't hear one group: a preset that only listens hears what the other does.
        let hears = |lane: &&Lane| lane.role != Role::Asker;
        let shares = |other: &&Lane| lane.groups.iter().any(|group| other.groups.contains(group));
        if hears(&&lane)
            && let Some(other) = known.iter().filter(hears).find(shares)
        {
            return Ok(other.clone());
        }
        let Some(port) = lane.source_port else { return Ok(lane) };
        let is_taken = |other: &Lane| {
            let hears_it = |group: &SocketAddr| other.role != Role::Asker && group.port() == port;
            other.source_port == Some(port) || other.groups.iter().any(hears_it)
        };
        match known.iter().any(is_taken) {
            true => Err(Reason::Port(port)),
            false => Ok(lane),
        }
    }

    fn machine(&self, voice: &Voice, port: Port) -> Box<dyn Networked> {
        match voice {
            Voice::Mdns => self.mdns(port),
            Voice::Ssdp => self.dialect(self.wanted.targets(), REPEAT),
            Voice::Wsd => self.dialect(Wsd::default(), REPEAT),
            Voice::Coap => self.dialect(Coap::default(), COAP_REPEAT),
            Voice::Mcast => self.services(),
            Voice::Plain => self.plain(),
            Voice::Preset(preset) => self.dialect((**preset).clone(), preset.repeat()),
        }
    }

    fn dialect(&self, dialect: impl Dialect + 'static, repeat: u32) -> Box<dyn Networked> {
        let seed = mcast_net::seed();
        match self.patience {
            Some(Patience { silence, most, .. }) => {
                let config = scan::Discovery {
                    repeat,
                    silence,
                    deadline: most,
                    ..scan::Discovery::default()
                };
                Box::new(scan::Discoverer::new(dialect, config, seed))
            }
            None => {
                let config = scan::Watching { repeat, ..scan::Watching::default() };
                Box::new(scan::Watcher::new(dialect, config, seed))
            }
        }
    }

    fn mdns(&self, port: Port) -> Box<dyn Networked> {
        let (only, seed) = (self.wanted.types(), mcast_net::seed());
        match self.patience {
            Some(Patience { silence, most, .. }) => {
                let config =
                    mdns::Discovery { only, silence, deadline: most, ..mdns::Discovery::default() };
                Box::new(mdns::Discoverer::new(config, seed))
            }
            None => {
                let config = mdns::Watching { only, port, ..mdns::Watching::default() };
                Box::new(mdns::Watcher::new(config, seed))
            }
        }
    }

    fn services(&self) -> Box<dyn Networked> {
        let (selection, seed) = (self.wanted.selection(), mcast_net::seed());
        let config = service::Discovery { selection, ..service::Discovery::all() };
        match self.patience {
            Some(Patience { silence, most, .. }) => {
                let deadline = most.unwrap_or(silence.saturating_mul(MOST_SILENCES));
                let (deadline, silence) = (Some(deadline), Some(silence));
                let config = service::Discovery { deadline, silence, ..config };
                Box::new(service::Discoverer::new(config, seed))
            }
            None => Box::new(service::Watcher::new(config, seed)),
        }
    }

    /// With the tutorial's question.
    fn plain(&self) -> Box<dyn Networked> {
        match self.patience {
            Some(Patience { silence, most, .. }) => {
                let config = plain::Discovery {
                    repeat: REPEAT,
                    silence,
                    deadline: most,
                    ..plain::Discovery::default()
                };
                Box::new(plain::Discoverer::new(config, mcast_net::seed()))
            }
            None => Box::new(plain::Watcher::new(plain::Watching::default())),
        }
    }
}

#[cfg(test)]
mod tests;
