//! What lies between two machines: links, queues and air.

use std::collections::VecDeque;
use std::time::Duration;

use mcast_proto::Instant;

/// The way between a node and the switch. A datagram crosses two: its sender's outwards and its
/// receiver's inwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Each way.
    pub delay: Duration,
    /// Added to `delay`, uniformly from zero to this. Enough of it changes the order of datagrams.
    pub jitter: Duration,
    /// The mean of an exponentially distributed time that the host takes to put a datagram on the wire.
    pub processing: Duration,
    /// The share of datagrams to the node that are lost.
    pub loss_in: f64,
    /// The share of datagrams from the node that are lost.
    pub loss_out: f64,
    /// The share of datagrams to the node that come twice.
    pub duplicate: f64,
    /// The share of datagrams to the node that are held back, by [`Link::HELD_BACK`], so that later
    /// ones overtake them.
    pub reorder: f64,
}

impl Link {
    /// How long a reordered datagram is held back.
    pub const HELD_BACK: Duration = Duration::from_millis(20);

    /// The same with this share lost in each direction.
    #[must_use]
    pub fn loss(self, each_way: f64) -> Link {
        Link { loss_in: each_way, loss_out: each_way, ..self }
    }

    /// Whether every datagram takes the same time inwards, and comes once or not at all.
    pub(super) fn is_steady_inwards(&self) -> bool {
        self.jitter.is_zero() && self.duplicate == 0.0 && self.reorder == 0.0
    }

    pub(super) fn time_in(&self, rng: &mut fastrand::Rng) -> Duration {
        let held = if self.reorder > 0.0 && rng.f64() < self.reorder {
            Link::HELD_BACK
        } else {
            Duration::ZERO
        };
        self.delay + uniform(rng, self.jitter) + held
    }

    pub(super) fn time_out(&self, rng: &mut fastrand::Rng) -> Duration {
        let exponential = if self.processing.is_zero() {
            Duration::ZERO
        } else {
            self.processing.mul_f64(-(1.0 - rng.f64()).ln())
        };
        self.delay + uniform(rng, self.jitter) + exponential
    }
}

impl Default for Link {
    /// A wire of 0.1 ms that loses nothing.
    fn default() -> Link {
        Link {
            delay: Duration::from_micros(100),
            jitter: Duration::ZERO,
            processing: Duration::ZERO,
            loss_in: 0.0,
            loss_out: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
        }
    }
}

fn uniform(rng: &mut fastrand::Rng, limit: Duration) -> Duration {
    if limit.is_zero() { Duration::ZERO } else { limit.mul_f64(rng.f64()) }
}

/// The queues between the switch and a machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Socket {
    /// Datagrams that the switch port holds.
    pub port: usize,
    /// Bits a second of the link behind the port.
    pub bits_per_second: u64,
    /// Datagrams that the socket's receive buffer holds.
    pub buffer: usize,
    /// Datagrams a second that the program reads.
    pub drain: u64,
    /// When the program does not run.
    pub stalls: Option<Stalls>,
}

/// A program that is kept from running now and then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stalls {
    /// From the start of one stall to the start of the next.
    pub every: Duration,
    /// How long each lasts.
    pub length: Duration,
}

impl Default for Socket {
    /// Gigabit Ethernet and Linux's default receive buffer, which holds 256 small datagrams.
    fn default() -> Socket {
        Socket {
            port: 4000,
            bits_per_second: 1_000_000_000,
            buffer: 256,
            drain: 200_000,
            stalls: None,
        }
    }
}

/// Ethernet, IPv4 and UDP headers.
pub(super) const HEADERS: usize = 42;

/// A [`Socket`] with what is in it. Both queues are exact: first in, first out, one server each.
pub(super) struct SocketQueue {
    socket: Socket,
    /// When each datagram in the port will have left it; when each in the buffer will have been read.
    port: VecDeque<Instant>,
    buffer: VecDeque<Instant>,
    /// Overflows of the buffer of which the program has not been told.
    pub(super) unreported: u64,
    /// Datagrams dropped since the last audit.
    pub(super) unaudited: u64,
    millisecond: (u64, u64),
    busiest: u64,
}

impl SocketQueue {
    pub(super) fn new(socket: Socket) -> SocketQueue {
        SocketQueue {
            socket,
            port: VecDeque::new(),
            buffer: VecDeque::new(),
            unreported: 0,
            unaudited: 0,
            millisecond: (0, 0),
            busiest: 0,
        }
    }

    pub(super) fn busiest_millisecond(&self) -> u64 {
        self.busiest
    }

    /// Takes a datagram that reaches the port now: when does the program read it? `None`: a queue
    /// was full.
    pub(super) fn accept(&mut self, now: Instant, length: usize) -> Option<Instant> {
        self.count(now);
        let bits = (length + HEADERS) as u64 * 8;
        let on_wire = Duration::from_nanos(bits * 1_000_000_000 / self.socket.bits_per_second);
        let arrived = enqueue(&mut self.port, self.socket.port, now, |start| start + on_wire)?;
        let Socket { buffer, drain, stalls, .. } = self.socket;
        let reading = Duration::from_nanos(1_000_000_000 / drain);
        let read = enqueue(&mut self.buffer, buffer, arrived, |start| {
            stalls.map_or(start, |stalls| stalls.next_running(start)) + reading
        });
        self.unreported += u64::from(read.is_none());
        self.unaudited += u64::from(read.is_none());
        read
    }

    fn count(&mut self, now: Instant) {
        let millisecond = now.as_nanos() / 1_000_000;
        if self.millisecond.0 != millisecond {
            self.millisecond = (millisecond, 0);
        }
        self.millisecond.1 += 1;
        self.busiest = self.busiest.max(self.millisecond.1);
    }
}

impl Stalls {
    fn next_running(self, at: Instant) -> Instant {
        let every = self.every.as_nanos() as u64;
        let since = Duration::from_nanos(at.as_nanos() % every);
        // The first stall is one period in, so that a run starts awake.
        if at.as_nanos() < every || since >= self.length { at } else { at + (self.length - since) }
    }
}

/// Adds to a queue with one server what comes at `now`; `serve` says when what starts then is done.
fn enqueue(
    queue: &mut VecDeque<Instant>,
    capacity: usize,
    now: Instant,
    serve: impl FnOnce(Instant) -> Instant,
) -> Option<Instant> {
    while queue.front().is_some_and(|&left| left <= now) {
        queue.pop_front();
    }
    if queue.len() >= capacity {
        return None;
    }
    let done = serve(queue.back().copied().unwrap_or(now));
    queue.push_back(done);
    Some(done)
}

/// A radio channel that all nodes share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Air {
    /// Bits a second at which multicasts are sent (the lowest rate).
    pub multicast_bits_per_second: u64,
    /// Unicast datagrams a second that the channel has room for.
    pub unicasts_per_second: u64,
    /// Multicasts are held for the next multiple of this (DTIM).
    pub dtim: Option<Duration>,
}

/// An [`Air`] and until when it is taken, by each kind.
pub(super) struct AirQueue {
    air: Air,
    multicast_until: Instant,
    unicast_until: Instant,
}

impl AirQueue {
    pub(super) fn new(air: Air) -> AirQueue {
        AirQueue { air, multicast_until: Instant::ZERO, unicast_until: Instant::ZERO }
    }

    pub(super) fn multicast(&mut self, now: Instant, length: usize) -> Instant {
        let held = self.air.dtim.map_or(now, |dtim| {
            let period = dtim.as_nanos() as u64;
            Instant::from_nanos(now.as_nanos().div_ceil(period) * period)
        });
        let bits = (length + HEADERS) as u64 * 8;
        let sending = bits * 1_000_000_000 / self.air.multicast_bits_per_second;
        self.multicast_until = self.multicast_until.max(held) + Duration::from_nanos(sending);
        self.multicast_until
    }

    pub(super) fn unicast(&mut self, now: Instant) -> Instant {
        let sending = Duration::from_nanos(1_000_000_000 / self.air.unicasts_per_second);
        self.unicast_until = self.unicast_until.max(now) + sending;
        self.unicast_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_buffer_holds_what_it_holds_and_is_read_at_its_rate() {
        let socket = Socket { buffer: 4, drain: 1000, ..Socket::default() };
        let mut queue = SocketQueue::new(socket);
        let read: Vec<_> = (0..10).map(|_| queue.accept(Instant::ZERO, 100)).collect();
        // Four fit while the first is being read; each takes a millisecond after the wire's 1.1 µs.
        assert_eq!(read.iter().flatten().count(), 4);
        assert_eq!(read[3], Some(Instant::from_nanos(4_000_000 + 1_136)));
        assert_eq!(queue.unreported, 6);
        assert_eq!(queue.busiest_millisecond(), 10);
        assert!(queue.accept(Instant::from_millis(2), 100).is_some());
    }

    #[test]
    fn a_stalled_program_reads_when_it_runs_again() {
        let stalls = Stalls { every: Duration::from_millis(100), length: Duration::from_millis(5) };
        assert_eq!(stalls.next_running(Instant::from_millis(3)), Instant::from_millis(3));
        assert_eq!(stalls.next_running(Instant::from_millis(103)), Instant::from_millis(105));
        assert_eq!(stalls.next_running(Instant::from_millis(105)), Instant::from_millis(105));
    }

    #[test]
    fn multicasts_wait_for_the_dtim_and_then_for_each_other() {
        let mut air = AirQueue::new(Air {
            multicast_bits_per_second: 1_000_000,
            unicasts_per_second: 1000,
            dtim: Some(Duration::from_millis(100)),
        });
        let length = 125 - HEADERS;
        assert_eq!(air.multicast(Instant::from_millis(1), length), Instant::from_millis(101));
        assert_eq!(air.multicast(Instant::from_millis(2), length), Instant::from_millis(102));
        assert_eq!(air.unicast(Instant::from_millis(2)), Instant::from_millis(3));
    }
}
