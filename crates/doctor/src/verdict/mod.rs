//! What follows from facts: pure, one rule a fault.
//!
//! A rule names a cause only where the facts exclude every other; where they fit several it is
//! [`Unsure`](crate::finding::Level::Unsure), and says what would decide. Every fault has a harmless twin,
//! of which its rule says nothing: the tests have both.

mod accept;
mod container;
mod echoes;
mod groups;
mod host;
mod interfaces;
mod ports;
mod reverse;
mod routes;
mod silence;
mod suspects;
mod together;
mod unicast;
mod view;
mod words;

use crate::facts::Facts;
use crate::finding::Finding;

/// A rule: the findings that it draws from facts.
type Rule = fn(&Facts) -> Vec<Finding>;

/// All rules. A new fault is a new row.
const RULES: &[&[Rule]] = &[
    &[interfaces::none, routes::missing, ports::taken, ports::shared],
    &[echoes::refused, echoes::not_joined, echoes::dropped],
    &[container::behind_bridge, reverse::dropped],
    &[unicast::unanswered, groups::pruned, host::loss],
    together::RULES,
    &[silence::nothing],
    &[interfaces::summary, echoes::heard, silence::summary, host::limits, host::rules],
];

/// What follows from these facts, the worst first.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all: Vec<Finding> =
        RULES.iter().flat_map(|family| family.iter()).flat_map(|rule| rule(facts)).collect();
    all.sort_by_key(|finding| finding.level);
    all
}

#[cfg(test)]
mod tests;
