//! Rules on facts: each fault, and beside it its harmless twin.

mod build;
mod here;
mod laws;
mod others;
mod recorded;
mod with_partner;

use super::findings;
use crate::facts::Facts;
use crate::finding::{Code, Level};

/// Facts under a name, and what is to be said of them beside what is as it should be.
type Row = (&'static str, Facts, &'static [(Code, Level)]);

fn check(rows: Vec<Row>) {
    for (name, facts, expected) in rows {
        let all = findings(&facts);
        let mut said: Vec<(Code, Level)> = all
            .iter()
            .map(|it| (it.code, it.level))
            .filter(|(_, level)| *level != Level::Ok)
            .collect();
        said.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(said, expected, "{name}: {all:#?}");
    }
}
