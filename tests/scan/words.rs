//! What a captured datagram is.

use mcast_tests::netns::Packet;

/// Whether this host says something in multicast DNS.
pub(crate) fn is_answer(packet: &Packet) -> bool {
    packet.outgoing && packet.source.port() == 5353 && packet.payload.get(2) == Some(&0x84)
}

pub(crate) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
