//! What `respond --config` reads: services, in the words of the options, as TOML.
//! `docs/config.md` has each field.

mod word;

use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;
use crate::file;
use crate::offer::OfferWords;
pub(crate) use word::Lease;
use word::{Id, Name, Offered, Port, SERVICE, Txt};

/// More is no configuration but a wrong file.
const LONGEST: u64 = 1 << 20;

/// A file of services.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) lease: Option<Lease>,
    #[serde(default, deserialize_with = "word::no_plain")]
    pub(crate) no_plain: bool,
    /// From the file's own directory, where they are relative.
    #[serde(default, deserialize_with = "word::key_file")]
    pub(crate) key_file: Vec<PathBuf>,
    #[serde(default, deserialize_with = "services")]
    pub(crate) services: Vec<OfferWords>,
}

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Config, Failure> {
        let name = path.display();
        let mut config = Config::parse(&file::text(path, LONGEST)?).map_err(|(line, error)| {
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
            [] => Err((None, format!("services: there are none; {}", word::SERVICES))),
            _ => Ok(config),
        }
    }
}

/// A service, as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a service: a table below a line [[services]]")]
struct Service {
    service: Option<Offered>,
    name: Option<Name>,
    port: Option<Port>,
    txt: Option<Txt>,
    id: Option<Id>,
}

impl<'de> Deserialize<'de> for OfferWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OfferWords, D::Error> {
        let Service { service, name, port, txt, id } = Service::deserialize(deserializer)?;
        let missing = || D::Error::custom(format!("service: there is none; {SERVICE}"));
        Ok(OfferWords {
            service: service.ok_or_else(missing)?.0,
            name: name.map(|name| name.0),
            port: port.map(|port| port.0),
            txt: txt.map(|txt| txt.0).unwrap_or_default(),
            id: id.map(|id| id.0),
        })
    }
}

/// All services.
fn services<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OfferWords>, D::Error> {
    deserializer.deserialize_any(word::Tables)
}

#[cfg(test)]
mod tests;
