//! A datagram that says nothing new costs no allocation, or as few as its module says.
//! In a binary of its own, because the counting allocator sees the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mcast_dialects::scan::{Dialect, Watcher, Watching};
use mcast_dialects::{coap, preset, ssdp, wsd};
use mcast_proto::{Action, Arrival, Cast, Instant, Machine, Message, Path};

/// Counts the allocations of each thread, so that the test harness's own don't matter.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    BYTES.set(BYTES.get() + bytes as u64);
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` came from `System`, as above.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: `block` came from `System`, as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NOW: Instant = Instant::from_millis(1_000);

fn arrival() -> Arrival {
    Arrival::new(Path::new(([10, 77, 0, 2], 1_900).into()), Cast::Unicast, true)
}

/// A machine that has put its questions of a round, with the last of them.
fn asked<D: Dialect>(dialect: D) -> (Watcher<D>, Vec<u8>) {
    let mut machine = Watcher::new(dialect, Watching { repeat: 1, ..Watching::default() }, 7);
    let (mut now, mut question) = (NOW, Vec::new());
    while let Some(due) =
        machine.deadline().filter(|due| *due <= NOW + std::time::Duration::from_secs(1))
    {
        now = now.max(due);
        if let Some(Action::Send { message: Message::Plain(bytes), .. }) =
            machine.handle_timeout(now)
        {
            question = bytes.to_vec();
        }
    }
    (machine, question)
}

/// Allocations and their bytes, of hearing this once it was heard before.
fn cost<D: Dialect>(dialect: D, answers: impl Fn(&[u8]) -> [Vec<u8>; 2]) -> (u64, u64) {
    let (mut machine, question) = asked(dialect);
    let [first, again] = answers(&question);
    let later = NOW + std::time::Duration::from_secs(2);
    assert!(machine.handle_datagram(later, arrival(), &first).is_none());
    while machine.deadline().is_some_and(|due| due <= later) {
        let _told = machine.handle_timeout(later);
    }
    assert_eq!(machine.summary(later).found, 1);
    let before = (ALLOCATIONS.get(), BYTES.get());
    assert!(machine.handle_datagram(later, arrival(), &again).is_none());
    let cost = (ALLOCATIONS.get() - before.0, BYTES.get() - before.1);
    assert_eq!(machine.summary(later).duplicates, 1);
    cost
}

#[test]
fn ssdp_allocates_nothing_for_what_is_known() {
    let answer = include_str!("../fixtures/ssdp/async-upnp-client-answer-device.bin");
    // A second later.
    let again = answer.replace(":22 GMT", ":23 GMT");
    assert_ne!(answer, again);
    let answers = [answer.as_bytes().to_vec(), again.into_bytes()];
    assert_eq!(cost(ssdp::Ssdp::default(), |_| answers.clone()), (0, 0));
}

#[test]
fn coap_allocates_nothing_for_what_is_known() {
    let answer = include_bytes!("../fixtures/coap/libcoap-answer.bin");
    let of = |question: &[u8]| {
        let mut first = answer.to_vec();
        first[0] = first[0] & 0xf0 | 8;
        first.splice(4..6, question[4..12].iter().copied());
        let mut again = first.clone();
        again[2] ^= 0xff;
        [first, again]
    };
    assert_eq!(cost(coap::Coap::default(), of), (0, 0));
}

#[test]
fn wsd_allocates_nothing_for_a_copy_and_a_bounded_tree_for_another_message() {
    let answer = include_str!("../fixtures/wsd/wsdiscovery-probe-matches.bin");
    let of = |question: &[u8]| {
        let question = std::str::from_utf8(question).expect("text");
        let (_, number) = question.split_once("MessageID>urn:uuid:").expect("a number");
        answer.replace("00000000-0000-4000-8000-000000000002", &number[..36])
    };
    let copies = |question: &[u8]| [of(question).into_bytes(), of(question).into_bytes()];
    assert_eq!(cost(wsd::Wsd::default(), copies), (0, 0));
    let others = |question: &[u8]| {
        let first = of(question);
        let again = first.replace("3b7a7b7a", "3b7a7b7b");
        assert_ne!(first, again);
        [first.into_bytes(), again.into_bytes()]
    };
    let (allocations, bytes) = cost(wsd::Wsd::default(), others);
    assert!(allocations <= 40 && bytes <= 16 * 1_024, "{allocations} of {bytes} bytes");
}

#[test]
fn presets_allocate_little() {
    let of = |name: &str| {
        let all = preset::builtin().expect("a table");
        all.into_iter().find(|preset| preset.name() == name).expect(name)
    };
    let cases: [(&str, &[u8], u64); 3] = [
        (
            "yeelight",
            b"HTTP/1.1 200 OK\r\nLocation: a://b:7\r\nid: 0x1\r\nmodel: color\r\nfw_ver: 1\r\n",
            6,
        ),
        ("govee", br#"{"msg":{"data":{"device":"1F:80","sku":"H6199"}}}"#, 32),
        ("hikvision", b"<P><MAC>44</MAC><HttpPort>80</HttpPort></P>", 20),
    ];
    for (name, answer, most) in cases {
        let (allocations, bytes) = cost(of(name), |_| [answer.to_vec(), answer.to_vec()]);
        assert!(allocations <= most && bytes <= 4_096, "{name}: {allocations} of {bytes} bytes");
    }
}
