//! Reading and writing datagrams in batches, with their addresses at both ends.
//!
//! On Linux one call reads or writes a batch, and a socket tells and chooses addresses and interfaces
//! for each datagram. Elsewhere it is a call a datagram; the system chooses what it is sent from, and tells
//! of what comes in as much as `portable.rs` says.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::SystemTime;

#[cfg(all(target_os = "linux", not(feature = "portable")))]
#[path = "linux.rs"]
mod imp;
#[cfg(not(all(target_os = "linux", not(feature = "portable"))))]
#[path = "portable.rs"]
mod imp;

#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod control;
mod option;
#[cfg(all(target_os = "linux", not(feature = "portable")))]
pub(crate) mod ranges;
#[cfg(all(target_os = "linux", feature = "tokio"))]
mod registration;
#[cfg(test)]
mod tests;

#[cfg(windows)]
pub(crate) use option::set_exclusive;
#[cfg(target_os = "linux")]
pub(crate) use option::set_strict_netlink;
#[cfg(all(target_os = "linux", feature = "tokio"))]
pub(crate) use registration::register;

pub(crate) use imp::{
    BINDS_TO_GROUP, Reader, TELLS_LOOPED, join_source, kernel_drops, prepare, receive, send,
    set_filter,
};

/// From whom a group is heard.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(all(target_os = "linux", not(feature = "portable"))),
    expect(
        dead_code,
        reason = "the portable path has one filter for as long as a socket is a member"
    )
)]
pub(crate) enum Filter<'a> {
    Only(&'a [IpAddr]),
    AllBut(&'a [IpAddr]),
}

/// Datagrams read or written at once.
pub(crate) const BATCH: usize = 64;

/// Room for the longest datagram that UDP's length field can tell (RFC 768), so that none is cut.
const SLOT: usize = 65_536;

/// Where a batch of datagrams is read into.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// `BATCH` slots. The system gives the pages of a slot only when a datagram reaches them.
    bytes: Vec<u8>,
    received: Vec<Received>,
    /// What the system writes beside the bytes, in memory that is made once.
    #[cfg(all(target_os = "linux", not(feature = "portable")))]
    beside: imp::Beside,
    /// Datagrams of the last batch that were cut short or came from an address of no known family.
    lost: u64,
}

/// What is known of a datagram that was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received {
    /// Where its bytes begin.
    at: usize,
    len: usize,
    pub(crate) from: SocketAddr,
    /// The address that it was sent to, where the system says so.
    pub(crate) to: Option<IpAddr>,
    /// The interface that it came in by, where the system says so.
    pub(crate) interface: Option<u32>,
    /// The TTL or hop limit that it came with, where the system says so.
    pub(crate) ttl: Option<u8>,
    /// The wall clock's time at which the system took it in, where it says so.
    pub(crate) stamp: Option<SystemTime>,
}

impl Inbox {
    pub(crate) fn new() -> Inbox {
        Inbox {
            bytes: vec![0; BATCH * SLOT],
            received: Vec::with_capacity(BATCH),
            #[cfg(all(target_os = "linux", not(feature = "portable")))]
            beside: imp::Beside::default(),
            lost: 0,
        }
    }

    /// How many datagrams of the last [`receive`] are no use, and are not among the others.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// The datagrams of the last [`receive`].
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = (Received, &[u8])> {
        self.received
            .iter()
            .map(|received| (*received, &self.bytes[received.at..received.at + received.len]))
    }
}

/// A datagram to write; its bytes lie in a buffer that is passed along.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(all(target_os = "linux", not(feature = "portable"))),
    expect(dead_code, reason = "the portable path leaves source and interface to the system")
)]
pub(crate) struct Outgoing {
    /// The channel to write to, by its place; datagrams passed together are of one channel.
    pub(crate) channel: usize,
    pub(crate) to: SocketAddr,
    /// Whether that is a group or a broadcast address, and not a peer.
    pub(crate) is_to_group: bool,
    /// The own address to send from; `None`: the system chooses.
    pub(crate) from: Option<IpAddr>,
    /// The interface to send by; 0: the system chooses.
    pub(crate) interface: u32,
    pub(crate) bytes: Range<usize>,
}
