//! A domain name as it stands in a message: labels, of which the last ones may stand elsewhere in it.

use core::fmt;

/// The longest name, with the length byte of each label and the empty label at its end (RFC 1035
/// section 3.1).
pub(super) const MAX_NAME: usize = 255;
/// The longest label.
const MAX_LABEL: u8 = 63;
/// The two bits that say that the rest of a name stands elsewhere (RFC 1035 section 4.1.4).
const POINTER: u8 = 0xc0;

/// A name that was walked to its end once, so that it has one.
#[derive(Clone, Copy)]
pub struct Name<'d> {
    message: &'d [u8],
    at: usize,
}

impl<'d> Name<'d> {
    /// The name that begins at this byte of a message, and the byte after it; `None` where it has no end,
    /// or is too long. Its parts stand each before the one that points to it, so it is never walked in a
    /// circle.
    pub fn read(message: &'d [u8], at: usize) -> Option<(Name<'d>, usize)> {
        let mut walk = Walk::new(message, at);
        let mut length = 1;
        while let Some(label) = walk.step()? {
            length += 1 + label.len();
            if length > MAX_NAME {
                return None;
            }
        }
        Some((Name { message, at }, walk.end))
    }

    /// Its labels, without the empty one at its end.
    pub fn labels(&self) -> impl Iterator<Item = &'d [u8]> + use<'d> {
        let mut walk = Walk::new(self.message, self.at);
        core::iter::from_fn(move || walk.step().flatten())
    }

    /// Its bytes as a text has them: a dot between labels, and a backslash before each dot and backslash in one
    /// (RFC 6763 section 4.3).
    pub(super) fn escaped(&self) -> impl Iterator<Item = u8> + use<'d> {
        let marked =
            |byte: &'d u8| matches!(byte, b'.' | b'\\').then_some(b'\\').into_iter().chain([*byte]);
        self.labels().enumerate().flat_map(move |(nth, label)| {
            (nth > 0).then_some(b'.').into_iter().chain(label.iter().flat_map(marked))
        })
    }

    /// The name without its first labels, as many as these.
    pub(super) fn after(&self, count: usize) -> impl Iterator<Item = &'d [u8]> + use<'d> {
        self.labels().skip(count)
    }

    /// Whether both are the same, but for the case of ASCII letters (RFC 6762 section 16).
    pub fn is(&self, other: Name<'_>) -> bool {
        same_labels(self.labels(), other.labels())
    }

    /// Writes it in one piece at the beginning of a buffer; says how long it is.
    pub(super) fn write(&self, buffer: &mut [u8; MAX_NAME]) -> usize {
        let mut length = 0;
        for label in self.labels().chain([&[][..]]) {
            // As long as was seen when it was read.
            let Some(place) = buffer.get_mut(length..length + 1 + label.len()) else { break };
            place[0] = label.len() as u8;
            place[1..].copy_from_slice(label);
            length += place.len();
        }
        length
    }
}

/// Labels with dots between them, for those who read logs and tests.
impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, label) in self.labels().enumerate() {
            let dot = if nth > 0 { "." } else { "" };
            write!(f, "{dot}{}", label.escape_ascii())?;
        }
        Ok(())
    }
}

/// Whether these labels are the same, but for the case of ASCII letters.
pub(super) fn same_labels<'a, 'b>(
    mut these: impl Iterator<Item = &'a [u8]>,
    mut those: impl Iterator<Item = &'b [u8]>,
) -> bool {
    loop {
        match (these.next(), those.next()) {
            (None, None) => return true,
            (Some(this), Some(that)) if this.eq_ignore_ascii_case(that) => {}
            _ => return false,
        }
    }
}

/// A way through a name's labels.
struct Walk<'d> {
    message: &'d [u8],
    at: usize,
    /// Where the part that is walked begins: the next one begins before it.
    part: usize,
    /// The byte after the name, in the place where it was read.
    end: usize,
    is_elsewhere: bool,
}

impl<'d> Walk<'d> {
    fn new(message: &'d [u8], at: usize) -> Walk<'d> {
        Walk { message, at, part: at, end: at, is_elsewhere: false }
    }

    /// The next label, or none after the last one; `None` where the name is broken.
    fn step(&mut self) -> Option<Option<&'d [u8]>> {
        loop {
            let first = *self.message.get(self.at)?;
            if first & POINTER == POINTER {
                let second = *self.message.get(self.at + 1)?;
                self.leave(2);
                let target = usize::from(u16::from_be_bytes([first & !POINTER, second]));
                if target >= self.part {
                    return None;
                }
                (self.at, self.part, self.is_elsewhere) = (target, target, true);
                continue;
            }
            if first > MAX_LABEL {
                return None;
            }
            let label = self.message.get(self.at + 1..)?.get(..first.into())?;
            self.leave(1 + label.len());
            if first == 0 {
                // There it stays.
                return Some(None);
            }
            self.at += 1 + label.len();
            return Some(Some(label));
        }
    }

    fn leave(&mut self, bytes: usize) {
        if !self.is_elsewhere {
            self.end = self.at + bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;

    fn name(message: &[u8], at: usize) -> Name<'_> {
        Name::read(message, at).expect("a name").0
    }

    #[test]
    fn a_name_ends_where_it_leaves_its_place() {
        let message = b"\x05local\x00..\x04_tcp\xc0\x00\x04_ipp\xc0\x09!";
        for (at, end, text) in
            [(0, 7, "local"), (9, 16, "_tcp.local"), (16, 23, "_ipp._tcp.local"), (6, 7, "")]
        {
            let (name, after) = Name::read(message, at).expect(text);
            assert_eq!((format!("{name:?}"), after), (text.into(), end));
            let mut buffer = [0xaa; MAX_NAME];
            let length = name.write(&mut buffer);
            assert!(
                Name::read(&buffer[..length], 0)
                    .is_some_and(|(copy, end)| copy.is(name) && end == length)
            );
        }
    }

    #[test]
    fn names_are_the_same_in_capitals_and_no_others_are() {
        let message = b"\x05LoCal\x00\x05local\x00\x06local.\x00\x02lo\x03cal\x00";
        assert!(name(message, 0).is(name(message, 7)));
        for other in [14, 22, 6] {
            assert!(!name(message, 0).is(name(message, other)), "{other}");
        }
        // Letters beyond ASCII are told apart (RFC 6762 section 16).
        let message = "\u{2}ä\0\u{2}Ä\0".as_bytes();
        assert!(!name(message, 0).is(name(message, 4)));
    }

    #[test]
    fn circles_forward_pointers_and_what_is_cut_off_are_no_names() {
        for message in [
            &b"\xc0\x00"[..],
            b"\x01a\xc0\x00",
            b"\x01a\xc0\x04\x00",
            b"\x01a\xc0",
            b"\x01a",
            b"\x02a",
            b"",
            b"\x40a\x00",
            b"\x80a\x00",
        ] {
            assert!(Name::read(message, 0).is_none(), "{message:?}");
        }
        // Two that point to each other, and one that points to itself by a label more each time.
        let message = b"\xc0\x02\xc0\x00\x01a\xc0\x04";
        for at in [0, 2, 4] {
            assert!(Name::read(message, at).is_none(), "{at}");
        }
        assert!(Name::read(b"\x00", 7).is_none());
    }

    #[test]
    fn a_name_of_255_bytes_is_the_longest() {
        let mut message: Vec<u8> = Vec::new();
        for _ in 0..127 {
            message.extend(b"\x01a");
        }
        message.push(0);
        assert_eq!((message.len(), name(&message, 0).labels().count()), (255, 127));
        let mut longer = b"\x01b".to_vec();
        longer.extend(&message);
        assert!(Name::read(&longer, 0).is_none());
        // And no shorter for being in pieces.
        let mut pieces = message.clone();
        pieces.extend(b"\x01b\xc0\x00\x00\xc0\x00");
        assert!(Name::read(&pieces, 255).is_none());
        assert_eq!(Name::read(&pieces, 260).map(|(_, end)| end), Some(262));
    }

    #[test]
    fn a_long_chain_of_pointers_is_walked_once_through() {
        let mut message = b"\x01a\x00".to_vec();
        let mut before = 0u16;
        while message.len() < 16_000 {
            let at = message.len() as u16;
            message.extend((before | 0xc000).to_be_bytes());
            before = at;
        }
        assert_eq!(format!("{:?}", name(&message, before.into())), "a");
    }
}
