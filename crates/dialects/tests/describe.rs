//! What holds of a description of a device, and of what one datagram means, whatever the bytes are: the fuzzer's laws.

#[expect(unreachable_pub, reason = "the fuzzer's crate has it as a public module")]
mod said;

use std::net::IpAddr;

use proptest::prelude::*;

const PAGE: &str = "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>\
     <friendlyName>Living Room</friendlyName><manufacturer>ACME</manufacturer><modelName>TV 1</modelName>\
     <UDN>uuid:1</UDN></device></root>";

/// An answer of this length, in one of the ways in which its end is told, and more after that.
fn answer(way: u8, more: &[u8]) -> Vec<u8> {
    let length = PAGE.len();
    let answer = match way % 3 {
        0 => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{PAGE}"),
        1 => {
            let (first, second) = PAGE.split_at(100);
            let (one, two) = (first.len(), second.len());
            let chunks = format!("{one:x}\r\n{first}\r\n{two:X};a=b\r\n{second}\r\n0\r\n\r\n");
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
        }
        _ => format!("HTTP/1.0 200 OK\r\n\r\n{PAGE}"),
    };
    [answer.as_bytes(), more].concat()
}

#[test]
fn the_answers_that_are_damaged_here_are_understood() {
    for way in 0..3 {
        let told = mcast_dialects::describe::read(&answer(way, b""));
        assert_eq!(told.map(|it| it.name), Ok(Some("Living Room".into())), "{way}");
    }
}

proptest! {
    #[test]
    fn a_damaged_answer_is_bounded_and_ends_where_it_ends(
        way in 0u8..3,
        more in prop::collection::vec(any::<u8>(), 0..40),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in 0usize..700,
    ) {
        let mut answer = answer(way, &more);
        for (at, byte) in damages {
            let at = at.index(answer.len());
            answer[at] = byte;
        }
        said::describes(&answer, cut);
    }

    #[test]
    fn any_bytes_are_an_answer_or_none(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
        cut in 0usize..2_000,
    ) {
        said::describes(&bytes, cut);
        said::describes(&[b"HTTP/1.1 200 OK\r\n\r\n", &bytes[..]].concat(), cut);
    }

    #[test]
    fn any_url_makes_one_request_or_none(path in ".{0,60}", port in any::<u16>()) {
        let from = IpAddr::from([10, 0, 0, 2]);
        said::asks(&path, from);
        said::asks(&format!("http://10.0.0.2{path}"), from);
        said::asks(&format!("http://10.0.0.2:{port}/{path}"), from);
    }

    #[test]
    fn any_datagram_means_something_bounded(
        group in any::<u8>(),
        datagram in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        said::means(said::group(group), &datagram);
    }
}
