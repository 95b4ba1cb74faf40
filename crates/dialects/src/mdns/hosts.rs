//! The hosts that instances are on, with their addresses.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use mcast_proto::Instant;

use super::identity::Key;
use super::lease::{Due, Lease};
use super::name::{MAX_NAME, Name};
use super::retries::{Pace, Retries};
use super::shares::Source;
use super::wire::kind;
use crate::scan::Draws;

/// Addresses of one host that are remembered.
pub(super) const MAX_ADDRESSES: usize = 16;

/// A host that an instance is on.
#[derive(Debug, Clone)]
pub(super) struct Host {
    /// Its name, in one piece, as it was said.
    pub(super) name: Box<[u8]>,
    key: Box<[u8]>,
    /// Who told of it first.
    pub(super) source: Source,
    /// In their order, so that they are always told in the same.
    addresses: Vec<(IpAddr, Lease)>,
    /// The instances that are on it.
    users: BTreeSet<u64>,
    retries: Retries,
    /// When its next turn is.
    pub(super) turn: Option<Instant>,
    /// Whether addresses of IPv4 and of IPv6 wait to be asked for.
    pub(super) waits: [bool; 2],
}

/// What a host's turn comes to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HostTurn {
    /// Whether addresses of IPv4 and of IPv6 are to be asked for.
    pub(super) asks: [bool; 2],
    /// An address is gone.
    pub(super) is_changed: bool,
}

/// What an address comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    /// It is new.
    New,
    /// It was known, or was not and is none.
    Known,
    /// There is no room for it.
    NoRoom,
}

/// The types of records of addresses, in the order of [`Host::waits`].
pub(super) const ADDRESS_KINDS: [u16; 2] = [kind::A, kind::AAAA];

impl Host {
    /// Its addresses.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().map(|(ip, _)| *ip)
    }

    /// The instances that are on it.
    pub(super) fn users(&self) -> impl Iterator<Item = u64> {
        self.users.iter().copied()
    }

    /// When something is due: of what is not known, and of a watcher, of what was heard a while ago.
    pub(super) fn due(&self, pace: Pace) -> Instant {
        let retry = self.retries.next().filter(|_| self.missing().contains(&true));
        let watched = self.addresses.iter().filter(|_| pace == Pace::Watch);
        let leases = watched.map(|(_, lease)| lease.due());
        leases.chain(retry).min().unwrap_or(Instant::FAR_FUTURE)
    }

    /// Does what is due.
    pub(super) fn take(&mut self, now: Instant, pace: Pace, draws: &mut Draws) -> HostTurn {
        let mut turn = HostTurn::default();
        let missing = self.missing();
        if missing.contains(&true) && self.retries.take(now, pace, draws) {
            turn.asks = missing;
        }
        if pace == Pace::Watch {
            self.addresses.retain_mut(|(ip, lease)| match lease.take(now, draws) {
                Some(Due::Ask) => {
                    turn.asks[family(*ip)] = true;
                    true
                }
                Some(Due::End) => {
                    turn.is_changed = true;
                    false
                }
                None => true,
            });
        }
        turn
    }

    /// It was said to have this address.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        ip: IpAddr,
        ttl_s: u32,
        is_legacy: bool,
        draws: &mut Draws,
    ) -> Listed {
        match self.addresses.binary_search_by_key(&ip, |(ip, _)| *ip) {
            Ok(at) if ttl_s == 0 => {
                self.addresses[at].1.say_goodbye(now);
                Listed::Known
            }
            Ok(at) => {
                self.addresses[at].1.renew(now, ttl_s, is_legacy, draws);
                Listed::Known
            }
            Err(_) if ttl_s == 0 => Listed::Known,
            Err(_) if self.addresses.len() >= MAX_ADDRESSES => Listed::NoRoom,
            Err(at) => {
                self.addresses.insert(at, (ip, Lease::new(now, ttl_s, draws)));
                Listed::New
            }
        }
    }

    /// Others of that family are none of its any more, but for those that came with this one.
    pub(super) fn flush(&mut self, now: Instant, but: IpAddr) {
        let others =
            self.addresses.iter_mut().filter(|(ip, _)| family(*ip) == family(but) && *ip != but);
        others.for_each(|(_, lease)| lease.flush(now));
    }

    /// Of which families no address is known and one is to be asked for. Where there is one of the other, it is
    /// enough to have asked once: many hosts have but one.
    fn missing(&self) -> [bool; 2] {
        let is_known = |nth| self.addresses.iter().any(|(ip, _)| family(*ip) == nth);
        let is_enough = !self.addresses.is_empty() && self.retries.asked() > 0;
        [0, 1].map(|nth| !is_enough && !is_known(nth))
    }
}

fn family(ip: IpAddr) -> usize {
    usize::from(ip.is_ipv6())
}

/// All hosts that an instance is on: as many as there are instances, at the most.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    by_number: BTreeMap<u64, Host>,
    numbers: BTreeMap<Box<[u8]>, u64>,
    last: u64,
}

impl Hosts {
    /// The number of the host of this name on this link.
    pub(super) fn number(&self, key: &Key) -> Option<u64> {
        self.numbers.get(key.as_bytes()).copied()
    }

    /// The host of this number.
    pub(super) fn get(&self, number: u64) -> Option<&Host> {
        self.by_number.get(&number)
    }

    /// The host of this number.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Host> {
        self.by_number.get_mut(&number)
    }

    /// An instance is on a host: its number.
    pub(super) fn join(&mut self, now: Instant, source: Source, name: Name<'_>, user: u64) -> u64 {
        let key = Key::new(source.link, name);
        let number = self.number(&key).unwrap_or_else(|| {
            self.last += 1;
            let key: Box<[u8]> = key.as_bytes().into();
            let mut piece = [0; MAX_NAME];
            let length = name.write(&mut piece);
            self.numbers.insert(key.clone(), self.last);
            let host = Host {
                name: piece[..length].into(),
                key,
                source,
                addresses: Vec::new(),
                users: BTreeSet::new(),
                retries: Retries::new(now),
                turn: None,
                waits: [false; 2],
            };
            self.by_number.insert(self.last, host);
            self.last
        });
        if let Some(host) = self.by_number.get_mut(&number) {
            host.users.insert(user);
        }
        number
    }

    /// An instance is on a host no longer: the host, if no other is.
    pub(super) fn leave(&mut self, number: u64, user: u64) -> Option<Host> {
        let host = self.by_number.get_mut(&number)?;
        host.users.remove(&user);
        if !host.users.is_empty() {
            return None;
        }
        let host = self.by_number.remove(&number)?;
        self.numbers.remove(&host.key);
        Some(host)
    }
}

#[cfg(test)]
impl Hosts {
    /// Each host with each instance on it.
    pub(super) fn users(&self) -> BTreeSet<(u64, u64)> {
        assert_eq!(self.by_number.len(), self.numbers.len());
        let hosts = self.by_number.iter();
        hosts.flat_map(|(number, host)| host.users().map(|user| (*number, user))).collect()
    }

    /// How many have a turn.
    pub(super) fn turns(&self) -> usize {
        assert!(self.by_number.values().all(|host| host.addresses.len() <= MAX_ADDRESSES));
        self.by_number.values().filter(|host| host.turn.is_some()).count()
    }
}
