//! ICMP echoes (RFC 792, RFC 4443 section 4), where the system lets us: Linux gives sockets for them to the groups
//! of `net.ipv4.ping_group_range`, and raw ones to root.
//!
//! On Linux they must not be fragmented: one that is longer than the path is lost where nobody says so, and refused
//! by the kernel once somebody has.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

use super::tally::is_too_long;
use crate::facts::{Seen, Size};

/// The types of an echo's request and of its reply, in either family.
const REQUEST: [u8; 2] = [8, 128];
const REPLY: [u8; 2] = [0, 129];
/// The bytes before the data.
const HEADER: usize = 8;
/// The data of an echo that only asks whether somebody is there: as long as that of `ping`.
pub(super) const SHORT: u32 = 56;

/// Echoes to one host.
pub(super) struct Pings {
    socket: Result<UdpSocket, String>,
    to: SocketAddr,
    /// Raw sockets of IPv4 give the IP header too.
    is_raw: bool,
    /// What a raw socket knows its own by.
    nonce: [u8; 8],
    /// The lengths of the data of those that left, by number; none once it was answered.
    waiting: BTreeMap<u16, u32>,
    next: u16,
    /// By length of the data.
    sizes: BTreeMap<u32, Size>,
}

impl Pings {
    pub(super) fn open(to: SocketAddr) -> Pings {
        let (domain, protocol) = match to.is_ipv4() {
            true => (Domain::IPV4, Protocol::ICMPV4),
            false => (Domain::IPV6, Protocol::ICMPV6),
        };
        let open = |kind: Type| -> io::Result<UdpSocket> {
            let socket = Socket::new(domain, kind, Some(protocol))?;
            socket.set_nonblocking(true)?;
            #[cfg(any(target_os = "linux", target_os = "android"))]
            forbid_fragments(&socket, to.is_ipv4())?;
            socket.connect(&to.into())?;
            Ok(socket.into())
        };
        let (socket, is_raw) = match open(Type::DGRAM) {
            Ok(socket) => (Ok(socket), false),
            Err(_) => (open(Type::RAW), true),
        };
        let socket = socket.map_err(|why| match why.kind() {
            io::ErrorKind::PermissionDenied => "the system lets only root ping".to_owned(),
            _ => format!("cannot ping: {why}"),
        });
        Pings {
            socket,
            to,
            is_raw,
            nonce: mcast_net::seed().to_be_bytes(),
            waiting: BTreeMap::new(),
            next: 1,
            sizes: BTreeMap::new(),
        }
    }

    pub(super) fn socket(&self) -> Option<&UdpSocket> {
        self.socket.as_ref().ok()
    }

    /// Sends an echo with so many bytes of data.
    pub(super) fn send(&mut self, data: u32) {
        let Ok(socket) = &self.socket else { return };
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let mut bytes = vec![0; HEADER + data as usize];
        bytes[0] = REQUEST[usize::from(self.to.is_ipv6())];
        bytes[4..6].copy_from_slice(&self.nonce[..2]);
        bytes[6..8].copy_from_slice(&number.to_be_bytes());
        if let Some(place) = bytes.get_mut(HEADER..HEADER + self.nonce.len()) {
            place.copy_from_slice(&self.nonce);
        }
        let sum = checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        let empty = Size { bytes: data, to_group: false, asked: 0, answered: 0, too_long: 0 };
        let size = self.sizes.entry(data).or_insert(empty);
        match socket.send(&bytes) {
            Ok(_) => {
                size.asked += 1;
                self.waiting.insert(number, data);
            }
            Err(refusal) if is_too_long(&refusal) => size.too_long += 1,
            // An earlier one was answered by an error, which is told once.
            Err(refusal) => log::debug!("ping: {refusal}"),
        }
    }

    /// Reads what has come.
    pub(super) fn hear(&mut self) {
        /// What is read at one time at the most.
        const MOST: usize = 256;
        let Ok(socket) = &self.socket else { return };
        let mut buffer = [0; 65_536];
        for _ in 0..MOST {
            let length = match socket.recv(&mut buffer) {
                Ok(length) => length,
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => return,
                // What became of one is told by an error.
                Err(_) => continue,
            };
            let bytes = &buffer[..length];
            let header = match bytes.first() {
                Some(first) if self.is_raw && self.to.is_ipv4() => usize::from(first & 0x0f) * 4,
                _ => 0,
            };
            let Some(number) = bytes.get(header..).and_then(|it| self.answered(it)) else {
                continue;
            };
            if let Some(data) = self.waiting.remove(&number)
                && let Some(size) = self.sizes.get_mut(&data)
            {
                size.answered += 1;
            }
        }
    }

    /// The number of the echo that these bytes answer.
    fn answered(&self, bytes: &[u8]) -> Option<u16> {
        let is_reply = *bytes.first()? == REPLY[usize::from(self.to.is_ipv6())];
        let is_ours = bytes.get(HEADER..HEADER + self.nonce.len())? == self.nonce;
        let number = u16::from_be_bytes(*bytes.get(6..)?.first_chunk()?);
        (is_reply && is_ours).then_some(number)
    }

    /// How many short ones were sent and answered, and what became of the long ones.
    pub(super) fn end(mut self) -> (Seen<(u32, u32)>, Vec<Size>) {
        let short = self.sizes.remove(&SHORT).map_or((0, 0), |size| (size.asked, size.answered));
        let seen = match self.socket {
            Ok(_) => Seen::Is(short),
            Err(why) => Seen::Not(why),
        };
        (seen, self.sizes.into_values().collect())
    }
}

/// What is longer than the path that the kernel knows of is refused, and what is longer than it is is lost
/// (IP_PMTUDISC_DO).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn forbid_fragments(socket: &Socket, ipv4: bool) -> io::Result<()> {
    use rustix::net::sockopt::{
        Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
    };
    match ipv4 {
        true => set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DO)?,
        false => set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::DO)?,
    }
    Ok(())
}

/// The checksum of the Internet (RFC 1071); of IPv6 the kernel makes its own.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u64 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_internet() {
        // The example of RFC 1071 section 3.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[0xff]), 0x00ff);
    }

    #[test]
    fn only_answers_to_our_own_count() {
        let pings = Pings { nonce: [7; 8], ..Pings::open(([127, 0, 0, 1], 0).into()) };
        let mut reply = vec![0, 0, 0, 0, 0, 0, 1, 2, 7, 7, 7, 7, 7, 7, 7, 7];
        assert_eq!(pings.answered(&reply), Some(0x0102));
        assert_eq!(pings.answered(&reply[..15]), None);
        reply[0] = 8;
        assert_eq!(pings.answered(&reply), None);
        (reply[0], reply[9]) = (0, 8);
        assert_eq!(pings.answered(&reply), None);
    }
}
