//! Rate limits: how often an answer may go out, to one source and in all.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::{Instant, Refusal};

/// Answers a second, to each source address and to all sources together. Each bucket holds two
/// seconds' worth, so that short bursts pass.
///
/// The default, 20 to a source and 1000 in all, is above what any honest asker needs and far below
/// what makes a responder worth misusing against a forged victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Answers a second to one source address.
    pub per_source: u32,
    /// Answers a second in all.
    pub total: u32,
}

impl Default for Rate {
    fn default() -> Rate {
        Rate { per_source: 20, total: 1000 }
    }
}

/// Sources whose rate a plain responder follows at one time.
pub(crate) const SOURCES: usize = 1024;

/// Applies a [`Rate`].
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    rate: Rate,
    total: TokenBucket,
    /// Sources whose rate is followed at one time. A newcomer takes the place of the source that has
    /// been quiet for longest.
    most: usize,
    /// Sorted by address.
    sources: Vec<(IpAddr, TokenBucket)>,
}

impl Limiter {
    /// `sources` are followed at one time, one at the least.
    pub(crate) fn new(rate: Rate, sources: usize) -> Limiter {
        let most = sources.max(1);
        let total = TokenBucket::full(rate.total);
        Limiter { rate, total, most, sources: Vec::with_capacity(most) }
    }

    /// Takes one answer to `source` off both buckets, or off neither.
    pub(crate) fn admit(&mut self, now: Instant, source: IpAddr) -> Result<(), Refusal> {
        let Limiter { rate, total, most, sources } = self;
        // The total comes first: while it is exhausted, forged sources can't push the honest ones
        // out of the table.
        total.refill(now, rate.total);
        if total.is_empty() {
            return Err(Refusal::TotalRate);
        }
        let at = match sources.binary_search_by_key(&source, |entry| entry.0) {
            Ok(at) => at,
            Err(_) => {
                if sources.len() == *most {
                    let oldest = (0..*most).min_by_key(|&i| sources[i].1.refilled).unwrap_or(0);
                    sources.remove(oldest);
                }
                let at = sources.partition_point(|entry| entry.0 < source);
                sources.insert(at, (source, TokenBucket::full(rate.per_source)));
                at
            }
        };
        let bucket = &mut sources[at].1;
        bucket.refill(now, rate.per_source);
        if bucket.is_empty() {
            return Err(Refusal::SourceRate);
        }
        bucket.take();
        total.take();
        Ok(())
    }
}

/// A token bucket: it fills at a steady rate up to its burst, two seconds' worth; an answer takes one
/// token. Counted in billionths of a token, so that no rate loses by rounding.
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    nano_tokens: u64,
    refilled: Instant,
}

const TOKEN: u64 = 1_000_000_000;
const BURST: Duration = Duration::from_secs(2);

impl TokenBucket {
    pub(crate) fn full(rate: u32) -> TokenBucket {
        TokenBucket { nano_tokens: TokenBucket::burst(rate), refilled: Instant::ZERO }
    }

    /// Takes a token if there is one.
    pub(crate) fn take_one(&mut self, now: Instant, rate: u32) -> bool {
        self.refill(now, rate);
        let is_there = !self.is_empty();
        if is_there {
            self.take();
        }
        is_there
    }

    fn burst(rate: u32) -> u64 {
        u64::from(rate) * BURST.as_secs() * TOKEN
    }

    fn refill(&mut self, now: Instant, rate: u32) {
        let idle = now.as_nanos().saturating_sub(self.refilled.as_nanos());
        // A nanosecond at one token a second is one billionth of a token.
        let gained = idle.saturating_mul(rate.into());
        self.nano_tokens = self.nano_tokens.saturating_add(gained).min(TokenBucket::burst(rate));
        self.refilled = self.refilled.max(now);
    }

    fn is_empty(&self) -> bool {
        self.nano_tokens < TOKEN
    }

    fn take(&mut self) {
        self.nano_tokens -= TOKEN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(n: u16) -> IpAddr {
        IpAddr::from([10, 0, (n >> 8) as u8, n as u8])
    }

    fn admitted(limiter: &mut Limiter, now: Instant, source: IpAddr, tries: usize) -> usize {
        (0..tries).filter(|_| limiter.admit(now, source).is_ok()).count()
    }

    #[test]
    fn a_source_gets_its_burst_and_then_its_rate() {
        let mut limiter = Limiter::new(Rate::default(), SOURCES);
        assert_eq!(admitted(&mut limiter, Instant::ZERO, source(1), 100), 40);
        assert_eq!(limiter.admit(Instant::ZERO, source(1)), Err(Refusal::SourceRate));
        assert_eq!(admitted(&mut limiter, Instant::from_millis(50), source(1), 100), 1);
        assert_eq!(admitted(&mut limiter, Instant::from_millis(1050), source(1), 100), 20);
        assert_eq!(admitted(&mut limiter, Instant::from_millis(1050), source(2), 100), 40);
    }

    #[test]
    fn all_sources_together_share_the_total() {
        let mut limiter = Limiter::new(Rate { per_source: 20, total: 100 }, SOURCES);
        let sum: usize =
            (0..50).map(|n| admitted(&mut limiter, Instant::ZERO, source(n), 40)).sum();
        assert_eq!(sum, 200);
        assert_eq!(limiter.admit(Instant::ZERO, source(99)), Err(Refusal::TotalRate));
    }

    #[test]
    fn the_table_of_sources_is_bounded_and_forgets_the_quietest() {
        let mut limiter = Limiter::new(Rate { per_source: 1, total: 1_000_000 }, SOURCES);
        for n in 0..=SOURCES as u16 {
            let now = Instant::from_micros(n.into());
            assert_eq!(admitted(&mut limiter, now, source(n), 10), 2);
        }
        assert_eq!(limiter.sources.len(), SOURCES);
        assert!(limiter.sources.binary_search_by_key(&source(0), |entry| entry.0).is_err());
    }

    #[test]
    fn time_that_goes_back_gives_nothing() {
        let mut limiter = Limiter::new(Rate::default(), SOURCES);
        assert_eq!(admitted(&mut limiter, Instant::from_millis(5000), source(1), 100), 40);
        assert_eq!(admitted(&mut limiter, Instant::ZERO, source(1), 100), 0);
        assert_eq!(admitted(&mut limiter, Instant::from_millis(5000), source(1), 100), 0);
    }
}
