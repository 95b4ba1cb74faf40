//! A message of SSDP, and of what is like it, as bytes: a line that says what it is, and lines of a name and a value.
//!
//! Devices don't keep to HTTP. What is taken here though no standard has it: `HTTP/1.0 OK 200`, lines that
//! end with LF alone, a space before the colon, control characters in a value, bytes that are no UTF-8, and
//! an end without the empty line.

/// Lines that are read; what follows them is left out. A device sends ten or fifteen.
const MOST_LINES: usize = 64;
/// The longest message that is read. One that is longer would not have fitted a datagram of an Ethernet;
/// some reach 2 KiB by their own header lines.
pub(crate) const MAX_MESSAGE: usize = 4096;

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// An answer to a search.
    Answer,
    /// `NOTIFY`: an announcement, and what some devices answer a search with.
    Notify,
    /// `M-SEARCH`: a question, which others ask too.
    Search,
}

/// A message, read as it is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Headers<'d> {
    pub(crate) start: Start,
    lines: &'d [u8],
}

impl<'d> Headers<'d> {
    /// The message, or `None` where its first line is none of these, or it is too long.
    pub(crate) fn read(datagram: &'d [u8]) -> Option<Headers<'d>> {
        if datagram.len() > MAX_MESSAGE {
            return None;
        }
        let (first, lines) = split_line(datagram);
        let start = start_of(first)?;
        Some(Headers { start, lines })
    }

    /// What comes first, up to the empty line, and what comes after that; `None` where there is no such line yet.
    #[cfg_attr(not(feature = "describe"), allow(dead_code, reason = "datagrams have no body"))]
    pub(crate) fn split(message: &'d [u8]) -> Option<(&'d [u8], &'d [u8])> {
        let mut rest = message;
        while rest.contains(&b'\n') {
            let (line, after) = split_line(rest);
            if line.is_empty() {
                return Some((&message[..message.len() - after.len()], after));
            }
            rest = after;
        }
        None
    }

    /// The header lines, names as they were written, up to the first empty line. One without a colon is
    /// passed over.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'d [u8], &'d [u8])> + use<'d> {
        let mut rest = self.lines;
        let lines = core::iter::from_fn(move || {
            let (line, after) = split_line(rest);
            rest = after;
            (!line.is_empty()).then_some(line)
        });
        lines.take(MOST_LINES).filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = line[..colon].trim_ascii();
            (!name.is_empty()).then(|| (name, line[colon + 1..].trim_ascii()))
        })
    }

    /// The value of the first line of this name that has one, in any case of letters.
    pub(crate) fn get(&self, name: &str) -> Option<&'d [u8]> {
        let mut named = self.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        named.find(|(_, value)| !value.is_empty()).map(|(_, value)| value)
    }
}

/// The first line, without what ends it, and what follows.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (trim_return(&bytes[..end]), &bytes[end + 1..]),
        None => (trim_return(bytes), &[]),
    }
}

fn trim_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// An answer has to say 200 somewhere: `HTTP/1.1 200 OK`, and `HTTP/1.0 OK 200` too.
fn start_of(line: &[u8]) -> Option<Start> {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let first = words.next()?;
    let begins_with = |prefix: &[u8]| {
        first.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if first.eq_ignore_ascii_case(b"NOTIFY") {
        Some(Start::Notify)
    } else if first.eq_ignore_ascii_case(b"M-SEARCH") {
        Some(Start::Search)
    } else if begins_with(b"HTTP/") && words.take(3).any(|word| word == b"200") {
        Some(Start::Answer)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn pairs(message: &[u8]) -> Vec<(&[u8], &[u8])> {
        Headers::read(message).expect("a message").iter().collect()
    }

    #[test]
    fn what_the_standard_has_is_read() {
        let message = b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nEXT:\r\n\r\nbody: no";
        let headers = Headers::read(message).expect("an answer");
        assert_eq!(headers.start, Start::Answer);
        assert_eq!(headers.get("st"), Some(b"upnp:rootdevice".as_slice()));
        assert_eq!((headers.get("EXT"), headers.get("body")), (None, None));
        assert_eq!(headers.iter().count(), 2);
    }

    #[test]
    fn what_devices_send_is_read_too() {
        for first in ["HTTP/1.0 OK 200", "http/1.1 200", "HTTP/1.1  200  OK", "NOTIFY * HTTP/1.1"] {
            let message = alloc::format!("{first}\nUSN : uuid:1 \nSERVER:a\x1bb");
            let headers = Headers::read(message.as_bytes()).expect(first);
            assert_eq!(headers.get("Usn"), Some(b"uuid:1".as_slice()), "{first}");
            assert_eq!(headers.get("server"), Some(b"a\x1bb".as_slice()), "{first}");
        }
        assert_eq!(
            pairs(b"NOTIFY\r\nno colon\r\n: no name\r\na:b:c\xff\r\n"),
            [(b"a".as_slice(), b"b:c\xff".as_slice())]
        );
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for other in ["", "\r\n", "HTTP/1.1 404 Not Found\r\n", "GET / HTTP/1.1", "NOTIFYX", "HTTP"]
        {
            assert!(Headers::read(other.as_bytes()).is_none(), "{other:?}");
        }
        let mut long = b"NOTIFY * HTTP/1.1\r\n".to_vec();
        long.resize(MAX_MESSAGE, b'a');
        assert!(Headers::read(&long).is_some());
        long.push(b'a');
        assert!(Headers::read(&long).is_none());
    }

    #[test]
    fn so_many_lines_are_read_and_no_more() {
        let mut message = b"NOTIFY\n".to_vec();
        (0..200).for_each(|_| message.extend_from_slice(b"a:b\n"));
        assert_eq!(pairs(&message).len(), MOST_LINES);
    }
}
