//! What a machine that asks for an audit is told while cards fall, refuse, come and go.

use std::process::Command;
use std::time::Duration;

use mcast_net::{Driver, Endpoint, Settings};
use mcast_proto::plain::{Sender, Sending};
use mcast_proto::{Action, Arrival, Destination, Instant, Machine, Message, Observation};
use mcast_tests::netns::{Host, Process, World};

use crate::inside;

const PERIOD: Duration = Duration::from_millis(20);

/// Asks the group something, then for an audit, and so on, and prints what it is told.
struct Auditor {
    due: Instant,
    has_asked: bool,
    /// Runs before the next audit.
    before_audit: Option<fn()>,
}

impl Machine for Auditor {
    fn handle_datagram<'d>(&mut self, _: Instant, _: Arrival, _: &'d [u8]) -> Option<Action<'d>> {
        None
    }
    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if now < self.due {
            return None;
        }
        self.due = now + PERIOD;
        self.has_asked = !self.has_asked;
        Some(match self.has_asked {
            true => Action::Send { to: Destination::GROUP, message: Message::Plain(b"?") },
            false => {
                self.before_audit.take().inspect(|change| change());
                Action::Audit
            }
        })
    }
    fn deadline(&self) -> Option<Instant> {
        Some(self.due)
    }
    fn handle_observation(&mut self, _: Instant, observation: Observation) {
        if let Observation::Audit(evidence) = observation {
            let changed = if evidence.changed { "changed" } else { "as before" };
            println!("> {} unsent, {} dropped, {changed}", evidence.unsent, evidence.dropped);
        }
    }
    fn close(&mut self, _: Instant) {}
}

const CLEAN: &str = "> 0 unsent, 0 dropped, as before";

fn run(endpoint: fn(&Settings) -> Result<Endpoint, mcast_net::Error>, before_audit: Option<fn()>) {
    println!();
    let endpoint = endpoint(&super::settings()).unwrap();
    let machine = Auditor { due: Instant::ZERO, has_asked: false, before_audit };
    Driver::new(machine, endpoint).run(|_| {}).unwrap();
}

#[test]
#[ignore = "the second half of another test"]
fn ask() {
    run(Endpoint::asking_peer, None);
}

#[test]
#[ignore = "the second half of another test"]
fn ask_with_a_new_address() {
    let add_address = || {
        let added = Command::new("ip").args(["addr", "add", "10.0.0.9/24", "dev", "eth0"]).status();
        assert!(added.unwrap().success());
    };
    run(Endpoint::asking_peer, Some(add_address));
}

#[test]
#[ignore = "the second half of another test"]
fn go_on_asking() {
    run(Endpoint::peer, None);
}

/// A host with two cards, and an auditor in it.
fn two_cards<'w>(world: &'w World, test: &str) -> (Host<'w>, Process) {
    let host = world.host();
    for (card, address) in [("eth0", "10.0.0.1/24"), ("eth1", "10.0.1.1/24")] {
        host.card(card, &world.segment(), &[address]);
    }
    let auditor = inside(&host, test);
    until_clean(&auditor);
    (host, auditor)
}

/// Audits to wait for at the most.
const PATIENCE: usize = 250;

/// Waits for an audit of which is told this.
#[track_caller]
fn expect(auditor: &Process, part: &str) {
    let lines: Vec<String> =
        (0..PATIENCE).map(|_| auditor.line()).take_while(|line| !line.contains(part)).collect();
    assert!(lines.len() < PATIENCE, "no {part:?} in {lines:?}");
}

/// Waits for three audits in a row without a doubt.
#[track_caller]
fn until_clean(auditor: &Process) {
    let mut clean = 0;
    for _ in 0..PATIENCE {
        clean = if auditor.line() == CLEAN { clean + 1 } else { 0 };
        if clean == 3 {
            return;
        }
    }
    panic!("{PATIENCE} audits, and never three in a row without a doubt");
}

#[test]
fn a_pulled_cable_is_a_change_and_then_what_is_asked_is_unsent_there() {
    let Some(world) = World::new() else { return };
    let (host, auditor) = two_cards(&world, "evidence::ask");
    host.pull("eth1");
    expect(&auditor, "changed");
    for _ in 0..10 {
        expect(&auditor, "1 unsent");
    }
    host.plug("eth1");
    expect(&auditor, "changed");
    until_clean(&auditor);
}

#[test]
fn who_goes_on_for_long_goes_on_without_a_card_that_has_fallen() {
    let Some(world) = World::new() else { return };
    let (host, auditor) = two_cards(&world, "evidence::go_on_asking");
    host.pull("eth1");
    expect(&auditor, "changed");
    until_clean(&auditor);
    host.pull("eth0");
    expect(&auditor, "changed");
    // It is the loopback's turn, which hears itself.
    until_clean(&auditor);
    host.ip("link set lo down");
    for _ in 0..10 {
        expect(&auditor, "1 unsent");
    }
}

#[test]
fn an_audit_sees_what_has_changed_by_then() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/24"]);
    let auditor = inside(&host, "evidence::ask_with_a_new_address");
    assert_eq!(auditor.line_with(">"), "> 0 unsent, 0 dropped, changed");
    until_clean(&auditor);
}

#[test]
fn a_cable_that_is_out_for_a_moment_is_a_change_though_all_is_as_it_was() {
    let Some(world) = World::new() else { return };
    let (host, auditor) = two_cards(&world, "evidence::ask");
    for _ in 0..5 {
        host.ip("link set eth1 down\nlink set eth1 up");
        expect(&auditor, "changed");
        until_clean(&auditor);
    }
}

#[test]
fn an_address_of_a_card_in_use_is_a_change_and_a_card_that_is_not_in_use_is_none() {
    let Some(world) = World::new() else { return };
    let (host, auditor) = two_cards(&world, "evidence::ask");
    let lan = world.segment();
    host.card("docker0", &lan, &["172.17.0.1/16"]);
    host.ip("link set docker0 down\nlink del docker0");
    for _ in 0..20 {
        assert_eq!(auditor.line(), CLEAN);
    }
    host.add_address("eth0", "10.0.0.9/24");
    expect(&auditor, "> 0 unsent, 0 dropped, changed");
    until_clean(&auditor);
    host.ip("addr del 10.0.0.9/24 dev eth0");
    expect(&auditor, "changed");
    until_clean(&auditor);
    host.card("eth2", &lan, &["10.0.2.1/24"]);
    expect(&auditor, "changed");
    until_clean(&auditor);
}

#[test]
#[ignore = "the second half of another test"]
fn send_twice() {
    println!();
    let endpoint = Endpoint::asker(&super::settings()).unwrap();
    let sending = Sending { payload: b"?".to_vec(), count: Some(2), every: Duration::ZERO };
    let report = Driver::new(Sender::new(sending), endpoint).run(|_| {}).unwrap();
    for refused in report.refused {
        println!("> {} ipv6: {}: {}", refused.interface, refused.ipv6, refused.reason);
    }
}

#[test]
fn an_interface_that_refuses_from_the_start_is_not_held_against_the_others() {
    let Some(world) = World::with_nft() else { return };
    let host = world.host();
    for (card, address) in [("eth0", "10.0.0.1/24"), ("eth1", "10.0.1.1/24")] {
        host.card(card, &world.segment(), &[address]);
    }
    let refuse = "table ip filter {\n\
        chain output {\n\
            type filter hook output priority 0\n\
            oifname \"eth1\" ip daddr 224.1.1.1 drop\n\
        }\n\
    }";
    host.nft(refuse);
    let sent = inside(&host, "evidence::send_twice").wait();
    let refused: Vec<_> = sent.stdout.lines().filter(|line| line.starts_with('>')).collect();
    let reason = "224.1.1.1:50008 on eth1: cannot send: Operation not permitted (os error 1)";
    assert_eq!(refused.len(), 1, "{sent:?}");
    assert!(refused[0].starts_with(&format!("> eth1 ipv6: false: {reason}")), "{refused:?}");

    let auditor = inside(&host, "evidence::ask");
    until_clean(&auditor);
    host.nft("flush ruleset");
    expect(&auditor, "0 unsent, 0 dropped, changed");
    until_clean(&auditor);
    host.nft(refuse);
    for _ in 0..3 {
        expect(&auditor, "1 unsent");
    }
}
