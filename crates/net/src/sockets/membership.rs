//! Joining and leaving groups, by the interface's number, on Windows by its address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rustix::io::Errno;
use socket2::{InterfaceIndexOrAddress, SockRef};

use crate::sys::{self, Filter};

/// What a socket hears: a group on one interface, from any source or from some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) interface: u32,
    pub(crate) group: SocketAddr,
    /// Empty: any source.
    pub(crate) sources: Vec<IpAddr>,
}

impl Membership {
    /// Joins. Having joined before is no error, where the system tells it from others. `address` is the
    /// interface's, for systems that know it by that.
    pub(crate) fn join(&self, socket: &UdpSocket, address: Option<IpAddr>) -> io::Result<()> {
        let (interface, group) = (self.interface, self.group.ip());
        if self.sources.is_empty() {
            unless_joined(self.join_any(socket, address))?;
            // What this is good for is said below; without it all is heard as well.
            if let Err(cause) = sys::set_filter(socket, interface, group, self.steady_filter()) {
                log::debug!("{group}: no filter, so that renewals may go unheard: {cause}");
            }
            return Ok(());
        }
        self.sources.iter().try_for_each(|&source| {
            unless_joined(sys::join_source(socket, interface, address, group, source))
        })
    }

    fn join_any(&self, socket: &UdpSocket, address: Option<IpAddr>) -> io::Result<()> {
        let socket = SockRef::from(socket);
        match self.group.ip() {
            IpAddr::V4(group) => socket.join_multicast_v4_n(&group, &self.known_by(address)),
            IpAddr::V6(group) => socket.join_multicast_v6(&group, self.interface),
        }
    }

    fn leave(&self, socket: &UdpSocket, address: Option<IpAddr>) -> io::Result<()> {
        let socket = SockRef::from(socket);
        match self.group.ip() {
            IpAddr::V4(group) => socket.leave_multicast_v4_n(&group, &self.known_by(address)),
            IpAddr::V6(group) => socket.leave_multicast_v6(&group, self.interface),
        }
    }

    /// What IPv4 knows the interface by. Windows takes either, and Wine addresses alone.
    fn known_by(&self, address: Option<IpAddr>) -> InterfaceIndexOrAddress {
        match address {
            Some(IpAddr::V4(address)) if cfg!(windows) => InterfaceIndexOrAddress::Address(address),
            _ => InterfaceIndexOrAddress::Index(self.interface),
        }
    }

    /// Whether datagrams from this source are heard: while a filter is changed the system passes on
    /// others.
    pub(crate) fn hears(&self, source: IpAddr) -> bool {
        self.sources.is_empty() || self.sources.contains(&source)
    }

    /// Has the network told once more that somebody is here: switches that listen for that (RFC 4541)
    /// forget members where no router asks, and a change of the network goes unseen by the system.
    ///
    /// A system tells of an interface as a whole, and only of what changes there: where two sockets have
    /// joined, nothing does when one of them leaves and joins again. So all of ours refuse to hear a source
    /// that nobody is, which the interface as a whole does while all do (RFC 3376 section 3.2). One that
    /// for a moment hears that source and no other then changes the interface, whether it is alone there
    /// or not, and no report on the way says that nobody hears the group: one member alone is told of by
    /// TO_EX, of several by BLOCK, where sources are given by TO_IN with those.
    ///
    /// What can't be had: while another program that refuses no source hears the group on the interface,
    /// nothing changes there, and nothing is told. The older protocols (IGMPv2, MLDv1) know no filters:
    /// where the system was told to speak those the socket leaves and joins, which puts a leave and a
    /// report on the wire where it is the only one, and nothing where it is not.
    pub(crate) fn renew(
        &self,
        socket: &UdpSocket,
        address: Option<IpAddr>,
        name: &str,
    ) -> io::Result<()> {
        if !speaks_older_protocol(name, self.group.is_ipv4()) && self.change_filter(socket).is_ok()
        {
            return Ok(());
        }
        let left = self.leave(socket, address);
        if let Err(cause) = &left {
            log::debug!("{}: cannot leave before joining again: {cause}", self.group);
        }
        match self.join(socket, address) {
            Err(cause) if left.is_err() && may_have_joined(&cause) => Ok(()),
            joined => joined,
        }
    }

    /// Changes the filter for a moment.
    fn change_filter(&self, socket: &UdpSocket) -> io::Result<()> {
        let other = match self.steady_filter() {
            Filter::AllBut(nobody) => Filter::Only(nobody),
            Filter::Only(_) => Filter::AllBut(&[]),
        };
        let set = |filter| sys::set_filter(socket, self.interface, self.group.ip(), filter);
        set(other)?;
        set(self.steady_filter())
    }

    fn steady_filter(&self) -> Filter<'_> {
        /// Addresses that no datagram comes from: one that is kept for finding translators (RFC 7050
        /// section 8.2), and one for documentation (RFC 3849) that is nobody's example.
        const NOBODY: [IpAddr; 2] = [
            IpAddr::V4(Ipv4Addr::new(192, 0, 0, 171)),
            IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0x6d63, 0x6173, 0x7400, 0, 0, 1)),
        ];
        match (&self.sources[..], self.group.is_ipv4()) {
            ([], true) => Filter::AllBut(&NOBODY[..1]),
            ([], false) => Filter::AllBut(&NOBODY[1..]),
            (sources, _) => Filter::Only(sources),
        }
    }
}

/// Whether the system was told to speak IGMPv1, IGMPv2 or MLDv1 on an interface.
#[cfg(target_os = "linux")]
fn speaks_older_protocol(interface: &str, ipv4: bool) -> bool {
    ["all", interface].into_iter().any(|interface| {
        let (setting, older) = match ipv4 {
            true => (format!("ipv4/conf/{interface}/force_igmp_version"), ["1", "2"]),
            false => (format!("ipv6/conf/{interface}/force_mld_version"), ["1", "1"]),
        };
        let version = std::fs::read_to_string(format!("/proc/sys/net/{setting}"));
        version.is_ok_and(|version| older.contains(&version.trim()))
    })
}

#[cfg(not(target_os = "linux"))]
fn speaks_older_protocol(_interface: &str, _ipv4: bool) -> bool {
    false
}

/// A second join fails with EADDRINUSE, but on Windows.
fn unless_joined(joined: io::Result<()>) -> io::Result<()> {
    match joined {
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::ADDRINUSE) => Ok(()),
        other => other,
    }
}

/// Whether a join that follows another may have failed for that: Windows says WSAEINVAL, as of what is wrong
/// in other ways.
fn may_have_joined(cause: &io::Error) -> bool {
    cfg!(windows) && Errno::from_io_error(cause) == Some(Errno::INVAL)
}

#[cfg(test)]
mod tests {
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
        any.renew(&member, address, "lo").unwrap();
        assert_eq!(heard(&member, group), [one, two, one]);

        let some = Membership { interface, group, sources: vec![two] };
        assert!(any.hears(one) && some.hears(two) && !some.hears(one));
        some.renew(&member, address, "lo").unwrap();
        assert_eq!(heard(&member, group), [two]);
        some.renew(&member, address, "lo").unwrap();
        assert_eq!(heard(&member, group), [two]);
        let both = Membership { interface, group, sources: vec![two, one] };
        both.renew(&member, address, "lo").unwrap();
        assert_eq!(heard(&member, group), [one, two, one]);
    }
}
