//! What the simulator offers to attack with and to judge by: forgers, tapes, accounts, the truth.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use mcast_proto::service::{self, Discovery, Offer, Responding};
use mcast_proto::{Action, Arrival, Cast, Destination, Event, Instant, Machine, Observation, Path};
use mcast_tests::sim::{
    Card, Cue, Forger, Host, Link, Log, NodeId, Packet, Sim, Socket, Station, Truth, offer_with,
};

const MS: Duration = Duration::from_millis(1);

fn group() -> SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn add_station(sim: &mut Sim, host: Host) -> (NodeId, Log) {
    let (station, log) = Station::new();
    (sim.add(host, station), log)
}

fn texts(log: &Log) -> Vec<String> {
    let datagrams = log.datagrams().into_iter();
    datagrams.map(|(_, _, bytes)| String::from_utf8(bytes).unwrap()).collect()
}

/// Answers each datagram that it hears with its length, to a third party.
fn tattling(victim: SocketAddr) -> Forger {
    Forger::new(move |cue, wire| {
        if let Cue::Heard(packet) = cue {
            let text = format!("{} bytes from {}", packet.bytes.len(), packet.from);
            wire.send(Packet::new(packet.to, victim, text.as_bytes()));
        }
    })
}

#[test]
fn a_forger_hears_the_group_and_unicasts_only_where_he_is_to() {
    let heard_by = |hears_unicasts| {
        let mut sim = Sim::new(1);
        let (victim, log) = add_station(&mut sim, Host::new(group(), false));
        let peer = Destination::peer(Path::new(address("10.9.9.9:1")));
        let station = Station::new().0.saying(Instant::from_millis(1), Destination::GROUP, b"12");
        let station = station.saying(Instant::from_millis(2), peer, b"123");
        sim.add(Host::new(group(), false).at(address("10.1.1.1:7")), station);
        let forger = tattling(sim.address(victim));
        sim.add_forger(if hears_unicasts { forger.hears_unicasts() } else { forger });
        sim.run_for(10 * MS);
        (texts(&log), log.datagrams())
    };
    let (texts, datagrams) = heard_by(false);
    assert_eq!(texts, ["2 bytes from 10.1.1.1:7"]);
    // He speaks in anybody's name: here in the group's.
    assert_eq!(datagrams[0].1.from.remote, group());
    assert_eq!(heard_by(true).0, ["2 bytes from 10.1.1.1:7", "3 bytes from 10.1.1.1:7"]);
}

#[test]
fn a_forger_has_a_turn_at_his_rate_in_his_time_and_waits_in_queues_like_everybody() {
    let mut sim = Sim::new(2);
    let host =
        Host::new(group(), true).socket(Socket { buffer: 10, drain: 1, ..Socket::default() });
    let (victim, log) = add_station(&mut sim, host);
    let lossy = Host::new(group(), true).link(Link::default().loss(0.5));
    let (_, of_lossy) = add_station(&mut sim, lossy);
    let mut number = 0;
    let flood = Forger::new(move |cue, wire| {
        assert_eq!(cue, Cue::Turn);
        number += 1;
        let text = format!("{number} at {:?}", wire.now());
        wire.send(Packet::new(address("10.9.9.9:9"), group(), text.as_bytes()).off_link());
    });
    let (start, end) = (Instant::from_millis(1000), Instant::from_millis(2000));
    sim.add_forger(flood.every(2 * MS).between(start, end));
    sim.run_for(Duration::from_secs(30));
    // One a second is read, ten are kept, and the others are dropped.
    assert_eq!(sim.traffic().overflows, 501 - 11);
    assert_eq!(log.datagrams().len(), 11);
    assert!(!log.datagrams()[0].1.on_link);
    assert_eq!(texts(&log)[..2], ["1 at @1s", "2 at @1.002s"]);
    assert_eq!(log.observations()[1], Observation::Dropped { datagrams: 490 });
    assert!((200..300).contains(&of_lossy.datagrams().len()));
    assert!(!sim.is_done(victim));
}

#[test]
fn a_forger_on_another_wire_neither_hears_nor_is_heard() {
    let mut sim = Sim::new(3);
    let (here, log) = add_station(&mut sim, Host::new(group(), true));
    let station = Station::new().0.saying(Instant::from_millis(1), Destination::GROUP, b"hello");
    sim.add(Host::new(group(), false), station);
    let (there, of_there) = add_station(&mut sim, Host::new(group(), true));
    sim.move_to_island(there, 1);
    sim.add_forger(tattling(sim.address(there)).on_island(1));
    let (from, here) = (address("10.9.9.9:9"), sim.address(here));
    let flood = Forger::new(move |cue, wire| {
        if cue == Cue::Turn {
            wire.send(Packet::new(from, group(), b"to all"));
            wire.send(Packet::new(from, here, b"to one"));
        }
    });
    sim.add_forger(flood.every(MS).between(Instant::ZERO, Instant::from_millis(1)).on_island(1));
    sim.run_for(10 * MS);
    assert_eq!(texts(&log), ["hello"]);
    assert_eq!(texts(&of_there), ["to all", "to all"]);
}

#[test]
fn what_a_tape_has_of_one_run_is_sent_again_in_another() {
    let mut earlier = Sim::new(4);
    let tape = earlier.tape();
    let station = Station::new().0.saying(Instant::from_millis(1), Destination::GROUP, b"one");
    let station = station.saying(Instant::from_millis(2), Destination::GROUP, b"two");
    let station = station.saying(Instant::from_millis(3), Destination::GROUP, b"other");
    earlier.add(Host::new(group(), false).at(address("10.1.1.1:7")), station);
    earlier.run_for(10 * MS);
    assert_eq!(tape.heard().len(), 3);
    assert_eq!(tape.heard()[0].at, Instant::from_micros(1100));

    let mut sim = Sim::new(5);
    let (_, log) = add_station(&mut sim, Host::new(group(), true));
    let kept = tape.packets(|packet| packet.bytes.len() == 3);
    sim.add_forger(
        Forger::replaying(kept).every(MS).between(Instant::ZERO, Instant::from_millis(2)),
    );
    sim.run_for(10 * MS);
    assert_eq!(texts(&log), ["one", "two", "one"]);
    assert_eq!(log.datagrams()[0].1.from.remote, address("10.1.1.1:7"));
}

#[test]
fn many_askers_at_one_address_start_in_their_time_and_have_their_own_answers() {
    let mut sim = Sim::new(6);
    let (answerer, heard) = add_station(&mut sim, Host::new(group(), true));
    let ip = sim.free_ip(group().ip());
    let mut logs = Vec::new();
    for number in 0..150u16 {
        let start = Instant::from_millis(number.into());
        let (station, log) = Station::new();
        let at = SocketAddr::new(ip, 40_000 + number);
        let station = station.saying(Instant::ZERO, Destination::GROUP, b"anybody?");
        sim.add_at(start, Host::new(group(), false).at(at), station);
        logs.push(log);
    }
    let answers = Forger::new(move |cue, wire| {
        if let Cue::Heard(packet) = cue {
            let text = format!("you are {}", packet.from.port());
            wire.send(Packet::new(address("10.9.9.9:9"), packet.from, text.as_bytes()));
        }
    });
    sim.add_forger(answers);
    sim.run_for(Duration::from_secs(1));
    assert_eq!(heard.datagrams().len(), 150);
    assert_eq!(heard.datagrams()[149].0, Instant::from_micros(149_200));
    for (number, log) in logs.iter().enumerate() {
        assert_eq!(texts(log), [format!("you are {}", 40_000 + number)]);
    }
    assert_ne!(sim.address(answerer).ip(), ip);
}

#[test]
fn a_thousand_share_a_groups_port_at_one_address() {
    let mut sim = Sim::new(7).without_trace();
    let at = SocketAddr::new(sim.free_ip(group().ip()), group().port());
    let logs: Vec<Log> =
        (0..1000).map(|_| add_station(&mut sim, Host::new(group(), true).at(at)).1).collect();
    let peer = Destination::peer(Path::new(at));
    let station = Station::new().0.saying(Instant::from_millis(1), Destination::GROUP, b"all");
    sim.add(Host::new(group(), false), station.saying(Instant::from_millis(2), peer, b"one"));
    sim.run_for(10 * MS);
    let (last, others) = logs.split_last().unwrap();
    assert!(others.iter().all(|log| texts(log) == ["all"]));
    assert_eq!(texts(last), ["all", "one"]);
}

#[test]
#[should_panic(expected = "is taken")]
fn nobody_else_shares_an_address_with_a_port() {
    let mut sim = Sim::new(7).without_trace();
    let at = SocketAddr::new(sim.free_ip(group().ip()), 40_000);
    add_station(&mut sim, Host::new(group(), false).at(at));
    add_station(&mut sim, Host::new(group(), false).at(at));
}

#[test]
fn an_account_has_what_each_sent_to_whom_and_read_from_whom() {
    let mut sim = Sim::new(8).with_account();
    let victim = address("10.9.9.9:9");
    let to_victim = Destination::peer(Path::new(victim));
    let station = Station::new().0.saying(Instant::from_millis(5), to_victim, &[0; 300]);
    let station = station.saying(Instant::from_millis(6), to_victim, &[0; 300]);
    let station = station.saying(Instant::from_millis(7), Destination::GROUP, &[0; 50]);
    let node = sim.add(Host::new(group(), true), station);
    let (other, _) = add_station(&mut sim, Host::new(group(), true));
    let asks = Forger::new(move |cue, wire| {
        if cue == Cue::Turn {
            wire.send(Packet::new(victim, group(), &[0; 100]));
        }
    });
    sim.add_forger(asks.every(MS).between(Instant::from_millis(1), Instant::from_millis(3)));
    sim.run_for(10 * MS);
    let flow = sim.account().flow(node, victim);
    assert_eq!((flow.bytes_in, flow.bytes_out), (300, 600));
    assert_eq!((flow.datagrams_in, flow.datagrams_out), (3, 2));
    assert_eq!(flow.amplification(), 2.0);
    // It hears itself too, as the other does.
    let all = sim.account().flow_where(node, |_| true);
    assert_eq!((all.bytes_in, all.bytes_out), (350, 650));
    assert_eq!(sim.account().flow(other, sim.address(node)).bytes_in, 50);
    assert_eq!(sim.account().flow_of_all(victim.ip()).bytes_in, 600);
    assert_eq!(sim.account().flows().count(), 5);
    assert_eq!(sim.account().flow(other, group()).amplification(), 0.0);
}

fn add_responder(sim: &mut Sim, host: Host, offer: &Offer) -> (NodeId, u64) {
    let responding = Responding { announce: false, ..Responding::of(offer.clone()) };
    let machine = service::Responder::new(responding, sim.draw());
    let id = machine.id();
    (sim.add(host, machine), id)
}

/// Three responders, one asker that tells them all; and its truth.
fn three_found(
    machine: impl FnOnce(service::Discoverer) -> Box<dyn Machine>,
) -> (Sim, NodeId, Truth) {
    let mut sim = Sim::new(9);
    let offer = offer_with("printer", 50);
    let mut truth = Truth::new();
    for _ in 0..3 {
        let (node, id) = add_responder(&mut sim, Host::new(group(), true), &offer);
        truth.add(id, &offer, sim.addresses(node));
    }
    let discoverer = service::Discoverer::new(Discovery::of("printer").unwrap(), sim.draw());
    let asker = sim.add(Host::new(group(), false), machine(discoverer));
    assert!(sim.run_until_done(asker, Instant::from_millis(10_000)));
    (sim, asker, truth)
}

#[test]
fn what_is_true_counted_and_whole_is_no_lie() {
    let (sim, asker, truth) = three_found(|machine| Box::new(machine));
    let verdict = truth.judge(&sim, asker);
    assert!(verdict.assert_honest().is_whole() && verdict.is_complete());
    assert_eq!((verdict.told, truth.ids().len()), (3, 3));
}

#[test]
fn who_is_missing_in_a_complete_result_makes_it_a_lie() {
    let (sim, asker, mut truth) = three_found(|machine| Box::new(machine));
    truth.add(7, &offer_with("printer", 50), None);
    let verdict = truth.judge(&sim, asker);
    assert_eq!(verdict.missing, [7]);
    assert_eq!(verdict.lie(), Some("it said that it was complete and was not"));
    // Not if it came or went meanwhile.
    truth.add_passing(7);
    assert_eq!(truth.judge(&sim, asker).lie(), None);
}

#[test]
fn what_is_not_told_of_somebody_makes_it_a_lie() {
    let (sim, asker, truth) = three_found(|machine| Box::new(machine));
    let id = *truth.ids().first().unwrap();
    let mut longer = truth.clone();
    longer.add(id, &offer_with("printer", 51), None);
    assert_eq!(longer.judge(&sim, asker).partial, [id]);
    assert!(longer.judge(&sim, asker).lie().is_some());
    let mut elsewhere = truth.clone();
    let unheard = address("10.7.7.7:50009");
    elsewhere.add(id, &offer_with("printer", 50), [unheard]);
    assert_eq!(elsewhere.judge(&sim, asker).unheard, [(id, unheard)]);
    assert!(elsewhere.judge(&sim, asker).lie().is_some());
}

#[test]
fn who_was_never_there_is_invented() {
    let (sim, asker, truth) = three_found(|machine| Box::new(machine));
    let nobody = Truth::new().judge(&sim, asker);
    let ids: Vec<u64> = truth.ids().into_iter().collect();
    assert_eq!(nobody.invented, ids);
    let mut passing = Truth::new();
    passing.add_passing(ids[0]);
    assert_eq!(passing.judge(&sim, asker).invented, ids[1..]);
}

/// Swallows what it finds first.
struct Forgetful(service::Discoverer, bool);

impl Machine for Forgetful {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        let action = self.0.handle_datagram(now, arrival, datagram);
        let finds = matches!(action, Some(Action::Emit(Event::Found(_))));
        if finds && !std::mem::replace(&mut self.1, true) { None } else { action }
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        self.0.handle_timeout(now)
    }

    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    fn close(&mut self, now: Instant) {
        self.0.close(now);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.0.handle_observation(now, observation);
    }
}

#[test]
fn who_is_counted_and_not_told_makes_it_a_lie() {
    let (sim, asker, truth) = three_found(|machine| Box::new(Forgetful(machine, false)));
    let verdict = truth.judge(&sim, asker);
    assert_eq!((verdict.told, verdict.missing.len()), (2, 1));
    assert_eq!(verdict.lie(), Some("what was told is not what was counted"));
}

/// Fails on purpose where the environment says so, for the test below.
#[test]
fn a_run_that_fails() {
    if std::env::var_os("MCAST_SIM_TEST_FAILS").is_some() {
        let mut sim = Sim::new(77);
        add_station(&mut sim, Host::new(group(), true).card(Card::new(group(), true)));
        sim.inject_to_group(group(), address("10.9.9.9:9"), b"the last straw");
        sim.run_for(MS);
        panic!("seed {}", sim.draw());
    }
}

#[test]
fn a_failing_run_prints_the_command_that_replays_it() {
    let failing = |seed: Option<&str>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "adversaries::a_run_that_fails", "--nocapture"]);
        command.env("MCAST_SIM_TEST_FAILS", "1").env_remove("MCAST_SIM_SEED");
        command.envs(seed.map(|seed| ("MCAST_SIM_SEED", seed)));
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let stderr = failing(None);
    let replay = "replay it with: MCAST_SIM_SEED=77 cargo test -p mcast-tests \
                  --test sim -- --exact adversaries::a_run_that_fails\n";
    assert!(stderr.contains(replay), "{stderr}");
    assert!(stderr.contains("hears 10.9.9.9:9 \"the last straw\""), "{stderr}");
    let of = |stderr: &str| stderr.lines().find(|line| line.starts_with("seed")).map(str::to_owned);
    assert!(of(&stderr).is_some());
    assert_eq!(of(&failing(Some("77"))), of(&stderr));
    assert_ne!(of(&failing(Some("78"))), of(&stderr));
}

#[test]
fn what_is_injected_is_cast_as_it_says() {
    let mut sim = Sim::new(10);
    let (node, log) = add_station(&mut sim, Host::new(group(), true));
    for cast in [Cast::Unicast, Cast::Group(group())] {
        sim.inject(node, address("10.9.9.9:9"), cast, b"noise");
        sim.run_for(MS);
        assert_eq!(log.datagrams().last().unwrap().1.cast, cast);
    }
}
