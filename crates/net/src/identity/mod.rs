//! Who a responder on this machine is: an id that it has after every start, and nobody else.

mod hold;
mod machine;
mod network;

use mcast_proto::service::Identity;

use crate::endpoint::Endpoint;
use hold::Hold;
use machine::Machine;

/// More offers of one service by one name one machine has hardly.
const MOST_SLOTS: u32 = 1024;

/// An id for what a responder offers, held for as long as this lives: the same after every start, at every
/// address of the network and at every port, and no other program's of this host.
///
/// It is made by [`Identity`] of
///
/// - *the machine*: `/etc/machine-id` where there is one; else 32 random bytes that are made once and kept in
///   a file `machine-secret`, in systemd's `$STATE_DIRECTORY`, or below `$XDG_STATE_HOME`,
///   `~/.local/state` or `%LOCALAPPDATA%`, in a folder `mcast`; else random bytes for this run alone, and
///   [`lasts`](Self::lasts) is false. Machines that were copied with that file have one id and show as a
///   conflict: give each a file of its own, or set [`Responding::id`](mcast_proto::service::Responding::id).
/// - *the network*: a prefix of the interfaces in use, such as `192.168.1.0/24`: an IPv4 one if there is
///   one, then a unique local one, then another, of several that of the first interface. So a machine that
///   visits several networks can't be followed by its ids, as long as their prefixes differ; those of many
///   homes don't. The id stays as it is while the program runs, wherever the machine goes. A program that
///   starts before any interface is up is in no network, so start it after that.
/// - *the service and the name* that are offered.
/// - *a slot*: the first that no other program of this host holds. A program that is started again has its
///   slot again, unless one that is started meanwhile has taken it.
///
/// ```no_run
/// use mcast_net::{ClaimedId, Driver, Endpoint, Settings, seed};
/// use mcast_proto::service::{GROUP_V4, Offer, PORT, Responder, Responding};
///
/// let groups = vec![(GROUP_V4, PORT).into()];
/// let endpoint = Endpoint::peer(&Settings { groups, ..Settings::default() })?;
/// let claimed = ClaimedId::claim(&endpoint, "printer", "lab-3");
/// let offer = Offer::new("printer")?.name("lab-3")?.port(631)?;
/// let responding = Responding { id: Some(claimed.id()), ..Responding::of(offer) };
/// Driver::new(Responder::new(responding, seed()), endpoint).run(|_| {})?;
/// drop(claimed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ClaimedId {
    id: u64,
    lasts: bool,
    /// Kept from others until this is dropped, or the process ends in whatever way.
    _hold: Option<Hold>,
}

impl ClaimedId {
    /// Claims the id of a service that is offered by this name, empty for none, on these sockets.
    pub fn claim(endpoint: &Endpoint, service: &str, name: &str) -> ClaimedId {
        IdSource::of(endpoint).claim(service, name)
    }

    /// The id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether it will be the same after the next start.
    pub fn lasts(&self) -> bool {
        self.lasts
    }
}

/// What ids are claimed of once the sockets are a driver's: the network that they were opened in. The default is no
/// network.
#[derive(Debug, Clone, Default)]
pub struct IdSource {
    network: String,
}

impl IdSource {
    /// That of these sockets.
    pub fn of(endpoint: &Endpoint) -> IdSource {
        IdSource { network: network::label(endpoint.interfaces_in_use()) }
    }

    /// Claims the id of a service that is offered by this name, empty for none.
    pub fn claim(&self, service: &str, name: &str) -> ClaimedId {
        let machine = Machine::this();
        let id_of = |slot| {
            let network = self.network.as_bytes();
            Identity { machine: machine.secret(), network, service, name, slot }.id()
        };
        for slot in 0..MOST_SLOTS {
            let id = id_of(slot);
            match Hold::of(id) {
                Ok(Some(hold)) => {
                    return ClaimedId { id, lasts: machine.lasts(), _hold: Some(hold) };
                }
                // Another program has it.
                Ok(None) => {}
                Err(error) => {
                    log::info!("cannot tell whether another program here offers the same: {error}");
                    return ClaimedId { id, lasts: machine.lasts(), _hold: None };
                }
            }
        }
        ClaimedId { id: crate::seed(), lasts: false, _hold: None }
    }
}
