//! Why a machine's services are not changed as was asked.

use core::fmt;

/// So many services one machine has at the most.
pub const MOST_SERVICES: usize = 4096;

/// Why a [`Responders`](crate::service::Responders)' services are not changed as was asked. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// It has no service of this id, or none any more.
    UnknownId(u64),
    /// It has a service of this id.
    IdTwice(u64),
    /// It has [`MOST_SERVICES`], those that are saying goodbye among them.
    TooMany,
    /// It has been closed.
    Closed,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::UnknownId(id) => write!(f, "no service has the id {id:016x}"),
            Unfit::IdTwice(id) => write!(f, "a service has the id {id:016x} already"),
            Unfit::TooMany => write!(f, "more than {MOST_SERVICES} services"),
            Unfit::Closed => f.write_str("it has been closed"),
        }
    }
}

impl core::error::Error for Unfit {}
