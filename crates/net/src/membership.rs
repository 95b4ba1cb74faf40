//! Joining and leaving groups, by the interface's number.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use rustix::io::Errno;
use socket2::{InterfaceIndexOrAddress, SockRef};

use crate::sys;

/// What a socket hears: a group on one interface, from any source or from some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) interface: u32,
    pub(crate) group: SocketAddr,
    /// Empty: any source.
    pub(crate) sources: Vec<IpAddr>,
}

impl Membership {
    /// Joins. Having joined before is no error. `address` is the interface's, for systems that know
    /// it by that.
    pub(crate) fn join(&self, socket: &UdpSocket, address: Option<IpAddr>) -> io::Result<()> {
        if self.sources.is_empty() {
            return unless_joined(self.join_any(socket));
        }
        self.sources.iter().try_for_each(|&source| {
            unless_joined(sys::join_source(
                socket,
                self.interface,
                address,
                self.group.ip(),
                source,
            ))
        })
    }

    fn join_any(&self, socket: &UdpSocket) -> io::Result<()> {
        let socket = SockRef::from(socket);
        match self.group.ip() {
            IpAddr::V4(group) => {
                let interface = InterfaceIndexOrAddress::Index(self.interface);
                socket.join_multicast_v4_n(&group, &interface)
            }
            IpAddr::V6(group) => socket.join_multicast_v6(&group, self.interface),
        }
    }

    /// Leaves and joins again, so that the network is told once more that somebody is here: switches
    /// that listen for that (RFC 4541) forget members where no router asks, and a change of the
    /// network goes unseen by the system.
    pub(crate) fn renew(&self, socket: &UdpSocket, address: Option<IpAddr>) -> io::Result<()> {
        let left = match self.group.ip() {
            IpAddr::V4(group) => {
                let interface = InterfaceIndexOrAddress::Index(self.interface);
                SockRef::from(socket).leave_multicast_v4_n(&group, &interface)
            }
            IpAddr::V6(group) => SockRef::from(socket).leave_multicast_v6(&group, self.interface),
        };
        if let Err(cause) = left {
            log::debug!("{}: cannot leave before joining again: {cause}", self.group);
        }
        self.join(socket, address)
    }
}

/// A second join fails with EADDRINUSE, on Windows with WSAEINVAL.
fn unless_joined(joined: io::Result<()>) -> io::Result<()> {
    match joined {
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::ADDRINUSE) => Ok(()),
        #[cfg(windows)]
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::INVAL) => Ok(()),
        other => other,
    }
}
