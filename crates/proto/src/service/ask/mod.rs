//! Asking: what is asked when, and when that is enough.

pub(super) mod asking;
pub(super) mod discoverer;
pub(super) mod expected;
pub(super) mod goal;
pub(super) mod pace;
pub(super) mod padded;
pub(super) mod pauses;
pub(super) mod prompts;
pub(super) mod questions;
pub(super) mod rounds;
pub(super) mod session;
pub(super) mod sweep;
pub(super) mod tally;
pub(super) mod verdict;
