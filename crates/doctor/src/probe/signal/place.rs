//! One dialect on one card in one family: its sockets, and what is asked and heard there.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use mcast_net::{Batch, Ear};
use mcast_proto::Instant;

use super::super::card::Card;
use super::super::socket::{ToGroups, at_group, join, private, read};
use super::dialect::{Dialect, Questions, Said};
use super::tally::Tally;
use crate::facts::Asked;

/// Within this time an answer to the group comes after a question (RFC 6762 section 6: 120 ms, or 500 ms
/// where several messages ask).
const SOON: Duration = Duration::from_millis(500);

/// One dialect on one card in one family.
pub(super) struct Place {
    pub(super) card: usize,
    pub(super) name: String,
    index: u32,
    pub(super) dialect: Dialect,
    pub(super) own: IpAddr,
    group: SocketAddr,
    asked: Asked,
    /// Hears the group, and asks from its port.
    member: Option<Ear>,
    /// Asks the group, and hears answers by unicast.
    asker: Option<Ear>,
    /// Asks single hosts: apart from the other, so that answers tell what they answer.
    direct: Option<Ear>,
    questions: Questions,
    /// When a question that wants answers to the group last left.
    asked_group: Option<Instant>,
}

impl Place {
    /// Opens the sockets; those that the kernel refuses are missing.
    pub(super) fn open((place, card): (usize, &Card), dialect: Dialect, own: IpAddr) -> Place {
        let (group, port) = dialect.group(own);
        let to_groups = ToGroups { ttl: dialect.ttl(), looped: false };
        let own = card.source_for(group).unwrap_or(own);
        let member = at_group(card, (group, port), to_groups)
            .and_then(|socket| join(&socket, card, group).map(|()| socket));
        let asks = dialect != Dialect::Own;
        let word = dialect.word().unwrap_or("mcast");
        let opened = |what: &str, socket: io::Result<Ear>| {
            socket
                .inspect_err(|why| log::info!("{}: {word}: {what}: {why}", card.interface.name))
                .ok()
        };
        Place {
            card: place,
            name: card.interface.name.clone(),
            index: card.interface.index,
            dialect,
            own,
            group: card.at(group, port),
            asked: Asked {
                interface: card.interface.name.clone(),
                dialect: word.to_owned(),
                group: card.at(group, port),
                for_unicast: 0,
                for_group: 0,
                refused: 0,
            },
            member: opened("cannot hear the group", member),
            asker: asks.then(|| opened("cannot ask", private(card, own, to_groups))).flatten(),
            direct: dialect
                .asks_directly()
                .then(|| opened("cannot ask one host", private(card, own, to_groups)))
                .flatten(),
            questions: Questions::default(),
            asked_group: None,
        }
    }

    /// The group, where it is heard.
    pub(super) fn heard_group(&self) -> Option<IpAddr> {
        self.member.as_ref().map(|_| self.group.ip())
    }

    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        self.ears().map(|ear| &**ear)
    }

    fn ears(&self) -> impl Iterator<Item = &Ear> {
        [&self.member, &self.asker, &self.direct].into_iter().flatten()
    }

    /// Asks the group for answers by unicast.
    pub(super) fn ask(&mut self) {
        let question = self.questions.next(self.dialect);
        match send(self.asker.as_ref(), &question, self.group) {
            true => self.asked.for_unicast += 1,
            false => self.asked.refused += 1,
        }
    }

    /// Asks the group for answers to the group, in the dialect that has them.
    pub(super) fn ask_for_group(&mut self, now: Instant) {
        if self.dialect != Dialect::Mdns {
            return;
        }
        match send(self.member.as_ref(), &self.questions.for_group(), self.group) {
            true => {
                self.asked.for_group += 1;
                self.asked_group = Some(now);
            }
            false => self.asked.refused += 1,
        }
    }

    /// Asks one host, and says whether that left.
    pub(super) fn ask_directly(&mut self, card: &Card, host: IpAddr) -> bool {
        let to = card.at(host, self.group.port());
        send(self.direct.as_ref(), &self.questions.directly(self.dialect, to), to)
    }

    /// Reads what has come, but for what is from this host itself.
    pub(super) fn hear(
        &mut self,
        batch: &mut Batch,
        (now, ms): (Instant, u64),
        is_own: &dyn Fn(IpAddr) -> bool,
        tally: &mut Tally,
    ) {
        let Place { dialect, questions, group, index, .. } = self;
        let (dialect, at) = (*dialect, (self.card, self.name.as_str()));
        let is_soon = self.asked_group.is_some_and(|asked| now - asked <= SOON);
        read(batch, self.member.as_ref(), |origin, bytes| {
            // IPv6 on Linux gives what came by other cards too.
            let is_here = origin.to.is_none_or(|to| to == group.ip())
                && origin.interface.is_none_or(|by| by == *index);
            let from = origin.from.ip();
            if !is_here || is_own(from) {
                return;
            }
            tally.heard(at.0, group.ip(), from, ms);
            let Some(said) = dialect.said_to_group(bytes) else { return };
            let offers = said == Said::Offers;
            if offers && dialect == Dialect::Mdns {
                questions.learn(from, bytes);
            }
            if let Some(device) = tally.device(at, dialect, from) {
                device.to_group += 1;
                device.announced += u32::from(offers);
                device.answered_to_group += u32::from(offers && is_soon);
            }
        });
        for (socket, is_direct) in [(&self.asker, false), (&self.direct, true)] {
            read(batch, socket.as_ref(), |origin, bytes| {
                let from = origin.from.ip();
                if is_own(from) || !questions.is_answer(dialect, bytes) {
                    return;
                }
                if let Some(device) = tally.device(at, dialect, from) {
                    match is_direct {
                        true => device.answered_directly += 1,
                        false => device.answered_by_unicast += 1,
                    }
                }
            });
        }
    }

    /// What was asked, where anything was to be, and what the sockets dropped.
    pub(super) fn end(self) -> (Option<Asked>, u64) {
        let dropped = self.ears().map(Ear::drops).sum();
        ((self.dialect != Dialect::Own).then_some(self.asked), dropped)
    }
}

fn send(socket: Option<&Ear>, bytes: &[u8], to: SocketAddr) -> bool {
    let sent = socket.map(|socket| socket.send_to(bytes, to));
    if let Some(Err(refusal)) = &sent {
        log::debug!("{to}: {refusal}");
    }
    matches!(sent, Some(Ok(_)))
}
