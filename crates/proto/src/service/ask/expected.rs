//! How many answers are expected.

/// The scout asks 1 in 2^8: a hundred thousand then send 390 answers, which fit any buffer.
pub(crate) const SAMPLE_BITS: u8 = 8;
/// More answers to it are not believed, which anybody can make up: the first sweep then takes a few seconds
/// at the most, and where there are more than 130,000 responders it follows what it hears.
const MOST_SCOUTED: u64 = 1 << 9;
/// What is expected when the scout heard nobody, which happens up to about a thousand.
const EXPECTED_UNSEEN: u64 = 64;
/// More are never expected, whatever the application says or a forger pretends.
const MOST_EXPECTED: u64 = 1 << 20;

/// How many answers are expected in the next sweep that is not padded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected(u64);

impl Expected {
    /// As many as the application says; `None`: nobody knows yet.
    pub(crate) fn new(said: Option<u64>) -> Expected {
        Expected(said.unwrap_or(EXPECTED_UNSEEN).min(MOST_EXPECTED))
    }

    /// So many of the sample have answered the scout.
    pub(crate) fn extrapolate(&mut self, sampled: u64) {
        let sampled = sampled.min(MOST_SCOUTED);
        if sampled > 0 {
            // Two standard deviations more than the sample says.
            let most = sampled + (4 * sampled).isqrt() + 1;
            self.0 = (most << SAMPLE_BITS).min(MOST_EXPECTED);
        }
    }

    /// A sweep has heard so many for the first time: the next hears no more of them.
    pub(crate) fn follow(&mut self, news: u64) {
        self.0 = (news + 1).min(MOST_EXPECTED);
    }

    pub(crate) fn answers(self) -> u64 {
        self.0
    }
}
