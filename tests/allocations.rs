//! Once a machine runs, a datagram from one who is known costs no allocation.
//! In a binary of their own, because the counting allocator sees the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::wire::{self, Announce, Datagram, Epoch, Query, Reply, Tlv, TlvBuf, Tlvs};
use mcast_proto::{Action, Arrival, Cast, Instant, Machine, Path, plain, service};
use mcast_tests::vectors::read_all;

/// Counts the allocations of each thread, so that the test harness's own don't matter.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes that are allocated now, and the most that ever were.
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST_HELD: Cell<isize> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

fn hold(bytes: usize) {
    HELD.set(HELD.get().wrapping_add_unsigned(bytes));
    MOST_HELD.set(MOST_HELD.get().max(HELD.get()));
}

fn give_back(bytes: usize) {
    HELD.set(HELD.get().wrapping_sub_unsigned(bytes));
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        hold(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        give_back(layout.size());
        // SAFETY: `block` came from `System`, as above.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        hold(size);
        give_back(layout.size());
        // SAFETY: `block` came from `System`, as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// The most bytes that `work` held at one time of those that it allocated.
fn most_held(work: impl FnOnce()) -> isize {
    let before = HELD.get();
    MOST_HELD.set(before);
    work();
    MOST_HELD.get() - before
}

/// Gives a machine 10,000 datagrams from 3,000 sources, a tenth of a millisecond apart, and carries out
/// what becomes due; says how many datagrams it sent.
fn feed(machine: &mut dyn Machine, cast: Cast, payload: &[u8], buffer: &mut Vec<u8>) -> u64 {
    let mut sent = 0;
    for n in 0..10_000u32 {
        let now = Instant::from_micros(u64::from(n) * 100);
        let remote = SocketAddr::from(([10, 1, (n % 3000 / 250) as u8, (n % 250) as u8], 4000));
        let from = Path::new(remote);
        let action = machine.handle_datagram(now, Arrival::new(from, cast, true), payload);
        assert!(!matches!(action, Some(Action::Send { .. })));
        for _ in 0..16 {
            if machine.deadline().is_none_or(|due| due > now) {
                break;
            }
            if let Some(Action::Send { message, .. }) = machine.handle_timeout(now) {
                buffer.clear();
                message.encode(buffer);
                sent += 1;
            }
        }
    }
    sent
}

#[test]
fn no_allocation_per_datagram() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1, "the counter counts");

    let mut buffer = Vec::with_capacity(2048);
    let group = Cast::Group(SocketAddr::from((plain::GROUP_V4, plain::PORT)));

    for delay in [Duration::ZERO, Duration::from_millis(200)] {
        let config = plain::Responding { delay, ..plain::Responding::default() };
        let mut responder = plain::Responder::new(config, 1);
        let mut sent = 0;
        let counted = allocations(|| {
            sent = feed(&mut responder, group, plain::PROBE, &mut buffer);
        });
        assert_eq!(counted, 0, "responder with a delay of {delay:?}");
        assert!(sent > 2000, "it answered: {sent}");
    }

    let mut discoverer = plain::Discoverer::new(plain::Discovery::default(), 1);
    let started = discoverer.handle_timeout(Instant::ZERO).is_some();
    // Its memory grows with those who answer, and not with what they answer again.
    feed(&mut discoverer, Cast::Unicast, plain::REPLY, &mut buffer);
    assert!(started && discoverer.summary(Instant::ZERO).found == 3000);
    let counted = allocations(|| {
        feed(&mut discoverer, Cast::Unicast, plain::REPLY, &mut buffer);
    });
    assert_eq!(counted, 0, "discoverer");
    assert_eq!(discoverer.summary(Instant::ZERO).duplicates, 17_000);
}

/// As [`feed`], for the second that begins at `start`, with the datagram that `write` puts in the buffer for each number.
fn feed_each(
    start: Instant,
    machine: &mut dyn Machine,
    cast: Cast,
    mut write: impl FnMut(u32, &mut Vec<u8>),
) -> u64 {
    let (mut datagram, mut buffer) = (Vec::with_capacity(2048), Vec::with_capacity(2048));
    let mut sent = 0;
    for n in 0..10_000u32 {
        let now = start + Duration::from_micros(u64::from(n) * 100);
        let remote = SocketAddr::from(([10, 1, (n % 3000 / 250) as u8, (n % 250) as u8], 4000));
        let from = Path::new(remote);
        datagram.clear();
        write(n, &mut datagram);
        let _event = machine.handle_datagram(now, Arrival::new(from, cast, true), &datagram);
        for _ in 0..16 {
            if machine.deadline().is_none_or(|due| due > now) {
                break;
            }
            if let Some(Action::Send { message, .. }) = machine.handle_timeout(now) {
                buffer.clear();
                message.encode(&mut buffer);
                sent += 1;
            }
        }
    }
    sent
}

/// A question of a session of its own; each hundredth datagram is an announcement of these instead.
fn write_each(n: u32, multicast_reply: bool, tlvs: Tlvs<'_>, datagram: &mut Vec<u8>) {
    let id = u64::from(n);
    if n.is_multiple_of(100) {
        return Datagram::Announce(Announce { id, lease_s: 120, tlvs }).encode(None, datagram);
    }
    let query = Query { window_ms: 8, copies: 3, multicast_reply, ..Query::new(id, 1) };
    Datagram::Query(query).encode(None, datagram);
}

/// What an announcement says at the least.
fn epoch() -> TlvBuf {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Epoch(Epoch { boot: 1, seq: 1 })).unwrap();
    tlvs
}

/// What a small machine needs, as the documentation of `Stores` says: under 16 KiB, whatever comes.
#[test]
fn a_responder_with_sixteen_places_in_each_store_fits_16_kib() {
    let group = Cast::Group(SocketAddr::from((service::GROUP_V4, service::PORT)));
    let stores = service::Stores { pending: 16, recent: 16, sources: 16 };
    let announced = epoch();
    let mut inline = 0;
    let (mut idle, mut busy) = (0, 0);
    for by_group in [false, true] {
        let all = most_held(|| {
            let start = HELD.get();
            let payload = vec![7; 1_100];
            let offer = service::Offer::new("printer").unwrap();
            let offer = offer.with(Tlv::Payload(&payload)).unwrap();
            drop(payload);
            let config = service::Responding { stores, ..service::Responding::of(offer) };
            let mut responder = service::Responder::new(config, 1);
            inline = size_of_val(&responder) as isize;
            idle = HELD.get() - start;
            MOST_HELD.set(HELD.get());
            feed_each(Instant::ZERO, &mut responder, group, |n, datagram| {
                write_each(n, by_group, announced.as_tlvs(), datagram);
            });
        });
        // Without the two buffers of `feed_each`.
        busy = all - 2 * 2048;
        assert!(inline + busy < 16 * 1024, "{inline} + {busy} bytes");
    }
    assert_eq!(busy, idle, "it holds from the start what it ever will");
    println!("{} bytes: {inline} of its own, and {busy} allocated", inline + busy);
}

/// A machine with so many services, and what it holds.
fn responders(count: u64) -> (service::Responders, isize) {
    let before = HELD.get();
    let answering = service::Answering { announce: false, ..service::Answering::default() };
    let mut responders = service::Responders::new(answering, 1);
    for number in 0..count {
        let offer = service::Offer::new("printer").unwrap().name(&format!("lab-{number}")).unwrap();
        responders.add(Instant::ZERO, None, offer).unwrap();
    }
    (responders, HELD.get() - before)
}

/// As the documentation of `Stores` says.
#[test]
fn a_further_service_of_a_machine_takes_under_a_kilobyte() {
    let [(_, few), (_, many)] = [10, 1_010].map(responders);
    let each = (many - few) / 1_000;
    println!("{each} bytes for each further service, its offer among them");
    assert!(each < 1_000, "{each}");
}

#[test]
fn no_allocation_per_datagram_of_many_services() {
    let group = Cast::Group(SocketAddr::from((service::GROUP_V4, service::PORT)));
    let announced = epoch();
    for by_group in [false, true] {
        let (mut responders, _) = responders(100);
        let mut sent = 0;
        let counted = allocations(|| {
            sent = feed_each(Instant::ZERO, &mut responders, group, |n, datagram| {
                write_each(n, by_group, announced.as_tlvs(), datagram);
            });
        });
        assert!(sent > 400, "they answered: {sent}");
        assert_eq!(counted, 2, "the buffers of `feed_each`");
    }
}

#[test]
fn no_allocation_per_structured_datagram() {
    let group = Cast::Group(SocketAddr::from((service::GROUP_V4, service::PORT)));

    // The two buffers of `feed_each`, and no more.
    let announced = epoch();
    let long = service::Offer::new("printer").unwrap().attr("note", &[b'x'; 200]).unwrap();
    for (offer, by_group) in
        [(service::Offer::new("printer").unwrap(), false), (long.clone(), false), (long, true)]
    {
        let mut responder = service::Responder::new(service::Responding::of(offer), 1);
        let mut sent = 0;
        let counted = allocations(|| {
            sent = feed_each(Instant::ZERO, &mut responder, group, |n, datagram| {
                write_each(n, by_group, announced.as_tlvs(), datagram);
            });
        });
        // To the group it answers all in one, five times a second.
        assert!(sent > if by_group { 4 } else { 2000 }, "it answered: {sent}");
        assert_eq!(counted, 2, "responder");
    }

    // A discoverer's table grows with whom it finds; a datagram of one it knows costs nothing.
    let effort = service::Effort::Thorough;
    let discovery = service::Discovery { effort, ..service::Discovery::all() };
    let mut discoverer = service::Discoverer::new(discovery, 1);
    let mut scout = Vec::with_capacity(2048);
    let Some(Action::Send { message, .. }) = discoverer.handle_timeout(Instant::ZERO) else {
        panic!("it asks at once")
    };
    message.encode(&mut scout);
    let Ok(Datagram::Query(Query { txn, .. })) = wire::decode(&scout) else { panic!("no query") };
    let answers = |n: u32, datagram: &mut Vec<u8>| {
        let (id, tlvs) = (u64::from(n % 3000), Tlvs::NONE);
        let reply =
            Reply { txn, id, round: 1, copy: 0, whole: None, busy: false, lease_s: 120, tlvs };
        Datagram::Reply(reply).encode(None, datagram);
    };
    let finding = allocations(|| {
        feed_each(Instant::ZERO, &mut discoverer, Cast::Unicast, answers);
    });
    assert_eq!(discoverer.summary(Instant::ZERO).found, 3000);
    assert!(finding < 2 * 3000, "{finding} allocations to find 3000");
    let mut sent = 0;
    let counted = allocations(|| {
        sent = feed_each(Instant::from_millis(1000), &mut discoverer, Cast::Unicast, answers);
    });
    assert!(sent > 0, "it went on asking");
    assert_eq!(counted, 2, "discoverer");
}

/// The golden datagrams, those that are refused among them.
#[test]
fn no_allocation_to_decode_name_and_encode() {
    let mut place = [0; wire::MAX_DATAGRAM];
    let mut read = 0;
    for vector in read_all() {
        let made = allocations(|| {
            let Ok(datagram) = wire::decode(&vector.bytes) else { return };
            read += usize::from(datagram.encode_to(None, &mut place).is_ok());
            if let Datagram::Reply(reply) = datagram {
                let from = SocketAddr::from(([10, 1, 0, 1], 4000));
                let digest = wire::digest(reply.lease_s, reply.tlvs);
                let name = wire::whole_name(reply.id, from, digest);
                assert_ne!(name, wire::short_name(reply.id, from, digest));
                assert_eq!(reply.tlvs.sessions().is_some(), reply.txn == 0);
            }
        });
        assert_eq!(made, 0, "{}", vector.name);
    }
    assert!(read >= 25, "{read}");
}
