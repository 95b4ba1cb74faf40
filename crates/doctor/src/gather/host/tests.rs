//! What machines of several kinds show.

use super::*;

fn kind_and_evidence(traces: Traces) -> Option<(String, String)> {
    container(&traces).map(|it| (it.kind, it.evidence))
}

#[test]
fn containers_are_known_by_what_they_leave() {
    let none = Traces::default;
    let text = |text: &str| Some(text.to_owned());
    for (traces, kind, evidence) in [
        (Traces { dockerenv: true, ..none() }, "docker", "/.dockerenv"),
        (
            Traces { dockerenv: true, kubernetes: true, ..none() },
            "kubernetes",
            "KUBERNETES_SERVICE_HOST",
        ),
        (
            Traces { containerenv: true, systemd: text("podman\n"), ..none() },
            "podman",
            "/run/.containerenv",
        ),
        (
            Traces { systemd: text("systemd-nspawn"), ..none() },
            "systemd-nspawn",
            "/run/systemd/container",
        ),
        (
            Traces { environment: text("TERM=linux\0container=lxc\0"), ..none() },
            "lxc",
            "container= in /proc/1/environ",
        ),
        (
            Traces { environment: text("container=\u{1b}[2J"), ..none() },
            "container",
            "container= in /proc/1/environ",
        ),
        (
            Traces { cgroups: text("12:pids:/docker/0123ab\n0::/docker/0123ab\n"), ..none() },
            "docker",
            "/proc/1/cgroup",
        ),
        (
            Traces { cgroups: text("0::/kubepods.slice/kubepods-besteffort.slice/a\n"), ..none() },
            "kubernetes",
            "/proc/1/cgroup",
        ),
    ] {
        let expected = Some((kind.to_owned(), evidence.to_owned()));
        assert_eq!(kind_and_evidence(traces), expected);
    }
}

#[test]
fn a_host_is_no_container() {
    let text = |text: &str| Some(text.to_owned());
    for traces in [
        Traces::default(),
        Traces { systemd: text("wsl\n"), ..Traces::default() },
        Traces { environment: text("HOME=/\0notcontainer=lxc\0container=\0"), ..Traces::default() },
        Traces { cgroups: text("0::/init.scope\n:\n\u{0}::\ndocker\n"), ..Traces::default() },
    ] {
        assert_eq!(kind_and_evidence(traces), None);
    }
}

#[test]
fn root_has_both_rights() {
    assert!(may_all("Name:\tx\nCapEff:\t000001ffffffffff\n"));
    // Docker's usual ones have raw sockets, and no more.
    for less in ["CapEff:\t00000000a80425fb", "CapEff:\t0000000000000000", "CapEff:\tx", "", "Cap"]
    {
        assert!(!may_all(less), "{less}");
    }
}

#[test]
fn the_subsystem_for_linux_has_a_kernel_of_microsofts() {
    let two = "5.15.167.4-microsoft-standard-WSL2\n";
    assert_eq!(wsl(two).as_deref(), Some("5.15.167.4-microsoft-standard-WSL2"));
    assert_eq!(wsl("4.4.0-19041-Microsoft").as_deref(), Some("4.4.0-19041-Microsoft"));
    assert_eq!(wsl("6.12.0-generic"), None);
}

#[test]
fn a_virtual_machine_is_named_by_its_firmware() {
    let made_by = |vendor: &str, product: &str| [Some(vendor.to_owned()), Some(product.to_owned())];
    let (guest, metal) = ("flags\t\t: fpu hypervisor sse\n", "flags\t\t: fpu sse\n");
    let machine = |processor, firmware| virtual_machine(processor, firmware);
    assert_eq!(
        machine(guest, made_by("QEMU\n", "Standard PC\n")).as_deref(),
        Some("QEMU Standard PC")
    );
    assert_eq!(machine(metal, made_by("LENOVO\n", "20Q0\n")), None);
    // The processor knows it better than the firmware.
    assert_eq!(machine(metal, made_by("Amazon EC2", "c5.metal")), None);
    assert_eq!(
        machine(guest, made_by("Amazon EC2", "t3.nano")).as_deref(),
        Some("Amazon EC2 t3.nano")
    );
    assert_eq!(
        machine(guest, [None, None]).as_deref(),
        Some("a hypervisor that does not give its name")
    );
    // Processors that are no PC's do not say it.
    let arm = "processor\t: 0\nFeatures\t: fp asimd\n";
    assert!(machine(arm, made_by("QEMU", "KVM Virtual Machine")).is_some());
    assert_eq!(machine(arm, made_by("Raspberry Pi", "5")), None);
    assert_eq!(machine("", [None, None]), None);
}
