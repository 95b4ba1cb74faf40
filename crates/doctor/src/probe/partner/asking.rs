//! Questions to the groups, each with a number of its own, and which of them the partner answered.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use mcast_net::{Batch, Ear};
use mcast_proto::wire::{Datagram, Query, decode};
use mcast_proto::{Instant, plain, service};
use socket2::SockRef;

use super::super::card::Card;
use super::super::socket::{ToGroups, at_group, join, private, read};
use super::tally::{Tally, Topic};
use crate::facts::Way;

/// For how long an answer to a question is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// What a plain responder is asked with: its beginning; a number follows.
const PLAIN: &[u8] = b"mcast doctor ";

/// The questions that are answered to the group.
const FOR_GROUP: Topic = Topic::Way(Way::GroupThenGroup);

/// Which of the partner's responders is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Service,
    Plain,
}

/// A question that waits for its answer.
struct Waiting {
    topic: Topic,
    at: Instant,
}

/// Asks by one card and hears the answers of one host.
pub(super) struct Asking {
    host: IpAddr,
    card: Card,
    /// Hears answers by unicast.
    asker: Option<Ear>,
    /// Hears answers to the routed group.
    member: Option<Ear>,
    /// Asks plain responders, which say nothing of the question that they answer.
    plain: Option<Ear>,
    waiting: BTreeMap<u64, Waiting>,
    waiting_plain: Vec<Waiting>,
    pub(super) service: Tally,
    pub(super) plain_tally: Tally,
    /// What the partner's services are known by: it may answer from another of its addresses.
    ids: Vec<u64>,
    /// The greatest TTL or hop limit that an answer by unicast came with.
    pub(super) ttl: Option<u8>,
}

impl Asking {
    /// Opens the sockets; those that are refused are missing, and what was to be asked by them counts as not
    /// asked.
    pub(super) fn open(card: &Card, host: IpAddr) -> Asking {
        // The partner may be this host itself.
        let to_groups = ToGroups { ttl: 1, looped: true };
        let opened = |socket: io::Result<Ear>| {
            socket.inspect_err(|why| log::info!("{}: {why}", card.interface.name)).ok()
        };
        let asker = card.source_for(host).map(|own| private(card, own, to_groups));
        let (group, port) = routed(host, To::Service);
        let member = at_group(card, (group, port), to_groups)
            .and_then(|socket| join(&socket, card, group).map(|()| socket));
        let plain = card.source_for(host).filter(IpAddr::is_ipv4);
        Asking {
            host,
            card: card.clone(),
            asker: asker.and_then(opened),
            member: opened(member),
            plain: plain.map(|own| private(card, own, to_groups)).and_then(opened),
            waiting: BTreeMap::new(),
            waiting_plain: Vec::new(),
            service: Tally::default(),
            plain_tally: Tally::default(),
            ids: Vec::new(),
            ttl: None,
        }
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        [&self.asker, &self.member, &self.plain].into_iter().flatten().map(|ear| &**ear)
    }

    /// Which of its responders has answered.
    pub(super) fn responder(&self) -> Option<To> {
        if self.service.has_answer() {
            Some(To::Service)
        } else if self.plain_tally.has_answer() {
            Some(To::Plain)
        } else {
            None
        }
    }

    /// Puts one question.
    pub(super) fn ask(&mut self, to: To, topic: Topic, now: Instant) {
        match to {
            To::Service => self.ask_service(topic, now),
            To::Plain => self.ask_plain(topic, now),
        }
    }

    fn ask_service(&mut self, topic: Topic, now: Instant) {
        let Some(socket) = &self.asker else { return };
        let txn = mcast_net::seed();
        let mut query = Query { salt: mcast_net::seed(), ..Query::new(txn, 1) };
        query.multicast_reply = topic == FOR_GROUP;
        if let Topic::Size(bytes) = topic {
            query.length = bytes as usize;
        }
        let mut bytes = Vec::new();
        Datagram::Query(query).encode(None, &mut bytes);
        let group = match topic {
            Topic::Way(Way::LinkThenUnicast | Way::LinkThenLink) => of_link(self.host),
            _ => routed(self.host, To::Service).0,
        };
        let sent = send(socket, topic, &bytes, self.card.at(group, service::PORT));
        if self.service.asked(topic, &sent) {
            self.waiting.insert(txn, Waiting { topic, at: now });
        }
    }

    /// A plain responder answers by unicast whatever it was sent.
    fn ask_plain(&mut self, topic: Topic, now: Instant) {
        let Some(socket) = &self.plain else { return };
        let mut bytes = [PLAIN, format!("{:016x}", mcast_net::seed()).as_bytes()].concat();
        if let Topic::Size(length) = topic {
            bytes.resize(length as usize, b'.');
        }
        let (group, port) = routed(self.host, To::Plain);
        let sent = send(socket, topic, &bytes, SocketAddr::new(group, port));
        if self.plain_tally.asked(topic, &sent) {
            self.waiting_plain.push(Waiting { topic, at: now });
        }
    }

    /// Reads what has come, and forgets those questions that nobody answers any more.
    pub(super) fn hear(&mut self, batch: &mut Batch, (now, ms): (Instant, u64)) {
        self.hear_asker(batch, (now, ms));
        self.hear_member(batch, (now, ms));
        self.hear_plain(batch, (now, ms));
        self.waiting.retain(|_, it| now - it.at < PATIENCE);
        self.waiting_plain.retain(|it| now - it.at < PATIENCE);
    }

    fn hear_asker(&mut self, batch: &mut Batch, (now, ms): (Instant, u64)) {
        let Asking { asker, host, ids, waiting, service, ttl, .. } = self;
        read(batch, asker.as_ref(), |origin, bytes| {
            let Ok(Datagram::Reply(reply)) = decode(bytes) else { return };
            let from = origin.from.ip();
            let is_way = |it: &Waiting| it.topic != FOR_GROUP;
            if !is_of(*host, ids, from, reply.id) || !waiting.get(&reply.txn).is_some_and(is_way) {
                return;
            }
            if let Some(it) = waiting.remove(&reply.txn) {
                service.answered(it.topic, now - it.at, ms);
                *ttl = (*ttl).max(origin.ttl.filter(|_| from == *host));
            }
        });
    }

    fn hear_member(&mut self, batch: &mut Batch, (now, ms): (Instant, u64)) {
        let Asking { member, host, card, ids, waiting, service, .. } = self;
        read(batch, member.as_ref(), |origin, bytes| {
            let Ok(Datagram::Reply(reply)) = decode(bytes) else { return };
            let Some(sessions) = reply.tlvs.sessions() else { return };
            // IPv6 on Linux gives what came by other cards too.
            let is_here = origin.interface.is_none_or(|by| by == card.interface.index);
            if !is_here || !is_of(*host, ids, origin.from.ip(), reply.id) {
                return;
            }
            for (txn, _) in sessions.iter() {
                if waiting.get(&txn).is_some_and(|it| it.topic == FOR_GROUP)
                    && let Some(it) = waiting.remove(&txn)
                {
                    service.answered(it.topic, now - it.at, ms);
                }
            }
        });
    }

    fn hear_plain(&mut self, batch: &mut Batch, (now, ms): (Instant, u64)) {
        let Asking { plain, host, waiting_plain, plain_tally, ttl, .. } = self;
        read(batch, plain.as_ref(), |origin, _| {
            if origin.from.ip() == *host
                && let Some(it) = waiting_plain.pop()
            {
                plain_tally.answered(it.topic, now - it.at, ms);
                *ttl = (*ttl).max(origin.ttl);
            }
        });
    }
}

/// Whether an answer is the partner's: from its address, or of a service that was heard from there.
fn is_of(host: IpAddr, ids: &mut Vec<u64>, from: IpAddr, id: u64) -> bool {
    /// Services of one host that are remembered.
    const MOST: usize = 64;
    if from != host {
        return ids.contains(&id);
    }
    if !ids.contains(&id) && ids.len() < MOST {
        ids.push(id);
    }
    true
}

/// The group of mcast's own, and its port.
fn routed(family: IpAddr, to: To) -> (IpAddr, u16) {
    match (to, family) {
        (To::Service, IpAddr::V4(_)) => (service::GROUP_V4.into(), service::PORT),
        (To::Service, IpAddr::V6(_)) => (service::GROUP_V6.into(), service::PORT),
        (To::Plain, _) => (plain::GROUP_V4.into(), plain::PORT),
    }
}

/// The group that every host of the link hears.
fn of_link(family: IpAddr) -> IpAddr {
    let [v4, v6] = service::ALL_HOSTS;
    if family.is_ipv4() { v4 } else { v6 }
}

fn send(socket: &UdpSocket, topic: Topic, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
    let ttl = if let Topic::Ttl(ttl) = topic { ttl } else { 1 };
    match to {
        SocketAddr::V4(_) => SockRef::from(socket).set_multicast_ttl_v4(ttl.into())?,
        SocketAddr::V6(_) => SockRef::from(socket).set_multicast_hops_v6(ttl.into())?,
    }
    socket.send_to(bytes, to)
}
