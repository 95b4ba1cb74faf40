//! An instance of a service: what is known of it, and what is due of it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{FactsBuf, Instant, Path, Via};

use super::identity::told_key;
use super::lease::{Due, Lease};
use super::name::Name;
use super::retries::{Pace, Retries};
use super::shares::Source;
use super::silence::Silence;
use super::wire::kind;
use crate::scan::Draws;

/// Attributes that are remembered, in bytes. RFC 6763 section 6.2 recommends 1300 at the most.
pub(super) const MAX_TXT: usize = 4096;
/// And as strings.
pub(super) const MAX_STRINGS: usize = 256;
/// So long an instance is not told of because something of it is not known yet.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of an instance.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    /// Its whole name, in one piece, as it was said.
    pub(super) name: Box<[u8]>,
    /// By which it is known.
    pub(super) key: Box<[u8]>,
    /// The number of its type.
    pub(super) kind: usize,
    /// Who told of it first.
    pub(super) source: Source,
    /// How it was heard last.
    pub(super) from: Path,
    /// Whether that was by the group.
    pub(super) via: Via,
    /// From the question to its first answer, where it was one.
    pub(super) round_trip: Option<Duration>,
    /// That it is there.
    pub(super) listed: Lease,
    /// Where it is.
    pub(super) server: Option<Server>,
    /// What else it says of itself.
    pub(super) attributes: Option<Attributes>,
    /// What others' questions show of it.
    pub(super) silence: Silence,
    /// When what is missing is asked for.
    retries: Retries,
    tell_by: Instant,
    /// What was told of it.
    pub(super) told: Option<FactsBuf>,
    /// Whether it waits to be told of.
    pub(super) is_news: bool,
    /// When its next turn is.
    pub(super) turn: Option<Instant>,
    /// Whether its server and its attributes wait to be asked for.
    pub(super) waits: [bool; 2],
}

/// The host and the port of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    /// The host's number.
    pub(super) host: u64,
    /// The port.
    pub(super) port: u16,
    /// Until when that holds.
    pub(super) lease: Lease,
}

/// What an instance says of itself.
#[derive(Debug, Clone)]
pub(super) struct Attributes {
    /// Strings, each with its length before it.
    pub(super) strings: Vec<u8>,
    /// Until when they hold.
    pub(super) lease: Lease,
}

/// What an instance's turn comes to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InstanceTurn {
    /// Whether its server and its attributes are to be asked for.
    pub(super) asks: [bool; 2],
    /// Whether something is missing that was asked for and did not come.
    pub(super) is_unanswered: bool,
    /// Whether its type is to be asked for.
    pub(super) asks_type: bool,
    /// Whether something that was known of it is gone.
    pub(super) is_changed: bool,
    /// Whether it has waited long enough to be told of.
    pub(super) is_overdue: bool,
    /// It is gone; and whether it was said so.
    pub(super) is_gone: Option<bool>,
}

/// The types of records in the order of [`Instance::waits`].
pub(super) const INSTANCE_KINDS: [u16; 2] = [kind::SRV, kind::TXT];

impl Instance {
    /// One that was just heard of.
    pub(super) fn new(
        now: Instant,
        (name, key): (&[u8], &[u8]),
        kind: usize,
        source: Source,
        (from, via): (Path, Via),
        listed: Lease,
    ) -> Instance {
        Instance {
            name: name.into(),
            key: key.into(),
            kind,
            source,
            from,
            via,
            round_trip: None,
            listed,
            server: None,
            attributes: None,
            silence: Silence::default(),
            retries: Retries::new(now),
            tell_by: now + PATIENCE,
            told: None,
            is_news: false,
            turn: None,
            waits: [false; 2],
        }
    }

    /// What it is told by.
    pub(super) fn told_key(&self) -> Vec<u8> {
        // It was read when it was heard of.
        let name = Name::read(&self.name, 0);
        name.map(|(name, _)| told_key(self.source.link, name)).unwrap_or_default()
    }

    /// For how long it may be taken to be there.
    pub(super) fn lease(&self) -> Duration {
        let server = self.server.map(|server| server.lease.ttl());
        server.map_or(self.listed.ttl(), |server| server.min(self.listed.ttl()))
    }

    /// When something is due.
    pub(super) fn due(&self, pace: Pace) -> Instant {
        let tell = (self.told.is_none() && !self.is_news).then_some(self.tell_by);
        let retry = self.retries.next().filter(|_| self.missing().contains(&true));
        let soon = [tell, retry].into_iter().flatten().min().unwrap_or(Instant::FAR_FUTURE);
        if pace != Pace::Watch {
            return soon;
        }
        let leases = [
            Some(self.listed.due()),
            self.server.map(|server| server.lease.due()),
            self.attributes.as_ref().map(|attributes| attributes.lease.due()),
            self.silence.due(),
        ];
        leases.into_iter().flatten().min().map_or(soon, |due| due.min(soon))
    }

    /// Does what is due.
    pub(super) fn take(&mut self, now: Instant, pace: Pace, draws: &mut Draws) -> InstanceTurn {
        let mut turn = InstanceTurn {
            is_overdue: self.told.is_none() && self.tell_by <= now,
            ..InstanceTurn::default()
        };
        let missing = self.missing();
        if missing.contains(&true) && self.retries.take(now, pace, draws) {
            turn.asks = missing;
            // What still waits was not asked.
            let is_asked = |nth: usize| missing[nth] && !self.waits[nth];
            turn.is_unanswered = self.retries.asked() > 1 && (is_asked(0) || is_asked(1));
        }
        if pace == Pace::Watch {
            self.take_leases(now, draws, &mut turn);
        }
        turn
    }

    fn take_leases(&mut self, now: Instant, draws: &mut Draws, turn: &mut InstanceTurn) {
        if self.silence.take(now) {
            self.listed.doubt(now);
        }
        match self.listed.take(now, draws) {
            Some(Due::Ask) => turn.asks_type = true,
            Some(Due::End) => turn.is_gone = Some(self.listed.is_goodbye()),
            None => {}
        }
        match self.server.as_mut().and_then(|server| server.lease.take(now, draws)) {
            Some(Due::Ask) => turn.asks[0] = true,
            // Who answers for it no more is gone, though its type's record holds for longer.
            Some(Due::End) => {
                turn.is_gone = turn.is_gone.or(self.server.map(|server| server.lease.is_goodbye()));
            }
            None => {}
        }
        match self.attributes.as_mut().and_then(|known| known.lease.take(now, draws)) {
            Some(Due::Ask) => turn.asks[1] = true,
            Some(Due::End) => {
                self.attributes = None;
                turn.is_changed = true;
            }
            None => {}
        }
    }

    /// Whether its server and its attributes are not known.
    pub(super) fn missing(&self) -> [bool; 2] {
        [self.server.is_none(), self.attributes.is_none()]
    }
}
