//! Listing the interfaces, their addresses and what is on their links.

use std::collections::BTreeMap;
use std::io;

use libc::{c_int, c_ushort};

use super::Rtnetlink;
use super::message::{IFINFOMSG, RTMSG, WITHOUT_COUNTERS, attributes, ip, text, u32_at};
use crate::interfaces::interface::{Interface, Network, Prefix};

/// The length of `struct ifaddrmsg` (linux/if_addr.h).
const IFADDRMSG: usize = 8;

/// A gateway of another family (linux/rtnetlink.h); for musl libc does not tell it.
const RTA_VIA: c_ushort = 18;

type Interfaces = BTreeMap<u32, Interface>;

impl Rtnetlink {
    /// All interfaces, by index.
    pub(crate) fn interfaces(&mut self) -> io::Result<Vec<Interface>> {
        let mut found = Interfaces::new();
        let without = [WITHOUT_COUNTERS];
        self.dump(libc::RTM_GETLINK, &[0; IFINFOMSG], &without, |body| add_link(&mut found, body))?;
        self.dump(libc::RTM_GETADDR, &[0; IFADDRMSG], &[], |body| add_address(&mut found, body))?;
        for family in [libc::AF_INET, libc::AF_INET6] {
            let mut rtmsg = [0; RTMSG];
            rtmsg[0] = family as u8;
            rtmsg[4] = libc::RT_TABLE_MAIN;
            let dumped =
                self.dump(libc::RTM_GETROUTE, &rtmsg, &[], |body| add_route(&mut found, body));
            // A table that nothing is in, or a family that the kernel does not have.
            if let Err(cause) = dumped {
                log::debug!("no routes: {cause}");
            }
        }
        Ok(found.into_values().collect())
    }
}

fn add_link(found: &mut Interfaces, body: &[u8]) -> Option<()> {
    let index = u32_at(body, 4)?;
    let flags = u32_at(body, 8)? as c_int;
    let (_, name) = attributes(body, IFINFOMSG).find(|(kind, _)| *kind == libc::IFLA_IFNAME)?;
    let interface = Interface {
        index,
        name: text(name),
        addresses: Vec::new(),
        routes: Vec::new(),
        up: flags & libc::IFF_UP != 0 && flags & libc::IFF_RUNNING != 0,
        multicast: flags & libc::IFF_MULTICAST != 0,
        loopback: flags & libc::IFF_LOOPBACK != 0,
        point_to_point: flags & libc::IFF_POINTOPOINT != 0,
    };
    found.insert(index, interface);
    Some(())
}

fn add_address(found: &mut Interfaces, body: &[u8]) -> Option<()> {
    const IFA_ADDRESS: c_ushort = 1;
    const IFA_LOCAL: c_ushort = 2;
    let (prefix_len, mut flags) = (*body.get(1)?, u32::from(*body.get(2)?));
    let interface = found.get_mut(&u32_at(body, 4)?)?;
    let (mut address, mut local) = (None, None);
    for (kind, value) in attributes(body, IFADDRMSG) {
        match kind {
            IFA_ADDRESS => address = ip(value),
            IFA_LOCAL => local = ip(value),
            // All of them: the structure has room for eight.
            libc::IFA_FLAGS => flags = u32_at(value, 0)?,
            _ => {}
        }
    }
    // While nobody knows whether it is another's too it is not to be used (RFC 4862 section 5.4), but
    // for an optimistic one (RFC 4429).
    let is_verified = flags & (libc::IFA_F_TENTATIVE | libc::IFA_F_DADFAILED) == 0;
    if !is_verified && flags & libc::IFA_F_OPTIMISTIC == 0 {
        return None;
    }
    // Where the two differ the one is the far end's.
    let peer = address.filter(|peer| interface.point_to_point || local.is_some_and(|l| l != *peer));
    let address = local.or(address)?;
    let peer = peer.filter(|peer| *peer != address);
    let deprecated = flags & libc::IFA_F_DEPRECATED != 0;
    interface.addresses.push(Network { address, prefix_len, peer, deprecated });
    Some(())
}

/// Notes a route to what is on the link itself: it names an interface, and no gateway. A default route
/// says where the rest of the world is, not that it is near.
fn add_route(found: &mut Interfaces, body: &[u8]) -> Option<()> {
    let [family, len, _, _, table, _, _, kind] = *body.first_chunk()?;
    let is_cloned = u32_at(body, 8)? & libc::RTM_F_CLONED != 0;
    if kind != libc::RTN_UNICAST || table != libc::RT_TABLE_MAIN || len == 0 || is_cloned {
        return None;
    }
    let (mut network, mut interface) = (None, None);
    for (kind, value) in attributes(body, RTMSG) {
        match kind {
            libc::RTA_DST => network = ip(value),
            libc::RTA_OIF => interface = u32_at(value, 0),
            libc::RTA_GATEWAY | RTA_VIA => return None,
            _ => {}
        }
    }
    let address = network.filter(|ip| ip.is_ipv4() == (i32::from(family) == libc::AF_INET))?;
    found.get_mut(&interface?)?.routes.push(Prefix { address, len });
    Some(())
}
