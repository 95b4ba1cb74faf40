//! What is known of a machine and its network: nothing but what was read or measured.
//!
//! Facts can be written as JSON and read again: a report of a fault is one file, from which the same
//! findings follow anywhere.

mod echo;
mod firewall;
mod host;
mod interface;
mod partner;
mod port;
mod signal;

use serde::{Deserialize, Serialize};

pub use echo::{Echo, Step};
pub use firewall::{Chain, Firewall, Hook, Reader};
pub use host::{Container, Counters, Host, Limits, Routes};
pub use interface::{Bridge, Interface};
pub use partner::{Exchange, Hops, Partner, Reach, Size, Way};
pub use port::{Binding, Holder, Port};
pub use signal::{Asked, Device, GroupHeard, Querier, Signal};

/// All that is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What kind of machine it is.
    pub host: Host,
    /// Every interface, those that are not used too.
    pub interfaces: Vec<Interface>,
    /// Whether somebody chose the interfaces by name.
    pub chosen: bool,
    /// By which interface the kernel itself would send to a group.
    pub routes: Routes,
    /// The kernel's limits.
    pub limits: Limits,
    /// Who holds the ports that discovery needs.
    pub ports: Vec<Port>,
    /// The packet filter's rules, as far as they can be read.
    pub firewall: Seen<Firewall>,
    /// How the kernel's counters grew while it was examined.
    pub counters: Seen<Counters>,
    /// What became of our own datagrams, by interface and family.
    pub echoes: Vec<Echo>,
    /// What others on the network said.
    pub signal: Signal,
    /// What was found out together with another host, where one was named.
    pub partner: Option<Partner>,
}

/// What was looked at: it is known, or it is known why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen<T> {
    /// What it is.
    Is(T),
    /// It could not be seen, for this reason.
    Not(String),
}

impl<T> Default for Seen<T> {
    fn default() -> Seen<T> {
        Seen::Not("it was not looked at".into())
    }
}

impl<T> Seen<T> {
    /// What it is, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Seen::Is(it) => Some(it),
            Seen::Not(_) => None,
        }
    }
}
