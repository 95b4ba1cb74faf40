//! Reading sockets of a program's own, with all that the system tells of a datagram.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::sys::{self, Inbox};

/// Reads sockets that a program opened itself: for who examines a network, and runs no machine.
#[derive(Debug)]
pub struct Ear(Inbox);

/// What the system tells of a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    /// Who sent it.
    pub from: SocketAddr,
    /// The address that it was sent to, where the system says so.
    pub to: Option<IpAddr>,
    /// The interface that it came in by, where the system says so.
    pub interface: Option<u32>,
    /// The TTL or hop limit that it came with, where the system says so.
    pub ttl: Option<u8>,
}

impl Default for Ear {
    fn default() -> Ear {
        Ear::new()
    }
}

impl Ear {
    /// An ear with room for a batch.
    pub fn new() -> Ear {
        Ear(Inbox::new())
    }

    /// Has the system tell of the datagrams of a bound socket what it can. `interface` and `address` are those
    /// that it sends by where a system knows no other way to say so.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn prepare(socket: &UdpSocket, interface: u32, address: Option<IpAddr>) -> io::Result<()> {
        sys::prepare(socket, interface, address)
    }

    /// Reads a batch from a socket without waiting, and returns whether there may be more.
    ///
    /// # Errors
    ///
    /// When nothing waits ([`WouldBlock`](io::ErrorKind::WouldBlock)), or the system refuses, or tells what
    /// became of something that was sent.
    pub fn read(
        &mut self,
        socket: &UdpSocket,
        mut handle: impl FnMut(Origin, &[u8]),
    ) -> io::Result<bool> {
        let is_more = sys::receive(socket, &mut self.0)?;
        for (received, bytes) in self.0.datagrams() {
            let sys::Received { from, to, interface, ttl, .. } = received;
            handle(Origin { from, to, interface, ttl }, bytes);
        }
        Ok(is_more)
    }

    /// How many datagrams the system dropped that were for this socket, for want of buffer; 0 where it does
    /// not say.
    pub fn drops(socket: &UdpSocket) -> u64 {
        sys::kernel_drops(socket)
    }
}
