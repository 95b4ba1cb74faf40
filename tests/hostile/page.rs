//! `docs/hostile.md`, of which each command writes the table of its own section.

use std::path::Path;

/// Puts a table in the place of the one under a heading.
pub(crate) fn put(section: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hostile.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (head, rest) = page.split_once(&format!("## {section}\n")).expect("the section");
    let (own, others) = match rest.find("\n## ") {
        Some(next) => rest.split_at(next),
        None => (rest, ""),
    };
    let words = own.split("\n|").next().unwrap_or_default().trim_end();
    let page = format!("{head}## {section}\n{words}\n\n{table}{others}");
    std::fs::write(&path, page).expect("the page can be written");
}
