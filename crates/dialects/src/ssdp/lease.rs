//! For how long an announcement holds.

use core::time::Duration;

/// Where nobody says: what the standard has devices say at the least.
pub(super) const USUAL: Duration = Duration::from_secs(1_800);

/// The `max-age` of a `CACHE-CONTROL`, which may say other things before and after it.
pub(super) fn max_age(cache_control: &[u8]) -> Option<Duration> {
    cache_control.split(|byte| *byte == b',').find_map(|directive| {
        let equals = directive.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (directive[..equals].trim_ascii(), &directive[equals + 1..]);
        if !name.eq_ignore_ascii_case(b"max-age") {
            return None;
        }
        let value = value.trim_ascii();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let digits = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
        let seconds: u64 = core::str::from_utf8(&value[..digits]).ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_however_it_is_written() {
        for said in
            ["max-age=1800", "no-cache, Max-Age = \"1800\"", "max-age=1800;", "a=b,max-age=1800,c"]
        {
            assert_eq!(max_age(said.as_bytes()), Some(USUAL), "{said}");
        }
        for other in
            ["", "max-age", "max-age=", "max-age=x", "s-maxage=7", "max-age=99999999999999999999"]
        {
            assert_eq!(max_age(other.as_bytes()), None, "{other}");
        }
    }
}
