//! Limits to answers.

use std::fmt;
use std::str::FromStr;

use mcast_proto::Rate;

/// A limit to answers: `PER_SOURCE`, `PER_SOURCE/TOTAL` or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimit(pub(crate) Option<Rate>);

impl Default for RateLimit {
    fn default() -> RateLimit {
        RateLimit(Some(Rate::default()))
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Rate { per_source, total }) => write!(f, "{per_source}/{total}"),
            None => f.write_str("off"),
        }
    }
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<RateLimit, String> {
        if text == "off" {
            return Ok(RateLimit(None));
        }
        let number = |text: &str| match text.parse() {
            Ok(number @ 1..) => Ok(number),
            _ => Err(format!(
                "{text:?} is not a number of answers; write for example {} or off",
                RateLimit::default()
            )),
        };
        let (per_source, total) = match text.split_once('/') {
            Some((per_source, total)) => (number(per_source)?, number(total)?),
            None => {
                let per_source = number(text)?;
                (per_source, Rate::default().total.max(per_source))
            }
        };
        Ok(RateLimit(Some(Rate { per_source, total })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_a_pair_or_off() {
        let rate = |per_source, total| Ok(RateLimit(Some(Rate { per_source, total })));
        assert_eq!("off".parse(), Ok(RateLimit(None)));
        assert_eq!("5/50".parse(), rate(5, 50));
        assert_eq!("5".parse(), rate(5, Rate::default().total));
        assert_eq!("5000".parse(), rate(5000, 5000));
        for limit in [RateLimit::default(), RateLimit(None)] {
            assert_eq!(limit.to_string().parse(), Ok(limit));
        }
        for text in ["", "0", "5/0", "5/", "/5", "5/5/5", "on", "4294967296"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }
}
