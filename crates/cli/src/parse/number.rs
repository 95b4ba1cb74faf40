//! Ports and counts.

use std::str::FromStr;

/// Reads a port that can be sent to.
pub(crate) fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(format!("{text:?} is not a port; those are 1 to 65535")),
    }
}

/// Reads how many there are to be.
pub(crate) fn parse_count<N: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<N, String> {
    match text.parse() {
        Ok(count) if count >= N::from(1) => Ok(count),
        _ => Err("not a count; write 1 or more".into()),
    }
}
