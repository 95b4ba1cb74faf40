//! The command: its help, and its verbs.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

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

impl Cli {
    /// Reads a command line. What is wrong with a verb's words points to that verb's help.
    pub(crate) fn read(
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Cli, clap::Error> {
        let mut command = Cli::command();
        let mut matches = command.try_get_matches_from_mut(words)?;
        let verb = matches.subcommand_name().map(str::to_owned);
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| {
            // It knows by what name it was called once it is built.
            command.build();
            let of_verb = verb.and_then(|verb| command.find_subcommand_mut(verb)).cloned();
            error.format(&mut of_verb.unwrap_or(command))
        })
    }
}

const EXAMPLES: &str = "\
Examples:
  mcast demo                      see how it works, on this machine only
  mcast respond                   answer whoever asks, until Ctrl-C
  mcast discover                  ask who is there, on every network of this machine
  mcast discover --json | jq .    the same for a program
  mcast listen                    see what is sent to the group
  mcast scan                      see what is on this network, in every protocol that devices speak
  mcast doctor                    see why nobody is found, and what to do
  mcast send hello                send something to it
  mcast help json                 what --json prints

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
    Key(verb::key::Key),
    Completions(verb::completions::Completions),
    Man(verb::man::Man),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
