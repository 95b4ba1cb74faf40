//! Where a machine stands in the network: its host, with one network card or several.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;

use mcast_proto::{Instant, Machine};

use super::clock::Clock;
use super::evidence::Condition;
use super::fading::Fading;
use super::link::Link;
use super::packet::Packet;
use super::socket::{Socket, SocketQueue};

/// A node, by the order in which it was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A network card, with one address and one group: over IPv4 and IPv6, or with two groups, it is two
/// of the same interface.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The number by which its host knows it.
    pub interface: u32,
    /// Its address; `None`: the next free one, in 10.0.0.0/8 or fe80::/64, with `port`.
    pub address: Option<SocketAddr>,
    /// The address that others know it by, where a translator stands before it, of which it does not
    /// know itself.
    pub outside: Option<SocketAddr>,
    /// Its port where `address` is left to the simulator.
    pub port: u16,
    /// The group that its host sends to by it.
    pub group: SocketAddr,
    /// Whether its host hears the group by it too.
    pub joined: bool,
    /// Whether others take its address to be on their link.
    pub on_link: bool,
    /// The wire that it is on: cards hear each other only where this is the same.
    pub island: u32,
    /// The way to the switch and back.
    pub link: Link,
    /// Queues between the switch and the machine; `None`: it takes everything at once.
    pub socket: Option<Socket>,
}

impl Card {
    /// A perfect card that sends to this group, and hears it where `joined`.
    pub fn new(group: SocketAddr, joined: bool) -> Card {
        Card {
            interface: 1,
            address: None,
            outside: None,
            port: if joined { group.port() } else { 40_000 },
            group,
            joined,
            on_link: true,
            island: 0,
            link: Link::default(),
            socket: None,
        }
    }
}

/// A machine's place: one card or several.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// Its cards. What goes to the group leaves by each; what goes to a peer leaves by that on which
    /// the peer was heard.
    pub cards: Vec<Card>,
    /// What its machine goes by.
    pub clock: Clock,
}

impl Host {
    /// A perfect host with one card that sends to this group, and hears it where `joined`.
    pub fn new(group: SocketAddr, joined: bool) -> Host {
        Host { cards: vec![Card::new(group, joined)], clock: Clock::default() }
    }

    /// The same with a further card.
    #[must_use]
    pub fn card(mut self, card: Card) -> Host {
        self.cards.push(card);
        self
    }

    /// The same with this address on its first card. Cards that hear a group can share one, as sockets
    /// do that say so: what is sent to it by unicast comes to the last added.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Host {
        self.cards[0].address = Some(address);
        self
    }

    /// The same with this port on each card that has its address from the simulator.
    #[must_use]
    pub fn port(self, port: u16) -> Host {
        self.each(|card| card.port = port)
    }

    /// The same with this link on each card.
    #[must_use]
    pub fn link(self, link: Link) -> Host {
        self.each(|card| card.link = link)
    }

    /// The same with this socket on each card.
    #[must_use]
    pub fn socket(self, socket: Socket) -> Host {
        self.each(|card| card.socket = Some(socket))
    }

    /// The same with this clock.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Host {
        Host { clock, ..self }
    }

    fn each(mut self, change: impl Fn(&mut Card)) -> Host {
        self.cards.iter_mut().for_each(change);
        self
    }
}

/// A card, by the order in which they were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CardId(pub(super) u32);

/// A [`Card`] in use.
pub(super) struct Attached {
    pub(super) node: NodeId,
    pub(super) island: u32,
    pub(super) link: u32,
    /// Of its link, outwards and inwards.
    pub(super) fading_out: Fading,
    pub(super) fading_in: Fading,
    pub(super) joined: bool,
    pub(super) on_link: bool,
    pub(super) drops_unicasts: bool,
    pub(super) condition: Condition,
    /// Whether a datagram has left by it.
    pub(super) is_used: bool,
    /// Datagrams to the group that did not leave by it since the last audit.
    pub(super) unsent: u64,
    /// Whether it is another than at the last audit.
    pub(super) has_changed: bool,
    pub(super) interface: u32,
    pub(super) socket: Option<Box<SocketQueue>>,
    pub(super) address: SocketAddr,
    pub(super) outside: Option<SocketAddr>,
    pub(super) group: SocketAddr,
}

impl Attached {
    /// The address that others know it by.
    pub(super) fn known_as(&self) -> SocketAddr {
        self.outside.unwrap_or(self.address)
    }
}

/// A machine and what its driver knows.
pub(super) struct Node {
    pub(super) machine: Box<dyn Machine>,
    pub(super) clock: Clock,
    pub(super) first_card: u32,
    pub(super) cards: u32,
    pub(super) paused_until: Instant,
    /// What came while it was paused.
    pub(super) backlog: Vec<(CardId, Rc<Packet>)>,
    /// The earliest wake-up in the queue for it.
    pub(super) wake: Instant,
}

impl Node {
    /// When its machine wants to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.machine.deadline().map(|due| self.clock.moment(due))
    }

    pub(super) fn cards(&self) -> Range<usize> {
        self.first_card as usize..(self.first_card + self.cards) as usize
    }
}

/// Hands out addresses that nobody has yet.
#[derive(Default)]
pub(super) struct Addresses {
    given: u32,
}

impl Addresses {
    pub(super) fn next_like(&mut self, family: IpAddr) -> IpAddr {
        self.given += 1;
        match family {
            IpAddr::V4(_) => std::net::Ipv4Addr::from((10 << 24) + self.given).into(),
            IpAddr::V6(_) => {
                std::net::Ipv6Addr::from((0xfe80 << 112) + u128::from(self.given)).into()
            }
        }
    }
}
