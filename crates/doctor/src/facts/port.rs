//! The ports that discovery needs, and who holds them.

use serde::{Deserialize, Serialize};

/// A UDP port of one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its number.
    pub port: u16,
    /// Whether it is IPv6's.
    pub ipv6: bool,
    /// What becomes of a program that wants to share it.
    pub binding: Binding,
    /// The sockets that have it.
    pub holders: Vec<Holder>,
}

/// What the kernel says to a program that wants to share a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// It may.
    Shared,
    /// Somebody has it and does not share it (`EADDRINUSE`).
    Taken,
    /// It is refused, in these words.
    Refused(String),
}

/// A socket that has a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The address that it is bound to: `0.0.0.0` and `::` take unicast to any.
    pub address: String,
    /// The process, where it can be seen.
    pub pid: Option<u32>,
    /// The process's name, where it can be seen.
    pub program: Option<String>,
    /// The user, by number.
    pub user: Option<u32>,
}
