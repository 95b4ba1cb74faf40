//! Which protocol something was heard by.

use core::fmt;

/// A protocol, by its name: a short word that stays the same, as [`Protocol::PLAIN`]. Machines outside of this
/// crate name theirs with [`Protocol::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(&'static str);

impl Protocol {
    /// Any bytes to a group, any bytes back: [`plain`](crate::plain).
    pub const PLAIN: Protocol = Protocol("plain");
    /// The structured protocol of this crate: [`service`](crate::service).
    pub const MCAST: Protocol = Protocol("mcast");

    /// The protocol of this name.
    pub const fn new(name: &'static str) -> Protocol {
        Protocol(name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// The name.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_protocol_is_its_name() {
        const MDNS: Protocol = Protocol::new("mdns");
        assert_eq!((format!("{MDNS:6}|"), MDNS.name()), ("mdns  |".into(), "mdns"));
        assert_eq!(Protocol::new("plain"), Protocol::PLAIN);
        assert!(Protocol::PLAIN > Protocol::MCAST);
    }
}
