//! Who said what, and what came to each group, as it is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::dialect::Dialect;
use crate::facts::{Device, GroupHeard};

/// Devices that are told apart, and hosts of a group.
const MOST_DEVICES: usize = 1024;
const MOST_HOSTS: usize = 4096;

/// Who said what.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By the card's place, the dialect and the address.
    devices: BTreeMap<(usize, Dialect, IpAddr), Device>,
    groups: BTreeMap<(usize, IpAddr), (GroupHeard, BTreeSet<IpAddr>)>,
    /// Datagrams of devices for which there was no room.
    unlisted: u64,
}

impl Tally {
    /// Says that a group is listened to, though nothing may come.
    pub(super) fn listen(&mut self, (card, name): (usize, &str), group: IpAddr) {
        let (interface, heard) = (name.to_owned(), BTreeSet::new());
        let row = GroupHeard { interface, group, datagrams: 0, hosts: 0, last_ms: None };
        self.groups.entry((card, group)).or_insert((row, heard));
    }

    /// Counts a datagram to a group. Hosts beyond the most that are told apart count as none.
    pub(super) fn heard(&mut self, card: usize, group: IpAddr, from: IpAddr, ms: u64) {
        let Some((row, hosts)) = self.groups.get_mut(&(card, group)) else { return };
        row.datagrams += 1;
        row.last_ms = Some(ms);
        if hosts.len() < MOST_HOSTS {
            hosts.insert(from);
            row.hosts = hosts.len() as u32;
        }
    }

    /// The device of this address, as long as there is room for it.
    pub(super) fn device(
        &mut self,
        (card, name): (usize, &str),
        dialect: Dialect,
        address: IpAddr,
    ) -> Option<&mut Device> {
        let word = dialect.word()?;
        let key = (card, dialect, address);
        if self.devices.len() >= MOST_DEVICES && !self.devices.contains_key(&key) {
            self.unlisted += 1;
            return None;
        }
        Some(self.devices.entry(key).or_insert_with(|| Device {
            interface: name.to_owned(),
            address,
            dialect: word.to_owned(),
            to_group: 0,
            announced: 0,
            answered_to_group: 0,
            answered_by_unicast: 0,
            asked_directly: 0,
            answered_directly: 0,
        }))
    }

    /// Who announced something in a dialect on a card.
    pub(super) fn announcers(&self, card: usize, dialect: Dialect) -> impl Iterator<Item = IpAddr> {
        let here = self.devices.iter().filter(move |((place, of, _), device)| {
            (*place, *of) == (card, dialect) && device.announced > 0
        });
        here.map(|((_, _, address), _)| *address)
    }

    /// How often a device was asked directly.
    pub(super) fn asked_directly(&self, card: usize, dialect: Dialect, address: IpAddr) -> u32 {
        self.devices.get(&(card, dialect, address)).map_or(0, |device| device.asked_directly)
    }

    /// How many devices were asked directly in a dialect on a card.
    pub(super) fn chosen(&self, card: usize, dialect: Dialect) -> usize {
        let is_chosen = |((place, of, _), device): &(&(usize, Dialect, IpAddr), &Device)| {
            (*place, *of) == (card, dialect) && device.asked_directly > 0
        };
        self.devices.iter().filter(is_chosen).count()
    }

    /// How many hosts there are.
    pub(super) fn hosts(&self) -> usize {
        let said = self.devices.iter().filter(|(_, device)| {
            device.to_group + device.answered_by_unicast + device.answered_directly > 0
        });
        said.map(|((card, _, address), _)| (*card, *address)).collect::<BTreeSet<_>>().len()
    }

    /// What was counted: devices, groups, and datagrams of devices that are not among them.
    pub(super) fn end(self) -> (Vec<Device>, Vec<GroupHeard>, u64) {
        let groups = self.groups.into_values().map(|(row, _)| row).collect();
        (self.devices.into_values().collect(), groups, self.unlisted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_when_there_is_no_room_is_counted() {
        let mut tally = Tally::default();
        let host = |number: usize| IpAddr::from((number as u32).to_be_bytes());
        for number in 0..MOST_DEVICES + 3 {
            if let Some(device) = tally.device((0, "eth0"), Dialect::Mdns, host(number)) {
                device.announced += 1;
            }
        }
        assert!(tally.device((0, "eth0"), Dialect::Mdns, host(1)).is_some());
        assert!(tally.device((0, "eth0"), Dialect::Own, host(1)).is_none());
        assert_eq!(tally.announcers(0, Dialect::Mdns).count(), MOST_DEVICES);
        assert_eq!(tally.announcers(1, Dialect::Mdns).count(), 0);
        let (devices, _, unlisted) = tally.end();
        assert_eq!((devices.len(), unlisted), (MOST_DEVICES, 3));
    }

    #[test]
    fn a_group_is_told_of_though_nothing_came() {
        let mut tally = Tally::default();
        let group: IpAddr = [224, 0, 0, 251].into();
        tally.listen((0, "eth0"), group);
        tally.listen((1, "eth1"), group);
        for from in [[10, 0, 0, 1], [10, 0, 0, 2], [10, 0, 0, 1]] {
            tally.heard(1, group, from.into(), 7);
        }
        let (_, groups, _) = tally.end();
        let told: Vec<_> = groups.iter().map(|it| (it.datagrams, it.hosts, it.last_ms)).collect();
        assert_eq!(told, [(0, 0, None), (3, 2, Some(7))]);
    }
}
