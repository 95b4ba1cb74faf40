//! One socket: what it is for, what it hears, and what went over it.

pub(crate) mod account;
pub(crate) mod channel;
pub(crate) mod membership;
