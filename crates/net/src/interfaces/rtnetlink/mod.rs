//! Asking the kernel about links, addresses, routes and neighbours: rtnetlink(7).

mod link;
mod listing;
mod message;
mod neighbour;
mod notices;
mod route;

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, send, socket_with};

use message::{messages, write_request};
pub(crate) use notices::Notices;

/// The longest message that the kernel makes of a dump (netlink(7)).
const LONGEST: usize = 32 * 1024;

/// A socket to ask by. The kernel answers within the calls, so that nothing is waited for.
#[derive(Debug)]
pub(crate) struct Rtnetlink {
    socket: OwnedFd,
    sequence: u32,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Rtnetlink {
    pub(crate) fn new() -> io::Result<Rtnetlink> {
        let socket = open()?;
        // Where a kernel before 4.20 does not know it, dumps tell more than was asked for.
        let _ = crate::sys::set_strict_netlink(&socket);
        let (request, answer) = (Vec::with_capacity(64), vec![0; LONGEST]);
        Ok(Rtnetlink { socket, sequence: 0, request, answer })
    }

    /// Asks for all of a kind. Where something changes meanwhile the answer may miss it: that is noticed
    /// apart, and asked for again.
    fn dump(
        &mut self,
        kind: u16,
        structure: &[u8],
        attributes: &[(u16, &[u8])],
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> io::Result<()> {
        self.ask((kind, libc::NLM_F_DUMP), structure, attributes, |answered, body| {
            // RTM_NEW… is the answer to RTM_GET…; what lacks a part is left out.
            if answered == kind - 2 {
                let _ = each(body);
            }
        })
    }

    /// Asks one thing, or with `NLM_F_DUMP` for all of a kind, and passes on the kind and the body of
    /// each message of the answer.
    fn ask(
        &mut self,
        (kind, flags): (u16, i32),
        structure: &[u8],
        attributes: &[(u16, &[u8])],
        mut each: impl FnMut(u16, &[u8]),
    ) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let flags = (libc::NLM_F_REQUEST | flags) as u16;
        write_request(&mut self.request, (kind, flags, self.sequence), structure, attributes);
        send(&self.socket, &self.request, SendFlags::empty())?;
        loop {
            let (_, len) = recv(&self.socket, &mut self.answer[..], RecvFlags::empty())?;
            for message in messages(&self.answer[..len]) {
                // What is left of a dump that was given up.
                if message.sequence != self.sequence {
                    continue;
                }
                match i32::from(message.kind) {
                    libc::NLMSG_DONE => return Ok(()),
                    libc::NLMSG_ERROR => return error(message.body),
                    _ => each(message.kind, message.body),
                }
                if i32::from(message.flags) & libc::NLM_F_MULTI == 0 {
                    return Ok(());
                }
            }
        }
    }
}

fn open() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?)
}

/// The error of an NLMSG_ERROR: none, where its number is zero.
fn error(body: &[u8]) -> io::Result<()> {
    let number = message::u32_at(body, 0).map_or(0, |number| (number as i32).wrapping_neg());
    match number {
        0 => Ok(()),
        number => Err(Errno::from_raw_os_error(number).into()),
    }
}
