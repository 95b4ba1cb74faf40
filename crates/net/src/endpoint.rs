//! The set of sockets: which there are to be, and keeping it so while interfaces change.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use mcast_proto::Instant;

use crate::account::{Account, InterfaceReport};
use crate::channel::{Channel, Purpose};
use crate::error::{Error, ErrorKind};
use crate::interface::{Interface, interfaces, is_link_local};
use crate::membership::Membership;
use crate::selector::{Verdict, check_known, choose};
use crate::settings::Settings;
use crate::sys;
use crate::traffic::Traffic;
use crate::waker::{Bell, Stopper};
use crate::watch::{RELIST, Watch};

/// From the first sign of a change to acting on it: changes come in bursts.
const DEBOUNCE: Duration = Duration::from_millis(50);

/// How long to wait before opening again what could not be opened, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// How often members tell the network that they are still here. Switches forget them after 260 s
/// (RFC 2236 section 8.4), which leaves room for one renewal to be lost.
const RENEWAL: Duration = Duration::from_secs(120);

/// A set of sockets: on every interface in use one for each group, or for each family.
///
/// It follows the machine's interfaces while a [`Driver`](crate::Driver) runs it: sockets are opened
/// and closed as interfaces come and go, and memberships are renewed every two minutes.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) settings: Settings,
    role: Role,
    pub(crate) watch: Watch,
    pub(crate) stopper: Stopper,
    /// What the stopper rings.
    pub(crate) bell: Bell,
    /// All that there are, by index, in use or not.
    pub(crate) interfaces: Vec<Interface>,
    verdicts: Vec<(u32, Verdict)>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) accounts: Vec<Account>,
    /// Dropped on sockets that are closed.
    former_drops: u64,
    /// Whether a socket is missing that should be there.
    is_lacking: bool,
    timers: Option<Timers>,
    pub(crate) traffic: Traffic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Asker,
    Member,
}

#[derive(Debug, Clone, Copy)]
struct Timers {
    /// When to list the interfaces again.
    relist: Instant,
    renew: Instant,
    retry: Duration,
}

impl Endpoint {
    /// Opens sockets that ask: a private one on each interface and for each family, so that answers
    /// reach it and nobody else.
    ///
    /// # Errors
    ///
    /// When the settings are wrong, an interface is asked for that is not there, no interface can be
    /// used, or the system refuses all of them.
    pub fn asker(settings: &Settings) -> Result<Endpoint, Error> {
        let mut endpoint = Endpoint::new(settings, Role::Asker)?;
        let refused = endpoint.refresh();
        if endpoint.channels.is_empty() {
            return Err(refused.unwrap_or_else(|| endpoint.no_interface()));
        }
        Ok(endpoint)
    }

    /// Opens sockets that hear: one for each group on each interface. There may be none at first: they
    /// are opened when an interface comes.
    ///
    /// # Errors
    ///
    /// When the settings are wrong, an interface is asked for that is not there, or the system refuses
    /// all of the interfaces for good.
    pub fn member(settings: &Settings) -> Result<Endpoint, Error> {
        let mut endpoint = Endpoint::new(settings, Role::Member)?;
        match endpoint.refresh() {
            Some(refused) if endpoint.channels.is_empty() && !refused.is_transient() => {
                Err(refused)
            }
            _ => Ok(endpoint),
        }
    }

    /// The names of the interfaces that are in use, by index.
    pub fn interface_names(&self) -> Vec<&str> {
        let is_used =
            |i: &&Interface| self.channels.iter().any(|c| c.purpose.interface() == i.index);
        self.interfaces.iter().filter(is_used).map(|i| i.name.as_str()).collect()
    }

    /// The smallest receive buffer that the system gave to a socket, in bytes; `None` without sockets.
    /// 4 MiB are asked for. It is of the system's own reckoning: Linux says twice what it was asked
    /// for, of which a small datagram takes up some 800 bytes.
    pub fn receive_buffer(&self) -> Option<usize> {
        self.channels.iter().map(|channel| channel.receive_buffer).min()
    }

    fn new(settings: &Settings, role: Role) -> Result<Endpoint, Error> {
        settings.check()?;
        // First the watch, so that no change falls between the listing and it.
        let watch =
            Watch::new().map_err(|cause| Error::system("watch for changed interfaces", cause))?;
        let (stopper, bell) =
            Stopper::new().map_err(|cause| Error::system("make a waker", cause))?;
        let interfaces = interfaces()?;
        check_known(&interfaces, &settings.interfaces)?;
        Ok(Endpoint {
            settings: settings.clone(),
            role,
            watch,
            stopper,
            bell,
            interfaces,
            verdicts: Vec::new(),
            channels: Vec::new(),
            accounts: Vec::new(),
            former_drops: 0,
            is_lacking: true,
            timers: None,
            traffic: Traffic::new(),
        })
    }

    pub(crate) fn is_asker(&self) -> bool {
        self.role == Role::Asker
    }

    /// Does what is due for the sockets themselves, and says when to be called next.
    pub(crate) fn tend(&mut self, now: Instant) -> Instant {
        let relist_after =
            |lacks: bool, retry: Duration| now + if lacks { retry.min(RELIST) } else { RELIST };
        let mut timers = self.timers.unwrap_or_else(|| Timers {
            relist: relist_after(self.is_lacking, RETRY.0),
            renew: now + RENEWAL,
            retry: RETRY.0,
        });
        if timers.relist <= now {
            self.relist();
            timers.retry = if self.is_lacking { (timers.retry * 2).min(RETRY.1) } else { RETRY.0 };
            timers.relist = relist_after(self.is_lacking, timers.retry);
        }
        if timers.renew <= now {
            self.renew(|_| true);
            timers.renew = now + RENEWAL;
        }
        self.timers = Some(timers);
        timers.relist.min(timers.renew)
    }

    /// Something about the interfaces has changed, or a socket has failed.
    pub(crate) fn note_change(&mut self, now: Instant) {
        self.watch.still();
        if let Some(timers) = &mut self.timers {
            timers.relist = timers.relist.min(now + DEBOUNCE);
            timers.retry = RETRY.0;
        }
    }

    fn relist(&mut self) {
        let before = match interfaces() {
            Ok(interfaces) => std::mem::replace(&mut self.interfaces, interfaces),
            Err(error) => {
                log::warn!("{error}");
                return;
            }
        };
        // What is refused is logged there, and tried again.
        let _refused = self.refresh();
        let changed: Vec<u32> = self
            .interfaces
            .iter()
            .filter(|now| before.iter().any(|old| old.index == now.index && old != *now))
            .map(|interface| interface.index)
            .collect();
        self.renew(|index| changed.contains(&index));
    }

    /// Joins again on the interfaces that `which` names.
    fn renew(&mut self, which: impl Fn(u32) -> bool) {
        for channel in &self.channels {
            let Purpose::Hear(membership) = &channel.purpose else { continue };
            if !which(membership.interface) {
                continue;
            }
            let address = address_of(&self.interfaces, &channel.purpose);
            if let Err(cause) = membership.renew(&channel.socket, address) {
                let name = &self.accounts[channel.account].report.name;
                log::warn!("{}", Error::refused("join again", membership.group, name, cause));
            }
        }
    }

    /// Closes the sockets that are no longer wanted and opens those that are missing. Returns the
    /// first refusal; each is logged.
    fn refresh(&mut self) -> Option<Error> {
        let wanted = self.wanted();
        let former_drops = &mut self.former_drops;
        self.channels.retain(|channel| {
            let stays = wanted.contains(&channel.purpose);
            if !stays {
                *former_drops += sys::kernel_drops(&channel.socket);
            }
            stays
        });
        let mut first_refusal = None;
        for purpose in wanted {
            if self.channels.iter().any(|channel| channel.purpose == purpose) {
                continue;
            }
            if let Err(error) = self.open(purpose) {
                first_refusal.get_or_insert(error);
            }
        }
        self.is_lacking = first_refusal.is_some() || self.channels.is_empty();
        first_refusal
    }

    fn open(&mut self, purpose: Purpose) -> Result<(), Error> {
        let index = purpose.interface();
        let name = match self.interfaces.iter().find(|interface| interface.index == index) {
            Some(interface) => interface.name.clone(),
            None => index.to_string(),
        };
        let address = address_of(&self.interfaces, &purpose);
        let account = self.account(&name);
        match Channel::open(purpose, &self.settings, &name, address, account) {
            Ok(channel) => {
                self.channels.push(channel);
                Ok(())
            }
            Err(error) => {
                self.accounts[account].complain(&error);
                Err(error)
            }
        }
    }

    fn account(&mut self, name: &str) -> usize {
        let found = self.accounts.iter().position(|account| account.report.name == name);
        found.unwrap_or_else(|| {
            self.accounts.push(Account::new(name));
            self.accounts.len() - 1
        })
    }

    /// What the channels are to be, by interface.
    fn wanted(&mut self) -> Vec<Purpose> {
        let Settings { groups, interfaces: selectors, source_port, .. } = &self.settings;
        let verdicts = choose(&self.interfaces, selectors, |interface| {
            groups.iter().any(|group| interface.addresses_of(group.is_ipv4()).next().is_some())
        });
        let mut wanted = Vec::new();
        for (interface, verdict) in self.interfaces.iter().zip(&verdicts) {
            if !matches!(verdict, Verdict::Taken(_)) {
                continue;
            }
            let here = |group: &&SocketAddr| {
                zone(**group).is_none_or(|zone| zone == interface.index)
                    && interface.addresses_of(group.is_ipv4()).next().is_some()
            };
            match self.role {
                Role::Member => wanted.extend(groups.iter().filter(here).map(|&group| {
                    let sources = self.settings.sources_of(group).collect();
                    Purpose::Hear(Membership { interface: interface.index, group, sources })
                })),
                Role::Asker => {
                    for ipv4 in [true, false] {
                        let of_family = |group: &&SocketAddr| group.is_ipv4() == ipv4;
                        let groups =
                            groups.iter().filter(here).filter(of_family).copied().collect();
                        wanted.extend(ask(interface, groups, *source_port));
                    }
                }
            }
        }
        wanted.dedup();
        self.tell(&verdicts);
        wanted
    }

    /// Logs what was decided about the interfaces, where it is not what was decided before.
    fn tell(&mut self, verdicts: &[Verdict]) {
        let indices = self.interfaces.iter().map(|interface| interface.index);
        let verdicts: Vec<_> = indices.zip(verdicts.iter().copied()).collect();
        for (interface, &(index, verdict)) in self.interfaces.iter().zip(&verdicts) {
            if self.verdicts.contains(&(index, verdict)) {
                continue;
            }
            let name = &interface.name;
            match verdict {
                Verdict::Taken(why) => log::info!("{name} is used: {why}"),
                Verdict::Left(why) => log::info!("{name} is not used: it {why}"),
                Verdict::NotAskedFor => log::info!("{name} is not used: others were asked for"),
            }
        }
        for (index, _) in &self.verdicts {
            if !verdicts.iter().any(|(present, _)| present == index) {
                log::info!("interface {index} is gone");
            }
        }
        self.verdicts = verdicts;
    }

    fn no_interface(&self) -> Error {
        let group = self.settings.groups[0].ip();
        let reasons = self.interfaces.iter().zip(&self.verdicts);
        let reasons: Vec<String> = reasons
            .filter_map(|(interface, (_, verdict))| match verdict {
                Verdict::Left(why) => Some(format!("{} {why}", interface.name)),
                Verdict::Taken(_) | Verdict::NotAskedFor => None,
            })
            .collect();
        let what = match (self.settings.interfaces.is_empty(), reasons.is_empty()) {
            (true, _) => "no interface with multicast is up",
            (false, false) => "no interface that was asked for can be used",
            (false, true) => "no interface matches what was asked for",
        };
        let reasons = if reasons.is_empty() {
            reasons.join("")
        } else {
            format!(" ({})", reasons.join(", "))
        };
        let message = format!("{group}: {what}{reasons}; bring one up, or name lo");
        Error::new(ErrorKind::NoInterface, message)
    }

    pub(crate) fn reports(&self) -> Vec<InterfaceReport> {
        self.accounts.iter().map(|account| account.report.clone()).collect()
    }

    /// Datagrams that the system dropped for want of buffer.
    pub(crate) fn kernel_drops(&self) -> u64 {
        let drops = self.channels.iter().map(|channel| sys::kernel_drops(&channel.socket));
        self.former_drops + drops.sum::<u64>()
    }

    /// Closes a socket that has failed for good; a new one takes its place shortly.
    pub(crate) fn discard(&mut self, place: usize, now: Instant) {
        let channel = self.channels.remove(place);
        self.former_drops += sys::kernel_drops(&channel.socket);
        self.is_lacking = true;
        self.note_change(now);
    }
}

/// The purpose of an asker's socket, where there are groups to ask and an address to ask from.
fn ask(interface: &Interface, groups: Vec<SocketAddr>, port: u16) -> Option<Purpose> {
    let index = interface.index;
    let farthest = groups.iter().find(|group| !is_link_local(group.ip())).or(groups.first())?;
    let address = SocketAddr::new(interface.source_for(farthest.ip())?, port);
    Some(Purpose::Ask { interface: index, address: with_zone(address, index), groups })
}

/// The zone that an address names.
fn zone(address: SocketAddr) -> Option<u32> {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => Some(address.scope_id()),
        _ => None,
    }
}

/// Gives an address the zone that it needs: link-local IPv6 ones alone do (RFC 4007 section 6).
pub(crate) fn with_zone(address: SocketAddr, index: u32) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => {
            let zone = if is_link_local(address.ip()) { index } else { 0 };
            SocketAddrV6::new(*v6.ip(), v6.port(), 0, zone).into()
        }
        v4 => v4,
    }
}

fn address_of(interfaces: &[Interface], purpose: &Purpose) -> Option<IpAddr> {
    let interface = interfaces.iter().find(|i| i.index == purpose.interface())?;
    interface.source_for(purpose.groups()[0].ip())
}
