//! Datagrams into an endpoint's sockets, and what is known of each.

use std::io;
use std::net::{IpAddr, SocketAddr};

use mcast_proto::{Arrival, Cast, Instant, InterfaceId, Path};

use crate::clock::{Clock, Reading};
use crate::endpoint::Endpoint;
use crate::endpoint::send::way_out;
use crate::error::{Error, is_transient};
use crate::interfaces::interface::{Interface, find};
use crate::interfaces::zone::with_zone;
use crate::sockets::channel::{Channel, Purpose};
use crate::sys;

/// Batches that are read of a socket at one time at the most, where all that has come is to be read: more
/// than its buffer holds. What goes on coming meanwhile must not keep the machine for ever.
const MOST_BATCHES: usize = 256;

/// The TTL or hop limit that no router leaves as it is (RFC 5082).
const UNROUTED: u8 = 255;

impl Endpoint {
    /// Reads a batch from each socket that was found to have something, and passes each datagram on with
    /// the time at which it is passed on and the name of its interface.
    pub(crate) fn receive(
        &mut self,
        clock: &Clock,
        mut handle: impl FnMut(Instant, Arrival, &[u8], Option<&str>),
    ) {
        for place in (0..self.channels.len()).rev() {
            if self.poller.readable[place] {
                self.read(place, clock, &mut handle);
            }
        }
    }

    /// Reads all that has come, as [`receive`](Self::receive) does; returns whether there is more than can
    /// be read.
    pub(crate) fn receive_all(
        &mut self,
        clock: &Clock,
        mut handle: impl FnMut(Instant, Arrival, &[u8], Option<&str>),
    ) -> bool {
        let mut is_more = false;
        for place in (0..self.channels.len()).rev() {
            is_more |= (0..MOST_BATCHES).all(|_| self.read(place, clock, &mut handle));
        }
        is_more
    }

    /// Reads a batch from a socket, and returns whether there may be more. A socket that has failed is
    /// closed, which moves those of higher places.
    fn read(
        &mut self,
        place: usize,
        clock: &Clock,
        handle: &mut impl FnMut(Instant, Arrival, &[u8], Option<&str>),
    ) -> bool {
        let Endpoint { channels, interfaces, accounts, inbox, .. } = self;
        let Some(channel) = channels.get(place) else { return false };
        let account = &mut accounts[channel.account];
        let is_more = match sys::receive(&channel.socket, &channel.reader, inbox) {
            Ok(is_more) => is_more,
            Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return false,
            Err(cause) => {
                let is_passing = is_transient(&cause);
                let group = channel.purpose.targets()[0];
                let error = Error::refused("receive", group, &account.report.name, cause);
                account.log_failure(channel.slot, &error);
                if !is_passing {
                    self.close(place);
                }
                return false;
            }
        };
        account.report.receive_drops += inbox.lost();
        let reading = Reading::of(clock);
        for (received, bytes) in inbox.datagrams() {
            if is_for_another(&channel.purpose, &received) {
                let is_heard_there = |other: &Channel| {
                    matches!((&other.purpose, &channel.purpose),
                        (Purpose::Hear(there), Purpose::Hear(here)) if other.lane == channel.lane
                            && there.group == here.group
                            && Some(there.interface) == received.interface
                            && there.hears(received.from.ip()))
                };
                let is_heard = channels.iter().any(is_heard_there);
                let by = received.interface;
                if is_heard || !is_own_looped(&channel.purpose, received.from.ip(), by, interfaces)
                {
                    account.report.receive_drops += u64::from(!is_heard);
                    continue;
                }
            }
            account.report.received += 1;
            let mut arrival = arrival(channel, &received, interfaces);
            arrival.from.local =
                way_out(channels, channel.lane, interfaces, arrival.from, Some(channel.port))
                    .and_then(|(place, ip)| Some(SocketAddr::new(ip?, channels[place].port)));
            let name = arrival.from.interface.and_then(|id| find(interfaces, id));
            arrival.taken = received.stamp.and_then(|stamp| reading.since(stamp));
            trace(&account.report.name, &arrival, bytes);
            handle(reading.now, arrival, bytes, name.map(|interface| interface.name.as_str()));
        }
        is_more
    }
}

/// Whether a datagram to a group came in by another interface than the channel's, or from a source that
/// is not to be heard. IPv6 on Linux gives it to the sockets of every interface that have joined there or
/// elsewhere; the other interface has a socket of its own, or is not in use.
fn is_for_another(purpose: &Purpose, received: &sys::Received) -> bool {
    matches!(purpose, Purpose::Hear(membership)
        if received.interface.is_some_and(|index| index != membership.interface)
            || !membership.hears(received.from.ip()))
}

/// Whether a datagram came from this host, and by another interface than the channel's only because the
/// system gives its own to a member by the loopback interface, as some may.
fn is_own_looped(
    purpose: &Purpose,
    from: IpAddr,
    by: Option<u32>,
    interfaces: &[Interface],
) -> bool {
    let by_loopback =
        || by.and_then(|index| find(interfaces, InterfaceId(index))).is_some_and(|it| it.loopback);
    let hears = matches!(purpose, Purpose::Hear(membership) if membership.hears(from));
    !sys::TELLS_LOOPED && hears && by_loopback()
}

fn trace(interface: &str, arrival: &Arrival, bytes: &[u8]) {
    let off_link = if arrival.on_link { "" } else { ", from beyond the link" };
    let (from, to, len) = (arrival.from.remote, arrival.cast, bytes.len());
    log::trace!("{interface}: {len} bytes from {from}, sent {to}{off_link}");
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
    let on_link = received.ttl == Some(UNROUTED)
        || find(interfaces, id).is_some_and(|i| i.is_on_link(ip))
        || is_own();
    Arrival::new(from, cast(purpose, received.to), on_link).by_lane(channel.lane)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sockets::membership::Membership;

    #[test]
    fn what_this_host_sent_is_for_a_member_though_it_came_by_the_loopback_where_it_may() {
        let interface = |index, loopback| Interface {
            index,
            name: String::new(),
            addresses: Vec::new(),
            routes: Vec::new(),
            up: true,
            multicast: true,
            loopback,
            point_to_point: false,
        };
        let interfaces = [interface(1, true), interface(2, false), interface(3, false)];
        let one: IpAddr = [10, 0, 0, 1].into();
        let member = |sources| {
            let group = ([224, 1, 1, 1], 50008).into();
            Purpose::Hear(Membership { interface: 2, group, sources })
        };
        let any = |by| is_own_looped(&member(Vec::new()), one, by, &interfaces);
        assert_eq!(any(Some(1)), cfg!(not(target_os = "linux")) || cfg!(feature = "portable"));
        assert!(!any(Some(3)) && !any(Some(4)) && !any(None));
        let others = member(vec![[10, 0, 0, 2].into()]);
        assert!(!is_own_looped(&others, one, Some(1), &interfaces));
    }
}
