//! What machines of several dialects are made of.

pub(crate) mod course;
pub(crate) mod draws;
