//! What the machines of all dialects are made of.

mod course;
#[allow(dead_code, unreachable_pub, reason = "the other dialects use and export all of it")]
mod draws;

pub(crate) use course::Course;
pub(crate) use draws::Draws;
