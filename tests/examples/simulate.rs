//! What the structured protocol does on a network of a given size and loss: the table with which its
//! scheme was chosen, from the machines themselves.
//!
//! ```text
//! cargo run --release -p mcast-tests --example simulate -- --responders 10,1000 --loss 0,0.3
//! cargo run --release -p mcast-tests --example simulate -- --false-completions 10000 \
//!     --responders 10,100 --loss 0.5
//! ```
//!
//! The model: a query is heard by each responder with 1 - loss, an answer arrives with 1 - loss, each
//! by itself; an answer leaves after an exponential 0.3 ms, and each way takes 0.1 ms; then come a
//! switch port (gigabit, 4000 datagrams) and a socket (256 datagrams, read at 200,000 a second), both
//! exact queues. Megabytes count all datagrams of all hosts with 42 bytes of headers each; the peak is
//! of one millisecond at the asker's port. Each figure is the median of the runs.

use std::time::Duration;

use clap::Parser;
use mcast_proto::{Instant, Rate, Summary, service};
use mcast_tests::sim::{Air, Host, Link, NodeId, Sim, Socket, Stalls, Traffic, What};

#[derive(Parser)]
struct Args {
    /// How many responders there are; several make several rows.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000,10000")]
    responders: Vec<u32>,
    /// The share of datagrams lost each way, 0 to 1; several make several rows.
    #[arg(long, value_delimiter = ',', default_value = "0,0.1,0.3,0.5")]
    loss: Vec<f64>,
    /// Runs for each row, instead of a number that suits the size.
    #[arg(long)]
    runs: Option<u64>,
    /// The first run's seed; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Quiet sweeps before it says complete: fast 8, normal 16, thorough 32.
    #[arg(long, default_value = "normal", value_parser = effort)]
    effort: service::Effort,
    /// The share of responders whose links are worse.
    #[arg(long, default_value_t = 0.0)]
    worse: f64,
    /// The loss each way on those.
    #[arg(long, default_value_t = 0.8)]
    worse_loss: f64,
    /// Datagrams a second that the asker reads.
    #[arg(long, default_value_t = 200_000)]
    drain: u64,
    /// Datagrams that the asker's socket holds.
    #[arg(long, default_value_t = 256)]
    buffer: usize,
    /// Megabits a second of the asker's link.
    #[arg(long, default_value_t = 1000)]
    megabits: u64,
    /// The asker stalls for this many milliseconds, ten times a second.
    #[arg(long)]
    stall_ms: Option<u64>,
    /// Everything goes over Wi-Fi: multicasts at 1 Mbit/s, 3000 unicasts a second.
    #[arg(long)]
    wifi: bool,
    /// Multicasts wait for a multiple of this many milliseconds (with --wifi).
    #[arg(long)]
    dtim_ms: Option<u64>,
    /// Instead of the table: of this many runs, how many said complete and were not?
    #[arg(long)]
    false_completions: Option<u64>,
}

fn effort(name: &str) -> Result<service::Effort, String> {
    match name {
        "fast" => Ok(service::Effort::Fast),
        "normal" => Ok(service::Effort::Normal),
        "thorough" => Ok(service::Effort::Thorough),
        _ => Err("fast, normal or thorough".into()),
    }
}

/// What a run came to.
struct Run {
    responders: u32,
    /// When each was found, from the start, in order.
    found: Vec<Duration>,
    done: Summary,
    traffic: Traffic,
    peak: u64,
}

fn main() {
    let args = Args::parse();
    match args.false_completions {
        None => table(&args),
        Some(runs) => false_completions(&args, runs),
    }
}

fn table(args: &Args) {
    println!(
        "|loss|responders|found|first s|99 % s|100 % s|done s|replies|queries|MB|peak pps|drops|false|"
    );
    println!("|-|-|-|-|-|-|-|-|-|-|-|-|-|");
    for &loss in &args.loss {
        for &responders in &args.responders {
            let runs: Vec<Run> = (0..args.runs.unwrap_or(usual_runs(responders)))
                .map(|number| run(args, responders, loss, args.seed + number))
                .collect();
            row(loss, responders, &runs);
        }
    }
}

fn usual_runs(responders: u32) -> u64 {
    match responders {
        0..=10 => 200,
        11..=100 => 100,
        101..=1_000 => 40,
        1_001..=10_000 => 6,
        _ => 2,
    }
}

fn row(loss: f64, responders: u32, runs: &[Run]) {
    let of = |value: &dyn Fn(&Run) -> f64| median(runs.iter().map(value).collect());
    let at = |share: f64| {
        of(&|run: &Run| {
            let index = (share * f64::from(run.responders)).ceil() as usize;
            run.found.get(index.max(1) - 1).map_or(f64::NAN, Duration::as_secs_f64)
        })
    };
    println!(
        "|{loss}|{responders}|{:.4}|{:.4}|{:.4}|{:.4}|{:.2}|{}|{}|{:.3}|{}|{}|{}|",
        of(&|run| run.found.len() as f64 / f64::from(run.responders)),
        at(0.0),
        at(0.99),
        at(1.0),
        of(&|run| run.done.elapsed.as_secs_f64()),
        of(&|run| run.traffic.unicasts as f64),
        of(&|run| run.traffic.multicasts as f64),
        of(&|run| run.traffic.bytes as f64 / 1e6),
        of(&|run| run.peak as f64 * 1000.0),
        of(&|run| run.traffic.overflows as f64),
        runs.iter().filter(|run| run.is_false()).count(),
    );
}

fn false_completions(args: &Args, runs: u64) {
    println!("|loss|responders|runs|said complete|and were not|");
    println!("|-|-|-|-|-|");
    for &loss in &args.loss {
        for &responders in &args.responders {
            let (mut complete, mut wrong) = (0, 0);
            for number in 0..runs {
                let run = run(args, responders, loss, args.seed + number);
                complete += u64::from(run.done.complete == Some(true));
                wrong += u64::from(run.is_false());
            }
            println!("|{loss}|{responders}|{runs}|{complete}|{wrong}|");
        }
    }
}

impl Run {
    fn is_false(&self) -> bool {
        self.done.complete == Some(true) && self.found.len() < self.responders as usize
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

fn run(args: &Args, responders: u32, loss: f64, seed: u64) -> Run {
    let mut sim = Sim::new(seed).without_trace();
    if args.wifi {
        sim = sim.over_air(Air {
            multicast_bits_per_second: 1_000_000,
            unicasts_per_second: 3_000,
            dtim: args.dtim_ms.map(Duration::from_millis),
        });
    }
    let group = (service::GROUP_V4, service::PORT).into();
    let offer = service::Offer::new("simulated").expect("the name is valid");
    let response = service::Responding {
        announce: false,
        // The asker's own limits are what is measured here.
        rate: Some(Rate::default()),
        stores: service::Stores { pending: 6, recent: 2, sources: 1 },
        ..service::Responding::of(offer)
    };
    // On Wi-Fi unicasts are repeated until they arrive: 2 % are lost all the same.
    let loss_out = if args.wifi { 0.02 } else { loss };
    let link =
        Link { processing: Duration::from_micros(300), loss_in: loss, loss_out, ..Link::default() };
    let worse = (f64::from(responders) * args.worse).round() as u32;
    for number in 0..responders {
        let link = if number < worse { link.loss(args.worse_loss) } else { link };
        let machine = service::Responder::new(response.clone(), sim.draw());
        sim.add(Host::new(group, true).link(link), machine);
    }
    // The responders come to rest before the asker starts.
    let start = Instant::from_millis(1000);
    sim.run_until(start);
    let discovery = service::Discovery {
        effort: args.effort,
        deadline: Some(Duration::from_secs(60)),
        ..service::Discovery::of("simulated").expect("the name is valid")
    };
    let socket = Socket {
        buffer: args.buffer,
        drain: args.drain,
        bits_per_second: args.megabits * 1_000_000,
        stalls: args.stall_ms.map(|ms| Stalls {
            every: Duration::from_millis(100),
            length: Duration::from_millis(ms),
        }),
        ..Socket::default()
    };
    let link = Link { delay: Duration::ZERO, ..Link::default() };
    let host = Host::new(group, false).link(link).socket(socket);
    let machine = service::Discoverer::new(discovery, sim.draw());
    let asker = sim.add(host, machine);
    assert!(sim.run_until_done(asker, start + Duration::from_secs(100)), "it never ended");
    result(&sim, asker, responders, start)
}

fn result(sim: &Sim, asker: NodeId, responders: u32, start: Instant) -> Run {
    let mut found = Vec::new();
    let mut done = Summary::default();
    for record in sim.records_of(asker) {
        match record.what {
            What::ServiceFound { .. } => found.push(record.at - start),
            What::Done(summary) => done = summary,
            _ => {}
        }
    }
    let (traffic, peak) = (sim.traffic(), sim.busiest_millisecond(asker));
    Run { responders, found, done, traffic, peak }
}
