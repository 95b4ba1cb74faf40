//! What interfaces are made of, beyond what the sockets need to know.

/// A network interface as the kernel's link layer has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether somebody has turned it on.
    pub up: bool,
    /// Whether it has a carrier.
    pub carrier: bool,
    /// The longest packet in bytes.
    pub mtu: u32,
    /// What it is, in the kernel's word, as `veth` or `bridge`; `None` for a card.
    pub kind: Option<String>,
    /// The number of the interface that it is a port of: a bridge's, a bond's.
    pub master: Option<u32>,
    /// What it does with multicast, where it is a bridge.
    pub bridge: Option<Snooping>,
    /// How many neighbours the kernel has found there, by ARP or neighbour discovery: a hardware address
    /// counts once, however many addresses it has.
    pub neighbours: usize,
}

/// What a bridge does with multicast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Snooping {
    /// `mcast_snooping`: it sends a group only where a member is known.
    pub snooping: bool,
    /// `mcast_querier`: it asks for members itself.
    pub querier: bool,
}
