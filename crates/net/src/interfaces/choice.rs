//! Which interfaces are used, and why.

use std::net::SocketAddr;

use crate::interfaces::interface::Interface;
use crate::interfaces::selector::Selector;
use crate::settings::Settings;
use crate::{Error, ErrorKind};

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
    /// It is used: this is why.
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
                        0 => Verdict::Taken("what has a TTL of 0 stays on this host"),
                        _ => LAST_RESORT,
                    };
                }
            }
        }
        Choice(decisions)
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
                Verdict::Taken(why) => log::info!("{name} is used: {why}"),
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
        Verdict::Taken("it was asked for")
    } else {
        judge_by_kind(interface)
    }
}

const LOOPBACK: Verdict = Verdict::Left("is the loopback, and there are others");

const LAST_RESORT: Verdict = Verdict::Taken("it is the loopback, and there is no other");

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
        Verdict::Taken("it is up and can multicast")
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
        let asked_for = format_args!("{what} \"{selector}\"");
        return Err(Error::unknown_interface(asked_for, interfaces));
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
mod tests {
    use super::*;
    use crate::interfaces::interface::Network;

    fn interface(index: u32, name: &str, address: &str) -> Interface {
        let address = address.parse().unwrap();
        let addresses = vec![Network { address, prefix_len: 24, peer: None, deprecated: false }];
        Interface {
            index,
            name: name.into(),
            addresses,
            routes: Vec::new(),
            up: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
        }
    }

    fn machine() -> Vec<Interface> {
        vec![
            Interface { loopback: true, multicast: false, ..interface(1, "lo", "127.0.0.1") },
            interface(2, "eth0", "10.0.0.1"),
            Interface { up: false, ..interface(3, "eth1", "10.1.0.1") },
            interface(4, "docker0", "172.17.0.1"),
            Interface { point_to_point: true, ..interface(5, "tun0", "10.8.0.2") },
            interface(6, "wlan0", "10.2.0.1"),
            Interface { multicast: false, ..interface(7, "odd0", "10.3.0.1") },
            interface(8, "six0", "2001:db8::1"),
        ]
    }

    fn tutorials() -> Settings {
        let groups = vec!["224.1.1.1:50008".parse().unwrap()];
        Settings { groups, ..Settings::default() }
    }

    fn taken(interfaces: &[Interface], selectors: &[&str]) -> Vec<u32> {
        let selectors = selectors.iter().map(|text| text.parse().unwrap()).collect();
        let settings = Settings { interfaces: selectors, ..tutorials() };
        let choice = Choice::new(interfaces, &settings);
        interfaces.iter().map(|i| i.index).filter(|index| choice.takes(*index)).collect()
    }

    #[test]
    fn by_default_all_that_can_multicast_and_none_that_is_virtual() {
        assert_eq!(taken(&machine(), &[]), [2, 6]);
        assert_eq!(taken(&machine(), &["!wlan*"]), [2]);
    }

    #[test]
    fn dockers_bridges_are_left_and_a_network_that_is_named_alike_is_not() {
        let named = |name| taken(&[interface(2, name, "10.0.0.1")], &[]);
        for network in
            ["br-lan", "br-guest", "br-0123456789a", "br-0123456789abc", "br-0123456789ag"]
        {
            assert_eq!(named(network), [2], "{network}");
        }
        for virtual_one in ["br-0123456789ab", "docker0", "docker_gwbridge", "virbr0", "vethab12"] {
            assert_eq!(named(virtual_one), [0; 0], "{virtual_one}");
        }
    }

    #[test]
    fn the_loopback_alone_stands_in_for_all() {
        let mut machine = machine();
        machine.retain(|i| !["eth0", "wlan0"].contains(&i.name.as_str()));
        assert_eq!(taken(&machine, &[]), [1]);
        assert_eq!(taken(&machine, &["!lo"]), [0; 0]);
    }

    #[test]
    fn what_is_to_stay_on_this_host_takes_the_loopback_alone() {
        let with = |ttl, selectors: &[&str]| {
            let interfaces = selectors.iter().map(|text| text.parse().unwrap()).collect();
            Settings { ttl, interfaces, ..tutorials() }
        };
        for selectors in [&[][..], &["lo"], &["*"], &["!eth0"], &["lo", "eth0"]] {
            let settings = with(0, selectors);
            let choice = Choice::new(&machine(), &settings);
            let taken: Vec<u32> = (1..9).filter(|index| choice.takes(*index)).collect();
            assert_eq!(taken, [1], "{selectors:?}");
            assert!(check_reach(&machine(), &settings).is_ok(), "{selectors:?}");
        }
        for selectors in [&["eth0"][..], &["eth*", "!wlan0"], &["10.0.0.1"], &["2"]] {
            let error = check_reach(&machine(), &with(0, selectors)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings, "{selectors:?}");
            assert!(check_reach(&machine(), &with(1, selectors)).is_ok(), "{selectors:?}");
        }
    }

    #[test]
    fn what_is_asked_for_is_used_if_it_is_up_and_not_excluded() {
        assert_eq!(taken(&machine(), &["lo"]), [1]);
        assert_eq!(taken(&machine(), &["eth*"]), [2]);
        assert_eq!(taken(&machine(), &["docker0", "5", "10.3.0.1"]), [4, 5, 7]);
        assert_eq!(taken(&machine(), &["*", "!eth*", "!10.2.0.1"]), [1, 4, 5, 7]);
        assert_eq!(taken(&machine(), &["eth1"]), [0; 0]);
    }

    #[test]
    fn the_family_must_fit() {
        let settings =
            Settings { groups: vec!["[ff12::5008]:50008".parse().unwrap()], ..tutorials() };
        let choice = Choice::new(&machine(), &settings);
        assert!(choice.takes(8) && !choice.takes(2) && !choice.takes(1));
    }

    #[test]
    fn an_unknown_interface_is_told_with_what_there_is() {
        let known = |text: &str| check_known(&machine()[..3], &[text.parse().unwrap()]);
        assert!(known("eth0").is_ok() && known("2").is_ok() && known("10.0.0.1").is_ok());
        assert!(known("wlan*").is_ok() && known("!eth9").is_ok());
        let error = known("eth9").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownInterface);
        assert_eq!(
            error.to_string(),
            "no interface named \"eth9\"; there are: lo, eth0, eth1 (down)"
        );
        let error = check_known(&[], &["eth9".parse().unwrap()]).unwrap_err();
        assert_eq!(error.to_string(), "no interface named \"eth9\"; there is none at all");
        assert_eq!(known("9").unwrap_err().kind(), ErrorKind::UnknownInterface);
        assert_eq!(known("10.9.9.9").unwrap_err().kind(), ErrorKind::UnknownInterface);
    }

    #[test]
    fn having_none_is_told_with_the_reasons() {
        let down = &machine()[2..3];
        let error = |selectors: &[&str]| {
            let interfaces = selectors.iter().map(|text| text.parse().unwrap()).collect();
            let settings = Settings { interfaces, ..tutorials() };
            Choice::new(down, &settings).nothing_taken(&settings).to_string()
        };
        assert_eq!(
            error(&[]),
            "224.1.1.1: no interface with multicast is up (eth1 is down or has no carrier); \
             bring one up, or name lo"
        );
        assert_eq!(
            error(&["wlan*"]),
            "224.1.1.1: no interface matches what was asked for; bring one up, or name lo"
        );
    }
}
