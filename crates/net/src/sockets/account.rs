//! What went over each interface.

use crate::error::Error;

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
    /// for too long, or the interface that they were to leave by is gone.
    pub send_drops: u64,
    /// Datagrams that were read and were no use: cut short, from an address of no known family, or come in
    /// by an interface that is not in use or from a source that is not to be heard.
    pub receive_drops: u64,
}

/// An interface that has refused one family's datagrams to the group, or the group itself, from the start
/// on: nobody is found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The interface's name.
    pub interface: String,
    /// Which family it is.
    pub ipv6: bool,
    /// What was refused, and why.
    pub reason: String,
}

/// An interface's report while it is being written. It outlives the interface, and goes on when one of
/// the same name comes.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) report: InterfaceReport,
    /// The interface's number, the latest of those that it had.
    pub(crate) index: u32,
    /// Those of each lane, one lane after the other.
    slots: Vec<Slot>,
}

/// The kinds of sockets of a lane on an interface: to ask and to hear, of either family. Each fails and works
/// apart from the others.
pub(crate) const SLOTS: usize = 4;

/// The lane of a slot.
pub(crate) fn lane(slot: usize) -> usize {
    slot / SLOTS
}

/// How it goes for one kind of socket.
#[derive(Debug, Default)]
struct Slot {
    is_failing: bool,
    /// Whether anything to the group ever left.
    has_reached: bool,
    /// Datagrams to the group that did not leave since the last audit.
    unsent: u64,
    /// Whether some did not leave before that audit and were not held against it, as none ever had.
    is_excused: bool,
    /// The last failure, until something works.
    error: Option<String>,
}

impl Account {
    pub(crate) fn new(name: &str, lanes: usize) -> Account {
        let report = InterfaceReport { name: name.to_owned(), ..InterfaceReport::default() };
        let slots = (0..lanes * SLOTS).map(|_| Slot::default()).collect();
        Account { report, index: 0, slots }
    }

    /// Notes that a socket was opened.
    pub(crate) fn note_opened(&mut self, slot: usize) {
        self.slots[slot].error = None;
    }

    pub(crate) fn note_sent(&mut self, slot: usize, datagrams: usize) {
        self.report.sent += datagrams as u64;
        self.slots[slot].is_failing = false;
    }

    /// Whether anything to the group ever left.
    pub(crate) fn has_reached(&self, slot: usize) -> bool {
        self.slots[slot].has_reached
    }

    /// Notes that something to the group left for the first time, and returns whether that is news: it
    /// was refused before.
    pub(crate) fn note_reached(&mut self, slot: usize) -> bool {
        let slot = &mut self.slots[slot];
        slot.has_reached = true;
        slot.error = None;
        std::mem::take(&mut slot.is_excused)
    }

    /// Notes that this many datagrams to the group did not leave.
    pub(crate) fn note_unsent(&mut self, slot: usize, datagrams: u64) {
        self.slots[slot].unsent += datagrams;
    }

    /// Takes the number of datagrams to the group that did not leave, of a slot by which they once did.
    pub(crate) fn take_unsent(&mut self) -> u64 {
        let take = |slot: &mut Slot| {
            let unsent = std::mem::take(&mut slot.unsent);
            slot.is_excused |= unsent > 0 && !slot.has_reached;
            if slot.has_reached { unsent } else { 0 }
        };
        self.slots.iter_mut().map(take).sum()
    }

    /// The slots by which something to the group once left.
    pub(crate) fn reached(&self) -> impl Iterator<Item = usize> {
        (0..self.slots.len()).filter(|slot| self.has_reached(*slot))
    }

    /// Logs what failed: for people once, and then, until something works again, for those who look
    /// closely.
    pub(crate) fn log_failure(&mut self, slot: usize, error: &Error) {
        let slot = &mut self.slots[slot];
        let level = if slot.is_failing { log::Level::Debug } else { log::Level::Warn };
        log::log!(level, "{error}");
        slot.is_failing = true;
        if !slot.has_reached {
            slot.error = Some(error.to_string());
        }
    }

    /// What was refused from the start on.
    pub(crate) fn refused(&self) -> impl Iterator<Item = Refused> {
        self.slots.iter().enumerate().filter(|(_, slot)| !slot.has_reached).filter_map(
            |(number, slot)| {
                let interface = self.report.name.clone();
                Some(Refused { interface, ipv6: number & 1 == 0, reason: slot.error.clone()? })
            },
        )
    }
}
