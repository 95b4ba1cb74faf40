//! The packet filter's rules, as far as they can be read.

use crate::facts::{Firewall, Seen};

/// Reads them.
pub(super) fn read() -> Seen<Firewall> {
    Seen::default()
}
