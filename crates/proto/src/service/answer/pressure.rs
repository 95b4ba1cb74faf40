//! A refusal that shows itself.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::Instant;
use crate::rng::Rng;
use crate::wire::{Tlv, TlvBuf};

/// The first word of it comes within this time at random, so that not all who refuse speak at once.
const WITHIN: Duration = Duration::from_millis(20);
/// And it is repeated as often as this while more is refused: five times within the shortest time that a
/// discovery takes, so that one that is lost is made good.
const EVERY: Duration = Duration::from_millis(100);
/// Addresses that are told apart; with more, everybody is told.
const MOST: usize = 8;
/// For how long answers to a source say that others were refused.
const LATELY: Duration = Duration::from_secs(1);

/// Which questions were refused lately, and when that is to be told. Silence is taken for absence by who
/// does not know of it.
#[derive(Debug, Clone)]
pub(crate) struct Pressure {
    /// Sources, or everybody, and when one of their questions was last refused.
    refused: Vec<(Option<IpAddr>, Instant)>,
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Pressure {
    pub(crate) fn new() -> Pressure {
        Pressure { refused: Vec::with_capacity(MOST), due: None, last: None }
    }

    /// A question from this source was refused, or one that anybody's would have been.
    pub(crate) fn refuse(&mut self, now: Instant, source: Option<IpAddr>, rng: &mut Rng) {
        let soonest = self.last.map_or(now, |last| last + EVERY);
        self.due.get_or_insert((now + rng.within(WITHIN)).max(soonest));
        self.refused.retain(|(_, at)| now - *at <= LATELY);
        if let Some(known) = self.refused.iter_mut().find(|(known, _)| *known == source) {
            known.1 = now;
        } else if self.refused.len() < MOST {
            self.refused.push((source, now));
        } else {
            self.refused.clear();
            self.refused.push((None, now));
        }
    }

    /// Whether a question from this source, or one that anybody's would have been, was refused lately.
    pub(crate) fn is_on(&self, now: Instant, source: Option<IpAddr>) -> bool {
        let concerns = |known: &Option<IpAddr>| known.is_none() || *known == source;
        self.refused.iter().any(|(known, at)| concerns(known) && now - *at <= LATELY)
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes down, once it is due, who was refused since it was last told; says whether it is.
    pub(crate) fn take_due(&mut self, now: Instant, words: &mut TlvBuf) -> bool {
        if self.due.take_if(|due| *due <= now).is_none() {
            return false;
        }
        let since = self.last.replace(now);
        for (source, at) in &self.refused {
            if since.is_none_or(|since| *at >= since) {
                // Eight of them always fit.
                let _fits = words.push(Tlv::Refused(*source));
            }
        }
        true
    }

    pub(crate) fn clear(&mut self) {
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn source(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn told(pressure: &mut Pressure, now: Instant) -> Option<Vec<Option<IpAddr>>> {
        let mut words = TlvBuf::new();
        pressure.take_due(now, &mut words).then(|| {
            let refused = |tlv| if let Tlv::Refused(source) = tlv { Some(source) } else { None };
            words.as_tlvs().iter().filter_map(refused).collect()
        })
    }

    #[test]
    fn a_refusal_is_told_within_twenty_milliseconds_and_again_every_hundred() {
        let mut rng = Rng::new(1);
        let mut pressure = Pressure::new();
        assert_eq!((pressure.due(), pressure.is_on(at(0), Some(source(1)))), (None, false));
        pressure.refuse(at(0), Some(source(1)), &mut rng);
        pressure.refuse(at(1), Some(source(2)), &mut rng);
        let due = pressure.due().unwrap();
        assert!(due <= at(20));
        assert_eq!(told(&mut pressure, due), Some([Some(source(1)), Some(source(2))].into()));
        assert_eq!(told(&mut pressure, at(5_000)), None);
        pressure.refuse(due, Some(source(2)), &mut rng);
        assert_eq!(pressure.due(), Some(due + EVERY));
        assert_eq!(told(&mut pressure, due + EVERY), Some([Some(source(2))].into()));
    }

    #[test]
    fn answers_say_so_for_a_second_to_those_whom_it_concerns() {
        let mut rng = Rng::new(2);
        let mut pressure = Pressure::new();
        pressure.refuse(at(0), Some(source(1)), &mut rng);
        let [one, two] = [1, 2].map(|last| Some(source(last)));
        assert!(pressure.is_on(at(1_000), one) && !pressure.is_on(at(0), two));
        assert!(!pressure.is_on(at(0), None) && !pressure.is_on(at(1_001), one));
        pressure.refuse(at(2_000), None, &mut rng);
        assert!(pressure.is_on(at(3_000), two) && pressure.is_on(at(3_000), None));
        assert!(!pressure.is_on(at(3_001), None));
    }

    #[test]
    fn with_more_than_eight_sources_everybody_is_told() {
        let mut rng = Rng::new(3);
        let mut pressure = Pressure::new();
        (0..9).for_each(|last| pressure.refuse(at(0), Some(source(last)), &mut rng));
        assert_eq!(told(&mut pressure, at(20)), Some([None].into()));
        pressure.refuse(at(30), Some(source(1)), &mut rng);
        pressure.clear();
        assert_eq!(pressure.due(), None);
    }
    #[test]
    fn eight_sources_are_told_apart_and_each_for_a_second() {
        let mut rng = Rng::new(4);
        for (ninth_at, is_everybody) in [(1_000, true), (1_001, false)] {
            let mut pressure = Pressure::new();
            (0..8).for_each(|last| pressure.refuse(at(0), Some(source(last)), &mut rng));
            let all: Vec<_> = (0..8).map(|last| Some(source(last))).collect();
            assert_eq!(told(&mut pressure, at(20)), Some(all));
            pressure.refuse(at(ninth_at), Some(source(9)), &mut rng);
            let expected = if is_everybody { None } else { Some(source(9)) };
            assert_eq!(told(&mut pressure, at(ninth_at + 20)), Some([expected].into()));
        }
    }

    #[test]
    fn each_time_those_are_told_who_were_refused_since_the_last() {
        let mut rng = Rng::new(5);
        let mut pressure = Pressure::new();
        pressure.refuse(at(0), Some(source(1)), &mut rng);
        assert!(told(&mut pressure, at(20)).is_some());
        pressure.refuse(at(20), Some(source(2)), &mut rng);
        pressure.refuse(at(21), Some(source(3)), &mut rng);
        assert_eq!(told(&mut pressure, at(119)), None);
        let expected = [Some(source(2)), Some(source(3))];
        assert_eq!(told(&mut pressure, at(120)), Some(expected.into()));
    }
}
