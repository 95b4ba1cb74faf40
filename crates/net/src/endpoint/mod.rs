//! The set of sockets, opened and closed as the plan says.

mod audit;
pub(crate) mod drops;
mod lane;
mod ledger;
mod opening;
mod outbox;
mod plan;
mod receive;
mod resolving;
mod send;
mod timers;
mod upkeep;
mod wait;

use std::net::SocketAddr;

use mcast_proto::{Instant, LaneId};

use crate::endpoint::drops::{Drops, DropsKeeper};
use crate::endpoint::lane::Lane;
use crate::endpoint::ledger::Ledger;
use crate::endpoint::outbox::Outbox;
use crate::endpoint::plan::{Role, address_of};
use crate::endpoint::timers::Timers;
use crate::error::{Error, ErrorKind};
use crate::interfaces::choice::check_known;
use crate::interfaces::interface::Interface;
use crate::interfaces::watch::Watch;
use crate::interfaces::{Kernel, unlisted};
use crate::settings::Settings;
use crate::sockets::account::{Account, InterfaceReport, Refused};
use crate::sockets::channel::{Channel, Purpose, slot};
use crate::sys::{self, Inbox};
use crate::waiting::poller::Poller;
use crate::waiting::waker::{Stopper, WakeSocket};

/// A set of sockets: on every interface in use one for each group, or for each family.
///
/// It follows the machine's interfaces while a [`Driver`](crate::Driver) runs it: sockets are opened
/// and closed as interfaces come and go, and memberships are renewed every two minutes.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) lanes: Vec<Lane>,
    pub(crate) watch: Watch,
    pub(crate) stopper: Stopper,
    /// What the stopper wakes a wait by.
    pub(crate) wakeups: WakeSocket,
    /// All that there are, by index, in use or not.
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) channels: Vec<Channel>,
    /// Channels that were opened, or were to be.
    opened: u64,
    pub(crate) accounts: Vec<Account>,
    /// Dropped on sockets that are closed.
    former_drops: u64,
    drops: DropsKeeper,
    /// Whether a socket is missing that should be there.
    pub(crate) is_lacking: bool,
    /// Whether something has changed of which the machine was not told.
    pub(crate) is_changed: bool,
    pub(crate) timers: Option<Timers>,
    pub(crate) poller: Poller,
    pub(crate) inbox: Inbox,
    pub(crate) outbox: Outbox,
    pub(crate) kernel: Kernel,
    pub(crate) ledger: Ledger,
    /// Interfaces in use that have fallen since they were listed, though they may be up again.
    pub(crate) fallen: Vec<u32>,
}

/// A socket that the system did not give.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The place of the interface's account.
    account: usize,
    /// The slot that the socket would have had there.
    slot: usize,
    error: Error,
}

impl Endpoint {
    /// Whether it can wait for its first interface.
    pub(crate) fn waits(&self) -> bool {
        self.lanes.iter().any(|lane| lane.role.waits)
    }

    /// The groups that are asked in or heard, each once, in the order of the lanes.
    pub fn groups(&self) -> Vec<SocketAddr> {
        let mut groups = Vec::new();
        for group in self.lanes.iter().flat_map(|lane| &lane.settings.groups) {
            if !groups.contains(group) {
                groups.push(*group);
            }
        }
        groups
    }

    /// The names of the interfaces that are in use, by index.
    pub fn interface_names(&self) -> Vec<&str> {
        self.interfaces_in_use().map(|interface| interface.name.as_str()).collect()
    }

    /// The names of the interfaces that are in use by one lane, by index.
    pub fn interface_names_of(&self, lane: LaneId) -> Vec<&str> {
        let is_used = |interface: &&Interface| {
            let serves =
                |it: &Channel| it.lane == lane && it.purpose.interface() == interface.index;
            self.channels.iter().any(serves)
        };
        self.interfaces.iter().filter(is_used).map(|interface| interface.name.as_str()).collect()
    }

    /// The interfaces that are in use, by index.
    pub(crate) fn interfaces_in_use(&self) -> impl Iterator<Item = &Interface> {
        let is_used =
            |i: &&Interface| self.channels.iter().any(|c| c.purpose.interface() == i.index);
        self.interfaces.iter().filter(is_used)
    }

    /// The smallest receive buffer that the system gave to a socket, in bytes; `None` without sockets.
    /// 4 MiB are asked for. It is of the system's own reckoning: Linux says twice what it was asked
    /// for, of which a small datagram takes up some 800 bytes.
    pub fn receive_buffer(&self) -> Option<usize> {
        self.channels.iter().map(|channel| channel.receive_buffer).min()
    }

    /// The number of datagrams that the system drops, to be looked at while a run goes on.
    pub fn drops(&self) -> Drops {
        self.drops.drops()
    }

    fn new(lanes: Vec<(Role, Settings)>) -> Result<Endpoint, Error> {
        if lanes.is_empty() {
            return Err(Error::new(ErrorKind::Settings, "there is no lane to open"));
        }
        lanes.iter().try_for_each(|(_, settings)| settings.check())?;
        // First the watch, so that no change falls between the listing and it.
        let watch =
            Watch::new().map_err(|cause| Error::system("watch for changed interfaces", cause))?;
        let (stopper, wakeups) =
            Stopper::new().map_err(|cause| Error::system("make a waker", cause))?;
        let mut kernel = Kernel::new().map_err(unlisted)?;
        let interfaces = kernel.interfaces().map_err(unlisted)?;
        let lane = |(role, settings): (Role, Settings)| {
            check_known(&interfaces, &settings.interfaces)?;
            Lane::new(role, settings, &interfaces)
        };
        let lanes = lanes.into_iter().map(lane).collect::<Result<_, _>>()?;
        Ok(Endpoint {
            lanes,
            watch,
            stopper,
            wakeups,
            interfaces,
            channels: Vec::new(),
            opened: 0,
            accounts: Vec::new(),
            former_drops: 0,
            drops: DropsKeeper::default(),
            is_lacking: true,
            is_changed: false,
            timers: None,
            poller: Poller::new(),
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            kernel,
            ledger: Ledger::default(),
            fallen: Vec::new(),
        })
    }

    /// Closes the sockets that are no longer wanted, opens those that are missing, and returns what the
    /// system refused.
    pub(crate) fn refresh(&mut self) -> Vec<Refusal> {
        let mut wanted = Vec::new();
        for (number, lane) in (0..).zip(&mut self.lanes) {
            lane.choose(&self.interfaces, number == 0);
            let id = LaneId(number);
            let its_own = self.channels.iter().filter(|channel| channel.lane == id);
            let current = its_own.map(|channel| &channel.purpose);
            let plan = lane.role.plan(&lane.settings, &self.interfaces, &lane.choice, current);
            wanted.extend(plan.into_iter().map(|purpose| (id, purpose)));
        }
        let serves = |channel: &Channel, (lane, purpose): &(LaneId, Purpose)| {
            channel.lane == *lane && channel.purpose == *purpose
        };
        while let Some(place) =
            self.channels.iter().position(|channel| !wanted.iter().any(|it| serves(channel, it)))
        {
            self.close(place);
        }
        let mut refusals = Vec::new();
        for it in wanted {
            if self.channels.iter().any(|channel| serves(channel, &it)) {
                continue;
            }
            match self.open(it) {
                Ok(channel) => {
                    self.accounts[channel.account].note_opened(channel.slot);
                    self.ledger.has_changed = true;
                    self.channels.push(channel);
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        self.is_lacking = !refusals.is_empty() || self.channels.is_empty();
        refusals
    }

    fn open(&mut self, (id, purpose): (LaneId, Purpose)) -> Result<Channel, Refusal> {
        let index = purpose.interface();
        let name = match self.interfaces.iter().find(|interface| interface.index == index) {
            Some(interface) => interface.name.clone(),
            None => index.to_string(),
        };
        let address = address_of(&self.interfaces, &purpose);
        let account = self.account(&name);
        self.accounts[account].index = index;
        let slot = slot(id, &purpose);
        let lane = &self.lanes[usize::from(id.0)];
        let by = (id, lane.role.sends_by(&purpose));
        self.opened += 1;
        let place = (self.opened, account);
        Channel::open(purpose, by, &lane.settings, &name, address, place).map_err(|error| Refusal {
            account,
            slot,
            error,
        })
    }

    /// Closes a socket. Where it is still wanted, a new one takes its place later.
    pub(crate) fn close(&mut self, place: usize) {
        let channel = self.channels.remove(place);
        self.ledger.has_changed = true;
        self.accounts[channel.account].report.send_drops += self.outbox.forget(place);
        self.former_drops += sys::kernel_drops(&channel.socket);
        self.is_lacking = true;
    }

    pub(crate) fn log_failure(&mut self, refusals: Vec<Refusal>) {
        for Refusal { account, slot, error } in refusals {
            self.accounts[account].log_failure(slot, &error);
        }
    }

    fn account(&mut self, name: &str) -> usize {
        let found = self.accounts.iter().position(|account| account.report.name == name);
        found.unwrap_or_else(|| {
            self.accounts.push(Account::new(name, self.lanes.len()));
            self.accounts.len() - 1
        })
    }

    pub(crate) fn reports(&self) -> Vec<InterfaceReport> {
        self.accounts.iter().map(|account| account.report.clone()).collect()
    }

    pub(crate) fn refused(&self) -> Vec<Refused> {
        self.accounts.iter().flat_map(Account::refused).collect()
    }

    /// Takes down how many datagrams the system dropped, now and then; returns how many it is since
    /// the last time.
    pub(crate) fn note_drops(&mut self, now: Instant) -> u64 {
        let Endpoint { drops, channels, former_drops, .. } = self;
        drops.note(now, || *former_drops + drops_of(channels))
    }

    /// Datagrams that the system dropped for want of buffer.
    pub(crate) fn kernel_drops(&self) -> u64 {
        self.former_drops + drops_of(&self.channels)
    }
}

fn drops_of(channels: &[Channel]) -> u64 {
    channels.iter().map(|channel| sys::kernel_drops(&channel.socket)).sum()
}
