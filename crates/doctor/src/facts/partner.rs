//! What was found out together with another host, on which `mcast respond` runs.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Seen;

/// Another host, and what came through to it and from it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Partner {
    /// As it was named.
    pub name: String,
    /// Its address.
    pub address: Option<IpAddr>,
    /// The interface by which it is reached, by name.
    pub interface: Option<String>,
    /// Whether its address is on that interface's link.
    pub on_link: bool,
    /// Whether it can be reached at all.
    pub reach: Reach,
    /// Which of its responders answered: `service`, `plain`, or none.
    pub responder: Option<String>,
    /// What came through, by way.
    pub exchanges: Vec<Exchange>,
    /// Which sizes came through.
    pub sizes: Vec<Size>,
    /// How far away it is.
    pub hops: Option<Hops>,
    /// Milliseconds after the start at which a way that had worked was last seen to work, where it then
    /// stopped for good.
    pub stopped: Vec<(Way, u64)>,
    /// For how long it was tried, in milliseconds.
    pub tried_ms: u64,
}

/// Whether a host can be reached by unicast.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reach {
    /// ICMP echoes that were sent and answered; not seen where they are not allowed.
    pub ping: Seen<(u32, u32)>,
    /// Whether the kernel knows its hardware address: it answered ARP, or neighbour discovery.
    pub neighbour: Seen<bool>,
    /// Whether a datagram to a closed port was answered by "port unreachable".
    pub refused_port: Seen<bool>,
}

/// A way for a question and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Asked by the routed group, answered by unicast.
    GroupThenUnicast,
    /// Asked by the routed group, answered to the group.
    GroupThenGroup,
    /// Asked by the group that every host of the link hears (224.0.0.1, ff02::1), answered by unicast.
    LinkThenUnicast,
    /// Asked by it, answered to it.
    LinkThenLink,
}

/// Questions and answers by one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// Which.
    pub way: Way,
    /// Distinct questions that left.
    pub asked: u32,
    /// Those that were answered.
    pub answered: u32,
    /// Milliseconds to the quickest answer, and to the slowest.
    pub rtt_ms: Option<(f64, f64)>,
}

/// Datagrams of one size, in bytes of UDP payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Bytes of UDP payload of a question, or of an ICMP echo's data.
    pub bytes: u32,
    /// Whether it went to the group (else it was an ICMP echo, which may not be fragmented).
    pub to_group: bool,
    /// How many left.
    pub asked: u32,
    /// How many were answered.
    pub answered: u32,
    /// How many the kernel refused as too long for the interface or for a path that it knows.
    pub too_long: u32,
}

/// How far away a host is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hops {
    /// By how many hops its unicast answers lost of the 255 that they start with.
    pub answers: Option<u8>,
    /// The least TTL with which a question to the group was answered, of those that were tried.
    pub least_ttl: Option<u8>,
    /// The TTLs that were tried.
    pub tried: Vec<u8>,
}
