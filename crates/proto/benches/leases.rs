//! What the leases of a watcher cost as the number of responders grows, each of them with two addresses:
//! nanoseconds a responder, at 1,000, 10,000 and 100,000. No more than a logarithm of their number is to be
//! seen in it.
//!
//!     cargo bench -p mcast-proto --bench leases

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use criterion::{criterion_group, criterion_main};
use mcast_proto::service::{self, Discovery};
use mcast_proto::wire::{self, Datagram, Reply, Tlvs};
use mcast_proto::{Action, Arrival, Cast, Event, Evidence, Instant, Machine, Observation, Path};

const SIZES: [u32; 3] = [1_000, 10_000, 100_000];
const LEASE_S: u32 = 100;

fn leases(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("leases");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    for size in SIZES {
        group.throughput(Throughput::Elements(size.into()));
        group.bench_function(BenchmarkId::new("all are renewed", size), |bencher| {
            let mut watch = Watch::new(size);
            bencher.iter(|| assert_eq!(watch.hear_all(), 0));
        });
        // From the moment at which all have been asked for the last time, in vain.
        group.bench_function(BenchmarkId::new("all end", size), |bencher| {
            bencher.iter_batched_ref(
                || {
                    let mut watch = Watch::new(size);
                    assert_eq!(watch.run_until(f64::from(LEASE_S) * 0.97), 0);
                    watch
                },
                |watch| assert_eq!(watch.run_until(f64::from(LEASE_S) + 1.0), size),
                BatchSize::PerIteration,
            );
        });
        // The same with the sweeps in which they are asked for, each of which looks at all.
        group.bench_function(BenchmarkId::new("all are asked for and end", size), |bencher| {
            bencher.iter_batched_ref(
                || Watch::new(size),
                |watch| assert_eq!(watch.run_until(f64::from(LEASE_S) + 1.0), size),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// A watcher that has heard so many responders, each at two addresses.
struct Watch {
    machine: service::Watcher,
    size: u32,
    txn: u64,
    now: Instant,
}

impl Watch {
    fn new(size: u32) -> Watch {
        let capacity = 2 * size as usize;
        let config = Discovery { capacity, ..Discovery::all() };
        let mut machine = service::Watcher::new(config, 1);
        let mut scout = Vec::new();
        if let Some(Action::Send { message, .. }) = machine.handle_timeout(Instant::ZERO) {
            message.encode(&mut scout);
        }
        let Ok(Datagram::Query(query)) = wire::decode(&scout) else { panic!("no query") };
        let mut watch = Watch { machine, size, txn: query.txn, now: Instant::ZERO };
        assert_eq!(watch.hear_all(), size);
        watch
    }

    /// Each responder answers from both its addresses; says how many are new by that.
    fn hear_all(&mut self) -> u32 {
        let mut found = 0;
        let mut bytes = Vec::with_capacity(64);
        for number in (0..self.size).flat_map(|number| [number, number | 1 << 23]) {
            let id = u64::from(number & !(1 << 23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let (txn, tlvs) = (self.txn, Tlvs::NONE);
            let reply = Reply {
                txn,
                id,
                round: 0,
                copy: 0,
                whole: None,
                busy: false,
                lease_s: LEASE_S,
                tlvs,
            };
            bytes.clear();
            Datagram::Reply(reply).encode(None, &mut bytes);
            let ip = Ipv4Addr::from_bits(0x0a00_0000 | number);
            let from = Path::new(SocketAddr::from((ip, service::PORT)));
            let arrival = Arrival::new(from, Cast::Unicast, true);
            let event = black_box(self.machine.handle_datagram(self.now, arrival, &bytes));
            found += u32::from(matches!(event, Some(Action::Emit(Event::Found(_)))));
        }
        found
    }

    /// Does what is due up to so many seconds, with nobody answering, and says how many are lost by that.
    fn run_until(&mut self, seconds: f64) -> u32 {
        let end = Instant::from_duration(Duration::from_secs_f64(seconds));
        let mut lost = 0;
        while let Some(due) = self.machine.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            match self.machine.handle_timeout(self.now) {
                Some(Action::Emit(Event::Lost { .. })) => lost += 1,
                Some(Action::Audit) => {
                    let clean = Observation::Audit(Evidence::CLEAN);
                    self.machine.handle_observation(self.now, clean);
                }
                _ => {}
            }
        }
        lost
    }
}

criterion_group!(benches, leases);
criterion_main!(benches);
