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
        let state_of = |neighbour| states.get(&host(neighbour)).copied().unwrap_or(State::Unknown);
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
