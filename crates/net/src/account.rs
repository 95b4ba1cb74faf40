//! What went over each interface.

use crate::Error;

/// What went over an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InterfaceReport {
    /// The interface's name.
    pub name: String,
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams received.
    pub received: u64,
    /// Datagrams that could not be sent.
    pub send_errors: u64,
}

/// An interface's report while it is being written. It outlives the interface, and goes on when one of
/// the same name comes.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) report: InterfaceReport,
    is_failing: bool,
}

impl Account {
    pub(crate) fn new(name: &str) -> Account {
        let report = InterfaceReport { name: name.to_owned(), ..InterfaceReport::default() };
        Account { report, is_failing: false }
    }

    pub(crate) fn note_sent(&mut self, datagrams: usize) {
        self.report.sent += datagrams as u64;
        self.is_failing = false;
    }

    /// Logs what failed: for people once, and then, until something works again, for those who look
    /// closely.
    pub(crate) fn complain(&mut self, error: &Error) {
        let level = if self.is_failing { log::Level::Debug } else { log::Level::Warn };
        log::log!(level, "{error}");
        self.is_failing = true;
    }
}
