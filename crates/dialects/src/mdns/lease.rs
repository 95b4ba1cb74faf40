//! Until when a record holds, and when it is asked for again (RFC 6762 sections 5.2 and 10).

use core::time::Duration;

use mcast_proto::Instant;

use crate::scan::Draws;

/// What an answer to a private port is taken to hold for: the time in it is no lease (RFC 6762 section 6.7).
pub(super) const LEGACY_TTL_S: u32 = 120;
/// Whoever says that a record holds for longer is taken to have said this.
const LONGEST_TTL_S: u32 = 24 * 3600;
/// A record is asked for again at these hundredths of its time, and a little later at random.
const ASKS: [u32; 4] = [80, 85, 90, 95];
/// So many thousandths of its time later at the most.
const ASKS_WITHIN: u32 = 20;
/// How long a record is kept after its goodbye. Section 10.1 asks for a second at least, in which it can be said
/// again: avahi says goodbye to a text that changes, and the new one 1.00 s later, which must not come too late.
const GOODBYE_GRACE: Duration = Duration::from_millis(1_250);
/// How long a record is kept after another took its place, and for how long records belong together (section 10.2).
const FLUSH_GRACE: Duration = Duration::from_secs(1);
/// How long one has to answer whose silence others' questions have shown, and when it is asked again.
const LAST_CHANCE: Duration = Duration::from_secs(3);
const LAST_ASK: Duration = Duration::from_secs(1);

/// A record's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    heard: Instant,
    ttl: Duration,
    ends: Instant,
    /// When it is to be asked for next; then it ends.
    ask_at: Option<Instant>,
    /// How often it was asked for.
    asks: u8,
    /// Its end was brought forward.
    is_ending: bool,
    /// It was said to hold no longer.
    is_goodbye: bool,
}

/// What is due of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It must be asked for.
    Ask,
    /// It holds no longer.
    End,
}

impl Lease {
    /// That of a record heard now, which holds for so many seconds.
    pub(super) fn new(now: Instant, ttl_s: u32, draws: &mut Draws) -> Lease {
        let ttl = Duration::from_secs(ttl_s.min(LONGEST_TTL_S).into());
        let mut lease = Lease {
            heard: now,
            ttl,
            ends: now + ttl,
            ask_at: None,
            asks: 0,
            is_ending: false,
            is_goodbye: false,
        };
        lease.ask_at = lease.next_ask(draws);
        lease
    }

    /// The same record was heard again. What it holds for by an answer to a private port makes no lease
    /// shorter.
    pub(super) fn renew(&mut self, now: Instant, ttl_s: u32, is_legacy: bool, draws: &mut Draws) {
        let new = Lease::new(now, ttl_s, draws);
        if !is_legacy || new.ends >= self.ends {
            *self = new;
        }
    }

    /// For how long it held when it was heard.
    pub(super) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// For how many seconds it still holds, where that is more than half of its time: then whoever asks says
    /// that it is known, and it is not answered (section 7.1).
    pub(super) fn known_for(&self, now: Instant) -> Option<u32> {
        let left = self.ends - now;
        (left * 2 > self.ttl && !self.is_ending).then_some(left.as_secs() as u32)
    }

    /// When something is due.
    pub(super) fn due(&self) -> Instant {
        self.ask_at.map_or(self.ends, |ask_at| ask_at.min(self.ends))
    }

    /// What is due, once for each time.
    pub(super) fn take(&mut self, now: Instant, draws: &mut Draws) -> Option<Due> {
        if self.ends <= now {
            return Some(Due::End);
        }
        self.ask_at.filter(|ask_at| *ask_at <= now)?;
        self.asks = self.asks.saturating_add(1);
        self.ask_at = if self.is_ending {
            Some(now + LAST_ASK).filter(|again| *again < self.ends)
        } else {
            self.next_ask(draws)
        };
        Some(Due::Ask)
    }

    /// It was said to hold no longer. It is asked for, because anybody can say so, and ends a little
    /// more than a second later. Says whether that is new.
    pub(super) fn say_goodbye(&mut self, now: Instant) -> bool {
        let is_new = !self.is_goodbye;
        if is_new {
            self.is_goodbye = true;
            self.end_within(now, GOODBYE_GRACE);
        }
        is_new
    }

    /// Another was said to have taken its place; it may be one of several that come in several datagrams.
    pub(super) fn flush(&mut self, now: Instant) {
        if now - self.heard > FLUSH_GRACE && !self.is_ending {
            self.end_within(now, FLUSH_GRACE);
        }
    }

    /// Others have asked for it in vain. It is asked for by ourselves and ends soon, unless it is heard.
    pub(super) fn doubt(&mut self, now: Instant) {
        if !self.is_ending {
            self.end_within(now, LAST_CHANCE);
        }
    }

    /// Whether it ended because it was said to hold no longer.
    pub(super) fn is_goodbye(&self) -> bool {
        self.is_goodbye
    }

    fn end_within(&mut self, now: Instant, while_: Duration) {
        self.ends = self.ends.min(now + while_);
        self.ask_at = Some(now);
        self.is_ending = true;
    }

    fn next_ask(&self, draws: &mut Draws) -> Option<Instant> {
        let share = *ASKS.get(usize::from(self.asks))?;
        let later = draws.within(self.ttl * ASKS_WITHIN / 1000);
        Some(self.heard + self.ttl * share / 100 + later)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(1_000_000 + millis)
    }

    /// What is due and when, in milliseconds, until it ends.
    fn course(lease: &mut Lease, draws: &mut Draws) -> Vec<(u64, Due)> {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|(_, due)| *due == Due::Ask) {
            let due = lease.due();
            assert_eq!(lease.take(Instant::from_nanos(due.as_nanos() - 1), draws), None);
            let what = lease.take(due, draws).expect("it is due");
            seen.push(((due - at(0)).as_millis() as u64, what));
        }
        seen
    }

    #[test]
    fn it_is_asked_for_four_times_late_in_its_time_and_not_always_at_the_same() {
        let mut shares = [const { Vec::new() }; 4];
        for seed in 0..400 {
            let mut draws = Draws::new(seed);
            let mut lease = Lease::new(at(0), 100, &mut draws);
            let course = course(&mut lease, &mut draws);
            assert_eq!(course[4], (100_000, Due::End));
            for (nth, (when, due)) in course[..4].iter().enumerate() {
                assert_eq!(*due, Due::Ask);
                shares[nth].push(*when);
            }
        }
        for (nth, share) in shares.iter().enumerate() {
            let first = 80_000 + 5_000 * nth as u64;
            let (least, most) = (*share.iter().min().unwrap(), *share.iter().max().unwrap());
            assert!((first..first + 100).contains(&least), "{least}");
            assert!((first + 1_900..=first + 2_000).contains(&most), "{most}");
        }
    }

    #[test]
    fn it_is_known_for_half_its_time() {
        let mut draws = Draws::new(7);
        let mut lease = Lease::new(at(0), 120, &mut draws);
        assert_eq!(lease.known_for(at(0)), Some(120));
        assert_eq!(lease.known_for(at(59_900)), Some(60));
        assert_eq!(lease.known_for(at(60_000)), None);
        assert_eq!(lease.ttl(), Duration::from_secs(120));
        assert_eq!(Lease::new(at(0), u32::MAX, &mut draws).ttl(), Duration::from_secs(86_400));
        lease.say_goodbye(at(1));
        assert_eq!(lease.known_for(at(1)), None);
    }

    #[test]
    fn after_a_goodbye_it_is_asked_for_twice_and_ends_after_more_than_a_second() {
        let mut draws = Draws::new(7);
        let mut lease = Lease::new(at(0), 120, &mut draws);
        assert!(lease.say_goodbye(at(5)) && !lease.say_goodbye(at(500)));
        assert_eq!(
            course(&mut lease, &mut draws),
            [(5, Due::Ask), (1_005, Due::Ask), (1_255, Due::End)]
        );
        assert!(lease.is_goodbye());
        // Who answers after all stays.
        let mut lease = Lease::new(at(0), 120, &mut draws);
        lease.say_goodbye(at(5));
        lease.renew(at(30), 120, false, &mut draws);
        assert!(!lease.is_goodbye());
        assert_eq!(course(&mut lease, &mut draws).len(), 5);
    }

    #[test]
    fn a_flush_leaves_alone_what_was_heard_within_the_second() {
        let mut draws = Draws::new(7);
        let mut lease = Lease::new(at(0), 120, &mut draws);
        lease.flush(at(1_000));
        assert_eq!(lease.known_for(at(1_000)), Some(119));
        lease.flush(at(1_001));
        assert_eq!(course(&mut lease, &mut draws), [(1_001, Due::Ask), (2_001, Due::End)]);
        assert!(!lease.is_goodbye());
    }

    #[test]
    fn one_that_is_doubted_has_three_seconds_and_is_asked_for_three_times() {
        let mut draws = Draws::new(7);
        let mut lease = Lease::new(at(0), 4_500, &mut draws);
        lease.doubt(at(20_000));
        let asks = [(20_000, Due::Ask), (21_000, Due::Ask), (22_000, Due::Ask)];
        let course = course(&mut lease, &mut draws);
        assert_eq!((&course[..3], course[3]), (&asks[..], (23_000, Due::End)));
    }

    #[test]
    fn an_answer_to_a_private_port_makes_no_lease_shorter() {
        let mut draws = Draws::new(7);
        let mut lease = Lease::new(at(0), 4_500, &mut draws);
        lease.renew(at(9), LEGACY_TTL_S, true, &mut draws);
        assert_eq!(lease.ttl(), Duration::from_secs(4_500));
        lease.renew(at(9), LEGACY_TTL_S, false, &mut draws);
        assert_eq!(lease.ttl(), Duration::from_secs(120));
        lease.renew(at(10), LEGACY_TTL_S, true, &mut draws);
        assert!(lease.due() - at(10) > Duration::from_secs(95));
    }
}
