//! A radio channel.

use std::time::Duration;

use mcast_proto::Instant;

use super::link::HEADERS;

/// A radio channel that all nodes share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Air {
    /// Bits a second at which multicasts are sent (the lowest rate).
    pub multicast_bits_per_second: u64,
    /// Unicast datagrams a second that the channel has room for.
    pub unicasts_per_second: u64,
    /// Multicasts are held for the next multiple of this (DTIM).
    pub dtim: Option<Duration>,
}

/// An [`Air`] and until when it is taken, by each kind.
pub(super) struct AirQueue {
    air: Air,
    multicast_until: Instant,
    unicast_until: Instant,
}

impl AirQueue {
    pub(super) fn new(air: Air) -> AirQueue {
        AirQueue { air, multicast_until: Instant::ZERO, unicast_until: Instant::ZERO }
    }

    pub(super) fn multicast(&mut self, now: Instant, length: usize) -> Instant {
        let held = self.air.dtim.map_or(now, |dtim| {
            let period = dtim.as_nanos() as u64;
            Instant::from_nanos(now.as_nanos().div_ceil(period) * period)
        });
        let bits = (length + HEADERS) as u64 * 8;
        let sending = bits * 1_000_000_000 / self.air.multicast_bits_per_second;
        self.multicast_until = self.multicast_until.max(held) + Duration::from_nanos(sending);
        self.multicast_until
    }

    pub(super) fn unicast(&mut self, now: Instant) -> Instant {
        let sending = Duration::from_nanos(1_000_000_000 / self.air.unicasts_per_second);
        self.unicast_until = self.unicast_until.max(now) + sending;
        self.unicast_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multicasts_wait_for_the_dtim_and_then_for_each_other() {
        let mut air = AirQueue::new(Air {
            multicast_bits_per_second: 1_000_000,
            unicasts_per_second: 1000,
            dtim: Some(Duration::from_millis(100)),
        });
        let length = 125 - HEADERS;
        assert_eq!(air.multicast(Instant::from_millis(1), length), Instant::from_millis(101));
        assert_eq!(air.multicast(Instant::from_millis(2), length), Instant::from_millis(102));
        assert_eq!(air.unicast(Instant::from_millis(2)), Instant::from_millis(3));
    }
}
