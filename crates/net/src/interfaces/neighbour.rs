//! What the kernel knows of a neighbour.

use std::net::IpAddr;

/// A peer, by the interface that leads to it.
pub(crate) type Neighbour = (u32, IpAddr);

/// What the kernel knows of a neighbour, by ARP (RFC 826) or neighbour discovery (RFC 4861).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Its hardware address is known: a datagram leaves at once.
    Resolved,
    /// It is being looked for, and datagrams to it wait in the kernel.
    Resolving,
    /// It was looked for lately, and did not answer.
    Failed,
    /// Nobody has looked for it lately.
    Unknown,
}
