//! A call a datagram, for every system that has no better.

use std::io;
use std::net::{IpAddr, UdpSocket};

use socket2::SockRef;

use super::{BATCH, Filter, Inbox, Outgoing, Received, SLOT};

/// A socket that is bound to a group would send from the group's address on some systems, and can't
/// be bound to it on Windows.
pub(crate) const BINDS_TO_GROUP: bool = false;

/// Readies a socket: it sends to groups by `interface`, whose first address is `address`.
pub(crate) fn prepare(
    socket: &UdpSocket,
    interface: u32,
    address: Option<IpAddr>,
) -> io::Result<()> {
    let socket = SockRef::from(socket);
    // Some systems take no datagram that is longer than the send buffer, and make it small.
    socket.set_send_buffer_size(256 * 1024)?;
    match address {
        Some(IpAddr::V4(address)) => socket.set_multicast_if_v4(&address),
        _ => socket.set_multicast_if_v6(interface),
    }
}

/// Reads what waits, a batch at the most, and returns whether there may be more; `Ok` means that at least
/// one datagram was read.
pub(crate) fn receive(socket: &UdpSocket, inbox: &mut Inbox) -> io::Result<bool> {
    inbox.received.clear();
    for (slot, bytes) in inbox.bytes.chunks_exact_mut(SLOT).enumerate() {
        match socket.recv_from(bytes) {
            Ok((len, from)) => {
                let (to, interface, ttl, stamp) = (None, None, None, None);
                inbox.received.push(Received { slot, len, from, to, interface, ttl, stamp });
            }
            Err(_) if !inbox.received.is_empty() => return Ok(false),
            Err(cause) => return Err(cause),
        }
    }
    Ok(true)
}

/// Writes datagrams from the first on, a batch at the most, and says how many it wrote; an error is
/// the first one's.
pub(crate) fn send(socket: &UdpSocket, outgoing: &[Outgoing], bytes: &[u8]) -> io::Result<usize> {
    for (sent, datagram) in outgoing.iter().take(BATCH).enumerate() {
        match socket.send_to(&bytes[datagram.bytes.clone()], datagram.to) {
            Ok(_) => {}
            Err(cause) if sent == 0 => return Err(cause),
            Err(_) => return Ok(sent),
        }
    }
    Ok(outgoing.len().min(BATCH))
}

/// Makes a socket hear `group` from `source` alone, or from one source more, on the interface with
/// this address.
pub(crate) fn join_source(
    socket: &UdpSocket,
    _interface: u32,
    address: Option<IpAddr>,
    group: IpAddr,
    source: IpAddr,
) -> io::Result<()> {
    match (group, source, address) {
        (IpAddr::V4(group), IpAddr::V4(source), Some(IpAddr::V4(address))) => {
            SockRef::from(socket).join_ssm_v4(&source, &group, &address)
        }
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "source-specific multicast over IPv6 is made for Linux only",
        )),
    }
}

/// Changes from whom a member hears a group: no way is known that all systems have.
pub(crate) fn set_filter(
    _socket: &UdpSocket,
    _interface: u32,
    _group: IpAddr,
    _filter: Filter<'_>,
) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Datagrams that the system dropped because the socket's buffer was full: it does not say.
pub(crate) fn kernel_drops(_socket: &UdpSocket) -> u64 {
    0
}
