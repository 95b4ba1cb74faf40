//! A small network that lives for half an hour: responders, watchers and askers, one datagram in ten
//! lost each way, a card that flaps, a host that moves, a service that is restarted, and a thousand
//! datagrams of junk a second. Nobody may be missed, nothing told that is not so, and nothing grow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mcast_net::clock::Clock;
use mcast_proto::Instant;
use mcast_tests::netns::{Host, Process, Signal, World};
use serde_json::Value;

use crate::attacker::{Attacker, Order, Sources, When};
use crate::forge::Forgery;
use crate::meter::{Meter, Usage};
use crate::page;
use crate::program::{Answer, asker, host, names, offer, respond, services, watch};

/// A round of all that happens.
const ROUND: u64 = 60;
/// By how much a process may grow after the first round, in KiB.
const GROWTH: u64 = 1 << 10;

/// For how many minutes; half an hour where nothing is said.
fn minutes() -> u64 {
    let minutes = std::env::var("MCAST_SOAK_MINUTES").ok();
    minutes.map_or(30, |minutes| minutes.parse().expect("a number of minutes")).max(2)
}

#[test]
#[ignore = "half an hour"]
fn soak() {
    let world = World::with_nft().expect("a world");
    let table = Soak::new(&world).run(minutes());
    println!("{table}");
    page::put("Soak", &table);
    assert!(!table.contains("broken"), "not all held");
}

struct Soak<'w> {
    steady: Host<'w>,
    flapping: Host<'w>,
    moving: Host<'w>,
    restarting: Host<'w>,
    watching: Host<'w>,
    asking: Host<'w>,
    lying: Host<'w>,
}

/// What was seen, beside what was so.
#[derive(Default)]
struct Seen {
    asks: u32,
    /// Asks that did not find all that never go.
    missed: u32,
    /// Of those, the ones that said that they had found all.
    wrong: u32,
    /// By who was told of: how often found, and how often lost.
    told: BTreeMap<String, (u32, u32)>,
    starts: u32,
    stops: u32,
}

impl<'w> Soak<'w> {
    fn new(world: &'w World) -> Soak<'w> {
        let lan = world.segment();
        let [steady, flapping, moving, restarting, watching, asking, lying] =
            [1, 2, 3, 4, 5, 6, 7].map(|number| host(world, &lan, number));
        for host in [&steady, &flapping, &moving, &restarting, &watching, &asking] {
            host.nft(
                "table netdev loss { chain in {\n\
                 type filter hook ingress device eth0 priority 0;\n\
                 meta protocol ip numgen random mod 100 < 10 drop\n}\n}",
            );
        }
        Soak { steady, flapping, moving, restarting, watching, asking, lying }
    }

    fn run(&self, minutes: u64) -> String {
        let truth = names(10);
        let long = [
            ("respond, ten services", offer(&self.steady, &truth, "")),
            ("respond, plain", respond(&self.steady, "--quiet")),
            ("respond, its card flaps", offer(&self.flapping, &["flaps".to_owned()], "")),
            ("respond, its address moves", offer(&self.moving, &["moves".to_owned()], "")),
            ("discover --watch", watch(&self.watching, "")),
        ];
        let watcher = &long[4].1;
        let mut restarted = Some(offer(&self.restarting, &["restarts".to_owned()], ""));
        let mut running: Option<Process> = None;
        let mut seen = Seen { starts: 1, ..Seen::default() };
        let mut meters = Vec::new();
        let junk = self.junk((1000, 1000 * minutes * ROUND));
        let clock = Clock::new();
        for second in 0..minutes * ROUND {
            let round = second / ROUND;
            match second % ROUND {
                // A process has room for a batch of datagrams, which takes memory once so many come at once.
                4 if round == 1 => drop(self.junk((50_000, 5_000)).finish()),
                5 if round == 1 => {
                    meters = long.iter().map(|(_, process)| Meter::of(process)).collect();
                }
                10 => {
                    let process = restarted.take().expect("it was started");
                    assert_eq!(process.stop(Signal::TERM).code, Some(0));
                    seen.stops += 1;
                }
                20 => {
                    restarted = Some(offer(&self.restarting, &["restarts".to_owned()], ""));
                    seen.starts += 1;
                }
                30 => self.flapping.ip("link set eth0 down"),
                35 => self.flapping.ip("link set eth0 up"),
                40 => {
                    let [old, new] = [round, round + 1].map(|n| 3 + 10 * (n % 20));
                    self.moving.ip(&format!("addr del 10.0.0.{old}/16 dev eth0"));
                    self.moving.add_address("eth0", &format!("10.0.0.{new}/16"));
                }
                _ => {}
            }
            if running.as_mut().is_none_or(|process| !process.is_running()) {
                if let Some(process) = running.take() {
                    seen.answer(&Answer::of(&process.wait()), &truth);
                }
                running = Some(asker(&self.asking, 20_000, ""));
            }
            seen.events(&watcher.lines_so_far());
            let next = Instant::from_millis((second + 1) * 1000);
            std::thread::sleep(next - clock.now());
        }
        let usages: Vec<Usage> = meters.iter().map(Meter::read).collect();
        let sent = junk.finish();
        let named = long.iter().map(|(name, _)| *name);
        let mut table = table(named.zip(usages));
        seen.write(&truth, &mut table);
        writeln!(table, "\nDatagrams of junk: {sent}.").expect("a string takes it");
        table
    }

    /// So many a second and in all, of which no two are alike.
    fn junk(&self, (each_second, count): (u32, u64)) -> Attacker {
        let order = Order {
            forgery: Forgery::Junk(64),
            from: Sources { first: [10, 0, 2, 0].into(), count: 62_500, port: 0 },
            to: services(),
            ttl: 1,
            when: When::Rate { each_second, count },
        };
        Attacker::start(&self.lying, &order)
    }
}

impl Seen {
    fn answer(&mut self, answer: &Answer, truth: &[String]) {
        self.asks += 1;
        if !answer.has(truth) {
            eprintln!("missed some: {:?}, {:?}", answer.names, answer.events.last());
        }
        self.missed += u32::from(!answer.has(truth));
        self.wrong += u32::from(answer.is_false(truth));
    }

    fn events(&mut self, lines: &[String]) {
        for line in lines {
            let event: Value = serde_json::from_str(line).expect("an event");
            let name = event["name"].as_str().unwrap_or_default().to_owned();
            let (found, lost) = self.told.entry(name).or_default();
            match (event["event"].as_str(), event["change"].as_str()) {
                (Some("found"), _) => *found += 1,
                (Some("lost"), _) => *lost += 1,
                // Where both its goodbyes were lost on the way, end and start are told in one.
                (Some("changed"), Some("restarted")) => (*found, *lost) = (*found + 1, *lost + 1),
                _ => {}
            }
            // So that what was told too often or never can be found out.
            eprintln!("{line}");
        }
    }

    /// Rows for what was told, beside what was so.
    fn write(&self, truth: &[String], table: &mut String) {
        let stay: Vec<&str> = truth.iter().map(String::as_str).chain(["flaps", "moves"]).collect();
        let told = |name: &str| self.told.get(name).copied().unwrap_or_default();
        let unfound = stay.iter().filter(|name| told(name).0 == 0).count();
        let lost: u32 = stay.iter().map(|name| told(name).1).sum();
        let (found, ended) = told("restarts");
        let known = |name: &str| stay.contains(&name) || name == "restarts" || name.is_empty();
        let ghosts: u32 =
            self.told.iter().filter(|(name, _)| !known(name)).map(|(_, told)| told.0).sum();
        let Seen { asks, missed, wrong, starts, stops, .. } = *self;
        table.push_str(
            "\n| what was said | seen | held to | verdict |\n| --- | --- | --- | --- |\n",
        );
        for (what, seen, held_to, held) in [
            ("asks that missed somebody", format!("{missed} of {asks}"), "none", missed == 0),
            (
                "asks that said complete and were not",
                format!("{wrong} of {asks}"),
                "none",
                wrong == 0,
            ),
            ("who stayed and was never told", unfound.to_string(), "none", unfound == 0),
            ("who stayed and was told as lost", lost.to_string(), "none", lost == 0),
            ("starts that were told", format!("{found} of {starts}"), "all", found == starts),
            ("ends that were told", format!("{ended} of {stops}"), "all", ended == stops),
            ("who was told and never was", ghosts.to_string(), "none", ghosts == 0),
        ] {
            let verdict = if held { "held" } else { "**broken**" };
            writeln!(table, "| {what} | {seen} | {held_to} | {verdict} |")
                .expect("a string takes it");
        }
    }
}

fn table<'a>(usages: impl Iterator<Item = (&'a str, Usage)>) -> String {
    let mut table = String::from(
        "| process | CPU | RSS | fds | sockets | held to | verdict |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (name, usage) in usages {
        let Usage { cpu, peak, grown, descriptors, sockets, opened } = usage;
        let [peak, mib] = [peak, grown].map(|kib| kib as f64 / 1024.0);
        let verdict = if grown <= GROWTH && opened == 0 { "held" } else { "**broken**" };
        writeln!(
            table,
            "| {name} | {cpu:.1} % | {peak:.1} MiB ({mib:+.1}) | {descriptors} ({opened:+}) | {sockets} \
             | at most 1 MiB more after the first minute, no descriptor more | {verdict} |"
        )
        .expect("a string takes it");
    }
    table
}
