//! What went over each interface.

use crate::Error;
use crate::channel::Purpose;

/// What went over an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InterfaceReport {
    /// The interface's name.
    pub name: String,
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams received.
    pub received: u64,
    /// Datagrams that the system refused to send.
    pub send_errors: u64,
    /// Datagrams that were given up: their peer was not found on the link, or there was no room for them
    /// for too long.
    pub send_drops: u64,
}

/// The slot of a socket for this purpose.
pub(crate) fn slot(purpose: &Purpose) -> usize {
    let asks = matches!(purpose, Purpose::Ask { .. });
    usize::from(asks) << 1 | usize::from(purpose.is_ipv4())
}

/// An interface's report while it is being written. It outlives the interface, and goes on when one of
/// the same name comes.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) report: InterfaceReport,
    /// By slot.
    is_failing: [bool; SLOTS],
}

/// The kinds of sockets of an interface: to ask and to hear, of either family. Each fails and works
/// apart from the others.
const SLOTS: usize = 4;

impl Account {
    pub(crate) fn new(name: &str) -> Account {
        let report = InterfaceReport { name: name.to_owned(), ..InterfaceReport::default() };
        Account { report, is_failing: [false; SLOTS] }
    }

    pub(crate) fn note_sent(&mut self, slot: usize, datagrams: usize) {
        self.report.sent += datagrams as u64;
        self.is_failing[slot] = false;
    }

    /// Logs what failed: for people once, and then, until something works again, for those who look
    /// closely.
    pub(crate) fn complain(&mut self, slot: usize, error: &Error) {
        let level = if self.is_failing[slot] { log::Level::Debug } else { log::Level::Warn };
        log::log!(level, "{error}");
        self.is_failing[slot] = true;
    }
}
