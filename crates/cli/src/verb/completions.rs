//! `mcast completions`: what a shell is to know of the command line.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::{Failure, Status};
use crate::terminal::explain;

/// Print a shell's completions
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  mcast completions bash > ~/.local/share/bash-completion/completions/mcast
  mcast completions fish > ~/.config/fish/completions/mcast.fish";

impl Completions {
    /// Prints those of this command.
    pub(crate) fn run(self, mut command: Command) -> Result<Status, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "mcast", &mut script);
        write_stdout(&script)
    }
}

/// Writes a whole text; a reader that closes the pipe has seen enough.
pub(super) fn write_stdout(text: &[u8]) -> Result<Status, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::output(explain(&error)))
        }
        _ => Ok(Status::Success),
    }
}
