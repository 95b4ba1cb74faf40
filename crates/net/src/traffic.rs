//! Datagrams in and out of an endpoint's sockets.

use std::cmp::Reverse;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mcast_proto::{Arrival, Cast, Destination, InterfaceId, Message, Path};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::channel::{Channel, Purpose};
use crate::endpoint::Endpoint;
use crate::error::{Error, is_transient};
use crate::interface::Interface;
use crate::plan::{Role, with_zone};
use crate::sys::{self, Inbox, Outgoing};
use crate::waker::still;

/// How long to wait for a send buffer that is full before a datagram counts as not sent.
const SEND_PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The buffers that datagrams pass through, made once.
#[derive(Debug)]
pub(crate) struct Traffic {
    inbox: Inbox,
    outgoing: Vec<Outgoing>,
    /// What the outgoing datagrams carry.
    bytes: Vec<u8>,
    /// Which channels have something to read, by place.
    readable: Vec<bool>,
    /// Whether anything was ever sent.
    has_sent: bool,
    /// The last poll's list, emptied: kept for its room.
    polled: Vec<PollFd<'static>>,
}

impl Traffic {
    pub(crate) fn new() -> Traffic {
        Traffic {
            inbox: Inbox::new(),
            outgoing: Vec::new(),
            bytes: Vec::new(),
            readable: Vec::new(),
            has_sent: false,
            polled: Vec::new(),
        }
    }
}

impl Endpoint {
    /// Waits until something can be read, the stopper is pulled, the interfaces change or `patience`
    /// is over, and says whether the interfaces have changed.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<bool, Error> {
        let Endpoint { channels, traffic, watch, bell, .. } = self;
        let mut fds = recycle(std::mem::take(&mut traffic.polled));
        fds.extend(channels.iter().map(|channel| PollFd::new(&channel.socket, PollFlags::IN)));
        let (at_bell, at_watch) = (fds.len(), fds.len() + 1);
        fds.push(PollFd::new(bell, PollFlags::IN));
        fds.extend(watch.fd().map(|fd| PollFd::new(fd, PollFlags::IN)));
        // What is too long to tell the system is as good as for ever.
        let timeout = Timespec::try_from(patience).ok();
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => fds.iter_mut().for_each(PollFd::clear_revents),
            Err(cause) => return Err(Error::system("wait for datagrams", cause.into())),
        }
        let is_ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        traffic.readable.clear();
        traffic.readable.extend(fds[..at_bell].iter().map(is_ready));
        if is_ready(&fds[at_bell]) {
            still(bell);
        }
        let is_changed = fds.get(at_watch).is_some_and(is_ready);
        traffic.polled = recycle(fds);
        Ok(is_changed)
    }

    /// Reads a batch from each socket that has something, and passes each datagram on with the name
    /// of its interface.
    pub(crate) fn receive(&mut self, mut handle: impl FnMut(Arrival, &[u8], Option<&str>)) {
        let mut failed = None;
        let role = self.role;
        let Endpoint { channels, interfaces, accounts, traffic, .. } = self;
        let Traffic { inbox, readable, .. } = traffic;
        for (place, channel) in channels.iter().enumerate() {
            if !readable[place] {
                continue;
            }
            let account = &mut accounts[channel.account];
            match sys::receive(&channel.socket, inbox) {
                Ok(()) => {}
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => continue,
                Err(cause) => {
                    if !is_transient(&cause) {
                        failed = Some(place);
                    }
                    let group = channel.purpose.groups()[0];
                    let error = Error::refused("receive", group, &account.report.name, cause);
                    account.complain(&error);
                    continue;
                }
            }
            for (received, bytes) in inbox.datagrams() {
                if is_for_another(&channel.purpose, &received) {
                    continue;
                }
                account.report.received += 1;
                let arrival = arrival(channel, &received, interfaces);
                let local = way_out(channels, role, interfaces, arrival.from, Some(channel.port))
                    .and_then(|(place, ip)| Some(SocketAddr::new(ip?, channels[place].port)));
                let mut arrival = arrival;
                arrival.from.local = local;
                let name = arrival.from.interface.and_then(|id| find(interfaces, id));
                trace(&account.report.name, &arrival, bytes);
                handle(arrival, bytes, name.map(|interface| interface.name.as_str()));
            }
        }
        if let Some(place) = failed {
            self.close(place);
        }
    }

    /// Puts a datagram in the batch that the next [`flush`](Self::flush) writes.
    pub(crate) fn queue(&mut self, to: Destination, message: &Message<'_>) {
        let role = self.role;
        let Endpoint { channels, interfaces, traffic, .. } = self;
        let Traffic { outgoing, bytes, .. } = traffic;
        let senders =
            channels.iter().enumerate().filter(|(_, channel)| role.sends_by(&channel.purpose));
        let mut encoded = None;
        let mut encode = |from: Option<IpAddr>, port| {
            let is_encoded = encoded.clone().filter(|_| !message.is_bound_to_source());
            is_encoded.unwrap_or_else(|| {
                let start = bytes.len();
                let from = from.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
                message.encode_from(SocketAddr::new(from, port), bytes);
                encoded = Some(start..bytes.len());
                start..bytes.len()
            })
        };
        match to {
            Destination::Group => {
                for (place, channel) in senders {
                    let interface = channel.purpose.interface();
                    for &group in channel.purpose.groups() {
                        let from = match &channel.purpose {
                            Purpose::Ask { address, .. } => Some(address.ip()),
                            Purpose::Hear(_) => source(interfaces, interface, group.ip()),
                        };
                        let to = with_zone(group, interface);
                        let bytes = encode(from, channel.port);
                        outgoing.push(Outgoing { channel: place, to, from, interface, bytes });
                    }
                }
            }
            Destination::Peer(path) => {
                let to = path.remote;
                let port = path.local.map(|own| own.port());
                let Some((place, from)) = way_out(channels, role, interfaces, path, port) else {
                    log::debug!("{to}: the interface that it was heard on is gone");
                    return;
                };
                let channel = &channels[place];
                let interface = channel.purpose.interface();
                let bytes = encode(from, channel.port);
                outgoing.push(Outgoing { channel: place, to, from, interface, bytes });
            }
        }
    }

    /// Writes what was queued. What can't be sent is counted and logged; it is an error only where
    /// an asker's first sends all fail.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let Endpoint { channels, accounts, traffic, .. } = self;
        let Traffic { outgoing, bytes, has_sent, .. } = traffic;
        let mut last_error = None;
        let mut rest = outgoing.as_slice();
        while let Some(first) = rest.first() {
            let channel = &channels[first.channel];
            let account = &mut accounts[channel.account];
            let run = rest.iter().take_while(|next| next.channel == first.channel).count();
            let sent = sys::send(&channel.socket, &rest[..run], bytes).or_else(|cause| {
                // Waiting for room once is better than losing what the machine means to be sent.
                if cause.kind() != io::ErrorKind::WouldBlock {
                    return Err(cause);
                }
                poll(&mut [PollFd::new(&channel.socket, PollFlags::OUT)], Some(&SEND_PATIENCE))?;
                sys::send(&channel.socket, &rest[..run], bytes)
            });
            match sent {
                Ok(sent) => {
                    log::trace!("{}: {sent} sent, the first to {}", account.report.name, first.to);
                    account.note_sent(sent);
                    *has_sent = true;
                    rest = &rest[sent..];
                }
                Err(cause) => {
                    account.report.send_errors += 1;
                    let error = Error::refused("send", first.to, &account.report.name, cause);
                    account.complain(&error);
                    last_error = Some(error);
                    rest = &rest[1..];
                }
            }
        }
        outgoing.clear();
        bytes.clear();
        let has_sent = *has_sent;
        match last_error {
            Some(error) if !self.role.waits && !has_sent => Err(error),
            _ => Ok(()),
        }
    }
}

/// Whether a datagram to a group came in by another interface than the channel's. IPv6 on Linux gives
/// it to the sockets of every interface that have joined there or elsewhere; the other interface has a
/// socket of its own, or is not in use.
fn is_for_another(purpose: &Purpose, received: &sys::Received) -> bool {
    matches!(purpose, Purpose::Hear(membership)
        if received.interface.is_some_and(|index| index != membership.interface))
}

fn trace(interface: &str, arrival: &Arrival, bytes: &[u8]) {
    let to = match arrival.cast {
        Cast::Group(_) => "sent to the group",
        Cast::Unicast => "sent to this host",
        Cast::Unknown => "nobody says to whom",
    };
    let off_link = if arrival.on_link { "" } else { ", from beyond the link" };
    let (from, len) = (arrival.from.remote, bytes.len());
    log::trace!("{interface}: {len} bytes from {from}, {to}{off_link}");
}

/// What the driver tells the machine about a datagram.
fn arrival(channel: &Channel, received: &sys::Received, interfaces: &[Interface]) -> Arrival {
    let purpose = &channel.purpose;
    let own = InterfaceId(purpose.interface());
    // Answers from this host to itself pass through the loopback, on whichever card they were asked.
    let is_elsewhere = |id: &InterfaceId| find(interfaces, *id).is_some_and(|i| !i.loopback);
    let id = received.interface.map(InterfaceId).filter(is_elsewhere).unwrap_or(own);
    let from = Path::new(with_zone(received.from, id.0)).by(id);
    let ip = from.remote.ip();
    let is_own = || interfaces.iter().any(|i| i.addresses.iter().any(|n| n.address == ip));
    let on_link = find(interfaces, id).is_some_and(|i| i.is_on_link(ip)) || is_own();
    Arrival::new(from, cast(purpose, received.to), on_link)
}

fn cast(purpose: &Purpose, to: Option<IpAddr>) -> Cast {
    match (purpose, to) {
        (_, None) => Cast::Unknown,
        (Purpose::Hear(membership), Some(ip)) if ip == membership.group.ip() => {
            Cast::Group(with_zone(membership.group, membership.interface))
        }
        _ => Cast::Unicast,
    }
}

/// The channel, by place, by which a datagram to a peer leaves, and the address that it leaves from. One
/// who was asked at one of several ports answers from that one.
fn way_out(
    channels: &[Channel],
    role: Role,
    interfaces: &[Interface],
    to: Path,
    port: Option<u16>,
) -> Option<(usize, Option<IpAddr>)> {
    let reaches = |purpose: &Purpose| {
        role.sends_by(purpose)
            && purpose.is_ipv4() == to.remote.is_ipv4()
            && to.interface.is_none_or(|id| id.0 == purpose.interface())
    };
    let is_asked = |channel: &Channel| port.is_some_and(|port| port == channel.port);
    let (place, channel) = channels
        .iter()
        .enumerate()
        .filter(|(_, channel)| reaches(&channel.purpose))
        .max_by_key(|(place, channel)| (is_asked(channel), Reverse(*place)))?;
    Some((place, source(interfaces, channel.purpose.interface(), to.remote.ip())))
}

fn source(interfaces: &[Interface], interface: u32, to: IpAddr) -> Option<IpAddr> {
    find(interfaces, InterfaceId(interface)).and_then(|interface| interface.source_for(to))
}

fn find(interfaces: &[Interface], id: InterfaceId) -> Option<&Interface> {
    interfaces.iter().find(|interface| interface.index == id.0)
}

/// Empties a list but keeps its room, for a list of things that live for another time: collecting into
/// a list of the same shape reuses it.
fn recycle<'a>(mut fds: Vec<PollFd<'_>>) -> Vec<PollFd<'a>> {
    fds.clear();
    fds.into_iter().map(|_| -> PollFd<'a> { unreachable!("it was emptied") }).collect()
}
