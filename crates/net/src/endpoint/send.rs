//! Datagrams out of an endpoint's sockets.
//!
//! No sending waits: what the system does not take at once stays in the batch until its socket has room
//! again, while everything else goes on, and is dropped and counted when that takes too long.

use std::cmp::Reverse;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mcast_proto::{Destination, Instant, InterfaceId, LaneId, Message, Path};

use crate::endpoint::Endpoint;
use crate::endpoint::outbox::Outbox;
use crate::endpoint::resolving::Waiting;
use crate::error::{Error, may_lack_source};
use crate::interfaces::interface::{Interface, find};
use crate::interfaces::neighbours::ask;
use crate::interfaces::zone::with_zone;
use crate::sockets::account::Account;
use crate::sockets::channel::{Channel, Purpose};
use crate::sys::{self, Outgoing};

/// For how long a socket that has no room keeps the machine from sending more. After that its datagrams
/// are dropped, until it has room.
const PATIENCE: Duration = Duration::from_millis(100);

impl Endpoint {
    /// Puts a datagram in the batch that the next [`flush`](Self::flush) writes.
    pub(crate) fn queue(&mut self, now: Instant, to: Destination, message: &Message<'_>) {
        match to {
            Destination::Group(lane) => self.queue_to_group(lane, message),
            Destination::Peer(lane, path) => self.queue_to_peer(now, lane, path, message),
        }
    }

    fn queue_to_group(&mut self, lane: LaneId, message: &Message<'_>) {
        if let Some(lane) = self.lanes.get_mut(usize::from(lane.0)) {
            lane.to_group += 1;
        }
        let Endpoint { channels, interfaces, outbox, .. } = self;
        let Outbox { batch, bytes, .. } = outbox;
        let mut encoded = None;
        let senders = channels
            .iter()
            .enumerate()
            .filter(|(_, channel)| channel.sends && channel.lane == lane);
        for (channel, Channel { purpose, port, .. }) in senders {
            let interface = purpose.interface();
            for &target in purpose.targets() {
                let from = match purpose {
                    Purpose::Ask { address, .. } => Some(address.ip()),
                    Purpose::Hear(_) => source(interfaces, interface, target.ip()),
                };
                let to = with_zone(target, interface);
                let is_encoded = encoded.clone().filter(|_| !message.is_bound_to_source());
                let range = is_encoded.unwrap_or_else(|| encode(message, from, *port, bytes));
                encoded = Some(range.clone());
                let is_to_group = true;
                batch.push(Outgoing { channel, to, is_to_group, from, interface, bytes: range });
            }
        }
    }

    fn queue_to_peer(&mut self, now: Instant, lane: LaneId, path: Path, message: &Message<'_>) {
        let Endpoint { channels, interfaces, accounts, kernel, outbox, .. } = self;
        let Outbox { batch, bytes, neighbours, resolving, given_up, .. } = outbox;
        let to = path.remote;
        let port = path.local.map(|own| own.port());
        let Some((place, from)) = way_out(channels, lane, interfaces, path, port) else {
            log::debug!("{to}: the interface that it was heard on is gone");
            given_up.note(to);
            let index = path.interface.map(|id| id.0);
            let is_its_own = |account: &&mut Account| index.is_none_or(|i| i == account.index);
            if let Some(account) = accounts.iter_mut().find(is_its_own) {
                account.report.send_drops += 1;
            }
            return;
        };
        let Channel { purpose, port, account, .. } = &channels[place];
        let interface = purpose.interface();
        let range = encode(message, from, *port, bytes);
        let neighbour = (interface, to.ip());
        let state = neighbours.state(now, neighbour, interfaces, |it| ask(kernel, it));
        if resolving.admits(now, neighbour, state, range.len()) {
            let (channel, is_to_group) = (place, false);
            batch.push(Outgoing { channel, to, is_to_group, from, interface, bytes: range });
            return;
        }
        let bytes = bytes.split_off(range.start);
        let (port, account) = (*port, *account);
        let datagram = Waiting { lane, interface, to, from, port, bytes, account, since: now };
        resolving.keep(datagram, state, |oldest| {
            accounts[oldest.account].report.send_drops += 1;
            given_up.note(oldest.to);
        });
    }

    /// Puts in the batch what has waited for its peer to be found and may go now.
    fn requeue(&mut self, now: Instant) {
        let Endpoint { channels, interfaces, accounts, kernel, outbox, .. } = self;
        let Outbox { batch, bytes, neighbours, resolving, given_up, .. } = outbox;
        let state_of = |it| neighbours.state(now, it, interfaces, |it| ask(kernel, it));
        resolving.retry(now, state_of, |datagram, may_go| {
            let Waiting { lane, interface, to, from, port, account, .. } = datagram;
            let is_way_out = |channel: &Channel| {
                channel.sends
                    && channel.lane == lane
                    && channel.purpose.interface() == interface
                    && channel.purpose.is_ipv4() == to.is_ipv4()
                    && channel.port == port
            };
            match channels.iter().position(is_way_out).filter(|_| may_go) {
                Some(channel) => {
                    let start = bytes.len();
                    bytes.extend_from_slice(&datagram.bytes);
                    let bytes = start..bytes.len();
                    let is_to_group = false;
                    batch.push(Outgoing { channel, to, is_to_group, from, interface, bytes });
                }
                None => {
                    accounts[account].report.send_drops += 1;
                    given_up.note(to);
                }
            }
        });
    }

    /// Writes what was queued, as far as there is room. What can't be sent is counted and logged; it is
    /// an error only where an asker's first sends all fail.
    pub(crate) fn flush(&mut self, now: Instant) -> Result<(), Error> {
        self.requeue(now);
        let Endpoint { channels, accounts, outbox, ledger, .. } = self;
        let Outbox { batch, bytes, given_up, has_sent, .. } = outbox;
        let mut last_error = None;
        let mut left = 0;
        let mut next = 0;
        while let Some(first) = batch.get(next) {
            let place = first.channel;
            let channel = &mut channels[place];
            let account = &mut accounts[channel.account];
            let run = batch[next..].iter().take_while(|other| other.channel == place).count();
            let run = next..next + run;
            match sys::send(&channel.socket, &batch[run.clone()], bytes) {
                Ok(sent) => {
                    log::trace!("{}: {sent} sent, the first to {}", account.report.name, first.to);
                    account.note_sent(channel.slot, sent);
                    if !account.has_reached(channel.slot)
                        && batch[next..next + sent].iter().any(|datagram| datagram.is_to_group)
                    {
                        ledger.has_changed |= account.note_reached(channel.slot);
                    }
                    channel.blocked_since = None;
                    *has_sent = true;
                    next += sent;
                }
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                    let since = *channel.blocked_since.get_or_insert(now);
                    if now - since < PATIENCE {
                        for datagram in run.clone() {
                            batch.swap(left, datagram);
                            left += 1;
                        }
                    } else {
                        let to_group = batch[run.clone()].iter().filter(|d| d.is_to_group);
                        account.note_unsent(channel.slot, to_group.count() as u64);
                        account.report.send_drops += run.len() as u64;
                        let to_peers = batch[run.clone()].iter().filter(|d| !d.is_to_group);
                        to_peers.for_each(|datagram| given_up.note(datagram.to));
                    }
                    next = run.end;
                }
                // The address has gone, and was not missed yet: the system chooses among those left.
                Err(cause) if first.from.is_some() && may_lack_source(&cause) => {
                    batch[next].from = None;
                }
                Err(cause) => {
                    account.report.send_errors += 1;
                    account.note_unsent(channel.slot, first.is_to_group.into());
                    if !first.is_to_group {
                        given_up.note(first.to);
                    }
                    let error = Error::refused("send", first.to, &account.report.name, cause);
                    account.log_failure(channel.slot, &error);
                    last_error = Some(error);
                    next += 1;
                }
            }
        }
        batch.truncate(left);
        if batch.is_empty() {
            bytes.clear();
        }
        let has_sent = *has_sent;
        match last_error {
            Some(error) if !self.waits() && !has_sent => Err(error),
            _ => Ok(()),
        }
    }

    /// When [`flush`](Self::flush) is to be called though no socket has room and nothing new is queued.
    pub(crate) fn flush_due(&self) -> Option<Instant> {
        let since = self.channels.iter().filter_map(|channel| channel.blocked_since).min();
        let blocked = since.filter(|_| self.outbox.is_blocked()).map(|since| since + PATIENCE);
        blocked.into_iter().chain(self.outbox.resolving.due()).min()
    }
}

/// Appends a datagram's bytes, as they are sent from this own end.
fn encode(
    message: &Message<'_>,
    from: Option<IpAddr>,
    port: u16,
    bytes: &mut Vec<u8>,
) -> std::ops::Range<usize> {
    let start = bytes.len();
    let from = from.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    message.encode_from(SocketAddr::new(from, port), bytes);
    start..bytes.len()
}

/// The channel, by place, by which a datagram to a peer leaves, and the address that it leaves from. One
/// who was asked at one of several ports answers from that one.
pub(crate) fn way_out(
    channels: &[Channel],
    lane: LaneId,
    interfaces: &[Interface],
    to: Path,
    port: Option<u16>,
) -> Option<(usize, Option<IpAddr>)> {
    let reaches = |Channel { lane: its, sends, purpose, .. }: &Channel| {
        *sends
            && *its == lane
            && purpose.is_ipv4() == to.remote.is_ipv4()
            && to.interface.is_none_or(|id| id.0 == purpose.interface())
    };
    let is_asked = |channel: &Channel| port.is_some_and(|port| port == channel.port);
    let (place, channel) = channels
        .iter()
        .enumerate()
        .filter(|(_, channel)| reaches(channel))
        .max_by_key(|(place, channel)| (is_asked(channel), Reverse(*place)))?;
    Some((place, source(interfaces, channel.purpose.interface(), to.remote.ip())))
}

pub(crate) fn source(interfaces: &[Interface], interface: u32, to: IpAddr) -> Option<IpAddr> {
    find(interfaces, InterfaceId(interface)).and_then(|interface| interface.source_for(to))
}
