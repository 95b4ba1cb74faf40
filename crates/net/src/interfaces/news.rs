//! What has changed about the interfaces.

/// What a watch has noticed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Whether anything has changed.
    pub(crate) any: bool,
    /// The interfaces that lost their carrier or an address, or went away, though they may have it back
    /// by now.
    pub(crate) fallen: Vec<u32>,
    /// Whether there was more than the socket could hold: then anything may have happened.
    pub(crate) overflowed: bool,
}
