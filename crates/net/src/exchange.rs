//! One question over TCP to a host on the link, and what it answers, within bounds of length and time.
//!
//! Nothing leaves the link: the host is to be in a network of the interface, the connection is bound to that
//! interface where the system can do it, and what is sent has a TTL or hop limit of 1, which no router passes on.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use mcast_proto::{Instant, InterfaceId};
use socket2::{Domain, Socket, Type};

use crate::clock::Clock;
use crate::interfaces::interface::Interface;
use crate::interfaces::interfaces;

/// How far a packet travels that does not leave the link.
const ON_LINK: u32 = 1;

/// What an answer may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes of it.
    pub longest: usize,
    /// From the connection's beginning to the answer's end.
    pub within: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The host is not on the interface's link, as far as is known.
    OffLink,
    /// It took too long.
    Late,
    /// The answer is too long.
    TooLong,
    /// The system, or the host, refused.
    Refused(io::Error),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unanswered::OffLink => f.write_str("not on the link"),
            Unanswered::Late => f.write_str("no answer in time"),
            Unanswered::TooLong => f.write_str("the answer is too long"),
            Unanswered::Refused(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Unanswered {}

impl From<io::Error> for Unanswered {
    fn from(error: io::Error) -> Unanswered {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Unanswered::Late,
            _ => Unanswered::Refused(error),
        }
    }
}

/// Connects to a host on this interface's link, asks it this, and returns what it answers: all until it closes the
/// connection, or until `is_whole` says that no more is to come. This blocks, for as long as the bounds say.
///
/// # Errors
///
/// If it is not on the link, or does not answer within the bounds. What came of an answer is lost then.
pub fn exchange(
    host: SocketAddr,
    interface: InterfaceId,
    question: &[u8],
    bounds: Bounds,
    mut is_whole: impl FnMut(&[u8]) -> bool,
) -> Result<Vec<u8>, Unanswered> {
    let clock = Clock::new();
    let end = clock.now() + bounds.within;
    let left = || left(clock.now(), end);
    let all = interfaces().map_err(|error| Unanswered::Refused(io::Error::other(error)))?;
    let near = all.iter().find(|it| it.index == interface.0).ok_or(Unanswered::OffLink)?;
    let mut stream = connect(host, near, &all, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    stream.write_all(question)?;
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    loop {
        // Each part takes a part of the time: who sends a byte now and then gains nothing.
        stream.set_read_timeout(Some(left()?))?;
        let count = match stream.read(&mut part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 {
            return Ok(answer);
        }
        answer.extend_from_slice(&part[..count]);
        if answer.len() > bounds.longest {
            return Err(Unanswered::TooLong);
        }
        if is_whole(&answer) {
            return Ok(answer);
        }
    }
}

/// The time that is left; none is too late.
fn left(now: Instant, end: Instant) -> Result<Duration, Unanswered> {
    let left = end - now;
    if left.is_zero() { Err(Unanswered::Late) } else { Ok(left) }
}

fn connect(
    host: SocketAddr,
    near: &Interface,
    all: &[Interface],
    within: Duration,
) -> Result<TcpStream, Unanswered> {
    let ip = host.ip();
    let is_own = all.iter().any(|it| it.addresses.iter().any(|network| network.address == ip));
    // Every interface counts the loopback's addresses as near.
    if !near.is_on_link(ip) || ip.is_loopback() && !near.loopback {
        return Err(Unanswered::OffLink);
    }
    let socket = Socket::new(Domain::for_address(host), Type::STREAM, None)?;
    match host {
        SocketAddr::V4(_) => socket.set_ttl_v4(ON_LINK)?,
        SocketAddr::V6(_) => socket.set_unicast_hops_v6(ON_LINK)?,
    }
    // What goes to this machine itself goes by no card.
    #[cfg(target_os = "linux")]
    if !is_own {
        socket.bind_device(Some(near.name.as_bytes()))?;
    }
    #[cfg(not(target_os = "linux"))]
    if let Some(own) = near.source_for(ip).filter(|_| !is_own && !ip.is_ipv6()) {
        socket.bind(&SocketAddr::new(own, 0).into())?;
    }
    socket.connect_timeout(&host.into(), within)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests;
