//! `mcast man`: the manual.

mod page;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command};

use super::completions::write_stdout;
use crate::failure::{Failure, Status};
use crate::pages;
use crate::terminal::explain;

/// Print the manual page of mcast or of a verb, or write all pages to a directory
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Man {
    /// The verb; for a part of a verb both words, as in key-new
    verb: Option<String>,

    /// Write all pages to this directory, which is created if it does not exist
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    all: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  mcast man discover | man -l -
  mcast man --all ~/.local/share/man/man1    from then on: man mcast-discover";

impl Man {
    /// Prints or writes pages of this command.
    pub(crate) fn run(self, whole: Command) -> Result<Status, Failure> {
        let pages = pages::all(whole);
        if let Some(folder) = self.all {
            return write_all(&folder, &pages).map(|()| Status::Success);
        }
        let verb = self.verb.unwrap_or_default();
        match pages.iter().find(|(name, _)| *name == verb) {
            Some((name, command)) => {
                write_stdout(&page::render(name, command, &pages).map_err(Failure::output)?)
            }
            None => Err(Failure::usage(format!("no verb {verb:?}; mcast --help lists them"))),
        }
    }
}

fn write_all(folder: &Path, pages: &[(String, Command)]) -> Result<(), Failure> {
    let cannot = |what: &Path, error: std::io::Error| {
        Failure::network(format!("cannot write {}: {}", what.display(), explain(&error)))
    };
    fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    for (name, command) in pages {
        let text = page::render(name, command, pages).map_err(Failure::output)?;
        let file = folder.join(page::title(name) + ".1");
        fs::write(&file, text).map_err(|error| cannot(&file, error))?;
    }
    Ok(())
}
