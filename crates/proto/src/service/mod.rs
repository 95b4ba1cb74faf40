//! The structured protocol: everybody is found, however many they are and however much the network
//! loses, and the asker knows when everybody is.
//!
//! A [`Responder`] does what each query says and nothing else: whether it belongs to the part of the
//! responders that is asked, whether it is known already, and over what time to spread its answer. All
//! planning is with the [`Discoverer`], in three steps. First it asks 1 in 256, to see how many there
//! are. Then it asks everybody, over a time that fits the answers. Then it keeps asking only those not
//! yet heard, until nobody new has answered for a number of times in a row. A [`Watcher`] goes on from
//! there: it hears announcements and goodbyes, and asks again before a lease ends.
//!
//! The datagrams are in [`wire`](crate::wire). A discoverer and a responder that find each other, with
//! a vector for a network:
//!
//! ```
//! use core::net::SocketAddr;
//! use mcast_proto::{
//!     Action, Arrival, Cast, Event, Evidence, Instant, Machine, Observation, Path, service,
//! };
//!
//! let group: SocketAddr = (service::GROUP_V4, service::PORT).into();
//! let asker = Path::new("10.0.0.9:41234".parse()?);
//! let answerer = Path::new("10.0.0.2:50009".parse()?);
//!
//! let mut discoverer = service::Discoverer::new(service::Discovery::of("printer")?, 1);
//! let offer = service::Offer::new("printer")?.name("lab-3")?.port(631)?.attr("color", b"yes")?;
//! let response = service::Responding { announce: false, ..service::Responding::of(offer) };
//! let mut responder = service::Responder::new(response, 2);
//!
//! let mut now = Instant::ZERO;
//! let mut found = Vec::new();
//! let summary = loop {
//!     now = discoverer.deadline().into_iter().chain(responder.deadline()).min().unwrap().max(now);
//!     match discoverer.handle_timeout(now) {
//!         Some(Action::Send { message, .. }) => {
//!             let mut query = Vec::new();
//!             message.encode(&mut query);
//!             let heard = Arrival::new(asker, Cast::Group(group), true);
//!             let _event = responder.handle_datagram(now, heard, &query);
//!         }
//!         // What became of the questions? A vector loses none.
//!         Some(Action::Audit) => {
//!             discoverer.handle_observation(now, Observation::Audit(Evidence::CLEAN));
//!         }
//!         Some(Action::Done(summary)) => break summary,
//!         _ => {}
//!     }
//!     if let Some(Action::Send { message, .. }) = responder.handle_timeout(now) {
//!         let mut reply = Vec::new();
//!         message.encode(&mut reply);
//!         let heard = Arrival::new(answerer, Cast::Unicast, true);
//!         if let Some(Action::Emit(Event::Found(finding))) =
//!             discoverer.handle_datagram(now, heard, &reply)
//!         {
//!             found.push((finding.name().map(String::from), finding.port()));
//!         }
//!     }
//! };
//! assert_eq!(found, [(Some("lab-3".into()), Some(631))]);
//! assert_eq!(summary.complete, Some(true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod answer;
mod ask;
mod discovery;
mod identity;
mod instance;
mod offer;
mod proof;
mod selection;
mod table;
mod watch;

pub use answer::responder::Responder;
pub use answer::responders::Responders;
pub use answer::responding::{Answering, Responding, Stores};
pub use answer::unfit::{MOST_SERVICES, Unfit};
pub use ask::discoverer::Discoverer;
pub use discovery::{Discovery, Effort};
pub use identity::Identity;
pub use instance::Instance;
pub use offer::Offer;
pub use selection::Selection;
pub use watch::watcher::Watcher;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

/// The group: administratively scoped to the site (RFC 2365 section 6.1), on the link by its TTL of 1.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 80, 9);

/// The group over IPv6: transient and link-local (RFC 4291 section 2.7).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x5009);

/// The groups that every host of a link hears, and that no switch prunes (RFC 4541 section 2.1.2; RFC 4291 section
/// 2.7.1). A responder takes questions there too: who asks both learns whether the other is pruned.
pub const ALL_HOSTS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1)),
    IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)),
];

/// A responder's answers to the group are this far apart at the least (docs/protocol.md section 9.4), so that
/// one to each sweep that asks for them may come that much later than its window says.
const GROUP_GAP: Duration = Duration::from_millis(200);

/// The port: not the plain protocol's, whose responders would answer every query, each time.
pub const PORT: u16 = 50009;
