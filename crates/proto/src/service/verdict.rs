//! What sweeps have shown: how many in a row were quiet, and what keeps others from counting.

use crate::{Doubts, Evidence, Via};

/// More refusals are not remembered.
const MOST_REFUSALS: u32 = 64;

/// Judges sweeps. One is quiet if it heard nobody new, and if that says something: all its questions
/// left, nothing was dropped on the way in, nobody refused to answer, and the network stayed as it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    /// Sweeps in a row without news that count.
    quiet: u32,
    /// What keeps the sweep that is under way from counting.
    spoilt: Doubts,
    /// What has kept sweeps from counting since somebody new was heard.
    doubts: Doubts,
    /// The driver said what became of the sweep.
    is_audited: bool,
    was_clean: bool,
    /// How often it was refused of late: one more with each sweep that brought nothing and met with a
    /// refusal, half as much with each that met with none.
    refusals: u32,
    /// Answers were heard at the group; and to the asker alone.
    by_group: bool,
    by_unicast: bool,
}

impl Verdict {
    /// A run of sweeps begins. How answers can reach the asker is known from earlier ones.
    pub(super) fn begin(&mut self) {
        let Verdict { by_group, by_unicast, .. } = *self;
        *self = Verdict { by_group, by_unicast, ..Verdict::default() };
    }

    pub(super) fn heard(&mut self, via: Via) {
        match via {
            Via::Group => self.by_group = true,
            Via::Unicast => self.by_unicast = true,
        }
    }

    pub(super) fn spoil(&mut self, doubt: Doubts) {
        self.spoilt |= doubt;
    }

    pub(super) fn take(&mut self, evidence: Evidence) {
        self.is_audited = true;
        for (is_so, doubt) in [
            (evidence.unsent > 0, Doubts::NOT_SENT),
            (evidence.dropped > 0, Doubts::DROPPED),
            (evidence.changed, Doubts::NETWORK_CHANGED),
        ] {
            if is_so {
                self.spoil(doubt);
            }
        }
    }

    /// A sweep is over that heard so many new voices. One that not everybody may have heard is extra:
    /// silence to it says nothing.
    pub(super) fn judge(&mut self, news: u64, is_extra: bool) {
        if !core::mem::take(&mut self.is_audited) {
            self.spoil(Doubts::UNAUDITED);
        }
        let spoilt = core::mem::take(&mut self.spoilt);
        self.was_clean = spoilt.is_empty();
        self.refusals = match spoilt.contains(Doubts::REFUSED) {
            _ if news > 0 => 0,
            true => self.refusals.saturating_add(1).min(MOST_REFUSALS),
            false => self.refusals / 2,
        };
        if news > 0 {
            (self.quiet, self.doubts) = (0, Doubts::NONE);
        } else if !is_extra && self.was_clean {
            self.quiet = self.quiet.saturating_add(1);
        }
        // Who is on the network now was not asked before; and who refuses now refused before too, since
        // it says so several times a second, and not all of what it says arrives.
        for doubt in [Doubts::NETWORK_CHANGED, Doubts::REFUSED] {
            if spoilt.contains(doubt) {
                self.quiet = 0;
                self.doubts |= doubt;
            }
        }
        if !is_extra {
            self.doubts |= spoilt;
        }
    }

    /// Of the sweeps that were quiet so many count at the most.
    pub(super) fn limit(&mut self, quiet: u32) {
        self.quiet = self.quiet.min(quiet);
    }

    pub(super) fn quiet(&self) -> u32 {
        self.quiet
    }

    /// Whether nothing spoilt the last sweep.
    pub(super) fn is_clean(&self) -> bool {
        self.was_clean
    }

    /// How often it was refused of late.
    pub(super) fn refusals(&self) -> u32 {
        self.refusals
    }

    pub(super) fn doubts(&self) -> Doubts {
        self.doubts
    }

    /// Answers come by the group and no other way: a firewall drops the others.
    pub(super) fn only_by_group(&self) -> bool {
        self.by_group && !self.by_unicast
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEAN: Option<Evidence> = Some(Evidence::CLEAN);

    /// How many are quiet after a sweep of which the driver says this.
    fn judged(verdict: &mut Verdict, news: u64, evidence: Option<Evidence>) -> u32 {
        evidence.into_iter().for_each(|evidence| verdict.take(evidence));
        verdict.judge(news, false);
        verdict.quiet()
    }

    fn quiet_ones(count: u32) -> Verdict {
        let mut verdict = Verdict::default();
        (1..=count).for_each(|n| assert_eq!(judged(&mut verdict, 0, CLEAN), n));
        verdict
    }

    #[test]
    fn what_the_driver_saw_amiss_keeps_a_sweep_from_being_quiet_and_is_told_until_there_is_news() {
        for (evidence, word) in [
            (Some(Evidence::new(1, 0, false)), Doubts::NOT_SENT),
            (Some(Evidence::new(0, 1, false)), Doubts::DROPPED),
            (None, Doubts::UNAUDITED),
        ] {
            let mut verdict = quiet_ones(2);
            assert!(verdict.is_clean());
            assert_eq!(judged(&mut verdict, 0, evidence), 2);
            assert!(!verdict.is_clean());
            assert_eq!(judged(&mut verdict, 0, CLEAN), 3);
            assert!(verdict.is_clean());
            assert_eq!(verdict.doubts(), word);
            assert_eq!(judged(&mut verdict, 5, CLEAN), 0);
            assert_eq!(verdict.doubts(), Doubts::NONE);
            // What is amiss while somebody new is heard is told too.
            assert_eq!(judged(&mut verdict, 5, evidence), 0);
            assert_eq!(verdict.doubts(), word);
        }
    }

    #[test]
    fn refusals_are_remembered_for_a_while_but_not_once_somebody_answers() {
        let mut verdict = Verdict::default();
        for (is_refused, news, refusals) in [
            (true, 0, 1),
            (true, 0, 2),
            (true, 1, 0),
            (true, 0, 1),
            (true, 0, 2),
            (true, 0, 3),
            (false, 0, 1),
            (false, 0, 0),
            (true, 0, 1),
            (false, 1, 0),
        ] {
            if is_refused {
                verdict.spoil(Doubts::REFUSED);
            }
            judged(&mut verdict, news, CLEAN);
            assert_eq!(verdict.refusals(), refusals);
        }
    }

    #[test]
    fn each_sweep_is_audited_anew() {
        let mut verdict = Verdict::default();
        verdict.take(Evidence::CLEAN);
        verdict.take(Evidence::new(1, 0, false));
        verdict.take(Evidence::CLEAN);
        assert_eq!(judged(&mut verdict, 0, None), 0);
        assert_eq!(verdict.doubts(), Doubts::NOT_SENT);
        assert_eq!(judged(&mut verdict, 0, None), 0);
        assert_eq!(verdict.doubts(), Doubts::NOT_SENT | Doubts::UNAUDITED);
    }

    #[test]
    fn another_network_and_a_refusal_make_what_was_quiet_worthless_in_any_sweep() {
        type Happening = fn(&mut Verdict);
        let ways: [(Happening, Doubts); 3] = [
            (|verdict| verdict.take(Evidence::new(0, 0, true)), Doubts::NETWORK_CHANGED),
            (|verdict| verdict.spoil(Doubts::NETWORK_CHANGED), Doubts::NETWORK_CHANGED),
            (|verdict| verdict.spoil(Doubts::REFUSED), Doubts::REFUSED),
        ];
        for (happens, word) in ways {
            for is_extra in [false, true] {
                let mut verdict = quiet_ones(15);
                verdict.take(Evidence::CLEAN);
                happens(&mut verdict);
                verdict.judge(0, is_extra);
                assert_eq!((verdict.quiet(), verdict.doubts()), (0, word), "extra: {is_extra}");
                assert!(!verdict.is_clean());
                assert_eq!(judged(&mut verdict, 0, CLEAN), 1);
            }
        }
    }

    #[test]
    fn who_answers_an_extra_sweep_counts_and_silence_does_not() {
        let mut verdict = quiet_ones(1);
        verdict.take(Evidence::CLEAN);
        verdict.judge(0, true);
        assert_eq!((verdict.quiet(), verdict.is_clean()), (1, true));
        // Nor does what was amiss in it alone.
        verdict.take(Evidence::new(1, 1, false));
        verdict.judge(0, true);
        assert_eq!((verdict.quiet(), verdict.doubts()), (1, Doubts::NONE));
        verdict.judge(1, true);
        assert_eq!(verdict.quiet(), 0);
    }

    #[test]
    fn of_the_quiet_sweeps_no_more_count_than_is_said() {
        let mut verdict = quiet_ones(10);
        for (limit, left) in [(11, 10), (10, 10), (3, 3)] {
            verdict.limit(limit);
            assert_eq!(verdict.quiet(), left);
        }
    }

    #[test]
    fn how_answers_come_is_known_from_one_run_to_the_next_and_nothing_else_is() {
        let mut verdict = quiet_ones(3);
        assert!(!verdict.only_by_group());
        verdict.heard(Via::Group);
        verdict.spoil(Doubts::REFUSED);
        verdict.take(Evidence::CLEAN);
        verdict.begin();
        assert!(verdict.only_by_group());
        assert_eq!(verdict.quiet(), 0);
        assert_eq!(judged(&mut verdict, 0, None), 0);
        assert_eq!(verdict.doubts(), Doubts::UNAUDITED);
        verdict.heard(Via::Unicast);
        assert!(!verdict.only_by_group());
        verdict.heard(Via::Group);
        verdict.begin();
        assert!(!verdict.only_by_group());
    }
}
