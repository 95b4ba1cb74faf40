//! Datagrams with any source: raw sockets to which the IP header is given, many datagrams a call.

use std::error::Error;
use std::io::IoSlice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use socket2::{Domain, Protocol, Socket, Type};

/// IPPROTO_RAW: what is sent begins with its IP header.
const HEADER_INCLUDED: i32 = 255;
/// How many datagrams go out in one call.
pub(crate) const BATCH: usize = 64;
const UDP: u8 = 17;

/// A raw socket of one family, bound to a card, and the datagrams that wait to go out.
pub(crate) struct Sender {
    socket: Socket,
    /// The card's number, which the link-local addresses of IPv6 need.
    scope: u32,
    /// The time to live, or hop limit, of what is sent.
    ttl: u8,
    waiting: Vec<(SocketAddrAny, Vec<u8>)>,
}

impl Sender {
    /// For datagrams to an address of the same family as `to`, by this card.
    pub(crate) fn new(
        card: &str,
        scope: u32,
        to: SocketAddr,
        ttl: u8,
    ) -> Result<Sender, Box<dyn Error>> {
        let protocol = Some(Protocol::from(HEADER_INCLUDED));
        let socket = Socket::new(Domain::for_address(to), Type::RAW, protocol)?;
        socket.bind_device(Some(card.as_bytes()))?;
        if to.is_ipv4() {
            socket.set_header_included_v4(true)?;
            socket.set_multicast_loop_v4(false)?;
        } else {
            socket.set_multicast_if_v6(scope)?;
            socket.set_multicast_loop_v6(false)?;
        }
        Ok(Sender { socket, scope, ttl, waiting: Vec::with_capacity(BATCH) })
    }

    /// Puts a datagram to those that wait; sends them when they are a batch.
    pub(crate) fn send(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        payload: &[u8],
    ) -> Result<(), Box<dyn Error>> {
        let (address, packet) = match (from.ip(), to.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let packet = ipv4(source, destination, self.ttl, &udp(from, to, payload));
                (SocketAddr::new(to.ip(), 0), packet)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let packet = ipv6(source, destination, self.ttl, &udp(from, to, payload));
                (SocketAddrV6::new(destination, 0, 0, self.scope).into(), packet)
            }
            _ => return Err(format!("from {from} to {to}: two families").into()),
        };
        self.waiting.push((address.into(), packet));
        if self.waiting.len() == BATCH { self.flush() } else { Ok(()) }
    }

    /// Sends those that wait.
    pub(crate) fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        let slices: Vec<_> =
            self.waiting.iter().map(|(_, packet)| [IoSlice::new(packet)]).collect();
        let mut controls: Vec<_> =
            self.waiting.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let addressed = self.waiting.iter().map(|(to, _)| to).zip(&slices);
        let mut messages: Vec<_> = addressed
            .zip(&mut controls)
            .map(|((to, slices), control)| MMsgHdr::new_with_addr(to, slices, control))
            .collect();
        let mut sent = 0;
        while sent < messages.len() {
            sent += sendmmsg(&self.socket, &mut messages[sent..], SendFlags::empty())?;
        }
        self.waiting.clear();
        Ok(())
    }
}

/// A UDP datagram (RFC 768).
fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("it fits a datagram");
    let mut udp = Vec::with_capacity(usize::from(length));
    udp.extend(from.port().to_be_bytes());
    udp.extend(to.port().to_be_bytes());
    udp.extend(length.to_be_bytes());
    // Over IPv4 a checksum of zero says that none was made.
    udp.extend([0; 2]);
    udp.extend(payload);
    if let (IpAddr::V6(from), IpAddr::V6(to)) = (from.ip(), to.ip()) {
        let sum = match checksum(from, to, &udp) {
            0 => 0xffff,
            sum => sum,
        };
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
    }
    udp
}

/// Behind an IPv4 header (RFC 791), of which the kernel writes length and checksum.
fn ipv4(from: Ipv4Addr, to: Ipv4Addr, ttl: u8, udp: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 20];
    // Version and header length.
    (packet[0], packet[8], packet[9]) = (0x45, ttl, UDP);
    packet[12..16].copy_from_slice(&from.octets());
    packet[16..20].copy_from_slice(&to.octets());
    packet.extend(udp);
    packet
}

/// Behind an IPv6 header (RFC 8200).
fn ipv6(from: Ipv6Addr, to: Ipv6Addr, ttl: u8, udp: &[u8]) -> Vec<u8> {
    let length = u16::try_from(udp.len()).expect("it fits a datagram");
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([UDP, ttl]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(udp);
    packet
}

/// The Internet's checksum (RFC 1071) over IPv6's pseudo-header (RFC 8200, 8.1) and a datagram.
fn checksum(from: Ipv6Addr, to: Ipv6Addr, udp: &[u8]) -> u16 {
    let pairs = udp
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])));
    let addresses = from.segments().into_iter().chain(to.segments()).map(u32::from);
    let length = u32::try_from(udp.len()).expect("it fits a datagram");
    let mut sum: u32 = pairs.chain(addresses).sum::<u32>() + length + u32::from(UDP);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded")
}
