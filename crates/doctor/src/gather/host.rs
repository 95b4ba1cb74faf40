//! What kind of machine it is: a container, a virtual machine, the Windows Subsystem for Linux; and whether
//! we are root there.

use std::path::Path;

use socket2::{Domain, Protocol, Socket, Type};

use crate::facts::{Container, Host};
use crate::gather::system::{start, text};

/// The machine, by what its kernel and its firmware show.
pub(super) fn host() -> Host {
    if !cfg!(target_os = "linux") {
        return Host { root: opens_raw_sockets(), ..Host::default() };
    }
    let read = |path: &str| text(path).ok();
    let traces = Traces {
        kubernetes: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        dockerenv: Path::new("/.dockerenv").exists(),
        containerenv: Path::new("/run/.containerenv").exists(),
        systemd: read("/run/systemd/container"),
        environment: read("/proc/1/environ"),
        cgroups: read("/proc/1/cgroup"),
    };
    // All processors' flags are those of the first, and on a large machine the rest takes long to make.
    let processor = start("/proc/cpuinfo", 4096).unwrap_or_default();
    let firmware =
        ["sys_vendor", "product_name"].map(|it| read(&format!("/sys/class/dmi/id/{it}")));
    Host {
        root: read("/proc/self/status").is_some_and(|it| may_all(&it)) && opens_raw_sockets(),
        container: container(&traces),
        wsl: read("/proc/sys/kernel/osrelease").and_then(|it| wsl(&it)),
        virtual_machine: virtual_machine(&String::from_utf8_lossy(&processor), firmware),
    }
}

/// Whether a process has the rights over networks that root has, by its `/proc/self/status`: to change them
/// (CAP_NET_ADMIN, by which rules are read), and to open raw sockets (CAP_NET_RAW).
fn may_all(status: &str) -> bool {
    const BOTH: u64 = 1 << 12 | 1 << 13;
    let rights = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let rights = rights.and_then(|rights| u64::from_str_radix(rights.trim(), 16).ok());
    rights.is_some_and(|rights| rights & BOTH == BOTH)
}

/// Whether the rights hold in this network namespace too: those of a user namespace that it does not belong
/// to are worth nothing here. Nothing is sent.
fn opens_raw_sockets() -> bool {
    Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).is_ok()
}

/// What containers leave for those inside to see.
#[derive(Debug, Default)]
struct Traces {
    kubernetes: bool,
    dockerenv: bool,
    containerenv: bool,
    systemd: Option<String>,
    /// Of the first process, each variable ended by a zero; another user's is hidden.
    environment: Option<String>,
    /// Of the first process.
    cgroups: Option<String>,
}

fn container(traces: &Traces) -> Option<Container> {
    let variables = traces.environment.iter().flat_map(|it| it.split('\0'));
    let mut variables = variables.filter_map(|it| it.strip_prefix("container="));
    let told = |path, word: Option<&str>| word.and_then(kind).map(|kind| (kind, path));
    let shown = |is_there: bool, kind, path| is_there.then_some((kind, path));
    let (kind, evidence) = shown(traces.kubernetes, "kubernetes", "KUBERNETES_SERVICE_HOST")
        .or_else(|| shown(traces.containerenv, "podman", "/run/.containerenv"))
        .or_else(|| shown(traces.dockerenv, "docker", "/.dockerenv"))
        .or_else(|| told("/run/systemd/container", traces.systemd.as_deref()))
        .or_else(|| told("container= in /proc/1/environ", variables.next()))
        .or_else(|| by_cgroup(traces.cgroups.as_deref()?).map(|kind| (kind, "/proc/1/cgroup")))?;
    Some(Container { kind: kind.into(), evidence: evidence.into() })
}

/// A container's kind by its own word for it (systemd's Container Interface); the Windows Subsystem for
/// Linux says there what it is too, and is none.
fn kind(word: &str) -> Option<&'static str> {
    match word.trim() {
        "" | "wsl" => None,
        "docker" => Some("docker"),
        "podman" => Some("podman"),
        "lxc" | "lxc-libvirt" => Some("lxc"),
        "systemd-nspawn" => Some("systemd-nspawn"),
        _ => Some("container"),
    }
}

/// A container's kind by the control groups of its first process.
fn by_cgroup(groups: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 5] = [
        ("kubepods", "kubernetes"),
        ("libpod", "podman"),
        ("docker", "docker"),
        ("lxc", "lxc"),
        ("containerd", "container"),
    ];
    // Of a line the part after the second colon is the group's name.
    let names: Vec<&str> = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).collect();
    let is_named = |word: &str| {
        let starts = |name: &&str| name.split('/').any(|part| part.starts_with(word));
        names.iter().any(starts)
    };
    KINDS.iter().find(|(word, _)| is_named(word)).map(|(_, kind)| *kind)
}

/// The kernel's release, where it is that of the Windows Subsystem for Linux.
fn wsl(release: &str) -> Option<String> {
    release.to_lowercase().contains("microsoft").then(|| release.trim().to_owned())
}

/// The hypervisor. Processors of PCs say whether there is one; of others the firmware's maker shows it.
fn virtual_machine(processor: &str, firmware: [Option<String>; 2]) -> Option<String> {
    const HYPERVISORS: [&str; 9] = [
        "QEMU",
        "KVM",
        "VMware",
        "VirtualBox",
        "Xen",
        "Virtual Machine",
        "Parallels",
        "Apple Virtualization",
        "Compute Engine",
    ];
    let words = firmware.iter().flatten().map(|word| word.trim()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join(" ");
    let flags = processor.lines().find(|line| line.starts_with("flags"));
    let is_virtual = match flags {
        Some(flags) => flags.split_whitespace().any(|flag| flag == "hypervisor"),
        None => HYPERVISORS.iter().any(|word| name.contains(word)),
    };
    let nameless = || "a hypervisor that does not give its name".to_owned();
    is_virtual.then(|| if name.is_empty() { nameless() } else { name })
}

#[cfg(test)]
mod tests;
