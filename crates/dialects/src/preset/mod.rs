//! Protocols that are described by a table: who is asked what, and how an answer is read.
//!
//! A preset is data, in TOML, so that another is added without a line of code. [`builtin`] are those that come
//! with this crate; [`parse`] reads a user's own. There are no regular expressions in them, and there is no
//! code.
//!
//! ```toml
//! [yeelight]
//! source = "where this is described"     # A preset is no better than its source.
//! tried = false                          # Whether it was tried on such a device.
//! to = "239.255.255.250:1982"            # Or "broadcast:9999".
//! ttl = 1                                # How far it goes.
//! request = { text = "M-SEARCH …" }      # Or hex, or base64; without one it only listens.
//! source-port = 4002                     # Where answers go, if not to where the question came from.
//! repeat = 2                             # How often it is put, three times at the most.
//! wait = "3s"                            # How late an answer may be.
//! answer = "http"                        # Or json, xml, line, bytes.
//! begins = { text = "HTTP/" }            # What every answer begins with.
//! skip = 32                              # Bytes before what is read.
//! id = "id"                              # Who it is; without one it is known by its address.
//! name = "model"
//! port = "Location"                      # A number, or a URL that ends with one.
//! txt.power = "power"                    # What else is told.
//! ```
//!
//! A field is, by the form of the answer: the name of a header line; a JSON pointer (`/result/mac`); the name
//! of an element; what stands before and after it, with `*` between them (`[AD]*[/AD]`); or `offset:length`,
//! with `:text`, `:hex`, `:be` or `:le` (a number, the first or the last byte of which is first).
//!
//! In a request these are filled in anew each time: `{uuid}`, `{id16}`, `{id32}`, `{own-ip4}`, `{own-port}`;
//! in text as text, in hex as bytes. Which address is its own a preset knows only where [`Preset::asking_from`]
//! says so: else it is zeros.
//!
//! An answer in header lines, text or bytes takes a handful of small allocations, also where it says nothing
//! new. One in JSON or XML takes a tree of up to 8 KiB of text: about 30 and 80 bytes an item of it.

mod answer;
mod field;
mod request;
mod table;

pub use table::{LONGEST_TABLE, TableError, parse};

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{SocketAddr, SocketAddrV4};
use core::time::Duration;

use mcast_proto::{Arrival, Instant, Lane, Protocol, Role};

use crate::scan::{self, Dialect, Draws, MOST_REPEATS, Told, Verdict};
use field::{Field, Form};
use request::Request;

/// Asks once, by one preset; or only listens, until it was silent for long enough.
pub type Discoverer = scan::Discoverer<Preset>;
/// Asks again and again, by one preset; or only listens.
pub type Watcher = scan::Watcher<Preset>;

/// The presets that come with this crate, in the order of their names. Each says where it is from, and whether
/// it was tried on a device.
///
/// # Errors
///
/// None: the crate's tests read it.
pub fn builtin() -> Result<Vec<Preset>, TableError> {
    parse(include_str!("presets.toml"))
}

/// A protocol that is described by a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    name: String,
    source: String,
    tried: bool,
    to: To,
    ttl: Option<u8>,
    request: Option<Request>,
    source_port: Option<u16>,
    repeat: u32,
    wait: Duration,
    form: Form,
    begins: Vec<u8>,
    skip: usize,
    id: Option<Field>,
    label: Option<Field>,
    port: Option<Field>,
    attributes: Vec<(String, Field)>,
    own: Option<SocketAddrV4>,
    /// The last questions, which come back where they are heard by whoever asks.
    asked: Vec<Vec<u8>>,
}

/// Whom a preset asks or hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// A multicast group.
    Group(SocketAddr),
    /// Everybody on the link, at this port: by IPv4's broadcast.
    Broadcast(u16),
}

impl Preset {
    /// Its name, which is told as the service of what is found by it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is described.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it was tried on a device.
    pub fn is_tried(&self) -> bool {
        self.tried
    }

    /// Whom it asks or hears.
    pub fn to(&self) -> To {
        self.to
    }

    /// How far a question goes, where it says so.
    pub fn ttl(&self) -> Option<u8> {
        self.ttl
    }

    /// The port to which answers come, where that is not the one that the question came from: what asks has to
    /// be bound to it.
    pub fn source_port(&self) -> Option<u16> {
        self.source_port
    }

    /// How often its question is to be put: for [`Discovery::repeat`](crate::scan::Discovery::repeat).
    pub fn repeat(&self) -> u32 {
        self.repeat
    }

    /// Whether it only listens.
    pub fn only_listens(&self) -> bool {
        self.request.is_none()
    }

    /// The same, which says in its questions that it asks from there.
    pub fn asking_from(self, own: SocketAddrV4) -> Preset {
        Preset { own: Some(own), ..self }
    }

    fn is_own(&self, datagram: &[u8]) -> bool {
        self.asked.iter().any(|asked| asked == datagram)
    }
}

impl Dialect for Preset {
    fn protocol(&self) -> Protocol {
        Protocol::new("preset")
    }

    /// Without a group where it is broadcast.
    fn lane(&self) -> Lane {
        let (groups, broadcast) = match self.to {
            To::Group(group) => (alloc::vec![group], None),
            To::Broadcast(port) => (Vec::new(), Some(port)),
        };
        let role = if self.only_listens() { Role::Member } else { Role::Asker };
        let (ttl, source_port) = (self.ttl, self.source_port);
        Lane { ttl, source_port, broadcast, ..Lane::new(role, groups) }
    }

    fn questions(&self) -> usize {
        usize::from(self.request.is_some())
    }

    fn ask(&mut self, _nth: usize, _now: Instant, draws: &mut Draws, into: &mut Vec<u8>) {
        let Some(request) = &self.request else { return };
        let start = into.len();
        request.write(self.own, draws, into);
        let asked = &into[start..];
        if self.asked.iter().any(|other| other == asked) {
            return;
        }
        if self.asked.len() >= MOST_REPEATS as usize {
            self.asked.remove(0);
        }
        self.asked.push(asked.to_vec());
    }

    fn answers_within(&self) -> Duration {
        self.wait
    }

    fn every(&self) -> Duration {
        Duration::from_secs(30)
    }

    fn hear(&mut self, datagram: &[u8], arrival: &Arrival, to: &mut Told<'_>) -> Verdict {
        answer::hear(self, datagram, arrival, to)
    }
}

#[cfg(test)]
mod tests;
