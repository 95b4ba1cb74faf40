//! What a UPnP device says of itself at the URL that it announces: its name, its maker, its model.
//!
//! Nobody is asked here. [`Page::of`] says whether a URL may be asked for at all, and with which bytes; [`is_whole`]
//! and [`read`] look at what came back. A URL comes from whoever can send a datagram, so it is followed to the address
//! that the datagram came from alone, over HTTP without TLS, and no further: not to a host by its name, and to no
//! other place that the answer names.

mod http;
mod upnp;

pub use upnp::Description;

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use crate::url;

/// The longest answer that is read, in bytes, its header lines included.
pub const LONGEST: usize = 64 * 1024;
/// The longest path of a URL that is asked for.
const LONGEST_PATH: usize = 1024;

/// What to ask the device for, over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At which port of its address.
    pub port: u16,
    /// The bytes to send.
    pub request: Vec<u8>,
}

/// Why there is no description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unread {
    /// The URL leads elsewhere than to the address that it came from, or names a host.
    Elsewhere,
    /// It is not of HTTP without TLS.
    NotHttp,
    /// It has bytes that belong into no request, or too many.
    BadUrl,
    /// The answer names another place, which is not gone to.
    Redirected,
    /// The answer says that there is none, or is none.
    Refused,
    /// What came is no description: no XML, too deep, too much, or cut off.
    Malformed,
}

/// A word that stays.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Unread::Elsewhere => "elsewhere",
            Unread::NotHttp => "not_http",
            Unread::BadUrl => "bad_url",
            Unread::Redirected => "redirected",
            Unread::Refused => "refused",
            Unread::Malformed => "malformed",
        })
    }
}

impl core::error::Error for Unread {}

impl Page {
    /// The page of this URL, which a datagram from there named.
    ///
    /// # Errors
    ///
    /// If it is not to be asked for: see [`Unread`].
    pub fn of(url: &str, from: IpAddr) -> Result<Page, Unread> {
        let rest = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            _ => return Err(Unread::NotHttp),
        };
        let (host, port) = url::place(url.as_bytes());
        if host != Some(from) {
            return Err(Unread::Elsewhere);
        }
        let port = port.ok_or(Unread::BadUrl)?;
        let path = rest.find(['/', '?', '#']).map_or("", |start| &rest[start..]);
        let path = path.split('#').next().unwrap_or_default();
        if path.len() > LONGEST_PATH || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unread::BadUrl);
        }
        Ok(Page { port, request: http::request(from, port, path) })
    }
}

/// Whether an answer has come to its end, so that nothing more has to be waited for.
pub fn is_whole(answer: &[u8]) -> bool {
    http::is_whole(answer)
}

/// What an answer says of the device.
///
/// # Errors
///
/// If it is no description: see [`Unread`].
pub fn read(answer: &[u8]) -> Result<Description, Unread> {
    let body = http::body(answer)?;
    upnp::description(&body).ok_or(Unread::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str) -> Result<(u16, alloc::string::String), Unread> {
        let page = Page::of(url, "10.0.0.2".parse().expect("an address"))?;
        let request = core::str::from_utf8(&page.request).expect("text");
        Ok((page.port, request.lines().next().unwrap_or_default().into()))
    }

    #[test]
    fn only_the_one_who_said_it_is_asked() {
        for (url, port, line) in [
            ("http://10.0.0.2:8000/device.xml", 8000, "GET /device.xml HTTP/1.1"),
            ("HTTP://10.0.0.2", 80, "GET / HTTP/1.1"),
            ("http://10.0.0.2:80?a=b#c", 80, "GET /?a=b HTTP/1.1"),
        ] {
            assert_eq!(page(url), Ok((port, line.into())), "{url}");
        }
        for (url, why) in [
            ("http://10.0.0.3/", Unread::Elsewhere),
            ("http://127.0.0.1/", Unread::Elsewhere),
            ("http://lab.local/", Unread::Elsewhere),
            ("http://10.0.0.2@10.0.0.3/", Unread::Elsewhere),
            ("http://10.0.0.3#10.0.0.2/", Unread::Elsewhere),
            ("http://10.0.0.2\\@10.0.0.3/", Unread::Elsewhere),
            ("http://[::ffff:10.0.0.2]/", Unread::Elsewhere),
            ("https://10.0.0.2/", Unread::NotHttp),
            ("file:///etc/passwd", Unread::NotHttp),
            ("10.0.0.2/", Unread::NotHttp),
            ("", Unread::NotHttp),
            ("http://10.0.0.2:80@10.0.0.3/", Unread::BadUrl),
            ("http://10.0.0.2:0/", Unread::BadUrl),
            ("http://10.0.0.2:99999/", Unread::BadUrl),
            ("http://10.0.0.2/a b", Unread::BadUrl),
            ("http://10.0.0.2/a\r\nX: y", Unread::BadUrl),
            ("http://10.0.0.2/ä", Unread::BadUrl),
        ] {
            assert_eq!(page(url), Err(why), "{url:?}");
        }
        let long = alloc::format!("http://10.0.0.2/{}", "a".repeat(LONGEST_PATH));
        assert_eq!(page(&long), Err(Unread::BadUrl));
        let from = "fe80::2".parse().expect("an address");
        assert!(Page::of("http://[fe80::2%25eth0]:80/", from).is_ok());
        assert_eq!(Page::of("http://[fe80::3]:80/", from), Err(Unread::Elsewhere));
    }
}
