//! Listing what interfaces are made of, and how many neighbours they have.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use libc::c_int;

use super::Rtnetlink;
use super::message::{IFINFOMSG, WITHOUT_COUNTERS, attributes, text, u16_at, u32_at};
use crate::interfaces::link::{Link, Snooping};

/// The length of `struct ndmsg` (linux/neighbour.h), the place of its `ndm_state`, and the attribute with
/// the hardware address.
const NDMSG: usize = 12;
const STATE: usize = 8;
const NDA_LLADDR: u16 = 2;

/// Attributes of a link of kind bridge (linux/if_link.h).
const IFLA_BR_MCAST_SNOOPING: u16 = 23;
const IFLA_BR_MCAST_QUERIER: u16 = 25;

impl Rtnetlink {
    /// All links, by index.
    pub(crate) fn links(&mut self) -> io::Result<Vec<Link>> {
        let mut found = BTreeMap::new();
        self.dump(libc::RTM_GETLINK, &[0; IFINFOMSG], &[WITHOUT_COUNTERS], |body| {
            let link = link(body)?;
            found.insert(link.index, link);
            Some(())
        })?;
        let mut neighbours = BTreeSet::new();
        self.dump(libc::RTM_GETNEIGH, &[0; NDMSG], &[], |body| {
            neighbours.insert(neighbour(body)?);
            Some(())
        })?;
        for (index, _) in neighbours {
            if let Some(link) = found.get_mut(&index) {
                link.neighbours += 1;
            }
        }
        Ok(found.into_values().collect())
    }
}

fn link(body: &[u8]) -> Option<Link> {
    let flags = u32_at(body, 8)? as c_int;
    let mut link = Link {
        index: u32_at(body, 4)?,
        up: flags & libc::IFF_UP != 0,
        carrier: flags & libc::IFF_LOWER_UP != 0,
        ..Link::default()
    };
    for (kind, value) in attributes(body, IFINFOMSG) {
        match kind {
            libc::IFLA_IFNAME => link.name = text(value),
            libc::IFLA_MTU => link.mtu = u32_at(value, 0)?,
            libc::IFLA_MASTER => link.master = u32_at(value, 0),
            libc::IFLA_LINKINFO => {
                let nested = |wanted| attributes(value, 0).find(|(kind, _)| *kind == wanted);
                link.kind = nested(libc::IFLA_INFO_KIND).map(|(_, kind)| text(kind));
                if link.kind.as_deref() == Some("bridge") {
                    link.bridge = nested(libc::IFLA_INFO_DATA).map(|(_, data)| snooping(data));
                }
            }
            _ => {}
        }
    }
    (!link.name.is_empty()).then_some(link)
}

fn snooping(data: &[u8]) -> Snooping {
    let is_on = |wanted| attributes(data, 0).any(|(kind, on)| kind == wanted && on != [0]);
    Snooping { snooping: is_on(IFLA_BR_MCAST_SNOOPING), querier: is_on(IFLA_BR_MCAST_QUERIER) }
}

/// The interface and the hardware address of a neighbour that was found: those that were told of, and the
/// groups' and the broadcast's, nobody looked for.
fn neighbour(body: &[u8]) -> Option<(u32, Vec<u8>)> {
    const FOUND: u16 = libc::NUD_REACHABLE | libc::NUD_STALE | libc::NUD_DELAY | libc::NUD_PROBE;
    if u16_at(body, STATE)? & FOUND == 0 {
        return None;
    }
    let (_, address) = attributes(body, NDMSG).find(|(kind, _)| *kind == NDA_LLADDR)?;
    Some((u32_at(body, 4)?, address.to_vec()))
}
