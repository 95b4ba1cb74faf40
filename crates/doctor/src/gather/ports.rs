//! Who holds the ports that discovery needs, and whether they can be shared.

mod holders;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use mcast_dialects::{mdns, ssdp, wsd};
use mcast_proto::{plain, service};
use socket2::{Domain, Protocol, Socket, Type};

use crate::facts::{Binding, Holder, Interface, Port};

/// The ports with the groups that are heard there.
const WANTED: [(u16, Ipv4Addr, Ipv6Addr); 5] = [
    (plain::PORT, plain::GROUP_V4, plain::GROUP_V6),
    (service::PORT, service::GROUP_V4, service::GROUP_V6),
    (mdns::PORT, mdns::GROUP_V4, mdns::GROUP_V6),
    (ssdp::PORT, ssdp::GROUP_V4, ssdp::GROUP_V6),
    (wsd::PORT, wsd::GROUP_V4, wsd::GROUP_V6),
];

/// The ports of both families.
pub(super) fn all(interfaces: &[Interface]) -> Vec<Port> {
    let tables = holders::Tables::read(&WANTED.map(|(port, ..)| port));
    // Where a group means something on one link only, some link has to be named.
    let has_ipv6 = |it: &&Interface| it.used && it.addresses.iter().any(|ip| ip.contains(':'));
    let link =
        interfaces.iter().find(has_ipv6).or_else(|| interfaces.iter().find(|it| it.loopback));
    let link = link.map_or(0, |it| it.index);
    let port = |(port, group): (u16, IpAddr)| {
        let ipv6 = group.is_ipv6();
        let binding = binding(bind(group, port, link));
        let own = tables.holders(port, ipv6);
        let holders = if own.is_empty() && binding == Binding::Taken && !ipv6 {
            of_both_families(tables.holders(port, true))
        } else {
            own
        };
        Port { port, ipv6, binding, holders }
    };
    let both = |(port, v4, v6): (u16, Ipv4Addr, Ipv6Addr)| [(port, v4.into()), (port, v6.into())];
    WANTED.into_iter().flat_map(both).map(port).collect()
}

/// IPv6's sockets that may be who holds a port of IPv4 too: `::` takes both, unless its program asked
/// otherwise, which the tables do not tell.
fn of_both_families(mut holders: Vec<Holder>) -> Vec<Holder> {
    holders.retain(|holder| holder.address == "::");
    holders
}

/// Binds as mcast does, and closes again: to the group where the system lets one, shared with whoever shares
/// it too. Nothing is sent, and nobody's unicast is taken.
fn bind(group: IpAddr, port: u16, link: u32) -> io::Result<()> {
    let address = match group {
        _ if cfg!(windows) && group.is_ipv4() => (Ipv4Addr::UNSPECIFIED, port).into(),
        _ if cfg!(windows) => (Ipv6Addr::UNSPECIFIED, port).into(),
        IpAddr::V4(_) => SocketAddr::new(group, port),
        IpAddr::V6(group) => SocketAddrV6::new(group, port, 0, link).into(),
    };
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if group.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(target_os = "linux")))]
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())
}

fn binding(bound: io::Result<()>) -> Binding {
    match bound {
        Ok(()) => Binding::Shared,
        Err(cause) if cause.kind() == io::ErrorKind::AddrInUse => Binding::Taken,
        Err(cause) => Binding::Refused(cause.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_of_a_bind() {
        assert_eq!(binding(Ok(())), Binding::Shared);
        assert_eq!(binding(Err(io::ErrorKind::AddrInUse.into())), Binding::Taken);
        let refused = binding(Err(io::Error::other("no such family")));
        assert_eq!(refused, Binding::Refused("no such family".into()));
    }

    #[test]
    fn of_ipv6s_holders_the_one_of_any_address_may_have_ipv4_too() {
        let holder = |address: &str| Holder {
            address: address.into(),
            pid: None,
            program: None,
            user: None,
        };
        let kept = of_both_families(vec![holder("::"), holder("ff02::fb"), holder("::1")]);
        assert_eq!(kept, [holder("::")]);
    }
}
