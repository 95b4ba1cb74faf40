//! What those need who keep it: keys, completions, manual pages, a service that systemd starts.
#![cfg(target_os = "linux")]

mod completions;
mod contract;
mod demo;
mod keys;
mod manual;
mod readiness;

use std::process::{Command, Output};

const MCAST: &str = env!("CARGO_BIN_EXE_mcast");

fn mcast(words: &[&str]) -> Output {
    Command::new(MCAST).args(words).output().expect("mcast runs")
}

#[track_caller]
fn stdout(words: &[&str]) -> String {
    let output = mcast(words);
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("what mcast says is UTF-8")
}

/// What the help of a verb, or of a part of one, says.
fn help(verb: &str) -> String {
    stdout(&[&verb.split(' ').collect::<Vec<_>>()[..], &["--help"]].concat())
}

/// Whether it takes this option, which its help tells with a value or without.
fn takes(verb: &str, option: &str) -> bool {
    help(verb).lines().any(|line| {
        line.trim_start().starts_with('-') && line.split([' ', ',']).any(|word| word == option)
    })
}

/// The verbs and their parts, each as its words, by the help that people read.
fn verbs() -> Vec<String> {
    let listed = |words: &[&str]| -> Vec<String> {
        let help = stdout(words);
        let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let lines = lines.take_while(|line| !line.is_empty());
        let words = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let words = words.filter_map(|line| line.split_whitespace().next());
        words.filter(|word| *word != "help").map(str::to_owned).collect()
    };
    let mut all = Vec::new();
    for verb in listed(&["-h"]) {
        let parts = listed(&[&verb, "-h"]);
        all.push(verb.clone());
        all.extend(parts.iter().map(|part| format!("{verb} {part}")));
    }
    assert!(all.len() > 8, "{all:?}");
    all
}
