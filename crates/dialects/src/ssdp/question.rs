//! What is asked, and what one device alone is asked.

use alloc::vec::Vec;
use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mcast_proto::{Destination, Path};

/// The group and port of SSDP.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// The same over IPv6, on the link.
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc);
/// See [`GROUP_V4`].
pub const PORT: u16 = 1900;

/// Searches for a target, and wants the answers spread over so many seconds.
pub fn search(target: &str, mx: u8, into: &mut Vec<u8>) {
    // The group of IPv4 is said over IPv6 too: one message goes to both, and nobody looks at it.
    let host = SocketAddr::from((GROUP_V4, PORT));
    write(into, format_args!("{}MX: {mx}\r\nST: {target}\r\n\r\n", Head(host)));
}

/// Searches one device alone, which answers at once: there is nothing to spread.
pub fn search_one(path: Path, target: &str, into: &mut Vec<u8>) -> Destination {
    let host = SocketAddr::new(path.remote.ip(), PORT);
    write(into, format_args!("{}ST: {target}\r\n\r\n", Head(host)));
    let mut path = path;
    path.remote.set_port(PORT);
    Destination::peer(path)
}

struct Head(SocketAddr);

impl core::fmt::Display for Head {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("M-SEARCH * HTTP/1.1\r\nHOST: ")?;
        match self.0.ip() {
            IpAddr::V4(ip) => write!(f, "{ip}:{}", self.0.port())?,
            // Without the zone, which means nothing to others.
            IpAddr::V6(ip) => write!(f, "[{ip}]:{}", self.0.port())?,
        }
        f.write_str("\r\nMAN: \"ssdp:discover\"\r\n")
    }
}

fn write(into: &mut Vec<u8>, what: core::fmt::Arguments<'_>) {
    struct Bytes<'v>(&'v mut Vec<u8>);
    impl Write for Bytes<'_> {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    // A vector takes all that is written.
    let _ = Bytes(into).write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_as_the_standard_has_it() {
        let mut bytes = Vec::new();
        search("ssdp:all", 2, &mut bytes);
        let text = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n\
                    MX: 2\r\nST: ssdp:all\r\n\r\n";
        assert_eq!(core::str::from_utf8(&bytes), Ok(text));
    }

    #[test]
    fn one_alone_is_asked_at_the_port_of_ssdp_and_not_to_wait() {
        for (from, host) in
            [("10.0.0.2:55400", "10.0.0.2:1900"), ("[fe80::1%3]:55400", "[fe80::1]:1900")]
        {
            let path = Path::new(from.parse().expect("an address"));
            let mut bytes = Vec::new();
            let to = search_one(path, "upnp:rootdevice", &mut bytes);
            let text = alloc::format!(
                "M-SEARCH * HTTP/1.1\r\nHOST: {host}\r\nMAN: \"ssdp:discover\"\r\n\
                 ST: upnp:rootdevice\r\n\r\n"
            );
            assert_eq!(core::str::from_utf8(&bytes), Ok(text.as_str()));
            let Destination::Peer(_, to) = to else { panic!("{to:?}") };
            assert_eq!((to.remote.ip(), to.remote.port()), (path.remote.ip(), PORT));
        }
    }
}
