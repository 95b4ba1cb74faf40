//! What all dialects share: asking again and again, who is there and until when, and telling it.
//!
//! A [`Dialect`] knows its questions and its answers. [`Discoverer`] asks once, [`Watcher`] goes on.

#![cfg_attr(
    not(all(feature = "ssdp", feature = "wsd", feature = "coap", feature = "presets")),
    allow(dead_code, unused_imports, reason = "a dialect uses of this what it needs")
)]

mod asking;
mod course;
mod dialect;
mod discoverer;
mod draws;
mod engine;
mod fair;
mod follow_ups;
mod saying;
mod session;
mod sighting;
mod telling;
#[cfg(test)]
pub(crate) mod testing;
mod watcher;

pub use asking::MOST_REPEATS;
pub use dialect::{Dialect, Told, Verdict};
pub use discoverer::{Discoverer, Discovery};
pub use draws::Draws;
pub use saying::Saying;
pub use watcher::{Watcher, Watching};

pub(crate) use course::Course;
pub(crate) use draws::Uuid;
pub(crate) use fair::{Identity, Source};
pub(crate) use session::Heard;
pub(crate) use sighting::{Hold, LONGEST_ID, Sighting, Words};
