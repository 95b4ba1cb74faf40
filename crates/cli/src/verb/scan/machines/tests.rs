use std::time::Duration;

use mcast_dialects::preset::{self, builtin};

use super::super::voices::choose;
use super::*;

fn plan(patience: Option<Patience>) -> Plan {
    Plan { wanted: Wanted::default(), ipv4: true, ipv6: true, patience }
}

fn once() -> Option<Patience> {
    let silence = Duration::from_secs(3);
    Some(Patience { silence, least: Duration::ZERO, most: None })
}

fn own(table: &str) -> Vec<Voice> {
    let presets = preset::parse(table).expect("a table");
    presets.into_iter().map(|preset| Voice::Preset(Box::new(preset))).collect()
}

fn all() -> Vec<Voice> {
    choose(builtin().expect("a table"), &[], true).expect("all")
}

fn hears(lane: &Lane) -> bool {
    lane.role != Role::Asker
}

#[test]
fn no_group_is_heard_twice_and_who_asks_once_waits_for_no_network() {
    for patience in [once(), None] {
        let choir = plan(patience).choir(&all(), Port::Own).unwrap();
        assert_eq!(choir.left_out, []);
        let lanes = choir.machines.lanes();
        let heard: Vec<SocketAddr> =
            lanes.iter().filter(|lane| hears(lane)).flat_map(|lane| lane.groups.clone()).collect();
        let is_twice = |nth: usize| heard[..nth].contains(&heard[nth]);
        assert!(!(0..heard.len()).any(is_twice), "{heard:?}");
        let waits = lanes.iter().any(|lane| matches!(lane.role, Role::Member | Role::Peer));
        assert_eq!(waits, patience.is_none());
    }
}

#[test]
fn a_preset_that_listens_where_another_does_hears_by_its_lane() {
    let table = "[a]\nsource = 'x'\nto = '239.255.255.250:1900'\nanswer = 'line'\n\
                 [b]\nsource = 'x'\nto = '239.255.255.250:1900'\nttl = 4\nanswer = 'line'\n";
    let voices: Vec<Voice> = [Voice::Ssdp].into_iter().chain(own(table)).collect();
    for patience in [once(), None] {
        let choir = plan(patience).choir(&voices, Port::Own).unwrap();
        assert_eq!((choir.names.len(), choir.machines.lanes().len()), (3, 1));
        // Without the other it has one of its own.
        let alone = plan(patience).choir(&voices[1..2], Port::Own).unwrap();
        assert!(hears(&alone.machines.lanes()[0]));
    }
}

#[test]
fn of_two_that_need_one_port_the_second_is_left_out() {
    let table = "[a]\nsource = 'x'\nto = '239.0.0.1:7'\nrequest.text = 'x'\nsource-port = 4002\nanswer = 'line'\n\
                 [b]\nsource = 'x'\nto = '239.0.0.1:8'\nrequest.text = 'x'\nsource-port = 4002\nanswer = 'line'\n\
                 [c]\nsource = 'x'\nto = '239.0.0.1:9'\nrequest.text = 'x'\nsource-port = 5353\nanswer = 'line'\n";
    let voices: Vec<Voice> = [Voice::Mdns].into_iter().chain(own(table)).collect();
    let choir = plan(once()).choir(&voices, Port::Own).unwrap();
    assert_eq!(choir.names, ["mdns", "a"]);
    let left = [("b".into(), Reason::Port(4_002)), ("c".into(), Reason::Port(5_353))];
    assert_eq!(choir.left_out, left);
}

#[test]
fn each_family_has_what_is_spoken_by_it() {
    let only_v6 = Plan { ipv4: false, ..plan(once()) };
    let choir = only_v6.choir(&all(), Port::Own).unwrap();
    assert_eq!(choir.names, ["mdns", "ssdp", "wsd", "coap", "mcast", "plain"]);
    assert!(choir.left_out.iter().all(|(_, reason)| *reason == Reason::Family));
    let lanes = choir.machines.lanes();
    assert!(lanes.iter().flat_map(|lane| &lane.groups).all(SocketAddr::is_ipv6));
    let only_v4 = Plan { ipv6: false, ..plan(once()) };
    let choir = only_v4.choir(&all(), Port::Own).unwrap();
    assert!(choir.machines.lanes().iter().flat_map(|lane| &lane.groups).all(SocketAddr::is_ipv4));
    let knx = choose(builtin().unwrap(), &["knx".into()], false).unwrap();
    assert!(only_v6.choir(&knx, Port::Own).is_err());
}

#[test]
fn multicast_dns_is_watched_from_its_port_or_from_another() {
    let lane = |port| plan(None).choir(&[Voice::Mdns], port).unwrap().machines.lanes().remove(0);
    assert_eq!((lane(Port::Own).role, lane(Port::Private).role), (Role::Member, Role::Asker));
    // Who asks once asks from a private port, and the group from the protocol's where that must be.
    let lanes = plan(once()).choir(&[Voice::Mdns], Port::Own).unwrap().machines.lanes();
    let roles: Vec<Role> = lanes.iter().map(|lane| lane.role).collect();
    assert_eq!(roles, [Role::Asker, Role::AskingMember]);
}
