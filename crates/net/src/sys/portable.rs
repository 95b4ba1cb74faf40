//! Every system that has no better: packet information as `quinn-udp` reads it, and a call a datagram.
//!
//! What is known of a datagram besides its sender:
//!
//! | system | the address it was sent to | the interface it came in by |
//! | --- | --- | --- |
//! | Windows | yes | yes |
//! | macOS, iOS, FreeBSD, NetBSD, OpenBSD | yes | over IPv6; of IPv4 what the socket has joined by |
//! | Linux and Android, by this path | yes | yes |
//! | others | over IPv6 | over IPv6 |
//!
//! Nowhere is it known how far it came (its TTL), so that a peer of another network on the same link does not pass for
//! one of the link; and when the system took it in is known on Linux and Android alone.
//!
//! `quinn-udp` sends to one peer a call too, and chooses no interface, so that plain sending does as well.

use std::array;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, UdpSocket};
use std::time::SystemTime;

use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSocketState};
use socket2::{SockRef, Socket};

use super::option::set_number;
use super::{BATCH, Filter, Inbox, Outgoing, Received, SLOT};
use crate::error::unless_unknown;

/// A socket that is bound to a group would send from the group's address on some systems, and can't
/// be bound to it on Windows.
pub(crate) const BINDS_TO_GROUP: bool = false;

/// What this host sent to a group may come by the loopback interface.
pub(crate) const TELLS_LOOPED: bool = false;

/// What a socket is read by.
#[derive(Debug)]
pub(crate) struct Reader(UdpSocketState);

/// Readies a socket before it is bound: it tells of what comes in, and sends to groups by `interface`,
/// whose first address is `address`.
pub(crate) fn prepare(
    socket: &Socket,
    is_ipv4: bool,
    interface: u32,
    address: Option<IpAddr>,
) -> io::Result<Reader> {
    // Some systems take no datagram that is longer than the send buffer, and make it small.
    socket.set_send_buffer_size(256 * 1024)?;
    match address {
        Some(IpAddr::V4(address)) => socket.set_multicast_if_v4(&address)?,
        _ => socket.set_multicast_if_v6(interface)?,
    }
    let state = state(socket, is_ipv4)?;
    // It forbids fragments, for a protocol that measures what passes whole. A datagram of ours may be as long
    // as UDP lets it be.
    FRAGMENTING.iter().filter(|(for_ipv4, ..)| *for_ipv4 == is_ipv4).try_for_each(
        |(_, level, name, value)| unless_unknown(set_number(socket, *level, *name, *value)),
    )?;
    Ok(Reader(state))
}

#[cfg(not(windows))]
fn state(socket: &Socket, _is_ipv4: bool) -> io::Result<UdpSocketState> {
    UdpSocketState::new(socket.into())
}

/// It asks whether an IPv4 socket is for IPv6 alone, which Wine can't tell. What is made for a socket of IPv6
/// reads one of IPv4 as well, as long as both are of one provider, as they are there.
#[cfg(windows)]
fn state(socket: &Socket, is_ipv4: bool) -> io::Result<UdpSocketState> {
    use rustix::io::Errno;
    use socket2::{Domain, Protocol, Type};
    use windows_sys::Win32::Networking::WinSock::{IP_PKTINFO, IPPROTO_IP};

    match UdpSocketState::new(socket.into()) {
        Err(cause) if is_ipv4 && Errno::from_io_error(&cause) == Some(Errno::OPNOTSUPP) => {
            let other = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
            set_number(socket, IPPROTO_IP, IP_PKTINFO, 1)?;
            UdpSocketState::new((&other).into())
        }
        state => state,
    }
}

/// For which family, at which level, by which option and value fragments are allowed.
#[cfg(windows)]
const FRAGMENTING: [(bool, i32, i32, i32); 2] = {
    use windows_sys::Win32::Networking::WinSock::{
        IP_DONTFRAGMENT, IPPROTO_IP, IPPROTO_IPV6, IPV6_DONTFRAG,
    };
    [(true, IPPROTO_IP, IP_DONTFRAGMENT, 0), (false, IPPROTO_IPV6, IPV6_DONTFRAG, 0)]
};
#[cfg(any(target_os = "linux", target_os = "android"))]
const FRAGMENTING: [(bool, i32, i32, i32); 3] = [
    (true, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_WANT),
    (false, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_WANT),
    (false, libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, 0),
];
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
const FRAGMENTING: [(bool, i32, i32, i32); 2] = [
    (true, libc::IPPROTO_IP, libc::IP_DONTFRAG, 0),
    (false, libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, 0),
];
#[cfg(not(any(
    windows,
    target_vendor = "apple",
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd"
)))]
const FRAGMENTING: [(bool, i32, i32, i32); 1] =
    [(false, libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, 0)];

/// Reads what waits, a batch at the most, and returns whether there may be more; `Ok` means that at least
/// one datagram was read.
pub(crate) fn receive(socket: &UdpSocket, reader: &Reader, inbox: &mut Inbox) -> io::Result<bool> {
    const { assert!(BATCH.is_multiple_of(BATCH_SIZE)) };
    inbox.received.clear();
    for (part, bytes) in inbox.bytes.chunks_exact_mut(BATCH_SIZE * SLOT).enumerate() {
        let mut slots = bytes.chunks_exact_mut(SLOT);
        let mut slots: [IoSliceMut<'_>; BATCH_SIZE] =
            array::from_fn(|_| IoSliceMut::new(slots.next().unwrap_or_default()));
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let count = match reader.0.recv(socket.into(), &mut slots, &mut metas) {
            Ok(count) => count,
            Err(_) if !inbox.received.is_empty() => return Ok(false),
            Err(cause) => return Err(cause),
        };
        let starts = (part * BATCH_SIZE..).map(|slot| slot * SLOT);
        for (start, meta) in starts.zip(&metas[..count]) {
            inbox.received.extend(several(start, meta));
        }
        if count < BATCH_SIZE {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The datagrams of a slot: Linux may put several of one sender in it, all of one length but the last.
fn several(start: usize, meta: &RecvMeta) -> impl Iterator<Item = Received> {
    let RecvMeta { len, stride, addr: from, dst_ip: to, interface_index: interface, .. } = *meta;
    let stamp = meta.timestamp.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    let stride = stride.clamp(1, len.max(1));
    (0..len.max(1)).step_by(stride).map(move |at| Received {
        at: start + at,
        len: stride.min(len - at),
        from,
        to,
        interface,
        ttl: None,
        stamp,
    })
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
