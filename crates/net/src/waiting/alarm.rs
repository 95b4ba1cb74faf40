//! A wait that goes on while the machine sleeps, as the clock does: poll(2) does not count that time.

#[cfg(not(target_os = "linux"))]
pub(crate) use nowhere::Alarm;
#[cfg(target_os = "linux")]
pub(crate) use timer::Alarm;

#[cfg(target_os = "linux")]
mod timer {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::io::{Errno, Result};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    #[derive(Debug)]
    pub(crate) struct Alarm(OwnedFd);

    impl Alarm {
        pub(crate) fn new() -> Result<Alarm> {
            let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
            timerfd_create(TimerfdClockId::Boottime, flags).map(Alarm)
        }

        /// Has it go off after so long, and no more for what it was set to before.
        pub(crate) fn set(&self, patience: Duration) -> Result<()> {
            let it_value = Timespec::try_from(patience).map_err(|_| Errno::OVERFLOW)?;
            let once = Itimerspec { it_interval: Timespec::default(), it_value };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once).map(drop)
        }

        pub(crate) fn fd(&self) -> &OwnedFd {
            &self.0
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use std::io;
    use std::time::Duration;

    use crate::waiting::waker::WakeSocket;

    /// None: the system's own way of waiting is as good.
    #[derive(Debug)]
    pub(crate) enum Alarm {}

    impl Alarm {
        pub(crate) fn new() -> io::Result<Alarm> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn set(&self, _patience: Duration) -> io::Result<()> {
            match *self {}
        }

        pub(crate) fn fd(&self) -> &WakeSocket {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::fd::AsRawFd;

    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    #[test]
    fn an_alarm_rings_after_its_time_asleep_or_awake() {
        let alarm = Alarm::new().unwrap();
        let rings_within = |patience: Duration| {
            let timeout = Timespec::try_from(patience).unwrap();
            poll(&mut [PollFd::new(alarm.fd(), PollFlags::IN)], Some(&timeout)).unwrap() == 1
        };
        alarm.set(Duration::from_secs(3600)).unwrap();
        assert!(!rings_within(Duration::from_millis(20)));
        alarm.set(Duration::from_millis(1)).unwrap();
        assert!(rings_within(Duration::from_secs(10)));
        alarm.set(Duration::from_secs(3600)).unwrap();
        assert!(!rings_within(Duration::ZERO), "what it rang for before is over");
        let about = format!("/proc/thread-self/fdinfo/{}", alarm.fd().as_raw_fd());
        let about = std::fs::read_to_string(about).unwrap();
        assert!(about.contains(&format!("clockid: {}\n", libc::CLOCK_BOOTTIME)), "{about}");
    }
}
