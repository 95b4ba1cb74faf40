//! Who asks for the members of groups: heard by raw sockets, which root alone may have.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::super::card::{Card, FAMILIES};
use crate::facts::{Querier, Seen};

/// IGMP's number as a protocol over IPv4, and ICMPv6's over IPv6.
const IGMP: i32 = 2;
const ICMP_V6: i32 = 58;
/// The types of a query: IGMP's membership query (RFC 3376 section 4), MLD's (RFC 3810 section 5).
const IGMP_QUERY: u8 = 0x11;
const MLD_QUERY: u8 = 130;
/// The addresses that are told at the most.
const MOST: usize = 64;

/// Raw sockets, one for each card and family, and what they heard.
pub(super) struct Queriers {
    sockets: Vec<(String, UdpSocket)>,
    heard: Seen<Querier>,
}

impl Queriers {
    /// Opens the sockets, where that is allowed.
    pub(super) fn open(cards: &[Card]) -> Queriers {
        let mut queriers = Queriers { sockets: Vec::new(), heard: Seen::Is(Querier::default()) };
        for card in cards {
            for family in FAMILIES {
                if card.source_for(family).is_none() {
                    continue;
                }
                match open(card, family) {
                    Ok(socket) => queriers.sockets.push((card.interface.name.clone(), socket)),
                    Err(refusal) => {
                        queriers.heard = Seen::Not(why(&refusal));
                        return queriers;
                    }
                }
            }
        }
        if queriers.sockets.is_empty() {
            queriers.heard = Seen::Not("no interface is used".into());
        }
        queriers
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        self.sockets.iter().map(|(_, socket)| socket)
    }

    /// Reads what has come.
    pub(super) fn hear(&mut self) {
        let Seen::Is(querier) = &mut self.heard else { return };
        let mut buffer = [0; 2048];
        for (card, socket) in &self.sockets {
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if !is_query(from, &buffer[..length]) {
                    continue;
                }
                let told = (card.clone(), from.ip());
                if !querier.heard.contains(&told) && querier.heard.len() < MOST {
                    querier.heard.push(told);
                }
            }
        }
    }

    pub(super) fn end(self) -> Seen<Querier> {
        self.heard
    }
}

/// Whether these bytes are a query: over IPv4 a raw socket gives the IP header too.
fn is_query(from: SocketAddr, bytes: &[u8]) -> bool {
    if from.is_ipv6() {
        return bytes.first() == Some(&MLD_QUERY);
    }
    let header = bytes.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    header >= 20 && bytes.get(header) == Some(&IGMP_QUERY)
}

fn open(card: &Card, family: IpAddr) -> io::Result<UdpSocket> {
    let (domain, protocol) = match family.is_ipv4() {
        true => (Domain::IPV4, IGMP),
        false => (Domain::IPV6, ICMP_V6),
    };
    let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(protocol)))?;
    socket.set_nonblocking(true)?;
    // A raw socket does not tell by which card a datagram came.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.bind_device(Some(card.interface.name.as_bytes()))?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = card;
    Ok(socket.into())
}

fn why(refusal: &io::Error) -> String {
    match refusal.kind() {
        io::ErrorKind::PermissionDenied => "only root hears who asks for members".into(),
        _ => format!("cannot hear who asks for members: {refusal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_told_from_a_report() {
        let v4: SocketAddr = ([10, 0, 0, 254], 0).into();
        let v6: SocketAddr = "[fe80::1]:0".parse().unwrap();
        let packet = |options: u8, kind: u8| {
            let mut packet = vec![0x45 + options, 0xc0];
            packet.resize(20 + 4 * usize::from(options), 0);
            packet.push(kind);
            packet
        };
        assert!(is_query(v4, &packet(0, 0x11)) && is_query(v4, &packet(1, 0x11)));
        assert!(!is_query(v4, &packet(1, 0x22)) && !is_query(v4, &[]) && !is_query(v4, &[0x41; 8]));
        assert!(is_query(v6, &[130, 0]) && !is_query(v6, &[143, 0]) && !is_query(v6, &[]));
    }
}
