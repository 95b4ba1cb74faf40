//! Once a machine runs, a datagram that says nothing new costs no allocation, and what is held for one who
//! invents instances is bounded. In a binary of its own, because the counting allocator sees the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;

use mcast_dialects::mdns::{Discoverer, Discovery, GROUP_V4, PORT, Watcher, Watching};
use mcast_proto::{Action, Arrival, Cast, Event, Instant, InterfaceId, Machine, Path};

/// Counts the allocations of each thread, so that the test harness's own don't matter.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        HELD.set(HELD.get().wrapping_add_unsigned(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub_unsigned(layout.size()));
        // SAFETY: `block` came from `System`, as above.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        HELD.set(HELD.get().wrapping_add_unsigned(size).wrapping_sub_unsigned(layout.size()));
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

fn arrival(host: u8, cast: Cast) -> Arrival {
    let from = Path::new(SocketAddr::from(([10, 0, 0, host], PORT))).by(InterfaceId(3));
    Arrival::new(from, cast, true).at_local(([10, 0, 0, 1], PORT).into())
}

/// Does what is due; says how many were found.
fn drain(machine: &mut dyn Machine, now: Instant) -> u64 {
    let mut found = 0;
    while machine.deadline().is_some_and(|due| due <= now) {
        if let Some(Action::Emit(Event::Found(_))) = machine.handle_timeout(now) {
            found += 1;
        }
    }
    found
}

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let files =
        fs::read_dir("fixtures/mdns").expect("the folder").map(|file| file.expect("a file").path());
    let recorded =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "bin"));
    recorded.map(|path| (path.display().to_string(), fs::read(&path).expect("its bytes"))).collect()
}

#[test]
fn what_says_nothing_new_costs_no_allocation() {
    let group = Cast::Group((GROUP_V4, PORT).into());
    let fixtures = fixtures();
    assert!(fixtures.len() > 50);
    for (name, mut bytes) in fixtures {
        let machines: [(Box<dyn Machine>, Cast); 3] = [
            (Box::new(Discoverer::new(Discovery::default(), 7)), Cast::Unicast),
            (Box::new(Discoverer::new(Discovery::default(), 7)), group),
            (Box::new(Watcher::new(Watching::default(), 7)), group),
        ];
        for (mut machine, cast) in machines {
            let now = Instant::from_millis(1);
            drain(&mut *machine, now);
            assert!(machine.handle_datagram(now, arrival(2, cast), &bytes).is_none());
            drain(&mut *machine, now);
            // The same but for its number, a little later.
            bytes[0] ^= 1;
            let now = Instant::from_millis(40);
            let count = allocations(|| {
                assert!(machine.handle_datagram(now, arrival(2, cast), &bytes).is_none());
            });
            assert_eq!(count, 0, "{name} {cast:?}");
        }
    }
}

/// An answer that names so many instances that nobody has heard of.
fn invented(first: u32, count: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.extend(b"\x05_http\x04_tcp\x05local\x00\x00\x0c\x00\x01");
    for nth in first..first + count {
        let label = format!("{nth:040}");
        bytes.extend(b"\xc0\x0c\x00\x0c\x00\x01\x00\x00\x11\x94\x00\x2b\x28");
        bytes.extend(label.as_bytes());
        bytes.extend(b"\xc0\x0c");
    }
    bytes[6..8].copy_from_slice(&(count as u16).to_be_bytes());
    bytes
}

#[test]
fn whoever_invents_instances_is_given_a_bounded_room() {
    let machines: [Box<dyn Machine>; 2] = [
        Box::new(Discoverer::new(Discovery::default(), 7)),
        Box::new(Watcher::new(Watching::default(), 7)),
    ];
    for (nth, mut machine) in machines.into_iter().enumerate() {
        let mut held = Vec::new();
        let before = HELD.get();
        drain(&mut *machine, Instant::ZERO);
        for flood in 0..60 {
            // 64 KiB of them, and a driver that reads many at a time.
            let bytes = invented(flood * 1_000, 1_000);
            assert!(bytes.len() > 50_000);
            let now = Instant::from_millis(10 + u64::from(flood));
            let host = 2 + (flood % 20) as u8;
            let heard = machine.handle_datagram(
                now,
                arrival(host, Cast::Group((GROUP_V4, PORT).into())),
                &bytes,
            );
            assert!(heard.is_none());
            drop(bytes);
            if flood.is_multiple_of(5) {
                drain(&mut *machine, now);
                held.push(HELD.get() - before);
            }
        }
        let most = held.iter().max().copied().unwrap_or(0);
        assert!(most < 8 << 20, "{nth}: {held:?}");
        assert!(held[held.len() / 2..].iter().all(|held| *held <= most));
    }
}
