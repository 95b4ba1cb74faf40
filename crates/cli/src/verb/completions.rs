//! `mcast completions`: the hook by which a shell asks what may follow.

use std::io::{self, Write};

use clap::Args;
use clap_complete::Shell;

use crate::completion;
use crate::failure::{Failure, Status};
use crate::terminal::explain;

/// Print the completions for a shell
///
/// They complete verbs, options and their values: interfaces after -i, files, and after --service the services
/// that answer within 0.4 seconds. The shell calls mcast for that, so they always match the mcast that is
/// installed.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  source <(mcast completions bash)                                           in this shell
  mcast completions bash > ~/.local/share/bash-completion/completions/mcast  in each bash
  mcast completions zsh > ~/.zfunc/_mcast                                    in each zsh, with fpath+=~/.zfunc
  mcast completions fish > ~/.config/fish/completions/mcast.fish             in each fish
  mcast completions powershell >> $PROFILE                                   in each PowerShell";

impl Completions {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        write_stdout(&completion::hook(self.shell)?)
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
