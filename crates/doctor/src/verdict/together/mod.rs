//! What follows from what was found out together with another host.

mod path;
mod reach;
mod ways;

use crate::facts::Facts;
use crate::finding::Finding;

/// The rules of this family.
pub(super) const RULES: &[fn(&Facts) -> Vec<Finding>] = &[
    reach::unreachable,
    reach::unanswered,
    ways::lost,
    ways::stopped,
    ways::lossy,
    path::ttl,
    path::mtu,
    ways::summary,
];
