//! All that one says it is: of some protocols several things at once.

use std::fmt::{self, Display};

use mcast_proto::Finding;
use serde::{Serialize, Serializer};

use crate::escape::Escaped;
use crate::kinds::services;

/// Its services, in the order in which it says them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Services<'a>(pub(super) Finding<'a>);

impl<'a> Services<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        services(self.0)
    }

    /// Whether there are not several.
    pub(super) fn is_one(&self) -> bool {
        self.iter().nth(1).is_none()
    }
}

impl Display for Services<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, service) in self.iter().enumerate() {
            let comma = if nth > 0 { "," } else { "" };
            write!(f, "{comma}{}", Escaped(service.as_bytes()))?;
        }
        if self.iter().next().is_none() { f.write_str("-") } else { Ok(()) }
    }
}

impl Serialize for Services<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
