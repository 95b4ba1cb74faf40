//! The sockets that have a port, and whose they are, as far as that can be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::facts::Holder;
use crate::gather::system::text;

/// All UDP sockets of this network namespace that have one of the ports, with their processes.
pub(super) struct Tables {
    sockets: Vec<Row>,
    owners: BTreeMap<u64, (u32, String)>,
}

/// A line of the table `udp` or `udp6`.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    address: IpAddr,
    port: u16,
    user: u32,
    inode: u64,
}

impl Tables {
    /// Reads them for these ports. What can't be read holds nothing that can be seen.
    pub(super) fn read(ports: &[u16]) -> Tables {
        let tables = ["/proc/thread-self/net/udp", "/proc/thread-self/net/udp6"];
        let rows =
            |path| text(path).unwrap_or_default().lines().filter_map(row).collect::<Vec<_>>();
        let sockets = tables.into_iter().flat_map(rows);
        let sockets: Vec<Row> = sockets.filter(|row| ports.contains(&row.port)).collect();
        let owners = owners(sockets.iter().map(|row| row.inode).filter(|it| *it != 0).collect());
        Tables { sockets, owners }
    }

    /// Who has a port of a family.
    pub(super) fn holders(&self, port: u16, ipv6: bool) -> Vec<Holder> {
        let rows = self.sockets.iter().filter(|it| it.port == port && it.address.is_ipv6() == ipv6);
        let holder = |row: &Row| {
            let owner = self.owners.get(&row.inode);
            Holder {
                address: row.address.to_string(),
                pid: owner.map(|(pid, _)| *pid),
                program: owner.map(|(_, name)| name.clone()),
                user: Some(row.user),
            }
        };
        rows.map(holder).collect()
    }
}

fn row(line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (address, port) = words.get(1)?.split_once(':')?;
    Some(Row {
        address: self::address(address)?,
        port: u16::from_str_radix(port, 16).ok()?,
        user: words.get(7)?.parse().ok()?,
        inode: words.get(9)?.parse().ok()?,
    })
}

/// An address as numbers of 32 bits, each printed as it lies in memory.
fn address(text: &str) -> Option<IpAddr> {
    let number = |at: usize| u32::from_str_radix(text.get(at..at + 8)?, 16).ok();
    match text.len() {
        8 => Some(Ipv4Addr::from(number(0)?.to_ne_bytes()).into()),
        32 => {
            let mut octets = [0; 16];
            for (place, four) in octets.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&number(8 * place)?.to_ne_bytes());
            }
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

/// The processes that have these sockets, by the sockets' inodes: a number and a name. Those of other users
/// are root's alone to see.
fn owners(mut wanted: BTreeSet<u64>) -> BTreeMap<u64, (u32, String)> {
    let mut found = BTreeMap::new();
    let Ok(processes) = fs::read_dir("/proc") else { return found };
    for process in processes.flatten() {
        if wanted.is_empty() {
            break;
        }
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        for file in files.flatten() {
            let target = fs::read_link(file.path()).unwrap_or_default();
            let inode = target.to_str().and_then(inode).filter(|inode| wanted.remove(inode));
            if let Some(inode) = inode {
                let name = text(&format!("/proc/{pid}/comm")).unwrap_or_default();
                found.insert(inode, (pid, name.trim_end().to_owned()));
            }
        }
    }
    found
}

fn inode(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UDP: &str = "\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 3800: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   107        0 543737 2 000000000dc87009 0
 4001: FB0000E0:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 0 2 0000000000000000 0";
    const UDP6: &str = "\
 3800: 000080FE00000000C5FF52AC4D671EFE:14E9 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 9 2 0000000000000000 0";

    #[cfg(target_endian = "little")]
    #[test]
    fn sockets_are_read() {
        let read: Vec<Row> = UDP.lines().chain(UDP6.lines()).filter_map(row).collect();
        let row = |address: &str, user, inode| Row {
            address: address.parse().unwrap(),
            port: 5353,
            user,
            inode,
        };
        let expected = [
            row("0.0.0.0", 107, 543_737),
            row("224.0.0.251", 0, 0),
            row("fe80::ac52:ffc5:fe1e:674d", 1000, 9),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn odd_lines_are_passed_over() {
        for odd in [
            "",
            "1: x:14E9",
            "1: 0000000ü:14E9 a b c d e f g h",
            "1: 00000000:FFFFF 1 2 3 4 5 6 7 8",
        ] {
            assert_eq!(row(odd), None, "{odd:?}");
        }
        for odd in ["socket:[", "socket:[x]", "socket:[]", "/dev/null", ""] {
            assert_eq!(inode(odd), None, "{odd:?}");
        }
        assert_eq!(inode("socket:[17]"), Some(17));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_own_socket_is_ones_own() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let tables = Tables::read(&[port]);
        let own = tables.holders(port, false);
        let own = own.iter().find(|it| it.address == "127.0.0.1").expect("it is listed");
        assert_eq!(own.pid, Some(std::process::id()));
        assert!(own.program.as_deref().is_some_and(|name| !name.is_empty()));
    }
}
