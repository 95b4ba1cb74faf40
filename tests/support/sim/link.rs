//! What lies between a machine and the switch.

use std::time::Duration;

/// The way between a card and the switch. A datagram crosses two: its sender's outwards and its
/// receiver's inwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Each way.
    pub delay: Duration,
    /// Added to `delay`, uniformly from zero to this. Enough of it changes the order of datagrams.
    pub jitter: Duration,
    /// The mean of an exponentially distributed time that the host takes to put a datagram on the wire.
    pub processing: Duration,
    /// The share of datagrams to the card that are lost.
    pub loss_in: f64,
    /// The share of datagrams from the card that are lost.
    pub loss_out: f64,
    /// How long a burst of losses lasts on average, in which all is lost; zero: each datagram is lost
    /// by itself. Each direction has bursts of its own.
    pub burst: Duration,
    /// The share of datagrams to the card that come twice.
    pub duplicate: f64,
    /// The share of datagrams to the card that are held back, by [`Link::HELD_BACK`], so that later
    /// ones overtake them.
    pub reorder: f64,
    /// The longest IP packet that passes, in bytes; longer ones vanish, and nobody is told.
    pub mtu: usize,
}

impl Link {
    /// How long a reordered datagram is held back.
    pub const HELD_BACK: Duration = Duration::from_millis(20);

    /// The same with this share lost in each direction.
    #[must_use]
    pub fn loss(self, each_way: f64) -> Link {
        Link { loss_in: each_way, loss_out: each_way, ..self }
    }

    /// The same with what is lost lost in bursts of this mean length.
    #[must_use]
    pub fn in_bursts(self, burst: Duration) -> Link {
        Link { burst, ..self }
    }

    /// Whether every datagram takes the same time inwards, and comes once or not at all.
    pub(super) fn is_steady_inwards(&self) -> bool {
        self.jitter.is_zero() && self.duplicate == 0.0 && self.reorder == 0.0
    }

    /// Whether a UDP datagram of this many bytes fits an IPv4 packet on it.
    pub(super) fn passes(&self, bytes: usize) -> bool {
        bytes + IP_AND_UDP <= self.mtu
    }

    pub(super) fn time_in(&self, rng: &mut fastrand::Rng) -> Duration {
        let held = if self.reorder > 0.0 && rng.f64() < self.reorder {
            Link::HELD_BACK
        } else {
            Duration::ZERO
        };
        self.delay + uniform(rng, self.jitter) + held
    }

    pub(super) fn time_out(&self, rng: &mut fastrand::Rng) -> Duration {
        let exponential = if self.processing.is_zero() {
            Duration::ZERO
        } else {
            self.processing.mul_f64(-(1.0 - rng.f64()).ln())
        };
        self.delay + uniform(rng, self.jitter) + exponential
    }
}

impl Default for Link {
    /// A wire of 0.1 ms that loses nothing.
    fn default() -> Link {
        Link {
            delay: Duration::from_micros(100),
            jitter: Duration::ZERO,
            processing: Duration::ZERO,
            loss_in: 0.0,
            loss_out: 0.0,
            burst: Duration::ZERO,
            duplicate: 0.0,
            reorder: 0.0,
            mtu: 1500,
        }
    }
}

fn uniform(rng: &mut fastrand::Rng, limit: Duration) -> Duration {
    if limit.is_zero() { Duration::ZERO } else { limit.mul_f64(rng.f64()) }
}

const IP_AND_UDP: usize = 28;
/// Ethernet, IPv4 and UDP headers.
pub(super) const HEADERS: usize = 14 + IP_AND_UDP;
