//! What an answer costs the responder, beside a plain loop of `recv_from` and `send_to` that answers
//! everything unchecked: `cargo bench -p mcast-net --bench responder`.
//!
//! Both answer the same asker on the loopback interface, in turns, in one run: a figure of its own says
//! nothing on a machine that does other work, the ratio does. Processor time is the answering thread's.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_net::{Driver, Endpoint, Settings};
use mcast_proto::plain::{PROBE, REPLY, Responder, Responding};
use rustix::time::{ClockId, clock_gettime};
use socket2::{Domain, InterfaceIndexOrAddress, SockRef, Socket, Type};

/// Probes that are under way at one time.
const WINDOW: usize = 64;

/// How much is measured.
#[derive(Clone, Copy)]
struct Extent {
    rounds: usize,
    probes: usize,
}

const MEASURE: Extent = Extent { rounds: 7, probes: 30_000 };
/// What `cargo test --bench responder` runs: only whether it still works.
const TRY: Extent = Extent { rounds: 1, probes: 10 * WINDOW };

/// What one turn came to.
#[derive(Clone, Copy)]
struct Turn {
    answers_a_second: f64,
    processor_micros_an_answer: f64,
}

fn main() {
    // `cargo bench` says that it is one.
    let is_bench = std::env::args().any(|word| word == "--bench");
    let Extent { rounds, probes } = if is_bench { MEASURE } else { TRY };
    let (mut driver, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        driver.push(turn(answer_by_driver, probes));
        plain.push(turn(answer_by_loop, probes));
    }
    println!("medians of {rounds} turns of {probes} probes, {WINDOW} at a time (least to most)");
    let micros = |turns: &[Turn]| summarise(turns, |turn| turn.processor_micros_an_answer);
    let rate = |turns: &[Turn]| summarise(turns, |turn| turn.answers_a_second / 1000.0);
    for (name, turns) in [("mcast-net's driver", &driver), ("recv_from and send_to", &plain)] {
        let (cpu, least, most) = micros(turns);
        let (thousands, fewest, greatest) = rate(turns);
        println!(
            "{name:<22} {cpu:.2} µs of processor time an answer ({least:.2} to {most:.2}), \
             {thousands:.0}k answers/s ({fewest:.0}k to {greatest:.0}k)"
        );
    }
    println!("ratio of processor time {:.2}", micros(&driver).0 / micros(&plain).0);
}

/// The median, the least and the most of a figure.
fn summarise(turns: &[Turn], figure: impl Fn(&Turn) -> f64) -> (f64, f64, f64) {
    let mut figures: Vec<f64> = turns.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    (figures[figures.len() / 2], figures[0], figures[figures.len() - 1])
}

/// Sends so many probes to `answer`, which runs in a thread until the flag is set.
fn turn(answer: fn(SocketAddr, &AtomicBool), probes: usize) -> Turn {
    let random = mcast_net::seed().to_ne_bytes();
    let group = SocketAddr::from(([239, 255, random[0], random[1]], 31_998));
    let asker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    asker.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    SockRef::from(&asker).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    let is_over = AtomicBool::new(false);
    let ask = |count: usize| {
        let mut buffer = [0; 64];
        for _ in 0..count / WINDOW {
            for _ in 0..WINDOW {
                asker.send_to(PROBE, group).unwrap();
            }
            for _ in 0..WINDOW {
                let (len, _) = asker.recv_from(&mut buffer).expect("no answer is lost");
                assert_eq!(&buffer[..len], REPLY);
            }
        }
    };
    thread::scope(|scope| {
        let answerer = scope.spawn(|| {
            answer(group, &is_over);
            #[expect(clippy::disallowed_methods, reason = "what it took of the processor, no time")]
            let time = clock_gettime(ClockId::ThreadCPUTime);
            Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
        });
        while asker.send_to(PROBE, group).is_err() || asker.recv_from(&mut [0; 64]).is_err() {}
        // What was asked before the answerer was there is not answered; what was answered twice is
        // read here.
        while asker.recv_from(&mut [0; 64]).is_ok() {}
        let clock = Clock::new();
        ask(probes);
        let elapsed = clock.now() - mcast_proto::Instant::ZERO;
        is_over.store(true, Ordering::Relaxed);
        while !answerer.is_finished() {
            asker.send_to(PROBE, group).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
        let processor_time = answerer.join().unwrap();
        Turn {
            answers_a_second: probes as f64 / elapsed.as_secs_f64(),
            processor_micros_an_answer: processor_time.as_secs_f64() * 1e6 / probes as f64,
        }
    })
}

fn answer_by_driver(group: SocketAddr, is_over: &AtomicBool) {
    let settings = Settings {
        groups: vec![group],
        interfaces: vec!["lo".parse().unwrap()],
        ..Settings::default()
    };
    let response = Responding { port: group.port(), rate: None, ..Responding::default() };
    let machine = Responder::new(response, mcast_net::seed());
    let mut driver = Driver::new(machine, Endpoint::member(&settings).unwrap());
    let stopper = driver.stopper();
    driver
        .run(|_| {
            if is_over.load(Ordering::Relaxed) {
                stopper.stop();
            }
        })
        .unwrap();
}

fn answer_by_loop(group: SocketAddr, is_over: &AtomicBool) {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&group.into()).unwrap();
    let SocketAddr::V4(v4) = group else { unreachable!("the group is IPv4") };
    let loopback = InterfaceIndexOrAddress::Address(Ipv4Addr::LOCALHOST);
    socket.join_multicast_v4_n(v4.ip(), &loopback).unwrap();
    let socket = UdpSocket::from(socket);
    let mut buffer = [0; 65_536];
    while !is_over.load(Ordering::Relaxed) {
        let (_, from) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(REPLY, from).unwrap();
    }
}
