//! What others on the network say, unasked and asked: the test signal that is always there.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::Seen;

/// What was heard of others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signal {
    /// For how long it was listened, in milliseconds.
    pub listened_ms: u64,
    /// What was asked, by interface and dialect.
    pub asked: Vec<Asked>,
    /// Who said something, by interface, address and dialect.
    pub devices: Vec<Device>,
    /// What came to each group, by interface.
    pub groups: Vec<GroupHeard>,
    /// Who asked for the groups' members, where that could be heard.
    pub querier: Seen<Querier>,
    /// What our own sockets dropped for want of room.
    pub dropped: u64,
    /// Datagrams of hosts that are not among the devices, for want of room.
    pub unlisted: u64,
}

/// What was asked in one dialect on one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The interface's name.
    pub interface: String,
    /// The dialect, in scan's word: mdns, ssdp, wsd.
    pub dialect: String,
    /// The group that was asked.
    pub group: SocketAddr,
    /// Questions that left for the group and want answers by unicast.
    pub for_unicast: u32,
    /// Questions that left for the group and want answers to the group (multicast DNS from port 5353; other
    /// dialects have none).
    pub for_group: u32,
    /// Questions that the kernel refused to send.
    pub refused: u32,
}

/// A host that spoke a dialect. Each number counts datagrams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The interface's name.
    pub interface: String,
    /// Where it spoke from.
    pub address: IpAddr,
    /// The dialect.
    pub dialect: String,
    /// What it said to the group, asked or unasked: a question of its own too.
    pub to_group: u32,
    /// Of that: answers and announcements, by which it shows that it offers something in this dialect.
    pub announced: u32,
    /// Of what it announced: what came after our question that wanted answers to the group, within the
    /// time that the dialect gives for them.
    pub answered_to_group: u32,
    /// Its unicast answers to questions that we put to the group.
    pub answered_by_unicast: u32,
    /// Questions that we put to it by unicast, since it was heard on the group.
    pub asked_directly: u32,
    /// Its answers to those.
    pub answered_directly: u32,
}

/// What came to one group by one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupHeard {
    /// The interface's name.
    pub interface: String,
    /// The group.
    pub group: IpAddr,
    /// How many datagrams of others.
    pub datagrams: u64,
    /// Of how many hosts.
    pub hosts: u32,
    /// When the last one came, in milliseconds after the start.
    pub last_ms: Option<u64>,
}

/// Who asks for the members of groups (IGMP, RFC 3376; MLD, RFC 3810). Heard as root alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Querier {
    /// The queries' sources, each with the interface's name.
    pub heard: Vec<(String, IpAddr)>,
}
