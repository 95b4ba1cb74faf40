//! What is asked in each dialect, and what is heard in it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use mcast_dialects::mdns::wire::{Data, Message, Name};
use mcast_dialects::{mdns, ssdp, wsd};
use mcast_proto::{Path, service};

/// What a group is listened to for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dialect {
    Mdns,
    Ssdp,
    Wsd,
    /// The structured protocol's group, where nothing is asked: what comes there is only counted.
    Own,
}

/// What a datagram to the group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// A question of somebody else's.
    Asks,
    /// An answer or an announcement.
    Offers,
}

impl Dialect {
    pub(super) const ALL: [Dialect; 4] = [Dialect::Mdns, Dialect::Ssdp, Dialect::Wsd, Dialect::Own];

    /// In scan's word; `None` where hosts are not told apart.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Dialect::Mdns => Some("mdns"),
            Dialect::Ssdp => Some("ssdp"),
            Dialect::Wsd => Some("wsd"),
            Dialect::Own => None,
        }
    }

    /// Its group of the family of this address, and the port.
    pub(super) fn group(self, family: IpAddr) -> (IpAddr, u16) {
        let v4 = family.is_ipv4();
        let pick = |four: std::net::Ipv4Addr, six: std::net::Ipv6Addr| -> IpAddr {
            if v4 { four.into() } else { six.into() }
        };
        match self {
            Dialect::Mdns => (pick(mdns::GROUP_V4, mdns::GROUP_V6), mdns::PORT),
            Dialect::Ssdp => (pick(ssdp::GROUP_V4, ssdp::GROUP_V6), ssdp::PORT),
            Dialect::Wsd => (pick(wsd::GROUP_V4, wsd::GROUP_V6), wsd::PORT),
            Dialect::Own => (pick(service::GROUP_V4, service::GROUP_V6), service::PORT),
        }
    }

    /// How far its standard has questions to the group travel (RFC 6762 section 11, UPnP Device Architecture 1.1
    /// section 1.1.2).
    pub(super) fn ttl(self) -> u8 {
        match self {
            Dialect::Mdns => 255,
            Dialect::Ssdp => 2,
            Dialect::Wsd | Dialect::Own => 1,
        }
    }

    /// Whether one host may be asked alone (RFC 6762 section 5.5, UPnP Device Architecture 1.1 section 1.3.2).
    pub(super) fn asks_directly(self) -> bool {
        matches!(self, Dialect::Mdns | Dialect::Ssdp)
    }

    /// What a datagram to the group is, or `None` where it is not of the dialect.
    pub(super) fn said_to_group(self, datagram: &[u8]) -> Option<Said> {
        let offers = match self {
            Dialect::Mdns => Message::read(datagram)?.is_response(),
            Dialect::Ssdp => ssdp::Kind::of(datagram)? != ssdp::Kind::Search,
            Dialect::Wsd => wsd::read(datagram)?.0 != wsd::Kind::Question,
            Dialect::Own => return None,
        };
        Some(if offers { Said::Offers } else { Said::Asks })
    }
}

/// The questions of one card and family: those of multicast DNS are for what was announced there.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Types that hosts announced, as their names stand in a message.
    types: BTreeSet<Vec<u8>>,
    /// Numbers of probes that were sent.
    probes: BTreeSet<String>,
    /// The types that each host announced.
    of_hosts: BTreeMap<IpAddr, BTreeSet<Vec<u8>>>,
}

/// Which types there are (RFC 6763 section 9).
const TYPES: &[u8] = b"\x09_services\x07_dns-sd\x04_udp\x05local\x00";

/// Types that many have: printers, televisions, speakers, hosts.
const USUAL: [&[u8]; 4] = [
    b"\x04_ipp\x04_tcp\x05local\x00",
    b"\x0b_googlecast\x04_tcp\x05local\x00",
    b"\x08_airplay\x04_tcp\x05local\x00",
    b"\x05_http\x04_tcp\x05local\x00",
];

/// Types that are asked for in one question.
const MOST_TYPES: usize = 8;
/// Types that are remembered, of all and of each host; and hosts.
const MOST_REMEMBERED: usize = 64;
const MOST_OF_HOST: usize = 4;

impl Questions {
    /// The next question to the group, which is different each time.
    pub(super) fn next(&mut self, dialect: Dialect) -> Vec<u8> {
        match dialect {
            Dialect::Mdns => self.mdns(mcast_net::seed() as u16),
            Dialect::Ssdp => {
                let mut bytes = Vec::new();
                ssdp::search("ssdp:all", 1, &mut bytes);
                bytes
            }
            Dialect::Wsd => {
                let random = [mcast_net::seed(), mcast_net::seed()].map(u64::to_be_bytes);
                let mut id: [u8; 16] = [0; 16];
                id[..8].copy_from_slice(&random[0]);
                id[8..].copy_from_slice(&random[1]);
                let (bytes, number) = wsd::probe(id);
                self.probes.insert(number);
                bytes
            }
            Dialect::Own => Vec::new(),
        }
    }

    /// A question of multicast DNS that is to be answered to the group (RFC 6762 section 18.1).
    pub(super) fn for_group(&self) -> Vec<u8> {
        self.mdns(0)
    }

    /// A question for one host alone, and its port.
    pub(super) fn directly(&self, dialect: Dialect, to: SocketAddr) -> Vec<u8> {
        match dialect {
            Dialect::Ssdp => {
                let mut bytes = Vec::new();
                ssdp::search_one(Path::new(to), "ssdp:all", &mut bytes);
                bytes
            }
            _ => {
                let own = self.of_hosts.get(&to.ip()).into_iter().flatten().map(Vec::as_slice);
                mdns::question(mcast_net::seed() as u16, std::iter::once(TYPES).chain(own))
            }
        }
    }

    /// Whether a datagram to the asking socket is an answer.
    pub(super) fn is_answer(&self, dialect: Dialect, datagram: &[u8]) -> bool {
        match dialect {
            Dialect::Mdns => Message::read(datagram).is_some_and(|it| it.is_response()),
            Dialect::Ssdp => ssdp::Kind::of(datagram) == Some(ssdp::Kind::Answer),
            Dialect::Wsd => wsd::read(datagram).is_some_and(|(kind, number)| {
                kind == wsd::Kind::Matches && number.is_some_and(|it| self.probes.contains(&it))
            }),
            Dialect::Own => false,
        }
    }

    /// Remembers which types a host announces.
    pub(super) fn learn(&mut self, host: IpAddr, datagram: &[u8]) {
        let Some(message) = Message::read(datagram) else { return };
        for record in message.records() {
            let Data::Ptr(_) = record.data else { continue };
            let name = in_one_piece(record.name);
            if name == TYPES || !is_type(record.name) {
                continue;
            }
            if self.of_hosts.len() < MOST_REMEMBERED || self.of_hosts.contains_key(&host) {
                let of_host = self.of_hosts.entry(host).or_default();
                if of_host.len() < MOST_OF_HOST {
                    of_host.insert(name.clone());
                }
            }
            if self.types.len() < MOST_REMEMBERED {
                self.types.insert(name);
            }
        }
    }

    fn mdns(&self, id: u16) -> Vec<u8> {
        let announced = self.types.iter().map(Vec::as_slice);
        let usual = USUAL.iter().copied().filter(|usual| !self.types.contains(*usual));
        let names = std::iter::once(TYPES).chain(announced).chain(usual);
        mdns::question(id, names.take(MOST_TYPES))
    }
}

/// Whether a name is that of a type of services (RFC 6763 section 7).
fn is_type(name: Name<'_>) -> bool {
    let mut labels = name.labels();
    let is_marked = |label: Option<&[u8]>| label.is_some_and(|label| label.starts_with(b"_"));
    is_marked(labels.next()) && is_marked(labels.next()) && labels.count() == 1
}

fn in_one_piece(name: Name<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.labels() {
        // A label has 63 bytes at the most.
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label);
    }
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_no_offer_and_is_different_each_time() {
        let mut questions = Questions::default();
        for dialect in [Dialect::Mdns, Dialect::Ssdp, Dialect::Wsd] {
            let question = questions.next(dialect);
            assert_eq!(dialect.said_to_group(&question), Some(Said::Asks), "{dialect:?}");
            assert_eq!(dialect.said_to_group(b"x"), None);
            assert!(!questions.is_answer(dialect, &question));
            let is_new = questions.next(dialect) != question;
            assert_eq!(is_new, dialect != Dialect::Ssdp, "SSDP has no numbers");
        }
        assert_eq!(questions.for_group()[..2], [0, 0]);
    }

    #[test]
    fn who_announced_a_type_is_asked_for_it() {
        let announcement = include_bytes!("../../../../dialects/fixtures/mdns/avahi-announce.bin");
        assert_eq!(Dialect::Mdns.said_to_group(announcement), Some(Said::Offers));
        let host: IpAddr = [10, 0, 0, 2].into();
        let mut questions = Questions::default();
        questions.learn(host, announcement);
        let asked = |bytes: Vec<u8>| Message::read(&bytes).unwrap().questions().count();
        let known = asked(questions.directly(Dialect::Mdns, (host, 5353).into()));
        let unknown = asked(questions.directly(Dialect::Mdns, ([10, 0, 0, 3], 5353).into()));
        assert!(known > 1 && unknown == 1, "{known} and {unknown}");
        assert!(asked(questions.for_group()) <= MOST_TYPES);
    }

    #[test]
    fn an_answer_to_somebody_elses_probe_is_none_to_us() {
        let mut questions = Questions::default();
        questions.next(Dialect::Wsd);
        let matches = include_bytes!("../../../../dialects/fixtures/wsd/wsdd-probe-matches.bin");
        assert!(!questions.is_answer(Dialect::Wsd, matches));
        let number = wsd::read(matches).unwrap().1.unwrap();
        questions.probes.insert(number);
        assert!(questions.is_answer(Dialect::Wsd, matches));
    }
}
