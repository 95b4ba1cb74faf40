//! Facts as they are kept: JSON, with what follows from them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::build::healthy;
use crate::facts::Facts;
use crate::finding::{Code, Level};
use crate::verdict::findings;

#[derive(Deserialize)]
struct Recorded {
    facts: Facts,
    expected: BTreeSet<(Code, Level)>,
}

#[test]
fn recorded_facts_give_what_is_written_beside_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let recorded: Recorded =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let all = findings(&recorded.facts);
        let said: BTreeSet<(Code, Level)> =
            all.iter().map(|it| (it.code, it.level)).filter(|(_, it)| *it != Level::Ok).collect();
        assert_eq!(said, recorded.expected, "{path:?}: {all:#?}");
        files += 1;
    }
    assert!(files >= 4);
}

#[test]
fn facts_read_back_as_they_were_written() {
    let facts = healthy();
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
}
