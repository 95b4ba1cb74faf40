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
//! ```

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::failure::Failure;
use crate::offer::{Attribute, OfferWords, parse_name};
use crate::parse::{parse_lease, parse_port};

/// More is no configuration but a wrong file.
const LONGEST: u64 = 1 << 20;

/// A file of services.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default, deserialize_with = "lease")]
    pub(crate) lease: Option<Duration>,
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
        let mut config = Config::parse(&text)
            .map_err(|(line, error)| Failure::usage(format!("{name}, line {line}: {error}")))?;
        let directory = path.parent().unwrap_or(Path::new(""));
        config.key_file.iter_mut().for_each(|file| *file = directory.join(&file));
        Ok(config)
    }

    /// Reads a text, or says in which line it is wrong.
    fn parse(text: &str) -> Result<Config, (usize, String)> {
        let wrong = |error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
            (line, error.message().replace('\n', "; "))
        };
        let config: Config = toml::from_str(text).map_err(wrong)?;
        match config.services[..] {
            [] => {
                Err((1, "no services; write [[services]] and below it service = \"NAME\"".into()))
            }
            _ => Ok(config),
        }
    }
}

impl<'de> Deserialize<'de> for OfferWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OfferWords, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Words {
            service: String,
            name: Option<String>,
            port: Option<i64>,
            #[serde(default)]
            txt: Vec<String>,
        }

        let Words { service, name, port, txt } = Words::deserialize(deserializer)?;
        Ok(OfferWords {
            service: word("service", parse_name(&service))?,
            name: name.map(|name| word("name", parse_name(&name))).transpose()?,
            port: port.map(|port| word("port", parse_port(&port.to_string()))).transpose()?,
            txt: txt
                .iter()
                .map(|text| word("txt", Attribute::from_str(text)))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn lease<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    word("lease", parse_lease(&text)).map(Some)
}

/// The value of a word, or what is wrong with it.
fn word<T, E: serde::de::Error>(name: &str, value: Result<T, impl Display>) -> Result<T, E> {
    value.map_err(|error| E::custom(format_args!("{name}: {error}")))
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

            [[services]]
            service = "scanner"
        "#;
        let words = |service: &str, name: Option<&str>, port, txt: &[&str]| OfferWords {
            service: service.into(),
            name: name.map(Into::into),
            port,
            txt: txt.iter().map(|text| text.parse().unwrap()).collect(),
        };
        let expected = Config {
            lease: Some(Duration::from_secs(60)),
            no_plain: true,
            key_file: vec!["new".into(), "old".into()],
            services: vec![
                words("printer", Some("lab-3"), Some(631), &["color=yes", "a4"]),
                words("scanner", None, None, &[]),
            ],
        };
        assert_eq!(Config::parse(text), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, said) in [
            ("", 1, "missing field `services`"),
            ("services = []", 1, "no services"),
            ("[[services]]\nname = \"lab-3\"", 1, "missing field `service`"),
            ("[[services]]\nservice = \"\"", 1, "service: not a name"),
            ("[[services]]\nservice = \"a\"\nport = 0", 1, "port: \"0\" is not a port"),
            ("[[services]]\nservice = \"a\"\nport = \"a\"", 3, "invalid type"),
            ("[[services]]\nservice = \"a\"\ntxt = [\"=a\"]", 1, "txt: not an attribute"),
            ("[[services]]\nservice = \"a\"\ncolour = 1", 3, "unknown field `colour`"),
            ("lease = \"9s\"\n[[services]]\nservice = \"a\"", 1, "lease: not a lease"),
            ("[[services]]\nservice = \"a", 2, ""),
        ] {
            let (at, error) = Config::parse(text).unwrap_err();
            assert!(at == line && error.contains(said), "{text:?}: line {at}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
