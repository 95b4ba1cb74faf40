//! More than a core can read: where the receive queue overflows, what share of honest questions is
//! still answered.

use std::collections::HashSet;
use std::error::Error;
use std::fmt::Write as _;
use std::net::UdpSocket;
use std::time::Duration;

use mcast_net::{clock::Clock, seed};
use mcast_proto::Instant;
use mcast_proto::wire::{self, Datagram, MIN_QUERY, Query};
use mcast_tests::netns::{Host, Process, Signal, World};
use serde_json::Value;

use crate::attacker::{Attacker, Order, Sent, Sources, When};
use crate::forge::{Forgery, mixed};
use crate::page;
use crate::program::{beside_a_busy_one, discover, host, services};

/// How long each load lasts, in seconds.
const SECONDS: u32 = 8;
/// More than can be sent.
const MOST: u32 = 500_000;

/// Makes a process of this binary an asker of single questions.
const QUESTIONS: &str = "MCAST_TESTS_QUESTIONS";
/// How many questions, and how far apart. Each is waited for as long as the load lasts.
const COUNT: u64 = 120;
const APART: Duration = Duration::from_millis(50);

#[test]
#[ignore = "measures: twelve loads of some seconds"]
fn overload() {
    let mut table = String::from(
        "| what comes | offered/s | of what it can read | read/s | dropped by the kernel | honest questions answered |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    let kinds = [("junk", Forgery::Junk(64)), ("forged questions", Forgery::Query(MIN_QUERY))];
    for (kind, forgery) in kinds {
        let most = Load::of(&forgery, MOST);
        let core = most.read.min(most.offered);
        for times in [0.0, 0.5, 1.0, 2.0, 5.0] {
            let load = Load::of(&forgery, (core * times) as u32);
            let Load { offered, read, dropped, answered } = load;
            // Where the sender is not quick enough, the row says what it was.
            let reached = offered / core;
            let row = format!(
                "| {kind} | {offered:.0} | {reached:.1} (of {times} asked) | {read:.0} | {:.1} % | {:.0} % |",
                100.0 * dropped,
                100.0 * answered
            );
            eprintln!("{row}");
            writeln!(table, "{row}").expect("a string takes it");
        }
    }
    page::put("Overload", &table);
}

/// What a load came to.
struct Load {
    offered: f64,
    read: f64,
    /// Of those that came, as a share.
    dropped: f64,
    /// The share of honest questions.
    answered: f64,
}

impl Load {
    /// So many datagrams a second, to a responder that has a thirtieth of a core.
    fn of(forgery: &Forgery, each_second: u32) -> Load {
        let world = World::new().expect("a world");
        let lan = world.segment();
        let [asker, home, liar] = [1, 2, 3].map(|number| host(&world, &lan, number));
        let (rival, responder) = beside_a_busy_one(&home, "lab-3");
        // Who asks under the load has asked before, so that its hardware address is known.
        discover(&asker, 1000, "");
        let attacker = (each_second > 0).then(|| {
            let count = u64::from(each_second) * u64::from(SECONDS);
            let order = Order {
                forgery: forgery.clone(),
                from: Sources { first: [10, 0, 2, 0].into(), count: 62_500, port: 0 },
                to: services(),
                ttl: 1,
                when: When::Rate { each_second, count },
            };
            Attacker::start(&liar, &order)
        });
        let answered = questions(&asker);
        let Sent { count, seconds } =
            attacker.map_or(Sent { count: 0, seconds: SECONDS.into() }, Attacker::finish);
        drop(rival);
        let finished = responder.stop(Signal::TERM);
        let done = finished.stdout.lines().last().unwrap_or_default();
        let done: Value = serde_json::from_str(done).unwrap_or_else(|_| panic!("{finished:?}"));
        let [received, drops] = ["received", "kernel_drops"]
            .map(|field| done[field].as_f64().unwrap_or_else(|| panic!("{done}")));
        Load {
            offered: count as f64 / seconds,
            read: received / seconds,
            dropped: drops / (received + drops).max(1.0),
            answered,
        }
    }
}

/// Asks from a host: the share that was answered.
fn questions(asker: &Host<'_>) -> f64 {
    let mut command = asker.command(std::env::current_exe().expect("our own path"));
    command.args(["--exact", "overload::questioner", "--nocapture"]).env(QUESTIONS, "1");
    let line = Process::start(command).line_with("answered ");
    let count = line.split(' ').nth(1).and_then(|count| count.parse::<f64>().ok());
    count.unwrap_or_else(|| panic!("{line}")) / COUNT as f64
}

/// No test, but who asks where one is started.
#[test]
fn questioner() {
    if std::env::var_os(QUESTIONS).is_some() {
        println!("\nanswered {}", ask().unwrap());
    }
}

fn ask() -> Result<usize, Box<dyn Error>> {
    let socket = UdpSocket::bind("10.0.0.1:0")?;
    let group = services();
    let (seed, clock) = (seed(), Clock::new());
    let (mut bytes, mut answered) = (Vec::new(), HashSet::new());
    let (mut heard, mut asked) = ([0; wire::MAX_DATAGRAM + 1], 0);
    let end = Instant::ZERO + APART * COUNT as u32 + Duration::from_secs(1);
    while clock.now() < end {
        let next = Instant::ZERO + APART * asked as u32;
        if asked < COUNT && clock.now() >= next {
            bytes.clear();
            Datagram::Query(Query::new(mixed(seed ^ asked), 1)).encode(None, &mut bytes);
            socket.send_to(&bytes, group)?;
            asked += 1;
        }
        let until = if asked < COUNT { next } else { end };
        socket.set_read_timeout(Some((until - clock.now()).max(Duration::from_millis(1))))?;
        let Ok((length, _)) = socket.recv_from(&mut heard) else { continue };
        if let Ok(Datagram::Reply(reply)) = wire::decode(&heard[..length]) {
            answered.insert(reply.txn);
        }
    }
    Ok(answered.len())
}
