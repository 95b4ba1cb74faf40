//! Once a driver runs, a datagram costs no allocation: neither one that comes in nor one that goes out.
//! One test, in a binary of its own, because the counting allocator sees the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use mcast_net::{Driver, Endpoint, Settings};
use mcast_proto::plain::{Responder, Responding};

/// Counts the allocations of each thread, so that those of the asking thread don't matter.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `System`, as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Probes to let pass first, while buffers grow to the size that they stay at, and probes to count.
const WARM_UP: usize = 300;
const COUNTED: usize = 1000;

#[test]
fn a_datagram_costs_no_allocation() {
    let random = mcast_net::seed().to_ne_bytes();
    let group = SocketAddr::from(([239, 255, random[0], random[1]], 31_999));
    let settings = Settings {
        groups: vec![group],
        interfaces: vec!["lo".parse().unwrap()],
        ..Settings::default()
    };
    let response = Responding { port: group.port(), rate: None, ..Responding::default() };
    let endpoint = Endpoint::member(&settings).unwrap();
    let mut driver = Driver::new(Responder::new(response, 1), endpoint);
    let stopper = driver.stopper();

    let responder = thread::spawn(move || {
        let mut seen = 0;
        let (mut before, mut after) = (0, 0);
        let report = driver.run(|_| {
            seen += 1;
            if seen == WARM_UP {
                before = ALLOCATIONS.get();
            }
            if seen == WARM_UP + COUNTED {
                after = ALLOCATIONS.get();
            }
        });
        assert!(ALLOCATIONS.get() > 0, "the counter counts");
        (report.unwrap().summary.sent, after - before)
    });

    let asker = UdpSocket::bind("127.0.0.1:0").unwrap();
    asker.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket2::SockRef::from(&asker).set_multicast_if_v4(&[127, 0, 0, 1].into()).unwrap();
    // One at a time and in bursts: both ways of waking up.
    let mut asked = 0;
    for burst in [1, 100, 1, 10].into_iter().cycle() {
        for _ in 0..burst {
            asker.send_to(b"who's there?", group).unwrap();
        }
        for _ in 0..burst {
            asker.recv_from(&mut [0; 16]).expect("an answer");
        }
        asked += burst;
        if asked >= WARM_UP + COUNTED {
            break;
        }
    }
    stopper.stop();
    let (sent, allocations) = responder.join().unwrap();
    assert_eq!(sent as usize, asked);
    assert_eq!(allocations, 0);
}
