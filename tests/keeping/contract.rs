//! The contract of `--json`: the schema, the page and the help say the same.

use std::collections::{BTreeMap, BTreeSet};

use mcast_tests::contract::SCHEMA;

use crate::stdout;

/// The fields of each object, and whether each is there always.
type Objects = BTreeMap<String, BTreeMap<String, bool>>;

fn of_schema() -> Objects {
    let objects = SCHEMA["$defs"].as_object().expect("objects");
    let fields = |object: &serde_json::Value| {
        let required: BTreeSet<&str> = object["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it.as_str())
            .collect();
        let fields = object["properties"].as_object().expect("fields");
        let fields = fields.keys().filter(|name| *name != "event");
        fields.map(|name| (name.clone(), required.contains(name.as_str()))).collect()
    };
    objects.iter().map(|(name, object)| (name.clone(), fields(object))).collect()
}

/// Of each section that has a table, its rows: the field, and when it is there.
fn of_page() -> Objects {
    let mut objects = Objects::new();
    let mut section = "";
    for line in include_str!("../../docs/json.md").lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading;
        } else if let Some(row) = line.strip_prefix("| `") {
            let cells: Vec<&str> = row.split(" | ").collect();
            let [field, _, there, ..] = cells[..] else { panic!("{line}") };
            let field = field.trim_end_matches('`').to_owned();
            objects.entry(section.into()).or_default().insert(field, there == "always");
        }
    }
    objects
}

/// Of each paragraph of the help that has one, the indented list: brackets are around what is not always there.
fn of_help(help: &str) -> Objects {
    let mut objects = Objects::new();
    let mut section = String::new();
    for line in help.lines() {
        if let Some(names) = line.strip_prefix("  ") {
            for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let bare = name.trim_matches(['[', ']']);
                objects.entry(section.clone()).or_default().insert(bare.into(), bare == name);
            }
        } else if let Some((heading, _)) = line.split_once(": ") {
            section = match heading {
                "done, of doctor" => "doctor_done".into(),
                "each of interfaces, in done" => "interface".into(),
                "each of not_asked, in done" => "not_asked".into(),
                heading => heading.into(),
            };
        }
    }
    objects
}

#[test]
fn the_page_and_the_help_name_each_event_and_field_of_the_schema_and_no_other() {
    let schema = of_schema();
    assert!(schema.len() > 10 && schema["found"]["addr"], "{schema:?}");
    assert_eq!(of_page(), schema, "docs/json.md");
    assert_eq!(of_help(&stdout(&["help", "json"])), schema, "mcast help json");
}

#[test]
fn a_wrong_command_line_is_an_event_where_json_is_asked_for() {
    for (words, code, said) in [
        (&["discover", "--json", "-g", "10.0.0.1"][..], 2, "10.0.0.1 is not a multicast address"),
        (&["listen", "--json", "-i", "none0"], 3, "none0"),
        (&["--json"], 2, "--json"),
    ] {
        let output = crate::mcast(words);
        let line = String::from_utf8(output.stdout).expect("UTF-8");
        mcast_tests::contract::expect_kept(&line);
        let event: serde_json::Value = serde_json::from_str(&line).expect("one line");
        assert_eq!((&event["event"], &event["code"]), (&"error".into(), &code.into()), "{line}");
        let message = event["message"].as_str().expect("words");
        assert!(message.contains(said), "{line}");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(stderr, format!("mcast: {message}\n"));
        assert_eq!(output.status.code(), Some(code));
        let without: Vec<&str> = words.iter().copied().filter(|word| *word != "--json").collect();
        if without.is_empty() {
            continue;
        }
        assert!(crate::mcast(&without).stdout.is_empty(), "text has no events");
    }
}
