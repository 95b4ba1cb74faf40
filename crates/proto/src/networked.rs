//! What sockets a machine needs.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use crate::{Machine, plain, service};

/// A machine that says on what sockets it is to be driven, so that a driver can open those and no others.
///
/// ```
/// use mcast_proto::service::{self, Discoverer, Discovery};
/// use mcast_proto::{Networked, Role};
///
/// let machine = Discoverer::new(Discovery::all(), 7);
/// let lanes = machine.lanes();
/// assert_eq!((lanes.len(), lanes[0].role), (1, Role::AskingPeer));
/// assert!(lanes[0].groups.contains(&(service::GROUP_V4, service::PORT).into()));
/// ```
pub trait Networked: Machine {
    /// Its lanes, one at the least. A [`LaneId`](crate::LaneId) is a place among them, so they stay what
    /// they are for as long as the machine runs.
    fn lanes(&self) -> Vec<Lane>;
}

/// Sockets that serve one purpose: to ask the groups of a protocol, to hear them, or both. A machine that
/// speaks several protocols has several lanes.
///
/// The fields that are `None` are the user's to decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// What the machine does there.
    pub role: Role,
    /// The groups of its protocol, where nobody asks for others; none where it broadcasts alone.
    pub groups: Vec<SocketAddr>,
    /// The port that the groups must have, whichever they are; `None`: any.
    pub port: Option<u16>,
    /// IPv4's time to live and IPv6's hop limit of what is sent to the groups, where the protocol says
    /// (255 in RFC 6762 section 11). It never makes more of a user's 0, by which all stays on the host.
    pub ttl: Option<u8>,
    /// The port that is asked from, where answers come to a port of the protocol's.
    pub source_port: Option<u16>,
    /// What is sent to the groups goes to this port of the IPv4 broadcast address of each network as well
    /// (RFC 919 section 7).
    pub broadcast: Option<u16>,
    /// Groups that are heard besides, at the ports of the others of their family, where the role asks and hears;
    /// nothing is sent to them.
    pub heard_besides: Vec<IpAddr>,
}

impl Lane {
    /// A lane on these groups, of which all else is the user's to decide.
    pub fn new(role: Role, groups: Vec<SocketAddr>) -> Lane {
        Lane {
            role,
            groups,
            port: None,
            ttl: None,
            source_port: None,
            broadcast: None,
            heard_besides: Vec::new(),
        }
    }
}

/// What a machine does on the network, and so what sockets it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It asks groups from a private port, hears what is sent to that, and wants to fail where it can ask
    /// nobody.
    Asker,
    /// It hears groups, answers from their port, and can wait for an interface.
    Member,
    /// It asks from a private port and hears groups, and can wait for an interface.
    Peer,
    /// The same, but it wants to fail where it can ask nobody.
    AskingPeer,
    /// It hears groups, and asks them from their port as a member does. It wants to fail where nothing can be opened,
    /// and does without the groups where others can ask.
    AskingMember,
}

impl<M: Networked + ?Sized> Networked for Box<M> {
    fn lanes(&self) -> Vec<Lane> {
        (**self).lanes()
    }
}

impl Networked for plain::Responder {
    fn lanes(&self) -> Vec<Lane> {
        let port = self.config().port;
        let group = (plain::GROUP_V4, port).into();
        vec![Lane { port: Some(port), ..Lane::new(Role::Member, vec![group]) }]
    }
}

impl Networked for service::Responder {
    fn lanes(&self) -> Vec<Lane> {
        vec![of_responders()]
    }
}

impl Networked for service::Responders {
    fn lanes(&self) -> Vec<Lane> {
        vec![of_responders()]
    }
}

fn of_responders() -> Lane {
    Lane { heard_besides: service::ALL_HOSTS.to_vec(), ..Lane::new(Role::Peer, of_services()) }
}

/// Those whose groups can have any port.
macro_rules! networked {
    ($($machine:ty => $role:ident, $groups:ident;)+) => {$(
        impl Networked for $machine {
            fn lanes(&self) -> Vec<Lane> {
                vec![Lane::new(Role::$role, $groups())]
            }
        }
    )+};
}

networked! {
    plain::Discoverer => Asker, of_tutorial;
    plain::Watcher => Asker, of_tutorial;
    plain::Sender => Asker, of_tutorial;
    plain::Listener => Member, of_tutorial;
    service::Discoverer => AskingPeer, of_services;
    service::Watcher => Peer, of_services;
}

fn of_tutorial() -> Vec<SocketAddr> {
    vec![(plain::GROUP_V4, plain::PORT).into()]
}

fn of_services() -> Vec<SocketAddr> {
    vec![(service::GROUP_V4, service::PORT).into(), (service::GROUP_V6, service::PORT).into()]
}
