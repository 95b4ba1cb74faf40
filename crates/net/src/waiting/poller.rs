//! What poll(2) was asked and has answered.

use rustix::event::PollFd;

use crate::waiting::alarm::Alarm;

/// What was waited for, in lists that are made once.
#[derive(Debug)]
pub(crate) struct Poller {
    /// The list of the last poll, emptied: kept for its room.
    pub(crate) fds: Vec<PollFd<'static>>,
    /// `None` where the system has none.
    pub(crate) alarm: Option<Alarm>,
    /// Which channels have something to read, by place.
    pub(crate) readable: Vec<bool>,
}

impl Poller {
    pub(crate) fn new() -> Poller {
        Poller { fds: Vec::new(), alarm: Alarm::new().ok(), readable: Vec::new() }
    }
}
