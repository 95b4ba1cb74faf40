//! Waiting for datagrams, for room to send them, for changes and for the stopper.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::waiting::waker::drain;

/// What is waited for as long as this, or longer, is waited for by an alarm.
const LONG: Duration = Duration::from_secs(1);

impl Endpoint {
    /// Waits until something can be read, there is room for what waits to be sent, the stopper is
    /// pulled, the interfaces change or `patience` is over, and says whether the interfaces have
    /// changed.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<bool, Error> {
        let Endpoint { channels, poller, outbox, watch, wakeups, .. } = self;
        let mut fds = recycle(std::mem::take(&mut poller.fds));
        fds.extend(channels.iter().enumerate().map(|(place, channel)| {
            let room = if outbox.waits_for(place) { PollFlags::OUT } else { PollFlags::empty() };
            PollFd::new(&channel.socket, PollFlags::IN | room)
        }));
        let (at_wakeups, at_watch) = (fds.len(), fds.len() + 1);
        fds.push(PollFd::new(wakeups, PollFlags::IN));
        fds.extend(watch.fd().map(|fd| PollFd::new(fd, PollFlags::IN)));
        let timeout = match &poller.alarm {
            Some(alarm) if patience >= LONG && alarm.set(patience).is_ok() => {
                fds.push(PollFd::new(alarm.fd(), PollFlags::IN));
                None
            }
            // What is too long to tell the system is as good as for ever.
            _ => Timespec::try_from(patience).ok(),
        };
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => fds.iter_mut().for_each(PollFd::clear_revents),
            Err(cause) => return Err(Error::system("wait for datagrams", cause.into())),
        }
        let is_ready = |fd: &PollFd<'_>| !(fd.revents() - PollFlags::OUT).is_empty();
        poller.readable.clear();
        poller.readable.extend(fds[..at_wakeups].iter().map(is_ready));
        if is_ready(&fds[at_wakeups]) {
            drain(wakeups);
        }
        let is_changed = fds.get(at_watch).is_some_and(is_ready);
        poller.fds = recycle(fds);
        Ok(is_changed)
    }
}

/// Empties a list but keeps its room, for a list of things that live for another time: collecting into
/// a list of the same shape reuses it.
fn recycle<'a>(mut fds: Vec<PollFd<'_>>) -> Vec<PollFd<'a>> {
    fds.clear();
    fds.into_iter().map(|_| -> PollFd<'a> { unreachable!("it was emptied") }).collect()
}
