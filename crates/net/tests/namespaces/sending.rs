//! What becomes of what is sent where an address or a card has just gone.

use std::process::Command;
use std::time::Duration;

use mcast_net::{Driver, Endpoint, Settings};
use mcast_proto::{
    Action, Arrival, Destination, Instant, InterfaceId, Machine, Message, Observation, Path,
    Summary,
};
use mcast_tests::netns::World;

use crate::inside;

fn ip(words: &str) {
    let ran = Command::new("ip").args(words.split(' ')).status();
    assert!(ran.unwrap().success(), "ip {words}");
}

fn print(report: &mcast_net::Report) {
    println!();
    for interface in &report.interfaces {
        let (name, sent) = (&interface.name, interface.sent);
        let (errors, drops) = (interface.send_errors, interface.send_drops);
        println!("> {name}: {sent} sent, {errors} errors, {drops} drops");
    }
}

/// Takes an address from the card, and sends to the group before that is known.
struct Forgetful {
    without: &'static str,
    calls: u32,
}

impl Machine for Forgetful {
    fn handle_datagram<'d>(&mut self, _: Instant, _: Arrival, _: &'d [u8]) -> Option<Action<'d>> {
        None
    }
    fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
        self.calls += 1;
        if self.calls > 1 {
            return Some(Action::Done(Summary::default()));
        }
        ip(&format!("addr del {} dev eth0", self.without));
        Some(Action::Send { to: Destination::GROUP, message: Message::Plain(b"x") })
    }
    fn deadline(&self) -> Option<Instant> {
        Some(Instant::ZERO)
    }
    fn close(&mut self, _: Instant) {}
}

fn send_without(address: &'static str, group: &str) {
    let settings = Settings { groups: vec![group.parse().unwrap()], ..Settings::default() };
    let machine = Forgetful { without: address, calls: 0 };
    let mut driver = Driver::new(machine, Endpoint::member(&settings).unwrap());
    print(&driver.run(|_| {}).unwrap());
}

#[test]
#[ignore = "the second half of another test"]
fn send_v4_without() {
    send_without("10.0.0.1/24", "224.1.1.1:50008");
}

#[test]
#[ignore = "the second half of another test"]
fn send_v6_without() {
    send_without("2001:db8::1/64", "[ff05::5008]:50008");
}

#[test]
fn what_was_to_leave_from_an_address_that_has_gone_leaves_from_another() {
    let Some(world) = World::new() else { return };
    for (half, addresses, source) in [
        ("send_v4_without", ["10.0.0.1/24", "10.0.9.1/24"], "10.0.9.1:50008"),
        ("send_v6_without", ["2001:db8::1/64", "fe80::1/64"], "[fe80::1]:50008"),
    ] {
        let host = world.host();
        host.card("eth0", &world.segment(), &addresses);
        let capture = host.capture("eth0");
        let sent = inside(&host, &format!("sending::{half}")).wait();
        let line = "> eth0: 1 sent, 0 errors, 0 drops\n";
        assert!(sent.stdout.contains(line), "{half}: {sent:?}");
        assert_eq!(capture.packet(|packet| packet.payload == b"x").source.to_string(), source);
    }
}

/// Pulls a card out, and sends to one who was there once that is known.
struct Late {
    card: InterfaceId,
    has_pulled: bool,
    is_known: bool,
    has_sent: bool,
}

impl Machine for Late {
    fn handle_datagram<'d>(&mut self, _: Instant, _: Arrival, _: &'d [u8]) -> Option<Action<'d>> {
        None
    }
    fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
        if !std::mem::replace(&mut self.has_pulled, true) {
            ip("link del eth1");
            return None;
        }
        if std::mem::replace(&mut self.has_sent, true) {
            return Some(Action::Done(Summary::default()));
        }
        let to = Path::new("10.0.1.9:9".parse().unwrap()).by(self.card);
        Some(Action::Send { to: Destination::peer(to), message: Message::Plain(b"x") })
    }
    fn handle_observation(&mut self, _: Instant, observation: Observation) {
        self.is_known |= matches!(observation, Observation::NetworkChanged);
    }
    fn deadline(&self) -> Option<Instant> {
        let waits = self.has_pulled && !self.is_known;
        Some(if waits { Instant::ZERO + Duration::from_secs(3600) } else { Instant::ZERO })
    }
    fn close(&mut self, _: Instant) {}
}

#[test]
#[ignore = "the second half of another test"]
fn send_by_a_card_that_has_gone() {
    let all = mcast_net::interfaces().unwrap();
    let card = InterfaceId(all.iter().find(|card| card.name == "eth1").unwrap().index);
    let machine = Late { card, has_pulled: false, is_known: false, has_sent: false };
    let mut driver = Driver::new(machine, Endpoint::member(&super::settings()).unwrap());
    print(&driver.run(|_| {}).unwrap());
}

#[test]
fn what_was_to_leave_by_a_card_that_has_gone_is_counted_there() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    for (card, address) in [("eth0", "10.0.0.1/24"), ("eth1", "10.0.1.1/24")] {
        host.card(card, &world.segment(), &[address]);
    }
    let sent = inside(&host, "sending::send_by_a_card_that_has_gone").wait();
    assert!(sent.stdout.contains("> eth1: 0 sent, 0 errors, 1 drops\n"), "{sent:?}");
}

/// Sends to more hosts that are not there than wait for being found, and is told of those that give way.
struct ToNobody {
    left: u16,
    unsent: Option<Instant>,
}

/// Long before the first of those that wait is given up, after a second.
const AT_ONCE: Duration = Duration::from_millis(500);

impl Machine for ToNobody {
    fn handle_datagram<'d>(&mut self, _: Instant, _: Arrival, _: &'d [u8]) -> Option<Action<'d>> {
        None
    }
    fn handle_timeout(&mut self, _: Instant) -> Option<Action<'_>> {
        if self.left == 0 {
            return Some(Action::Done(Summary::default()));
        }
        self.left -= 1;
        let [high, low] = self.left.to_be_bytes();
        let to = Path::new(([10, 0, 100 + high, low], 9).into());
        Some(Action::Send { to: Destination::peer(to), message: Message::Plain(b"x") })
    }
    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        if let Observation::Unsent { to } = observation {
            assert_eq!(to.port(), 9);
            self.unsent.get_or_insert(now);
        }
    }
    fn deadline(&self) -> Option<Instant> {
        Some(if self.left > 0 { Instant::ZERO } else { Instant::ZERO + AT_ONCE })
    }
    fn close(&mut self, _: Instant) {}
}

#[test]
#[ignore = "the second half of another test"]
fn send_to_nobody() {
    let machine = ToNobody { left: 1000, unsent: None };
    let mut driver = Driver::new(machine, Endpoint::member(&super::settings()).unwrap());
    driver.run(|_| {}).unwrap();
    let unsent = driver.machine().unsent;
    println!("\n> told {}", unsent.is_some_and(|at| at < Instant::ZERO + AT_ONCE));
}

#[test]
fn what_gives_way_to_others_that_wait_is_told_to_the_machine_at_once() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/16"]);
    let sent = inside(&host, "sending::send_to_nobody").wait();
    assert!(sent.stdout.contains("> told true\n"), "{sent:?}");
}
