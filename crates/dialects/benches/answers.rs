//! What a captured answer costs to be heard, of one who is known and of one who is not, beside what it costs just
//! to copy it.
//!
//!     cargo bench -p mcast-dialects --bench answers

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mcast_dialects::scan::{Dialect, Discoverer, Discovery};
use mcast_dialects::{coap, preset, ssdp, wsd};
use mcast_proto::{Action, Arrival, Cast, Instant, Machine, Message, Path};

const NOW: Instant = Instant::from_millis(1);

/// One that has put its first question, with that.
fn asked<D: Dialect>(dialect: D) -> (Discoverer<D>, Vec<u8>) {
    let mut machine = Discoverer::new(dialect, Discovery::default(), 7);
    let Some(Action::Send { message: Message::Plain(bytes), .. }) = machine.handle_timeout(NOW)
    else {
        panic!("no question");
    };
    let question = bytes.to_vec();
    (machine, question)
}

fn hear<D: Dialect>(machine: &mut Discoverer<D>, answer: &[u8]) {
    let from = Path::new(([10, 77, 0, 2], 1_900).into());
    let arrival = Arrival::new(from, Cast::Unicast, true);
    assert!(machine.handle_datagram(NOW, arrival, black_box(answer)).is_none());
}

fn bench<D: Dialect>(
    criterion: &mut Criterion,
    name: &str,
    dialect: impl Fn() -> D,
    answer: impl Fn(&[u8]) -> Vec<u8>,
) {
    let mut group = criterion.benchmark_group("answers");
    let bytes = answer(&asked(dialect()).1);
    let mut buffer = vec![0u8; 2_048];
    group.bench_function(format!("copy {name}, {} B", bytes.len()), |bencher| {
        bencher.iter(|| {
            let bytes = black_box(bytes.as_slice());
            buffer[..bytes.len()].copy_from_slice(bytes);
            black_box(&buffer);
        });
    });
    group.bench_function(format!("find {name}"), |bencher| {
        let fresh = || {
            let (machine, question) = asked(dialect());
            (machine, answer(&question))
        };
        bencher.iter_batched_ref(
            fresh,
            |(machine, answer)| hear(machine, answer),
            BatchSize::SmallInput,
        );
    });
    group.bench_function(format!("hear {name} again"), |bencher| {
        let (mut machine, question) = asked(dialect());
        let answer = answer(&question);
        hear(&mut machine, &answer);
        bencher.iter(|| hear(&mut machine, &answer));
        assert_eq!(machine.summary(NOW).found, 1);
    });
    group.finish();
}

fn answers(criterion: &mut Criterion) {
    let as_it_is = |answer: &'static [u8]| move |_: &[u8]| answer.to_vec();
    let device = include_bytes!("../fixtures/ssdp/async-upnp-client-answer-device.bin");
    bench(criterion, "ssdp", ssdp::Ssdp::default, as_it_is(device));
    let camera = include_str!("../fixtures/wsd/wsdiscovery-probe-matches.bin");
    bench(criterion, "wsd", wsd::Wsd::default, |question| {
        let question = std::str::from_utf8(question).expect("text");
        let (_, number) = question.split_once("MessageID>urn:uuid:").expect("a number");
        camera.replace("00000000-0000-4000-8000-000000000002", &number[..36]).into_bytes()
    });
    let links = include_bytes!("../fixtures/coap/libcoap-answer.bin");
    bench(criterion, "coap", coap::Coap::default, |question| {
        let mut answer = links.to_vec();
        answer[0] = answer[0] & 0xf0 | 8;
        answer.splice(4..6, question[4..12].iter().copied());
        answer
    });
    let of = |name: &'static str| {
        move || {
            let all = preset::builtin().expect("a table");
            all.into_iter().find(|preset| preset.name() == name).expect(name)
        }
    };
    let lamp =
        br#"{"msg":{"cmd":"scan","data":{"ip":"10.77.0.2","device":"1F:80:C5","sku":"H6199"}}}"#;
    bench(criterion, "preset in JSON", of("govee"), as_it_is(lamp));
    let bulb =
        b"HTTP/1.1 200 OK\r\nLocation: yeelight://10.77.0.2:55443\r\nid: 0x1\r\nmodel: color\r\n";
    bench(criterion, "preset in header lines", of("yeelight"), as_it_is(bulb));
}

criterion_group!(benches, answers);
criterion_main!(benches);
