//! Presets as a table: what a file says, and what is wrong with it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use toml::{Table, Value};

use super::field::{As, Field, Form};
use super::request::{self, Request};
use super::{Preset, To};
use crate::scan::MOST_REPEATS;

/// The longest table that [`parse`] takes, in bytes.
pub const LONGEST_TABLE: usize = 256 * 1024;
/// Presets of one table.
const MOST_PRESETS: usize = 256;
/// Attributes of one preset.
const MOST_ATTRIBUTES: usize = 16;
/// The longest name of a preset.
const LONGEST_NAME: usize = 64;
/// How long answers are waited for: where a preset doesn't say, and at the most.
const USUAL_WAIT: Duration = Duration::from_secs(3);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What is wrong with a table of presets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableError {
    /// The preset; `None`: it is of the whole table.
    pub preset: Option<String>,
    /// The field, such as `txt.model`; `None`: it is of the whole preset.
    pub field: Option<String>,
    /// What is wrong, to follow them.
    pub reason: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.preset, &self.field) {
            (Some(preset), Some(field)) => write!(f, "preset {preset}: {field} ")?,
            (Some(preset), None) => write!(f, "preset {preset} ")?,
            (None, _) => f.write_str("the table of presets ")?,
        }
        f.write_str(&self.reason)
    }
}

impl core::error::Error for TableError {}

/// The presets of a table in TOML, in the order of their names.
///
/// # Errors
///
/// If one of them can't be used: with the preset and its field.
pub fn parse(text: &str) -> Result<Vec<Preset>, TableError> {
    let of_table = |reason| TableError { preset: None, field: None, reason };
    if text.len() > LONGEST_TABLE {
        return Err(of_table(format!("is longer than {LONGEST_TABLE} bytes")));
    }
    let table: Table = text.parse().map_err(|error| {
        let error: toml::de::Error = error;
        of_table(format!("is no TOML: {}", error.message()))
    })?;
    if table.len() > MOST_PRESETS {
        return Err(of_table(format!("has more than {MOST_PRESETS} presets")));
    }
    table.into_iter().map(|(name, row)| preset(name, row)).collect()
}

/// A field with what is wrong with it.
type Fault = (Option<String>, String);

fn fault(field: &str, reason: impl fmt::Display) -> Fault {
    (Some(field.into()), reason.to_string())
}

fn preset(name: String, row: Value) -> Result<Preset, TableError> {
    let is_name = |name: &str| {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_part)
    };
    let read = || {
        if !is_name(&name) {
            return Err((None, "has a name of other characters than a to z, 0 to 9 and -".into()));
        }
        match row {
            Value::Table(fields) => Row(fields).preset(&name),
            _ => Err((None, "is no table".into())),
        }
    };
    read().map_err(|(field, reason)| TableError { preset: Some(name.clone()), field, reason })
}

/// The fields of a preset that were not read yet.
struct Row(Table);

impl Row {
    fn preset(mut self, name: &str) -> Result<Preset, Fault> {
        let to = self.to()?;
        let request = self.request()?;
        let form = self.form()?;
        let preset = Preset {
            name: name.into(),
            source: self.text("source")?.ok_or_else(|| fault("source", "is missing"))?,
            tried: self.truth("tried")?,
            to,
            ttl: self.number("ttl", 1..=255)?.map(|ttl| ttl as u8),
            request,
            source_port: self.number("source-port", 1..=65_535)?.map(|port| port as u16),
            repeat: self.number("repeat", 1..=i64::from(MOST_REPEATS))?.unwrap_or(2) as u32,
            wait: self.wait()?,
            form,
            begins: self.begins()?,
            skip: self.number("skip", 0..=1_024)?.unwrap_or(0) as usize,
            id: self.field("id", form, As::Hex)?,
            label: self.field("name", form, As::Text)?,
            port: self.field("port", form, As::Big)?,
            attributes: self.attributes(form)?,
            own: None,
            asked: Vec::new(),
        };
        match self.0.keys().next() {
            Some(unknown) => Err(fault(unknown, "is no field of a preset")),
            None => Ok(preset),
        }
    }

    fn text(&mut self, field: &str) -> Result<Option<String>, Fault> {
        match self.0.remove(field) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(fault(field, "is no text, or empty")),
        }
    }

    fn truth(&mut self, field: &str) -> Result<bool, Fault> {
        match self.0.remove(field) {
            None => Ok(false),
            Some(Value::Boolean(is_so)) => Ok(is_so),
            Some(_) => Err(fault(field, "is neither true nor false")),
        }
    }

    fn number(
        &mut self,
        field: &str,
        range: core::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Fault> {
        match self.0.remove(field) {
            None => Ok(None),
            Some(Value::Integer(number)) if range.contains(&number) => Ok(Some(number)),
            Some(_) => {
                let (least, most) = (range.start(), range.end());
                Err(fault(field, format!("is no number from {least} to {most}")))
            }
        }
    }

    fn to(&mut self) -> Result<To, Fault> {
        let text = self.text("to")?.ok_or_else(|| fault("to", "is missing"))?;
        if let Some(port) = text.strip_prefix("broadcast:") {
            let port = port.parse().ok().filter(|port| *port != 0);
            return port.map(To::Broadcast).ok_or_else(|| fault("to", "has no port"));
        }
        let group: Option<SocketAddr> = text.parse().ok();
        let group = group.filter(|group| group.ip().is_multicast() && group.port() != 0);
        group.map(To::Group).ok_or_else(|| {
            fault("to", "is neither a multicast address with a port nor broadcast: with a port")
        })
    }

    fn request(&mut self) -> Result<Option<Request>, Fault> {
        self.bytes("request", Request::text, Request::hex, Request::base64)
    }

    /// What an answer has to begin with.
    fn begins(&mut self) -> Result<Vec<u8>, Fault> {
        let base64 = |_: &str| Err("is text or hex");
        let text = |text: &str| Ok(text.as_bytes().to_vec());
        Ok(self.bytes("begins", text, request::hex, base64)?.unwrap_or_default())
    }

    /// Bytes that are written as `{ text = … }`, `{ hex = … }` or `{ base64 = … }`.
    fn bytes<T>(
        &mut self,
        field: &str,
        text: impl Fn(&str) -> Result<T, request::Reason>,
        hex: impl Fn(&str) -> Result<T, request::Reason>,
        base64: impl Fn(&str) -> Result<T, request::Reason>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.0.remove(field) else { return Ok(None) };
        let mut written = match value {
            Value::Table(table) if table.len() == 1 => table.into_iter(),
            _ => return Err(fault(field, "is not one of text, hex and base64")),
        };
        let read = match written.next() {
            Some((form, Value::String(written))) => match form.as_str() {
                "text" => text(&written),
                "hex" => hex(&written),
                "base64" => base64(&written),
                _ => Err("is not one of text, hex and base64"),
            },
            _ => Err("is no text in quotation marks"),
        };
        read.map(Some).map_err(|reason| fault(field, reason))
    }

    fn form(&mut self) -> Result<Form, Fault> {
        match self.text("answer")?.as_deref() {
            Some("http") => Ok(Form::Http),
            Some("json") => Ok(Form::Json),
            Some("xml") => Ok(Form::Xml),
            Some("line") => Ok(Form::Line),
            Some("bytes") => Ok(Form::Bytes),
            None => Err(fault("answer", "is missing")),
            Some(_) => Err(fault("answer", "is not one of http, json, xml, line and bytes")),
        }
    }

    /// A duration such as `1500ms` or `3s`.
    fn wait(&mut self) -> Result<Duration, Fault> {
        let Some(text) = self.text("wait")? else { return Ok(USUAL_WAIT) };
        let millis = match text.strip_suffix("ms") {
            Some(millis) => millis.parse().ok(),
            None => {
                let seconds = text.strip_suffix('s').and_then(|s| s.parse::<u64>().ok());
                seconds.and_then(|seconds| seconds.checked_mul(1_000))
            }
        };
        let wait = millis.map(Duration::from_millis);
        let wait = wait.filter(|wait| !wait.is_zero() && *wait <= LONGEST_WAIT);
        wait.ok_or_else(|| fault("wait", "is no time up to 60s, such as 1500ms or 3s"))
    }

    fn field(&mut self, name: &str, form: Form, usual: As) -> Result<Option<Field>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let field = Field::parse(&text, form, usual).map_err(|reason| fault(name, reason))?;
        Ok(Some(field))
    }

    fn attributes(&mut self, form: Form) -> Result<Vec<(String, Field)>, Fault> {
        let table = match self.0.remove("txt") {
            None => return Ok(Vec::new()),
            Some(Value::Table(table)) if table.len() <= MOST_ATTRIBUTES => table,
            Some(Value::Table(_)) => {
                return Err(fault("txt", format!("has more than {MOST_ATTRIBUTES} attributes")));
            }
            Some(_) => return Err(fault("txt", "is no table")),
        };
        let attribute = |(key, value): (String, Value)| {
            let name = format!("txt.{key}");
            let Value::String(text) = value else { return Err(fault(&name, "is no text")) };
            let field =
                Field::parse(&text, form, As::Hex).map_err(|reason| fault(&name, reason))?;
            Ok((key, field))
        };
        table.into_iter().map(attribute).collect()
    }
}

#[cfg(test)]
mod tests;
