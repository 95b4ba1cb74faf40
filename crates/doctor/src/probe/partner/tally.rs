//! What was asked how often, and how often it was answered.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use crate::facts::{Exchange, Size, Way};

/// What a question is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// Which way comes through.
    Way(Way),
    /// Which size does.
    Size(u32),
    /// Which TTL reaches it.
    Ttl(u8),
}

/// The questions of a topic.
#[derive(Debug, Default, Clone)]
struct Count {
    asked: u32,
    answered: u32,
    too_long: u32,
    rtt_ms: Option<(f64, f64)>,
    /// When it was last answered, and how many questions were put since.
    worked_ms: u64,
    since: u32,
}

/// Unanswered questions in a row by which a way that worked has stopped to.
const STOPPED: u32 = 5;

/// What was asked, by topic.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<Topic, Count>);

impl Tally {
    /// Counts a question by what the kernel said to it, and says whether it left.
    pub(super) fn asked(&mut self, topic: Topic, sent: &io::Result<usize>) -> bool {
        let count = self.0.entry(topic).or_default();
        match sent {
            Ok(_) => {
                count.asked += 1;
                count.since += 1;
                return true;
            }
            Err(refusal) if is_too_long(refusal) => count.too_long += 1,
            Err(refusal) => log::info!("a question did not leave: {refusal}"),
        }
        false
    }

    /// Counts an answer that took so long.
    pub(super) fn answered(&mut self, topic: Topic, took: Duration, ms: u64) {
        let count = self.0.entry(topic).or_default();
        let took = took.as_secs_f64() * 1000.0;
        let (least, most) = count.rtt_ms.unwrap_or((took, took));
        count.answered += 1;
        count.rtt_ms = Some((least.min(took), most.max(took)));
        (count.worked_ms, count.since) = (ms, 0);
    }

    pub(super) fn has_answer(&self) -> bool {
        self.0.values().any(|count| count.answered > 0)
    }

    /// Whether a question of this topic was answered.
    pub(super) fn is_answered(&self, topic: Topic) -> bool {
        self.0.get(&topic).is_some_and(|count| count.answered > 0)
    }

    /// What came through, by way.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        let ways = self.0.iter().filter_map(|(topic, count)| match topic {
            Topic::Way(way) => Some((*way, count)),
            Topic::Size(_) | Topic::Ttl(_) => None,
        });
        let exchange = |(way, count): (Way, &Count)| {
            let Count { asked, answered, rtt_ms, .. } = *count;
            Exchange { way, asked, answered, rtt_ms }
        };
        ways.map(exchange).collect()
    }

    /// The ways that worked and do no more, and when they last did.
    pub(super) fn stopped(&self) -> Vec<(Way, u64)> {
        let stopped = self.0.iter().filter_map(|(topic, count)| match topic {
            Topic::Way(way) if count.answered > 0 && count.since >= STOPPED => {
                Some((*way, count.worked_ms))
            }
            _ => None,
        });
        stopped.collect()
    }

    /// Which sizes came through by the group.
    pub(super) fn sizes(&self) -> impl Iterator<Item = Size> {
        self.0.iter().filter_map(|(topic, count)| match *topic {
            Topic::Size(bytes) => {
                let Count { asked, answered, too_long, .. } = *count;
                Some(Size { bytes, to_group: true, asked, answered, too_long })
            }
            Topic::Way(_) | Topic::Ttl(_) => None,
        })
    }
}

/// Whether the kernel refused a datagram as too long for the interface or the path (EMSGSIZE).
pub(super) fn is_too_long(refusal: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(refusal) == Some(rustix::io::Errno::MSGSIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_has_stopped_once_five_questions_in_a_row_are_not_answered() {
        let topic = Topic::Way(Way::GroupThenUnicast);
        let mut tally = Tally::default();
        for nth in 0..3 {
            assert!(tally.asked(topic, &Ok(1)));
            tally.answered(topic, Duration::from_millis(nth + 1), nth);
        }
        for _ in 0..4 {
            tally.asked(topic, &Ok(1));
            tally.asked(Topic::Way(Way::GroupThenGroup), &Ok(1));
        }
        assert_eq!(tally.stopped(), []);
        tally.asked(topic, &Ok(1));
        tally.asked(Topic::Way(Way::GroupThenGroup), &Ok(1));
        // What never worked has not stopped.
        assert_eq!(tally.stopped(), [(Way::GroupThenUnicast, 2)]);
        let exchanges = tally.exchanges();
        assert_eq!((exchanges[0].asked, exchanges[0].answered), (8, 3));
        assert_eq!(exchanges[0].rtt_ms, Some((1.0, 3.0)));
    }

    #[test]
    fn what_is_too_long_was_not_asked() {
        let mut tally = Tally::default();
        let refusal =
            || Err(io::Error::from_raw_os_error(rustix::io::Errno::MSGSIZE.raw_os_error()));
        assert!(!tally.asked(Topic::Size(1472), &refusal()));
        let sizes: Vec<Size> = tally.sizes().collect();
        assert_eq!((sizes[0].asked, sizes[0].too_long, sizes[0].bytes), (0, 1, 1472));
    }
}
