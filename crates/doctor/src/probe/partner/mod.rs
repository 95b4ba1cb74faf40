//! What comes through to another host on which `mcast respond` runs, and from it.
//!
//! Every question goes to a group, has a number of its own, and is small but where sizes are tried: a round is
//! four datagrams, and they are 0.4 s apart at first, later a second and then five.

mod asking;
mod ping;
mod reach;
mod tally;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use mcast_net::Batch;
use mcast_proto::Instant;

use self::asking::{Asking, To};
use self::ping::{Pings, SHORT};
use self::reach::{ClosedPort, locate, neighbour};
use self::tally::Topic;
use super::card::Card;
use super::conduct::Conduct;
use crate::facts::{Hops, Interface, Partner, Way};

/// Rounds at the start, and between two of them.
const ROUNDS: u32 = 3;
const ROUND: Duration = Duration::from_millis(400);
/// For how long the last answers are waited for: those to the group come every 200 ms.
const REST: Duration = Duration::from_millis(600);

/// Bytes of the questions by which sizes are tried; the longest that the interface takes is another.
const SIZES: [u32; 3] = [128, 512, 1200];
/// The longest question that is accepted (docs/protocol.md section 1).
const LONGEST: u32 = 1500;
/// How often each size is tried, and each TTL.
const TIMES: u32 = 2;
/// Between the tries.
const STEP: Duration = Duration::from_millis(100);
/// TTLs that are tried where questions with a TTL of 1 are not answered.
const TTLS: [u8; 5] = [2, 4, 8, 16, 32];

/// Rounds go on a second apart for so long, and then five.
const BRISK: Duration = Duration::from_secs(60);
const BRISKLY: Duration = Duration::from_secs(1);
const SLOWLY: Duration = Duration::from_secs(5);

/// Finds out what comes through to this host and from it: a name, or an address, of IPv6 with its zone where it is
/// link-local. It takes some five seconds, and then goes on until `how_long` has passed.
pub fn partner(
    host: &str,
    interfaces: &[Interface],
    how_long: Duration,
    conduct: &mut Conduct<'_>,
) -> Partner {
    conduct.tell(&format!("looking for {host}"));
    let start = conduct.now();
    let mut partner = Partner { name: host.to_owned(), ..Partner::default() };
    let Some((to, card)) = locate(host, interfaces) else { return partner };
    partner.address = Some(to.ip());
    let Some(card) = card else { return partner };
    partner.interface = Some(card.interface.name.clone());
    partner.on_link = card.is_on_link(to.ip()) || card.is_own(to.ip());
    let mut run = Run::open(&card, to, start);
    run.ways(host, conduct);
    run.sizes(conduct);
    let tried = run.ttls(conduct);
    run.go_on(start + how_long, conduct);
    run.end(partner, &card, tried, conduct.now())
}

struct Run {
    start: Instant,
    ip: IpAddr,
    mtu: u32,
    asking: Asking,
    pings: Pings,
    closed: ClosedPort,
    batch: Batch,
}

impl Run {
    fn open(card: &Card, to: SocketAddr, start: Instant) -> Run {
        Run {
            start,
            ip: to.ip(),
            mtu: card.mtu,
            asking: Asking::open(card, to.ip()),
            pings: Pings::open(to),
            closed: ClosedPort::open(to),
            batch: Batch::default(),
        }
    }

    /// Which ways come through.
    fn ways(&mut self, host: &str, conduct: &mut Conduct<'_>) {
        conduct.tell(&format!("asking {host} by each way"));
        for _ in 0..ROUNDS {
            self.round(conduct.now());
            self.pings.send(SHORT);
            self.closed.send();
            self.hear(conduct.now() + ROUND, conduct);
        }
        self.hear(conduct.now() + REST, conduct);
    }

    /// Which sizes do.
    fn sizes(&mut self, conduct: &mut Conduct<'_>) {
        conduct.tell("trying longer datagrams");
        let headers = if self.ip.is_ipv4() { 28 } else { 48 };
        let most = self.mtu.saturating_sub(headers).min(LONGEST);
        let mut sizes: Vec<u32> = SIZES.into_iter().filter(|size| *size <= most).collect();
        if sizes.last().is_some_and(|last| *last < most) {
            sizes.push(most);
        }
        for _ in 0..TIMES {
            for size in &sizes {
                // Who has not answered at all does not answer long questions: the echoes tell all the same.
                if let Some(to) = self.asking.responder() {
                    self.asking.ask(to, Topic::Size(*size), conduct.now());
                }
                self.pings.send(*size);
                self.hear(conduct.now() + STEP, conduct);
            }
        }
        self.hear(conduct.now() + REST, conduct);
    }

    /// With which TTL it is reached, where 1 is not enough; says which were tried.
    fn ttls(&mut self, conduct: &mut Conduct<'_>) -> Vec<u8> {
        let mut tried = vec![1];
        if self.asking.responder().is_some() {
            return tried;
        }
        conduct.tell("trying greater TTLs");
        for ttl in TTLS {
            tried.push(ttl);
            for to in [To::Service, To::Plain].repeat(TIMES as usize) {
                self.asking.ask(to, Topic::Ttl(ttl), conduct.now());
                self.hear(conduct.now() + STEP, conduct);
            }
            self.hear(conduct.now() + STEP, conduct);
            if self.asking.responder().is_some() || conduct.is_stopped() {
                break;
            }
        }
        tried
    }

    /// Goes on until then with what is worth it.
    fn go_on(&mut self, until: Instant, conduct: &mut Conduct<'_>) {
        while conduct.now() < until && !conduct.is_stopped() {
            let since = conduct.now() - self.start;
            conduct.tell(&format!("asking again and again: {} s", since.as_secs()));
            self.round(conduct.now());
            let pause = if since < BRISK { BRISKLY } else { SLOWLY };
            let next = (conduct.now() + pause).min(until + REST);
            self.hear(next, conduct);
        }
    }

    /// Asks once by each way.
    fn round(&mut self, now: Instant) {
        let to = self.asking.responder();
        if to != Some(To::Plain) {
            for way in [Way::GroupThenUnicast, Way::GroupThenGroup, Way::LinkThenUnicast] {
                self.asking.ask(To::Service, Topic::Way(way), now);
            }
        }
        if to != Some(To::Service) {
            self.asking.ask(To::Plain, Topic::Way(Way::GroupThenUnicast), now);
        }
    }

    fn at(&self, now: Instant) -> (Instant, u64) {
        (now, (now - self.start).as_millis() as u64)
    }

    fn hear(&mut self, until: Instant, conduct: &Conduct<'_>) {
        while conduct.now() < until && !conduct.is_stopped() {
            conduct.wait(self.sockets(), until);
            let now = self.at(conduct.now());
            self.asking.hear(&mut self.batch, now);
            self.pings.hear();
            self.closed.hear();
        }
    }

    fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        self.asking.sockets().chain(self.pings.socket()).chain(self.closed.socket())
    }

    fn end(self, partner: Partner, card: &Card, tried: Vec<u8>, now: Instant) -> Partner {
        let mut partner = partner;
        let responder = self.asking.responder();
        let (tally, word) = match responder {
            Some(To::Plain) => (&self.asking.plain_tally, Some("plain")),
            Some(To::Service) => (&self.asking.service, Some("service")),
            None => (&self.asking.service, None),
        };
        partner.responder = word.map(str::to_owned);
        partner.exchanges = tally.exchanges();
        partner.stopped = tally.stopped();
        let ways = [Way::GroupThenUnicast, Way::GroupThenGroup, Way::LinkThenUnicast];
        let is_reached_by = |ttl: &u8| match *ttl {
            1 => ways.into_iter().any(|way| tally.is_answered(Topic::Way(way))),
            ttl => tally.is_answered(Topic::Ttl(ttl)),
        };
        partner.hops = Some(Hops {
            answers: self.asking.ttl.map(|ttl| u8::MAX - ttl),
            least_ttl: tried.iter().copied().find(is_reached_by),
            tried,
        });
        partner.sizes = tally.sizes().collect();
        let (ping, sizes) = self.pings.end();
        partner.sizes.extend(sizes);
        partner.reach.ping = ping;
        partner.reach.refused_port = self.closed.end();
        partner.reach.neighbour = neighbour(card, self.ip);
        partner.tried_ms = (now - self.start).as_millis() as u64;
        partner
    }
}
