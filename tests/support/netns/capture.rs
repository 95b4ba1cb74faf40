//! What passes a card, as the card sees it.

use std::net::SocketAddr;

use super::{Process, Signal};

/// A running capture.
pub struct Capture(Process);

/// A UDP datagram on the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// When it passed, in seconds of a clock that only differences of mean anything.
    pub at: f64,
    /// Whether this host sent it.
    pub outgoing: bool,
    /// Who sent it, by its IP header.
    pub source: SocketAddr,
    /// Whom it is for.
    pub destination: SocketAddr,
    /// The IPv4 TTL or IPv6 hop limit.
    pub ttl: u8,
    /// The bytes after the UDP header.
    pub payload: Vec<u8>,
}

impl Capture {
    pub(super) fn new(process: Process) -> Capture {
        process.line_with("ready");
        Capture(process)
    }

    /// Waits for the next datagram that `wanted` agrees to; others are passed over.
    #[track_caller]
    pub fn packet(&self, wanted: impl Fn(&Packet) -> bool) -> Packet {
        loop {
            let packet = parse(&self.0.line());
            if wanted(&packet) {
                return packet;
            }
        }
    }

    /// Ends the capture: all datagrams that passed and were not read yet.
    #[track_caller]
    pub fn stop(self) -> Vec<Packet> {
        let finished = self.0.stop(Signal::TERM);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "the capture failed");
        finished.stdout.lines().map(parse).collect()
    }
}

#[track_caller]
fn parse(line: &str) -> Packet {
    let words: Vec<_> = line.split(' ').collect();
    let [at, direction, source, destination, ttl, payload] = words[..] else {
        panic!("not a line of capture.py: {line:?}");
    };
    Packet {
        at: at.parse().expect("a time"),
        outgoing: direction == "out",
        source: source.parse().expect("a source"),
        destination: destination.parse().expect("a destination"),
        ttl: ttl.parse().expect("a TTL"),
        payload: data_encoding::HEXLOWER.decode(payload.as_bytes()).expect("bytes in hex"),
    }
}
