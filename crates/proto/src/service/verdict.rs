//! What sweeps have shown: how many in a row were quiet, and what keeps others from counting.

use crate::{Doubts, Evidence};

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

    pub(super) fn heard(&mut self, by_group: bool) {
        self.by_group |= by_group;
        self.by_unicast |= !by_group;
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

    /// A sweep is over that heard so many new responders.
    pub(super) fn judge(&mut self, news: u64, by_group: bool) {
        let spoilt = self.close();
        // Where answers come by the group alone, silence to the asker alone says nothing.
        let says_something = by_group == self.only_by_group();
        if news > 0 {
            self.quiet = 0;
            self.doubts = Doubts::NONE;
        } else if says_something && spoilt.is_empty() {
            self.quiet = self.quiet.saturating_add(1);
        }
        if makes_worthless(spoilt) {
            self.quiet = 0;
        }
        self.doubts |= spoilt;
    }

    /// A sweep is over that not everybody may have heard: only who answers it counts.
    pub(super) fn judge_extra(&mut self, news: u64) {
        let spoilt = self.close();
        if news > 0 {
            self.quiet = 0;
        }
        if makes_worthless(spoilt) {
            self.quiet = 0;
        }
    }

    /// Ends the sweep: what has spoilt it.
    fn close(&mut self) -> Doubts {
        if !core::mem::take(&mut self.is_audited) {
            self.spoil(Doubts::UNAUDITED);
        }
        let spoilt = core::mem::take(&mut self.spoilt);
        self.was_clean = spoilt.is_empty();
        spoilt
    }

    pub(super) fn quiet(&self) -> u32 {
        self.quiet
    }

    /// Whether nothing spoilt the last sweep.
    pub(super) fn is_clean(&self) -> bool {
        self.was_clean
    }

    pub(super) fn doubts(&self) -> Doubts {
        self.doubts
    }

    /// Answers come by the group and no other way: a firewall drops the others.
    pub(super) fn only_by_group(&self) -> bool {
        self.by_group && !self.by_unicast
    }
}

/// Whether what has spoilt a sweep takes the worth from those before it too: who is on another network was
/// not asked in them, and a responder that is busy has been for a while before it says so.
fn makes_worthless(spoilt: Doubts) -> bool {
    spoilt.contains(Doubts::NETWORK_CHANGED) || spoilt.contains(Doubts::REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(verdict: &mut Verdict, news: u64, evidence: Option<Evidence>) -> u32 {
        if let Some(evidence) = evidence {
            verdict.take(evidence);
        }
        verdict.judge(news, false);
        verdict.quiet()
    }

    #[test]
    fn only_clean_sweeps_without_news_are_quiet() {
        let mut verdict = Verdict::default();
        let clean = Some(Evidence::CLEAN);
        assert_eq!(judged(&mut verdict, 0, clean), 1);
        assert_eq!(judged(&mut verdict, 0, clean), 2);
        for (evidence, word) in [
            (Some(Evidence::new(1, 0, false)), Doubts::NOT_SENT),
            (Some(Evidence::new(0, 1, false)), Doubts::DROPPED),
            (None, Doubts::UNAUDITED),
        ] {
            assert_eq!(judged(&mut verdict, 0, evidence), 2);
            assert!(verdict.doubts().contains(word) && !verdict.is_clean());
        }
        verdict.spoil(Doubts::REFUSED);
        assert_eq!(judged(&mut verdict, 0, clean), 0);
        assert!(verdict.doubts().contains(Doubts::REFUSED) && !verdict.is_clean());
        assert_eq!(judged(&mut verdict, 0, clean), 1);
        assert!(verdict.is_clean());
        assert_eq!(judged(&mut verdict, 5, clean), 0);
        assert_eq!(verdict.doubts(), Doubts::NONE);
    }

    #[test]
    fn another_network_makes_what_was_quiet_worthless() {
        for extra in [false, true] {
            let mut verdict = Verdict::default();
            assert_eq!(judged(&mut verdict, 0, Some(Evidence::CLEAN)), 1);
            verdict.take(Evidence::new(0, 0, true));
            if extra {
                verdict.judge_extra(0);
            } else {
                verdict.judge(0, false);
            }
            assert_eq!(verdict.quiet(), 0);
        }
    }

    #[test]
    fn who_answers_an_extra_sweep_counts_and_silence_does_not() {
        let mut verdict = Verdict::default();
        assert_eq!(judged(&mut verdict, 0, Some(Evidence::CLEAN)), 1);
        verdict.take(Evidence::CLEAN);
        verdict.judge_extra(0);
        assert_eq!(verdict.quiet(), 1);
        verdict.judge_extra(1);
        assert_eq!(verdict.quiet(), 0);
    }

    #[test]
    fn where_answers_come_by_the_group_alone_only_sweeps_that_ask_for_those_count() {
        let mut verdict = Verdict::default();
        verdict.heard(true);
        assert!(verdict.only_by_group());
        assert_eq!(judged(&mut verdict, 0, Some(Evidence::CLEAN)), 0);
        verdict.take(Evidence::CLEAN);
        verdict.judge(0, true);
        assert_eq!(verdict.quiet(), 1);
        verdict.heard(false);
        verdict.begin();
        assert!(!verdict.only_by_group());
        assert_eq!(judged(&mut verdict, 0, Some(Evidence::CLEAN)), 1);
        verdict.take(Evidence::CLEAN);
        verdict.judge(0, true);
        assert_eq!(verdict.quiet(), 1);
    }
}
