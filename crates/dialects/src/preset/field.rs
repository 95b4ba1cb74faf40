//! Where in an answer something stands, and reading it there.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use roxmltree::Document;
use serde_json::Value;

use crate::headers::Headers;
use crate::xml;

/// The longest answer that is read as JSON.
const LONGEST_JSON: usize = 8 * 1024;
/// The longest value that is read of bytes.
const LONGEST_BYTES: usize = 256;

/// How an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Header lines, as in SSDP.
    Http,
    Json,
    Xml,
    /// Text with marks around what is looked for.
    Line,
    Bytes,
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// After the name of a header line.
    Header(String),
    /// At a pointer into JSON (RFC 6901).
    Pointer(String),
    /// In the first element of this name, whatever its namespace.
    Element(String),
    /// Between these marks.
    Between(String, String),
    /// In so many bytes from there on.
    Bytes { offset: usize, length: usize, as_what: As },
}

/// What bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// Text, up to the first zero.
    Text,
    /// Anything, told in hexadecimal digits.
    Hex,
    /// A number with its first byte first, or last.
    Big,
    Little,
}

/// Why a field can't be read, to follow its name.
type Reason = &'static str;

impl Field {
    /// The field that a text means in an answer of this form; bytes are this where they don't say.
    pub(super) fn parse(text: &str, form: Form, usual: As) -> Result<Field, Reason> {
        if text.is_empty() {
            return Err("is empty");
        }
        match form {
            Form::Http if text.bytes().any(|byte| byte == b':' || byte.is_ascii_whitespace()) => {
                Err("is no name of a header line")
            }
            Form::Http => Ok(Field::Header(text.into())),
            Form::Json if !text.starts_with('/') => {
                Err("is no JSON pointer: that begins with a slash")
            }
            Form::Json => Ok(Field::Pointer(text.into())),
            Form::Xml if !text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) => {
                Err("is no name of an element, which is written without its prefix")
            }
            Form::Xml => Ok(Field::Element(text.into())),
            Form::Line => match text.split_once('*') {
                Some((before, after)) if !after.contains('*') => {
                    Ok(Field::Between(before.into(), after.into()))
                }
                _ => Err("has not one * between what stands before and after it"),
            },
            Form::Bytes => bytes(text, usual).ok_or(
                "is not offset:length with text, hex, be or le after it, of 256 bytes at the most",
            ),
        }
    }
}

fn bytes(text: &str, usual: As) -> Option<Field> {
    let mut parts = text.split(':');
    let offset = parts.next()?.parse().ok().filter(|offset| *offset <= usize::from(u16::MAX))?;
    let length = parts.next()?.parse().ok()?;
    let as_what = match parts.next() {
        None => usual,
        Some("text") => As::Text,
        Some("hex") => As::Hex,
        Some("be") => As::Big,
        Some("le") => As::Little,
        Some(_) => return None,
    };
    let longest = if matches!(as_what, As::Big | As::Little) { 8 } else { LONGEST_BYTES };
    let is_whole = parts.next().is_none() && (1..=longest).contains(&length);
    is_whole.then_some(Field::Bytes { offset, length, as_what })
}

/// An answer, read once for all of its fields.
pub(super) enum Answer<'d> {
    Http(Headers<'d>),
    Json(Value),
    Xml(Document<'d>),
    Raw(&'d [u8]),
}

impl<'d> Answer<'d> {
    /// The answer, if it is of this form.
    pub(super) fn read(datagram: &'d [u8], form: Form) -> Option<Answer<'d>> {
        match form {
            Form::Http => Headers::read(datagram).map(Answer::Http),
            Form::Json => {
                let is_short = datagram.len() <= LONGEST_JSON;
                // Some end their answers with a zero.
                let end = datagram.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                let text = is_short.then_some(&datagram[..end])?;
                // It refuses what is nested more than 128 deep.
                serde_json::from_slice(text).ok().map(Answer::Json)
            }
            Form::Xml => xml::document(datagram).map(Answer::Xml),
            Form::Line => core::str::from_utf8(datagram).ok().map(|_| Answer::Raw(datagram)),
            Form::Bytes => Some(Answer::Raw(datagram)),
        }
    }

    /// What stands in a field; `None` where there is nothing.
    pub(super) fn get(&self, field: &Field) -> Option<Cow<'_, [u8]>> {
        let found = match (self, field) {
            (Answer::Http(headers), Field::Header(name)) => headers.get(name).map(Cow::Borrowed),
            (Answer::Json(json), Field::Pointer(pointer)) => text_of(json.pointer(pointer)?),
            (Answer::Xml(document), Field::Element(name)) => {
                let mut nodes = document.descendants();
                let node =
                    nodes.find(|node| node.is_element() && node.tag_name().name() == name)?;
                node.text().map(|text| Cow::Borrowed(text.trim().as_bytes()))
            }
            (Answer::Raw(bytes), Field::Between(before, after)) => {
                let text = core::str::from_utf8(bytes).ok()?;
                let (_, rest) = text.split_once(before.as_str())?;
                let found =
                    if after.is_empty() { rest } else { rest.split_once(after.as_str())?.0 };
                Some(Cow::Borrowed(found.trim().as_bytes()))
            }
            (Answer::Raw(bytes), &Field::Bytes { offset, length, as_what }) => {
                Some(value_of(bytes.get(offset..offset.checked_add(length)?)?, as_what))
            }
            _ => None,
        };
        found.filter(|found| !found.is_empty())
    }
}

fn text_of(value: &Value) -> Option<Cow<'_, [u8]>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text.as_bytes())),
        Value::Number(number) => Some(Cow::Owned(number.to_string().into_bytes())),
        Value::Bool(is_so) => Some(Cow::Borrowed(if *is_so { b"true" } else { b"false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn value_of(bytes: &[u8], as_what: As) -> Cow<'_, [u8]> {
    let number = |bytes: &mut dyn Iterator<Item = &u8>| {
        let number = bytes.fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        Cow::Owned(number.to_string().into_bytes())
    };
    match as_what {
        As::Text => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            Cow::Borrowed(bytes[..end].trim_ascii())
        }
        As::Hex => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Cow::Owned(digits.into_bytes())
        }
        As::Big => number(&mut bytes.iter()),
        As::Little => number(&mut bytes.iter().rev()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(form: Form, datagram: &[u8], field: &str) -> Option<String> {
        let answer = Answer::read(datagram, form).expect("an answer");
        let field = Field::parse(field, form, As::Hex).expect("a field");
        answer.get(&field).map(|found| String::from_utf8(found.into_owned()).expect("text"))
    }

    #[test]
    fn each_form_has_its_fields() {
        let json = br#"{"result":{"mac":"a1","n":[7,true,null,{}],"a/b":""}}"#;
        let xml = b"<p:A xmlns:p='urn:p'><B/><p:C> c &amp; d </p:C><C>e</C></p:A>";
        let line = "[MOTD]G\u{fc}n[/MOTD][AD]25565[/AD]".as_bytes();
        for (form, datagram, field, expected) in [
            (Form::Http, b"HTTP/1.1 200 OK\r\nId: 7\r\n".as_slice(), "ID", Some("7")),
            (Form::Http, b"HTTP/1.1 200 OK\r\n", "ID", None),
            (Form::Json, json, "/result/mac", Some("a1")),
            (Form::Json, json, "/result/n/0", Some("7")),
            (Form::Json, json, "/result/n/1", Some("true")),
            (Form::Json, json, "/result/n/2", None),
            (Form::Json, json, "/result/n/3", None),
            (Form::Json, json, "/result/n/99999999999999999999", None),
            (Form::Json, json, "/result/a~1b", None),
            (Form::Json, b"{\"a\":1}\n\0\0", "/a", Some("1")),
            (Form::Xml, xml, "C", Some("c & d")),
            (Form::Xml, xml, "B", None),
            (Form::Xml, xml, "D", None),
            (Form::Line, line, "[MOTD]*[/MOTD]", Some("G\u{fc}n")),
            (Form::Line, line, "[AD]*[/AD]", Some("25565")),
            (Form::Line, line, "[AD]*", Some("25565[/AD]")),
            (Form::Line, line, "[X]*[/X]", None),
            (Form::Bytes, b"\x01\x02ab\0c", "0:2", Some("0102")),
            (Form::Bytes, b"\x01\x02ab\0c", "0:2:be", Some("258")),
            (Form::Bytes, b"\x01\x02ab\0c", "0:2:le", Some("513")),
            (Form::Bytes, b"\x01\x02ab\0c", "2:4:text", Some("ab")),
            (Form::Bytes, b"\x01\x02ab\0c", "4:3", None),
            (Form::Bytes, b"\x01\x02ab\0c", "65535:1", None),
        ] {
            assert_eq!(get(form, datagram, field).as_deref(), expected, "{field}");
        }
    }

    #[test]
    fn a_field_that_means_nothing_is_refused() {
        for (form, text) in [
            (Form::Http, ""),
            (Form::Http, "a:"),
            (Form::Http, "a b"),
            (Form::Json, "mac"),
            (Form::Xml, "p:C"),
            (Form::Xml, "<C>"),
            (Form::Line, "a"),
            (Form::Line, "a*b*c"),
            (Form::Bytes, "1"),
            (Form::Bytes, "1:"),
            (Form::Bytes, "1:0"),
            (Form::Bytes, "-1:1"),
            (Form::Bytes, "1:257"),
            (Form::Bytes, "1:9:be"),
            (Form::Bytes, "65536:1"),
            (Form::Bytes, "1:1:x"),
            (Form::Bytes, "1:1:be:1"),
        ] {
            assert!(Field::parse(text, form, As::Hex).is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_of_another_form_is_none() {
        let nested = "[".repeat(60_000);
        let deep = "[".repeat(200) + &"]".repeat(200);
        for (form, datagram) in [
            (Form::Http, b"{}".as_slice()),
            (Form::Json, b""),
            (Form::Json, b"\0\0"),
            (Form::Json, b"{\"a\":"),
            (Form::Json, nested.as_bytes()),
            (Form::Json, deep.as_bytes()),
            (Form::Xml, b"<a>"),
            (Form::Line, b"\xff"),
        ] {
            assert!(Answer::read(datagram, form).is_none(), "{form:?}");
        }
    }
}
