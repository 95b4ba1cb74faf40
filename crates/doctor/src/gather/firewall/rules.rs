//! Rules as both programs tell them, as far as they matter for UDP.

use crate::facts::Hook;

/// A chain and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rules {
    /// Family and table, as `inet filter`.
    pub(super) table: String,
    pub(super) chain: String,
    /// Where it sits and whether it drops by default, where the kernel hands packets of this machine to it.
    pub(super) base: Option<(Hook, bool)>,
    pub(super) rules: Vec<Rule>,
}

/// A rule that decides about UDP, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) text: String,
    pub(super) verdicts: Vec<Verdict>,
}

/// What a rule does with a packet that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    /// It drops or rejects.
    Drop,
    /// It goes on in this chain.
    Jump(String),
}

/// Whether UDP is meant by a protocol's name or number, or by a range or a set that may have it.
pub(super) fn may_be_udp(protocol: &str) -> bool {
    let is_range = protocol.contains('-') && protocol.starts_with(|c: char| c.is_ascii_digit());
    matches!(protocol, "udp" | "17" | "all" | "0") || is_range || protocol.starts_with('@')
}
