//! Noticing that interfaces come, go and change.

use std::io;
use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use linux::Watch;
#[cfg(not(target_os = "linux"))]
pub(crate) use nowhere::Watch;

/// How long interfaces are left unlisted where nothing is noticed: a safety net where the system
/// tells of changes, and the way to notice them where it does not.
pub(crate) const RELIST: Duration =
    if cfg!(target_os = "linux") { Duration::from_secs(60) } else { Duration::from_secs(2) };

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;

    use rustix::io::Errno;
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
    use rustix::net::{bind, netlink, recv, socket_with};

    use super::io;

    /// Becomes readable when the system's interfaces or addresses change.
    #[derive(Debug)]
    pub(crate) struct Watch(OwnedFd);

    impl Watch {
        pub(crate) fn new() -> io::Result<Watch> {
            // rtnetlink(7): RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR.
            const GROUPS: u32 = 0x1 | 0x10 | 0x100;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
            bind(&socket, &netlink::SocketAddrNetlink::new(0, GROUPS))?;
            Ok(Watch(socket))
        }

        /// What to wait for.
        pub(crate) fn fd(&self) -> Option<&OwnedFd> {
            Some(&self.0)
        }

        /// Forgets the changes that were noticed. What they were does not matter, as the interfaces
        /// are listed anew. (Where there were too many the socket says ENOBUFS: one more change.)
        pub(crate) fn still(&self) {
            let mut buffer = [0u8; 4096];
            while !matches!(
                recv(&self.0, &mut buffer[..], RecvFlags::empty()),
                Err(cause) if !matches!(cause, Errno::NOBUFS | Errno::INTR)
            ) {}
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nowhere {
    use super::io;
    use crate::waker::Bell;

    /// Nothing: the system is asked again from time to time.
    #[derive(Debug)]
    pub(crate) struct Watch;

    impl Watch {
        pub(crate) fn new() -> io::Result<Watch> {
            Ok(Watch)
        }

        pub(crate) fn fd(&self) -> Option<&Bell> {
            None
        }

        pub(crate) fn still(&self) {}
    }
}
