//! Loss, datagram by datagram or in bursts.

use std::time::Duration;

use mcast_proto::Instant;

/// One direction of a card's link, as good or bad as it was when it was last used.
///
/// In bursts it is Gilbert's channel (Gilbert 1960; Elliott's of 1963 with nothing lost while it is good
/// and everything while it is bad) in continuous time: it stays bad for an exponentially distributed
/// time, and good for one that gives the share of loss. So two datagrams that are sent close together
/// share their fate, however many others lie between them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fading {
    /// When it was last used, and whether it was bad then.
    last: Option<(Instant, bool)>,
}

impl Fading {
    /// Whether a datagram is lost now, where this share is, in bursts of this mean length; of zero:
    /// each by itself.
    pub(super) fn loses(
        &mut self,
        now: Instant,
        share: f64,
        burst: Duration,
        rng: &mut fastrand::Rng,
    ) -> bool {
        if share <= 0.0 {
            return false;
        }
        if burst.is_zero() || share >= 1.0 {
            return rng.f64() < share;
        }
        let bad = match self.last {
            None => share,
            Some((at, was_bad)) => {
                let of_then = f64::from(u8::from(was_bad)) - share;
                let forgetting = burst.mul_f64(1.0 - share).as_secs_f64();
                share + of_then * (-(now - at).as_secs_f64() / forgetting).exp()
            }
        };
        let is_bad = rng.f64() < bad;
        self.last = Some((now, is_bad));
        is_bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 100,000 datagrams this often, with 30 % lost: the share that is lost, and how many in a row
    /// are on average.
    fn losses(every: Duration, burst: Duration) -> (f64, f64) {
        let (mut fading, mut rng) = (Fading::default(), fastrand::Rng::with_seed(1));
        let lost: Vec<bool> = (0..100_000u32)
            .map(|number| fading.loses(Instant::ZERO + every * number, 0.3, burst, &mut rng))
            .collect();
        let total = lost.iter().filter(|lost| **lost).count() as f64;
        let bursts = lost.chunk_by(|a, b| a == b).filter(|run| run[0]).count() as f64;
        (total / lost.len() as f64, total / bursts)
    }

    #[test]
    fn bursts_lose_as_much_but_together() {
        let ms = Duration::from_millis;
        for (burst, in_a_row) in [(ms(0), 1.43), (ms(1), 1.88), (ms(20), 20.7)] {
            let (share, length) = losses(ms(1), burst);
            assert!((0.28..0.32).contains(&share), "{burst:?}: {share}");
            assert!((length / in_a_row - 1.0).abs() < 0.1, "{burst:?}: {length} in a row");
        }
        // What is much rarer than the bursts does not notice them.
        let (_, length) = losses(ms(200), ms(20));
        assert!((1.3..1.6).contains(&length), "{length}");
    }

    #[test]
    fn nothing_and_all_are_lost_in_bursts_too() {
        let mut rng = fastrand::Rng::with_seed(1);
        for (share, lost) in [(0.0, false), (1.0, true)] {
            let mut fading = Fading::default();
            for _ in 0..2 {
                let burst = Duration::from_millis(20);
                assert_eq!(fading.loses(Instant::ZERO, share, burst, &mut rng), lost);
            }
        }
    }
}
