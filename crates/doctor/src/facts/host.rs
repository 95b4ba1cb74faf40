//! The machine itself: what it is, what its kernel allows and counts.

use serde::{Deserialize, Serialize};

use super::Seen;

/// What kind of machine it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// Whether we may read and do all: root, in the namespace that we are in.
    pub root: bool,
    /// The container that we are in.
    pub container: Option<Container>,
    /// The kernel's own words where it is that of the Windows Subsystem for Linux.
    pub wsl: Option<String>,
    /// The hypervisor, as the machine's firmware names it, where it is a virtual machine.
    pub virtual_machine: Option<String>,
}

/// A container that a program runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Whose: docker, podman, lxc, systemd-nspawn, kubernetes, or container where it does not say.
    pub kind: String,
    /// What shows it, as `/.dockerenv`.
    pub evidence: String,
}

/// What the kernel allows; `None` where it does not say (other systems have no such limit, or hide it).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// `net.ipv4.igmp_max_memberships`: groups a socket.
    pub igmp_max_memberships: Option<u64>,
    /// `net.ipv4.igmp_max_msf`: sources a group.
    pub igmp_max_msf: Option<u64>,
    /// `net.core.rmem_max`: bytes that a socket may ask for as its receive buffer.
    pub rmem_max: Option<u64>,
}

/// By which interface the kernel sends to a group where a program does not choose one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routes {
    /// To 224.1.1.1: the interface's name, or `None` where there is no route.
    pub ipv4: Seen<Option<String>>,
    /// To ff12::5008.
    pub ipv6: Seen<Option<String>>,
}

/// How much the kernel's counters of this network namespace grew during the examination
/// (`/proc/net/snmp`, `/proc/net/netstat`, `/proc/net/snmp6`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// `TcpExt IPReversePathFilter`: dropped since their source is not reached by where they came in.
    pub reverse_path_filter: u64,
    /// `Udp RcvbufErrors` and `Udp6RcvbufErrors`: dropped since a socket's buffer was full.
    pub udp_buffer_errors: u64,
    /// `IpExt InMcastPkts`.
    pub in_multicast: u64,
    /// `IpExt OutMcastPkts`.
    pub out_multicast: u64,
}
