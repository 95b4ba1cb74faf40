//! As much of HTTP/1.1 (RFC 9112) as it takes to be told one page: one request on a connection of its own, and an
//! answer that may be in chunks. An established client would have to be kept from all that it does besides, such as
//! to look up names, to follow redirections and to use proxies; and they refuse header lines that devices send.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::Unread;
use crate::headers::{Headers, MAX_MESSAGE, Start};

/// The request for a path there, after which the connection is to be closed.
pub(super) fn request(host: IpAddr, port: u16, path: &str) -> Vec<u8> {
    let slash = if path.starts_with('/') { "" } else { "/" };
    let host = match host {
        IpAddr::V4(ip) => format!("{ip}:{port}"),
        IpAddr::V6(ip) => format!("[{ip}]:{port}"),
    };
    let lines =
        "Accept: text/xml, application/xml\r\nUser-Agent: mcast\r\nConnection: close\r\n\r\n";
    format!("GET {slash}{path} HTTP/1.1\r\nHost: {host}\r\n{lines}").into_bytes()
}

/// Whether all has come that was announced. An answer that announces no length ends with its connection; one that
/// will not be read has come far enough.
pub(super) fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = Headers::split(answer) else { return answer.len() > MAX_MESSAGE };
    match length(head) {
        Err(_) => true,
        Ok(Length::Bytes(length)) => body.len() >= length,
        Ok(Length::Chunks) => !matches!(chunks(body), Chunks::Partly),
        Ok(Length::ToTheEnd) => false,
    }
}

/// The page of an answer.
pub(super) fn body(answer: &[u8]) -> Result<Cow<'_, [u8]>, Unread> {
    let (head, body) = Headers::split(answer).ok_or(Unread::Refused)?;
    match length(head)? {
        Length::Bytes(length) => body.get(..length).map(Cow::Borrowed).ok_or(Unread::Malformed),
        Length::ToTheEnd => Ok(Cow::Borrowed(body)),
        Length::Chunks => match chunks(body) {
            Chunks::Whole(body) => Ok(Cow::Owned(body)),
            Chunks::Partly | Chunks::Broken => Err(Unread::Malformed),
        },
    }
}

/// Where a page ends.
enum Length {
    Bytes(usize),
    Chunks,
    ToTheEnd,
}

fn length(head: &[u8]) -> Result<Length, Unread> {
    let Some(headers) = Headers::read(head).filter(|it| it.start == Start::Answer) else {
        let mut words = head.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let is_elsewhere = words.nth(1).is_some_and(|status| status.starts_with(b"3"));
        return Err(if is_elsewhere { Unread::Redirected } else { Unread::Refused });
    };
    if let Some(encoding) = headers.get("transfer-encoding") {
        let is_chunked = encoding.eq_ignore_ascii_case(b"chunked");
        return if is_chunked { Ok(Length::Chunks) } else { Err(Unread::Malformed) };
    }
    match headers.get("content-length") {
        None => Ok(Length::ToTheEnd),
        Some(length) => number(length, 10).map(Length::Bytes).ok_or(Unread::Malformed),
    }
}

fn number(digits: &[u8], radix: u32) -> Option<usize> {
    // A sign is no digit.
    let is_one = digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    let text = core::str::from_utf8(digits).ok().filter(|_| is_one)?;
    usize::from_str_radix(text, radix).ok()
}

enum Chunks {
    Whole(Vec<u8>),
    /// More is to come.
    Partly,
    Broken,
}

/// A page that comes in chunks (RFC 9112 section 7.1). What follows the last one is of no interest.
fn chunks(body: &[u8]) -> Chunks {
    let (mut page, mut rest) = (Vec::new(), body);
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            // The line of a size is short, and may say more after a semicolon.
            return if rest.len() > 256 { Chunks::Broken } else { Chunks::Partly };
        };
        let line = rest[..end].split(|byte| *byte == b';').next().unwrap_or_default();
        let Some(size) = number(line.trim_ascii(), 16) else { return Chunks::Broken };
        if size == 0 {
            return Chunks::Whole(page);
        }
        rest = &rest[end + 1..];
        let Some((chunk, after)) = rest.split_at_checked(size) else { return Chunks::Partly };
        page.extend_from_slice(chunk);
        rest = match after {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => after,
            [] | [b'\r'] => return Chunks::Partly,
            _ => return Chunks::Broken,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answer: &[u8]) -> (bool, Result<Vec<u8>, Unread>) {
        (is_whole(answer), body(answer).map(Cow::into_owned))
    }

    #[test]
    fn a_request_is_one_line_and_who_is_asked() {
        let request = request("fe80::2".parse().expect("an address"), 80, "?a");
        assert!(request.starts_with(b"GET /?a HTTP/1.1\r\nHost: [fe80::2]:80\r\n"));
        assert!(request.ends_with(b"Connection: close\r\n\r\n"));
    }

    #[test]
    fn an_answer_ends_where_it_says_so() {
        let page = |bytes: &[u8]| Ok(bytes.to_vec());
        for (answer, is_whole, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", true, page(b"abc")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, Err(Unread::Malformed)),
            ("HTTP/1.0 200 OK\n\nab", false, page(b"ab")),
            ("HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n", true, page(b"")),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", true, Err(Unread::Malformed)),
            ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", true, Err(Unread::Malformed)),
            ("HTTP/1.1 200 OK\r\nConte", false, Err(Unread::Refused)),
            ("HTTP/1.1 404 Not Found\r\n\r\n", true, Err(Unread::Refused)),
            ("HTTP/1.1 302 Found\r\nLocation: http://a/\r\n\r\n", true, Err(Unread::Redirected)),
            ("NOTIFY * HTTP/1.1\r\n\r\n", true, Err(Unread::Refused)),
            ("\r\n", true, Err(Unread::Refused)),
            ("", false, Err(Unread::Refused)),
        ] {
            assert_eq!(told(answer.as_bytes()), (is_whole, expected), "{answer:?}");
        }
        assert!(is_whole(&[b'a'; MAX_MESSAGE + 1]), "header lines without an end");
    }

    #[test]
    fn chunks_are_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
        let chunked = |body: &str| told(format!("{head}{body}").as_bytes());
        let broken = |is_whole| (is_whole, Err(Unread::Malformed));
        assert_eq!(chunked("2;x=y\r\nab\r\n1\r\nc\r\n0\r\n"), (true, Ok(b"abc".to_vec())));
        assert_eq!(chunked("2\nab\n0\n"), (true, Ok(b"ab".to_vec())));
        for partly in ["", "2", "2\r\n", "2\r\nab", "2\r\nab\r", "2\r\nab\r\n", "ffffff\r\nab"] {
            assert_eq!(chunked(partly), broken(false), "{partly:?}");
        }
        for other in ["x\r\n", "\r\n", "-2\r\nab", "2\r\nabc", "fffffffffffffffff\r\n"] {
            assert_eq!(chunked(other), broken(true), "{other:?}");
        }
        assert_eq!(chunked(&"1".repeat(300)), broken(true));
        assert_eq!(chunked(&format!("{:x}\r\nab", usize::MAX)), broken(false));
    }
}
