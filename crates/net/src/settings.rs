//! What an endpoint is to be.

use std::net::{IpAddr, SocketAddr};

use crate::interfaces::selector::Selector;
use crate::{Error, ErrorKind};

/// What to open. Every field has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Multicast addresses with their ports; empty: those of the machine's protocol, where the machine is
    /// known ([`Driver::open`](crate::Driver::open)). An IPv6 address with a scope id is used on the
    /// interface of that number alone.
    pub groups: Vec<SocketAddr>,
    /// Which interfaces to use; empty: the [default choice](crate::Selector#the-default-choice).
    pub interfaces: Vec<Selector>,
    /// How far a multicast datagram goes: IPv4's time to live (RFC 1112 section 6.1) and IPv6's hop limit
    /// (RFC 3493 section 5.2). 1 stays on this network, and each router on the way takes one. At 0 all stays on
    /// this host, what is sent to one peer too: loopback interfaces alone are used.
    pub ttl: u8,
    /// Whether this host's own members hear what it multicasts. On Windows the system asks this of the one
    /// who hears (`IP_MULTICAST_LOOP`): without it a member hears nobody of this host, and an asker is heard
    /// all the same.
    pub multicast_loop: bool,
    /// The port that an asker sends from, so that a firewall's rule can name it; 0: one that the
    /// system chooses.
    pub source_port: u16,
    /// What an asker sends to the groups goes to this port of the IPv4 broadcast address of each network
    /// as well (RFC 919 section 7); with it there need be no groups. It needs leave: whoever hears it did
    /// not ask for it.
    pub broadcast: Option<u16>,
    /// A member hears these sources alone (source-specific multicast, RFC 4607); empty: any.
    pub sources: Vec<IpAddr>,
    /// Groups that one who also asks hears besides, at the ports of the others of their family; nothing is
    /// sent to them.
    pub heard_besides: Vec<IpAddr>,
}

impl Default for Settings {
    /// The machine's own groups, on this link only.
    fn default() -> Settings {
        Settings {
            groups: Vec::new(),
            interfaces: Vec::new(),
            ttl: 1,
            multicast_loop: true,
            source_port: 0,
            broadcast: None,
            sources: Vec::new(),
            heard_besides: Vec::new(),
        }
    }
}

impl Settings {
    /// All groups that a member hears.
    pub(crate) fn heard(&self) -> Vec<SocketAddr> {
        let mut heard = self.groups.clone();
        for &ip in &self.heard_besides {
            for group in self.groups.iter().filter(|group| group.is_ipv4() == ip.is_ipv4()) {
                let besides = SocketAddr::new(ip, group.port());
                if !heard.contains(&besides) {
                    heard.push(besides);
                }
            }
        }
        heard
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Settings, message));
        if self.broadcast == Some(0) {
            return wrong("0 is no port to broadcast to".into());
        }
        if self.groups.is_empty() && self.broadcast.is_none() {
            return wrong("no group is given: name one, or open the sockets of a machine".into());
        }
        for group in &self.groups {
            if !group.ip().is_multicast() {
                return wrong(format!(
                    "{} is not a multicast address: those are 224.0.0.0 to 239.255.255.255 and ff00::/8",
                    group.ip()
                ));
            }
            if group.port() == 0 {
                return wrong(format!("{group} has no port"));
            }
        }
        for source in &self.sources {
            if source.is_multicast() || source.is_unspecified() {
                return wrong(format!("{source} is not a source: it is no host's address"));
            }
            if !self.groups.iter().any(|group| group.is_ipv4() == source.is_ipv4()) {
                return wrong(format!("source {source} is of another family than the groups"));
            }
        }
        Ok(())
    }

    /// The sources that apply to a group: those of its family.
    pub(crate) fn sources_of(&self, group: SocketAddr) -> impl Iterator<Item = IpAddr> {
        self.sources.iter().copied().filter(move |source| source.is_ipv4() == group.is_ipv4())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_besides_is_of_the_families_and_ports_of_the_groups() {
        let all_hosts: Vec<IpAddr> = vec![[224, 0, 0, 1].into(), "ff02::1".parse().unwrap()];
        let with = |groups: &[&str]| {
            let groups = groups.iter().map(|group| group.parse().unwrap()).collect();
            let settings =
                Settings { groups, heard_besides: all_hosts.clone(), ..Settings::default() };
            settings.heard().iter().map(SocketAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(with(&["239.1.1.1:7"]), ["239.1.1.1:7", "224.0.0.1:7"]);
        assert_eq!(with(&["[ff12::1]:7"]), ["[ff12::1]:7", "[ff02::1]:7"]);
        assert_eq!(
            with(&["239.1.1.1:7", "239.1.1.2:7", "224.0.0.1:8"]),
            ["239.1.1.1:7", "239.1.1.2:7", "224.0.0.1:8", "224.0.0.1:7"]
        );
        assert_eq!(with(&[]), [""; 0]);
    }

    #[test]
    fn settings_that_contradict_are_refused() {
        let with_group =
            |group: &str| Settings { groups: vec![group.parse().unwrap()], ..Settings::default() };
        assert!(with_group("224.1.1.1:50008").check().is_ok());
        assert!(with_group("[ff12::5008]:50008").check().is_ok());
        for wrong in ["10.0.0.1:50008", "[fe80::1]:50008", "224.1.1.1:0"] {
            let error = with_group(wrong).check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings, "{wrong}");
        }
        assert!(Settings::default().check().is_err());
        let broadcast = |port| Settings { broadcast: Some(port), ..Settings::default() };
        assert!(broadcast(9).check().is_ok() && broadcast(0).check().is_err());
        for wrong in ["224.1.1.1", "0.0.0.0", "2001:db8::1"] {
            let sources = vec![wrong.parse().unwrap()];
            assert!(
                Settings { sources, ..with_group("224.1.1.1:50008") }.check().is_err(),
                "{wrong}"
            );
        }
    }
}
