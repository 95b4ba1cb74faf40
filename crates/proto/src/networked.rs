//! What sockets a machine needs.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::{Machine, plain, service};

/// A machine that says on what sockets it is to be driven, so that a driver can open those and no others.
///
/// ```
/// use mcast_proto::service::{self, Discoverer, Discovery};
/// use mcast_proto::{Networked, Role};
///
/// let machine = Discoverer::new(Discovery::all(), 7);
/// assert_eq!(machine.role(), Role::AskingPeer);
/// assert!(machine.groups().contains(&(service::GROUP_V4, service::PORT).into()));
/// ```
pub trait Networked: Machine {
    /// What it does on the network.
    fn role(&self) -> Role;

    /// The groups of its protocol, where nobody asks for others.
    fn groups(&self) -> Vec<SocketAddr>;

    /// The port that its groups must have, whichever they are; `None`: any.
    fn port(&self) -> Option<u16> {
        None
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
}

impl<M: Networked + ?Sized> Networked for Box<M> {
    fn role(&self) -> Role {
        (**self).role()
    }

    fn groups(&self) -> Vec<SocketAddr> {
        (**self).groups()
    }

    fn port(&self) -> Option<u16> {
        (**self).port()
    }
}

impl Networked for plain::Responder {
    fn role(&self) -> Role {
        Role::Member
    }

    fn groups(&self) -> Vec<SocketAddr> {
        vec![(plain::GROUP_V4, self.config().port).into()]
    }

    fn port(&self) -> Option<u16> {
        Some(self.config().port)
    }
}

/// Those whose groups can have any port.
macro_rules! networked {
    ($($machine:ty => $role:ident, $groups:ident;)+) => {$(
        impl Networked for $machine {
            fn role(&self) -> Role {
                Role::$role
            }

            fn groups(&self) -> Vec<SocketAddr> {
                $groups()
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
    service::Responder => Peer, of_services;
    service::Responders => Peer, of_services;
}

fn of_tutorial() -> Vec<SocketAddr> {
    vec![(plain::GROUP_V4, plain::PORT).into()]
}

fn of_services() -> Vec<SocketAddr> {
    vec![(service::GROUP_V4, service::PORT).into(), (service::GROUP_V6, service::PORT).into()]
}
