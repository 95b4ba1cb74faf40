//! When a driver calls its machine, when what it sends leaves, and of when what it hears is said to be.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use mcast_net::{Driver, Endpoint};
use mcast_proto::{
    Action, Arrival, Destination, Event, Instant, InterfaceId, Machine, Message, Path, Protocol,
    Summary,
};
use mcast_tests::netns::until;

mod own_group;
use own_group::settings;

fn idle_event<'a>() -> Event<'a> {
    let (protocol, payload) = (Protocol::PLAIN, &[][..]);
    let from = Path::new(SocketAddr::from(([127, 0, 0, 1], 9)));
    Event::Message { protocol, from, group: None, payload }
}

/// Sends to a peer, tells something, and is due again at once.
struct SendsAndTells {
    peer: SocketAddr,
    called: Vec<Instant>,
}

impl Machine for SendsAndTells {
    fn handle_datagram<'d>(&mut self, _: Instant, _: Arrival, _: &'d [u8]) -> Option<Action<'d>> {
        None
    }
    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.called.push(now);
        let to = Destination::Peer(Path::new(self.peer).by(InterfaceId(1)));
        Some(match self.called.len() {
            1 => Action::Send { to, message: Message::Plain(b"x") },
            2 => Action::Emit(idle_event()),
            _ => Action::Done(Summary::default()),
        })
    }
    fn deadline(&self) -> Option<Instant> {
        Some(Instant::ZERO)
    }
    fn close(&mut self, _: Instant) {}
}

#[test]
fn what_is_sent_leaves_before_what_is_told_and_the_time_that_this_took_is_known() {
    const BUSY: Duration = Duration::from_millis(50);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_nonblocking(true).unwrap();
    let machine = SendsAndTells { peer: peer.local_addr().unwrap(), called: Vec::new() };
    let mut driver = Driver::new(machine, Endpoint::member(&settings()).unwrap());
    let mut received = None;
    driver
        .run(|_| {
            // What was sent on the loopback is there when the sending returns.
            received = Some(peer.recv(&mut [0; 4]).map_err(|error| error.kind()));
            thread::sleep(BUSY);
        })
        .unwrap();
    assert_eq!(received, Some(Ok(1)));
    let called = &driver.machine().called;
    assert!(called[2] - called[1] >= BUSY, "{called:?}");
}

/// Has a deadline that has passed, and does nothing.
struct Stuck {
    calls: u64,
    is_closed: bool,
}

impl Machine for Stuck {
    fn handle_datagram<'d>(&mut self, _: Instant, _: Arrival, _: &'d [u8]) -> Option<Action<'d>> {
        Some(Action::Emit(idle_event()))
    }
    fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
        self.calls += 1;
        self.is_closed.then(|| Action::Done(Summary::default()))
    }
    fn deadline(&self) -> Option<Instant> {
        Some(Instant::ZERO)
    }
    fn close(&mut self, _: Instant) {
        self.is_closed = true;
    }
}

/// Counts the lines that are logged as errors.
struct Errors(AtomicU32);

static ERRORS: Errors = Errors(AtomicU32::new(0));

impl log::Log for Errors {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        if record.level() == log::Level::Error {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    fn flush(&self) {}
}

#[test]
fn a_machine_that_is_stuck_is_told_of_and_paced_and_still_hears() {
    log::set_logger(&ERRORS).unwrap();
    log::set_max_level(log::LevelFilter::Error);
    let settings = settings();
    let stuck = Stuck { calls: 0, is_closed: false };
    let mut driver = Driver::new(stuck, Endpoint::member(&settings).unwrap());
    let stopper = driver.stopper();
    let asker = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket2::SockRef::from(&asker).set_multicast_if_v4(&[127, 0, 0, 1].into()).unwrap();
    let run = thread::spawn(move || {
        let mut heard = 0;
        driver.run(|_| heard += 1).unwrap();
        (heard, driver.machine().calls)
    });
    until("the mistake to be told", || ERRORS.0.load(Ordering::Relaxed) > 0);
    thread::sleep(Duration::from_millis(500));
    asker.send_to(b"x", settings.groups[0]).unwrap();
    thread::sleep(Duration::from_millis(100));
    stopper.stop();
    let (heard, calls) = run.join().unwrap();
    // One a pace, where it would be millions.
    assert!((100_000..101_000).contains(&calls), "{calls} calls");
    assert_eq!((heard, ERRORS.0.load(Ordering::Relaxed)), (1, 1));
}

/// Where the system says when it took a datagram in.
#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod stamps {
    use mcast_proto::plain::{Discoverer, Discovery};

    use super::*;

    const APART: Duration = Duration::from_millis(40);

    #[test]
    fn datagrams_that_waited_for_different_times_have_different_round_trips() {
        // The system begins to date datagrams some time after it was asked to: held, it goes on.
        let _held = Endpoint::asker(&settings()).unwrap();
        let are_apart = |round_trips: Vec<Duration>| {
            // The wall clock may be slewed meanwhile, though not by much.
            let apart = round_trips[2].checked_sub(round_trips[1]);
            apart.is_some_and(|apart| apart >= APART * 9 / 10)
        };
        assert!((0..50).any(|_| are_apart(round_trips())));
    }

    /// The round trips of three answers, of which the last two came while nobody read.
    fn round_trips() -> Vec<Duration> {
        let settings = settings();
        let answerers = [(); 3].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let ear = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        ear.set_reuse_address(true).unwrap();
        ear.bind(&settings.groups[0].into()).unwrap();
        let std::net::IpAddr::V4(group) = settings.groups[0].ip() else { unreachable!() };
        ear.join_multicast_v4(&group, &[127, 0, 0, 1].into()).unwrap();
        ear.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let ear = UdpSocket::from(ear);

        let endpoint = Endpoint::asker(&settings).unwrap();
        let first = answerers[0].try_clone().unwrap();
        let answer = thread::spawn(move || {
            let asker = ear.recv_from(&mut [0; 64]).expect("a probe").1;
            first.send_to(b"1", asker).unwrap();
        });
        let discovery = Discovery { count: Some(3), ..Discovery::default() };
        let mut round_trips = Vec::new();
        Driver::new(Discoverer::new(discovery, 1), endpoint)
            .run(|heard| {
                let Event::Found(finding) = heard.event else { return };
                let from = finding.from;
                round_trips.push(finding.round_trip.unwrap());
                if round_trips.len() == 1 {
                    for answerer in &answerers[1..] {
                        answerer.send_to(b"2", from.local.unwrap()).unwrap();
                        thread::sleep(APART);
                    }
                }
            })
            .unwrap();
        answer.join().unwrap();
        assert_eq!(round_trips.len(), 3);
        round_trips
    }
}
