//! What each recorded answer costs: to look at all its records, and for a watcher that knows all of it.
//!
//!     cargo bench -p mcast-dialects --bench mdns

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mcast_dialects::mdns::wire::Message;
use mcast_dialects::mdns::{GROUP_V4, PORT, Watcher, Watching};
use mcast_proto::{Arrival, Cast, Instant, InterfaceId, Machine, Path};

fn mdns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mdns");
    let files =
        fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mdns")).expect("the folder");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "bin"));
    paths.sort();
    for path in paths {
        let bytes = fs::read(&path).expect("its bytes");
        let name = path.file_stem().unwrap_or_default().display().to_string();
        group.bench_function(format!("read {name}"), |bencher| {
            bencher.iter(|| {
                let message = Message::read(black_box(&bytes)).expect("a message");
                message.records().for_each(|record| _ = black_box(record));
            });
        });
        group.bench_function(format!("hear again {name}"), |bencher| {
            let mut machine = Watcher::new(Watching::default(), 7);
            let now = Instant::from_millis(1);
            let from = Path::new(([10, 0, 0, 2], PORT).into()).by(InterfaceId(3));
            let arrival = Arrival::new(from, Cast::Group((GROUP_V4, PORT).into()), true);
            while machine.deadline().is_some_and(|due| due <= now) {
                let _asked = machine.handle_timeout(now);
            }
            bencher.iter(|| _ = machine.handle_datagram(now, arrival, black_box(&bytes)));
        });
    }
    group.finish();
}

criterion_group!(benches, mdns);
criterion_main!(benches);
