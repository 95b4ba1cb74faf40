//! What several asks came to.

use std::collections::BTreeMap;
use std::fmt;

use crate::program::Answer;

/// How many asks were right, and how many said so.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) asks: usize,
    /// Those that found everybody.
    pub(crate) whole: usize,
    pub(crate) complete: usize,
    /// Those that said that they had found everybody, and had not: the one thing that may never be.
    pub(crate) wrong: usize,
    /// Those that found everybody, and said so.
    pub(crate) right: usize,
    /// How many the ask found of everybody that found the fewest.
    fewest: usize,
    everybody: usize,
    /// Why asks were not complete, and how many gave that reason.
    doubts: BTreeMap<String, usize>,
}

impl Tally {
    pub(crate) fn of(answers: &[Answer], truth: &[String]) -> Tally {
        let count =
            |is: &dyn Fn(&Answer) -> bool| answers.iter().filter(|answer| is(answer)).count();
        let found =
            |answer: &Answer| truth.iter().filter(|name| answer.names.contains(name)).count();
        let mut doubts = BTreeMap::new();
        for word in answers.iter().flat_map(|answer| &answer.doubts) {
            *doubts.entry(word.clone()).or_default() += 1;
        }
        Tally {
            asks: answers.len(),
            whole: count(&|answer| answer.has(truth)),
            complete: count(&|answer| answer.complete),
            wrong: count(&|answer| answer.is_false(truth)),
            right: count(&|answer| answer.complete && answer.has(truth)),
            fewest: answers.iter().map(found).min().unwrap_or(0),
            everybody: truth.len(),
            doubts,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { asks, whole, complete, wrong, fewest, everybody, doubts, .. } = self;
        write!(f, "{whole} of {asks} asks found all")?;
        if whole < asks {
            write!(f, ", the others {fewest} of {everybody} at the least")?;
        }
        write!(f, "; {complete} said complete")?;
        if *wrong > 0 {
            write!(f, ", **{wrong} of them wrongly**")?;
        }
        for (nth, (word, count)) in doubts.iter().enumerate() {
            write!(f, "{}{word} ({count})", if nth == 0 { "; not, for: " } else { ", " })?;
        }
        Ok(())
    }
}
