//! `mcast`: find what is out there, by multicast.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "doc comments on arguments are clap's help, in which brackets are brackets"
)]
#![forbid(unsafe_code)]

mod args;
mod command;
mod completion;
mod config;
mod describing;
mod devices;
mod doubts;
mod escape;
mod failure;
mod file;
mod hint;
mod kinds;
mod names;
mod offer;
mod pages;
mod parse;
mod payload;
mod place;
mod progress;
mod readiness;
mod reload;
mod render;
mod roster;
mod run;
mod secret;
mod session;
mod signals;
mod table;
mod terminal;
mod throttle;
mod tick;
mod topic;
mod usage;
mod verb;
mod within;

use std::process::ExitCode;

use clap::CommandFactory;

use command::{Cli, Verb};
use terminal::TERMINAL;

fn main() -> ExitCode {
    completion::answer(Cli::command);
    let is_json = usage::asks_for_json(std::env::args_os());
    if let Some(text) = topic::of(&std::env::args_os().collect::<Vec<_>>()) {
        return usage::help(text);
    }
    let Cli { verb, console } = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return usage::report(&error, is_json),
    };
    console.set_up();
    let result = match verb {
        Verb::Discover(discover) => discover.run(&console),
        Verb::Respond(respond) => respond.run(&console),
        Verb::Send(send) => send.run(&console),
        Verb::Listen(listen) => listen.run(&console),
        Verb::Scan(scan) => scan.run(&console),
        Verb::Doctor(doctor) => doctor.run(&console),
        Verb::Demo(demo) => demo.run(),
        Verb::Key(key) => key.run(&console),
        Verb::Completions(completions) => completions.run(),
        Verb::Man(man) => man.run(Cli::command()),
    };
    let code = match result {
        Ok(status) => status.into(),
        Err(failure) => {
            TERMINAL.error(&failure);
            TERMINAL.finish();
            if is_json && !failure.is_told() {
                usage::tell(failure.code(), &failure.to_string());
            }
            failure.exit_code()
        }
    };
    TERMINAL.finish();
    code
}
