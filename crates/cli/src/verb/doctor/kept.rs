//! Facts in a file.

use std::path::Path;

use mcast_doctor::Facts;

use crate::failure::Failure;
use crate::file;

/// More is no machine's facts, but a wrong file.
const LONGEST: u64 = 16 << 20;

/// Reads facts that were kept.
pub(super) fn read(path: &Path) -> Result<Facts, Failure> {
    let name = path.display();
    serde_json::from_str(&file::text(path, LONGEST)?)
        .map_err(|error| Failure::usage(format!("{name} holds no facts of mcast doctor: {error}")))
}

/// Keeps facts.
pub(super) fn write(path: &Path, facts: &Facts) -> Result<(), Failure> {
    let name = path.display();
    let refused = |error: String| Failure::network(format!("cannot write {name}: {error}"));
    let mut text =
        serde_json::to_string_pretty(facts).map_err(|error| refused(error.to_string()))?;
    text.push('\n');
    std::fs::write(path, text).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written_and_nothing_else_is_taken_for_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("facts.json");
        let facts = Facts { chosen: true, ..Facts::default() };
        write(&file, &facts).unwrap();
        assert_eq!(read(&file).unwrap(), facts);
        std::fs::write(&file, "[1]").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("holds no facts"));
        assert!(read(&folder.path().join("none")).is_err());
        assert!(write(folder.path(), &facts).is_err());
    }
}
