//! A radio channel.

use std::time::Duration;

use mcast_proto::Instant;

use super::link::HEADERS;

/// A radio channel that all nodes share: it carries one datagram at a time, of either kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Air {
    /// Bits a second at which multicasts are sent (the lowest rate).
    pub multicast_bits_per_second: u64,
    /// Unicast datagrams a second that the channel has room for.
    pub unicasts_per_second: u64,
    /// Multicasts are held for the next multiple of this (DTIM).
    pub dtim: Option<Duration>,
}

/// An [`Air`] and until when it is taken. Who comes first is served first.
pub(super) struct AirQueue {
    air: Air,
    taken_until: Instant,
}

impl AirQueue {
    pub(super) fn new(air: Air) -> AirQueue {
        AirQueue { air, taken_until: Instant::ZERO }
    }

    /// Until when a multicast waits before it queues up.
    pub(super) fn held_until(&self, now: Instant) -> Instant {
        self.air.dtim.map_or(now, |dtim| {
            let period = dtim.as_nanos() as u64;
            Instant::from_nanos(now.as_nanos().div_ceil(period) * period)
        })
    }

    /// A multicast queues up now: when has it been sent?
    pub(super) fn multicast(&mut self, now: Instant, length: usize) -> Instant {
        let bits = (length + HEADERS) as u64 * 8;
        self.take(now, bits * 1_000_000_000 / self.air.multicast_bits_per_second)
    }

    /// A unicast queues up now: when has it been sent?
    pub(super) fn unicast(&mut self, now: Instant) -> Instant {
        self.take(now, 1_000_000_000 / self.air.unicasts_per_second)
    }

    fn take(&mut self, now: Instant, nanos: u64) -> Instant {
        self.taken_until = self.taken_until.max(now) + Duration::from_nanos(nanos);
        self.taken_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn air(dtim: Option<Duration>) -> AirQueue {
        AirQueue::new(Air { multicast_bits_per_second: 1_000_000, unicasts_per_second: 1000, dtim })
    }

    #[test]
    fn multicasts_are_held_for_the_dtim() {
        let air = air(Some(Duration::from_millis(100)));
        for (now, until) in [(0, 0), (1, 100), (100, 100), (101, 200)] {
            assert_eq!(air.held_until(Instant::from_millis(now)), Instant::from_millis(until));
        }
    }

    #[test]
    fn multicasts_and_unicasts_wait_for_each_other() {
        let mut air = air(None);
        assert_eq!(air.held_until(Instant::from_millis(1)), Instant::from_millis(1));
        let length = 250 - HEADERS;
        assert_eq!(air.multicast(Instant::from_millis(1), length), Instant::from_millis(3));
        assert_eq!(air.unicast(Instant::from_millis(1)), Instant::from_millis(4));
        assert_eq!(air.multicast(Instant::from_millis(2), length), Instant::from_millis(6));
        assert_eq!(air.unicast(Instant::from_millis(9)), Instant::from_millis(10));
    }
}
