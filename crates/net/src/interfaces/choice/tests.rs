//! Which interfaces are taken, and what is said of that.

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
    for network in ["br-lan", "br-guest", "br-0123456789a", "br-0123456789abc", "br-0123456789ag"] {
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
    let settings = Settings { groups: vec!["[ff12::5008]:50008".parse().unwrap()], ..tutorials() };
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
    assert_eq!(error.to_string(), "no interface named \"eth9\"; there are: lo, eth0, eth1");
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

#[test]
fn what_is_told_follows_the_interfaces_name() {
    let settings = |interfaces: &[&str]| Settings {
        interfaces: interfaces.iter().map(|text| text.parse().unwrap()).collect(),
        ..tutorials()
    };
    let told = |selectors: &[&str]| -> Vec<(u32, bool, &str)> {
        let choice = Choice::new(&machine()[..4], &settings(selectors));
        let told = choice.told(machine()[..4].to_vec());
        told.iter().map(|it| (it.interface.index, it.used, it.why)).collect()
    };
    assert_eq!(
        told(&[]),
        [
            (1, false, "is the loopback, and there are others"),
            (2, true, "is up and can multicast"),
            (3, false, "is down or has no carrier"),
            (4, false, "joins containers or virtual machines to this host: name it to use it"),
        ]
    );
    assert_eq!(
        told(&["eth0"])[1..3],
        [(2, true, "was asked for"), (3, false, "was not asked for")]
    );
}
