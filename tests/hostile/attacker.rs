//! The attacker's process: this test binary, started again in a host of its own, where it does what its
//! order says and says how much that was. Every order is bounded in count and time.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mcast_net::{clock::Clock, seed};
use mcast_proto::wire::{self, Datagram};
use mcast_proto::{Instant, plain, service};
use mcast_tests::netns::{Host, Process};
use serde::{Deserialize, Serialize};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

use crate::forge::{Forgery, mixed};
use crate::sender::{BATCH, Sender};

/// What the process is told that is to be an attacker: its [`Order`], as JSON.
const ORDER: &str = "MCAST_TESTS_ATTACK";

/// Who answers questions ends when there were none for so long: those who asked have their results.
const UNASKED: Duration = Duration::from_secs(15);

/// What an attacker does, by the card `eth0`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) forgery: Forgery,
    pub(crate) from: Sources,
    pub(crate) to: SocketAddr,
    /// The time to live of what it sends.
    pub(crate) ttl: u8,
    pub(crate) when: When,
}

/// Whom the datagrams claim to come from: so many addresses in a row, in turn. A port of 0 is another
/// each time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Sources {
    pub(crate) first: IpAddr,
    pub(crate) count: u32,
    pub(crate) port: u16,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum When {
    /// So many a second, and so many in all; fewer where the machine is too slow for the rate.
    Rate { each_second: u32, count: u64 },
    /// So many in answer to each question that is heard in a group, for so many seconds.
    Asked { times: u32, seconds: u32, back: Back },
}

/// Which way what answers a question goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Back {
    /// To who asked.
    ToAsker,
    /// To the group.
    ToGroup,
    /// To the group, as if the asker had sent it.
    AsAsker,
}

/// What an attacker has sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) count: u64,
    pub(crate) seconds: f64,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sent { count, seconds } = *self;
        write!(f, "{count} in {seconds:.1} s, {:.0}/s", count as f64 / seconds)
    }
}

/// A running attacker.
pub(crate) struct Attacker(Process);

impl Attacker {
    /// Starts one, which is at work when this returns.
    pub(crate) fn start(host: &Host<'_>, order: &Order) -> Attacker {
        let mut command = host.command(std::env::current_exe().expect("our own path"));
        command.args(["--exact", "attacker::attacker", "--nocapture"]);
        command.env(ORDER, serde_json::to_string(order).expect("an order"));
        let process = Process::start(command);
        process.line_with("ready");
        Attacker(process)
    }

    /// Waits until it has sent all that it was told to.
    #[track_caller]
    pub(crate) fn finish(self) -> Sent {
        let line = self.0.line_with("sent ");
        let mut words = line.split(' ').skip(1);
        let count = words.next().and_then(|count| count.parse().ok());
        let seconds = words.next().and_then(|seconds| seconds.parse().ok());
        let finished = self.0.wait();
        assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
        let sent = count.zip(seconds).map(|(count, seconds)| Sent { count, seconds });
        sent.unwrap_or_else(|| panic!("{line}"))
    }
}

/// No test, but the attacker where one is started.
#[test]
fn attacker() {
    if let Ok(order) = std::env::var(ORDER) {
        let order: Order = serde_json::from_str(&order).expect("an order");
        let (sent, time) = order.carry_out().unwrap();
        println!("sent {sent} {:.3}", time.as_secs_f64());
    }
}

impl Order {
    fn carry_out(&self) -> Result<(u64, Duration), Box<dyn Error>> {
        let scope = card_number("eth0").ok_or("there is no eth0")?;
        let mut sender = Sender::new("eth0", scope, self.to, self.ttl)?;
        let clock = Clock::new();
        let sent = match self.when {
            When::Rate { each_second, count } => {
                println!("\nready");
                self.send_at_a_rate(&mut sender, each_second, count, &clock)?
            }
            When::Asked { times, seconds, back } => {
                let time = Duration::from_secs(seconds.into());
                self.answer(&mut sender, (times, back), time, &clock)?
            }
        };
        Ok((sent, clock.now() - Instant::ZERO))
    }

    fn send_at_a_rate(
        &self,
        sender: &mut Sender,
        each_second: u32,
        count: u64,
        clock: &Clock,
    ) -> Result<u64, Box<dyn Error>> {
        let seed = seed();
        let mut bytes = Vec::new();
        let mut sent = 0;
        // Not for ever on a machine that does not reach the rate.
        let end = Duration::from_secs(count / u64::from(each_second) * 3 / 2 + 1);
        while sent < count && clock.now() - Instant::ZERO < end {
            let elapsed = (clock.now() - Instant::ZERO).as_secs_f64();
            let due = ((elapsed * f64::from(each_second)) as u64 + 1).min(count);
            // Who is behind sends at once what it owes, a batch at a time.
            while sent < due {
                self.forgery.write(sent, mixed(seed ^ sent), None, &mut bytes);
                let way = self.forgery.way(sent).unwrap_or((self.from.get(sent), self.to));
                sender.send(way.0, way.1, &bytes)?;
                sent += 1;
                if sent.is_multiple_of(BATCH as u64 * 64) {
                    break;
                }
            }
            sender.flush()?;
            if sent >= due {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(sent)
    }

    /// Answers what is heard in the group that `to` is.
    fn answer(
        &self,
        sender: &mut Sender,
        (times, back): (u32, Back),
        time: Duration,
        clock: &Clock,
    ) -> Result<u64, Box<dyn Error>> {
        let IpAddr::V4(address) = self.to.ip() else { return Err("a group of IPv4".into()) };
        let group = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        group.set_reuse_address(true)?;
        group.set_read_timeout(Some(Duration::from_millis(50)))?;
        group.bind(&self.to.into())?;
        let card = card_number("eth0").ok_or("there is no eth0")?;
        group.join_multicast_v4_n(&address, &InterfaceIndexOrAddress::Index(card))?;
        let group: std::net::UdpSocket = group.into();
        println!("\nready");
        let seed = seed();
        let (mut heard, mut bytes) = ([0; wire::MAX_DATAGRAM + 1], Vec::new());
        let (mut sent, mut last) = (0, clock.now());
        while clock.now() - Instant::ZERO < time && clock.now() - last < UNASKED {
            let Ok((length, asker)) = group.recv_from(&mut heard) else { continue };
            last = clock.now();
            let heard = &heard[..length];
            let query = match wire::decode(heard) {
                Ok(Datagram::Query(query)) => Some(query),
                // In the group of the plain protocol every datagram is a question.
                _ if self.to.port() == plain::PORT => None,
                _ => continue,
            };
            for _ in 0..times {
                self.forgery.write(sent, mixed(seed ^ sent), query.as_ref(), &mut bytes);
                let (from, to) = match back {
                    Back::ToAsker => (self.from.get(sent), asker),
                    Back::ToGroup => (self.from.get(sent), self.to),
                    Back::AsAsker => (asker, self.to),
                };
                sender.send(from, to, &bytes)?;
                sent += 1;
            }
            sender.flush()?;
        }
        Ok(sent)
    }
}

impl Sources {
    /// This address alone, and the port of the services.
    pub(crate) fn one(ip: [u8; 4]) -> Sources {
        Sources { first: ip.into(), count: 1, port: service::PORT }
    }

    fn get(&self, number: u64) -> SocketAddr {
        let step = number % u64::from(self.count);
        let ip = match self.first {
            IpAddr::V4(first) => {
                Ipv4Addr::from_bits(first.to_bits().wrapping_add(step as u32)).into()
            }
            IpAddr::V6(first) => {
                Ipv6Addr::from_bits(first.to_bits().wrapping_add(step.into())).into()
            }
        };
        let port = match self.port {
            0 => 1024 + (mixed(number) % 60_000) as u16,
            port => port,
        };
        SocketAddr::new(ip, port)
    }
}

/// The number of a card of this host.
fn card_number(name: &str) -> Option<u32> {
    let interfaces = mcast_net::interfaces().ok()?;
    interfaces.iter().find(|interface| interface.name == name).map(|interface| interface.index)
}
