//! What network a machine is in, as far as its addresses tell.

use std::net::IpAddr;

use crate::interfaces::interface::{Interface, Network, is_link_local};

/// The label of the network that these interfaces are in: a prefix, in words. Of several the one that is the
/// least likely to change while the network stays the same; empty where there is none.
pub(super) fn label<'a>(interfaces: impl Iterator<Item = &'a Interface>) -> String {
    let networks = interfaces.flat_map(|interface| {
        interface.addresses.iter().map(|network| (rank(network.address), interface.index, network))
    });
    // Of equals the first: they come by index.
    match networks.min_by_key(|(rank, index, _)| (*rank, *index)) {
        Some((_, _, network)) => prefix(network),
        None => String::new(),
    }
}

/// How often the network of an address changes: less often than those of a higher rank.
fn rank(address: IpAddr) -> u8 {
    match address {
        _ if address.is_loopback() => 4,
        _ if is_link_local(address) => 3,
        IpAddr::V4(_) => 0,
        IpAddr::V6(ip) if ip.is_unique_local() => 1,
        // Many providers give another prefix every day.
        IpAddr::V6(_) => 2,
    }
}

fn prefix(network: &Network) -> String {
    let len = network.prefix_len;
    let first = match network.address {
        IpAddr::V4(ip) => {
            IpAddr::V4((ip.to_bits() & !u32::MAX.checked_shr(len.into()).unwrap_or(0)).into())
        }
        IpAddr::V6(ip) => {
            IpAddr::V6((ip.to_bits() & !u128::MAX.checked_shr(len.into()).unwrap_or(0)).into())
        }
    };
    format!("{first}/{len}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Interfaces with these addresses, by index.
    fn interfaces(addresses: &[&[&str]]) -> Vec<Interface> {
        let network = |text: &&str| {
            let (address, len) = text.split_once('/').unwrap();
            Network {
                address: address.parse().unwrap(),
                prefix_len: len.parse().unwrap(),
                peer: None,
                deprecated: false,
            }
        };
        let interface = |(index, addresses): (usize, &&[&str])| Interface {
            index: index as u32,
            name: format!("eth{index}"),
            addresses: addresses.iter().map(network).collect(),
            routes: Vec::new(),
            up: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
        };
        addresses.iter().enumerate().map(interface).collect()
    }

    #[test]
    fn it_is_the_prefix_that_changes_least() {
        for (addresses, expected) in [
            (&[&["10.0.0.2/24"][..]][..], "10.0.0.0/24"),
            // The address is not in it.
            (&[&["10.0.0.77/24"]], "10.0.0.0/24"),
            (&[&["10.0.0.2/32"]], "10.0.0.2/32"),
            (&[&["2001:db8:1:2:3::4/64"]], "2001:db8:1:2::/64"),
            (&[&["fe80::1/64", "2001:db8::1/64", "fd00:1::9/64"]], "fd00:1::/64"),
            (&[&["fe80::1/64", "2001:db8::1/64"]], "2001:db8::/64"),
            (&[&["fd00:1::9/64", "192.168.1.9/16"]], "192.168.0.0/16"),
            (&[&["169.254.1.1/16", "fd00:1::9/64"]], "fd00:1::/64"),
            (&[&["127.0.0.1/8"], &["fe80::1/64"]], "fe80::/64"),
            (&[&["10.1.0.2/24"], &["10.0.0.2/24"]], "10.1.0.0/24"),
            (&[&[], &["0.0.0.1/0"]], "0.0.0.0/0"),
            (&[&[]], ""),
            (&[], ""),
        ] {
            assert_eq!(label(interfaces(addresses).iter()), expected, "{addresses:?}");
        }
    }
}
