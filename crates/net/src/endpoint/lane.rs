//! A lane: sockets that serve one purpose, and what they are opened by.

use std::net::SocketAddr;

use mcast_proto as proto;

use crate::endpoint::plan::Role;
use crate::interfaces::choice::{Choice, check_reach};
use crate::interfaces::interface::Interface;
use crate::interfaces::numbers::Numbers;
use crate::settings::Settings;
use crate::{Error, ErrorKind};

#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) role: Role,
    pub(crate) settings: Settings,
    numbers: Numbers,
    pub(crate) choice: Choice,
    /// Datagrams to the groups since the last audit, each counted once.
    pub(crate) to_group: u64,
}

impl Lane {
    /// A lane that has no sockets yet.
    ///
    /// # Errors
    ///
    /// When the settings are wrong, or name what is not there.
    pub(crate) fn new(
        role: Role,
        settings: Settings,
        interfaces: &[Interface],
    ) -> Result<Lane, Error> {
        check_reach(interfaces, &settings)?;
        let numbers = Numbers::new(&settings, interfaces)?;
        Ok(Lane { role, settings, numbers, choice: Choice::default(), to_group: 0 })
    }

    /// Chooses the interfaces anew. Only of the first lane is it told: others choose alike.
    pub(crate) fn choose(&mut self, interfaces: &[Interface], is_first: bool) {
        self.numbers.follow(&mut self.settings, interfaces);
        let choice = Choice::new(interfaces, &self.settings);
        if is_first {
            choice.log_changes(&self.choice);
        }
        self.choice = choice;
    }
}

/// What each lane of a machine is opened by: what the machine needs, and what the user decides.
///
/// # Errors
///
/// When the two contradict.
pub(crate) fn settings_of(
    lanes: &[proto::Lane],
    settings: &Settings,
) -> Result<Vec<(proto::Role, Settings)>, Error> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Settings, message));
    if lanes.len() > 1 && !settings.groups.is_empty() {
        return wrong(format!(
            "groups are given for a machine that has {} lanes, each with groups of its own",
            lanes.len()
        ));
    }
    let is_free = |lane: &&proto::Lane| {
        let asks_from_group = matches!(lane.role, proto::Role::Member | proto::Role::AskingMember);
        !asks_from_group && lane.source_port.is_none()
    };
    if settings.source_port != 0 && lanes.iter().filter(is_free).count() > 1 {
        return wrong(
            "one source port is given for several lanes, of which one can have it".into(),
        );
    }
    lanes.iter().map(|lane| settings_of_one(lane, settings)).collect()
}

fn settings_of_one(
    lane: &proto::Lane,
    settings: &Settings,
) -> Result<(proto::Role, Settings), Error> {
    let mut settings = settings.clone();
    if settings.groups.is_empty() {
        settings.groups.clone_from(&lane.groups);
    }
    let is_other = |group: &&SocketAddr| lane.port.is_some_and(|port| group.port() != port);
    if let (Some(group), Some(port)) = (settings.groups.iter().find(is_other), lane.port) {
        let message = format!("{group} has another port than the machine's, {port}");
        return Err(Error::new(ErrorKind::Settings, message));
    }
    if settings.ttl != 0 {
        settings.ttl = lane.ttl.unwrap_or(settings.ttl);
    }
    settings.source_port = lane.source_port.unwrap_or(settings.source_port);
    settings.broadcast = lane.broadcast.or(settings.broadcast);
    settings.heard_besides.extend(&lane.heard_besides);
    Ok((lane.role, settings))
}

/// An error where a group is heard by two lanes: a datagram to its port on this host would reach one of
/// them alone.
pub(crate) fn check_apart(lanes: &[(Role, Settings)]) -> Result<(), Error> {
    let mut heard: Vec<SocketAddr> = Vec::new();
    for (_, settings) in lanes.iter().filter(|(role, _)| role.hears) {
        let twice = settings.groups.iter().find(|group| heard.contains(group));
        if let Some(group) = twice {
            return Err(Error::new(ErrorKind::Settings, format!("two lanes hear {group}")));
        }
        heard.extend(&settings.groups);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mcast_proto::{Lane, Role};

    use super::*;

    fn group(port: u16) -> SocketAddr {
        ([239, 1, 1, 1], port).into()
    }

    #[test]
    fn the_machine_says_its_groups_and_the_user_the_rest() {
        let lane = |port| Lane::new(Role::Peer, vec![group(port)]);
        let mdns = Lane { ttl: Some(255), source_port: Some(5353), ..lane(5353) };
        let user = Settings { ttl: 4, multicast_loop: false, ..Settings::default() };
        let both = settings_of(&[mdns.clone(), lane(7)], &user).unwrap();
        let opened = |place: usize| {
            let (_, settings) = &both[place];
            (settings.groups.clone(), settings.ttl, settings.source_port, settings.multicast_loop)
        };
        assert_eq!(opened(0), (vec![group(5353)], 255, 5353, false));
        assert_eq!(opened(1), (vec![group(7)], 4, 0, false));
        // What is to stay on this host stays there.
        let inside = Settings { ttl: 0, ..user.clone() };
        assert_eq!(settings_of(&[mdns], &inside).unwrap()[0].1.ttl, 0);
        let other = Settings { groups: vec![group(9)], ..user };
        assert_eq!(settings_of(&[lane(7)], &other).unwrap()[0].1.groups, [group(9)]);
    }

    #[test]
    fn what_no_lane_can_have_is_refused() {
        let lane = |role, port| Lane::new(role, vec![group(port)]);
        let kind = |lanes: &[Lane], settings: &Settings| {
            settings_of(lanes, settings).err().map(|error| error.kind())
        };
        let two = [lane(Role::Asker, 7), lane(Role::Asker, 8)];
        let given = Settings { groups: vec![group(7)], ..Settings::default() };
        assert_eq!(kind(&two, &given), Some(ErrorKind::Settings));
        let ported = Settings { source_port: 9, ..Settings::default() };
        assert_eq!(kind(&two, &ported), Some(ErrorKind::Settings));
        for role in [Role::Member, Role::AskingMember] {
            assert_eq!(kind(&[lane(Role::Asker, 7), lane(role, 8)], &ported), None);
        }
        let bound = Lane { port: Some(8), ..lane(Role::Member, 8) };
        assert_eq!(kind(&[bound], &given), Some(ErrorKind::Settings));
    }

    #[test]
    fn a_group_is_heard_by_one_lane() {
        let (hears, asks) = (
            crate::endpoint::plan::Role { asks: false, hears: true, waits: true },
            crate::endpoint::plan::Role { asks: true, hears: false, waits: true },
        );
        let on = |port| Settings { groups: vec![group(port)], ..Settings::default() };
        assert!(check_apart(&[(hears, on(7)), (asks, on(7)), (hears, on(8))]).is_ok());
        let error = check_apart(&[(hears, on(7)), (hears, on(7))]).unwrap_err();
        assert_eq!(error.to_string(), "two lanes hear 239.1.1.1:7");
    }
}
