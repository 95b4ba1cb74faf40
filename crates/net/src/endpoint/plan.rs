//! Which sockets there are to be.

use std::net::{IpAddr, SocketAddr};

use crate::interfaces::choice::Choice;
use crate::interfaces::interface::{Interface, is_link_local};
use crate::interfaces::zone::{with_zone, zone};
use crate::settings::Settings;
use crate::sockets::channel::Purpose;
use crate::sockets::membership::Membership;

/// What an endpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Role {
    /// It has private sockets, and all that it sends leaves by them.
    pub(crate) asks: bool,
    /// It has sockets that hear the groups.
    pub(crate) hears: bool,
    /// It can wait for its first interface; who can't has failed where nothing can be sent.
    pub(crate) waits: bool,
}

impl From<mcast_proto::Role> for Role {
    fn from(role: mcast_proto::Role) -> Role {
        use mcast_proto::Role::{Asker, AskingMember, AskingPeer, Member, Peer};
        Role {
            asks: matches!(role, Asker | AskingPeer | Peer),
            hears: matches!(role, Member | AskingMember | AskingPeer | Peer),
            waits: matches!(role, Member | Peer),
        }
    }
}

impl Role {
    /// Whether what is sent leaves by the sockets of this purpose.
    pub(crate) fn sends_by(self, purpose: &Purpose) -> bool {
        !self.asks || matches!(purpose, Purpose::Ask { .. })
    }

    /// What sockets are to be there for, by interface. What `current` sockets are for is kept as it is
    /// where it still holds.
    pub(crate) fn plan<'a>(
        self,
        settings: &Settings,
        interfaces: &[Interface],
        choice: &Choice,
        current: impl Iterator<Item = &'a Purpose> + Clone,
    ) -> Vec<Purpose> {
        let mut plan = Vec::new();
        for interface in interfaces.iter().filter(|interface| choice.takes(interface.index)) {
            let has_address = |ipv4| interface.addresses_of(ipv4).next().is_some();
            let is_here = |group: &SocketAddr| {
                has_address(group.is_ipv4())
                    && zone(*group).is_none_or(|zone| zone == interface.index)
            };
            let here = settings.groups.iter().copied().filter(is_here);
            for ipv4 in [true, false].into_iter().filter(|_| self.asks) {
                let mut targets: Vec<SocketAddr> =
                    here.clone().filter(|group| group.is_ipv4() == ipv4).collect();
                if let Some(port) = settings.broadcast.filter(|_| ipv4) {
                    targets.extend(interface.broadcasts().map(|ip| SocketAddr::from((ip, port))));
                }
                let kept = current.clone().find(|p| still_asks(p, interface, &targets));
                let asks = || ask(interface, targets, settings.source_port);
                plan.extend(kept.cloned().or_else(asks));
            }
            if self.hears {
                // What only hears sends to all that it hears.
                let heard = if self.asks { settings.heard() } else { settings.groups.clone() };
                plan.extend(heard.into_iter().filter(is_here).map(|group| {
                    let sources = settings.sources_of(group).collect();
                    Purpose::Hear(Membership { interface: interface.index, group, sources })
                }));
            }
        }
        plan
    }
}

/// What an asker's socket is for, where there is something to ask and an address to ask from.
fn ask(interface: &Interface, targets: Vec<SocketAddr>, port: u16) -> Option<Purpose> {
    let index = interface.index;
    let farthest = targets.iter().find(|to| !is_link_local(to.ip())).or(targets.first())?;
    let address = SocketAddr::new(interface.source_for(farthest.ip())?, port);
    Some(Purpose::Ask { interface: index, address: with_zone(address, index), targets })
}

/// Whether a socket goes on asking as it does: answers are on their way to its address, and another
/// address that comes is no reason to miss them.
fn still_asks(purpose: &Purpose, on: &Interface, these: &[SocketAddr]) -> bool {
    matches!(purpose, Purpose::Ask { interface, address, targets }
        if *interface == on.index
            && targets == these
            && on.addresses_of(address.is_ipv4()).any(|own| own == address.ip()))
}

/// An own address to speak from for a purpose.
pub(crate) fn address_of(interfaces: &[Interface], purpose: &Purpose) -> Option<IpAddr> {
    let interface = interfaces.iter().find(|i| i.index == purpose.interface())?;
    interface.source_for(purpose.targets()[0].ip())
}
