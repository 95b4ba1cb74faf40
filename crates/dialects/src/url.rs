//! Where a URL leads, as far as that can be told without asking anybody.

use core::net::IpAddr;

/// The address of a URL's host, where it is one, and its port, where it says one or its scheme has one:
/// `http://10.0.0.2:8080/desc.xml`.
pub(crate) fn place(url: &[u8]) -> (Option<IpAddr>, Option<u16>) {
    let Ok(url) = core::str::from_utf8(url) else { return (None, None) };
    let Some((scheme, rest)) = url.split_once("://") else { return (None, None) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    // An IPv6 address has colons too, inside of brackets.
    let after = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match authority[after..].rfind(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(after + colon);
            (host, port[1..].parse().ok().filter(|port| *port != 0))
        }
        None if scheme.eq_ignore_ascii_case("http") => (authority, Some(80)),
        None if scheme.eq_ignore_ascii_case("https") => (authority, Some(443)),
        None => (authority, None),
    };
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    // A zone is of the machine that wrote it, and means nothing here (RFC 6874).
    let inside = inside.map(|ip| ip.split_once('%').map_or(ip, |(ip, _)| ip));
    (inside.unwrap_or(host).parse().ok(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_what_the_url_says() {
        for (url, host, port) in [
            ("http://10.0.0.2:8080/desc.xml", Some("10.0.0.2"), Some(8080)),
            ("http://10.0.0.2", Some("10.0.0.2"), Some(80)),
            ("HTTPS://[fe80::1]/", Some("fe80::1"), Some(443)),
            ("http://[fe80::1%25eth0]:80/", Some("fe80::1"), Some(80)),
            ("http://[fe80::1]:49152/a:b", Some("fe80::1"), Some(49_152)),
            ("http://lab.local:80?a", None, Some(80)),
            ("yeelight://10.0.0.2:55443", Some("10.0.0.2"), Some(55_443)),
            ("http://10.0.0.2:99999/", Some("10.0.0.2"), None),
            ("http://10.0.0.2:0/", Some("10.0.0.2"), None),
            ("http://10.0.0.2:/", Some("10.0.0.2"), None),
            ("yeelight://10.0.0.2", Some("10.0.0.2"), None),
            ("http://]:7", None, Some(7)),
            ("://", None, None),
            ("/desc.xml", None, None),
            ("", None, None),
        ] {
            let host = host.map(|host| host.parse().expect("an address"));
            assert_eq!(place(url.as_bytes()), (host, port), "{url}");
        }
        assert_eq!(place(b"\xff://a"), (None, None));
    }
}
