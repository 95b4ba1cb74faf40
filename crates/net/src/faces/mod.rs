//! The ways in which a program has a driver run.

pub(crate) mod brief;
pub(crate) mod events;
#[cfg(all(target_os = "linux", any(feature = "tokio", feature = "async-io")))]
mod readiness;
#[cfg(all(target_os = "linux", any(feature = "tokio", feature = "async-io")))]
pub(crate) mod stream;
