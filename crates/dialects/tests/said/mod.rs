//! What holds of whatever is read of one datagram, of one URL, or of one answer by HTTP. The property tests and the
//! fuzzer hold it to be so.

use std::net::{IpAddr, SocketAddr};

use mcast_dialects::describe::{self, Page};
use mcast_dialects::{coap, mdns, meaning, ssdp, wsd};

/// What [`meaning`] says of its own bounds.
const MOST_PARTS: usize = 8;
const MOST_BYTES: usize = 160;
/// What [`describe`] says of its own.
const LONGEST_TEXT: usize = 256;
/// The longest path and what else is in a request.
const LONGEST_REQUEST: usize = 1024 + 256;

/// Where a datagram may have been sent to, by number.
pub fn group(number: u8) -> Option<SocketAddr> {
    let (v4, v6, port) = match number >> 1 & 3 {
        0 => (mdns::GROUP_V4, mdns::GROUP_V6, mdns::PORT),
        1 => (ssdp::GROUP_V4, ssdp::GROUP_V6, ssdp::PORT),
        2 => (wsd::GROUP_V4, wsd::GROUP_V6, wsd::PORT),
        _ => (coap::GROUP_V4, coap::GROUP_V6, coap::PORT),
    };
    let group = if number & 1 == 0 { IpAddr::from(v4) } else { v6.into() };
    (number & 8 == 0).then(|| (group, port).into())
}

/// What a datagram means has its bounds.
pub fn means(group: Option<SocketAddr>, datagram: &[u8]) {
    let Some(meaning) = meaning::of(group, datagram) else { return };
    assert!(meaning.parts.len() <= MOST_PARTS && meaning.left_out <= datagram.len());
    for part in &meaning.parts {
        assert!(!part.word.is_empty());
        for text in [Some(&part.name), part.value.as_ref()].into_iter().flatten() {
            assert!(text.bytes.len() <= MOST_BYTES);
        }
    }
}

/// A request is one, whatever the URL is: it has no line that was not meant, and goes to the one who named it.
pub fn asks(url: &str, from: IpAddr) {
    let Ok(Page { port, request }) = Page::of(url, from) else { return };
    let text = std::str::from_utf8(&request).expect("ASCII");
    assert!(port != 0 && text.is_ascii() && text.len() <= LONGEST_REQUEST);
    let head = text.strip_suffix("\r\n\r\n").expect("it ends with an empty line");
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert!(lines.iter().all(|line| !line.is_empty() && !line.contains(['\r', '\n'])));
    let names = ["GET /", "Host: ", "Accept: ", "User-Agent: ", "Connection: "];
    assert!(
        lines.len() == names.len()
            && lines.iter().zip(names).all(|(it, name)| it.starts_with(name))
    );
    assert_eq!(lines[0].split(' ').count(), 3, "{:?}", lines[0]);
}

/// What an answer says has its bounds, and nothing that comes after its end changes it.
pub fn describes(answer: &[u8], cut: usize) {
    let all = describe::read(answer);
    if let Ok(told) = &all {
        let texts = [&told.name, &told.manufacturer, &told.model, &told.udn];
        assert!(texts.iter().any(|text| text.is_some()));
        assert!(texts.into_iter().flatten().all(|text| text.len() <= LONGEST_TEXT));
    }
    let before = &answer[..cut.min(answer.len())];
    if describe::is_whole(before)
        && let Ok(told) = describe::read(before)
    {
        assert!(describe::is_whole(answer));
        assert_eq!(all, Ok(told));
    }
}
