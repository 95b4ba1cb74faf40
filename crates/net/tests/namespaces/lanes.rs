//! Several lanes on one endpoint.

use std::time::Duration;

use mcast_net::{Driver, Settings};
use mcast_proto::{
    Action, Arrival, Destination, Event, Instant, Lane, LaneId, Machine, Message, Networked, Path,
    Protocol, Role, Summary,
};
use mcast_tests::netns::World;

use crate::inside;

const GROUPS: [&str; 2] = ["224.0.0.251:5353", "239.255.255.250:1900"];

/// Says the number of each of its lanes there, and answers the first whom it hears by the second.
struct Polyglot {
    said: u8,
    heard: Vec<(LaneId, String)>,
    to_answer: Option<Path>,
    end: Option<Instant>,
}

impl Machine for Polyglot {
    fn handle_datagram<'d>(
        &mut self,
        _: Instant,
        arrival: Arrival,
        bytes: &'d [u8],
    ) -> Option<Action<'d>> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if text == "1" {
            self.to_answer = Some(arrival.from);
        }
        self.heard.push((arrival.lane, text));
        let event = Event::Message {
            protocol: Protocol::PLAIN,
            from: arrival.from,
            group: None,
            payload: bytes,
        };
        Some(Action::Emit(event))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        const WORDS: [&[u8]; 3] = [b"0", b"1", b"2"];
        if let Some(path) = self.to_answer.take() {
            let to = Destination::Peer(LaneId(1), path);
            return Some(Action::Send { to, message: Message::Plain(b"answer") });
        }
        let end = *self.end.get_or_insert(now + Duration::from_secs(2));
        if let Some(word) = WORDS.get(usize::from(self.said)) {
            let to = Destination::Group(LaneId(self.said));
            self.said += 1;
            return Some(Action::Send { to, message: Message::Plain(word) });
        }
        (now >= end || self.heard.len() == 3).then(|| Action::Done(Summary::default()))
    }

    fn deadline(&self) -> Option<Instant> {
        let has_more = self.said < 3 || self.to_answer.is_some() || self.heard.len() == 3;
        if has_more { Some(Instant::AT_ONCE) } else { self.end }
    }

    fn close(&mut self, _: Instant) {}
}

impl Networked for Polyglot {
    fn lanes(&self) -> Vec<Lane> {
        let on = |place: usize| vec![GROUPS[place].parse().unwrap()];
        vec![
            Lane { ttl: Some(255), ..Lane::new(Role::Peer, on(0)) },
            Lane { ttl: Some(2), source_port: Some(40_001), ..Lane::new(Role::Peer, on(1)) },
            Lane { broadcast: Some(9999), ..Lane::new(Role::Asker, Vec::new()) },
        ]
    }
}

#[test]
#[ignore = "the second half of another test"]
fn speak_on_three_lanes() {
    let machine = Polyglot { said: 0, heard: Vec::new(), to_answer: None, end: None };
    let mut driver = Driver::open(machine, &Settings::default()).unwrap();
    driver.run(|_| {}).unwrap();
    let mut heard = driver.machine().heard.clone();
    heard.sort();
    println!("\n> {heard:?}");
}

#[test]
fn each_lane_has_its_groups_its_ttl_and_its_port_and_hears_what_is_its_own() {
    let Some(world) = World::new() else { return };
    let host = world.host();
    host.card("eth0", &world.segment(), &["10.0.0.1/24", "10.9.0.1/30", "10.8.0.1/31"]);
    let capture = host.capture("eth0");
    let ran = inside(&host, "lanes::speak_on_three_lanes").wait();
    // What is said to the groups comes back, by the lane that it was said on; the answer too.
    let heard = r#"[(LaneId(0), "0"), (LaneId(1), "1"), (LaneId(1), "answer")]"#;
    assert!(ran.stdout.contains(heard), "{ran:?}");
    for (word, to, ttl, port) in [
        (b"0", GROUPS[0], 255, None),
        (b"1", GROUPS[1], 2, Some(40_001)),
        (b"2", "10.0.0.255:9999", 255, None),
        (b"2", "10.9.0.3:9999", 255, None),
    ] {
        let packet = capture
            .packet(|packet| packet.payload == word && packet.destination == to.parse().unwrap());
        assert_eq!(packet.ttl, ttl, "{to}");
        assert!(port.is_none_or(|port| packet.source.port() == port), "{to}");
    }
}
