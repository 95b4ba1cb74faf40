//! What went wrong, for a program that reads stdout alone.

use serde::Serialize;

use super::field::Time;

/// The words of stderr, and the code that the process exits with.
#[derive(Debug, Serialize)]
pub(super) struct Wrong<'a> {
    event: &'static str,
    time: Time,
    code: u8,
    message: &'a str,
}

impl<'a> Wrong<'a> {
    pub(super) fn new(time: Time, code: u8, message: &'a str) -> Wrong<'a> {
        Wrong { event: "error", time, code, message }
    }
}
