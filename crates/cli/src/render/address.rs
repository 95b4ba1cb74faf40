//! Addresses, ready to be pasted into the next command.

use std::fmt;
use std::net::SocketAddr;

use mcast_net::needs_zone;
use serde::{Serialize, Serializer};

use crate::escape::Escaped;

/// Displays an address with its port: `10.0.0.2:50008`, `[2001:db8::1]:50008`, and, where the address
/// means nothing without the interface, `[fe80::1%eth0]:50008`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) address: SocketAddr,
    /// The name of the interface that it was heard on.
    pub(crate) interface: Option<&'a str>,
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, |f, name| write!(f, "{}", Escaped(name.as_bytes())))
    }
}

impl Address<'_> {
    fn write(self, f: &mut fmt::Formatter<'_>, write_name: WriteName) -> fmt::Result {
        match self.address {
            SocketAddr::V4(v4) => write!(f, "{v4}"),
            SocketAddr::V6(v6) => {
                f.write_str("[")?;
                Host(self).write(f, write_name)?;
                write!(f, "]:{}", v6.port())
            }
        }
    }
}

/// How the name of an interface is written, which may have any characters in it.
type WriteName = fn(&mut fmt::Formatter<'_>, &str) -> fmt::Result;

/// Displays an address without its port: `10.0.0.2`, `fe80::1%eth0`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host<'a>(pub(crate) Address<'a>);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, |f, name| write!(f, "{}", Escaped(name.as_bytes())))
    }
}

impl Host<'_> {
    fn write(self, f: &mut fmt::Formatter<'_>, write_name: WriteName) -> fmt::Result {
        let Address { address, interface } = self.0;
        let SocketAddr::V6(v6) = address else {
            return write!(f, "{}", address.ip());
        };
        write!(f, "{}", v6.ip())?;
        match (needs_zone(*v6.ip()), interface, v6.scope_id()) {
            (true, Some(name), _) => {
                f.write_str("%")?;
                write_name(f, name)
            }
            (true, None, scope_id @ 1..) => write!(f, "%{scope_id}"),
            _ => Ok(()),
        }
    }
}

impl Serialize for Host<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&fmt::from_fn(|f| self.write(f, |f, name| f.write_str(name))))
    }
}

impl Serialize for Address<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&fmt::from_fn(|f| self.write(f, |f, name| f.write_str(name))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(address: &str, interface: Option<&str>) -> String {
        Address { address: address.parse().unwrap(), interface }.to_string()
    }

    #[test]
    fn only_addresses_that_need_a_zone_have_one() {
        assert_eq!(shown("10.0.0.2:50008", Some("eth0")), "10.0.0.2:50008");
        assert_eq!(shown("[2001:db8::1]:9", Some("eth0")), "[2001:db8::1]:9");
        assert_eq!(shown("[2001:db8::1%3]:9", Some("eth0")), "[2001:db8::1]:9");
        assert_eq!(shown("[ff05::beef%3]:9", Some("eth0")), "[ff05::beef]:9");
        assert_eq!(shown("[fe80::1%3]:50008", Some("eth0")), "[fe80::1%eth0]:50008");
        assert_eq!(shown("[ff12::5008]:50008", Some("eth0")), "[ff12::5008%eth0]:50008");
    }

    #[test]
    fn a_name_is_escaped_in_text_and_as_it_is_in_json() {
        let address = "[fe80::1%3]:9".parse().unwrap();
        let address = Address { address, interface: Some("a\x1b[31m") };
        assert_eq!(address.to_string(), r"[fe80::1%a\x1b[31m]:9");
        let json = serde_json::to_string(&(address, Host(address))).unwrap();
        assert_eq!(json, r#"["[fe80::1%a\u001b[31m]:9","fe80::1%a\u001b[31m"]"#);
    }

    #[test]
    fn a_zone_without_a_name_is_a_number() {
        assert_eq!(shown("[fe80::1%3]:50008", None), "[fe80::1%3]:50008");
        assert_eq!(shown("[fe80::1]:50008", None), "[fe80::1]:50008");
    }
}
