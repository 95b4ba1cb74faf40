//! A network interface.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Seen;

/// A network interface, used or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name, as the kernel has it.
    pub name: String,
    /// What it is, in the kernel's word: veth, bridge, tun, macvlan, wireguard; `None` for a card.
    pub kind: Option<String>,
    /// Whether it is a wireless one.
    pub wireless: bool,
    /// Whether somebody has turned it on (`IFF_UP`).
    pub up: bool,
    /// Whether it has a carrier (`IFF_LOWER_UP`).
    pub carrier: bool,
    /// Whether it can multicast (`IFF_MULTICAST`).
    pub multicast: bool,
    /// Whether it is the loopback.
    pub loopback: bool,
    /// Whether it leads to one peer alone.
    pub point_to_point: bool,
    /// The longest packet in bytes; 0 where the system does not tell.
    pub mtu: u32,
    /// Its addresses with their prefix lengths, as `10.0.0.1/24`.
    pub addresses: Vec<String>,
    /// Whether mcast uses it.
    pub used: bool,
    /// Why it is, or is not: words that follow its name, as `is up and can multicast`.
    pub why: String,
    /// The groups that the kernel has joined there, for all programs.
    pub groups: Seen<Vec<IpAddr>>,
    /// The reverse path filter in force there: 0 none, 1 strict, 2 loose (RFC 3704).
    pub rp_filter: Option<u8>,
    /// What it does as a bridge, where it is one.
    pub bridge: Option<Bridge>,
    /// The bridge of this machine that it is a port of.
    pub master: Option<String>,
    /// How many neighbours the kernel has found there.
    pub neighbours: Seen<usize>,
}

/// What a bridge of this machine does with multicast.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bridge {
    /// `mcast_snooping`: it sends a group only where a member is known.
    pub snooping: bool,
    /// `mcast_querier`: it asks for members itself.
    pub querier: bool,
}
