//! By what one who was found is known again.

use core::net::SocketAddr;

/// What identifies one who was found among all of its protocol, for as long as a run goes on: the same in
/// each event about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Key<'a> {
    /// Of the plain protocol, which tells nobody who it is.
    Plain {
        /// The address that it answers from.
        remote: SocketAddr,
        /// Its number, which no other of this run has: two that say different things may share an address.
        number: u64,
    },
    /// Of the structured protocol: its number, the same at all its addresses and after each start.
    Service(u64),
    /// Of a protocol outside of this crate: what that protocol knows it by.
    Foreign(&'a [u8]),
}
