//! The values of options, read from text.

mod duration;
mod group;
mod hex;
mod named;
mod number;
mod rate;

pub(crate) use duration::{parse_duration, parse_lease, parse_period};
pub(crate) use group::{Group, Protocol};
pub(crate) use hex::Hex;
pub(crate) use named::GroupName;
pub(crate) use number::{parse_count, parse_port};
pub(crate) use rate::RateLimit;
