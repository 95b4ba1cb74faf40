//! Where stdout and stderr lead, and what may be done there.

use std::io::{self, Stderr, Stdout};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};

/// What one of our streams leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream {
    /// A person may read it as it comes.
    pub(crate) is_terminal: bool,
    /// What stands there can be erased and written over.
    pub(crate) can_erase: bool,
    pub(crate) has_colors: bool,
}

/// Both of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streams {
    pub(super) stdout: Stream,
    pub(super) stderr: Stream,
    /// Both are one terminal.
    pub(super) are_one: bool,
}

impl Streams {
    /// Looks where they lead. Colours are as the command line wants them, so it comes after that was read.
    pub(super) fn look() -> Streams {
        let obeys = obeys_sequences();
        let (stdout, stderr) = (io::stdout(), io::stderr());
        Streams {
            are_one: are_one(&stdout, &stderr),
            stdout: Stream::of(&stdout, obeys),
            stderr: Stream::of(&stderr, obeys),
        }
    }
}

impl Stream {
    fn of(stream: &impl RawStream, obeys_sequences: bool) -> Stream {
        let is_terminal = stream.is_terminal();
        let wants_colors = AutoStream::choice(stream) != ColorChoice::Never;
        Stream {
            is_terminal,
            can_erase: is_terminal && obeys_sequences,
            // Who wants colours in a file gets them.
            has_colors: wants_colors && (obeys_sequences || !is_terminal),
        }
    }
}

/// Whether a terminal of ours obeys control sequences (ECMA-48), as far as TERM says; on Windows, whether it
/// does once it is told to.
fn obeys_sequences() -> bool {
    // It is the same question as that for colours: a dumb terminal shows all as text.
    anstyle_query::term_supports_color()
        && anstyle_query::windows::enable_ansi_colors().unwrap_or(true)
}

/// Whether stdout and stderr lead to one terminal.
#[cfg(unix)]
fn are_one(stdout: &Stdout, stderr: &Stderr) -> bool {
    use std::fs::metadata;
    use std::io::IsTerminal;
    use std::os::unix::fs::MetadataExt;

    let device = |path| metadata(path).map(|metadata| metadata.rdev());
    stdout.is_terminal()
        && stderr.is_terminal()
        && matches!((device("/dev/stdout"), device("/dev/stderr")), (Ok(a), Ok(b)) if a == b)
}

/// Whether stdout and stderr lead to one terminal: a process has one at the most.
#[cfg(not(unix))]
fn are_one(stdout: &Stdout, stderr: &Stderr) -> bool {
    use std::io::IsTerminal;

    stdout.is_terminal() && stderr.is_terminal()
}
