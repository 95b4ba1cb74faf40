//! `mcast man`: the manual.

use clap::{Args, Command};
use clap_mangen::Man as Page;

use super::completions::write_stdout;
use crate::failure::{Failure, Status};

/// Print the manual page, or that of a verb
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Man {
    /// The verb
    verb: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  mcast man | man -l -
  mcast man discover > mcast-discover.1";

impl Man {
    /// Prints the page of this command.
    pub(crate) fn run(self, mut command: Command) -> Result<Status, Failure> {
        command.build();
        command = command.mut_subcommand("help", |help| help.hide(true));
        if let Some(verb) = self.verb {
            let Some(found) = command.find_subcommand(&verb) else {
                return Err(Failure::usage(format!("no verb {verb:?}; mcast --help lists them")));
            };
            command = found.clone();
        }
        let mut page = Vec::new();
        Page::new(command).render(&mut page).map_err(Failure::output)?;
        write_stdout(&page)
    }
}
