//! The structured protocol's machines on real sockets of the loopback interface, where nothing leaves
//! the machine.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use mcast_net::{Driver, Endpoint, Settings, Stopper};
use mcast_proto::service::{Discoverer, Discovery, Offer, Responder, Responding, Watcher};
use mcast_proto::wire::{Binding, Key, Keyring};
use mcast_proto::{
    Action, Arrival, Change, Event, Evidence, Instant, Loss, Machine, Observation, Summary, Via,
};

mod own_group;
use own_group::settings;

/// A responder in a thread of its own; it says goodbye when it is dropped.
struct Printer {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Printer {
    fn start(settings: &Settings, name: &str, response: impl FnOnce(&mut Responding)) -> Printer {
        let offer = Offer::new("printer").unwrap().name(name).unwrap().port(631).unwrap();
        let mut config = Responding::of(offer);
        response(&mut config);
        let endpoint = Endpoint::peer(settings).unwrap();
        let machine = Responder::new(config, mcast_net::seed());
        let mut driver = Driver::new(machine, endpoint);
        let stopper = driver.stopper();
        let thread = thread::spawn(move || drop(driver.run(|_| {}).unwrap()));
        Printer { stopper, thread: Some(thread) }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A machine, and what its driver told it.
struct Told {
    machine: Discoverer,
    observations: Vec<Observation>,
}

impl Machine for Told {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.machine.handle_datagram(now, arrival, datagram)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.machine.handle_timeout(now)
    }

    fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }

    fn close(&mut self, now: Instant) {
        self.machine.close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.observations.push(observation);
        self.machine.handle_observation(now, observation);
    }
}

fn printers(deadline: u64) -> Discovery {
    // Far longer than it takes, but where nobody answers.
    let deadline = Some(Duration::from_secs(deadline));
    Discovery { deadline, ..Discovery::of("printer").unwrap() }
}

#[test]
fn everybody_is_found_each_from_a_port_of_its_own() {
    let settings = settings();
    let names: Vec<String> = (0..12).map(|number| format!("lab-{number:02}")).collect();
    let _running: Vec<_> =
        names.iter().map(|name| Printer::start(&settings, name, |_| {})).collect();
    let endpoint = Endpoint::asking_peer(&settings).unwrap();
    let buffer = endpoint.receive_buffer().unwrap();
    let machine = Told { machine: Discoverer::new(printers(30), 7), observations: Vec::new() };
    let mut driver = Driver::new(machine, endpoint);
    let mut found = Vec::new();
    let report = driver
        .run(|heard| {
            let Event::Found(finding) = heard.event else { panic!("{heard:?}") };
            assert_eq!((heard.interface, finding.via), (Some("lo"), Via::Unicast));
            assert_eq!(finding.port(), Some(631));
            assert!(finding.instance().is_some_and(|instance| !instance.authentic));
            found.push((finding.name().unwrap().to_owned(), finding.from.remote));
        })
        .unwrap();
    found.sort_unstable();
    assert_eq!(found.iter().map(|(name, _)| name).collect::<Vec<_>>(), Vec::from_iter(&names));
    let mut ports: Vec<u16> = found.iter().map(|(_, from)| from.port()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 12, "a private port reaches one of them alone: {found:?}");
    assert!(!ports.contains(&settings.groups[0].port()), "{found:?}");
    let Summary { found, complete, dropped, .. } = report.summary;
    assert_eq!((found, complete, dropped, report.kernel_drops), (12, Some(true), 0, 0));
    assert_eq!(report.interfaces[0].sent, report.summary.sent, "each query leaves once");
    // Each sweep is audited; 16 quiet ones at the least.
    let told = driver.machine().observations.iter();
    let clean = Observation::Audit(Evidence::CLEAN);
    let (audits, others): (Vec<_>, Vec<_>) = told.partition(|told| **told == clean);
    assert!(audits.len() >= 16, "{audits:?}");
    // A datagram of an answer's size takes some 800 bytes of a buffer.
    let [Observation::ReceiveBuffer { datagrams }] = others[..] else { panic!("{others:?}") };
    let least = buffer as u64 / 1000;
    assert!((least..2 * least).contains(&datagrams), "{datagrams} in {buffer} bytes");
}

fn keyring(secret: &[u8]) -> Option<Keyring> {
    Some(Keyring::new(Key::new(secret, Binding::Source).unwrap(), Vec::new()))
}

#[test]
fn a_key_is_bound_to_where_each_datagram_comes_from() {
    let settings = settings();
    let secret = b"between two of us";
    let _ours = Printer::start(&settings, "ours", |config| config.keyring = keyring(secret));
    let _theirs = Printer::start(&settings, "theirs", |config| {
        config.keyring = keyring(b"between two others");
    });
    let _open = Printer::start(&settings, "open", |_| {});
    let find = |keyring: Option<Keyring>| {
        let discovery = Discovery { keyring, ..printers(30) };
        let machine = Discoverer::new(discovery, mcast_net::seed());
        let endpoint = Endpoint::asking_peer(&settings).unwrap();
        let mut found = Vec::new();
        let report = Driver::new(machine, endpoint)
            .run(|heard| {
                let Event::Found(finding) = heard.event else { panic!("{heard:?}") };
                let instance = finding.instance().unwrap();
                found.push((instance.name().unwrap().to_owned(), instance.authentic));
            })
            .unwrap();
        assert_eq!(report.summary.complete, Some(true));
        found
    };
    assert_eq!(find(keyring(secret)), [("ours".to_owned(), true)]);
    assert_eq!(find(None), [("open".to_owned(), false)]);
}

#[test]
fn a_watcher_hears_who_comes_is_started_again_and_goes() {
    let settings = settings();
    let endpoint = Endpoint::peer(&settings).unwrap();
    let machine = Watcher::new(printers(30), mcast_net::seed());
    let mut events = Driver::new(machine, endpoint).into_events().unwrap();
    let printer = |boot| {
        Printer::start(&settings, "lab-3", |config| {
            (config.id, config.boot) = (Some(3), boot);
        })
    };
    let mut running = printer(1);
    for heard in events.by_ref() {
        match heard.as_heard().event {
            Event::Found(finding) => {
                assert_eq!(
                    (finding.key(), finding.name()),
                    (mcast_proto::Key::Service(3), Some("lab-3"))
                );
                // The goodbye of the one that went before is not taken for that of its successor.
                let next = printer(2);
                drop(std::mem::replace(&mut running, next));
            }
            Event::Changed { change: Change::Restarted, finding } => {
                assert_eq!(finding.key(), mcast_proto::Key::Service(3));
                running.stopper.stop();
            }
            Event::Changed { change: Change::Address, .. } => {}
            Event::Lost { key, reason, .. } => {
                assert_eq!((key, reason), (mcast_proto::Key::Service(3), Loss::Goodbye));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(events.finish().unwrap().summary.found, 1);
}

#[test]
fn what_is_read_when_somebody_asks_is_in_the_answer() {
    let settings = settings();
    let of = |reading: u32| {
        let offer = Offer::new("printer").unwrap();
        offer.attr("reading", reading.to_string().as_bytes()).unwrap()
    };
    let machine = Responder::new(Responding::of(of(0)), mcast_net::seed());
    let mut driver = Driver::open(machine, &settings).unwrap();
    let handle = driver.handle();
    let stopper = driver.stopper();
    let thread = thread::spawn(move || {
        let mut readings = 0;
        let on_event = |heard: mcast_net::Heard<'_>| {
            if let Event::Asked { .. } = heard.event {
                readings += 1;
                let offer = of(readings);
                handle.change(|responder, _| responder.set_offer(offer)).unwrap();
            }
        };
        driver.run(on_event).unwrap();
    });
    // The scout's question may be the one that is answered, or the first sweep's.
    let config = Discovery { count: Some(1), ..printers(30) };
    let mut finder = Driver::open(Discoverer::new(config, 7), &settings).unwrap();
    let mut read = None;
    finder
        .run(|heard| {
            if let Event::Found(finding) = heard.event {
                read = finding.attrs().next().and_then(|attr| attr.value.map(<[u8]>::to_vec));
            }
        })
        .unwrap();
    stopper.stop();
    thread.join().unwrap();
    assert_eq!(read.as_deref(), Some(&b"1"[..]));
}

#[test]
fn a_machine_that_answers_from_another_port_than_the_groups_has_no_sockets() {
    let port = |port| mcast_proto::plain::Responding { port, ..Default::default() };
    let machine = |port_| mcast_proto::plain::Responder::new(port(port_), 7);
    let settings = settings();
    let own = settings.groups[0].port();
    let error = Driver::open(machine(own + 1), &settings).unwrap_err();
    assert_eq!(error.kind(), mcast_net::ErrorKind::Settings);
    assert!(Driver::open(machine(own), &settings).is_ok());
    // Its own group, where nobody says which.
    let interfaces = settings.interfaces.clone();
    assert!(Driver::open(machine(own), &Settings { interfaces, ..Settings::default() }).is_ok());
    assert!(Endpoint::asker(&Settings::default()).is_err(), "that of no machine");
}
