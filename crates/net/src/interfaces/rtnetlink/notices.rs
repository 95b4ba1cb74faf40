//! What the kernel tells unasked: that interfaces come, go and change.

use std::io;
use std::os::fd::OwnedFd;

use libc::c_int;
use rustix::io::Errno;
use rustix::net::{RecvFlags, bind, netlink, recv};

use super::message::{Message, messages, u32_at};
use super::open;
use crate::interfaces::news::News;

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

    /// Reads all that is there. What the changes were matters little, as the interfaces are listed anew;
    /// but what fell and rose again the list does not show.
    pub(crate) fn drain(&self) -> News {
        let mut news = News::default();
        let mut buffer = [0; super::LONGEST];
        loop {
            match recv(&self.0, &mut buffer[..], RecvFlags::empty()) {
                Ok((_, len)) => {
                    news.any = true;
                    let fallen = messages(&buffer[..len]).filter_map(|message| fallen(&message));
                    news.fallen.extend(fallen);
                }
                Err(Errno::INTR) => {}
                Err(Errno::NOBUFS) => (news.any, news.overflowed) = (true, true),
                Err(_) => return news,
            }
        }
    }
}

/// The interface that has fallen by this message.
fn fallen(message: &Message<'_>) -> Option<u32> {
    /// The place of the index is the same in `struct ifinfomsg` and `struct ifaddrmsg`.
    const INDEX: usize = 4;
    const FLAGS: usize = 8;
    let has_fallen = match message.kind {
        libc::RTM_DELLINK | libc::RTM_DELADDR => true,
        libc::RTM_NEWLINK => u32_at(message.body, FLAGS)? as c_int & libc::IFF_RUNNING == 0,
        _ => false,
    };
    u32_at(message.body, INDEX).filter(|_| has_fallen)
}
