//! What is noted from one audit to the next.

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Whether an interface in use has changed.
    pub(crate) has_changed: bool,
    /// What the sockets had dropped by the last audit.
    pub(crate) drops: u64,
}
