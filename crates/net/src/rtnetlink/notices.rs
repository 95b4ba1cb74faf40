//! What the kernel tells unasked: that interfaces come, go and change.

use std::io;
use std::os::fd::OwnedFd;

use libc::c_int;
use rustix::io::Errno;
use rustix::net::{RecvFlags, bind, netlink, recv};

use super::open;

/// Becomes readable when the system's interfaces, their addresses or prefixes on their links change.
#[derive(Debug)]
pub(crate) struct Notices(OwnedFd);

impl Notices {
    pub(crate) fn new() -> io::Result<Notices> {
        const GROUPS: c_int = libc::RTMGRP_LINK
            | libc::RTMGRP_IPV4_IFADDR
            | libc::RTMGRP_IPV6_IFADDR
            | libc::RTMGRP_IPV6_PREFIX;
        let socket = open()?;
        bind(&socket, &netlink::SocketAddrNetlink::new(0, GROUPS as u32))?;
        Ok(Notices(socket))
    }

    /// What to wait for.
    pub(crate) fn fd(&self) -> Option<&OwnedFd> {
        Some(&self.0)
    }

    /// Forgets the changes that were noticed. What they were does not matter, as the interfaces are
    /// listed anew. (Where there were too many the socket says ENOBUFS: one more change.)
    pub(crate) fn drain(&self) {
        let mut buffer = [0; 4096];
        while !matches!(
            recv(&self.0, &mut buffer[..], RecvFlags::empty()),
            Err(cause) if !matches!(cause, Errno::NOBUFS | Errno::INTR)
        ) {}
    }
}
