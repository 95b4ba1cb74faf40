//! Asking for one neighbour.

use std::io;
use std::net::IpAddr;

use super::Rtnetlink;
use super::message::u16_at;
use crate::interfaces::neighbour::State;

/// The place of `ndm_state` in `struct ndmsg` (linux/neighbour.h), and the attribute with the address.
const STATE: usize = 8;
const NDA_DST: u16 = 1;

impl Rtnetlink {
    /// Asks for the state of one neighbour (since Linux 5.0).
    pub(crate) fn neighbour(&mut self, interface: u32, ip: IpAddr) -> io::Result<State> {
        let mut ndmsg = [0; 12];
        ndmsg[0] = match ip {
            IpAddr::V4(_) => libc::AF_INET as u8,
            IpAddr::V6(_) => libc::AF_INET6 as u8,
        };
        ndmsg[4..8].copy_from_slice(&interface.to_ne_bytes());
        let (v4, v6);
        let octets: &[u8] = match ip {
            IpAddr::V4(ip) => {
                v4 = ip.octets();
                &v4
            }
            IpAddr::V6(ip) => {
                v6 = ip.octets();
                &v6
            }
        };
        let mut found = State::Unknown;
        let asked = self.ask((libc::RTM_GETNEIGH, 0), &ndmsg, &[(NDA_DST, octets)], |_, body| {
            found = u16_at(body, STATE).map_or(State::Unknown, state);
        });
        match asked {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(State::Unknown),
            asked => asked.map(|()| found),
        }
    }
}

fn state(bits: u16) -> State {
    match bits {
        libc::NUD_NONE => State::Unknown,
        libc::NUD_INCOMPLETE => State::Resolving,
        libc::NUD_FAILED => State::Failed,
        // Also where the address may be out of date, or is being verified: until that has failed
        // datagrams go there.
        _ => State::Resolved,
    }
}
