//! A group by its address, or by the name of the protocol whose it is.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use mcast_dialects::{coap, mdns, ssdp, wsd};
use mcast_proto::service;

use super::group::Group;

/// The protocols that have groups of their own: their groups of both families and their ports.
const PROTOCOLS: [(&str, Ipv4Addr, Ipv6Addr, u16); 5] = [
    ("mdns", mdns::GROUP_V4, mdns::GROUP_V6, mdns::PORT),
    ("ssdp", ssdp::GROUP_V4, ssdp::GROUP_V6, ssdp::PORT),
    ("wsd", wsd::GROUP_V4, wsd::GROUP_V6, wsd::PORT),
    ("coap", coap::GROUP_V4, coap::GROUP_V6, coap::PORT),
    ("mcast", service::GROUP_V4, service::GROUP_V6, service::PORT),
];

/// What stands after `-g`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupName {
    /// A group by its address.
    Address(Group),
    /// The groups of a protocol.
    Protocol {
        /// As it is called.
        name: &'static str,
        v4: Group,
        v6: Group,
    },
}

impl FromStr for GroupName {
    type Err = String;

    fn from_str(text: &str) -> Result<GroupName, String> {
        let known = PROTOCOLS.into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(text));
        match known {
            Some((name, v4, v6, port)) => Ok(GroupName::Protocol {
                name,
                v4: Group::new(v4.into(), port),
                v6: Group::new(v6.into(), port),
            }),
            None => text.parse().map(GroupName::Address),
        }
    }
}

impl GroupName {
    /// The groups that it stands for: of a protocol those of the families that are asked for, else that of IPv4.
    pub(crate) fn groups(&self, ipv4: bool, ipv6: bool) -> Vec<Group> {
        match self {
            GroupName::Address(group) => vec![group.clone()],
            GroupName::Protocol { v4, v6, .. } => {
                let v4 = (ipv4 || !ipv6).then(|| v4.clone());
                v4.into_iter().chain(ipv6.then(|| v6.clone())).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_stands_for_its_groups() {
        let shown = |text: &str, ipv4, ipv6| {
            let groups = text.parse::<GroupName>().unwrap().groups(ipv4, ipv6);
            groups.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown("mdns", false, false), ["224.0.0.251:5353"]);
        assert_eq!(shown("SSDP", true, false), ["239.255.255.250:1900"]);
        assert_eq!(shown("wsd", false, true), ["[ff02::c]:3702"]);
        assert_eq!(shown("coap", true, true), ["224.0.1.187:5683", "[ff02::fd]:5683"]);
        assert_eq!(shown("mcast", false, false), ["239.255.80.9:50009"]);
        assert_eq!(shown("239.1.2.3:4", false, true), ["239.1.2.3:4"]);
        assert!("mdn".parse::<GroupName>().unwrap_err().contains("not an IP address"));
    }
}
