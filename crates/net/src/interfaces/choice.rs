//! Which interfaces are used, and why.

use std::net::SocketAddr;

use crate::interfaces::interface::Interface;
use crate::interfaces::selector::Selector;
use crate::settings::Settings;
use crate::{Error, ErrorKind};

/// An interface, and whether it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The interface.
    pub interface: Interface,
    /// Whether it is used.
    pub used: bool,
    /// Why it is, or is not: words that follow its name, as `is up and can multicast`.
    pub why: &'static str,
}

/// What was decided about each interface, by index.
#[derive(Debug, Default)]
pub(crate) struct Choice(Vec<Decision>);

#[derive(Debug, PartialEq, Eq)]
struct Decision {
    index: u32,
    name: String,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is used, since it does or is this.
    Taken(&'static str),
    /// It is not used, since it does or is this.
    Left(&'static str),
    /// Others were asked for.
    NotAskedFor,
}

impl Choice {
    pub(crate) fn new(interfaces: &[Interface], settings: &Settings) -> Choice {
        let decisions = interfaces.iter().map(|interface| Decision {
            index: interface.index,
            name: interface.name.clone(),
            verdict: judge(interface, settings),
        });
        let mut decisions: Vec<Decision> = decisions.collect();
        if !decisions.iter().any(|decision| matches!(decision.verdict, Verdict::Taken(_))) {
            for decision in &mut decisions {
                if decision.verdict == LOOPBACK {
                    decision.verdict = match settings.ttl {
                        0 => Verdict::Taken("keeps what has a TTL of 0 on this host"),
                        _ => LAST_RESORT,
                    };
                }
            }
        }
        Choice(decisions)
    }

    /// The same with the interfaces that it was made of, for whoever asks.
    pub(crate) fn told(self, interfaces: Vec<Interface>) -> Vec<Chosen> {
        let told = |(interface, decision): (Interface, Decision)| {
            let (used, why) = match decision.verdict {
                Verdict::Taken(why) => (true, why),
                Verdict::Left(why) => (false, why),
                Verdict::NotAskedFor => (false, "was not asked for"),
            };
            Chosen { interface, used, why }
        };
        interfaces.into_iter().zip(self.0).map(told).collect()
    }

    pub(crate) fn takes(&self, index: u32) -> bool {
        let is_taken = |decision: &Decision| matches!(decision.verdict, Verdict::Taken(_));
        self.0.iter().any(|decision| decision.index == index && is_taken(decision))
    }

    /// Logs what was decided otherwise than `before`.
    pub(crate) fn log_changes(&self, before: &Choice) {
        for decision in self.0.iter().filter(|decision| !before.0.contains(decision)) {
            let name = &decision.name;
            match decision.verdict {
                // Whoever thinks that others are reached is to know better.
                LAST_RESORT => log::warn!(
                    "{name} alone is used, for want of another: programs of this machine are reached, \
                     and nobody else"
                ),
                Verdict::Taken(why) => log::info!("{name} is used: it {why}"),
                Verdict::Left(why) => log::info!("{name} is not used: it {why}"),
                Verdict::NotAskedFor => log::info!("{name} is not used: others were asked for"),
            }
        }
        for Decision { index, name, .. } in &before.0 {
            if !self.0.iter().any(|decision| decision.index == *index) {
                log::info!("{name} is gone");
            }
        }
    }

    /// The error that no interface was taken.
    pub(crate) fn nothing_taken(&self, settings: &Settings) -> Error {
        let what_for =
            settings.groups.first().map_or("broadcast".into(), |group| group.ip().to_string());
        let reasons = self.0.iter().filter_map(|Decision { name, verdict, .. }| match verdict {
            Verdict::Left(why) => Some(format!("{name} {why}")),
            Verdict::Taken(_) | Verdict::NotAskedFor => None,
        });
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        let what = match (settings.interfaces.is_empty(), reasons.is_empty()) {
            (true, true) => "no interface with multicast is up".to_owned(),
            (true, false) => format!("no interface with multicast is up ({reasons})"),
            (false, true) => "no interface matches what was asked for".to_owned(),
            (false, false) => format!("no interface that was asked for can be used ({reasons})"),
        };
        let message = format!("{what_for}: {what}; bring one up, or name lo");
        Error::new(ErrorKind::NoInterface, message)
    }
}

fn judge(interface: &Interface, settings: &Settings) -> Verdict {
    let selectors = &settings.interfaces;
    let names = |exclusion: bool| {
        selectors.iter().any(|s| s.is_exclusion() == exclusion && s.names(interface))
    };
    let asked_for = selectors.iter().any(|selector| !selector.is_exclusion());
    let broadcasts = settings.broadcast.is_some() && interface.broadcasts().next().is_some();
    let has_address = |group: &SocketAddr| interface.addresses_of(group.is_ipv4()).next().is_some();
    if names(true) {
        Verdict::Left("is excluded")
    } else if asked_for && !names(false) {
        Verdict::NotAskedFor
    } else if !interface.up {
        Verdict::Left("is down or has no carrier")
    } else if !settings.groups.iter().any(has_address) && !broadcasts {
        Verdict::Left("has no address of the groups' family")
    } else if settings.ttl == 0 && !interface.loopback {
        Verdict::Left("leads off this host, where a TTL of 0 forbids to go")
    } else if asked_for {
        Verdict::Taken("was asked for")
    } else {
        judge_by_kind(interface)
    }
}

const LOOPBACK: Verdict = Verdict::Left("is the loopback, and there are others");

const LAST_RESORT: Verdict = Verdict::Taken("is the loopback, and there is no other");

/// Names of interfaces that join containers and virtual machines to this host.
const VIRTUAL: [&str; 13] = [
    "docker", "virbr", "veth", "cni", "flannel", "cali", "cilium", "lxc", "lxdbr", "incusbr",
    "podman", "vnet", "vmnet",
];

fn judge_by_kind(interface: &Interface) -> Verdict {
    if interface.loopback {
        LOOPBACK
    } else if !interface.multicast {
        Verdict::Left("can't multicast")
    } else if interface.point_to_point {
        Verdict::Left("is a link to one peer: name it to use it")
    } else if is_virtual(&interface.name) {
        Verdict::Left("joins containers or virtual machines to this host: name it to use it")
    } else {
        Verdict::Taken("is up and can multicast")
    }
}

fn is_virtual(name: &str) -> bool {
    // Docker names a bridge by the first digits of its network's id; `br-lan` is OpenWrt's network.
    let is_docker_id = |id: &str| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    VIRTUAL.iter().any(|prefix| name.starts_with(prefix))
        || name.strip_prefix("br-").is_some_and(is_docker_id)
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

/// An error where what is asked for leads off this host, and is to stay on it. Linux keeps a TTL of 0 to
/// itself only where it is a member of the group, and what is sent to one peer needs another TTL.
pub(crate) fn check_reach(interfaces: &[Interface], settings: &Settings) -> Result<(), Error> {
    let asked_for = || settings.interfaces.iter().filter(|selector| !selector.is_exclusion());
    let is_loopback = |selector: &Selector| {
        interfaces.iter().any(|interface| interface.loopback && selector.names(interface))
    };
    match asked_for().next() {
        Some(first) if settings.ttl == 0 && !asked_for().any(is_loopback) => Err(Error::new(
            ErrorKind::Settings,
            format!(
                "with a TTL of 0 all stays on this host, by the loopback interface alone, and \"{first}\" \
                 is another: leave it out, or give a TTL of 1"
            ),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
