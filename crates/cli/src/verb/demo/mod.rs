//! `mcast demo`: the whole thing on a machine with no network.

mod watch;

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use clap::Args;
use mcast_net::clock::Clock;
use mcast_net::{Driver, Endpoint, Error, ErrorKind, Report, Selector, Settings};
use mcast_proto::plain::{Discoverer, Discovery, Responder, Responding};

use super::completions::write_stdout;
use crate::escape::Escaped;
use crate::failure::{Failure, Status};
use crate::render::{Format, Plural, Renderer};
use crate::terminal::TERMINAL;

/// See how it works, on this machine only: a discovery, and a service that comes, changes and goes
///
/// All of it stays on the loopback interface, so it needs no network, no privileges and no set-up. It takes a
/// few seconds.
#[derive(Debug, Args)]
pub(crate) struct Demo {}

/// What the responders answer.
const NAMES: [&str; 3] = ["lab-1", "lab-2", "lab-3"];

/// How often other ports are tried where one is taken.
const ATTEMPTS: usize = 16;

impl Demo {
    pub(crate) fn run(self) -> Result<Status, Failure> {
        let loopback = loopback()?;
        let (groups, members) = open_responders(&loopback)?;
        let asker = Endpoint::asker(&settings(&loopback, &groups))?;
        write_stdout(introduction(&loopback, &groups).as_bytes())?;

        let mut responders: Vec<_> = groups.iter().zip(NAMES).zip(members).map(respond).collect();
        let stoppers: Vec<_> = responders.iter().map(Driver::stopper).collect();
        let report = thread::scope(|scope| {
            for responder in &mut responders {
                scope.spawn(|| responder.run(|_| {}));
            }
            let report = discover(asker);
            stoppers.iter().for_each(|stopper| stopper.stop());
            report
        })?;

        let found = Plural(report.summary.found, "responder");
        let time = report.summary.elapsed.as_secs_f64() * 1000.0;
        if report.summary.found < NAMES.len() as u64 {
            TERMINAL.error(format_args!(
                "{found} of {} in {time:.0} ms: multicast on {loopback} does not work here",
                NAMES.len()
            ));
            return Ok(Status::Unfulfilled);
        }
        write_stdout(format!("\n{found} found in {time:.1} ms.\n\n").as_bytes())?;
        match watch::show(&loopback)? {
            Status::Success => write_stdout(CONCLUSION.as_bytes()),
            status => Ok(status),
        }
    }
}

/// The loopback interface's name.
fn loopback() -> Result<String, Failure> {
    let interfaces = mcast_net::interfaces()?;
    match interfaces.into_iter().find(|interface| interface.loopback && interface.up) {
        Some(interface) => Ok(interface.name),
        None => Err(Failure::network(
            "no loopback interface is up, and the demo uses no other; try ip link set lo up",
        )),
    }
}

/// Opens the responders' sockets. They share one host and one address, and a responder is known by
/// address and port, so each has a port of its own. Group and ports are drawn anew each time, so that
/// nobody else is heard: not a real responder, and not another demo.
fn open_responders(loopback: &str) -> Result<(Vec<SocketAddr>, Vec<Endpoint>), Error> {
    let mut attempt = 1;
    loop {
        let groups = draw_groups(mcast_net::seed());
        let open = |group: &SocketAddr| Endpoint::member(&settings(loopback, &[*group]));
        match groups.iter().map(open).collect() {
            Ok(members) => return Ok((groups, members)),
            Err(error) if error.kind() == ErrorKind::AddressInUse && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A group of the local scope (RFC 2365 section 6.1) with three ports of the dynamic range (RFC 6335
/// section 6).
fn draw_groups(seed: u64) -> Vec<SocketAddr> {
    let [a, b, high, low, ..] = seed.to_le_bytes();
    let ip = Ipv4Addr::new(239, 255, a, b);
    let first = 0xc000 | u16::from_be_bytes([high, low]) & 0x3ff0;
    (first..).take(NAMES.len()).map(|port| SocketAddr::new(ip.into(), port)).collect()
}

/// On the loopback interface, and not a hop further.
fn settings(loopback: &str, groups: &[SocketAddr]) -> Settings {
    Settings {
        groups: groups.to_vec(),
        interfaces: vec![Selector::Name(loopback.to_owned())],
        ttl: 0,
        ..Settings::default()
    }
}

fn respond(((group, name), member): ((&SocketAddr, &str), Endpoint)) -> Driver<Responder> {
    let response = Responding { reply: name.into(), port: group.port(), ..Responding::default() };
    Driver::new(Responder::new(response, mcast_net::seed()), member)
}

fn discover(asker: Endpoint) -> Result<Report, Failure> {
    let discovery = Discovery {
        repeat: 3,
        count: Some(NAMES.len() as u64),
        deadline: Some(Duration::from_secs(10)),
        ..Discovery::default()
    };
    let mut driver = Driver::new(Discoverer::new(discovery, mcast_net::seed()), asker);
    let mut renderer = Renderer::new(Format::Text, TERMINAL.stdout().has_colors, None);
    let mut written = Ok(Status::Success);
    let report = driver.run(|heard| {
        if written.is_ok() {
            written = write_stdout(renderer.event(&heard.event, heard.interface, Clock::wall()));
        }
    })?;
    written.map(|_| report)
}

fn introduction(loopback: &str, groups: &[SocketAddr]) -> String {
    let loopback = Escaped(loopback.as_bytes());
    let responders: String = groups
        .iter()
        .zip(NAMES)
        .map(|(group, name)| format!("  mcast respond -i {loopback} -g {group} --reply {name}\n"))
        .collect();
    let asked: String = groups.iter().map(|group| format!(" -g {group}")).collect();
    format!(
        "1. Who is there?\n\nThree responders join a multicast group on {loopback}, the interface that leads to this \
         machine itself:\n\n\
         {responders}\n\
         Here all have one address, so each takes a port of its own; on a network every machine has\n\
         its own address, and all share one port. A fourth program now asks the group \"who's \
         there?\",\nand each responder answers to it alone:\n\n  mcast discover -i {loopback}{asked}\n\n"
    )
}

const CONCLUSION: &str = "
Now for real: run mcast respond on one machine of your network and mcast discover on another.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_drawn_is_a_multicast_group_with_ports_of_the_dynamic_range() {
        for seed in [0, u64::MAX, 0x0123_4567_89ab_cdef] {
            let groups = draw_groups(seed);
            assert_eq!(groups.len(), NAMES.len());
            for group in groups {
                assert!(group.ip().is_multicast() && group.port() >= 0xc000, "{group}");
            }
        }
    }
}
