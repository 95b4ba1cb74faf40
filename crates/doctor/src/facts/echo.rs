//! What became of a datagram of our own.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// A datagram to a group that we have joined ourselves, by one interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Echo {
    /// By which interface, by name.
    pub interface: String,
    /// To which group: one of our own for the test, at a port of our own.
    pub group: SocketAddr,
    /// How far it came.
    pub step: Step,
    /// The kernel's words where it refused, and its number for them.
    pub error: Option<(String, Option<i32>)>,
    /// How many were sent.
    pub sent: u32,
    /// How many came back.
    pub heard: u32,
    /// Milliseconds from sending to hearing, of the quickest.
    pub rtt_ms: Option<f64>,
}

/// How far a datagram of our own came: each step follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// No socket could be opened or bound.
    NotOpened,
    /// The kernel refused to join the group.
    NotJoined,
    /// The kernel took the join, and does not list the membership.
    NotListed,
    /// The kernel refused to send.
    NotSent,
    /// It was sent, and none came back.
    NotHeard,
    /// It came back.
    Heard,
}
