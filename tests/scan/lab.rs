//! The segment with the peers and the one who asks.

use std::path::{Path, PathBuf};
use std::process::Command;

use mcast_tests::netns::{Host, Process, World};

use crate::peer::{PEERS, Peer, Sign};

/// What a LOCATION and an XAddr name besides a peer's own address: somebody answers there by HTTP, and a scan is not to
/// ask.
pub(crate) const ELSEWHERE: &str = "10.0.0.66";

/// Peers that can be asked, and who asks them.
pub(crate) struct Lab<'w> {
    pub(crate) asker: Host<'w>,
    pub(crate) stations: Vec<Station<'w>>,
    /// The one whom a LOCATION names, and what serves there.
    _elsewhere: (Host<'w>, Process),
}

/// A peer and its host.
pub(crate) struct Station<'w> {
    pub(crate) peer: &'static Peer,
    pub(crate) host: Host<'w>,
    pub(crate) process: Process,
    pub(crate) address: String,
    /// Its address of IPv6, where it was given one.
    pub(crate) v6: String,
}

impl<'w> Lab<'w> {
    /// With all peers up; by IPv4 alone, or with those on IPv6 too that are to be found there.
    pub(crate) fn new(world: &'w World, with_ipv6: bool) -> Lab<'w> {
        Lab::of(world, with_ipv6, |_| true)
    }

    /// With those peers up that are wanted by their names.
    pub(crate) fn of(world: &'w World, with_ipv6: bool, wanted: impl Fn(&str) -> bool) -> Lab<'w> {
        let segment = world.segment();
        let join = |number: usize, both: bool| {
            let host = world.host();
            let (v4, v6) = (format!("10.0.0.{number}/24"), format!("fe80::{number}/64"));
            let addresses = if both { &[v4.as_str(), v6.as_str()][..] } else { &[v4.as_str()] };
            host.card("eth0", &segment, addresses);
            host.default_route("eth0");
            host
        };
        let asker = join(1, with_ipv6);
        let elsewhere = join(66, false);
        let pages = peers().join("elsewhere");
        let pages = pages.to_str().expect("a path in UTF-8");
        let server = elsewhere.python(["-m", "http.server", "8080", "--directory", pages]);
        server.line_with("Serving HTTP");
        // First all are started, then waited for.
        let started: Vec<_> = (2..)
            .zip(&PEERS)
            .filter(|(_, peer)| wanted(peer.name))
            .map(|(number, peer)| {
                // aiocoap does not start on a host without an address of IPv6.
                let both = with_ipv6 && peer.both_families || peer.name == "aiocoap";
                let host = join(number, both);
                let capture = matches!(peer.sign, Sign::Sends(_)).then(|| host.capture("eth0"));
                let address = format!("10.0.0.{number}");
                let process = start(&host, &[peer.name, &address]);
                let v6 = format!("fe80::{number}");
                (Station { peer, host, process, address, v6 }, capture)
            })
            .collect();
        let stations = started.into_iter().map(|(station, capture)| {
            match (&station.peer.sign, capture) {
                (Sign::Says(words), _) => drop(station.process.line_with(words)),
                (Sign::Logs(words), _) => drop(station.process.error_line_with(words)),
                (Sign::Joins(group), _) => station.host.until_joined("eth0", group, 1),
                (Sign::Sends(wanted), Some(capture)) => {
                    capture.packet(|packet| packet.outgoing && wanted(packet));
                }
                (Sign::Sends(_), None) => unreachable!("it was captured"),
            }
            println!("{} is up at {}", station.peer.name, station.address);
            station
        });
        Lab { asker, stations: stations.collect(), _elsewhere: (elsewhere, server) }
    }

    /// Loses this share, in percent, of all IP that comes to any host: questions on the way there, answers on the
    /// way back.
    pub(crate) fn lose(&self, percent: u32) {
        for host in self.stations.iter().map(|station| &station.host).chain([&self.asker]) {
            host.nft(&format!(
                "table netdev loss {{ chain in {{\n\
                 type filter hook ingress device eth0 priority 0;\n\
                 meta protocol {{ ip, ip6 }} numgen random mod 100 < {percent} counter drop\n}}\n}}"
            ));
        }
    }

    /// A scan by the asker, with these words.
    pub(crate) fn scan(&self, words: &str) -> Command {
        let mut command = self.asker.command(env!("CARGO_BIN_EXE_mcast"));
        command.args(["scan", "--json"]).args(words.split_whitespace());
        command
    }
}

/// Starts what `tests/scan/peers/start` knows by these words: a name, an address, and how long it says that it is there.
pub(crate) fn start(host: &Host<'_>, words: &[&str]) -> Process {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/root");
    assert!(fetched.is_dir(), "no peers: tests/scan/peers/fetch brings them");
    host.start(peers().join("start"), words)
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scan/peers")
}
