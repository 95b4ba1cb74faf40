//! Two hundred devices of five services each, asked in multicast DNS: all are found, and what that takes is said.
//! In a binary of its own, because the counting allocator sees the whole process.
//!
//! `cargo test -p mcast-tests --test sim_devices -- --nocapture` prints the figures.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use mcast_dialects::mdns::{Discoverer, Discovery, GROUP_V4, PORT};
use mcast_proto::{
    Action, Arrival, Destination, Event, Instant, Machine, Message, Observation, OwnedEvent, Path,
    Summary,
};
use mcast_tests::sim::{Host, Link, Sim, Socket, What};
use simple_dns::rdata::{A, PTR, RData, SRV, TXT};
use simple_dns::{CLASS, Name, Packet, QTYPE, ResourceRecord, TYPE};

const DEVICES: usize = 200;
const TYPES: [&str; 5] = [
    "_ipp._tcp.local",
    "_http._tcp.local",
    "_ssh._tcp.local",
    "_smb._tcp.local",
    "_lab._udp.local",
];
const META: &str = "_services._dns-sd._udp.local";
/// What a device waits for at random before it says what others may say too (RFC 6762 section 6).
const WAITS_MS: std::ops::RangeInclusive<u64> = 20..=120;

/// Counts what the machine of the asker holds.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add_unsigned(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub_unsigned(layout.size()));
        // SAFETY: `block` came from `System`, as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An asker, and the most bytes that it held.
struct Weighed {
    machine: Discoverer,
    holds: Cell<isize>,
    most: Rc<Cell<isize>>,
}

impl Weighed {
    fn weigh<'m, T>(&'m mut self, work: impl FnOnce(&'m mut Discoverer) -> T) -> T {
        let before = HELD.get();
        let done = work(&mut self.machine);
        let holds = self.holds.get() + HELD.get() - before;
        self.holds.set(holds);
        self.most.set(self.most.get().max(holds));
        done
    }
}

impl Machine for Weighed {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.weigh(|machine| machine.handle_datagram(now, arrival, datagram))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.weigh(|machine| machine.handle_timeout(now))
    }

    fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }

    fn close(&mut self, now: Instant) {
        self.weigh(|machine| machine.close(now));
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.weigh(|machine| machine.handle_observation(now, observation));
    }
}

/// A device: it answers each question with all that it has to say, to the asker alone.
struct Device {
    nth: usize,
    address: Ipv4Addr,
    rng: fastrand::Rng,
    waiting: VecDeque<(Instant, Path, Vec<u8>)>,
    present: Vec<u8>,
}

impl Device {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let question = Packet::parse(question).expect("it is a message");
        let mut answer = Packet::new_reply(question.id());
        let host = format!("device-{}.local", self.nth);
        for asked in &question.questions {
            let of = asked.qname.to_string();
            for (port, kind) in (1_000..).zip(TYPES) {
                let name = format!("Device {}.{kind}", self.nth);
                let is_asked = |wanted| asked.qtype == QTYPE::TYPE(wanted);
                let listed = of == kind && is_asked(TYPE::PTR);
                if of == META && is_asked(TYPE::PTR) {
                    answer.answers.push(record(META, RData::PTR(PTR(of_text(kind)))));
                }
                if listed {
                    answer.answers.push(record(kind, RData::PTR(PTR(of_text(&name)))));
                }
                if listed || of == name && is_asked(TYPE::SRV) {
                    let target = of_text(&host);
                    let server = SRV { priority: 0, weight: 0, port, target };
                    answer.additional_records.push(record(&name, RData::SRV(server)));
                }
                if listed || of == name && is_asked(TYPE::TXT) {
                    let text = TXT::new().with_string("model=lab").expect("short");
                    answer.additional_records.push(record(&name, RData::TXT(text.into_owned())));
                }
                if listed || of == host && is_asked(TYPE::A) {
                    let address = A { address: self.address.into() };
                    answer.additional_records.push(record(&host, RData::A(address)));
                }
            }
        }
        let is_silent = answer.answers.is_empty() && answer.additional_records.is_empty();
        (!is_silent).then(|| answer.build_bytes_vec_compressed().expect("a message"))
    }
}

fn of_text(name: &str) -> Name<'static> {
    Name::new(name).expect("a name").into_owned()
}

fn record<'r>(name: &str, data: RData<'r>) -> ResourceRecord<'r> {
    ResourceRecord::new(of_text(name), CLASS::IN, 10, data)
}

impl Machine for Device {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        let answer = self.answer(datagram)?;
        let wait = Duration::from_millis(self.rng.u64(WAITS_MS));
        self.waiting.push_back((now + wait, arrival.from, answer));
        self.waiting.make_contiguous().sort_by_key(|(at, ..)| *at);
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        let (_, to, answer) = self.waiting.pop_front_if(|(at, ..)| *at <= now)?;
        self.present = answer;
        Some(Action::Send { to: Destination::peer(to), message: Message::Plain(&self.present) })
    }

    fn deadline(&self) -> Option<Instant> {
        self.waiting.front().map(|(at, ..)| *at)
    }

    fn close(&mut self, _now: Instant) {
        self.waiting.clear();
    }
}

/// What a run came to: who was found by when, and what it took.
struct Outcome {
    found: BTreeSet<OwnedName>,
    last: Duration,
    summary: Summary,
    sent: u64,
    held: isize,
}

/// A service's name, and its type.
type OwnedName = (String, String);

fn scan(seed: u64, loss: f64) -> Outcome {
    let mut sim = Sim::new(seed).without_trace();
    let group: SocketAddr = (GROUP_V4, PORT).into();
    let link = Link { processing: Duration::from_micros(300), ..Link::default().loss(loss) };
    for nth in 0..DEVICES {
        let address = Ipv4Addr::new(10, 1, 0, u8::try_from(nth + 1).expect("fewer than 255"));
        let rng = fastrand::Rng::with_seed(sim.draw());
        let device = Device { nth, address, rng, waiting: VecDeque::new(), present: Vec::new() };
        sim.add(Host::new(group, true).at((IpAddr::V4(address), PORT).into()).link(link), device);
    }
    let most = Rc::new(Cell::new(0));
    let before = HELD.get();
    let machine = Discoverer::new(Discovery::default(), sim.draw());
    let holds = Cell::new(HELD.get() - before);
    let asker = Weighed { machine, holds, most: Rc::clone(&most) };
    let asker = sim.add(Host::new(group, false).socket(Socket::default()), asker);
    assert!(sim.run_until_done(asker, Instant::from_millis(60_000)), "it does not end");

    let (mut found, mut last, mut summary) = (BTreeSet::new(), Duration::ZERO, None);
    for record in sim.records_of(asker) {
        let event = record.event.as_ref().map(OwnedEvent::as_event);
        if let Some(Event::Found(finding)) = event {
            let name = finding.name().expect("it has one").to_owned();
            let service = finding.service().expect("it has one").to_owned();
            assert!(finding.port().is_some() && finding.attrs().count() == 1, "{finding:?}");
            assert!(found.insert((name, service)), "found twice: {finding:?}");
            last = record.at - Instant::ZERO;
        }
        if let What::Done(done) = record.what {
            summary = Some(done);
        }
    }
    let traffic = sim.traffic();
    let sent = traffic.unicasts + traffic.multicasts;
    Outcome { found, last, summary: summary.expect("it has ended"), sent, held: most.get() }
}

#[test]
fn two_hundred_devices_of_five_services_are_all_found() {
    for loss in [0.0, 0.05] {
        for seed in 0..3 {
            let Outcome { found, last, summary, sent, held } = scan(seed, loss);
            println!(
                "{loss} lost: {} of {} services found, the last after {last:?}, the end after {:?}, \
                 {sent} datagrams, {} KiB held at the most",
                found.len(),
                DEVICES * TYPES.len(),
                summary.elapsed,
                held / 1024
            );
            // Of three questions with their answers each is lost with a chance of one in ten: of a thousand
            // services one is not found, as a rule.
            let most_missing = if loss > 0.0 { 5 } else { 0 };
            assert!(
                found.len() + most_missing >= DEVICES * TYPES.len(),
                "{loss} lost, seed {seed}"
            );
            assert!(held < 4 * 1024 * 1024, "{held} bytes");
        }
    }
}
