//! What the network is told of members while they renew their memberships.

use std::cell::RefCell;

use mcast_net::{Driver, Endpoint, Settings};
use mcast_proto::plain::{Listener, Listening};
use mcast_tests::netns::{Host, Process, World};

use crate::inside;

const V4: &str = "224.1.1.1";
const V6: &str = "ff12::5008";

fn listen(group: &str, source: Option<&str>) {
    println!();
    let settings = Settings {
        groups: vec![group.parse().unwrap()],
        interfaces: vec!["eth0".parse().unwrap()],
        sources: source.into_iter().map(|source| source.parse().unwrap()).collect(),
        ..Settings::default()
    };
    let endpoint = Endpoint::member(&settings).unwrap();
    println!("> joined");
    Driver::new(Listener::new(Listening::default()), endpoint).run(|_| {}).unwrap();
}

#[test]
#[ignore = "the second half of another test"]
fn listen_v4() {
    listen("224.1.1.1:50008", None);
}

#[test]
#[ignore = "the second half of another test"]
fn listen_v6() {
    listen("[ff12::5008]:50008", None);
}

#[test]
#[ignore = "the second half of another test"]
fn listen_to_one() {
    listen("224.1.1.1:50008", Some("10.0.0.77"));
}

/// A host with its card's records and its listeners.
struct Scene<'w> {
    host: Host<'w>,
    group: &'static str,
    records: Process,
    _listeners: Vec<Process>,
    marks: RefCell<Vec<Process>>,
}

impl Scene<'_> {
    fn new<'w>(world: &'w World, test: &str, members: usize, older: bool) -> Scene<'w> {
        let host = world.host();
        host.card("eth0", &world.segment(), &["10.0.0.1/24", "fe80::1/64"]);
        if older {
            host.set("ipv4/conf/eth0/force_igmp_version", "2");
            host.set("ipv6/conf/eth0/force_mld_version", "1");
        }
        // Each change is told once; of the other family that is the whole machine's setting, twice.
        host.set("ipv4/igmp_qrv", "1");
        let records = host.peer("groups.py", &["eth0"]);
        records.line_with("ready");
        let listener = |_| {
            let listener = inside(&host, &format!("membership::{test}"));
            listener.line_with("> joined");
            listener
        };
        let _listeners = (0..members).map(listener).collect();
        let group = if test == "listen_v6" { V6 } else { V4 };
        Scene { host, group, records, _listeners, marks: RefCell::default() }
    }

    /// Changes the interface, so that all renew their memberships.
    fn renew(&self) {
        self.host.add_address("eth0", if self.group == V6 { "fe80::9/64" } else { "10.0.0.9/24" });
    }

    /// The records about the group that were still to come. The system tells in one report of all that has
    /// changed, the latest first: of what another group was joined after, it has told when it tells of a
    /// third.
    #[track_caller]
    fn settle(&self) -> Vec<String> {
        let script = "import socket, sys, time\n\
            six = ':' in sys.argv[1]\n\
            s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)\n\
            card = socket.if_nametoindex('eth0').to_bytes(4, sys.byteorder)\n\
            group = socket.inet_pton(s.family, sys.argv[1])\n\
            level, option = (41, 20) if six else (0, socket.IP_ADD_MEMBERSHIP)\n\
            s.setsockopt(level, option, group + ((b'' if six else bytes(4)) + card))\n\
            time.sleep(1000)";
        // How often each change is told.
        let (prefix, times) = if self.group == V6 { ("ff12::", 2) } else { ("239.9.9.", 1) };
        let mut told = Vec::new();
        for _ in 0..2 {
            let number = self.marks.borrow().len() + 1;
            let mark = format!("{prefix}{number}");
            self.marks.borrow_mut().push(self.host.python(["-c", script, &mark]));
            for _ in 0..times {
                told.extend(self.up_to(&[format!("to_ex {mark} ")]));
            }
        }
        told.dedup();
        told
    }

    /// The records about the group up to one that begins in one of these ways, without those that are
    /// repeated.
    #[track_caller]
    fn up_to(&self, last: &[String]) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            let line = self.records.line();
            if line.contains(&format!(" {} ", self.group)) {
                told.push(line.replace(&format!("{} ", self.group), ""));
            }
            if last.iter().any(|last| line.starts_with(last)) {
                told.dedup();
                return told;
            }
        }
    }
}

/// The records about the group when its members renew their memberships, of which one is of one of these
/// kinds.
#[track_caller]
fn told(world: &World, test: &str, members: usize, kinds: &[&str]) -> Vec<String> {
    let scene = Scene::new(world, test, members, false);
    scene.settle();
    scene.renew();
    let last: Vec<String> = kinds.iter().map(|kind| format!("{kind} {} ", scene.group)).collect();
    let mut told = scene.up_to(&last);
    told.extend(scene.settle());
    told.dedup();
    told
}

#[test]
fn one_member_is_told_of_again_and_no_leave_is() {
    let Some(world) = World::new() else { return };
    for test in ["listen_v4", "listen_v6"] {
        let told = told(&world, test, 1, &["to_ex"]);
        // Between the two halves of it one may be kept waiting.
        let is_renewal = |record: &String| ["to_in 1", "to_ex 1"].contains(&&record[..]);
        assert!(told.iter().all(is_renewal), "{test}: {told:?}");
    }
}

#[test]
fn each_of_two_members_is_told_of_again_and_no_leave_is() {
    let Some(world) = World::new() else { return };
    for test in ["listen_v4", "listen_v6"] {
        // Where both change at one moment, the interface as a whole does.
        let told = told(&world, test, 2, &["block", "to_ex"]);
        let is_renewal = |record: &String| ["block 1", "allow 1", "to_ex 1"].contains(&&record[..]);
        assert!(told.iter().all(is_renewal), "{test}: {told:?}");
    }
}

#[test]
fn members_that_hear_one_source_are_told_of_with_it() {
    let Some(world) = World::new() else { return };
    for members in [1, 2] {
        let told = told(&world, "listen_to_one", members, &["to_in"]);
        let is_renewal = |record: &String| ["to_in 1", "allow 1", "to_ex 0"].contains(&&record[..]);
        assert!(told.iter().all(is_renewal), "{members}: {told:?}");
    }
}

/// A switch forgets who was behind a cable that was out, and the kernel tells nothing by itself.
#[test]
fn members_are_told_of_again_after_a_cable_was_out_for_a_moment() {
    let Some(world) = World::new() else { return };
    let scene = Scene::new(&world, "listen_v4", 1, false);
    scene.settle();
    scene.host.pull("eth0");
    scene.host.plug("eth0");
    scene.up_to(&[format!("to_ex {V4} ")]);
}

/// The older protocols have no other way.
#[test]
fn by_the_older_protocols_one_member_leaves_and_joins() {
    let Some(world) = World::new() else { return };
    for test in ["listen_v4", "listen_v6"] {
        let scene = Scene::new(&world, test, 1, true);
        scene.up_to(&[format!("report {} ", scene.group)]);
        scene.renew();
        scene.up_to(&[format!("leave {} ", scene.group)]);
        assert_eq!(scene.up_to(&[format!("report {} ", scene.group)]), ["report 0"], "{test}");
    }
}
