//! Durations: periods and leases.

use std::time::Duration;

use mcast_proto::wire::{MAX_LEASE_S, MIN_LEASE_S};

/// Reads a duration that is not zero.
pub(crate) fn parse_period(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => Err("too short; write for example 3s or 500ms".into()),
        duration => Ok(duration),
    }
}

/// Reads a lease: what the structured protocol allows.
pub(crate) fn parse_lease(text: &str) -> Result<Duration, String> {
    let lease = parse_duration(text)?;
    if (MIN_LEASE_S.into()..=MAX_LEASE_S.into()).contains(&lease.as_secs()) {
        Ok(lease)
    } else {
        Err("not a lease; those are 10s to 24h".into())
    }
}

/// Reads a duration.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text)
        .map_err(|_| "not a duration; write for example 3s or 500ms".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_last() {
        assert_eq!(parse_period("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_period("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
        for text in ["", "3", "0s", "0", "-1s", "soon", "99999999999999999999s"] {
            assert!(parse_period(text).is_err(), "{text}");
        }
    }

    #[test]
    fn leases_are_what_the_protocol_allows() {
        assert_eq!(parse_lease("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_lease("24h"), Ok(Duration::from_secs(86_400)));
        for text in ["9s", "86401s", "0", "soon"] {
            assert!(parse_lease(text).is_err(), "{text}");
        }
    }
}
