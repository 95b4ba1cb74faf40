//! Keeping an endpoint's sockets as they are to be while interfaces change.

use std::time::Duration;

use mcast_proto::Instant;

use crate::channel::Purpose;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::interface::unlisted;
use crate::plan::address_of;
use crate::watch::RELIST;

/// From the first sign of a change to acting on it: changes come in bursts.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// How long to wait before opening again what could not be opened, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// How often members tell the network that they are still here. Switches forget them after 260 s
/// (RFC 2236 section 8.4), which leaves room for one renewal to be lost.
const RENEWAL: Duration = Duration::from_secs(120);

/// When the next upkeep is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timers {
    /// When to list the interfaces again.
    relist: Instant,
    renew: Instant,
    retry: Duration,
}

impl Endpoint {
    /// Whether the interfaces or the sockets have changed since the last call.
    pub(crate) fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.is_changed)
    }

    /// Does what is due for the sockets themselves, and says when to be called next.
    pub(crate) fn tend(&mut self, now: Instant) -> Instant {
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

    /// Something about the interfaces has changed.
    pub(crate) fn note_change(&mut self, now: Instant) {
        self.watch.drain();
        if let Some(timers) = &mut self.timers {
            timers.relist = timers.relist.min(now + DEBOUNCE);
            timers.retry = RETRY.0;
        }
    }

    fn relist(&mut self) {
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
        self.complain(refusals);
        self.is_changed |= before != self.interfaces || sockets != self.channels.len();
        let changed: Vec<u32> = self
            .interfaces
            .iter()
            .filter(|now| before.iter().any(|old| old.index == now.index && old != *now))
            .map(|interface| interface.index)
            .collect();
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
            if let Err(cause) = membership.renew(&channel.socket, address) {
                let account = &mut self.accounts[channel.account];
                let name = &account.report.name;
                let error = Error::refused("join again", membership.group, name, cause);
                account.complain(channel.slot, &error);
                self.close(place);
            }
        }
    }
}
