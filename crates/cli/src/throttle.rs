//! Lines that come faster than anybody reads: a few of each source are shown, the rest is summed up.
//!
//! Time is cut into windows, and what is over the limits in one is counted for its end. Who was over
//! them shows a line in the next one, so that a flood leaves a line a second, and a sum. However many
//! sources there are, the lines of a window are bounded, and so is what is remembered of it.

use std::net::IpAddr;
use std::time::Duration;

use mcast_proto::{Instant, InterfaceId, Path};

/// How long a window lasts.
const WINDOW: Duration = Duration::from_secs(1);

/// Lines of one source that are shown in a window.
const PER_SOURCE: u32 = 20;

/// Lines that are shown in a window in all.
const TOTAL: u32 = 200;

/// Sources that are told apart; those over it are taken for one.
const SOURCES: usize = 64;

/// Decides what is shown.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// When the window began; `None`: nobody has said anything since the last one.
    began: Option<Instant>,
    shown: u32,
    /// Sorted.
    sources: Vec<Source>,
    others: Share,
}

#[derive(Debug)]
struct Source {
    key: Key,
    interface: Option<String>,
    share: Share,
}

/// An address means nothing without the interface where it is link-local.
type Key = (IpAddr, Option<InterfaceId>);

/// What a source says in a window.
#[derive(Debug, Default)]
struct Share {
    /// It was over the limits in the window before.
    is_loud: bool,
    shown: u32,
    left_out: u64,
    /// Of those left out, how many are answered; `None` where none could be.
    answered: Option<u64>,
}

/// What was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sum<'a> {
    /// Whose lines; `None`: of all those that are not told apart.
    pub(crate) from: Option<(IpAddr, Option<&'a str>)>,
    pub(crate) lines: u64,
    /// Of those, how many are answered; `None` where nothing is.
    pub(crate) answered: Option<u64>,
    /// In how long.
    pub(crate) time: Duration,
}

impl Throttle {
    /// Whether to show a line; if not, it is counted. The window that is over must have been
    /// [ended](Self::end).
    pub(crate) fn admits(
        &mut self,
        now: Instant,
        from: &Path,
        interface: Option<&str>,
        is_answered: Option<bool>,
    ) -> bool {
        self.began.get_or_insert(now);
        let has_room = self.shown < TOTAL;
        let share = self.share((from.remote.ip(), from.interface), interface);
        let limit = if share.is_loud { 1 } else { PER_SOURCE };
        let is_shown = has_room && share.shown < limit;
        if is_shown {
            share.shown += 1;
            self.shown += 1;
        } else {
            share.left_out += 1;
            if let Some(is_answered) = is_answered {
                *share.answered.get_or_insert(0) += u64::from(is_answered);
            }
        }
        is_shown
    }

    /// How long the window still lasts; `None` where there is none.
    pub(crate) fn remains(&self, now: Instant) -> Option<Duration> {
        self.began.map(|began| began + WINDOW - now)
    }

    /// Ends the window, and tells what was left out in it.
    pub(crate) fn end(&mut self, now: Instant, mut tell: impl FnMut(Sum<'_>)) {
        let Some(began) = self.began.take() else { return };
        let time = now - began;
        let mut sum = |share: &mut Share, from| {
            let Share { left_out: lines, answered, .. } = *share;
            if lines > 0 {
                tell(Sum { from, lines, answered, time });
            }
            *share = Share { is_loud: lines > 0, ..Share::default() };
        };
        for Source { key, interface, share } in &mut self.sources {
            sum(share, Some((key.0, interface.as_deref())));
        }
        sum(&mut self.others, None);
        self.sources.retain(|source| source.share.is_loud);
        self.shown = 0;
    }

    fn share(&mut self, key: Key, interface: Option<&str>) -> &mut Share {
        match self.sources.binary_search_by_key(&key, |source| source.key) {
            Ok(at) => &mut self.sources[at].share,
            Err(_) if self.sources.len() >= SOURCES => &mut self.others,
            Err(at) => {
                let interface = interface.map(str::to_owned);
                self.sources.insert(at, Source { key, interface, share: Share::default() });
                &mut self.sources[at].share
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(number: u32) -> Path {
        let remote = (std::net::Ipv4Addr::from(0x0a00_0000 + number), 50_008).into();
        Path::new(remote)
    }

    fn at(milliseconds: u64) -> Instant {
        Instant::from_millis(milliseconds)
    }

    /// Ends the window; what it tells, as source, lines, answered.
    fn end(throttle: &mut Throttle, now: Instant) -> Vec<(Option<String>, u64, Option<u64>)> {
        let mut told = Vec::new();
        throttle.end(now, |sum| {
            told.push((sum.from.map(|(ip, _)| ip.to_string()), sum.lines, sum.answered));
        });
        told
    }

    /// So many lines of a source, every second of them answered: how many are shown.
    fn shown(throttle: &mut Throttle, now: Instant, source: u32, lines: u32) -> usize {
        let admits =
            |n: &u32| throttle.admits(now, &path(source), Some("eth0"), Some(n.is_multiple_of(2)));
        (0..lines).filter(admits).count()
    }

    #[test]
    fn low_rates_are_shown_whole() {
        let mut throttle = Throttle::default();
        for second in 0..100 {
            let now = at(1000 * second);
            assert_eq!(end(&mut throttle, now), []);
            assert_eq!(shown(&mut throttle, now, 1, PER_SOURCE), PER_SOURCE as usize);
            assert_eq!(shown(&mut throttle, now, 2, 1), 1);
        }
    }

    #[test]
    fn a_flood_leaves_a_line_a_window_and_a_sum_until_it_is_over() {
        let mut throttle = Throttle::default();
        let source = || Some("10.0.0.1".to_owned());
        assert_eq!(shown(&mut throttle, at(0), 1, 1000), 20);
        assert_eq!(throttle.remains(at(300)), Some(Duration::from_millis(700)));
        assert_eq!(end(&mut throttle, at(1000)), [(source(), 980, Some(490))]);
        for second in 1..10 {
            assert_eq!(throttle.remains(at(1000 * second)), None);
            assert_eq!(shown(&mut throttle, at(1000 * second), 1, 1000), 1);
            assert_eq!(shown(&mut throttle, at(1000 * second), 2, 3), 3, "others are not its kind");
            assert_eq!(end(&mut throttle, at(1000 * second + 1000)), [(source(), 999, Some(499))]);
        }
        assert_eq!(shown(&mut throttle, at(10_000), 1, 1), 1);
        assert_eq!(end(&mut throttle, at(11_000)), []);
        assert_eq!(shown(&mut throttle, at(11_000), 1, 20), 20);
    }

    #[test]
    fn whatever_comes_the_lines_of_a_window_are_bounded_and_all_are_accounted_for() {
        let mut throttle = Throttle::default();
        for window in 0..3 {
            let now = at(1000 * window);
            let shown: usize = (0..70_000).map(|n| shown(&mut throttle, now, n, 1)).sum();
            let told = end(&mut throttle, now + WINDOW);
            let left_out: u64 = told.iter().map(|(_, lines, _)| lines).sum();
            assert_eq!(shown as u64 + left_out, 70_000);
            assert!(shown <= TOTAL as usize && told.len() <= SOURCES + 1, "{shown} {}", told.len());
            assert_eq!(told.last().unwrap().0, None);
            assert!(throttle.sources.len() <= SOURCES);
        }
        let many: usize = (0..SOURCES as u32).map(|n| shown(&mut throttle, at(9000), n, 100)).sum();
        assert_eq!(many, TOTAL as usize);
    }
}
