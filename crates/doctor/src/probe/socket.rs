//! Opening the sockets of a probe.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use mcast_net::{Batch, Ear, Origin};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

use super::card::Card;

/// Room for a burst of answers; a system gives what it allows.
const RECEIVE_BUFFER: usize = 1024 * 1024;

/// What is sent to one peer starts with, as the protocols have it (RFC 5082, RFC 6762 section 11).
const UNICAST_TTL: u32 = 255;

/// How a socket sends to groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToGroups {
    /// How many networks it may travel.
    pub(super) ttl: u8,
    /// Whether members on this host hear it.
    pub(super) looped: bool,
}

/// A private socket of a card, bound to an address of its own there.
pub(super) fn private(card: &Card, own: IpAddr, to_groups: ToGroups) -> io::Result<Ear> {
    let socket = open(card, own, to_groups)?;
    socket.bind(&card.at(own, 0).into())?;
    ready(socket, card, own)
}

/// A socket that hears a group's port on a card and shares it, and joins nothing yet. At port 0 the system
/// chooses the port.
pub(super) fn at_group(
    card: &Card,
    (group, port): (IpAddr, u16),
    to_groups: ToGroups,
) -> io::Result<Ear> {
    let own = card.source_for(group).ok_or(io::ErrorKind::AddrNotAvailable)?;
    let socket = open(card, own, to_groups)?;
    if port != 0 {
        socket.set_reuse_address(true)?;
        // Elsewhere some say it the one way, some the other; see mcast-net's channel.
        #[cfg(all(unix, not(target_os = "linux")))]
        socket.set_reuse_port(true)?;
    }
    let local = match group {
        // Windows binds to no group.
        IpAddr::V4(_) if cfg!(windows) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
        IpAddr::V6(_) if cfg!(windows) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
        group => card.at(group, port),
    };
    socket.bind(&local.into())?;
    ready(socket, card, own)
}

/// Joins a group on a card.
pub(super) fn join(socket: &UdpSocket, card: &Card, group: IpAddr) -> io::Result<()> {
    let socket = socket2::SockRef::from(socket);
    match group {
        IpAddr::V4(group) => socket
            .join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(card.interface.index)),
        IpAddr::V6(group) => socket.join_multicast_v6(&group, card.interface.index),
    }
}

/// Reads what waits in a socket, where there is one, within bounds.
pub(super) fn read(batch: &mut Batch, ear: Option<&Ear>, mut handle: impl FnMut(Origin, &[u8])) {
    /// Batches that are read at one time at the most.
    const MOST: usize = 64;
    let Some(ear) = ear else { return };
    for _ in 0..MOST {
        // What goes wrong is told once and is over: an ICMP error about something that was sent.
        if !matches!(ear.read(batch, &mut handle), Ok(true)) {
            return;
        }
    }
}

/// The kernel's words for a refusal, and its number.
pub(super) fn words(refusal: &io::Error) -> (String, Option<i32>) {
    (refusal.to_string(), refusal.raw_os_error())
}

fn open(card: &Card, own: IpAddr, to_groups: ToGroups) -> io::Result<Socket> {
    let domain = if own.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    match own {
        IpAddr::V4(own) => {
            socket.set_ttl_v4(UNICAST_TTL)?;
            socket.set_multicast_if_v4(&own)?;
            socket.set_multicast_ttl_v4(to_groups.ttl.into())?;
            socket.set_multicast_loop_v4(to_groups.looped)?;
            // Else Linux passes on the groups that any other program on this host has joined.
            #[cfg(target_os = "linux")]
            socket.set_multicast_all_v4(false)?;
        }
        IpAddr::V6(_) => {
            socket.set_only_v6(true)?;
            socket.set_unicast_hops_v6(UNICAST_TTL)?;
            socket.set_multicast_if_v6(card.interface.index)?;
            socket.set_multicast_hops_v6(to_groups.ttl.into())?;
            socket.set_multicast_loop_v6(to_groups.looped)?;
        }
    }
    Ok(socket)
}

fn ready(socket: Socket, card: &Card, own: IpAddr) -> io::Result<Ear> {
    Ear::new(socket.into(), card.interface.index, own)
}
