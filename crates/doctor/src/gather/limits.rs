//! What the kernel allows, and which reverse path filter is in force.

use crate::facts::Limits;
use crate::gather::system::number;

/// The kernel's limits.
pub(super) fn limits() -> Limits {
    let of = |name| number(&format!("/proc/sys/net/{name}"));
    Limits {
        igmp_max_memberships: of("ipv4/igmp_max_memberships"),
        igmp_max_msf: of("ipv4/igmp_max_msf"),
        rmem_max: of("core/rmem_max"),
    }
}

/// The reverse path filter that is in force on an interface.
pub(super) fn rp_filter(interface: &str) -> Option<u8> {
    let of = |name| number(&format!("/proc/sys/net/ipv4/conf/{name}/rp_filter"));
    in_force(of("all"), of(interface))
}

/// Of the setting for all and an interface's own the higher one holds (ip-sysctl, `rp_filter`).
fn in_force(all: Option<u8>, own: Option<u8>) -> Option<u8> {
    Some(all?.max(own?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_setting_holds() {
        assert_eq!(in_force(Some(0), Some(1)), Some(1));
        assert_eq!(in_force(Some(2), Some(1)), Some(2));
        assert_eq!(in_force(Some(0), Some(0)), Some(0));
        assert_eq!(in_force(None, Some(1)), None);
        assert_eq!(in_force(Some(1), None), None);
    }
}
