//! `mcast`: find what is out there, by multicast.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "doc comments on arguments are clap's help, in which brackets are brackets"
)]
#![forbid(unsafe_code)]

mod args;
mod command;
mod config;
mod devices;
mod doubts;
mod escape;
mod failure;
mod hint;
mod kinds;
mod names;
mod offer;
mod parse;
mod payload;
mod place;
mod progress;
mod render;
mod roster;
mod secret;
mod session;
mod signals;
mod table;
mod terminal;
mod throttle;
mod tick;
mod usage;
mod verb;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use command::{Cli, Verb};
use terminal::TERMINAL;

fn main() -> ExitCode {
    let Cli { verb, console } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::report(&error),
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
        Verb::Completions(completions) => completions.run(Cli::command()),
        Verb::Man(man) => man.run(Cli::command()),
    };
    let code = match result {
        Ok(status) => status.into(),
        Err(failure) => {
            TERMINAL.error(&failure);
            failure.exit_code()
        }
    };
    TERMINAL.finish();
    code
}
