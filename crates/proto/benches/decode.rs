//! What a datagram costs, in nanoseconds, beside what it costs just to copy one: the second is what the
//! machine can do, so that figures from two machines can be compared.
//!
//!     cargo bench -p mcast-proto --bench decode

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mcast_proto::service::{Discoverer, Discovery, Offer, Responder, Responding};
use mcast_proto::wire::{
    self, Binding, Datagram, Epoch, Filter, FilterBuilder, Key, Keyring, Query, Reply, Seal, Tlv,
    TlvBuf,
};
use mcast_proto::{Action, Arrival, Cast, Event, Instant, Machine, Path};

const ID: u64 = 0x00c0_ffee_00c0_ffee;
const TXN: u64 = 0x0123_4567_89ab_cdef;

fn decode(criterion: &mut Criterion) {
    let mut tlvs = TlvBuf::new();
    tlvs.push(Tlv::Payload(b"Me!")).expect("short");
    tlvs.push(Tlv::Epoch(Epoch { boot: 42, seq: 0 })).expect("short");
    let (id, tlvs) = (ID, tlvs.as_tlvs());
    let reply =
        Reply { txn: TXN, id, round: 3, copy: 0, whole: None, busy: false, lease_s: 120, tlvs };
    let reply = Datagram::Reply(reply);

    let mut bits = vec![0; Filter::bytes_for(900)];
    let mut builder = FilterBuilder::new(&mut bits, TXN, 3);
    (0..900u64).for_each(|n| builder.insert(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let filter = builder.finish();
    let small = encode(Datagram::Query(Query::new(TXN, 3)), None);
    let full = encode(Datagram::Query(Query { filter, ..Query::new(TXN, 3) }), None);
    let key = Key::new(b"correct horse battery staple", Binding::Source).expect("long enough");
    let from = "192.0.2.7:40000".parse().expect("an address");
    let seal = Seal { key: &key, from };
    let sealed = encode(Datagram::Query(Query::new(TXN, 3)), Some(seal));
    let keyring = Keyring::new(key.clone(), Vec::new());
    let answer = encode(reply, None);

    let mut group = criterion.benchmark_group("datagram");
    for (name, bytes) in [("128 B", &small), ("1157 B", &full)] {
        let mut buffer = vec![0u8; 2048];
        group.bench_function(format!("copy {name}"), |bencher| {
            bencher.iter(|| {
                let bytes = black_box(bytes.as_slice());
                buffer[..bytes.len()].copy_from_slice(bytes);
                black_box(&buffer);
            });
        });
    }
    for (name, bytes) in [("query, 128 B", &small), ("query, 900 known", &full)] {
        group.bench_function(format!("decode and judge {name}"), |bencher| {
            bencher.iter(|| match wire::decode(black_box(bytes)) {
                Ok(Datagram::Query(query)) => {
                    query.is_in(black_box(ID)) && !query.silences(black_box(ID))
                }
                _ => unreachable!("it is a query"),
            });
        });
    }
    // A whole machine takes a datagram: decoding, judging and scheduling.
    let arrival = Arrival::new(Path::new(from), Cast::Unicast, true);
    for (name, bytes) in [("query, 128 B", &small), ("query, 900 known", &full)] {
        group.bench_function(format!("responder takes {name}"), |bencher| {
            let mut responder = responder();
            let mut bytes = bytes.clone();
            let (mut now, mut round) = (Instant::ZERO, 0u16);
            bencher.iter(|| {
                now = now + Duration::from_millis(1);
                round = round.wrapping_add(1).max(1);
                // Each is of a later round, so that its answer takes the place of the last one's.
                bytes[16..18].copy_from_slice(&round.to_be_bytes());
                black_box(responder.handle_datagram(now, arrival, black_box(&bytes)));
            });
        });
    }
    group.bench_function("responder takes query, 128 B, and answers", |bencher| {
        let mut responder = responder();
        let mut bytes = small.clone();
        let mut now = Instant::ZERO;
        bencher.iter(|| {
            now = now + Duration::from_millis(1);
            // Each is another asker's, so that it is no copy of the last.
            let txn = now.as_nanos().to_be_bytes();
            bytes[8..16].copy_from_slice(&txn);
            black_box(responder.handle_datagram(now, arrival, black_box(&bytes)));
            while let Some(action) = responder.handle_timeout(now) {
                let _done = black_box(action);
            }
        });
    });
    group.bench_function("discoverer takes reply of one it knows", |bencher| {
        let mut discoverer = Discoverer::new(Discovery::all(), 1);
        let mut query = Vec::new();
        while let Some(action) = discoverer.handle_timeout(Instant::ZERO) {
            if let Action::Send { message, .. } = action {
                query.clear();
                message.encode(&mut query);
            }
        }
        let Ok(Datagram::Query(asked)) = wire::decode(&query) else { panic!("not a query") };
        let Datagram::Reply(reply) = reply else { panic!("not a reply") };
        let answer = Reply { txn: asked.txn, round: asked.round, ..reply };
        let answer = encode(Datagram::Reply(answer), None);
        let found = discoverer.handle_datagram(Instant::ZERO, arrival, &answer);
        assert!(matches!(found, Some(Action::Emit(Event::Found(_)))), "{found:?}");
        bencher.iter(|| {
            black_box(discoverer.handle_datagram(Instant::ZERO, arrival, black_box(&answer)));
        });
    });
    group.bench_function("decode reply", |bencher| {
        bencher.iter(|| wire::decode(black_box(&answer)).is_ok());
    });
    group.bench_function("encode reply", |bencher| {
        let mut buffer = Vec::with_capacity(2048);
        bencher.iter(|| {
            buffer.clear();
            black_box(reply).encode(None, &mut buffer);
            black_box(&buffer);
        });
    });
    group.bench_function("verify query, 128 B", |bencher| {
        bencher.iter(|| keyring.verify(from, black_box(&sealed)).is_ok());
    });
    group.bench_function("fill a filter with 900", |bencher| {
        bencher.iter_batched_ref(
            || vec![0; Filter::bytes_for(900)],
            |bits| {
                let mut builder = FilterBuilder::new(bits, TXN, 3);
                (0..900u64).for_each(|id| builder.insert(black_box(id)));
                black_box(builder.finish());
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// Without a rate, so that it answers all that is asked.
fn responder() -> Responder {
    let offer = Offer::new("printer").expect("a name");
    let mut responder =
        Responder::new(Responding { rate: None, announce: false, ..Responding::of(offer) }, 1);
    let started = responder.handle_timeout(Instant::ZERO);
    assert_eq!(started, None);
    responder
}

fn encode(datagram: Datagram<'_>, seal: Option<Seal<'_>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    datagram.encode(seal, &mut bytes);
    bytes
}

criterion_group!(benches, decode);
criterion_main!(benches);
