//! Why a datagram was not decoded, or not encoded.

use core::fmt;

/// Why a datagram was not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is shorter than a header and a block, or longer than a datagram may be.
    Length,
    /// It does not begin with the protocol's magic.
    Magic,
    /// It is of this version of the protocol (its magic's last byte).
    Version(u8),
    /// Its type is not one that this version knows.
    Type(u8),
    /// It has a critical TLV of this number, which this version does not know.
    Critical(u8),
    /// Its body, with the trailer where it has one, is longer than it, or too short for its block.
    BodyLength,
    /// Its slice does not exist, or has too many bits.
    Slice,
    /// Its sample has too many bits.
    Sample,
    /// Its filter is too long, or goes over the body's end.
    Filter,
    /// Its copy's number is over those that an answer may have.
    Copy,
    /// Its lease is too short or too long, or its goodbye has one.
    Lease,
    /// Its announcement or goodbye says no epoch.
    NoEpoch,
    /// It says that it is busy, and to whom it was so it does not.
    NoRefusal,
    /// A TLV goes over the body's end.
    TlvLength,
    /// It has too many TLVs, in all or of this number, where one is given.
    TlvCount(Option<u8>),
    /// The value of a TLV of this number breaks its rules.
    TlvValue(u8),
}

/// What a [`DecodeError`] means to the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// Something else than this protocol.
    Foreign,
    /// This protocol, but newer than this implementation.
    Newer,
    /// This protocol, broken: a fault or an attack.
    Malformed,
}

impl DecodeError {
    /// What it means to the receiver: enough for a counter.
    pub fn kind(self) -> DecodeErrorKind {
        match self {
            DecodeError::Length | DecodeError::Magic => DecodeErrorKind::Foreign,
            DecodeError::Version(_) | DecodeError::Type(_) | DecodeError::Critical(_) => {
                DecodeErrorKind::Newer
            }
            _ => DecodeErrorKind::Malformed,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Length => f.write_str("not 32 to 1500 bytes long"),
            DecodeError::Magic => f.write_str("not a datagram of the structured protocol"),
            DecodeError::Version(byte) => write!(f, "version {:?} is not known", char::from(*byte)),
            DecodeError::Type(kind) => write!(f, "type {kind} is not known"),
            DecodeError::Critical(number) => write!(f, "critical TLV {number} is not known"),
            DecodeError::BodyLength => f.write_str("the body does not fit the datagram"),
            DecodeError::Slice => f.write_str("the slice does not exist"),
            DecodeError::Sample => f.write_str("the sample has over 20 bits"),
            DecodeError::Filter => f.write_str("the filter does not fit the body"),
            DecodeError::Copy => f.write_str("the copy's number is over 2"),
            DecodeError::Lease => f.write_str("the lease is not one that this type may have"),
            DecodeError::NoEpoch => f.write_str("no epoch in an announcement or goodbye"),
            DecodeError::NoRefusal => f.write_str("busy, but nobody was refused"),
            DecodeError::TlvLength => f.write_str("a TLV does not fit the body"),
            DecodeError::TlvCount(None) => f.write_str("over 32 TLVs"),
            DecodeError::TlvCount(Some(number)) => write!(f, "too many TLVs {number}"),
            DecodeError::TlvValue(number) => write!(f, "the value of TLV {number} is not valid"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A datagram is longer than the buffer that it was to be encoded into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Its length in bytes.
    pub length: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the buffer is shorter than the datagram, which has {} bytes", self.length)
    }
}

impl core::error::Error for TooLong {}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn each_error_has_words_of_its_own() {
        use DecodeError::*;
        let all = [
            Length,
            Magic,
            Version(b'2'),
            Type(9),
            Critical(9),
            BodyLength,
            Slice,
            Sample,
            Filter,
            Copy,
            Lease,
            NoEpoch,
            NoRefusal,
            TlvLength,
            TlvCount(None),
            TlvCount(Some(9)),
            TlvValue(9),
        ];
        let words: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), all.len());
        assert_eq!(Version(b'2').to_string(), "version '2' is not known");
        assert_eq!(TlvCount(Some(9)).to_string(), "too many TLVs 9");
        let words = "the buffer is shorter than the datagram, which has 128 bytes";
        assert_eq!(TooLong { length: 128 }.to_string(), words);
    }

    #[test]
    fn what_comes_from_a_later_version_is_no_fault() {
        use DecodeErrorKind::*;
        for (error, kind) in [
            (DecodeError::Length, Foreign),
            (DecodeError::Magic, Foreign),
            (DecodeError::Version(0), Newer),
            (DecodeError::Type(0), Newer),
            (DecodeError::Critical(0), Newer),
            (DecodeError::BodyLength, Malformed),
            (DecodeError::NoRefusal, Malformed),
        ] {
            assert_eq!(error.kind(), kind, "{error}");
        }
    }
}
