//! A round trip with ourselves: what is sent to a group that we have joined comes back.
//!
//! The group is a random one of 239.255.0.0/16 (RFC 2365 section 6.1) and of ff12::/16 (RFC 4291 section 2.7),
//! at a port that the system chooses. The TTL is 0, so that no datagram leaves this host; what is looped back
//! is still given to the packet filter as if it had come in by the card.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mcast_net::{Batch, Ear};
use mcast_proto::Instant;

use super::card::{Card, FAMILIES};
use super::conduct::Conduct;
use super::socket::{ToGroups, at_group, join, words};
use crate::facts::{Echo, Interface, Step};
use crate::gather::memberships;

/// Datagrams that are sent by each card and family.
const TIMES: u32 = 3;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(20);
/// For how long after the last one an echo is waited for: it takes no way but through the kernel.
const PATIENCE: Duration = Duration::from_millis(400);
/// Bytes of a datagram: a number that nobody knows, and which of them it is.
const LENGTH: usize = 9;

/// Sends a few datagrams by each interface that is used and each family that it has addresses of, and says how
/// far they came. It takes half a second where some do not come back, else less.
pub fn echoes(interfaces: &[Interface], conduct: &mut Conduct<'_>) -> Vec<Echo> {
    conduct.tell("sending to ourselves");
    let families = |card: Card| FAMILIES.map(|family| (card.clone(), family));
    let mut trips: Vec<Trip> = Card::used(interfaces)
        .flat_map(families)
        .filter_map(|(card, family)| Trip::begin(&card, card.source_for(family)?))
        .collect();
    for nth in 0..TIMES {
        let now = conduct.now();
        trips.iter_mut().for_each(|trip| trip.send(nth as u8, now));
        hear(&mut trips, now + PAUSE, conduct);
    }
    let until = conduct.now() + PATIENCE;
    hear(&mut trips, until, conduct);
    trips.into_iter().map(Trip::end).collect()
}

/// One card's and one family's.
struct Trip {
    echo: Echo,
    socket: Option<Ear>,
    nonce: [u8; 8],
    sent_at: [Option<Instant>; TIMES as usize],
    heard: [bool; TIMES as usize],
}

impl Trip {
    /// Opens a socket and joins the group; `None` where the card has no address of the family.
    fn begin(card: &Card, own: IpAddr) -> Option<Trip> {
        let nonce = mcast_net::seed().to_be_bytes();
        let group = group_of(own, nonce);
        card.source_for(group)?;
        let mut trip = Trip {
            echo: Echo {
                interface: card.interface.name.clone(),
                group: SocketAddr::new(group, 0),
                step: Step::NotOpened,
                error: None,
                sent: 0,
                heard: 0,
                rtt_ms: None,
            },
            socket: None,
            nonce: mcast_net::seed().to_be_bytes(),
            sent_at: [None; TIMES as usize],
            heard: [false; TIMES as usize],
        };
        trip.open(card, group);
        Some(trip)
    }

    fn open(&mut self, card: &Card, group: IpAddr) {
        let opened = at_group(card, (group, 0), ToGroups { ttl: 0, looped: true })
            .and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
        let (port, socket) = match opened {
            Ok(opened) => opened,
            Err(refusal) => return self.echo.error = Some(words(&refusal)),
        };
        self.echo.group = card.at(group, port);
        self.echo.step = Step::NotJoined;
        if let Err(refusal) = join(&socket, card, group) {
            return self.echo.error = Some(words(&refusal));
        }
        self.echo.step = match memberships::all() {
            Ok(all) if !all.contains(&(card.interface.index, group)) => Step::NotListed,
            // Where the kernel does not tell, it is taken at its word.
            _ => Step::NotSent,
        };
        self.socket = Some(socket);
    }

    fn send(&mut self, nth: u8, now: Instant) {
        let Some(socket) = &self.socket else { return };
        let mut datagram = [nth; LENGTH];
        datagram[..8].copy_from_slice(&self.nonce);
        match socket.send_to(&datagram, self.echo.group) {
            Ok(_) => {
                self.echo.sent += 1;
                self.sent_at[usize::from(nth)] = Some(now);
            }
            Err(refusal) => self.echo.error = Some(words(&refusal)),
        }
    }

    fn hear(&mut self, batch: &mut Batch, now: Instant) {
        let Some(socket) = &self.socket else { return };
        let read = socket.read(batch, |_, bytes| {
            let Some((nonce, [nth])) = bytes.split_first_chunk() else { return };
            let nth = usize::from(*nth);
            if *nonce != self.nonce || self.heard.get(nth) != Some(&false) {
                return;
            }
            self.heard[nth] = true;
            self.echo.heard += 1;
            let took = self.sent_at[nth].map(|at| (now - at).as_secs_f64() * 1000.0);
            self.echo.rtt_ms = self.echo.rtt_ms.into_iter().chain(took).reduce(f64::min);
        });
        if let Err(cause) = read
            && cause.kind() != std::io::ErrorKind::WouldBlock
        {
            self.echo.error = Some(words(&cause));
        }
    }

    fn is_waiting(&self) -> bool {
        self.echo.heard < self.echo.sent
    }

    fn end(self) -> Echo {
        let mut echo = self.echo;
        if echo.step >= Step::NotListed && echo.heard > 0 {
            // What comes back was joined, whatever the list says.
            echo.step = Step::Heard;
        } else if echo.step == Step::NotSent && echo.sent > 0 {
            echo.step = Step::NotHeard;
        }
        echo
    }
}

/// Hears until all have come back that were sent, or until then.
fn hear(trips: &mut [Trip], until: Instant, conduct: &Conduct<'_>) {
    let mut batch = Batch::default();
    while trips.iter().any(Trip::is_waiting) && conduct.now() < until && !conduct.is_stopped() {
        conduct.wait(trips.iter().filter_map(|trip| trip.socket.as_deref()), until);
        let now = conduct.now();
        trips.iter_mut().for_each(|trip| trip.hear(&mut batch, now));
    }
    // What came in while this process had no processor, or was told to end, has come all the same.
    let now = conduct.now();
    trips.iter_mut().for_each(|trip| trip.hear(&mut batch, now));
}

/// A group of our own, which nobody else uses but by chance.
fn group_of(own: IpAddr, random: [u8; 8]) -> IpAddr {
    match own {
        IpAddr::V4(_) => Ipv4Addr::new(239, 255, random[0], random[1]).into(),
        IpAddr::V6(_) => {
            let [a, b, c, d, e, f, g, h] = random.map(u16::from);
            let words = [a << 8 | b, c << 8 | d, e << 8 | f, g << 8 | h];
            Ipv6Addr::new(0xff12, 0, 0, 0, words[0], words[1], words[2], words[3]).into()
        }
    }
}
