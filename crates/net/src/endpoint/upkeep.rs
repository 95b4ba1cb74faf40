//! Keeping an endpoint's sockets as they are to be while interfaces change.

use std::time::Duration;

use mcast_proto::Instant;

use crate::endpoint::Endpoint;
use crate::endpoint::plan::address_of;
use crate::endpoint::timers::Timers;
use crate::error::Error;
use crate::interfaces::interface::Interface;
use crate::interfaces::unlisted;
use crate::interfaces::watch::RELIST;
use crate::sockets::channel::Purpose;

/// From the first sign of a change to acting on it: changes come in bursts.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// How long to wait before opening again what could not be opened, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// How often members tell the network that they are still here. Switches forget them after 260 s
/// (RFC 2236 section 8.4), which leaves room for one renewal to be lost.
const RENEWAL: Duration = Duration::from_secs(120);

impl Endpoint {
    /// Whether the interfaces or the sockets have changed since the last call.
    pub(crate) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Does what is due for the sockets themselves, and says when to be called next.
    pub(crate) fn maintain(&mut self, now: Instant) -> Instant {
        let start = Timers { relist: now + RELIST, renew: now + RENEWAL, retry: RETRY.0 };
        let mut timers = self.timers.unwrap_or(start);
        if timers.renew <= now {
            self.renew(|_| true);
            timers.renew = now + RENEWAL;
        }
        if timers.relist <= now {
            self.relist();
            timers.relist = now + RELIST;
            timers.retry = if self.is_lacking { (timers.retry * 2).min(RETRY.1) } else { RETRY.0 };
        }
        if self.is_lacking {
            timers.relist = timers.relist.min(now + timers.retry);
        }
        self.timers = Some(timers);
        timers.relist.min(timers.renew)
    }

    /// Takes note of what about the interfaces has changed, if anything has: they are to be listed anew
    /// once there has been time for the rest of it.
    pub(crate) fn note_change(&mut self, now: Instant) -> bool {
        let news = self.watch.drain();
        if !news.any {
            return false;
        }
        if let Some(timers) = &mut self.timers {
            timers.relist = timers.relist.min(now + DEBOUNCE);
            timers.retry = RETRY.0;
        }
        let Endpoint { channels, fallen, ledger, .. } = self;
        let in_use = channels.iter().map(|channel| channel.purpose.interface());
        let has_fallen = |index: &u32| news.overflowed || news.fallen.contains(index);
        let before = fallen.len();
        fallen.extend(in_use.filter(has_fallen));
        ledger.has_changed |= fallen.len() > before;
        true
    }

    /// Lists the interfaces anew and opens and closes sockets accordingly.
    pub(crate) fn relist(&mut self) {
        let before = match self.kernel.interfaces() {
            Ok(interfaces) => std::mem::replace(&mut self.interfaces, interfaces),
            Err(cause) => {
                log::warn!("{}", unlisted(cause));
                return;
            }
        };
        // What is refused now is tried again.
        let sockets = self.channels.len();
        let refusals = self.refresh();
        self.log_failure(refusals);
        let mut changed = std::mem::take(&mut self.fallen);
        self.is_changed |=
            before != self.interfaces || sockets != self.channels.len() || !changed.is_empty();
        let has_changed =
            |now: &&Interface| before.iter().any(|old| old.index == now.index && old != *now);
        changed.extend(self.interfaces.iter().filter(has_changed).map(|i| i.index));
        let in_use = self.channels.iter().map(|channel| channel.purpose.interface());
        self.ledger.has_changed |= in_use.into_iter().any(|index| changed.contains(&index));
        self.renew(|index| changed.contains(&index));
    }

    /// Joins again on the interfaces that `which` names. A socket that can't is closed, and opened
    /// again later.
    fn renew(&mut self, which: impl Fn(u32) -> bool) {
        for place in (0..self.channels.len()).rev() {
            let channel = &self.channels[place];
            let Purpose::Hear(membership) = &channel.purpose else { continue };
            if !which(membership.interface) {
                continue;
            }
            let address = address_of(&self.interfaces, &channel.purpose);
            let account = &mut self.accounts[channel.account];
            let name = &account.report.name;
            if let Err(cause) = membership.renew(&channel.socket, address, name) {
                let error = Error::refused("join again", membership.group, name, cause);
                account.log_failure(channel.slot, &error);
                self.close(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

    use mcast_proto::plain::{Discoverer, Discovery};
    use socket2::{Domain, InterfaceIndexOrAddress, SockRef, Socket, Type};

    use super::*;
    use crate::{Selector, Settings};

    #[test]
    fn what_could_not_be_opened_is_tried_again_soon_and_then_not_so_soon() {
        let machine = Discoverer::new(Discovery::default(), 1);
        let mut endpoint = Endpoint::of(&machine, &Settings::default()).unwrap();
        let at = Instant::from_millis;
        let next = endpoint.maintain(at(0));
        assert_eq!(next, at(0) + RELIST, "nothing is lacking");
        endpoint.is_lacking = true;
        assert_eq!(endpoint.maintain(at(1)), at(1) + RETRY.0);
        assert_eq!(endpoint.maintain(at(2)), at(1) + RETRY.0, "it is not put off");
        // By then it is there.
        assert_eq!(endpoint.maintain(at(1) + RETRY.0), at(1) + RETRY.0 + RELIST);
    }

    /// As behind a switch that has forgotten it.
    #[test]
    fn who_has_fallen_out_of_a_group_is_in_it_again_after_two_minutes() {
        let loopback = crate::interfaces().unwrap().into_iter().find(|it| it.loopback).unwrap();
        let random = crate::seed().to_ne_bytes();
        let ip = Ipv4Addr::new(239, 255, random[0], random[1]);
        // A port that nobody else has, and that the endpoint may share.
        let held = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
        held.set_reuse_address(true).unwrap();
        held.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let port = held.local_addr().unwrap().as_socket().unwrap().port();
        let group = SocketAddr::new(ip.into(), port);
        let mut endpoint = Endpoint::member(&Settings {
            groups: vec![group],
            interfaces: vec![Selector::Index(loopback.index)],
            ..Settings::default()
        })
        .unwrap();
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        SockRef::from(&sender).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
        let hears = |endpoint: &Endpoint| {
            sender.send_to(b"x", group).unwrap();
            // What was sent on the loopback is there when the sending returns.
            endpoint.channels[0].socket.recv_from(&mut [0]).is_ok()
        };
        endpoint.maintain(Instant::ZERO);
        assert!(hears(&endpoint));
        let interface = InterfaceIndexOrAddress::Index(loopback.index);
        SockRef::from(&endpoint.channels[0].socket).leave_multicast_v4_n(&ip, &interface).unwrap();
        endpoint.maintain(Instant::from_millis(119_999));
        assert!(!hears(&endpoint));
        let next = endpoint.maintain(Instant::from_millis(120_000));
        assert!(hears(&endpoint));
        assert!(next <= Instant::from_millis(240_000), "and so on: {next:?}");
    }
}
