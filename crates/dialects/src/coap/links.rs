//! What a server has, as a list of links (RFC 6690 section 2).

/// Links and their attributes that are read.
const MOST_LINKS: usize = 128;
const MOST_ATTRIBUTES: usize = 16;

/// A link: where something is, and what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link<'d> {
    pub(super) target: &'d [u8],
    /// The attributes as they stand, without the semicolon before them.
    pub(super) said: &'d [u8],
}

impl<'d> Link<'d> {
    /// The attributes: names, and values without their quotation marks. One without a value has none.
    pub(super) fn attributes(
        &self,
    ) -> impl Iterator<Item = (&'d [u8], Option<&'d [u8]>)> + use<'d> {
        let parts = split(self.said, b';').map(<[u8]>::trim_ascii).filter(|part| !part.is_empty());
        parts.take(MOST_ATTRIBUTES).map(|part| match part.iter().position(|byte| *byte == b'=') {
            Some(equals) => {
                (part[..equals].trim_ascii(), Some(unquoted(part[equals + 1..].trim_ascii())))
            }
            None => (part, None),
        })
    }

    /// The value of the first attribute of this name.
    pub(super) fn get(&self, name: &str) -> Option<&'d [u8]> {
        let mut named = self.attributes().filter(|(key, _)| *key == name.as_bytes());
        named.find_map(|(_, value)| value).filter(|value| !value.is_empty())
    }
}

/// The links of a list. What is no link between two commas is passed over.
pub(super) fn links(list: &[u8]) -> impl Iterator<Item = Link<'_>> {
    split(list, b',').filter_map(link).take(MOST_LINKS)
}

/// Whether it is a list of links at all: it has one.
pub(super) fn is_list(list: &[u8]) -> bool {
    links(list).next().is_some()
}

fn link(text: &[u8]) -> Option<Link<'_>> {
    let text = text.trim_ascii().strip_prefix(b"<")?;
    let end = text.iter().position(|byte| *byte == b'>')?;
    let said = text[end + 1..].trim_ascii();
    let said = said.strip_prefix(b";").unwrap_or(said);
    Some(Link { target: &text[..end], said })
}

/// The parts between separators that stand outside of quotation marks and of angle brackets.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let all = rest?;
        let end = end_of_part(all, separator);
        rest = all.get(end + 1..).filter(|_| end < all.len());
        Some(&all[..end])
    })
}

fn end_of_part(text: &[u8], separator: u8) -> usize {
    let (mut is_quoted, mut is_bracketed, mut is_escaped) = (false, false, false);
    for (at, &byte) in text.iter().enumerate() {
        if core::mem::take(&mut is_escaped) {
            continue;
        }
        match byte {
            b'\\' if is_quoted => is_escaped = true,
            b'"' if !is_bracketed => is_quoted = !is_quoted,
            b'<' if !is_quoted => is_bracketed = true,
            b'>' if !is_quoted => is_bracketed = false,
            _ if byte == separator && !is_quoted && !is_bracketed => return at,
            _ => {}
        }
    }
    text.len()
}

fn unquoted(value: &[u8]) -> &[u8] {
    let inside = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    inside.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_standards_example_is_read() {
        let list = b"</sensors>;ct=40;title=\"Sensor, \\\"Index\\\"\",</sensors/temp>;rt=\"temperature-c\";if=\"sensor\",\
                     <http://www.example.com/sensors/t123,a;b>;anchor=\"/sensors/temp\" ;obs, </x>";
        let all: Vec<Link<'_>> = links(list).collect();
        assert_eq!(all.len(), 4);
        assert_eq!(all[0].target, b"/sensors");
        assert_eq!((all[0].get("ct"), all[0].get("rt")), (Some(b"40".as_slice()), None));
        assert_eq!(all[0].get("title"), Some(b"Sensor, \\\"Index\\\"".as_slice()));
        assert_eq!(all[1].get("rt"), Some(b"temperature-c".as_slice()));
        assert_eq!(all[2].target, b"http://www.example.com/sensors/t123,a;b");
        let attributes: Vec<_> = all[2].attributes().collect();
        assert_eq!(
            attributes,
            [(b"anchor".as_slice(), Some(b"/sensors/temp".as_slice())), (b"obs", None)]
        );
        assert_eq!((all[3].target, all[3].said), (b"/x".as_slice(), b"".as_slice()));
    }

    #[test]
    fn what_is_none_is_passed_over_and_there_is_an_end() {
        for none in ["", ",", ",,,", "x", "<", "</a", ">", "\"", "\\", "a=b;c", "\"</a>\""] {
            assert!(!is_list(none.as_bytes()), "{none}");
        }
        assert_eq!(links(b",,</a>,x,</b>").count(), 2);
        assert_eq!(links(&b"<>,".repeat(20_000)).count(), MOST_LINKS);
        let attributes = [b"<>;".as_slice(), &b"a;".repeat(20_000)].concat();
        let link = links(&attributes).next().expect("a link");
        assert_eq!(link.attributes().count(), MOST_ATTRIBUTES);
    }
}
