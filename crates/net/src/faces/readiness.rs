//! All that a driver waits for, as one descriptor that another's event loop can wait for.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};

use crate::endpoint::Endpoint;
use crate::waiting::alarm::Alarm;

/// What is waited for beside the sockets; those have their numbers, from 1 on.
const NEWS: u64 = 0;
const ALARM: u64 = u64::MAX;

/// A set of an endpoint's sockets and of what else wakes its driver: epoll(7).
#[derive(Debug)]
pub(crate) struct Readiness {
    epoll: OwnedFd,
    alarm: Alarm,
    /// The numbers of the channels in the set, and what of each is waited for.
    watched: Vec<(u64, epoll::EventFlags)>,
}

impl Readiness {
    pub(crate) fn new(endpoint: &Endpoint) -> io::Result<Readiness> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let alarm = Alarm::new()?;
        let wakeups = (NEWS, endpoint.wakeups.as_fd());
        let watch = endpoint.watch.fd().map(|fd| (NEWS, fd.as_fd()));
        for (number, fd) in [wakeups, (ALARM, alarm.fd().as_fd())].into_iter().chain(watch) {
            epoll::add(&epoll, fd, epoll::EventData::new_u64(number), epoll::EventFlags::IN)?;
        }
        Ok(Readiness { epoll, alarm, watched: Vec::new() })
    }

    /// Gets ready to wait for so long for the sockets that there are now.
    pub(crate) fn prepare(&mut self, endpoint: &Endpoint, patience: Duration) -> io::Result<()> {
        let Readiness { epoll, alarm, watched } = self;
        // What is closed is in no set any more.
        watched.retain(|(number, _)| endpoint.channels.iter().any(|it| it.number == *number));
        for (place, channel) in endpoint.channels.iter().enumerate() {
            let room = endpoint.outbox.waits_for(place);
            let wanted = epoll::EventFlags::IN
                | if room { epoll::EventFlags::OUT } else { epoll::EventFlags::empty() };
            let data = epoll::EventData::new_u64(channel.number);
            match watched.iter_mut().find(|(number, _)| *number == channel.number) {
                Some((_, flags)) if *flags == wanted => {}
                Some((_, flags)) => {
                    epoll::modify(&*epoll, &channel.socket, data, wanted)?;
                    *flags = wanted;
                }
                None => {
                    epoll::add(&*epoll, &channel.socket, data, wanted)?;
                    watched.push((channel.number, wanted));
                }
            }
        }
        // Of no time at all it would never ring.
        alarm.set(patience.max(Duration::from_nanos(1)))?;
        Ok(())
    }

    /// Whether anything in the set is ready; that it was waited for long enough does not count.
    pub(crate) fn is_ready(&self) -> io::Result<bool> {
        let mut events = [const { MaybeUninit::uninit() }; 2];
        let (ready, _) = epoll::wait(&self.epoll, &mut events, Some(&Timespec::default()))?;
        Ok(ready.iter().any(|event| event.data.u64() != ALARM))
    }
}

impl AsFd for Readiness {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
