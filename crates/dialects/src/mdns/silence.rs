//! What is shown by the silence after others' questions (RFC 6762 section 10.5).

use core::time::Duration;

use mcast_proto::Instant;

/// So many questions of others must stay unanswered, and for so long.
const QUESTIONS: u8 = 2;
const SILENCE: Duration = Duration::from_secs(10);

/// Others' questions that a record would answer, and that were not answered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Silence {
    questions: u8,
    /// Since when so many are unanswered that it counts.
    since: Option<Instant>,
}

impl Silence {
    /// Another asks for it.
    pub(super) fn ask(&mut self, now: Instant) {
        self.questions = self.questions.saturating_add(1);
        if self.questions >= QUESTIONS {
            self.since.get_or_insert(now);
        }
    }

    /// It was heard.
    pub(super) fn answer(&mut self) {
        *self = Silence::default();
    }

    /// When it is to be doubted.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + SILENCE)
    }

    /// Whether it is to be doubted, once.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let is_due = self.due().is_some_and(|due| due <= now);
        if is_due {
            self.answer();
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    #[test]
    fn two_questions_unanswered_for_ten_seconds_are_a_doubt() {
        let mut silence = Silence::default();
        silence.ask(at(0));
        assert_eq!(silence.due(), None);
        silence.ask(at(5_000));
        silence.ask(at(9_000));
        assert_eq!(silence.due(), Some(at(15_000)));
        assert!(!silence.take(at(14_999)) && silence.take(at(15_000)) && !silence.take(at(99_000)));
        silence.ask(at(20_000));
        silence.answer();
        silence.ask(at(21_000));
        assert_eq!(silence.due(), None);
    }
}
