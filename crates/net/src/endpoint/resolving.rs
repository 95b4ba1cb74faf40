//! Datagrams to peers that the kernel has yet to find.
//!
//! A datagram to a neighbour whose hardware address it does not know the kernel keeps in the socket's
//! send buffer, asks the link, and drops it after 3 s without an answer. Somebody who asks us in the
//! names of hosts that are not there would fill that buffer, and the kernel's table of neighbours,
//! with answers to nobody. So of each such peer one datagram at a time goes to the kernel, to no more
//! peers than leave half of the buffer to the others; those come first that nobody has looked for in
//! vain. The rest waits here, within bounds.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mcast_proto::{Instant, LaneId};

use crate::interfaces::neighbour::{Neighbour, State};
use crate::sockets::channel::SEND_BUFFER;

/// For how long the kernel looks for a neighbour: three questions, a second apart (`mcast_solicit` and
/// `retrans_time_ms` of net.ipv4.neigh and net.ipv6.neigh).
const KERNEL_PATIENCE: Duration = Duration::from_secs(3);

/// For how long neighbours may be looked for ahead: what so many take may go to the kernel at once.
const BURST: Duration = Duration::from_millis(640);

/// Bytes a second that go to peers who may not be there: as the kernel keeps them for three seconds,
/// half of a send buffer at the most. For the smallest datagrams it is 75 neighbours a second, and 49 at
/// once: far from the 1024 that the kernel's table has room for (`gc_thresh3`). When that is full, what
/// goes to a neighbour that is not in it is lost, and nobody told; so it is for all endpoints of the
/// process together.
const BYTES_A_SECOND: u64 =
    SEND_BUFFER as u64 / 2 * 1000 / (KERNEL_PATIENCE.as_millis() + BURST.as_millis()) as u64;

/// Datagrams that wait here at the most: in all, of one peer, and their bytes.
const MOST: usize = 256;
const MOST_OF_ONE: usize = 3;
const MOST_BYTES: usize = 1 << 20;

/// For how long a datagram waits: who asked does not listen for longer, or has asked again.
const LIFETIME: Duration = Duration::from_secs(1);

/// How often the neighbours of datagrams that wait are looked at.
const PAUSE: Duration = Duration::from_millis(20);

/// A datagram, with all that is needed to send it later.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) lane: LaneId,
    pub(crate) interface: u32,
    pub(crate) to: SocketAddr,
    /// The own end.
    pub(crate) from: Option<IpAddr>,
    pub(crate) port: u16,
    pub(crate) bytes: Vec<u8>,
    /// The place of the interface's account.
    pub(crate) account: usize,
    pub(crate) since: Instant,
}

impl Waiting {
    fn neighbour(&self) -> Neighbour {
        (self.interface, self.to.ip())
    }
}

/// A neighbour that the kernel looks for on our behalf.
#[derive(Debug)]
struct Sought {
    neighbour: Neighbour,
    since: Instant,
    /// Until then nobody else takes its share.
    until: Instant,
}

/// How many endpoints of this process share what may be looked for.
static SHARERS: AtomicU32 = AtomicU32::new(0);

/// Decides what goes to the kernel and keeps the rest.
#[derive(Debug)]
pub(crate) struct Resolving {
    sharers: &'static AtomicU32,
    sought: Vec<Sought>,
    /// The oldest first.
    waiting: VecDeque<(Waiting, State)>,
    bytes: usize,
    /// When to look again.
    due: Instant,
}

impl Resolving {
    pub(crate) fn new() -> Resolving {
        Resolving::sharing_with(&SHARERS)
    }

    fn sharing_with(sharers: &'static AtomicU32) -> Resolving {
        sharers.fetch_add(1, Ordering::Relaxed);
        Resolving {
            sharers,
            sought: Vec::with_capacity(64),
            waiting: VecDeque::with_capacity(MOST),
            bytes: 0,
            due: Instant::ZERO,
        }
    }

    /// Whether a datagram of this length, to a neighbour in this state, may go to the kernel now.
    pub(crate) fn admits(
        &mut self,
        now: Instant,
        neighbour: Neighbour,
        state: State,
        len: usize,
    ) -> bool {
        state == State::Resolved || self.seek(now, neighbour, state, len)
    }

    /// Has the kernel look for a neighbour in this state, if it does not do so already and there is a
    /// share left for it.
    fn seek(&mut self, now: Instant, neighbour: Neighbour, state: State, len: usize) -> bool {
        self.sought.retain(|sought| now < sought.until);
        // What goes out in the same batch the kernel does not know of yet.
        let is_sought = |sought: &Sought| sought.neighbour == neighbour && sought.since == now;
        let may_seek =
            !self.sought.iter().any(is_sought) && self.has_share(now, neighbour.0, state);
        if may_seek {
            let alone = Duration::from_micros(cost(len) * 1_000_000 / BYTES_A_SECOND);
            let share = alone * self.sharers.load(Ordering::Relaxed);
            let until = self.busy_until(now, neighbour.0) + share;
            self.sought.push(Sought { neighbour, since: now, until });
        }
        may_seek
    }

    /// Whether there is a share left on an interface for a neighbour in this state: half of all is for
    /// those alone who were not looked for in vain lately.
    fn has_share(&self, now: Instant, interface: u32, state: State) -> bool {
        let ahead = match state {
            State::Unknown => BURST,
            State::Failed => BURST / 2,
            State::Resolved | State::Resolving => return false,
        };
        self.busy_until(now, interface) - now < ahead
    }

    fn busy_until(&self, now: Instant, interface: u32) -> Instant {
        let of_interface = self.sought.iter().filter(|sought| sought.neighbour.0 == interface);
        of_interface.map(|sought| sought.until).max().unwrap_or(now).max(now)
    }

    /// Keeps a datagram for later, where `state` does not let it go now; what has to give way to it goes
    /// to `give_up`: its peer's oldest where it has its share already, else the oldest of all.
    pub(crate) fn keep(
        &mut self,
        datagram: Waiting,
        state: State,
        mut give_up: impl FnMut(Waiting),
    ) {
        let neighbour = datagram.neighbour();
        let is_of_the_same = |(other, _): &(Waiting, State)| other.neighbour() == neighbour;
        if self.waiting.iter().filter(|other| is_of_the_same(other)).count() >= MOST_OF_ONE
            && let Some(place) = self.waiting.iter().position(is_of_the_same)
        {
            give_up(self.take(place));
        }
        let len = datagram.bytes.len();
        while !self.waiting.is_empty()
            && (self.waiting.len() >= MOST || self.bytes + len > MOST_BYTES)
        {
            give_up(self.take(0));
        }
        self.bytes += len;
        self.waiting.push_back((datagram, state));
    }

    /// Looks at what waits, if that is due: each datagram that may go, or has waited for too long, is
    /// passed on with whether it may go. The newest come first, since who asked last still listens, and
    /// before all whose peers were looked for in vain.
    pub(crate) fn retry(
        &mut self,
        now: Instant,
        mut state_of: impl FnMut(Neighbour) -> State,
        mut pass_on: impl FnMut(Waiting, bool),
    ) {
        if self.waiting.is_empty() || now < self.due {
            return;
        }
        self.due = now + PAUSE;
        while self.waiting.front().is_some_and(|(oldest, _)| now - oldest.since >= LIFETIME) {
            pass_on(self.take(0), false);
        }
        // Who was found gives back its share.
        self.sought.retain(|sought| state_of(sought.neighbour) != State::Resolved);
        for wanted in [State::Resolving, State::Unknown, State::Failed] {
            for place in (0..self.waiting.len()).rev() {
                let (datagram, known) = &self.waiting[place];
                let (neighbour, len) = (datagram.neighbour(), datagram.bytes.len());
                let is_next = *known == wanted
                    && (wanted == State::Resolving || self.has_share(now, neighbour.0, wanted));
                if !is_next {
                    continue;
                }
                let state = state_of(neighbour);
                self.waiting[place].1 = state;
                if self.admits(now, neighbour, state, len) {
                    pass_on(self.take(place), true);
                }
            }
        }
    }

    /// When to [`retry`](Self::retry); `None` where nothing waits.
    pub(crate) fn due(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.due)
    }

    fn take(&mut self, place: usize) -> Waiting {
        let (datagram, _) = self.waiting.remove(place).expect("a datagram has this place");
        self.bytes -= datagram.bytes.len();
        datagram
    }
}

impl Drop for Resolving {
    fn drop(&mut self) {
        self.sharers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a datagram takes up of a send buffer, by Linux's reckoning: for each packet that it leaves in a
/// block of memory with headers and 320 bytes of bookkeeping, and 256 bytes besides.
fn cost(len: usize) -> u64 {
    const PACKET: usize = 1400;
    let packets = len.div_ceil(PACKET).max(1);
    (packets * (256 + (len.min(PACKET) + 400).next_power_of_two())) as u64
}

#[cfg(test)]
mod tests;
