//! One socket, on one interface, of one family.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

use mcast_proto::{Instant, LaneId};
use socket2::{Domain, Protocol, Socket, Type};

use crate::error::Error;
#[cfg(target_os = "linux")]
use crate::error::unless_unknown;
use crate::settings::Settings;
use crate::sockets::account::SLOTS;
use crate::sockets::membership::Membership;
use crate::sys;

/// The receive buffer that is asked for: room for some ten thousand small answers, which may all come
/// in one burst. Systems give what they allow.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// The send buffer that is asked for, which Linux doubles: what it grants everybody (the usual
/// net.core.wmem_max), so that a bound of half of it holds everywhere.
pub(crate) const SEND_BUFFER: usize = 2 * 208 * 1024;

/// What is sent to one peer starts with, so that the peer can tell that no router was on the way
/// (docs/protocol.md section 1; RFC 5082).
const UNICAST_TTL: u32 = 255;

/// What a channel is for. Two that are equal would do the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To ask these groups and broadcast addresses, all of one family, from a private port of this own
    /// address.
    Ask { interface: u32, address: SocketAddr, targets: Vec<SocketAddr> },
    /// To hear a group, and answer from its port.
    Hear(Membership),
}

impl Purpose {
    pub(crate) fn interface(&self) -> u32 {
        match self {
            Purpose::Ask { interface, .. } => *interface,
            Purpose::Hear(membership) => membership.interface,
        }
    }

    /// The groups and broadcast addresses that it sends to, one at the least.
    pub(crate) fn targets(&self) -> &[SocketAddr] {
        match self {
            Purpose::Ask { targets, .. } => targets,
            Purpose::Hear(membership) => std::slice::from_ref(&membership.group),
        }
    }

    pub(crate) fn is_ipv4(&self) -> bool {
        self.targets()[0].is_ipv4()
    }
}

/// An open socket and what it is for.
#[derive(Debug)]
pub(crate) struct Channel {
    /// No other of the endpoint ever has it.
    #[cfg_attr(
        not(all(target_os = "linux", any(feature = "tokio", feature = "async-io"))),
        expect(dead_code, reason = "streams alone tell channels apart")
    )]
    pub(crate) number: u64,
    pub(crate) lane: LaneId,
    pub(crate) purpose: Purpose,
    /// Whether what the machine sends by this lane leaves by it.
    pub(crate) sends: bool,
    pub(crate) socket: UdpSocket,
    pub(crate) reader: sys::Reader,
    /// The port that it sends from.
    pub(crate) port: u16,
    /// The place of the interface's account, and the socket's slot there.
    pub(crate) account: usize,
    pub(crate) slot: usize,
    /// Since when the socket has had no room for what was to be sent.
    pub(crate) blocked_since: Option<Instant>,
    /// The size of the receive buffer that the system gave, in bytes.
    pub(crate) receive_buffer: usize,
}

impl Channel {
    /// Opens a socket for `purpose`. `name` is the interface's, for what goes wrong, and `address` an
    /// own one of the channel's family.
    pub(crate) fn open(
        purpose: Purpose,
        (lane, sends): (LaneId, bool),
        settings: &Settings,
        name: &str,
        address: Option<IpAddr>,
        (number, account): (u64, usize),
    ) -> Result<Channel, Error> {
        let group = purpose.targets()[0];
        let refused = |operation| move |cause| Error::refused(operation, group, name, cause);

        let domain = Domain::for_address(group);
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))
            .map_err(refused("open a socket"))?;
        configure(&socket, settings, &purpose).map_err(refused("set up a socket"))?;
        // No datagram is to come before the system tells all of it.
        let reader = sys::prepare(&socket, purpose.is_ipv4(), purpose.interface(), address)
            .map_err(refused("set up a socket"))?;
        // The one goes by its own address, the other by the group it is to hear.
        let (local, known_by) = match &purpose {
            Purpose::Ask { address, .. } => (*address, *address),
            Purpose::Hear(membership) => (bind_address(membership), group),
        };
        socket
            .bind(&local.into())
            .map_err(|cause| Error::refused("bind", known_by, name, cause))?;
        let receive_buffer =
            socket.recv_buffer_size().map_err(refused("read the receive buffer's size"))?;

        let socket = UdpSocket::from(socket);
        let port = socket.local_addr().map_err(refused("read the port"))?.port();
        if let Purpose::Hear(membership) = &purpose {
            membership.join(&socket, address).map_err(refused("join"))?;
        }
        let slot = slot(lane, &purpose);
        Ok(Channel {
            number,
            lane,
            purpose,
            sends,
            socket,
            reader,
            port,
            account,
            slot,
            blocked_since: None,
            receive_buffer,
        })
    }
}

/// The slot of a socket of a lane for this purpose.
pub(crate) fn slot(lane: LaneId, purpose: &Purpose) -> usize {
    let asks = matches!(purpose, Purpose::Ask { .. });
    usize::from(lane.0) * SLOTS + 2 * usize::from(asks) + usize::from(purpose.is_ipv4())
}

fn configure(socket: &Socket, settings: &Settings, purpose: &Purpose) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    // What is not given is told by `receive_buffer`.
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.set_send_buffer_size(SEND_BUFFER / 2)?;
    if purpose.is_ipv4() {
        socket.set_ttl_v4(UNICAST_TTL)?;
        socket.set_multicast_ttl_v4(settings.ttl.into())?;
        socket.set_multicast_loop_v4(settings.multicast_loop)?;
        socket.set_broadcast(settings.broadcast.is_some())?;
        // Else Linux passes on the groups that any other program on this host has joined.
        #[cfg(target_os = "linux")]
        socket.set_multicast_all_v4(false)?;
    } else {
        socket.set_only_v6(true)?;
        socket.set_unicast_hops_v6(UNICAST_TTL)?;
        socket.set_multicast_hops_v6(settings.ttl.into())?;
        socket.set_multicast_loop_v6(settings.multicast_loop)?;
        // Before Linux 4.20 there is no such option: what came by another interface is left when it is
        // read, and a socket that is bound to its group hears no other.
        #[cfg(target_os = "linux")]
        unless_unknown(socket.set_multicast_all_v6(false))?;
    }
    // A private port: on Windows anybody could else share it by asking to, and get what comes.
    #[cfg(windows)]
    if let Purpose::Ask { .. } = purpose {
        sys::set_exclusive(socket)?;
    }
    if let Purpose::Hear(_) = purpose {
        // A group's port is shared, by all programs that say so.
        socket.set_reuse_address(true)?;
        // Elsewhere some say it the one way, some the other. On Linux the one suffices, and the other
        // would make one set of our sockets: a datagram that is for one of them, by its interface or
        // its sources, may then be given to another.
        #[cfg(all(unix, not(target_os = "linux")))]
        socket.set_reuse_port(true)?;
    }
    Ok(())
}

fn bind_address(membership: &Membership) -> SocketAddr {
    let port = membership.group.port();
    match membership.group.ip() {
        _ if !sys::BINDS_TO_GROUP && membership.group.is_ipv4() => {
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)
        }
        _ if !sys::BINDS_TO_GROUP => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
        IpAddr::V4(group) => SocketAddr::new(group.into(), port),
        IpAddr::V6(group) => SocketAddrV6::new(group, port, 0, membership.interface).into(),
    }
}
