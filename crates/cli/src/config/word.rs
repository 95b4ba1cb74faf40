//! The words of a file of services. Each judges itself, so that what is wrong is told with its line, with the name of
//! its field and with an example.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Value;

use crate::offer::{Attribute, OfferWords, parse_id, parse_name, parse_offered};
use crate::parse::{parse_lease, parse_port};

pub(super) const SERVICES: &str = "write [[services]], and below it service = \"printer\"";
pub(super) const SERVICE: &str = "write for example service = \"printer\"";
const TXT: &str =
    "write for example txt = { color = \"yes\", a4 = true }, or txt = [\"color=yes\", \"a4\"]";

/// A value that is wrong, and how it is written.
fn wrong(field: &str, value: &Value, why: &str, example: &str) -> String {
    let shown = match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(is_so) => is_so.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(_) => "a list".into(),
        Value::Table(_) => "a table".into(),
    };
    // What says itself what is wrong has it already.
    match why.strip_prefix("not ") {
        Some(why) => format!("{field}: {shown} is not {why}; {example}"),
        None => format!("{field}: {why}; {example}"),
    }
}

/// Reads what is written as text.
fn text<T>(
    field: &str,
    what: &str,
    example: &str,
    value: &Value,
    parse: fn(&str) -> Result<T, String>,
) -> Result<T, String> {
    match value.as_str() {
        Some(text) => parse(text).map_err(|why| wrong(field, value, &why, example)),
        None => Err(wrong(field, value, &format!("not {what} in quotes"), example)),
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Offered(pub(super) String);

impl TryFrom<Value> for Offered {
    type Error = String;

    fn try_from(value: Value) -> Result<Offered, String> {
        text("service", "a name", SERVICE, &value, parse_offered).map(Offered)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Name(pub(super) String);

impl TryFrom<Value> for Name {
    type Error = String;

    fn try_from(value: Value) -> Result<Name, String> {
        text("name", "a name", "write for example name = \"lab-3\"", &value, parse_name).map(Name)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Id(pub(super) u64);

impl TryFrom<Value> for Id {
    type Error = String;

    fn try_from(value: Value) -> Result<Id, String> {
        text("id", "an id", "write for example id = \"00c0ffee\"", &value, parse_id).map(Id)
    }
}

/// A lease, which the file may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Lease(pub(crate) Duration);

impl TryFrom<Value> for Lease {
    type Error = String;

    fn try_from(value: Value) -> Result<Lease, String> {
        text("lease", "a duration", "write for example lease = \"60s\"", &value, parse_lease)
            .map(Lease)
    }
}

#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Port(pub(super) u16);

impl TryFrom<Value> for Port {
    type Error = String;

    fn try_from(value: Value) -> Result<Port, String> {
        let why = match value.as_integer() {
            Some(number) => match parse_port(&number.to_string()) {
                Ok(port) => return Ok(Port(port)),
                Err(_) => "not a port, those are 1 to 65535",
            },
            None => "not a port",
        };
        Err(wrong("port", &value, why, "write for example port = 631"))
    }
}

/// Attributes, as a table or in the words of the option.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct Txt(pub(super) Vec<Attribute>);

impl TryFrom<Value> for Txt {
    type Error = String;

    fn try_from(value: Value) -> Result<Txt, String> {
        let attributes = match &value {
            Value::Table(table) => table.iter().map(|(key, value)| of_table(key, value)).collect(),
            Value::Array(list) => list.iter().map(of_list).collect(),
            value => Err(wrong("txt", value, "not a table or a list", TXT)),
        };
        attributes.map(Txt)
    }
}

fn of_list(value: &Value) -> Result<Attribute, String> {
    text("txt", "an attribute", TXT, value, |text| text.parse())
}

fn of_table(key: &str, value: &Value) -> Result<Attribute, String> {
    let field = format!("txt.{key:?}");
    let words = match value {
        _ if key.contains('=') => Err("not for a key with an ="),
        Value::String(text) => Ok(format!("{key}={text}")),
        Value::Boolean(true) => Ok(key.to_owned()),
        _ => Err("not text, nor true for a key without a value"),
    };
    let words = words.map_err(|why| wrong(&field, value, why, TXT))?;
    words.parse().map_err(|why: String| wrong(&field, value, &why, TXT))
}

/// Whether plain probes are left alone.
pub(super) fn no_plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let why = || wrong("no-plain", &value, "not true or false", "write no-plain = true");
    value.as_bool().ok_or_else(|| D::Error::custom(why()))
}

/// Files with keys.
pub(super) fn key_file<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<PathBuf>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let list = value.as_array().map(|list| list.iter().map(Value::as_str));
    let files = list.and_then(|list| list.map(|name| name.map(PathBuf::from)).collect());
    let example = "write for example key-file = [\"office.key\"]";
    files.ok_or_else(|| {
        D::Error::custom(wrong("key-file", &value, "not a list of names in quotes", example))
    })
}

/// The tables of services.
pub(super) struct Tables;

impl Tables {
    fn wrong<E: Error>() -> E {
        E::custom(format!("services: not a list of tables; {SERVICES}"))
    }
}

impl<'de> Visitor<'de> for Tables {
    type Value = Vec<OfferWords>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("services, each a table below a line [[services]]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut tables: A) -> Result<Vec<OfferWords>, A::Error> {
        let mut services = Vec::new();
        while let Some(words) = tables.next_element()? {
            services.push(words);
        }
        Ok(services)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Vec<OfferWords>, A::Error> {
        Err(Tables::wrong())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Vec<OfferWords>, E> {
        Err(Tables::wrong())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Vec<OfferWords>, E> {
        Err(Tables::wrong())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Vec<OfferWords>, E> {
        Err(Tables::wrong())
    }
}
