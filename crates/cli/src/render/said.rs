//! What somebody said, of which a terminal shows the start where it is long.

use std::fmt::{self, Display};

use data_encoding::HEXLOWER;

use super::look::Look;
use crate::escape::Escaped;

/// Displays what somebody said, as long as it may be.
pub(super) struct Said<'a>(pub(super) &'a [u8], pub(super) Look);

impl Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Said(bytes, Look { hex, most, .. }) = *self;
        let shown = &bytes[..most.map_or(bytes.len(), |most| end_of(bytes, most))];
        match hex {
            true => write!(f, "{}", HEXLOWER.encode_display(shown))?,
            false => write!(f, "{}", Escaped(shown))?,
        }
        let all = bytes.len();
        match all - shown.len() {
            0 => Ok(()),
            more => write!(f, "…  ({more} of {all} bytes are left out here; a pipe gets all)"),
        }
    }
}

/// How many bytes to show where these are the most: no character is cut in two.
fn end_of(bytes: &[u8], most: usize) -> usize {
    let is_start = |end: &usize| bytes.get(*end).is_none_or(|byte| byte & 0xc0 != 0x80);
    let most = most.min(bytes.len());
    (most.saturating_sub(3)..=most).rev().find(is_start).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_keeps_its_characters_whole() {
        assert_eq!(end_of(b"abc", 9), 3);
        assert_eq!(end_of(b"abc", 2), 2);
        // Three bytes a character.
        assert_eq!([5, 6, 7, 8].map(|most| end_of("広い部屋".as_bytes(), most)), [3, 6, 6, 6]);
        assert_eq!(end_of(&[0x80; 9], 4), 4, "no text");
    }
}
