//! What `respond --config` reads: services, in the words of the options, as TOML.
//!
//! ```toml
//! lease = "60s"
//! key-file = ["key"]
//!
//! [[services]]
//! service = "printer"
//! name = "lab-3"
//! port = 631
//! txt = ["color=yes", "a4"]
//! id = "00c0ffee"
//! ```

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::failure::Failure;
use crate::offer::{Attribute, OfferWords, parse_id, parse_name, parse_offered};
use crate::parse::{parse_lease, parse_port};

/// More is no configuration but a wrong file.
const LONGEST: u64 = 1 << 20;

/// A file of services.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) lease: Option<Lease>,
    #[serde(default)]
    pub(crate) no_plain: bool,
    /// From the file's own directory, where they are relative.
    #[serde(default)]
    pub(crate) key_file: Vec<PathBuf>,
    pub(crate) services: Vec<OfferWords>,
}

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Config, Failure> {
        let name = path.display();
        let mut text = String::new();
        let length = File::open(path)
            .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
            .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
        if length as u64 > LONGEST {
            return Err(Failure::usage(format!("{name} is longer than {LONGEST} bytes")));
        }
        let mut config = Config::parse(&text).map_err(|(line, error)| {
            let line = line.map_or(String::new(), |line| format!(", line {line}"));
            Failure::usage(format!("{name}{line}: {error}"))
        })?;
        let directory = path.parent().unwrap_or(Path::new(""));
        config.key_file.iter_mut().for_each(|file| *file = directory.join(&file));
        Ok(config)
    }

    /// Reads a text, or says what is wrong with it, and in which line if it is in one.
    fn parse(text: &str) -> Result<Config, (Option<usize>, String)> {
        let wrong = |error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| 1 + before.matches('\n').count());
            (line, error.message().replace('\n', "; "))
        };
        let config: Config = toml::from_str(text).map_err(wrong)?;
        match config.services[..] {
            [] => Err((
                None,
                "no services; write [[services]] and below it service = \"NAME\"".into(),
            )),
            _ => Ok(config),
        }
    }
}

/// A service, as the file has it. Each word judges itself, so that what is wrong is told with its place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    service: Offered,
    name: Option<Name>,
    port: Option<Port>,
    #[serde(default)]
    txt: Vec<Txt>,
    id: Option<Id>,
}

impl<'de> Deserialize<'de> for OfferWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OfferWords, D::Error> {
        let Service { service, name, port, txt, id } = Service::deserialize(deserializer)?;
        Ok(OfferWords {
            service: service.0,
            name: name.map(|name| name.0),
            port: port.map(|port| port.0),
            txt: txt.into_iter().map(|txt| txt.0).collect(),
            id: id.map(|id| id.0),
        })
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Offered(String);

impl TryFrom<String> for Offered {
    type Error = String;

    fn try_from(text: String) -> Result<Offered, String> {
        parse_offered(&text).map(Offered)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Name, String> {
        parse_name(&text).map(Name)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "i64")]
struct Port(u16);

impl TryFrom<i64> for Port {
    type Error = String;

    fn try_from(number: i64) -> Result<Port, String> {
        parse_port(&number.to_string()).map(Port)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Txt(Attribute);

impl TryFrom<String> for Txt {
    type Error = String;

    fn try_from(text: String) -> Result<Txt, String> {
        // Which one of the list it is: the line is that of the list.
        text.parse().map(Txt).map_err(|error| format!("{text:?} is {error}"))
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Id(u64);

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Id, String> {
        parse_id(&text).map(Id)
    }
}

/// A lease, which the file may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Lease(pub(crate) Duration);

impl TryFrom<String> for Lease {
    type Error = String;

    fn try_from(text: String) -> Result<Lease, String> {
        parse_lease(&text).map(Lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                words("scanner", None, None, None, &[]),
            ],
        };
        assert_eq!(Config::parse(text), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let with = |line: &str| format!("# a file\n\n[[services]]\nservice = \"a\"\n{line}\n");
        for (text, line, said) in [
            ("", Some(1), "missing field `services`"),
            ("services = []", None, "no services"),
            ("\n[[services]]\nname = \"lab-3\"", Some(2), "missing field `service`"),
            ("\n[[services]]\nservice = \"\"", Some(3), "not a name"),
            ("\n[[services]]\nservice = \"*\"", Some(3), "write the name of the one"),
            (&with("port = 0"), Some(5), "\"0\" is not a port"),
            (&with("port = 65536"), Some(5), "\"65536\" is not a port"),
            (&with("port = \"a\""), Some(5), "invalid type"),
            (&with("name = \"a\\nb\""), Some(5), "not a name"),
            (&with("id = \"lab-3\""), Some(5), "not an id"),
            (&with("txt = [\n  \"a=b\",\n  \"=a\"\n]"), Some(5), "\"=a\" is not an attribute"),
            (&with("[[services]]\nservice = \"b\"\nport = 70000"), Some(7), "is not a port"),
            (&with("colour = 1"), Some(5), "unknown field `colour`"),
            ("\n\nlease = \"9s\"\n[[services]]\nservice = \"a\"", Some(3), "not a lease"),
            ("[[services]]\nservice = \"a", Some(2), ""),
        ] {
            let (at, error) = Config::parse(text).unwrap_err();
            assert!(at == line && error.contains(said), "{text:?}: line {at:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
