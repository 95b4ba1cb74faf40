//! The command: its help, and its verbs.

use clap::{Parser, Subcommand};

use crate::args::Console;
use crate::verb;

/// Find what is out there, by multicast
///
/// One side asks a multicast group "who's there?", every program that hears it answers "Me!" to the one
/// that asked. mcast is both sides, and whatever you need to see what goes on between them.
#[derive(Debug, Parser)]
#[command(name = "mcast", version, max_term_width = 100, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    #[command(flatten)]
    pub(crate) console: Console,
}

const EXAMPLES: &str = "\
Examples:
  mcast demo                      see how it works, on this machine alone
  mcast respond                   answer whoever asks, until Ctrl-C
  mcast discover                  ask who is there, on every network of this machine
  mcast discover --json | jq .    the same for a program
  mcast listen                    see what is sent to the group
  mcast scan                      see what is on this network, in every language that devices speak
  mcast doctor                    see why nobody is found, and what to do
  mcast send hello                send something to it

Exit status: 0 it did what it was asked, 1 it found none or too few, or a fault,
2 the command line is wrong, 3 the network or the system refused, 129, 130 or 143 it was interrupted.";

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Discover(verb::discover::Discover),
    Respond(verb::respond::Respond),
    Send(verb::send::Send),
    Listen(verb::listen::Listen),
    Scan(verb::scan::Scan),
    Doctor(verb::doctor::Doctor),
    Demo(verb::demo::Demo),
    Completions(verb::completions::Completions),
    Man(verb::man::Man),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
