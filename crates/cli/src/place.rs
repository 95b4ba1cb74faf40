//! Where a verb is at work.

use std::fmt;

use mcast_net::{Endpoint, Error, Interface, Settings};
use mcast_proto::LaneId;

use crate::failure::Failure;
use crate::hint;

/// Opens sockets, and warns where they reach too little.
pub(crate) fn open(
    kind: impl FnOnce(&Settings) -> Result<Endpoint, Error>,
    settings: &Settings,
) -> Result<Endpoint, Failure> {
    let endpoint = kind(settings)?;
    warn_of_family(settings, &endpoint)?;
    Ok(endpoint)
}

/// Warns where sockets reach this machine alone, though it has cards of the other family: nobody is
/// found in that way.
pub(crate) fn warn_of_family(settings: &Settings, endpoint: &Endpoint) -> Result<(), Failure> {
    let has = |is_ipv6| settings.groups.iter().any(|group| group.is_ipv6() == is_ipv6);
    let speaks_ipv6 = match (has(false), has(true)) {
        (true, true) => return Ok(()),
        (_, speaks_ipv6) => speaks_ipv6,
    };
    // Who names interfaces knows what is not used, and so does who stays on this machine.
    if settings.interfaces.is_empty()
        && settings.ttl > 0
        && let Some(hint) =
            left_out(speaks_ipv6, &endpoint.interface_names(), &mcast_net::interfaces()?)
    {
        log::warn!("{hint}");
    }
    Ok(())
}

/// What to do where nothing but loopback is used, and others would be by the other family.
fn left_out(speaks_ipv6: bool, used: &[&str], interfaces: &[Interface]) -> Option<String> {
    if !are_loopback(used, interfaces) {
        return None;
    }
    let is_left_out = |interface: &&Interface| {
        interface.up
            && interface.multicast
            && !interface.loopback
            && !interface.addresses.is_empty()
            && interface.addresses.iter().all(|own| own.address.is_ipv6() != speaks_ipv6)
    };
    let names: Vec<&str> =
        interfaces.iter().filter(is_left_out).map(|interface| interface.name.as_str()).collect();
    let (has, it) = match names[..] {
        [] => return None,
        [_] => ("has", "it"),
        _ => ("have", "them"),
    };
    let names = names.join(", ");
    Some(match speaks_ipv6 {
        false => {
            format!("{names} {has} no IPv4 address: to use {it} add -6, or name an IPv6 group")
        }
        true => format!(
            "{names} {has} no IPv6 address: to use {it} leave out the -6, or name an IPv4 group"
        ),
    })
}

/// Whether these are the loopback alone, or none at all.
fn are_loopback(names: &[&str], interfaces: &[Interface]) -> bool {
    let is_loopback =
        |name: &&str| interfaces.iter().any(|it| it.loopback && it.name.as_str() == *name);
    names.iter().all(is_loopback)
}

/// Whether there is no interface but the loopback that could be used.
pub(crate) fn is_only_loopback_up() -> Result<bool, Failure> {
    let is_usable = |it: &Interface| it.up && it.multicast && !it.addresses.is_empty();
    Ok(!mcast_net::interfaces()?.iter().any(|it| is_usable(it) && !it.loopback))
}

/// Displays where a verb is at work by a lane: `224.1.1.1:50008 on eth0, wlan0`.
pub(crate) struct Place<'a>(pub(crate) &'a Settings, pub(crate) &'a Endpoint, pub(crate) LaneId);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<String> = self.0.groups.iter().map(ToString::to_string).collect();
        write!(f, "{}", groups.join(", "))?;
        match &self.1.interface_names_of(self.2)[..] {
            [] => write!(f, " as soon as an interface is up"),
            names => write!(f, " on {}", names.join(", ")),
        }
    }
}

/// Displays the interfaces that were asked on: `eth0, wlan0`.
pub(crate) struct Asked {
    names: String,
    is_loopback: bool,
}

impl Asked {
    pub(crate) fn on(endpoint: &Endpoint) -> Result<Asked, Failure> {
        let names = endpoint.interface_names();
        let is_loopback = are_loopback(&names, &mcast_net::interfaces()?);
        Ok(Asked { names: names.join(", "), is_loopback })
    }

    /// Whether nobody but this machine is asked.
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// What to do where nobody answers: what is known to be wrong, or where to look.
    pub(crate) fn advice(&self, settings: &Settings) -> String {
        match (hint::of_silence(settings), self.is_loopback) {
            (Some(hint), _) => hint,
            (None, true) => "only programs of this machine are asked there".into(),
            (None, false) => {
                "look at the firewalls on both sides; mcast doctor checks this machine".into()
            }
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names)
    }
}
