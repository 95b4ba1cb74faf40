//! SSDP, by which UPnP devices are found: televisions, routers, media servers, bulbs.
//!
//! Everybody is searched for twice, by `ssdp:all` and by `upnp:rootdevice`, because some answer one of them
//! alone. A device answers once for each of its parts: each is a find of its own, by its `USN`.

mod answer;
mod identity;
mod lease;
mod question;

pub use question::{GROUP_V4, GROUP_V6, PORT, search, search_one};

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use mcast_proto::{Arrival, Destination, Instant, Lane, Path, Protocol, Role};

use crate::headers::{Headers, Start};
use crate::scan::{self, Dialect, Draws, Told, Verdict};

/// Asks once who is there.
pub type Discoverer = scan::Discoverer<Ssdp>;
/// Asks, hears announcements and goodbyes, and asks those alone whose lease ends.
pub type Watcher = scan::Watcher<Ssdp>;

/// What a datagram is, for those who only count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An answer to a search.
    Answer,
    /// An announcement or a goodbye.
    Notify,
    /// A search.
    Search,
}

impl Kind {
    /// What a datagram is, where it is of SSDP.
    pub fn of(datagram: &[u8]) -> Option<Kind> {
        Some(match Headers::read(datagram)?.start {
            Start::Answer => Kind::Answer,
            Start::Notify => Kind::Notify,
            Start::Search => Kind::Search,
        })
    }
}

/// Targets that are searched for in one round: more would be answered by so many more datagrams.
pub const MOST_TARGETS: usize = 5;
/// The bounds of `MX` in the standard.
const MX: core::ops::RangeInclusive<u8> = 1..=5;
/// How late an answer may be after the time it was asked to come in.
const LATE: Duration = Duration::from_secs(1);

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssdp {
    targets: Vec<String>,
    mx: u8,
}

impl Default for Ssdp {
    /// Everybody, who is to answer within two seconds.
    fn default() -> Ssdp {
        Ssdp { targets: alloc::vec!["ssdp:all".into(), "upnp:rootdevice".into()], mx: 2 }
    }
}

/// A target that can't be searched for: it is empty, too long, has characters that no header line can have,
/// or is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadTarget;

impl core::fmt::Display for BadTarget {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(
            "a search target has 1 to 256 printable characters of ASCII, and there are 5 at most",
        )
    }
}

impl core::error::Error for BadTarget {}

impl Ssdp {
    /// Searches for these targets, such as `urn:dial-multiscreen-org:service:dial:1`.
    ///
    /// # Errors
    ///
    /// If there is none, or more than [`MOST_TARGETS`], or one is none: see [`BadTarget`].
    pub fn targets<'t>(targets: impl IntoIterator<Item = &'t str>) -> Result<Ssdp, BadTarget> {
        let targets: Vec<String> =
            targets.into_iter().take(MOST_TARGETS + 1).map(Into::into).collect();
        let is_good = |target: &String| {
            (1..=256).contains(&target.len()) && target.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let are_good = (1..=MOST_TARGETS).contains(&targets.len()) && targets.iter().all(is_good);
        if are_good { Ok(Ssdp { targets, ..Ssdp::default() }) } else { Err(BadTarget) }
    }

    /// Answers are to be spread over so many seconds, 1 to 5.
    pub fn within(self, mx: u8) -> Ssdp {
        Ssdp { mx: mx.clamp(*MX.start(), *MX.end()), ..self }
    }
}

impl Dialect for Ssdp {
    fn protocol(&self) -> Protocol {
        Protocol::new("ssdp")
    }

    /// With a TTL of 2, which UPnP Device Architecture 1.1, section 1.1.2 says.
    fn lane(&self) -> Lane {
        let groups = alloc::vec![(GROUP_V4, PORT).into(), (GROUP_V6, PORT).into()];
        Lane { port: Some(PORT), ttl: Some(2), ..Lane::new(Role::AskingPeer, groups) }
    }

    fn questions(&self) -> usize {
        self.targets.len()
    }

    fn ask(&mut self, nth: usize, _now: Instant, _draws: &mut Draws, into: &mut Vec<u8>) {
        if let Some(target) = self.targets.get(nth) {
            question::search(target, self.mx, into);
        }
    }

    fn answers_within(&self) -> Duration {
        Duration::from_secs(self.mx.into()) + LATE
    }

    /// Seldom: devices announce themselves, and those whose lease ends are asked alone.
    fn every(&self) -> Duration {
        Duration::from_secs(600)
    }

    fn hear(&mut self, datagram: &[u8], arrival: &Arrival, to: &mut Told<'_>) -> Verdict {
        answer::hear(datagram, arrival, to)
    }

    fn recall(&self, path: Path, by: &[u8], into: &mut Vec<u8>) -> Option<Destination> {
        // What a device said is said back to it only where it can break no line.
        let target = core::str::from_utf8(by).ok();
        let target =
            target.filter(|by| !by.is_empty() && by.bytes().all(|byte| byte.is_ascii_graphic()));
        Some(question::search_one(path, target.unwrap_or("ssdp:all"), into))
    }
}

#[cfg(test)]
mod tests;
