use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

/// What `docs/config.md` has in its blocks of TOML.
fn examples() -> Vec<&'static str> {
    let page = include_str!("../../../../docs/config.md");
    page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_page_names_every_field_and_its_examples_are_read() {
    let page = include_str!("../../../../docs/config.md");
    let named: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    // One that comes to be does not compile until it is named here.
    let Config { lease: _, no_plain: _, key_file: _, services: _ } = Config::default();
    let of_file = ["lease", "no-plain", "key-file", "services"];
    let of_service = ["service", "name", "port", "txt", "id"];
    assert_eq!(named, of_file.into_iter().chain(of_service).collect());
    let examples = examples();
    assert!(!examples.is_empty());
    for example in &examples {
        Config::parse(example).unwrap_or_else(|error| panic!("{error:?}: {example}"));
    }
    for field in named {
        assert!(examples[0].contains(field), "the example has no {field}");
    }
    let OfferWords { service: _, id, name, port, txt } =
        &Config::parse(examples[0]).unwrap().services[0];
    assert!(id.is_some() && name.is_some() && port.is_some() && !txt.is_empty());
}

#[test]
fn a_file_says_what_the_options_say() {
    let text = r#"
        lease = "60s"
        no-plain = true
        key-file = ["new", "old"]

        [[services]]
        service = "printer"
        name = "lab-3"
        port = 631
        txt = ["color=yes", "a4"]
        id = "feed"

        [[services]]
        service = "scanner"
        txt = { color = "yes=no", a4 = true }
    "#;
    let words = |service: &str, name: Option<&str>, port, id, txt: &[&str]| OfferWords {
        service: service.into(),
        id,
        name: name.map(Into::into),
        port,
        txt: txt.iter().map(|text| text.parse().unwrap()).collect(),
    };
    let expected = Config {
        lease: Some(Lease(Duration::from_secs(60))),
        no_plain: true,
        key_file: vec!["new".into(), "old".into()],
        services: vec![
            words("printer", Some("lab-3"), Some(631), Some(0xfeed), &["color=yes", "a4"]),
            words("scanner", None, None, None, &["a4", "color=yes=no"]),
        ],
    };
    assert_eq!(Config::parse(text), Ok(expected));
}

#[test]
fn what_is_wrong_is_told_with_its_line_its_field_and_an_example() {
    let with = |line: &str| format!("# a file\n\n[[services]]\nservice = \"a\"\n{line}\n");
    let above = |line: &str| format!("\n\n{line}\n[[services]]\nservice = \"a\"");
    let port = "is not a port, those are 1 to 65535; write for example port = 631";
    for (text, line, said) in [
        ("", None, "services: there are none; write [[services]]"),
        ("services = []", None, "services: there are none; write [[services]]"),
        ("services = \"a\"", Some(1), "services: not a list of tables; write [[services]]"),
        (
            "[services]\nservice = \"a\"",
            Some(1),
            "services: not a list of tables; write [[services]]",
        ),
        ("services = [1]", Some(1), "expected a service: a table below a line [[services]]"),
        (
            "\n[[services]]\nname = \"lab-3\"",
            Some(2),
            "service: there is none; write for example service",
        ),
        ("\n[[services]]\nservice = \"\"", Some(3), "service: \"\" is not a name; those have"),
        (
            "\n[[services]]\nservice = 1",
            Some(3),
            "service: 1 is not a name in quotes; write for example",
        ),
        ("\n[[services]]\nservice = \"*\"", Some(3), "write the name of the one"),
        (&with("port = 0"), Some(5), &format!("port: 0 {port}")),
        (&with("port = 65536"), Some(5), &format!("port: 65536 {port}")),
        (&with("port = \"a\""), Some(5), "port: \"a\" is not a port; write for example port = 631"),
        (&with("name = \"a\\nb\""), Some(5), "name: \"a\\nb\" is not a name; those have"),
        (&with("id = \"lab-3\""), Some(5), "id: \"lab-3\" is not an id; those have"),
        (
            &with("id = 12"),
            Some(5),
            "id: 12 is not an id in quotes; write for example id = \"00c0ffee\"",
        ),
        (&with("txt = [\n  \"a=b\",\n  \"=a\"\n]"), Some(5), "txt: \"=a\" is not an attribute"),
        (
            &with("txt = \"a\""),
            Some(5),
            "txt: \"a\" is not a table or a list; write for example txt =",
        ),
        (&with("txt = { a = 1.5 }"), Some(5), "txt.\"a\": 1.5 is not text, nor true"),
        (&with("txt = { \"a=\" = true }"), Some(5), "txt.\"a=\": true is not for a key with an ="),
        (&with("[[services]]\nservice = \"b\"\nport = 70000"), Some(7), port),
        (&with("colour = 1"), Some(5), "unknown field `colour`, expected one of `service`"),
        (
            &above("lease = \"9s\""),
            Some(3),
            "lease: \"9s\" is not a lease; those are 10s to 24h; write for",
        ),
        (
            &above("lease = 60"),
            Some(3),
            "lease: 60 is not a duration in quotes; write for example lease",
        ),
        (
            &above("no-plain = 1"),
            Some(3),
            "no-plain: 1 is not true or false; write no-plain = true",
        ),
        (
            &above("key-file = \"key\""),
            Some(3),
            "key-file: \"key\" is not a list of names in quotes",
        ),
        ("[[services]]\nservice = \"a", Some(2), ""),
    ] {
        let (at, error) = Config::parse(text).unwrap_err();
        assert!(at == line && error.contains(said), "{text:?}: line {at:?}: {error}");
        assert!(!error.contains('\n') && !error.contains("invalid type: string"), "{error}");
    }
}
