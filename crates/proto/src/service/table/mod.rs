//! Who is known, by which words, and until when.

pub(super) mod entry;
pub(super) mod known;
pub(super) mod lease;
pub(super) mod leases;
pub(super) mod prints;
pub(super) mod said;
pub(super) mod sources;
pub(super) mod voice;
