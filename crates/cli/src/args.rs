//! The options that verbs share: the network, and the console.

use clap::{ArgAction, Args, ColorChoice};
use log::LevelFilter;
use mcast_net::{Selector, Settings};

use crate::failure::Failure;
use crate::parse::{Group, GroupName, Protocol};
use crate::render::Format;
use crate::terminal;

/// How to talk to the person.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Console {
    /// Print only errors on stderr
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print more: on stderr which interfaces are used, and why; with found services their lease. -vv: on
    /// stderr every datagram
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to use colours: auto, always or never; auto obeys NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", default_value_t, hide_possible_values = true)]
    pub(crate) color: ColorChoice,
}

impl Console {
    /// Puts it in force for the whole process.
    pub(crate) fn set_up(&self) {
        match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        terminal::show_log(match (self.quiet, self.verbose) {
            (true, _) => LevelFilter::Error,
            (_, 0) => LevelFilter::Warn,
            (_, 1) => LevelFilter::Info,
            _ => LevelFilter::Trace,
        });
    }
}

/// Which network, of both families where none is chosen.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct LinkArgs {
    /// Use this interface: a name, number, address or pattern (eth*). A leading ! excludes it. May
    /// be repeated [default: all that are up and can multicast; loopback if there is no other]
    #[arg(short, long = "interface", value_name = "INTERFACE")]
    pub(crate) interfaces: Vec<Selector>,

    /// Use only IPv4 [default: both]
    #[arg(short = '4', long)]
    pub(crate) ipv4: bool,

    /// Use only IPv6 [default: both]
    #[arg(short = '6', long)]
    pub(crate) ipv6: bool,

    /// Print JSON Lines: one object an event, as it happens; see mcast help json
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Which network, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// The multicast group. May be repeated. listen also takes the name of a protocol, for its groups: mdns,
    /// ssdp, wsd, coap or mcast [default: 224.1.1.1:50008, with -6 [ff12::5008]:50008]
    #[arg(short, long = "group", value_name = "ADDR[:PORT]")]
    groups: Vec<GroupName>,

    /// Use this interface: a name, number, address or pattern (eth*). A leading ! excludes it. May
    /// be repeated [default: all that are up and can multicast; loopback if there is no other]
    #[arg(short, long = "interface", value_name = "INTERFACE")]
    interfaces: Vec<Selector>,

    /// Use IPv4 [default]; with -6, both
    #[arg(short = '4', long)]
    ipv4: bool,

    /// Use IPv6; with -4, both
    #[arg(short = '6', long)]
    ipv6: bool,

    /// How far a multicast datagram travels (IPv4 TTL, IPv6 hop limit): 0 stays on this machine, 1
    /// stays on this network, and each router on the way takes one away
    #[arg(long, value_name = "N", default_value_t = 1)]
    ttl: u8,

    /// Do not deliver our multicast to programs on this machine; on Windows, theirs to us
    #[arg(long)]
    no_loop: bool,

    /// Print JSON Lines: one object an event; see mcast help json
    ///
    /// Every event has its line, however fast they come: under a flood respond and listen print some
    /// 250,000 lines a second, 40 MB. Text shows 20 lines a second of one source and 200 in all, of one
    /// that says more a line a second, and sums up the rest.
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

impl NetworkArgs {
    /// The form of the output: text unless JSON is asked for.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Text }
    }

    /// The settings that these options stand for, to speak this protocol.
    pub(crate) fn settings(&self, protocol: Protocol) -> Result<Settings, Failure> {
        let is_foreign = |group: &&GroupName| matches!(group, GroupName::Protocol { .. });
        if let Some(GroupName::Protocol { name, v4, .. }) = self.groups.iter().find(is_foreign) {
            return Err(Failure::usage(format!(
                "-g {name} is for mcast listen: its devices would not understand what is said here; \
                 where that is meant, write -g {v4}"
            )));
        }
        self.settings_to_listen(protocol)
    }

    /// The same to hear and say nothing.
    pub(crate) fn settings_to_listen(&self, protocol: Protocol) -> Result<Settings, Failure> {
        self.settings_with(protocol, &self.groups(protocol)?)
    }

    /// The same in the protocol's own groups, whatever groups are given.
    pub(crate) fn settings_apart(&self, protocol: Protocol) -> Result<Settings, Failure> {
        let families: Vec<bool> = self.groups(protocol)?.iter().map(Group::is_ipv6).collect();
        let v4 = families.contains(&false).then(|| protocol.group_v4());
        let v6 = families.contains(&true).then(|| protocol.group_v6());
        self.settings_with(protocol, &v4.into_iter().chain(v6).collect::<Vec<_>>())
    }

    fn settings_with(&self, protocol: Protocol, groups: &[Group]) -> Result<Settings, Failure> {
        let groups = groups
            .iter()
            .map(|group| group.address(protocol, mcast_net::interfaces))
            .collect::<Result<_, _>>()?;
        Ok(Settings {
            groups,
            interfaces: self.interfaces.clone(),
            ttl: self.ttl,
            multicast_loop: !self.no_loop,
            ..Settings::default()
        })
    }

    fn groups(&self, protocol: Protocol) -> Result<Vec<Group>, Failure> {
        let NetworkArgs { groups, ipv4, ipv6, .. } = self;
        if groups.is_empty() {
            let v4 = (*ipv4 || !ipv6).then(|| protocol.group_v4());
            return Ok(v4.into_iter().chain(ipv6.then(|| protocol.group_v6())).collect());
        }
        // Neither of the two means whatever the groups are.
        let is_wanted = |group: &Group| ipv4 == ipv6 || group.is_ipv6() == *ipv6;
        let groups: Vec<Group> =
            groups.iter().flat_map(|group| group.groups(*ipv4, *ipv6)).collect();
        match groups.iter().find(|group| !is_wanted(group)) {
            Some(group) => Err(Failure::usage(format!(
                "group {group} is not {}: leave out the {}, or the group",
                if *ipv4 { "IPv4" } else { "IPv6" },
                if *ipv4 { "-4" } else { "-6" },
            ))),
            None => Ok(groups),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        network: NetworkArgs,
    }

    fn groups(line: &str) -> Result<Vec<String>, String> {
        let words = ["mcast"].into_iter().chain(line.split_whitespace());
        let Line { network } = Line::try_parse_from(words).expect("it parses");
        let settings = network.settings(Protocol::Plain).map_err(|failure| failure.to_string())?;
        Ok(settings.groups.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_families_choose_the_default_groups() {
        let (v4, v6) = ("224.1.1.1:50008".to_owned(), "[ff12::5008]:50008".to_owned());
        assert_eq!(groups(""), Ok(vec![v4.clone()]));
        assert_eq!(groups("-4"), Ok(vec![v4.clone()]));
        assert_eq!(groups("-6"), Ok(vec![v6.clone()]));
        assert_eq!(groups("-4 -6"), Ok(vec![v4, v6]));
    }

    #[test]
    fn only_who_listens_has_the_groups_of_other_protocols() {
        assert!(groups("-g mdns").unwrap_err().contains("write -g 224.0.0.251:5353"));
        let heard = |line: &str| {
            let words = ["mcast"].into_iter().chain(line.split_whitespace());
            let Line { network } = Line::try_parse_from(words).unwrap();
            let settings = network.settings_to_listen(Protocol::Plain);
            settings.map_err(|failure| failure.to_string()).map(|settings| settings.groups)
        };
        let (v4, v6) = ("224.0.0.251:5353".parse().unwrap(), "[ff02::fb]:5353".parse().unwrap());
        assert_eq!(heard("-g mdns"), Ok(vec![v4]));
        assert_eq!(heard("-46 -g mdns"), Ok(vec![v4, v6]));
        assert_eq!(heard("-6 -g mdns"), Ok(vec![v6]));
        assert!(heard("-6 -g mdns -g 224.1.1.1").unwrap_err().contains("is not IPv6"));
    }

    #[test]
    fn groups_that_are_given_need_no_family_but_must_be_of_the_one_that_is_asked_for() {
        let both = Ok(vec!["239.1.2.3:50008".to_owned(), "[ff05::beef]:4000".to_owned()]);
        assert_eq!(groups("-g 239.1.2.3 -g [ff05::beef]:4000"), both);
        assert_eq!(groups("-4 -6 -g 239.1.2.3 -g [ff05::beef]:4000"), both);
        assert!(groups("-4 -g ff05::beef").unwrap_err().contains("is not IPv4"));
        assert!(groups("-6 -g 239.1.2.3 -g ff05::beef").unwrap_err().contains("is not IPv6"));
    }
}
