//! What follows from facts: pure, one rule a fault.

use crate::facts::Facts;
use crate::finding::Finding;

/// A rule: the findings that it draws from facts.
type Rule = fn(&Facts) -> Vec<Finding>;

/// All rules. A new fault is a new row.
const RULES: &[Rule] = &[];

/// What follows from these facts, the worst first.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all: Vec<Finding> = RULES.iter().flat_map(|rule| rule(facts)).collect();
    all.sort_by_key(|finding| finding.level);
    all
}
