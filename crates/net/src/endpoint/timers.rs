//! When the upkeep of an endpoint is due.

use std::time::Duration;

use mcast_proto::Instant;

/// When the next upkeep is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timers {
    /// When to list the interfaces again.
    pub(crate) relist: Instant,
    pub(crate) renew: Instant,
    pub(crate) retry: Duration,
}
