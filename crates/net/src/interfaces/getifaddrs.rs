//! Listing the interfaces where the system is not Linux: by getifaddrs, or what stands for it.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use getifaddrs::{InterfaceFlags, getifaddrs};

use crate::interfaces::interface::{Interface, Network};
use crate::interfaces::link::Link;
use crate::interfaces::neighbour::State;

/// Lists interfaces; one with neither an IP address nor a hardware address may be missing.
#[derive(Debug)]
pub(crate) struct Kernel;

impl Kernel {
    pub(crate) fn new() -> io::Result<Kernel> {
        Ok(Kernel)
    }

    /// All interfaces, by index.
    pub(crate) fn interfaces(&mut self) -> io::Result<Vec<Interface>> {
        let mut found = BTreeMap::new();
        for row in getifaddrs()? {
            let Some(index) = row.index else { continue };
            let interface = found.entry(index).or_insert_with(|| Interface {
                index,
                // An address may bear a label of its own: eth0:1 is eth0.
                name: row.name.split(':').next().unwrap_or_default().to_owned(),
                addresses: Vec::new(),
                routes: Vec::new(),
                up: row.flags.contains(InterfaceFlags::UP | InterfaceFlags::RUNNING),
                multicast: row.flags.contains(InterfaceFlags::MULTICAST),
                loopback: row.flags.contains(InterfaceFlags::LOOPBACK),
                point_to_point: row.flags.contains(InterfaceFlags::POINTTOPOINT),
            });
            let Some(address) = row.address.ip_addr() else { continue };
            let prefix_len = match row.address.netmask() {
                Some(IpAddr::V4(mask)) => mask.to_bits().count_ones() as u8,
                Some(IpAddr::V6(mask)) => mask.to_bits().count_ones() as u8,
                None if address.is_ipv4() => 32,
                None => 128,
            };
            let peer = row.address.associated_address().filter(|_| interface.point_to_point);
            interface.addresses.push(Network { address, prefix_len, peer, deprecated: false });
        }
        Ok(found.into_values().collect())
    }

    /// What the links are made of, which the system does not tell.
    pub(crate) fn links(&mut self) -> io::Result<Vec<Link>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// By which interface the system sends to an address, which it does not tell.
    pub(crate) fn route_to(&mut self, _to: IpAddr) -> io::Result<Option<u32>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// What is known of a neighbour: nothing is asked, and it is taken to be there.
    pub(crate) fn neighbour(&mut self, _interface: u32, _ip: IpAddr) -> io::Result<State> {
        Ok(State::Resolved)
    }
}
