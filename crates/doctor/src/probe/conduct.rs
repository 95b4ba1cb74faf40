//! How a probe is run: by which clock, who hears how far it is, and who may end it early.

use std::fmt;
use std::net::UdpSocket;
use std::time::Duration;

use mcast_net::clock::Clock;
use mcast_proto::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// For how long at the most nobody looks whether the probe is to end early.
const GLANCE: Duration = Duration::from_millis(50);

/// How a probe is run.
pub struct Conduct<'a> {
    /// The clock that it goes by.
    clock: Clock,
    /// Hears in a few words what is being done.
    progress: &'a mut dyn FnMut(&str),
    /// Says whether it is to end early.
    is_stopped: &'a dyn Fn() -> bool,
}

impl fmt::Debug for Conduct<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conduct").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl<'a> Conduct<'a> {
    /// Tells `progress` what is being done, and ends early once `is_stopped` says so.
    pub fn new(progress: &'a mut dyn FnMut(&str), is_stopped: &'a dyn Fn() -> bool) -> Conduct<'a> {
        Conduct { clock: Clock::new(), progress, is_stopped }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(super) fn tell(&mut self, what: &str) {
        (self.progress)(what);
    }

    pub(super) fn is_stopped(&self) -> bool {
        (self.is_stopped)()
    }

    /// Waits until one of the sockets has something to read, until then, or for a moment: the caller looks at
    /// all of them, and whether it is to go on.
    pub(super) fn wait<'s>(&self, sockets: impl Iterator<Item = &'s UdpSocket>, until: Instant) {
        let patience = (until - self.now()).min(GLANCE);
        let mut waits: Vec<_> = sockets.map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        let patience =
            Timespec { tv_sec: patience.as_secs() as _, tv_nsec: patience.subsec_nanos() as _ };
        // What goes wrong shows when the sockets are read.
        if let Err(cause) = poll(&mut waits, Some(&patience)) {
            log::debug!("cannot wait for datagrams: {cause}");
        }
    }
}
