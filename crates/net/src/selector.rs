//! Which interfaces to use.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use glob::Pattern;

use crate::interface::Interface;
use crate::{Error, ErrorKind};

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
/// (`docker*`, `br-*`, `virbr*`, `veth*`, `cni*` and others of that kind, known by their names alone):
/// what is heard on those comes from this machine. The loopback interface is used where there is no
/// other.
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
pub enum Selector {
    /// The interface of this name.
    Name(String),
    /// The interface of this number.
    Index(u32),
    /// The interface that has this address.
    Address(IpAddr),
    /// The interfaces whose names match: `*` stands for anything, `?` for one character, `[ab]` for
    /// one of these.
    Glob(Pattern),
    /// Not those that this names.
    Except(Box<Selector>),
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
        Ok(match Pattern::new(text) {
            Ok(pattern) if text.contains(['*', '?', '[']) => Selector::Glob(pattern),
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
    fn names(&self, interface: &Interface) -> bool {
        match self {
            Selector::Name(name) => *name == interface.name,
            Selector::Index(index) => *index == interface.index,
            Selector::Address(ip) => interface.addresses.iter().any(|n| n.address == *ip),
            Selector::Glob(pattern) => pattern.matches(&interface.name),
            Selector::Except(excluded) => excluded.names(interface),
        }
    }

    fn is_exclusion(&self) -> bool {
        matches!(self, Selector::Except(_))
    }
}

/// What was decided about an interface, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken because of this.
    Taken(&'static str),
    /// Left because it ... this.
    Left(&'static str),
    /// Left because others were asked for.
    NotAskedFor,
}

/// Decides about each interface. `usable` says which ones have an address of a family in use.
pub(crate) fn choose(
    interfaces: &[Interface],
    selectors: &[Selector],
    usable: impl Fn(&Interface) -> bool,
) -> Vec<Verdict> {
    let asked_for = selectors.iter().any(|selector| !selector.is_exclusion());
    let judge = |interface: &Interface| {
        let names = |exclusion: bool| {
            selectors.iter().any(|s| s.is_exclusion() == exclusion && s.names(interface))
        };
        if names(true) {
            Verdict::Left("is excluded")
        } else if asked_for && !names(false) {
            Verdict::NotAskedFor
        } else if !interface.up {
            Verdict::Left("is down or has no carrier")
        } else if !usable(interface) {
            Verdict::Left("has no address of the groups' family")
        } else if asked_for {
            Verdict::Taken("it was asked for")
        } else {
            judge_by_kind(interface)
        }
    };
    let mut verdicts: Vec<Verdict> = interfaces.iter().map(judge).collect();
    if !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Taken(_))) {
        for verdict in &mut verdicts {
            if *verdict == LOOPBACK {
                *verdict = Verdict::Taken("it is the loopback, and there is no other");
            }
        }
    }
    verdicts
}

const LOOPBACK: Verdict = Verdict::Left("is the loopback, and there are others");

/// Names of interfaces that join containers and virtual machines to this host.
const VIRTUAL: [&str; 14] = [
    "docker", "br-", "virbr", "veth", "cni", "flannel", "cali", "cilium", "lxc", "lxdbr",
    "incusbr", "podman", "vnet", "vmnet",
];

fn judge_by_kind(interface: &Interface) -> Verdict {
    if interface.loopback {
        LOOPBACK
    } else if !interface.multicast {
        Verdict::Left("can't multicast")
    } else if interface.point_to_point {
        Verdict::Left("is a link to one peer: name it to use it")
    } else if VIRTUAL.iter().any(|prefix| interface.name.starts_with(prefix)) {
        Verdict::Left("joins containers or virtual machines to this host: name it to use it")
    } else {
        Verdict::Taken("it is up and can multicast")
    }
}

/// An error where an interface is asked for, by anything but a pattern, that is not there.
pub(crate) fn check_known(interfaces: &[Interface], selectors: &[Selector]) -> Result<(), Error> {
    for selector in selectors {
        let what = match selector {
            Selector::Name(_) => "named",
            Selector::Index(_) => "with the number",
            Selector::Address(_) => "with the address",
            Selector::Glob(_) | Selector::Except(_) => continue,
        };
        if interfaces.iter().any(|interface| selector.names(interface)) {
            continue;
        }
        let names: Vec<&str> = interfaces.iter().map(|i| i.name.as_str()).collect();
        let names = names.join(", ");
        return Err(Error::new(
            ErrorKind::UnknownInterface,
            format!("no interface {what} \"{selector}\"; there are: {names}"),
        ));
    }
    Ok(())
}
