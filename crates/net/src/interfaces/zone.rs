//! The zones of IPv6 addresses.

use std::net::{SocketAddr, SocketAddrV6};

use crate::interfaces::interface::is_link_local;

/// The zone that an address names.
pub(crate) fn zone(address: SocketAddr) -> Option<u32> {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => Some(address.scope_id()),
        _ => None,
    }
}

/// Gives an address the zone that it needs: link-local IPv6 ones alone do (RFC 4007 section 6).
pub(crate) fn with_zone(address: SocketAddr, index: u32) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => {
            let zone = if is_link_local(address.ip()) { index } else { 0 };
            SocketAddrV6::new(*v6.ip(), v6.port(), 0, zone).into()
        }
        v4 => v4,
    }
}
