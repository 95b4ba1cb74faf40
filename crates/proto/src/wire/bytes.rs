//! Reading big-endian fields off a slice, and writing them into one.

/// What is left to be read. Every read is `None` where too little is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}

/// What is left to be written to. Who writes has made room: what does not fit is left out.
#[derive(Debug)]
pub(super) struct Writer<'a>(pub(super) &'a mut [u8]);

impl Writer<'_> {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let left = core::mem::take(&mut self.0);
        if let Some((place, rest)) = left.split_at_mut_checked(bytes.len()) {
            place.copy_from_slice(bytes);
            self.0 = rest;
        }
    }

    /// All that is left is zeros.
    pub(super) fn finish(self) {
        self.0.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_big_endian_one_after_the_other_and_none_where_too_little_is_left() {
        let bytes: [u8; 17] = core::array::from_fn(|at| at as u8 + 1);
        let mut reader = Reader(&bytes);
        assert_eq!(reader.u8(), Some(0x01));
        assert_eq!(reader.u16(), Some(0x0203));
        assert_eq!(reader.u32(), Some(0x0405_0607));
        assert_eq!(reader.u64(), Some(0x0809_0a0b_0c0d_0e0f));
        assert_eq!(reader.u32(), None);
        assert_eq!(reader.bytes(3), None);
        assert_eq!(reader.bytes(2), Some(&[16, 17][..]));
        assert_eq!(reader.bytes(0), Some(&[][..]));
        assert_eq!((reader.u8(), reader.array::<2>()), (None, None));
    }

    #[test]
    fn what_is_written_follows_what_was_and_never_goes_over_the_end() {
        let mut place = [0xaa; 6];
        let mut to = Writer(&mut place);
        to.bytes(&[1, 2]);
        to.bytes(&[3]);
        to.finish();
        assert_eq!(place, [1, 2, 3, 0, 0, 0]);

        let mut to = Writer(&mut place);
        to.bytes(&[9; 7]);
        to.bytes(&[8]);
        to.finish();
        assert_eq!(place, [1, 2, 3, 0, 0, 0]);
    }
}
