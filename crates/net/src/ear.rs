//! Reading sockets of a program's own, with all that the system tells of a datagram.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Deref;

use socket2::SockRef;

use crate::sys::{self, Inbox, Reader};

/// A socket that a program opened itself, and what is needed to read it with all that the system tells: for who
/// examines a network, and runs no machine.
#[derive(Debug)]
pub struct Ear {
    socket: UdpSocket,
    reader: Reader,
}

/// Room for a batch of datagrams, which ears share.
#[derive(Debug)]
pub struct Batch(Inbox);

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

impl Default for Batch {
    fn default() -> Batch {
        Batch(Inbox::new())
    }
}

impl Ear {
    /// Has the system tell of the datagrams of a socket what it can. `interface` and `address` are those that it
    /// sends by where a system knows no other way to say so.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn new(socket: UdpSocket, interface: u32, address: IpAddr) -> io::Result<Ear> {
        let reader =
            sys::prepare(&SockRef::from(&socket), address.is_ipv4(), interface, Some(address))?;
        Ok(Ear { socket, reader })
    }

    /// Reads a batch without waiting, and returns whether there may be more.
    ///
    /// # Errors
    ///
    /// When nothing waits ([`WouldBlock`](io::ErrorKind::WouldBlock)), or the system refuses, or tells what
    /// became of something that was sent.
    pub fn read(
        &self,
        batch: &mut Batch,
        mut handle: impl FnMut(Origin, &[u8]),
    ) -> io::Result<bool> {
        let is_more = sys::receive(&self.socket, &self.reader, &mut batch.0)?;
        for (received, bytes) in batch.0.datagrams() {
            let sys::Received { from, to, interface, ttl, .. } = received;
            handle(Origin { from, to, interface, ttl }, bytes);
        }
        Ok(is_more)
    }

    /// How many datagrams the system dropped that were for this socket, for want of buffer; 0 where it does
    /// not say.
    pub fn drops(&self) -> u64 {
        sys::kernel_drops(&self.socket)
    }
}

impl Deref for Ear {
    type Target = UdpSocket;

    fn deref(&self) -> &UdpSocket {
        &self.socket
    }
}
