//! What a datagram costs as the table of those who are known grows: nanoseconds each, at 1,000, 10,000 and
//! 100,000 responders. No more than a logarithm of their number is to be seen in it.
//!
//!     cargo bench -p mcast-proto --bench tables

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use criterion::{criterion_group, criterion_main};
use mcast_proto::{Action, Arrival, Cast, Event, Instant, Machine, Path, plain};

const SIZES: [u32; 3] = [1_000, 10_000, 100_000];

fn tables(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("table");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    for size in SIZES {
        group.throughput(Throughput::Elements(size.into()));
        discoveries(&mut group, size);
        watches(&mut group, size);
    }
    group.finish();
}

fn discoveries(group: &mut BenchmarkGroup<'_, WallTime>, size: u32) {
    // Each iteration is `size` datagrams.
    group.bench_function(BenchmarkId::new("discoverer, all new", size), |bencher| {
        bencher.iter_batched_ref(
            || discoverer(size),
            |machine| assert_eq!(found(machine, 0..size), size),
            BatchSize::PerIteration,
        );
    });
    group.bench_function(BenchmarkId::new("discoverer, all known", size), |bencher| {
        let mut machine = discoverer(size);
        found(&mut machine, 0..size);
        bencher.iter(|| assert_eq!(found(&mut machine, 0..size), 0));
    });
    group.bench_function(BenchmarkId::new("discoverer, no room", size), |bencher| {
        let mut machine = discoverer(size);
        found(&mut machine, 0..size);
        let mut next = size;
        bencher.iter(|| {
            let newcomers = next..next + size;
            // Addresses come again, long after they gave way.
            next = newcomers.end % (1 << 24);
            found(&mut machine, newcomers)
        });
    });
}

fn watches(group: &mut BenchmarkGroup<'_, WallTime>, size: u32) {
    group.bench_function(BenchmarkId::new("watcher, all answer again", size), |bencher| {
        let mut watch = Watch::new(size);
        watch.probe();
        found(&mut watch.machine, 0..size);
        bencher.iter(|| {
            assert_eq!(watch.probe(), 0);
            found(&mut watch.machine, 0..size)
        });
    });
    group.bench_function(BenchmarkId::new("watcher, all are found and lost", size), |bencher| {
        let mut watch = Watch::new(size);
        bencher.iter(|| {
            watch.probe();
            assert_eq!(found(&mut watch.machine, 0..size), size);
            watch.probe();
            assert_eq!(watch.probe(), size);
        });
    });
}

fn discoverer(size: u32) -> plain::Discoverer {
    let capacity = size as usize;
    let config = plain::Discovery { capacity, ..plain::Discovery::default() };
    let mut machine = plain::Discoverer::new(config, 1);
    let _probe = machine.handle_timeout(Instant::ZERO);
    machine
}

/// A watcher that takes one unanswered probe for a loss, and its time.
struct Watch {
    machine: plain::Watcher,
    now: Instant,
}

impl Watch {
    fn new(size: u32) -> Watch {
        let capacity = size as usize;
        let config = plain::Watching { capacity, patience: 1, ..plain::Watching::default() };
        Watch { machine: plain::Watcher::new(config), now: Instant::ZERO }
    }

    /// Goes on to the next probe, and says how many were lost before it.
    fn probe(&mut self) -> u32 {
        self.now = self.now + Duration::from_secs(10);
        let mut lost = 0;
        while let Some(action) = self.machine.handle_timeout(self.now) {
            lost += u32::from(matches!(action, Action::Emit(Event::Lost { .. })));
        }
        lost
    }
}

/// Gives a machine an answer of each of these, in no order, and says how many were found by it.
fn found(machine: &mut impl Machine, numbers: std::ops::Range<u32>) -> u32 {
    let mut found = 0;
    for number in numbers {
        // An odd factor takes each of 2^24 numbers to another one.
        let host = number.wrapping_mul(0x9e37_79b1) & 0x00ff_ffff;
        let ip = Ipv4Addr::from_bits(0x0a00_0000 | host);
        let arrival = Arrival::new(Path::new(SocketAddr::from((ip, 50_008))), Cast::Unicast, true);
        let event = black_box(machine.handle_datagram(Instant::ZERO, arrival, plain::REPLY));
        found += u32::from(matches!(event, Some(Action::Emit(Event::Found(_)))));
    }
    found
}

criterion_group!(benches, tables);
criterion_main!(benches);
