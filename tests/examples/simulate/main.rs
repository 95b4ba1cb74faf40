//! What the structured protocol does on a network of a given size and loss: the table with which its
//! scheme was chosen, from the machines themselves.
//!
//! ```text
//! cargo run --release -p mcast-tests --example simulate -- --responders 10,1000 --loss 0,0.3
//! cargo run --release -p mcast-tests --example simulate -- --burst 20 --attributes 200 --delay 3
//! cargo run --release -p mcast-tests --example simulate -- --false-completions 10000 \
//!     --responders 10,100 --loss 0.5
//! ```
//!
//! It says itself what its network is like and what its columns are.

mod args;
mod header;

use std::time::Duration;

use clap::Parser;
use mcast_tests::scenario::Outcome;

use args::Args;

fn main() {
    let args = Args::parse();
    header::print(&args);
    match args.false_completions {
        None => table(&args),
        Some(runs) => false_completions(&args, runs),
    }
}

fn table(args: &Args) {
    println!(
        "|loss|responders|found|first s|99 % s|100 % s|done s|replies|queries|MB|peak pps|drops|false|whole|"
    );
    println!("|-|-|-|-|-|-|-|-|-|-|-|-|-|-|");
    for &loss in &args.loss {
        for &responders in &args.responders {
            let scenario = args.scenario(responders, loss);
            let runs: Vec<Outcome> = (0..args.runs.unwrap_or(usual_runs(responders)))
                .map(|number| scenario.run(args.seed + number))
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

fn row(loss: f64, responders: u32, runs: &[Outcome]) {
    let of = |value: &dyn Fn(&Outcome) -> f64| median(runs.iter().map(value).collect());
    let share = |part: usize| part as f64 / f64::from(responders);
    let at = |share: f64| {
        of(&|run: &Outcome| {
            let index = (share * f64::from(responders)).ceil() as usize;
            run.found.get(index.max(1) - 1).map_or(f64::NAN, Duration::as_secs_f64)
        })
    };
    println!(
        "|{loss}|{responders}|{:.4}|{:.4}|{:.4}|{:.4}|{:.2}|{}|{}|{:.3}|{}|{}|{}|{:.4}|",
        of(&|run| share(run.found.len())),
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
        of(&|run| share(run.told_whole(responders))),
    );
}

fn false_completions(args: &Args, runs: u64) {
    println!("|loss|responders|runs|said complete|and were not|");
    println!("|-|-|-|-|-|");
    for &loss in &args.loss {
        for &responders in &args.responders {
            let (mut complete, mut wrong) = (0, 0);
            let scenario = args.scenario(responders, loss);
            for number in 0..runs {
                let run = scenario.run(args.seed + number);
                complete += u64::from(run.verdict.is_complete());
                wrong += u64::from(run.is_false());
            }
            println!("|{loss}|{responders}|{runs}|{complete}|{wrong}|");
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
