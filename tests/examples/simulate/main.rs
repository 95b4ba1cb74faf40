//! What the structured protocol does on a network of a given size and loss: the table with which its
//! scheme was chosen, from the machines themselves.
//!
//! ```text
//! cargo run --release -p mcast-tests --example simulate -- --responders 10,1000 --loss 0,0.3
//! cargo run --release -p mcast-tests --example simulate -- --responders 100 --plot found.svg
//! cargo run --release -p mcast-tests --example simulate -- --burst 20 --attributes 200 --delay 3
//! cargo run --release -p mcast-tests --example simulate -- --false-completions 10000 \
//!     --responders 10,100 --loss 0.5
//! ```
//!
//! It says itself what its network is like and what its columns are.

mod args;
mod header;
mod plot;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mcast_tests::scenario::Outcome;

use args::Args;
use plot::{Curve, Panel};

fn main() -> ExitCode {
    let args = Args::parse();
    header::print(&args);
    if let Some(runs) = args.false_completions {
        false_completions(&args, runs);
        return ExitCode::SUCCESS;
    }
    let panels = table(&args);
    let Some(file) = &args.plot else { return ExitCode::SUCCESS };
    match plot::draw(file, &panels) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulate: cannot draw {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

/// Prints the table, and gives back what a picture of it shows.
fn table(args: &Args) -> Vec<Panel> {
    println!(
        "|loss|responders|found|first s|99 % s|100 % s|done s|replies|queries|MB|peak pps|drops|false|whole|"
    );
    println!("|-|-|-|-|-|-|-|-|-|-|-|-|-|-|");
    let mut panels: Vec<Panel> = args.responders.iter().map(|&count| Panel::new(count)).collect();
    for &loss in &args.loss {
        for panel in &mut panels {
            let scenario = args.scenario(panel.responders, loss);
            let runs: Vec<Outcome> = (0..args.runs.unwrap_or(usual_runs(panel.responders)))
                .map(|number| scenario.run(args.seed + number))
                .collect();
            row(loss, panel.responders, &runs);
            let when = |number| when(&runs, number);
            panel.curves.push(Curve::new(loss, panel.responders, when));
        }
    }
    panels
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
    let at = |share: f64| when(runs, (share * f64::from(responders)).ceil() as u32);
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

/// When so many were found, in seconds from the start; not a number where half the runs or more never found them.
fn when(runs: &[Outcome], number: u32) -> f64 {
    let index = number.max(1) as usize - 1;
    let of = |run: &Outcome| run.found.get(index).map_or(f64::NAN, Duration::as_secs_f64);
    median(runs.iter().map(of).collect())
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
