//! Batches between two sockets on the loopback interface.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use socket2::SockRef;

use super::*;

/// Two sockets of one family on the loopback interface, and its number.
struct Pair {
    sender: UdpSocket,
    receiver: UdpSocket,
    reader: Reader,
    interface: u32,
}

impl Pair {
    fn new(ip: &str) -> Pair {
        let ip: IpAddr = ip.parse().unwrap();
        let interfaces = crate::interfaces().unwrap();
        let interface = interfaces.iter().find(|interface| interface.loopback).unwrap().index;
        // IPv4's whole 127/8 is the loopback's: a sender that is bound to none of it can choose.
        let any: IpAddr = if ip.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
        let open = |ip: IpAddr| {
            let socket = UdpSocket::bind((ip, 0)).unwrap();
            socket.set_nonblocking(true).unwrap();
            let reader =
                prepare(&SockRef::from(&socket), ip.is_ipv4(), interface, Some(ip)).unwrap();
            (socket, reader)
        };
        let ((sender, _), (receiver, reader)) = (open(any), open(ip));
        Pair { sender, receiver, reader, interface }
    }

    fn to(&self, from: &str, bytes: Range<usize>) -> Outgoing {
        let to = self.receiver.local_addr().unwrap();
        let from = Some(from.parse().unwrap());
        Outgoing { channel: 0, to, is_to_group: false, from, interface: self.interface, bytes }
    }

    /// Reads until `count` datagrams have come.
    fn read(&self, count: usize) -> Vec<(Received, Vec<u8>)> {
        self.receiver.set_nonblocking(false).unwrap();
        self.receiver.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut inbox = Inbox::new();
        let mut all = Vec::new();
        while all.len() < count {
            self.receiver.peek_from(&mut [0]).expect("a datagram comes");
            receive_all(&self.receiver, &self.reader, &mut inbox);
            all.extend(inbox.datagrams().map(|(received, bytes)| (received, bytes.to_vec())));
        }
        all
    }
}

/// The sockets of the portable path must not block.
fn receive_all(socket: &UdpSocket, reader: &Reader, inbox: &mut Inbox) {
    socket.set_nonblocking(true).unwrap();
    receive(socket, reader, inbox).unwrap();
    socket.set_nonblocking(false).unwrap();
}

#[test]
fn a_batch_arrives_whole_and_in_order() {
    let pair = Pair::new("127.0.0.1");
    let bytes: Vec<u8> = (0..BATCH as u8).collect();
    let outgoing: Vec<Outgoing> =
        (0..BATCH).map(|i| pair.to("127.0.0.1", i..bytes.len())).collect();
    assert_eq!(send(&pair.sender, &outgoing, &bytes).unwrap(), BATCH);
    for (i, (received, payload)) in pair.read(BATCH).into_iter().enumerate() {
        assert_eq!(payload, bytes[i..]);
        assert_eq!(received.from.port(), pair.sender.local_addr().unwrap().port());
    }
}

#[test]
fn more_than_a_batch_is_written_in_parts() {
    let pair = Pair::new("127.0.0.1");
    let outgoing = vec![pair.to("127.0.0.1", 0..1); BATCH + 1];
    assert_eq!(send(&pair.sender, &outgoing, b"x").unwrap(), BATCH);
    assert_eq!(send(&pair.sender, &outgoing[BATCH..], b"x").unwrap(), 1);
    assert_eq!(pair.read(BATCH + 1).len(), BATCH + 1);
}

#[test]
fn the_longest_and_the_shortest_datagram_pass() {
    let pair = Pair::new("127.0.0.1");
    let bytes: Vec<u8> = (0..65_507u32).map(|i| i as u8).collect();
    let outgoing = [pair.to("127.0.0.1", 0..bytes.len()), pair.to("127.0.0.1", 0..0)];
    assert_eq!(send(&pair.sender, &outgoing, &bytes).unwrap(), 2);
    let read = pair.read(2);
    assert!(read[0].1 == bytes, "{} bytes", read[0].1.len());
    assert!(read[1].1.is_empty());
}

#[test]
fn what_fails_is_told_and_can_be_skipped() {
    let pair = Pair::new("127.0.0.1");
    // Without SO_BROADCAST that is EACCES, on every system.
    let forbidden = Outgoing { to: SocketAddr::from(([255; 4], 9)), ..pair.to("127.0.0.1", 0..1) };
    let outgoing = [pair.to("127.0.0.1", 0..1), forbidden, pair.to("127.0.0.1", 0..2)];
    assert_eq!(send(&pair.sender, &outgoing, b"ab").unwrap(), 1);
    let error = send(&pair.sender, &outgoing[1..], b"ab").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(send(&pair.sender, &outgoing[2..], b"ab").unwrap(), 1);
    let payloads: Vec<_> = pair.read(2).into_iter().map(|(_, payload)| payload).collect();
    assert_eq!(payloads, [b"a".to_vec(), b"ab".to_vec()]);
}

#[test]
fn nothing_to_read_is_said_so() {
    let pair = Pair::new("127.0.0.1");
    let error = receive(&pair.receiver, &pair.reader, &mut Inbox::new()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn to_whom_a_datagram_was_sent_is_told() {
    for ip in ["127.0.0.1", "::1"] {
        if UdpSocket::bind((ip, 0)).is_err() {
            mcast_tests::skip("the loopback interface has no IPv6 address");
            continue;
        }
        let pair = Pair::new(ip);
        send(&pair.sender, &[pair.to(ip, 0..1)], b"x").unwrap();
        let (received, _) = pair.read(1).swap_remove(0);
        assert_eq!(received.to, Some(ip.parse().unwrap()));
        if ip == "::1" || cfg!(any(target_os = "linux", windows)) {
            assert_eq!(received.interface, Some(pair.interface));
        }
    }
}

#[cfg(all(target_os = "linux", not(feature = "portable")))]
mod linux {
    use super::*;

    #[test]
    fn source_destination_and_interface_are_chosen_and_told() {
        let pair = Pair::new("127.0.0.1");
        let outgoing = [pair.to("127.0.0.2", 0..1), pair.to("127.0.0.3", 0..1)];
        assert_eq!(send(&pair.sender, &outgoing, b"x").unwrap(), 2);
        let read = pair.read(2);
        for ((received, _), source) in read.iter().zip(["127.0.0.2", "127.0.0.3"]) {
            assert_eq!(received.from.ip(), source.parse::<IpAddr>().unwrap());
            assert_eq!(received.to, Some("127.0.0.1".parse().unwrap()));
            assert_eq!(received.interface, Some(pair.interface));
        }
    }

    #[test]
    fn how_far_each_came_and_when_is_told() {
        for ip in ["127.0.0.1", "::1"] {
            if UdpSocket::bind((ip, 0)).is_err() {
                mcast_tests::skip("the loopback interface has no IPv6 address");
                continue;
            }
            let pair = Pair::new(ip);
            let sender = SockRef::from(&pair.sender);
            // The system begins to date datagrams some time after it was asked to.
            let are_apart = || {
                for ttl in [255, 64] {
                    match ip {
                        "::1" => sender.set_unicast_hops_v6(ttl).unwrap(),
                        _ => sender.set_ttl_v4(ttl).unwrap(),
                    }
                    send(&pair.sender, &[pair.to(ip, 0..1)], b"x").unwrap();
                    std::thread::sleep(Duration::from_millis(30));
                }
                let read = pair.read(2);
                assert_eq!([read[0].0.ttl, read[1].0.ttl], [Some(255), Some(64)]);
                let [first, second] =
                    [&read[0], &read[1]].map(|(received, _)| received.stamp.unwrap());
                second.duration_since(first).is_ok_and(|apart| apart.as_millis() >= 27)
            };
            assert!((0..50).any(|_| are_apart()));
        }
    }

    #[test]
    fn ipv6_likewise() {
        if UdpSocket::bind("[::1]:0").is_err() {
            return mcast_tests::skip("the loopback interface has no IPv6 address");
        }
        let pair = Pair::new("::1");
        assert_eq!(send(&pair.sender, &[pair.to("::1", 0..1)], b"x").unwrap(), 1);
        let (received, payload) = pair.read(1).swap_remove(0);
        assert_eq!(payload, b"x");
        assert_eq!(received.from, pair.sender_at("::1"));
        assert_eq!(received.to, Some("::1".parse().unwrap()));
        assert_eq!(received.interface, Some(pair.interface));
    }

    impl Pair {
        fn sender_at(&self, ip: &str) -> SocketAddr {
            (ip.parse::<IpAddr>().unwrap(), self.sender.local_addr().unwrap().port()).into()
        }
    }

    #[test]
    fn what_the_kernel_drops_is_counted() {
        let pair = Pair::new("127.0.0.1");
        SockRef::from(&pair.receiver).set_recv_buffer_size(1).unwrap();
        assert_eq!(kernel_drops(&pair.receiver), 0);
        let outgoing = vec![pair.to("127.0.0.1", 0..1); BATCH];
        assert_eq!(send(&pair.sender, &outgoing, b"x").unwrap(), BATCH);
        let mut inbox = Inbox::new();
        receive(&pair.receiver, &pair.reader, &mut inbox).unwrap();
        let read = inbox.datagrams().count();
        assert!(read < BATCH);
        assert_eq!(kernel_drops(&pair.receiver), (BATCH - read) as u64);
    }
}
