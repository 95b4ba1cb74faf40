//! Where the partner is, and whether unicast reaches it.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};

use super::super::card::{Card, FAMILIES};
use crate::facts::{Interface, Seen};

/// The partner's address, and the interface by which the system would go there.
pub(super) fn locate(host: &str, interfaces: &[Interface]) -> Option<(SocketAddr, Option<Card>)> {
    let addresses: Vec<SocketAddr> =
        (host, 0).to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    let first = *addresses.first()?;
    let reached = addresses.into_iter().find_map(|to| Some((to, card_to(to, interfaces)?)));
    Some(reached.map_or((first, None), |(to, card)| (to, Some(card))))
}

/// The interface by which the system would go to an address. Nothing is sent.
fn card_to(to: SocketAddr, interfaces: &[Interface]) -> Option<Card> {
    let family = FAMILIES[usize::from(to.is_ipv6())];
    let socket = UdpSocket::bind((family, 0)).ok()?;
    let mut discard = to;
    discard.set_port(9);
    socket.connect(discard).ok()?;
    let own = socket.local_addr().ok()?;
    let zone = |address: SocketAddr| match address {
        SocketAddr::V6(v6) => v6.scope_id(),
        SocketAddr::V4(_) => 0,
    };
    let zone = zone(to).max(zone(own));
    let mut cards = interfaces.iter().map(Card::of);
    cards.find(|card| card.is_own(own.ip()) && (zone == 0 || zone == card.interface.index))
}

/// Whether the kernel knows the hardware address of a host on a card's link.
pub(super) fn neighbour(card: &Card, ip: IpAddr) -> Seen<bool> {
    if card.is_own(ip) || !card.is_on_link(ip) {
        return Seen::Not("it is not on the link".into());
    }
    match mcast_net::is_neighbour(card.interface.index, ip) {
        Ok(Some(is_known)) => Seen::Is(is_known),
        Ok(None) => Seen::Not("the kernel has not found out".into()),
        Err(why) => Seen::Not(why.to_string()),
    }
}

/// A datagram to a port that is probably closed, and whether "port unreachable" came back.
pub(super) struct ClosedPort {
    socket: io::Result<UdpSocket>,
    pub(super) is_refused: bool,
    sent: bool,
}

impl ClosedPort {
    pub(super) fn open(to: SocketAddr) -> ClosedPort {
        let open = || {
            let socket = UdpSocket::bind((FAMILIES[usize::from(to.is_ipv6())], 0))?;
            socket.set_nonblocking(true)?;
            let mut closed = to;
            // Above what systems give to sockets that name no port, so that nobody is likely to be there.
            closed.set_port(61_000 + (mcast_net::seed() % 4_000) as u16);
            socket.connect(closed)?;
            Ok(socket)
        };
        ClosedPort { socket: open(), is_refused: false, sent: false }
    }

    pub(super) fn socket(&self) -> Option<&UdpSocket> {
        self.socket.as_ref().ok()
    }

    pub(super) fn send(&mut self) {
        if self.is_refused {
            return;
        }
        let sent = self.socket().map(|socket| socket.send(b"mcast doctor"));
        self.note(sent);
    }

    pub(super) fn hear(&mut self) {
        let heard = self.socket().map(|socket| socket.recv(&mut [0]));
        if heard.as_ref().is_some_and(Result::is_err) {
            self.note(heard);
        }
    }

    /// The refusal is told by whichever call comes next.
    fn note(&mut self, what: Option<io::Result<usize>>) {
        match what {
            Some(Ok(_)) => self.sent = true,
            Some(Err(why)) if why.kind() == io::ErrorKind::ConnectionRefused => {
                self.is_refused = true;
            }
            _ => {}
        }
    }

    pub(super) fn end(self) -> Seen<bool> {
        match self.socket {
            Ok(_) if self.sent || self.is_refused => Seen::Is(self.is_refused),
            Ok(_) => Seen::Not("nothing could be sent to it".into()),
            Err(why) => Seen::Not(why.to_string()),
        }
    }
}
