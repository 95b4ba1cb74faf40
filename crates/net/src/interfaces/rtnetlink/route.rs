//! Asking by which way a datagram would leave.

use std::io;
use std::net::IpAddr;

use rustix::io::Errno;

use super::Rtnetlink;
use super::message::{RTMSG, attributes, u32_at};

/// The place of `rtm_type` in `struct rtmsg` (linux/rtnetlink.h).
const TYPE: usize = 7;

impl Rtnetlink {
    /// The interface by which the kernel sends to an address where nobody chooses one; `None` where it has
    /// no route.
    pub(crate) fn route_to(&mut self, to: IpAddr) -> io::Result<Option<u32>> {
        let (family, octets) = match to {
            IpAddr::V4(ip) => (libc::AF_INET, ip.octets().to_vec()),
            IpAddr::V6(ip) => (libc::AF_INET6, ip.octets().to_vec()),
        };
        let mut rtmsg = [0; RTMSG];
        rtmsg[0] = family as u8;
        rtmsg[1] = 8 * octets.len() as u8;
        let mut found = None;
        let to = [(libc::RTA_DST, &octets[..])];
        let asked = self.ask((libc::RTM_GETROUTE, 0), &rtmsg, &to, |kind, body| {
            if kind == libc::RTM_NEWROUTE {
                found = interface(body);
            }
        });
        match asked {
            // The kernel's words for a route that is not there, and for one that forbids.
            Err(cause) if is_no_route(&cause) => Ok(None),
            asked => asked.map(|()| found),
        }
    }
}

fn interface(body: &[u8]) -> Option<u32> {
    let leads_on = [libc::RTN_UNICAST, libc::RTN_MULTICAST, libc::RTN_LOCAL, libc::RTN_BROADCAST];
    let kind = *body.get(TYPE)?;
    let (_, index) = attributes(body, RTMSG).find(|(kind, _)| *kind == libc::RTA_OIF)?;
    u32_at(index, 0).filter(|_| leads_on.contains(&kind))
}

fn is_no_route(cause: &io::Error) -> bool {
    let errno = Errno::from_io_error(cause);
    matches!(errno, Some(Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::ACCESS))
}
