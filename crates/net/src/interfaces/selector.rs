//! How interfaces are named.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::interfaces::interface::Interface;

/// Names interfaces: what `-i` takes.
///
/// With selectors an interface is used when one of them names it, it is not excluded, and it is up;
/// whether the system thinks that it can multicast is not asked. Where all are exclusions, they take
/// from the default choice.
///
/// # The default choice
///
/// Every interface that is up and can multicast, but for links to a single peer (tunnels: a VPN is
/// rarely what is meant) and those that join containers and virtual machines to this host
/// (`docker*`, `virbr*`, `veth*`, `cni*` and others of that kind, known by their names alone; `br-` and
/// twelve hexadecimal digits are Docker's too, while `br-lan` is a network): what is heard on those comes
/// from this machine. The loopback interface is used where there is no other, with a warning.
///
/// ```
/// use mcast_net::Selector;
///
/// assert_eq!("eth0".parse(), Ok(Selector::Name("eth0".into())));
/// assert_eq!("2".parse(), Ok(Selector::Index(2)));
/// assert_eq!("10.0.0.1".parse(), Ok(Selector::Address([10, 0, 0, 1].into())));
/// let exclusion: Selector = "!docker*".parse()?;
/// assert_eq!(exclusion.to_string(), "!docker*");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// The interface of this name.
    Name(String),
    /// The interface of this number, and where it goes the one that has its name afterwards.
    Index(u32),
    /// The interface that has this address.
    Address(IpAddr),
    /// The interfaces whose names match.
    Glob(Pattern),
    /// Not those that this names.
    Except(Box<Selector>),
}

/// A pattern of interfaces' names: `*` stands for anything, `?` for one character, `[ab]` for one of these.
/// It is made by parsing a [`Selector`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(glob::Pattern);

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Selector {
    type Err = Infallible;

    /// Takes a number, an address, a pattern, a name, or `!` and one of these. What is no pattern
    /// (`eth[`) is a name.
    fn from_str(text: &str) -> Result<Selector, Infallible> {
        if let Some(excluded) = text.strip_prefix('!') {
            return Ok(Selector::Except(Box::new(excluded.parse()?)));
        }
        if let Ok(index) = text.parse() {
            return Ok(Selector::Index(index));
        }
        if let Ok(address) = text.parse() {
            return Ok(Selector::Address(address));
        }
        Ok(match glob::Pattern::new(text) {
            Ok(pattern) if text.contains(['*', '?', '[']) => Selector::Glob(Pattern(pattern)),
            _ => Selector::Name(text.to_owned()),
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Name(name) => f.write_str(name),
            Selector::Index(index) => write!(f, "{index}"),
            Selector::Address(address) => write!(f, "{address}"),
            Selector::Glob(pattern) => write!(f, "{pattern}"),
            Selector::Except(excluded) => write!(f, "!{excluded}"),
        }
    }
}

impl Selector {
    pub(crate) fn names(&self, interface: &Interface) -> bool {
        match self {
            Selector::Name(name) => *name == interface.name,
            Selector::Index(index) => *index == interface.index,
            Selector::Address(ip) => interface.addresses.iter().any(|n| n.address == *ip),
            Selector::Glob(pattern) => pattern.0.matches(&interface.name),
            Selector::Except(excluded) => excluded.names(interface),
        }
    }

    pub(crate) fn is_exclusion(&self) -> bool {
        matches!(self, Selector::Except(_))
    }
}
