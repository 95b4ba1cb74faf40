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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// Sends to the group from two of the loopback's addresses, and tells which were heard.
    fn heard(member: &UdpSocket, group: SocketAddr) -> Vec<IpAddr> {
        for last in [1, 2, 1] {
            let sender = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, last), 0)).unwrap();
            SockRef::from(&sender).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
            sender.send_to(b"x", group).unwrap();
        }
        // What was sent on the loopback is there when the sending returns.
        let mut heard = Vec::new();
        while let Ok((_, from)) = member.recv_from(&mut [0]) {
            heard.push(from.ip());
        }
        heard
    }

    #[test]
    fn a_membership_holds_through_renewals_with_its_sources() {
        let random = crate::seed().to_ne_bytes();
        let ip = Ipv4Addr::new(239, 255, random[0], random[1]);
        let member = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        member.set_nonblocking(true).unwrap();
        #[cfg(target_os = "linux")]
        SockRef::from(&member).set_multicast_all_v4(false).unwrap();
        let group = SocketAddr::new(ip.into(), member.local_addr().unwrap().port());
        let interfaces = crate::interfaces().unwrap();
        let interface = interfaces.iter().find(|interface| interface.loopback).unwrap().index;

        let address = Some(Ipv4Addr::LOCALHOST.into());
        let one: IpAddr = [127, 0, 0, 1].into();
        let two: IpAddr = [127, 0, 0, 2].into();
        assert_eq!(heard(&member, group), [one; 0]);

        let any = Membership { interface, group, sources: Vec::new() };
        any.join(&member, address).unwrap();
        any.join(&member, address).expect("having joined is no error");
        assert_eq!(heard(&member, group), [one, two, one]);
        any.renew(&member, address).unwrap();
        assert_eq!(heard(&member, group), [one, two, one]);

        let some = Membership { interface, group, sources: vec![two] };
        some.renew(&member, address).unwrap();
        assert_eq!(heard(&member, group), [two]);
        some.renew(&member, address).unwrap();
        assert_eq!(heard(&member, group), [two]);
        let both = Membership { interface, group, sources: vec![two, one] };
        both.renew(&member, address).unwrap();
        assert_eq!(heard(&member, group), [one, two, one]);
    }
}
