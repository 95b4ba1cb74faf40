//! The plain protocol: any bytes to a group, any bytes back by unicast.
//!
//! This is the protocol of countless ten-line programs: a client multicasts `who's there?`, whoever
//! hears it answers `Me!` to the address that asked, and the client collects answers until none has
//! come for a while. Nothing on the wire tells a probe from an answer, so the rules that keep it safe
//! are all in [`Responder`].
//!
//! A [`Discoverer`] and a [`Responder`] that find each other, with a vector for a network:
//!
//! ```
//! use core::net::SocketAddr;
//! use mcast_proto::{Action, Arrival, Cast, Event, Instant, Machine, Path, plain};
//!
//! let group: SocketAddr = "224.1.1.1:50008".parse()?;
//! let asker = Path::new("10.0.0.9:41234".parse()?);
//! let answerer = Path::new("10.0.0.2:50008".parse()?);
//!
//! let mut discoverer = plain::Discoverer::new(plain::Discovery::default(), 1);
//! let mut responder = plain::Responder::new(plain::Responding::default(), 2);
//! let mut now = Instant::ZERO;
//!
//! // The first call starts the discoverer: it sends its probe to the group.
//! let Some(Action::Send { message, .. }) = discoverer.handle_timeout(now) else { panic!() };
//! let mut probe = Vec::new();
//! message.encode(&mut probe);
//! assert_eq!(probe, b"who's there?");
//!
//! // The responder hears it and schedules its answer, which is due at once.
//! let heard = Arrival::new(asker, Cast::Group(group), true);
//! let event = responder.handle_datagram(now, heard, &probe);
//! assert!(matches!(event, Some(Action::Emit(Event::Asked { refused: None, .. }))));
//! let Some(Action::Send { message, .. }) = responder.handle_timeout(now) else { panic!() };
//! let mut answer = Vec::new();
//! message.encode(&mut answer);
//! assert_eq!(answer, b"Me!");
//!
//! // The discoverer hears that, and waits for others until three seconds have passed.
//! let heard = Arrival::new(answerer, Cast::Unicast, true);
//! let event = discoverer.handle_datagram(now, heard, &answer);
//! let Some(Action::Emit(Event::Found(finding))) = event else { panic!() };
//! assert_eq!(finding.payload(), Some(&b"Me!"[..]));
//! now = discoverer.deadline().unwrap();
//! assert_eq!(now, Instant::from_millis(3000));
//! let Some(Action::Done(summary)) = discoverer.handle_timeout(now) else { panic!() };
//! assert_eq!(summary.found, 1);
//! # Ok::<(), core::net::AddrParseError>(())
//! ```

mod discoverer;
mod listener;
mod presence;
mod responder;
mod sender;
mod voices;
mod watcher;

pub use discoverer::{Discoverer, Discovery};
pub use listener::{Listener, Listening};
pub use responder::{Responder, Responding};
pub use sender::{Sender, Sending};
pub use watcher::{Watcher, Watching};

use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use crate::{Arrival, Body, Finding, Protocol};

/// The tutorial's group. It is in a block that IANA keeps reserved (RFC 5771 section 4), so that it is
/// nobody else's; it is not link-local, and stays on the link by its TTL of 1.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 1, 1, 1);

/// The group over IPv6: transient and link-local (RFC 4291 section 2.7).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x5008);

/// The tutorial's port.
pub const PORT: u16 = 50008;

/// The tutorial's probe.
pub const PROBE: &[u8] = b"who's there?";

/// The tutorial's answer.
pub const REPLY: &[u8] = b"Me!";

/// The longest payload of a UDP datagram over IPv4: 65,535 less 20 bytes of IP header and 8 of UDP
/// header (RFC 768, RFC 791).
pub const MAX_PAYLOAD: usize = 65_507;

/// A responder that has just answered.
fn found(arrival: Arrival, round_trip: Duration, number: u64, payload: &[u8]) -> Finding<'_> {
    let body = Body::Plain { number, payload };
    let mut finding = Finding::new(Protocol::PLAIN, arrival.from, body);
    (finding.via, finding.round_trip) = (arrival.cast.into(), Some(round_trip));
    finding
}
