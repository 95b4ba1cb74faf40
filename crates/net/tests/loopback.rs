//! Drivers that meet on the loopback interface, where nothing leaves the machine.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use mcast_net::{Driver, Endpoint, ErrorKind, Report, Settings};
use mcast_proto::plain::{
    Discoverer, Discovery, Listener, Listening, Responder, Responding, Sender, Sending,
};
use mcast_proto::{
    Action, Arrival, Destination, Event, Instant, Machine, Message, Observation, Path, Refusal,
    Summary,
};
use socket2::{Domain, Socket, Type};

mod own_group;
use own_group::settings;

fn port(settings: &Settings) -> u16 {
    settings.groups[0].port()
}

/// Runs a responder in a thread until `meanwhile` has returned.
fn while_responding(
    settings: &Settings,
    response: Responding,
    meanwhile: impl FnOnce(),
) -> (Report, Vec<Option<Refusal>>) {
    let endpoint = Endpoint::member(settings).unwrap();
    let mut driver = Driver::new(Responder::new(response, 1), endpoint);
    let stopper = driver.stopper();
    let thread = thread::spawn(move || {
        let mut requests = Vec::new();
        let report = driver.run(|heard| {
            assert_eq!(heard.interface, Some("lo"));
            if let Event::Asked { refused, .. } = heard.event {
                requests.push(refused);
            }
        });
        (report.unwrap(), requests)
    });
    meanwhile();
    stopper.stop();
    thread.join().unwrap()
}

#[test]
fn an_asker_finds_a_responder() {
    let settings = settings();
    let response = Responding { port: port(&settings), ..Responding::default() };
    let (report, requests) = while_responding(&settings, response, || {
        let discovery = Discovery { count: Some(1), ..Discovery::default() };
        let endpoint = Endpoint::asker(&settings).unwrap();
        assert_eq!(endpoint.interface_names(), ["lo"]);
        assert!(endpoint.receive_buffer().unwrap() > 0);
        let mut found = Vec::new();
        let report = Driver::new(Discoverer::new(discovery, 1), endpoint)
            .run(|heard| {
                if let Event::Found(finding) = heard.event {
                    let payload = finding.payload().unwrap().to_vec();
                    let interface = heard.interface.map(str::to_owned);
                    found.push((finding.from.remote, interface, payload));
                }
            })
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port(&settings)));
        assert_eq!(found, [(address, Some("lo".to_owned()), b"Me!".to_vec())]);
        assert_eq!(report.summary.found, 1);
        assert_eq!((report.interfaces[0].sent, report.interfaces[0].received), (1, 1));
    });
    assert_eq!(requests, [None]);
    assert_eq!((report.interfaces[0].sent, report.interfaces[0].received), (1, 1));
}

#[test]
fn answers_to_many_probes_go_out_in_batches_and_none_is_lost() {
    let settings = settings();
    let response = Responding { port: port(&settings), rate: None, ..Responding::default() };
    let asker = UdpSocket::bind("127.0.0.1:0").unwrap();
    asker.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (report, _) = while_responding(&settings, response, || {
        socket2::SockRef::from(&asker).set_multicast_if_v4(&[127, 0, 0, 1].into()).unwrap();
        for burst in 0..5 {
            for _ in 0..100 {
                asker.send_to(b"who's there?", settings.groups[0]).unwrap();
            }
            for n in 0..100 {
                let mut answer = [0; 16];
                let (len, from) = asker.recv_from(&mut answer).unwrap_or_else(|error| {
                    panic!("answer {n} of burst {burst}: {error}");
                });
                assert_eq!((&answer[..len], from.port()), (&b"Me!"[..], port(&settings)));
            }
        }
    });
    assert_eq!(report.summary.sent, 500);
    assert_eq!(report.kernel_drops, 0);
}

#[test]
fn a_listener_hears_the_longest_datagram() {
    let settings = settings();
    let endpoint = Endpoint::member(&settings).unwrap();
    let listening = Listening { count: Some(3), silence: Some(Duration::from_secs(10)) };
    let payload = vec![b'x'; 65_507];
    let sending = Sending { payload, count: Some(3), every: Duration::ZERO };
    let sender = Driver::new(Sender::new(sending), Endpoint::asker(&settings).unwrap())
        .run(|_| panic!("a sender reports nothing"))
        .unwrap();
    assert_eq!((sender.summary.sent, sender.interfaces[0].send_errors), (3, 0));
    let mut heard_lengths = Vec::new();
    let report = Driver::new(Listener::new(listening), endpoint)
        .run(|heard| {
            if let Event::Message { group, payload, .. } = heard.event {
                assert!(group.is_none_or(|group| group == settings.groups[0]));
                heard_lengths.push(payload.len());
            }
        })
        .unwrap();
    assert_eq!(heard_lengths, [65_507; 3]);
    assert_eq!(report.summary.received, 3);
}

#[test]
fn a_first_send_that_fails_everywhere_is_an_error() {
    let settings = settings();
    let sending = Sending { payload: vec![0; 65_508], count: Some(1), every: Duration::ZERO };
    let mut driver = Driver::new(Sender::new(sending), Endpoint::asker(&settings).unwrap());
    let error = driver.run(|_| {}).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLong, "{error}");
}

/// Sends to peers of whom the second can't be sent to.
struct ThreeAnswers {
    peers: Vec<SocketAddr>,
    /// Those of whom it was told that nothing went to them.
    unsent: Vec<SocketAddr>,
}

impl Machine for ThreeAnswers {
    fn handle_datagram<'d>(&mut self, _: Instant, _: Arrival, _: &'d [u8]) -> Option<Action<'d>> {
        None
    }
    fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
        let Some(remote) = self.peers.pop() else { return Some(Action::Done(Summary::default())) };
        let to = Destination::Peer(Path::new(remote));
        Some(Action::Send { to, message: Message::Plain(b"x") })
    }
    fn deadline(&self) -> Option<Instant> {
        Some(Instant::ZERO)
    }
    fn close(&mut self, _: Instant) {}
    fn handle_observation(&mut self, _: Instant, observation: Observation) {
        if let Observation::Unsent { to } = observation {
            self.unsent.push(to);
        }
    }
}

#[test]
fn a_peer_that_cannot_be_reached_keeps_nothing_from_the_others() {
    let peers = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let [first, second] = peers.each_ref().map(|peer| peer.local_addr().unwrap());
    // Without SO_BROADCAST that is refused, on every system.
    let unreachable = SocketAddr::from(([255; 4], 9));
    let machine = ThreeAnswers { peers: vec![second, unreachable, first], unsent: Vec::new() };
    let mut driver = Driver::new(machine, Endpoint::member(&settings()).unwrap());
    let report = driver.run(|_| {}).unwrap();
    assert_eq!((report.interfaces[0].sent, report.interfaces[0].send_errors), (2, 1));
    for peer in peers {
        peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(peer.recv(&mut [0; 4]).expect("what was sent to it"), 1);
    }
    assert_eq!(driver.machine().unsent, [unreachable]);
    assert_eq!(driver.run(|_| {}).unwrap(), report, "a finished run tells its report again");
}

#[test]
fn several_members_share_a_port_and_all_hear() {
    let settings = settings();
    // Some programs, the tutorial's among them, say SO_REUSEADDR and nothing else.
    let plain = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    plain.set_reuse_address(true).unwrap();
    plain.bind(&SocketAddr::from(([0; 4], port(&settings))).into()).unwrap();
    let members = [(); 3].map(|()| Endpoint::member(&settings).unwrap());
    let sending = Sending { payload: b"x".to_vec(), count: Some(1), every: Duration::ZERO };
    Driver::new(Sender::new(sending), Endpoint::asker(&settings).unwrap()).run(|_| {}).unwrap();
    for member in members {
        let listening = Listening { count: Some(1), silence: Some(Duration::from_secs(10)) };
        let report = Driver::new(Listener::new(listening), member).run(|_| {}).unwrap();
        assert_eq!(report.summary.received, 1);
    }
}

#[test]
fn a_stopper_ends_a_run_from_another_thread_and_before_it() {
    let settings = settings();
    let endless = || Listener::new(Listening::default());
    let mut driver = Driver::new(endless(), Endpoint::member(&settings).unwrap());
    let stopper = driver.stopper();
    let thread = thread::spawn(move || driver.run(|_| {}).unwrap());
    stopper.stop();
    stopper.stop();
    assert_eq!(thread.join().unwrap().summary.received, 0);

    let mut driver = Driver::new(endless(), Endpoint::member(&settings).unwrap());
    driver.stopper().stop();
    driver.run(|_| {}).unwrap();
}

#[test]
fn a_port_that_is_not_shared_is_an_error_that_names_it() {
    let settings = settings();
    let taken = UdpSocket::bind(("0.0.0.0", port(&settings))).unwrap();
    let error = Endpoint::member(&settings).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert!(error.to_string().contains(&format!("port {}", port(&settings))), "{error}");
    drop(taken);
    Endpoint::member(&settings).unwrap();
}

#[test]
fn a_source_port_is_used_and_private() {
    let mut settings = settings();
    settings.source_port = port(&settings) ^ 1;
    let first = Endpoint::asker(&settings).unwrap();
    let error = Endpoint::asker(&settings).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert!(error.to_string().contains(&format!("port {}", settings.source_port)), "{error}");
    drop(first);
}

#[test]
fn what_is_not_there_is_an_error() {
    let with =
        |interface: &str| Settings { interfaces: vec![interface.parse().unwrap()], ..settings() };
    for open in [Endpoint::asker, Endpoint::member] {
        let error = open(&with("no-such-card")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownInterface);
        assert!(error.to_string().contains("lo"), "{error}");
    }
    // A pattern may come to match: a member waits, an asker can't.
    let error = Endpoint::asker(&with("no-such-*")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoInterface);
    assert!(Endpoint::member(&with("no-such-*")).unwrap().interface_names().is_empty());
}

/// Where the system says what it drops.
#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod drops {
    use mcast_proto::{Evidence, Observation};

    use super::*;

    /// Asks for an audit, floods its own sockets meanwhile, and asks for another.
    struct Flooded {
        group: SocketAddr,
        told: Vec<Evidence>,
    }

    impl Machine for Flooded {
        fn handle_datagram<'d>(
            &mut self,
            _: Instant,
            _: Arrival,
            _: &'d [u8],
        ) -> Option<Action<'d>> {
            None
        }
        fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
            Some(if self.told.len() < 3 { Action::Audit } else { Action::Done(Summary::default()) })
        }
        fn handle_observation(&mut self, _: Instant, observation: Observation) {
            let Observation::Audit(evidence) = observation else { return };
            self.told.push(evidence);
            if self.told.len() == 1 {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                socket2::SockRef::from(&socket)
                    .set_multicast_if_v4(&[127, 0, 0, 1].into())
                    .unwrap();
                for _ in 0..20_000 {
                    socket.send_to(b"x", self.group).unwrap();
                }
            }
        }
        fn deadline(&self) -> Option<Instant> {
            Some(Instant::ZERO)
        }
        fn close(&mut self, _: Instant) {}
    }

    #[test]
    fn an_audit_knows_what_was_dropped_by_then() {
        let settings = settings();
        let machine = Flooded { group: settings.groups[0], told: Vec::new() };
        let mut driver = Driver::new(machine, Endpoint::member(&settings).unwrap());
        let report = driver.run(|_| {}).unwrap();
        let dropped: Vec<u64> = driver.machine().told.iter().map(|told| told.dropped).collect();
        assert!(report.kernel_drops > 0);
        assert_eq!(dropped, [0, report.kernel_drops, 0]);
        assert_eq!(
            report.interfaces[0].received + report.kernel_drops,
            20_000,
            "all is accounted for"
        );
    }
}
