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

use crate::channel::SEND_BUFFER;
use crate::neighbours::{Neighbour, State};

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
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A link on which some hosts are there, and a kernel that finds those alone.
    #[derive(Default)]
    struct Link {
        resolving: Option<Resolving>,
        states: BTreeMap<u32, State>,
        given_up: Vec<u32>,
    }

    fn neighbour(host: u32) -> Neighbour {
        (2, IpAddr::V4((0x0a00_0000 + host).into()))
    }

    fn host((_, ip): Neighbour) -> u32 {
        let IpAddr::V4(ip) = ip else { unreachable!("all are IPv4") };
        ip.to_bits() - 0x0a00_0000
    }

    /// Of a process that has no other.
    fn alone() -> Resolving {
        Resolving::sharing_with(Box::leak(Box::default()))
    }

    impl Link {
        fn state(&self, host: u32) -> State {
            self.states.get(&host).copied().unwrap_or(State::Unknown)
        }

        /// Sends to a host, and says whether it went to the kernel.
        fn send(&mut self, millis: u64, to: u32, len: usize) -> bool {
            let (now, state) = (Instant::from_millis(millis), self.state(to));
            let resolving = self.resolving.get_or_insert_with(alone);
            if resolving.admits(now, neighbour(to), state, len) {
                if state != State::Resolved {
                    self.states.insert(to, State::Resolving);
                }
                return true;
            }
            let (interface, ip) = neighbour(to);
            let datagram = Waiting {
                lane: LaneId::FIRST,
                interface,
                to: (ip, 1).into(),
                from: None,
                port: 1,
                bytes: vec![0; len],
                account: 0,
                since: now,
            };
            let given_up = &mut self.given_up;
            resolving.keep(datagram, state, |datagram| given_up.push(host(datagram.neighbour())));
            false
        }

        /// The hosts whose datagrams went to the kernel, in that order.
        fn retry(&mut self, millis: u64) -> Vec<u32> {
            let now = Instant::from_millis(millis);
            let Link { resolving, states, given_up } = self;
            let state_of =
                |neighbour| states.get(&host(neighbour)).copied().unwrap_or(State::Unknown);
            let mut gone = Vec::new();
            let pass_on = |datagram: Waiting, may_go| match may_go {
                true => gone.push(host(datagram.neighbour())),
                false => given_up.push(host(datagram.neighbour())),
            };
            resolving.as_mut().unwrap().retry(now, state_of, pass_on);
            for host in &gone {
                self.states.entry(*host).or_insert(State::Resolving);
            }
            gone
        }
    }

    #[test]
    fn who_is_found_is_sent_to_at_once_whoever_waits() {
        let mut link = Link::default();
        link.states.insert(1, State::Resolved);
        for absent in 1000..2000 {
            link.send(0, absent, 3);
        }
        assert!((0..1000).all(|_| link.send(0, 1, 3)));
    }

    #[test]
    fn of_one_who_is_looked_for_the_rest_waits_until_it_is_found() {
        let mut link = Link::default();
        assert!(link.send(0, 1, 3));
        assert!(!link.send(0, 1, 3), "nor in the same batch");
        link.states.insert(1, State::Unknown);
        assert!(!link.send(0, 1, 3));
        link.states.insert(1, State::Resolving);
        assert_eq!(link.retry(20), [0; 0]);
        link.states.insert(1, State::Resolved);
        assert_eq!(link.retry(30), [0; 0], "it is looked at every 20 ms");
        assert_eq!(link.retry(40), [1, 1]);
        assert_eq!(link.given_up, [0; 0]);
        assert_eq!(link.resolving.unwrap().due(), None);
    }

    #[test]
    fn those_who_are_not_there_have_half_of_the_buffer_and_the_newest_come_first() {
        let mut link = Link::default();
        let at_once = (0..2000).filter(|absent| link.send(0, 1000 + absent, 3)).count();
        let (mut later, mut newest) = (0, 3000);
        for millis in (20..KERNEL_PATIENCE.as_millis() as u64).step_by(20) {
            let gone = link.retry(millis);
            assert!(gone.first().is_none_or(|first| *first == newest - 1), "{millis}: {gone:?}");
            later += gone.len();
            for _ in 0..20 {
                later += usize::from(link.send(millis, newest, 3));
                newest += 1;
            }
        }
        let bytes = (at_once + later) as u64 * cost(3);
        assert_eq!((at_once, later), (49, 227));
        assert!(bytes <= SEND_BUFFER as u64 / 2, "{bytes} bytes");
        let waiting = link.resolving.unwrap().waiting.len();
        let all = at_once + later + link.given_up.len() + waiting;
        assert_eq!(all as u32, newest - 1000, "each is sent, waits, or is counted");
    }

    #[test]
    fn all_of_a_process_leave_room_in_the_kernels_table() {
        const TABLE: usize = 1024;
        let sharers = Box::leak(Box::default());
        for count in [1, 5, 300] {
            let mut all: Vec<Resolving> =
                (0..count).map(|_| Resolving::sharing_with(sharers)).collect();
            let mut sent = 0;
            for millis in (0..KERNEL_PATIENCE.as_millis() as u64).step_by(5) {
                let (now, absent) = (Instant::from_millis(millis), neighbour(millis as u32));
                let admits = |one: &mut Resolving| one.admits(now, absent, State::Unknown, 3);
                sent += all.iter_mut().map(admits).filter(|admitted| *admitted).count();
            }
            assert!((count..TABLE * 2 / 3).contains(&sent), "{count}: {sent}");
        }
        assert_eq!(sharers.load(Ordering::Relaxed), 0, "who is gone takes no share");
    }

    #[test]
    fn a_newcomer_has_a_share_beside_those_who_were_looked_for_in_vain() {
        let mut link = Link::default();
        for absent in 1000..1100 {
            link.states.insert(absent, State::Failed);
        }
        let absent = (0..1000).filter(|n| link.send(0, 1000 + n % 100, 3)).count();
        assert!((20..30).contains(&absent), "{absent}");
        assert!(link.send(0, 1, 3));
    }

    #[test]
    fn each_interface_has_shares_of_its_own() {
        let mut resolving = alone();
        let mut admits = |index, host: u8| {
            let neighbour = (index, [10, 0, 0, host].into());
            resolving.admits(Instant::ZERO, neighbour, State::Unknown, 3)
        };
        let on_the_one = (0..=255).filter(|host| admits(2, *host)).count();
        assert!(on_the_one < 100);
        assert!(admits(3, 100));
    }

    #[test]
    fn who_is_found_gives_back_its_share() {
        let mut link = Link::default();
        let mut sent = 0;
        for crowd in 0..40u32 {
            let hosts = 25 * crowd..25 * (crowd + 1);
            sent += hosts.clone().filter(|host| link.send(20 * u64::from(crowd), *host, 3)).count();
            link.states.extend(hosts.map(|host| (host, State::Resolved)));
            sent += link.retry(20 * u64::from(crowd) + 19).len();
        }
        assert_eq!((sent, link.given_up.len()), (1000, 0), "a crowd of 1250 a second");
    }

    #[test]
    fn what_waits_is_bounded_in_number_in_bytes_and_in_time() {
        let mut link = Link::default();
        for absent in 0..2000 {
            link.send(0, 1000 + absent, 3);
        }
        for _ in 0..10 {
            assert!(!link.send(1, 1, 3));
        }
        let resolving = link.resolving.as_ref().unwrap();
        assert_eq!(resolving.waiting.len(), MOST);
        let of_one = resolving.waiting.iter().filter(|(d, _)| host(d.neighbour()) == 1);
        assert_eq!(of_one.count(), MOST_OF_ONE);
        for absent in 0..100 {
            link.send(2, 5000 + absent, 60_000);
        }
        let resolving = link.resolving.as_ref().unwrap();
        assert!(resolving.bytes <= MOST_BYTES && resolving.waiting.len() >= 17);
        let before = link.given_up.len() + link.resolving.as_ref().unwrap().waiting.len();
        let gone = link.retry(1002).len();
        assert_eq!((link.given_up.len() + gone, link.resolving.unwrap().bytes), (before, 0));
    }
}
