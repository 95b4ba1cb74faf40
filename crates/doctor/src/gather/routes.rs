//! By which interface the kernel sends to a group where nobody chooses one.

use std::net::IpAddr;

use mcast_proto::plain;

use crate::facts::{Interface, Routes, Seen};
use crate::gather::system::ELSEWHERE;

/// The kernel's own choice for mcast's groups.
pub(super) fn routes(interfaces: &[Interface]) -> Routes {
    Routes {
        ipv4: route(plain::GROUP_V4.into(), interfaces),
        ipv6: route(plain::GROUP_V6.into(), interfaces),
    }
}

fn route(group: IpAddr, interfaces: &[Interface]) -> Seen<Option<String>> {
    if !cfg!(target_os = "linux") {
        return Seen::Not(ELSEWHERE.into());
    }
    match mcast_net::route_to(group) {
        Ok(None) => Seen::Is(None),
        Ok(Some(index)) => match interfaces.iter().find(|it| it.index == index) {
            Some(interface) => Seen::Is(Some(interface.name.clone())),
            None => Seen::Not(format!("interface {index} came while this was looked at")),
        },
        Err(cause) => Seen::Not(cause.to_string()),
    }
}
