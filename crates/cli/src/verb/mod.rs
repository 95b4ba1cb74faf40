//! The verbs, one a module: its options, and what it does.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod discover;
pub(crate) mod doctor;
pub(crate) mod listen;
pub(crate) mod man;
pub(crate) mod respond;
pub(crate) mod scan;
pub(crate) mod send;
