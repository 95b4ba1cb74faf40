//! What the machines report.

use std::net::SocketAddr;

use mcast_proto::service::Instance;
use mcast_proto::{Change, Event, Instant, Key, Loss, OwnedEvent, Refusal, Summary};

use super::host::NodeId;

/// Something that a machine reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Instant,
    /// Whose machine.
    pub node: NodeId,
    /// What.
    pub what: What,
    /// The event with all that it says; `None` with [`What::Done`].
    pub event: Option<OwnedEvent>,
}

/// What a machine reported. A probe that a responder heard is kept in the trace alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A responder was found.
    Found {
        /// Where it answered from.
        from: SocketAddr,
    },
    /// A responder of the structured protocol was found.
    ServiceFound {
        /// Its number.
        id: u64,
        /// Where it answered from.
        from: SocketAddr,
    },
    /// It changed.
    ServiceChanged {
        /// Its number.
        id: u64,
        /// In what.
        change: Change,
    },
    /// It is gone.
    ServiceLost {
        /// Its number.
        id: u64,
        /// Why.
        reason: Loss,
    },
    /// A probe was refused.
    Refused(Refusal),
    /// It finished.
    Done(Summary),
}

impl Record {
    pub(super) fn of_end(at: Instant, node: NodeId, summary: Summary) -> Record {
        Record { at, node, what: What::Done(summary), event: None }
    }

    pub(super) fn of_event(at: Instant, node: NodeId, event: &Event<'_>) -> Option<Record> {
        let what = match event {
            Event::Found(finding) => match finding.instance() {
                Some(Instance { id, .. }) => What::ServiceFound { id, from: finding.from.remote },
                None => What::Found { from: finding.from.remote },
            },
            Event::Asked { refused: Some(why), .. } => What::Refused(*why),
            Event::Changed { finding, change } => {
                What::ServiceChanged { id: finding.instance()?.id, change: *change }
            }
            Event::Lost { key: Key::Service(id), reason, .. } => {
                What::ServiceLost { id: *id, reason: *reason }
            }
            _ => return None,
        };
        Some(Record { at, node, what, event: Some((*event).into()) })
    }
}
