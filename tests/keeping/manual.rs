//! The pages of the manual.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{mcast, stdout, takes, verbs};

/// Each page by its file's name, as `mcast man --all` writes them.
fn pages(folder: &Path) -> Vec<(String, String)> {
    let folder = folder.join("man/man1");
    assert_eq!(stdout(&["man", "--all", folder.to_str().expect("UTF-8")]), "");
    let files =
        fs::read_dir(&folder).expect("it was made").map(|file| file.expect("a file").path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    files.map(|path| (name(&path), fs::read_to_string(&path).expect("a page"))).collect()
}

#[test]
fn every_command_has_a_page_with_every_section() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = pages(folder.path());
    let of_verbs = verbs().into_iter().map(|verb| format!("mcast-{}.1", verb.replace(' ', "-")));
    let expected: BTreeSet<String> = of_verbs.chain(["mcast.1".to_owned()]).collect();
    let names: BTreeSet<String> = pages.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, expected);
    let version = env!("CARGO_PKG_VERSION");
    for (name, page) in &pages {
        let stem = name.strip_suffix(".1").expect("of section 1");
        let head = format!(".TH {stem} 1 \"\" \"mcast {version}\" \"mcast manual\"\n");
        assert!(page.contains(&head), "{name}: {page}");
        let mut rest = &**page;
        for section in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "\"EXIT STATUS\"",
            "FILES",
            "JSON",
            "EXAMPLES",
            "\"SEE ALSO\"",
        ] {
            let heading = format!("\n.SH {section}\n");
            let at =
                rest.find(&heading).unwrap_or_else(|| panic!("no {section} in {name}: {page}"));
            rest = &rest[at + heading.len()..];
            assert!(!rest.starts_with(".SH"), "{section} of {name} is empty");
        }
        for (other, _) in &pages {
            let other = other.strip_suffix(".1").expect("of section 1").replace('-', "\\-");
            assert!(
                other == stem.replace('-', "\\-") || rest.contains(&other),
                "{name} misses {other}"
            );
        }
        // What is printed is what is written.
        let verb = stem.strip_prefix("mcast-");
        assert_eq!(stdout(&[&["man"][..], verb.as_slice()].concat()), *page);
    }
}

#[test]
fn pages_with_json_name_its_events_and_where_they_are_told() {
    for verb in verbs() {
        let page = stdout(&["man", &verb.replace(' ', "-")]);
        let (_, json) = page.split_once("\n.SH JSON\n").expect("the section");
        let (json, _) = json.split_once("\n.SH ").expect("the next");
        if takes(&verb, "--json") {
            assert!(
                json.contains("docs/json.md") && json.contains(".TP\n\\fBdone\\fR"),
                "{verb}: {json}"
            );
        } else {
            assert_eq!(json, "It prints none.", "{verb}");
        }
    }
}

#[test]
fn groff_has_nothing_to_say_about_any_page() {
    if Command::new("groff").arg("--version").output().is_err() {
        return mcast_tests::skip("there is no groff");
    }
    let folder = tempfile::tempdir().expect("a folder");
    pages(folder.path());
    for file in fs::read_dir(folder.path().join("man/man1")).expect("the pages") {
        let mut groff = Command::new("groff");
        groff.args(["-ww", "-Kutf8", "-man", "-Tutf8", "-z"]).arg(file.expect("a page").path());
        let output = groff.output().expect("groff runs");
        assert!(output.status.success() && output.stderr.is_empty(), "{groff:?}: {output:?}");
    }
}

#[test]
fn pages_that_cannot_be_written_are_told_of() {
    let output = mcast(&["man", "--all", "/dev/null/man1"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write /dev/null/man1") && said.lines().count() == 1, "{said}");
    assert_eq!(mcast(&["man", "discover", "--all", "/tmp"]).status.code(), Some(2));
}
