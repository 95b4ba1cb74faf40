//! Rate limits: how much may go out, to one source and in all.
//!
//! A source address proves nothing: whoever asks in another's address uses up the other's share. So what
//! is admitted is drawn by lot where it is short, which no forger can foresee or be first at; and who was
//! answered once in a session has a small share of its own, which only its session's number opens.

use alloc::boxed::Box;
use alloc::vec;
use core::hash::Hasher;
use core::net::IpAddr;
use core::time::Duration;

use siphasher::sip::SipHasher24;

use crate::rng::Rng;
use crate::{Instant, Refusal};

/// Short answers a second, to each source address and to all sources together. A short answer has up to
/// 128 bytes of UDP payload; a longer one counts once for each 128 bytes begun. Two seconds' worth may go
/// in one burst; an answer that is longer than that goes once two seconds' worth have been saved up, and
/// the next one waits for what it took too much.
///
/// A session of the structured protocol that was answered once has a fiftieth of `per_source` (or of
/// `total`, if that is less) for itself, 8 a second by default, beside those; 32 sessions have it at a time.
///
/// The default, 400 to a source and 4000 in all, is what 150 askers behind one address need to find
/// everybody. The victim of a forger gets at most 51 kB a second from one responder, 84 kB with the
/// sessions' shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Short answers a second to one source address; 0: none.
    pub per_source: u32,
    /// Short answers a second in all; 0: none.
    pub total: u32,
}

impl Rate {
    /// The rate of a machine with so many services, where one alone has this: so many times as much, and four
    /// times at the most. So whoever is asked for in a forged address gets no more from a host that offers
    /// hundreds of services than from one that offers a few.
    ///
    /// ```
    /// use mcast_proto::Rate;
    ///
    /// let rate = Rate { per_source: 400, total: 4000 };
    /// assert_eq!(rate.of_services(2), Rate { per_source: 800, total: 8000 });
    /// assert_eq!(rate.of_services(500), Rate { per_source: 1600, total: 16_000 });
    /// ```
    pub fn of_services(self, services: usize) -> Rate {
        let times = services.clamp(1, MOST_RATES) as u32;
        let all = |rate: u32| rate.saturating_mul(times);
        Rate { per_source: all(self.per_source), total: all(self.total) }
    }
}

impl Default for Rate {
    fn default() -> Rate {
        Rate { per_source: 400, total: 4000 }
    }
}

/// However many services a machine has, all together send no more than so many of them might alone. It is
/// enough for a discovery that finds hundreds: they fit two seconds' worth.
const MOST_RATES: usize = 4;
/// Bytes of UDP payload that count as one: the length of the structured protocol's least query, which no
/// ordinary answer exceeds.
const UNIT: usize = 128;
/// What a bucket holds, as the time in which it fills: an asker's sweeps and a scan of many askers come in
/// bursts of about a second.
const BURST: Duration = Duration::from_secs(2);
/// A bucket with less than one part in so many is nearly empty, and admits by lot.
const NEARLY_EMPTY: u64 = 8;
/// Sessions that have a share of their own at one time.
const SESSIONS: usize = 32;
/// A session's share of a source's rate, as one in so many. So all of them get at most two thirds of what
/// the rate says on top of it; and 8 a second, of the default rate, are three sweeps' copies and the repair
/// of a loss.
const SESSION_SHARE: u32 = 50;
/// A session that got nothing for so long gives way to another. Its bucket is full again by then, so that
/// the other gets no more than the first one would have.
const SESSION_IDLE: Duration = BURST;

/// Buckets of sources, where nobody says otherwise: many more than sources can use up the total at once.
pub(crate) const SOURCES: usize = 1024;

/// Applies a [`Rate`], in a memory that never grows. Nothing that is sent to it makes it forget a source.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    rate: Rate,
    total: TokenBucket,
    /// A source's bucket is found by a hash of its address under this key. Two sources may share one, but
    /// nobody who does not know the key can say whose another shares.
    secret: u64,
    sources: Box<[TokenBucket]>,
    session_rate: u32,
    sessions: Box<[Session]>,
}

/// The share of a session.
#[derive(Debug, Clone, Copy)]
struct Session {
    /// The asker and the session's number; nobody's at first.
    of: Option<(IpAddr, u64)>,
    bucket: TokenBucket,
    /// When it was last admitted.
    used: Instant,
}

impl Limiter {
    /// `sources` is the number of buckets that source addresses share, one at the least; `secret` is
    /// unknown to all others.
    pub(crate) fn new(rate: Rate, sources: usize, secret: u64) -> Limiter {
        let nobody = Session { of: None, bucket: TokenBucket::FULL, used: Instant::ZERO };
        Limiter {
            rate,
            total: TokenBucket::FULL,
            secret,
            sources: vec![TokenBucket::FULL; sources.max(1)].into(),
            session_rate: session_rate(rate),
            sessions: vec![nobody; SESSIONS].into(),
        }
    }

    /// Another rate from now on. What was taken stays taken.
    pub(crate) fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
        self.session_rate = session_rate(rate);
    }

    /// Takes an answer of so many bytes to `source` off the session's share, or else off the source's
    /// bucket and the total's, or off none; says what it took.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        source: IpAddr,
        session: Option<u64>,
        bytes: usize,
        rng: &mut Rng,
    ) -> Result<u64, Refusal> {
        let cost = cost(bytes);
        let of = session.map(|number| (source, number));
        let at = self.sessions.iter().position(|session| of.is_some() && session.of == of);
        if let Some(at) = at
            && self.sessions[at].bucket.take_if_held(now, self.session_rate, cost)
        {
            self.sessions[at].used = now;
            return Ok(cost);
        }
        self.admit_source(now, source, cost, rng)?;
        if of.is_some()
            && let Some(at) = at.or_else(|| self.idle_session(now))
        {
            let session = &mut self.sessions[at];
            (session.of, session.used) = (of, now);
        }
        Ok(cost)
    }

    /// Takes another copy of answers that were admitted, and took so much together, if there is plenty: more
    /// than half of what the source's bucket holds, and a total that is not nearly empty.
    pub(crate) fn may_copy(&mut self, now: Instant, source: IpAddr, cost: u64) -> bool {
        let rate = self.rate;
        let (of_source, total) = self.buckets(now, source);
        let is_plenty = of_source.left(rate.per_source) > burst(rate.per_source) / 2
            && total.left(rate.total) >= burst(rate.total) / NEARLY_EMPTY;
        let may =
            is_plenty && of_source.holds(rate.per_source, cost) && total.holds(rate.total, cost);
        if may {
            of_source.take(cost);
            total.take(cost);
        }
        may
    }

    fn admit_source(
        &mut self,
        now: Instant,
        source: IpAddr,
        cost: u64,
        rng: &mut Rng,
    ) -> Result<(), Refusal> {
        let rate = self.rate;
        let (of_source, total) = self.buckets(now, source);
        if !of_source.admits(rate.per_source, cost, rng) {
            return Err(Refusal::SourceRate);
        }
        if !total.admits(rate.total, cost, rng) {
            return Err(Refusal::TotalRate);
        }
        of_source.take(cost);
        total.take(cost);
        Ok(())
    }

    /// The source's bucket and the total's as they are now.
    fn buckets(&mut self, now: Instant, source: IpAddr) -> (&mut TokenBucket, &mut TokenBucket) {
        let mut hasher = SipHasher24::new_with_keys(self.secret, 0);
        match source {
            IpAddr::V4(ip) => hasher.write(&ip.octets()),
            IpAddr::V6(ip) => hasher.write(&ip.octets()),
        }
        // The upper half of the product is below the number of buckets, and even over them.
        let at = (u128::from(hasher.finish()) * self.sources.len() as u128) >> 64;
        let (of_source, total) = (&mut self.sources[at as usize], &mut self.total);
        of_source.refill(now, self.rate.per_source);
        total.refill(now, self.rate.total);
        (of_source, total)
    }

    /// The place of a session that can give way. One that is in use never does: else whoever makes up
    /// numbers would push the live ones out.
    fn idle_session(&self, now: Instant) -> Option<usize> {
        let is_idle =
            |session: &Session| session.of.is_none() || now - session.used >= SESSION_IDLE;
        self.sessions.iter().position(is_idle)
    }
}

/// A token bucket: it fills at a steady rate up to its burst, two seconds' worth; what goes out takes
/// tokens. Counted in billionths of a token, so that no rate loses by rounding: a nanosecond at one token
/// a second is one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenBucket {
    /// What it lacks of being full. It lacks more than it can hold after something that was longer.
    lacks: u64,
    refilled: Instant,
}

const TOKEN: u64 = 1_000_000_000;

/// Tokens in billionths for so many bytes. An answer without a byte is a datagram too.
fn cost(bytes: usize) -> u64 {
    (bytes.div_ceil(UNIT).max(1) as u64).saturating_mul(TOKEN)
}

/// What each session has for itself.
fn session_rate(rate: Rate) -> u32 {
    rate.per_source.min(rate.total) / SESSION_SHARE
}

/// What a full bucket holds: less than 2^63 at any rate.
fn burst(rate: u32) -> u64 {
    u64::from(rate) * BURST.as_secs() * TOKEN
}

impl TokenBucket {
    pub(crate) const FULL: TokenBucket = TokenBucket { lacks: 0, refilled: Instant::ZERO };

    fn take_if_held(&mut self, now: Instant, rate: u32, cost: u64) -> bool {
        self.refill(now, rate);
        let holds = self.holds(rate, cost);
        if holds {
            self.take(cost);
        }
        holds
    }

    fn refill(&mut self, now: Instant, rate: u32) {
        let idle = now.as_nanos().saturating_sub(self.refilled.as_nanos());
        self.lacks = self.lacks.saturating_sub(idle.saturating_mul(rate.into()));
        self.refilled = self.refilled.max(now);
    }

    fn left(&self, rate: u32) -> u64 {
        burst(rate).saturating_sub(self.lacks)
    }

    /// Whether it has as much, or is full and will never have more.
    fn holds(&self, rate: u32, cost: u64) -> bool {
        cost <= self.left(rate) || (self.lacks == 0 && rate > 0)
    }

    /// Whether something is admitted: for certain, or, of a bucket that is nearly empty, by a lot that
    /// wins the less often the less is left. Under a flood everybody then wins as often as everybody else,
    /// whenever it asks; first come, first served would serve those who ask all the time.
    fn admits(&self, rate: u32, cost: u64, rng: &mut Rng) -> bool {
        self.holds(rate, cost) && rng.up_to(burst(rate) / NEARLY_EMPTY) <= self.left(rate)
    }

    fn take(&mut self, cost: u64) {
        self.lacks = self.lacks.saturating_add(cost);
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
