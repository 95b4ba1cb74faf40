//! Numbers of interfaces that were asked for: a card that is plugged in again has a new one.

use std::net::SocketAddr;

use crate::interfaces::interface::Interface;
use crate::interfaces::selector::Selector;
use crate::interfaces::zone::zone;
use crate::settings::Settings;
use crate::{Error, ErrorKind};

/// The names that the interfaces had whose numbers were asked for.
#[derive(Debug)]
pub(crate) struct Numbers(Vec<(u32, String)>);

impl Numbers {
    /// Takes down the names.
    ///
    /// # Errors
    ///
    /// Where a group is of an interface that is not there.
    pub(crate) fn new(settings: &Settings, interfaces: &[Interface]) -> Result<Numbers, Error> {
        let is_there = |number: &u32| interfaces.iter().any(|it| it.index == *number);
        for &group in &settings.groups {
            if let Some(zone) = zone(group).filter(|zone| !is_there(zone)) {
                let names: Vec<&str> = interfaces.iter().map(|i| i.name.as_str()).collect();
                let (group, names) = (group.ip(), names.join(", "));
                return Err(Error::new(
                    ErrorKind::UnknownInterface,
                    format!(
                        "{group}%{zone}: no interface with the number {zone}; there are: {names}"
                    ),
                ));
            }
        }
        let mut asked_for = Vec::new();
        each_number(&mut settings.clone(), |number| asked_for.push(*number));
        let there = interfaces.iter().filter(|it| asked_for.contains(&it.index));
        Ok(Numbers(there.map(|it| (it.index, it.name.clone())).collect()))
    }

    /// Puts the numbers of now in place of those of interfaces that have gone and come back.
    pub(crate) fn follow(&mut self, settings: &mut Settings, interfaces: &[Interface]) {
        for (number, name) in &mut self.0 {
            if let Some(same) = interfaces.iter().find(|it| it.index == *number) {
                name.clone_from(&same.name);
            } else if let Some(back) = interfaces.iter().find(|it| it.name == *name) {
                each_number(settings, |asked_for| {
                    if asked_for == number {
                        *asked_for = back.index;
                    }
                });
                *number = back.index;
            }
        }
    }
}

/// Goes through the numbers that are asked for.
fn each_number(settings: &mut Settings, mut change: impl FnMut(&mut u32)) {
    for group in &mut settings.groups {
        if let SocketAddr::V6(group) = group
            && group.scope_id() != 0
        {
            let mut zone = group.scope_id();
            change(&mut zone);
            group.set_scope_id(zone);
        }
    }
    for selector in &mut settings.interfaces {
        let mut selector = selector;
        while let Selector::Except(excluded) = selector {
            selector = excluded;
        }
        if let Selector::Index(number) = selector {
            change(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interfaces(all: &[(u32, &str)]) -> Vec<Interface> {
        let interface = |&(index, name): &(u32, &str)| Interface {
            index,
            name: name.into(),
            addresses: Vec::new(),
            routes: Vec::new(),
            up: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
        };
        all.iter().map(interface).collect()
    }

    fn settings(group: &str, selectors: &[&str]) -> Settings {
        let interfaces = selectors.iter().map(|text| text.parse().unwrap()).collect();
        Settings { groups: vec![group.parse().unwrap()], interfaces, ..Settings::default() }
    }

    #[test]
    fn a_group_of_an_interface_that_is_not_there_is_told_so() {
        let there = interfaces(&[(1, "lo"), (2, "eth0")]);
        let error = Numbers::new(&settings("[ff12::1%9]:7", &[]), &there).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownInterface);
        let text = "ff12::1%9: no interface with the number 9; there are: lo, eth0";
        assert_eq!(error.to_string(), text);
        assert!(Numbers::new(&settings("[ff12::1%2]:7", &[]), &there).is_ok());
        assert!(Numbers::new(&settings("[ff12::1]:7", &["!9"]), &there).is_ok());
    }

    #[test]
    fn numbers_follow_a_card_that_comes_back() {
        let mut asked = settings("[ff12::1%2]:7", &["2", "!3", "4", "eth0"]);
        let before = interfaces(&[(2, "eth0"), (3, "eth1"), (4, "eth2")]);
        let mut numbers = Numbers::new(&asked, &before).unwrap();
        let as_it_was = asked.clone();
        numbers.follow(&mut asked, &interfaces(&[(3, "eth1"), (4, "renamed")]));
        assert_eq!(asked, as_it_was);
        for (back, eth1) in [(7, 8), (9, 10)] {
            let now = interfaces(&[(4, "renamed"), (6, "eth2"), (back, "eth0"), (eth1, "eth1")]);
            numbers.follow(&mut asked, &now);
            let [group, first, second] =
                [format!("[ff12::1%{back}]:7"), back.to_string(), format!("!{eth1}")];
            assert_eq!(asked, settings(&group, &[&first, &second, "4", "eth0"]));
        }
    }
}
