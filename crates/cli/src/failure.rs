//! Why a verb could not do its work, and how `mcast` exits.

use std::fmt;
use std::io;
use std::process::ExitCode;

use mcast_net::ErrorKind;

/// How a verb ended that did its work: what a script learns from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It did what it was asked.
    Success,
    /// It ran, and did not find what it was asked for.
    Unfulfilled,
    /// A signal of this number ended it.
    Interrupted(u8),
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        match status {
            Status::Success => ExitCode::SUCCESS,
            Status::Unfulfilled => ExitCode::from(1),
            // The shells' convention.
            Status::Interrupted(signal) => ExitCode::from(128 + signal),
        }
    }
}

/// What went wrong, in one line.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    /// Whether a program that reads stdout has been told, or can't be.
    is_told: bool,
}

impl Failure {
    /// The command line is wrong: the code that clap exits with.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { code: 2, message: message.into(), is_told: false }
    }

    /// The network refused, or the system.
    pub(crate) fn network(message: impl Into<String>) -> Failure {
        Failure { code: 3, message: message.into(), is_told: false }
    }

    /// Results could not be written.
    pub(crate) fn output(error: impl fmt::Display) -> Failure {
        let message = format!("cannot write to stdout: {error}");
        Failure { code: 3, message, is_told: true }
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// Whether a program that reads stdout has been told of it, or can't be.
    pub(crate) fn is_told(&self) -> bool {
        self.is_told
    }

    /// The same, of which stdout has been told.
    pub(crate) fn told(self) -> Failure {
        Failure { is_told: true, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<mcast_net::Error> for Failure {
    fn from(error: mcast_net::Error) -> Failure {
        let code = match error.kind() {
            ErrorKind::Settings => 2,
            _ => 3,
        };
        Failure { code, message: error.to_string(), is_told: false }
    }
}

/// The system refused a thread or a signal handler: nothing that the command line could mend.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        let message = format!("the system refused to start: {error}");
        Failure { code: 3, message, is_told: false }
    }
}
