//! The format's fixed numbers: docs/protocol.md sections 3 to 7.

/// The datagram's first four bytes: the magic, whose first byte never occurs in UTF-8 text, and the
/// version as its last.
pub const MAGIC: [u8; 4] = [0xf5, b'm', b'd', b'1'];
/// The shortest datagram: the header and a block.
pub const MIN_DATAGRAM: usize = 32;
/// The shortest query, whose block is longer than the others'.
pub const MIN_QUERY_DATAGRAM: usize = 40;
/// The longest datagram that is read: an Ethernet frame's, so that a peer may be more generous than
/// this version sends.
pub const MAX_DATAGRAM: usize = 1500;
/// The longest datagram that is sent: within the 1232 bytes that IPv6's least MTU leaves to UDP
/// (RFC 8200 section 5), with room for a tunnel.
pub const MAX_SENT: usize = 1200;
/// The length that a query is padded to at the least, so that an answer of up to this length is no
/// longer than what asked for it.
pub const MIN_QUERY: usize = 128;
/// The longest filter.
pub const MAX_FILTER: usize = 1200;
/// The most bits of [`Slice`](super::Slice)s and samples.
pub const MAX_HASH_BITS: u8 = 20;
/// The longest window, in milliseconds; a longer one counts as this. No asker of slices needs a longer
/// one, and a few questions that were forged with long ones would fill the places where answers wait.
pub const MAX_WINDOW_MS: u16 = 2_000;
/// The most copies of one answer; more count as this.
pub const MAX_COPIES: u8 = 3;
/// The most TLVs in a datagram.
pub const MAX_TLVS: usize = 32;
/// The most bytes of TLVs that a [`TlvBuf`](super::TlvBuf) takes: what [`MAX_SENT`] leaves beside
/// header, block and trailer.
pub const MAX_TLV_BYTES: usize = MAX_SENT - MIN_DATAGRAM - TRAILER;
/// The longest [`Tlv::Name`](super::Tlv::Name), [`Tlv::Service`](super::Tlv::Service) and
/// [`Tlv::Attr`](super::Tlv::Attr).
pub const MAX_TEXT: usize = 255;
/// The most [`Tlv::Endpoint`](super::Tlv::Endpoint)s in a datagram, and the most
/// [`Tlv::Origin`](super::Tlv::Origin)s.
pub const MAX_ENDPOINTS: usize = 8;
/// The most [`Tlv::Attr`](super::Tlv::Attr)s in a datagram, and the most
/// [`Tlv::SelectAttr`](super::Tlv::SelectAttr)s.
pub const MAX_ATTRS: usize = 16;
/// The most sessions that a [`Tlv::Sessions`](super::Tlv::Sessions) names.
pub const MAX_SESSIONS: usize = 64;
/// The most [`Tlv::Refused`](super::Tlv::Refused)s in a datagram.
pub const MAX_REFUSED: usize = 8;
/// The shortest lease, in seconds.
pub const MIN_LEASE_S: u32 = 10;
/// The longest lease, in seconds: a day.
pub const MAX_LEASE_S: u32 = 86_400;
/// The length of the trailer that authenticates a datagram.
pub const TRAILER: usize = 20;
