//! Datagrams into an endpoint's sockets, and what is known of each.

use std::io;
use std::net::{IpAddr, SocketAddr};

use mcast_proto::{Arrival, Cast, InterfaceId, Path};

use crate::channel::{Channel, Purpose};
use crate::endpoint::Endpoint;
use crate::error::{Error, is_transient};
use crate::interface::{Interface, find};
use crate::plan::with_zone;
use crate::send::way_out;
use crate::sys;

impl Endpoint {
    /// Reads a batch from each socket that has something, and passes each datagram on with the name
    /// of its interface.
    pub(crate) fn receive(&mut self, mut handle: impl FnMut(Arrival, &[u8], Option<&str>)) {
        let mut failed = None;
        let role = self.role;
        let Endpoint { channels, interfaces, accounts, poller, inbox, .. } = self;
        for (place, channel) in channels.iter().enumerate() {
            if !poller.readable[place] {
                continue;
            }
            let account = &mut accounts[channel.account];
            match sys::receive(&channel.socket, inbox) {
                Ok(()) => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => continue,
                Err(cause) => {
                    if !is_transient(&cause) {
                        failed = Some(place);
                    }
                    let group = channel.purpose.groups()[0];
                    let error = Error::refused("receive", group, &account.report.name, cause);
                    account.complain(channel.slot, &error);
                    continue;
                }
            }
            for (received, bytes) in inbox.datagrams() {
                if is_for_another(&channel.purpose, &received) {
                    continue;
                }
                account.report.received += 1;
                let arrival = arrival(channel, &received, interfaces);
                let local = way_out(channels, role, interfaces, arrival.from, Some(channel.port))
                    .and_then(|(place, ip)| Some(SocketAddr::new(ip?, channels[place].port)));
                let mut arrival = arrival;
                arrival.from.local = local;
                let name = arrival.from.interface.and_then(|id| find(interfaces, id));
                trace(&account.report.name, &arrival, bytes);
                handle(arrival, bytes, name.map(|interface| interface.name.as_str()));
            }
        }
        if let Some(place) = failed {
            self.close(place);
        }
    }
}

/// Whether a datagram to a group came in by another interface than the channel's. IPv6 on Linux gives
/// it to the sockets of every interface that have joined there or elsewhere; the other interface has a
/// socket of its own, or is not in use.
fn is_for_another(purpose: &Purpose, received: &sys::Received) -> bool {
    matches!(purpose, Purpose::Hear(membership)
        if received.interface.is_some_and(|index| index != membership.interface))
}

fn trace(interface: &str, arrival: &Arrival, bytes: &[u8]) {
    let to = match arrival.cast {
        Cast::Group(_) => "sent to the group",
        Cast::Unicast => "sent to this host",
        Cast::Unknown => "nobody says to whom",
    };
    let off_link = if arrival.on_link { "" } else { ", from beyond the link" };
    let (from, len) = (arrival.from.remote, bytes.len());
    log::trace!("{interface}: {len} bytes from {from}, {to}{off_link}");
}

/// What the driver tells the machine about a datagram.
fn arrival(channel: &Channel, received: &sys::Received, interfaces: &[Interface]) -> Arrival {
    let purpose = &channel.purpose;
    let own = InterfaceId(purpose.interface());
    // Answers from this host to itself pass through the loopback, on whichever card they were asked.
    let is_elsewhere = |id: &InterfaceId| find(interfaces, *id).is_some_and(|i| !i.loopback);
    let id = received.interface.map(InterfaceId).filter(is_elsewhere).unwrap_or(own);
    let from = Path::new(with_zone(received.from, id.0)).by(id);
    let ip = from.remote.ip();
    let is_own = || interfaces.iter().any(|i| i.addresses.iter().any(|n| n.address == ip));
    let on_link = find(interfaces, id).is_some_and(|i| i.is_on_link(ip)) || is_own();
    Arrival::new(from, cast(purpose, received.to), on_link)
}

fn cast(purpose: &Purpose, to: Option<IpAddr>) -> Cast {
    match (purpose, to) {
        (_, None) => Cast::Unknown,
        (Purpose::Hear(membership), Some(ip)) if ip == membership.group.ip() => {
            Cast::Group(with_zone(membership.group, membership.interface))
        }
        _ => Cast::Unicast,
    }
}
