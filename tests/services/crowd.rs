//! Virtual responders of the structured protocol in one process, each with an address of its own: ten
//! thousand answers from one machine.
//!
//! Their addresses need not be any card's: what they say goes through a raw socket with IP headers of our
//! own, which takes the power over a network namespace.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};

use mcast_net::{clock::Clock, seed};
use mcast_proto::service::{GROUP_V4, Offer, PORT, Responder, Responding, Stores};
use mcast_proto::wire::{self, Datagram, MAX_HASH_BITS, Query, Slice};
use mcast_proto::{Action, Arrival, Cast, Destination, Instant, Machine, Path};
use mcast_tests::netns::{Host, Process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};

/// IPPROTO_RAW: what is sent begins with its IP header.
const HEADER_INCLUDED: i32 = 255;
/// Behind the headers of IPv4 (RFC 791) and UDP (RFC 768).
const HEADERS: usize = 28;

/// What the process is told that is to be a crowd: COUNT NOTE-LENGTH FIRST-ADDRESS JOIN-ADDRESS SECONDS.
const CROWD: &str = "MCAST_TESTS_CROWD";

/// Starts so many responders of the service `crowd` in a host. They have the addresses from 10.1.0.0 on,
/// are on the host's card with the address `join`, and end by themselves.
pub(crate) fn crowd(host: &Host<'_>, count: usize, join: &str) -> Process {
    crowd_with_notes(host, count, 0, join)
}

/// The same, each with an attribute of so many bytes, or none.
pub(crate) fn crowd_with_notes(host: &Host<'_>, count: usize, note: usize, join: &str) -> Process {
    let mut command = host.command(std::env::current_exe().expect("our own path"));
    command.args(["--exact", "crowd::virtual_responders", "--nocapture"]);
    command.env(CROWD, format!("{count} {note} 10.1.0.0 {join} 120"));
    let process = Process::start(command);
    process.line_with("ready");
    process
}

/// No test, but the crowd where one is started.
#[test]
fn virtual_responders() {
    if let Ok(words) = std::env::var(CROWD) {
        respond(&words).unwrap();
    }
}

fn respond(words: &str) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = words.split(' ').collect();
    let [count, note, first, join, seconds] = words[..] else { return Err("five words".into()) };
    let mut crowd = Crowd::new(count.parse()?, note.parse()?, first.parse()?)?;
    let sockets = Sockets::new(join.parse()?)?;
    println!("\nready");
    let clock = Clock::new();
    let end = Instant::from_millis(seconds.parse::<u64>()? * 1000);
    while clock.now() < end {
        // One question at a time, so that many don't keep the answers to the first waiting.
        let was_asked =
            sockets.receive(|arrival, bytes| crowd.hear(clock.now(), arrival, bytes))?;
        crowd.answer(clock.now(), |from, to, bytes| sockets.send(from, to, bytes))?;
        if !was_asked {
            let next = crowd.next().map_or(end, |next| next.min(end));
            sockets.wait(next - clock.now())?;
        }
    }
    Ok(())
}

/// The group's socket, which hears, and the raw one, which speaks with any address.
struct Sockets {
    group: UdpSocket,
    raw: Socket,
}

impl Sockets {
    fn new(join: Ipv4Addr) -> Result<Sockets, Box<dyn Error>> {
        let group = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        group.set_reuse_address(true)?;
        group.set_recv_buffer_size(4 << 20)?;
        group.set_nonblocking(true)?;
        group.bind(&SocketAddr::from((GROUP_V4, PORT)).into())?;
        group.join_multicast_v4(&GROUP_V4, &join)?;
        let raw = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(HEADER_INCLUDED)))?;
        raw.set_header_included_v4(true)?;
        raw.set_multicast_if_v4(&join)?;
        raw.set_send_buffer_size(4 << 20)?;
        Ok(Sockets { group: group.into(), raw })
    }

    /// Hears a datagram, where there is one.
    fn receive(&self, handle: impl FnOnce(Arrival, &[u8])) -> Result<bool, Box<dyn Error>> {
        let mut buffer = [0; wire::MAX_DATAGRAM + 1];
        let (length, remote) = match self.group.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let from = Path::new(remote);
        let cast = Cast::Group(SocketAddr::from((GROUP_V4, PORT)));
        handle(Arrival::new(from, cast, true), &buffer[..length]);
        Ok(true)
    }

    fn send(&self, from: Ipv4Addr, to: SocketAddrV4, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
        let mut packet = [0; HEADERS + wire::MAX_SENT];
        let udp_length = u16::try_from(HEADERS - 20 + bytes.len())?;
        // Version, header length, time to live, UDP; the kernel writes the length and the checksum.
        (packet[0], packet[8], packet[9]) = (0x45, 255, 17);
        packet[12..16].copy_from_slice(&from.octets());
        packet[16..20].copy_from_slice(&to.ip().octets());
        packet[20..22].copy_from_slice(&PORT.to_be_bytes());
        packet[22..24].copy_from_slice(&to.port().to_be_bytes());
        packet[24..26].copy_from_slice(&udp_length.to_be_bytes());
        // A checksum of zero says that none was made.
        packet[HEADERS..HEADERS + bytes.len()].copy_from_slice(bytes);
        self.raw.send_to(&packet[..HEADERS + bytes.len()], &SocketAddr::V4(to).into())?;
        Ok(())
    }

    fn wait(&self, patience: std::time::Duration) -> Result<(), Box<dyn Error>> {
        let timeout = Timespec {
            tv_sec: patience.as_secs().try_into()?,
            tv_nsec: patience.subsec_nanos().into(),
        };
        poll(&mut [PollFd::new(&self.group, PollFlags::IN)], Some(&timeout))?;
        Ok(())
    }
}

struct Crowd {
    members: Vec<Responder>,
    /// Their numbers: a hundred thousand members fit no cache, and most questions ask few.
    ids: Vec<u64>,
    first: Ipv4Addr,
    /// When a member's turn comes; what is no member's deadline any more is passed over.
    turns: BinaryHeap<Reverse<(Instant, usize)>>,
    /// The members in the order of the finest slices of the discovery that last asked a slice, so that
    /// those of a slice need not be looked for among all.
    slices: Vec<(u32, usize)>,
    txn: Option<u64>,
}

impl Crowd {
    fn new(count: usize, note: usize, first: Ipv4Addr) -> Result<Crowd, Box<dyn Error>> {
        let seed = seed();
        let member = |number: usize| {
            let mut offer = Offer::new("crowd")?.name(&format!("virtual {number}"))?;
            if note > 0 {
                offer = offer.attr("note", &vec![b'x'; note])?;
            }
            // As a responder has them, where there are not too many.
            let small = Stores { pending: 6, recent: 16, sources: 2 };
            let stores = if count <= 1_000 { Stores::default() } else { small };
            let response = Responding { announce: false, stores, ..Responding::of(offer) };
            let mut member = Responder::new(response, seed.wrapping_add(number as u64));
            // Its start, of which there is nothing to say.
            while member.deadline().is_some_and(|deadline| deadline <= Instant::ZERO) {
                let _started = member.handle_timeout(Instant::ZERO);
            }
            Ok(member)
        };
        let members = (0..count).map(member).collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        let ids = members.iter().map(Responder::id).collect();
        let (turns, slices) = (BinaryHeap::new(), Vec::new());
        Ok(Crowd { members, ids, first, turns, slices, txn: None })
    }

    fn hear(&mut self, now: Instant, arrival: Arrival, bytes: &[u8]) {
        let Ok(Datagram::Query(query)) = wire::decode(bytes) else { return };
        let asked = self.asked(&query);
        for number in asked {
            // What a member has said silences it only where it knows from where it says it.
            let own = SocketAddr::from((self.address(number), PORT));
            let member = &mut self.members[number];
            let _event = member.handle_datagram(now, arrival.at_local(own), bytes);
            self.turns.extend(member.deadline().map(|deadline| Reverse((deadline, number))));
        }
    }

    fn address(&self, number: usize) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first.to_bits() + number as u32)
    }

    /// Whom a question is for.
    fn asked(&mut self, query: &Query<'_>) -> Vec<usize> {
        let is_asked = |number: &usize| query.is_in(self.ids[*number]);
        if query.slice == Slice::ALL {
            return (0..self.ids.len()).filter(is_asked).collect();
        }
        if self.txn != Some(query.txn) {
            let finest = |(number, id)| (Slice::of(id, query.txn, MAX_HASH_BITS).index(), number);
            self.slices = self.ids.iter().copied().enumerate().map(finest).collect();
            self.slices.sort_unstable();
            self.txn = Some(query.txn);
        }
        let (low, high) = bounds(query);
        let from = self.slices.partition_point(|(slice, _)| *slice < low);
        let to = self.slices.partition_point(|(slice, _)| *slice < high);
        self.slices[from..to].iter().map(|(_, number)| *number).filter(is_asked).collect()
    }

    fn next(&self) -> Option<Instant> {
        self.turns.peek().map(|Reverse((deadline, _))| *deadline)
    }

    fn answer(
        &mut self,
        now: Instant,
        mut send: impl FnMut(Ipv4Addr, SocketAddrV4, &[u8]) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let mut bytes = Vec::with_capacity(wire::MAX_SENT);
        while self.next().is_some_and(|next| next <= now) {
            let Some(Reverse((turn, number))) = self.turns.pop() else { break };
            let member = &mut self.members[number];
            if member.deadline() != Some(turn) {
                continue;
            }
            if let Some(Action::Send { to, message }) = member.handle_timeout(now) {
                bytes.clear();
                message.encode(&mut bytes);
                let to = match to {
                    Destination::Peer(_, path) => path.remote,
                    Destination::Group(_) => (GROUP_V4, PORT).into(),
                };
                if let SocketAddr::V4(to) = to {
                    send(self.address(number), to, &bytes)?;
                }
            }
            let member = &self.members[number];
            self.turns.extend(member.deadline().map(|deadline| Reverse((deadline, number))));
        }
        Ok(())
    }
}

/// Of the finest slices, the first of a query's and the first behind it.
fn bounds(query: &Query<'_>) -> (u32, u32) {
    let finer = MAX_HASH_BITS - query.slice.bits();
    (query.slice.index() << finer, (query.slice.index() + 1) << finer)
}
