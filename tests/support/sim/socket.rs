//! The queues before a program: its switch port and its socket's receive buffer.

use std::collections::VecDeque;
use std::time::Duration;

use mcast_proto::Instant;

use super::link::HEADERS;

/// The queues between the switch and a machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Socket {
    /// Datagrams that the switch port holds.
    pub port: usize,
    /// Bits a second of the link behind the port.
    pub bits_per_second: u64,
    /// Small datagrams that the socket's receive buffer holds. Long ones take more of it: see
    /// [`Socket::room_for`].
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

impl Socket {
    /// What Linux counts for a datagram of this length in a receive buffer, in bytes: measured on 6.18
    /// over the loopback, where 212,992 bytes hold 256, 166 or 92 of them.
    pub const fn room_for(length: usize) -> usize {
        match length {
            0..=197 => 832,
            198..=645 => 1280,
            _ => 2304,
        }
    }
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

/// A [`Socket`] with what is in it. Both queues are exact: first in, first out, one server each.
pub(super) struct SocketQueue {
    socket: Socket,
    port: Fifo,
    buffer: Fifo,
    /// Nothing is read before.
    stopped_until: Instant,
    /// Overflows of the buffer of which the program has not been told.
    pub(super) unreported: u64,
    /// Overflows since the last audit.
    pub(super) unaudited: u64,
    millisecond: (u64, u64),
    busiest: u64,
}

impl SocketQueue {
    pub(super) fn new(socket: Socket) -> SocketQueue {
        SocketQueue {
            socket,
            port: Fifo::of(socket.port),
            buffer: Fifo::of(socket.buffer * Socket::room_for(0)),
            stopped_until: Instant::ZERO,
            unreported: 0,
            unaudited: 0,
            millisecond: (0, 0),
            busiest: 0,
        }
    }

    /// Small datagrams that the receive buffer holds.
    pub(super) fn holds(&self) -> u64 {
        self.socket.buffer as u64
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
        let arrived = self.port.enqueue(1, now, |start| start + on_wire)?;
        let Socket { drain, stalls, .. } = self.socket;
        let stopped_until = self.stopped_until;
        let reading = Duration::from_nanos(1_000_000_000 / drain);
        let read = self.buffer.enqueue(Socket::room_for(length), arrived, |start| {
            let start = start.max(stopped_until);
            stalls.map_or(start, |stalls| stalls.next_running(start)) + reading
        });
        self.unreported += u64::from(read.is_none());
        self.unaudited += u64::from(read.is_none());
        read
    }

    /// Keeps the program from reading for a time: what it has not read stays in the buffer.
    pub(super) fn stop(&mut self, now: Instant, until: Instant) {
        self.stopped_until = until;
        for (read, _) in self.buffer.waiting.iter_mut().filter(|(read, _)| *read > now) {
            *read = until.max(*read);
        }
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

/// A queue with one server: first in, first out.
struct Fifo {
    capacity: usize,
    taken: usize,
    /// When each will have been served, and how much of the capacity it takes until then.
    waiting: VecDeque<(Instant, usize)>,
}

impl Fifo {
    fn of(capacity: usize) -> Fifo {
        Fifo { capacity, taken: 0, waiting: VecDeque::new() }
    }

    /// Takes what comes at `now`, if there is room; `serve` says when what starts then is done.
    fn enqueue(
        &mut self,
        room: usize,
        now: Instant,
        serve: impl FnOnce(Instant) -> Instant,
    ) -> Option<Instant> {
        while let Some(&(_, room)) = self.waiting.front().filter(|(done, _)| *done <= now) {
            self.taken -= room;
            self.waiting.pop_front();
        }
        if self.taken + room > self.capacity {
            return None;
        }
        let done = serve(self.waiting.back().map_or(now, |&(done, _)| done));
        self.taken += room;
        self.waiting.push_back((done, room));
        Some(done)
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
    fn long_datagrams_take_more_of_a_buffer() {
        let held = |length| {
            let mut queue = SocketQueue::new(Socket { drain: 1, ..Socket::default() });
            (0..600).filter(|_| queue.accept(Instant::ZERO, length).is_some()).count()
        };
        assert_eq!([128, 300, 1200].map(held), [256, 166, 92]);
    }

    #[test]
    fn a_stalled_program_reads_when_it_runs_again() {
        let stalls = Stalls { every: Duration::from_millis(100), length: Duration::from_millis(5) };
        assert_eq!(stalls.next_running(Instant::from_millis(3)), Instant::from_millis(3));
        assert_eq!(stalls.next_running(Instant::from_millis(103)), Instant::from_millis(105));
        assert_eq!(stalls.next_running(Instant::from_millis(105)), Instant::from_millis(105));
    }
}
