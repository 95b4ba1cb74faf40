//! What the examples with a loop of their own share: a socket on the loopback interface alone, so that
//! running them is harmless, a clock and a seed. For Unix; Windows binds no socket to a group.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use mcast_proto::plain::{GROUP_V4, PORT};
use mcast_proto::{Arrival, Cast, Destination, Event, Instant, InterfaceId, Path, Question};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

const INTERFACE: &str = if cfg!(target_os = "linux") { "lo" } else { "lo0" };

/// A socket, and what it tells of whatever it receives.
pub(crate) struct Link {
    pub(crate) socket: UdpSocket,
    interface: InterfaceId,
    cast: Cast,
}

impl Link {
    /// A socket that asks, from a port of its own, so that answers reach it and nobody else.
    pub(crate) fn asker() -> io::Result<Link> {
        let socket = open()?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        Link::new(socket, Cast::Unicast)
    }

    /// A socket that hears the group, and shares its port with all others that do.
    pub(crate) fn member() -> io::Result<Link> {
        let (socket, group) = (open()?, SocketAddr::from((GROUP_V4, PORT)));
        socket.set_reuse_address(true)?;
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
        // It then receives what was sent to the group, and nothing else.
        socket.bind(&group.into())?;
        let link = Link::new(socket, Cast::Group(group))?;
        let interface = InterfaceIndexOrAddress::Index(link.interface.0);
        socket2::SockRef::from(&link.socket).join_multicast_v4_n(&GROUP_V4, &interface)?;
        Ok(link)
    }

    fn new(socket: Socket, cast: Cast) -> io::Result<Link> {
        let interfaces = mcast_net::interfaces().map_err(io::Error::other)?;
        let interface = interfaces.iter().find(|interface| interface.name == INTERFACE);
        let interface = interface.ok_or_else(|| io::Error::other("no loopback interface"))?;
        Ok(Link { socket: socket.into(), interface: InterfaceId(interface.index), cast })
    }

    /// What the machine is told about a datagram from `remote`.
    pub(crate) fn arrival(&self, remote: SocketAddr) -> Arrival {
        let from = Path::new(remote).by(self.interface);
        Arrival::new(from, self.cast, true)
    }
}

fn open() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    // Else Linux passes on what others on this host have joined, on whichever interface.
    #[cfg(target_os = "linux")]
    socket.set_multicast_all_v4(false)?;
    Ok(socket)
}

/// The address that a destination stands for.
pub(crate) fn address(to: Destination) -> SocketAddr {
    match to {
        Destination::Group => (GROUP_V4, PORT).into(),
        Destination::Peer(path) => path.remote,
    }
}

/// A clock that starts now.
#[expect(clippy::disallowed_methods, reason = "whoever drives a machine reads a clock for it")]
pub(crate) fn clock() -> impl Fn() -> Instant {
    let epoch = std::time::Instant::now();
    move || Instant::from_duration(epoch.elapsed())
}

pub(crate) fn seed() -> u64 {
    getrandom::u64().expect("the system has a source of randomness")
}

pub(crate) fn print(event: &Event<'_>) {
    match event {
        Event::Found(finding) => {
            let payload = finding.payload().unwrap_or_default().escape_ascii();
            std::println!("{} says {payload}", finding.from.remote);
        }
        Event::Asked { from, question: Question::Plain(payload), refused: None, .. } => {
            std::println!("{} asks {}", from.remote, payload.escape_ascii());
        }
        other => std::println!("{other:?}"),
    }
}
