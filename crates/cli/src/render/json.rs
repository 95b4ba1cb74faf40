//! JSON Lines for programs: one object a record, as it stands in [`Record`](super::record::Record).

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer as JsonSerializer};

use crate::escape::is_deceptive;

/// Appends a value as a line.
pub(super) fn line(buffer: &mut Vec<u8>, value: &impl Serialize) {
    let mut serializer = JsonSerializer::with_formatter(&mut *buffer, Harmless);
    value.serialize(&mut serializer).expect("writing to memory does not fail");
    buffer.push(b'\n');
}

/// Escapes what JSON need not escape but a terminal must not see.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        mut fragment: &str,
    ) -> io::Result<()> {
        while let Some((at, c)) = fragment.char_indices().find(|&(_, c)| is_deceptive(c)) {
            writer.write_all(&fragment.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            fragment = &fragment[at + c.len_utf8()..];
        }
        writer.write_all(fragment.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_one_harmless_line_that_reads_back(text in any::<String>()) {
            let mut buffer = Vec::new();
            line(&mut buffer, &text);
            let line = String::from_utf8(buffer).unwrap();
            prop_assert!(!line.trim_end_matches('\n').chars().any(is_deceptive), "{:?}", line);
            prop_assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
        }
    }
}
