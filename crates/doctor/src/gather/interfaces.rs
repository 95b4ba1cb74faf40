//! Every interface: what it is, and whether and why mcast uses it.

use std::net::IpAddr;

use mcast_net::{Chosen, Error, Link, Settings};

use crate::facts::{Bridge, Interface, Seen};
use crate::gather::system::{ELSEWHERE, number, start, text};
use crate::gather::{limits, memberships};

/// Every interface, by number.
pub(super) fn all(settings: &Settings) -> Result<Vec<Interface>, Error> {
    let chosen = mcast_net::choice(settings)?;
    let links = if cfg!(target_os = "linux") { mcast_net::links()? } else { Vec::new() };
    let memberships = memberships::all();
    let radios = text("/proc/thread-self/net/wireless").unwrap_or_default();
    let interface = |chosen| {
        let interface = interface(chosen, &links, memberships.as_deref());
        Interface {
            wireless: radio(&radios, &interface.name) || is_radio_by_sysfs(&interface),
            rp_filter: limits::rp_filter(&interface.name),
            ..interface
        }
    };
    Ok(chosen.into_iter().map(interface).collect())
}

/// An interface by what lists say.
fn interface(
    chosen: Chosen,
    links: &[Link],
    memberships: Result<&[(u32, IpAddr)], &String>,
) -> Interface {
    let Chosen { interface: it, used, why } = chosen;
    let groups = memberships.map(|all| {
        all.iter().filter(|(index, _)| *index == it.index).map(|(_, group)| *group).collect()
    });
    let link = links.iter().find(|link| link.index == it.index);
    let master = link.and_then(|link| {
        let is_bridge = |it: &&Link| matches!(it.kind.as_deref(), Some("bridge" | "openvswitch"));
        links.iter().filter(is_bridge).find(|bridge| Some(bridge.index) == link.master)
    });
    let bridge = link.and_then(|link| link.bridge);
    let address = |it: &mcast_net::Network| format!("{}/{}", it.address, it.prefix_len);
    Interface {
        index: it.index,
        kind: link.and_then(|link| link.kind.clone()),
        wireless: false,
        // Without the link's own words, what mcast-net says stands for both.
        up: link.map_or(it.up, |link| link.up),
        carrier: link.map_or(it.up, |link| link.carrier),
        multicast: it.multicast,
        loopback: it.loopback,
        point_to_point: it.point_to_point,
        mtu: link.map_or(0, |link| link.mtu),
        addresses: it.addresses.iter().map(address).collect(),
        used,
        why: why.into(),
        groups: groups.map_or_else(|why| Seen::Not(why.clone()), Seen::Is),
        rp_filter: None,
        bridge: bridge.map(|it| Bridge { snooping: it.snooping, querier: it.querier }),
        master: master.map(|bridge| bridge.name.clone()),
        neighbours: match link {
            Some(link) => Seen::Is(link.neighbours),
            None if cfg!(target_os = "linux") => {
                Seen::Not("it came while this was looked at".into())
            }
            None => Seen::Not(ELSEWHERE.into()),
        },
        name: it.name,
    }
}

/// Whether an interface is among those of the table `wireless`, which is the namespace's own; kernels
/// without the old extensions for wireless have none.
fn radio(table: &str, name: &str) -> bool {
    table.lines().any(|line| line.split_once(':').is_some_and(|(it, _)| it.trim() == name))
}

/// Whether sysfs shows a radio. It may have been mounted for another namespace: only what has the same name
/// and the same number there is taken for the same.
fn is_radio_by_sysfs(interface: &Interface) -> bool {
    let folder = format!("/sys/class/net/{}", interface.name);
    number(&format!("{folder}/ifindex")) == Some(interface.index)
        && start(&format!("{folder}/phy80211/index"), 1).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(index: u32, name: &str) -> Chosen {
        let interface = mcast_net::Interface {
            index,
            name: name.into(),
            addresses: vec![mcast_net::Network {
                address: "10.0.0.1".parse().unwrap(),
                prefix_len: 24,
                peer: None,
                deprecated: false,
            }],
            routes: Vec::new(),
            up: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
        };
        Chosen { interface, used: true, why: "is up and can multicast" }
    }

    fn link(index: u32, kind: &str, master: Option<u32>) -> Link {
        let kind = Some(kind.to_owned());
        Link { index, kind, master, mtu: 1400, up: true, neighbours: 3, ..Link::default() }
    }

    #[test]
    fn lists_are_put_together_by_number() {
        let links =
            [link(2, "veth", Some(3)), Link { name: "br0".into(), ..link(3, "bridge", None) }];
        let group: IpAddr = "224.0.0.1".parse().unwrap();
        let memberships = [(2, group), (3, group), (3, group)];
        let it = interface(chosen(2, "eth0"), &links, Ok(&memberships));
        assert_eq!((it.name.as_str(), it.kind.as_deref()), ("eth0", Some("veth")));
        assert_eq!((it.mtu, it.up, it.carrier), (1400, true, false));
        assert_eq!(it.addresses, ["10.0.0.1/24"]);
        assert_eq!((it.used, it.why.as_str()), (true, "is up and can multicast"));
        assert_eq!(it.groups, Seen::Is(vec![group]));
        assert_eq!((it.master.as_deref(), it.neighbours), (Some("br0"), Seen::Is(3)));
        // A bond is no bridge.
        let links =
            [link(2, "veth", Some(3)), Link { name: "bond0".into(), ..link(3, "bond", None) }];
        let hidden = String::from("hidden");
        let it = interface(chosen(2, "eth0"), &links, Err(&hidden));
        assert_eq!((it.master, it.groups), (None, Seen::Not(hidden)));
    }

    #[test]
    fn radios_are_those_of_the_table() {
        let table = "\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   55.  -55.  -256        0      0      0      0     26        0\n";
        assert!(radio(table, "wlan0"));
        assert!(!radio(table, "wlan") && !radio(table, "face") && !radio("", "wlan0"));
    }
}
