//! What a datagram really does.
