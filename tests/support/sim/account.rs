//! Who got how much from whom, so that amplification is measured.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::host::NodeId;
use super::packet::Packet;

/// What each machine read from each address and sent to it.
#[derive(Debug, Clone, Default)]
pub struct Account {
    flows: BTreeMap<(NodeId, SocketAddr), Flow>,
}

/// What went between a machine and others, in bytes of UDP payload. What was read counts, not what was
/// lost on the way; all that was sent counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Bytes that it read, by the source that they named.
    pub bytes_in: u64,
    /// Bytes that it sent.
    pub bytes_out: u64,
    /// Datagrams that it read.
    pub datagrams_in: u64,
    /// Datagrams that it sent.
    pub datagrams_out: u64,
}

impl Account {
    /// Between one machine and one address: a peer's, or a group's, to which is only sent.
    pub fn flow(&self, node: NodeId, address: SocketAddr) -> Flow {
        self.flows.get(&(node, address)).copied().unwrap_or_default()
    }

    /// Between one machine and all addresses for which this holds.
    pub fn flow_where(&self, node: NodeId, holds: impl Fn(SocketAddr) -> bool) -> Flow {
        let all = self.flows.range((node, FIRST)..);
        all.take_while(|((of, _), _)| *of == node)
            .filter(|((_, address), _)| holds(*address))
            .fold(Flow::default(), |sum, (_, flow)| sum + *flow)
    }

    /// Between all machines and one host, on all of its ports.
    pub fn flow_of_all(&self, host: IpAddr) -> Flow {
        let all = self.flows.iter().filter(|((_, address), _)| address.ip() == host);
        all.fold(Flow::default(), |sum, (_, flow)| sum + *flow)
    }

    /// Each machine and each address that had to do with each other.
    pub fn flows(&self) -> impl Iterator<Item = (NodeId, SocketAddr, Flow)> {
        self.flows.iter().map(|(&(node, address), &flow)| (node, address, flow))
    }

    pub(super) fn received(&mut self, node: NodeId, packet: &Packet) {
        let flow = self.flows.entry((node, packet.from)).or_default();
        flow.datagrams_in += 1;
        flow.bytes_in += packet.bytes.len() as u64;
    }

    pub(super) fn sent(&mut self, node: NodeId, packet: &Packet) {
        let flow = self.flows.entry((node, packet.to)).or_default();
        flow.datagrams_out += 1;
        flow.bytes_out += packet.bytes.len() as u64;
    }
}

impl Flow {
    /// Bytes sent for each byte read; infinite where nothing was read but something was sent.
    pub fn amplification(&self) -> f64 {
        if self.bytes_out == 0 { 0.0 } else { self.bytes_out as f64 / self.bytes_in as f64 }
    }
}

impl std::ops::Add for Flow {
    type Output = Flow;
    fn add(self, other: Flow) -> Flow {
        Flow {
            bytes_in: self.bytes_in + other.bytes_in,
            bytes_out: self.bytes_out + other.bytes_out,
            datagrams_in: self.datagrams_in + other.datagrams_in,
            datagrams_out: self.datagrams_out + other.datagrams_out,
        }
    }
}

/// What goes before all other addresses.
const FIRST: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
