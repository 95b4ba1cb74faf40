//! One asker among so many responders: the run that the simulator's table and several tests consist of.

use std::time::Duration;

use mcast_proto::service::{self, Discovery, Responding, Stores};
use mcast_proto::{Instant, Rate, Summary};

use crate::sim::{
    Air, Card, Clock, Host, Link, NodeId, Sim, Socket, Traffic, Truth, Verdict, What, offer_with,
};

/// The service that the responders offer.
pub const SERVICE: &str = "simulated";

/// A network with responders that come to rest, and then a discovery.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// How many responders there are.
    pub responders: u32,
    /// The link of each.
    pub link: Link,
    /// How many of them have another link, and which.
    pub worse: (u32, Link),
    /// Bytes of attributes that each says of itself.
    pub attribute_bytes: usize,
    /// Addresses that each has.
    pub addresses: u32,
    /// By up to how many millionths their clocks go faster or slower.
    pub drift: u32,
    /// The queues before each; `None`: none.
    pub socket: Option<Socket>,
    /// The asker's link.
    pub asker_link: Link,
    /// The queues before the asker.
    pub asker_socket: Socket,
    /// What everything goes over, where it is not wire.
    pub air: Option<Air>,
    /// What the asker asks.
    pub discovery: Discovery,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// When each was found, from the asker's start, in order.
    pub found: Vec<Duration>,
    /// What the asker said at its end.
    pub done: Summary,
    /// What it told, beside the truth.
    pub verdict: Verdict,
    /// What all nodes sent.
    pub traffic: Traffic,
    /// Datagrams at the asker's switch port in the busiest millisecond.
    pub peak: u64,
}

impl Scenario {
    /// So many responders with short answers, on a wire that loses this share each way.
    pub fn new(responders: u32, loss: f64) -> Scenario {
        let link = Link { processing: Duration::from_micros(300), ..Link::default().loss(loss) };
        Scenario {
            responders,
            link,
            worse: (0, link),
            attribute_bytes: 0,
            addresses: 1,
            drift: 0,
            socket: None,
            asker_link: Link { delay: Duration::ZERO, ..Link::default() },
            asker_socket: Socket::default(),
            air: None,
            discovery: Discovery {
                deadline: Some(Duration::from_secs(60)),
                ..Discovery::of(SERVICE).expect("a valid name")
            },
        }
    }

    /// Runs it to the asker's end.
    ///
    /// # Panics
    /// If it has none within 100 seconds.
    pub fn run(&self, seed: u64) -> Outcome {
        let mut sim = Sim::new(seed).without_trace();
        if let Some(air) = self.air {
            sim = sim.over_air(air);
        }
        let truth = self.add_responders(&mut sim);
        // The responders come to rest before the asker starts.
        let start = Instant::from_millis(1000);
        sim.run_until(start);
        // It hears who is busy, as an asker on real sockets does.
        let host = Host::new(group(), true).link(self.asker_link).socket(self.asker_socket);
        let machine = service::Discoverer::new(self.discovery.clone(), sim.draw());
        let asker = sim.add(host, machine);
        assert!(sim.run_until_done(asker, start + Duration::from_secs(100)), "it never ended");
        outcome(&sim, &truth, asker, start)
    }

    fn add_responders(&self, sim: &mut Sim) -> Truth {
        let mut truth = Truth::new();
        let offer = offer_with(SERVICE, self.attribute_bytes);
        let responding = Responding {
            announce: false,
            // The asker's own limits are what is measured here.
            rate: Some(Rate::default()),
            stores: Stores { pending: 6, recent: 2, sources: 1 },
            ..Responding::of(offer.clone())
        };
        let (worse, worse_link) = self.worse;
        for number in 0..self.responders {
            let link = if number < worse { worse_link } else { self.link };
            let machine = service::Responder::new(responding.clone(), sim.draw());
            let id = machine.id();
            let node = sim.add(self.host(number, link), machine);
            truth.add(id, &offer, sim.addresses(node));
        }
        truth
    }

    fn host(&self, number: u32, link: Link) -> Host {
        let card = |number| Card {
            interface: number,
            link,
            socket: self.socket,
            ..Card::new(group(), true)
        };
        let mut host =
            Host { cards: (1..=self.addresses).map(card).collect(), ..Host::new(group(), true) };
        if self.drift > 0 {
            let drift = (number % (2 * self.drift + 1)) as i32 - self.drift as i32;
            host = host.clock(Clock { ahead: Duration::from_secs(number.into()), drift });
        }
        host
    }
}

fn group() -> std::net::SocketAddr {
    (service::GROUP_V4, service::PORT).into()
}

fn outcome(sim: &Sim, truth: &Truth, asker: NodeId, start: Instant) -> Outcome {
    let mut found = Vec::new();
    let mut done = Summary::default();
    for record in sim.records_of(asker) {
        match record.what {
            What::ServiceFound { .. } => found.push(record.at - start),
            What::Done(summary) => done = summary,
            _ => {}
        }
    }
    let (traffic, peak) = (sim.traffic(), sim.busiest_millisecond(asker));
    Outcome { found, done, verdict: truth.judge(sim, asker), traffic, peak }
}

impl Outcome {
    /// Whether it said that it was complete and was not.
    pub fn is_false(&self) -> bool {
        self.verdict.is_complete() && !self.verdict.is_whole()
    }

    /// How many are told with all that they say, from each of their addresses.
    pub fn told_whole(&self, responders: u32) -> usize {
        let mut lacking: Vec<u64> = self.verdict.unheard.iter().map(|(id, _)| *id).collect();
        lacking.extend(self.verdict.partial.iter().chain(&self.verdict.missing));
        lacking.sort_unstable();
        lacking.dedup();
        responders as usize - lacking.len()
    }
}
