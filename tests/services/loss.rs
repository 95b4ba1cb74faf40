//! Networks that lose datagrams.

use std::io::{BufRead as _, BufReader, Read as _};

use mcast_net::clock::Clock;
use mcast_proto::Instant;
use mcast_tests::netns::{Host, Process, World};

use crate::{command, done, events, found, host, median_and_worst, offer, run};

const DISCOVER: &str = "discover --service printer --json";

/// Thirty services on six hosts, five each, and who asks for them.
struct Floor<'w> {
    asker: Host<'w>,
    hosts: Vec<Host<'w>>,
    names: Vec<String>,
    _responders: Vec<Process>,
}

impl<'w> Floor<'w> {
    fn new(world: &'w World) -> Floor<'w> {
        let lan = world.segment();
        let asker = host(world, &lan, 1);
        let hosts: Vec<_> = (2..8).map(|number| host(world, &lan, number)).collect();
        let names = |room: usize| (0..5).map(|place| format!("room-{room}-{place}")).collect();
        let rooms: Vec<Vec<String>> = (0..6).map(names).collect();
        let responders =
            hosts.iter().zip(&rooms).map(|(host, names)| offer(host, names, "")).collect();
        Floor { asker, hosts, names: rooms.concat(), _responders: responders }
    }

    fn everybody(&self) -> impl Iterator<Item = &Host<'w>> {
        std::iter::once(&self.asker).chain(&self.hosts)
    }

    /// Loses this share, in percent, of all that comes to any host: queries on the way there, answers on
    /// the way back.
    fn lose(&self, percent: u32) {
        for host in self.everybody() {
            host.nft(&format!(
                "table netdev loss {{ chain in {{\n\
                 type filter hook ingress device eth0 priority 0;\n\
                 meta protocol ip numgen random mod 100 < {percent} counter drop\n}}\n}}"
            ));
        }
    }

    #[track_caller]
    fn find_all(&self) -> f64 {
        let finished = run(&self.asker, DISCOVER);
        assert_eq!(found(&finished), self.names, "{}", finished.stderr);
        let done = done(&finished);
        assert_eq!((finished.code, &done["complete"]), (Some(0), &true.into()), "{done}");
        done["elapsed_ms"].as_f64().expect("a number")
    }
}

#[test]
fn thirty_are_found_and_known_to_be_all() {
    let Some(world) = World::new() else { return };
    let floor = Floor::new(&world);
    let finished = run(&floor.asker, DISCOVER);
    assert_eq!(found(&finished), floor.names, "{finished:?}");
    for event in events(&finished.stdout, "found") {
        assert_eq!(
            (&event["service"], &event["port"], &event["via"], &event["interface"]),
            (&"printer".into(), &631.into(), &"unicast".into(), &"eth0".into()),
        );
        let host = event["addr"].as_str().expect("an address").split(':').next();
        let room = event["name"].as_str().and_then(|name| name.split('-').nth(1)?.parse().ok());
        assert_eq!(host, room.map(|room: u32| format!("10.0.0.{}", room + 2)).as_deref());
    }
    let done = done(&finished);
    assert_eq!(
        (&done["complete"], &done["found"], &done["kernel_drops"], &done["found_by_group"]),
        (&true.into(), &30.into(), &0.into(), &0.into()),
    );
}

#[test]
fn all_are_found_where_four_in_ten_are_lost_each_way() {
    let Some(world) = World::with_nft() else { return };
    let floor = Floor::new(&world);
    floor.lose(40);
    for _ in 0..5 {
        floor.find_all();
    }
    for host in floor.everybody() {
        let rules = host.run("nft", ["list", "ruleset"]).stdout;
        assert!(rules.contains("counter packets"), "{rules}");
        assert!(!rules.contains("counter packets 0 "), "nothing was lost: {rules}");
    }
}

#[test]
#[ignore = "measures: fifty runs at forty percent of loss"]
fn measure_forty_percent_of_loss() {
    let world = World::with_nft().expect("a world");
    let floor = Floor::new(&world);
    floor.lose(40);
    let times = (0..50).map(|_| floor.find_all()).collect();
    let (median, worst) = median_and_worst(times);
    println!(
        "40 % lost each way: 30 of 30 and complete in 50 of 50 runs, in {median} ms, at worst {worst} ms"
    );
}

#[test]
#[ignore = "measures: fifty runs without loss"]
fn measure_no_loss() {
    let world = World::new().expect("a world");
    let floor = Floor::new(&world);
    let clock = Clock::new();
    let milliseconds = |since: Instant| (clock.now() - since).as_secs_f64() * 1e3;
    let (mut firsts, mut ends, mut dones) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..50 {
        let start = clock.now();
        let (process, stdout) = Process::start_unread(command(&floor.asker, DISCOVER));
        let mut stdout = BufReader::new(stdout);
        let mut lines = String::new();
        stdout.read_line(&mut lines).expect("a line");
        firsts.push(milliseconds(start));
        stdout.read_to_string(&mut lines).expect("lines");
        ends.push(milliseconds(start));
        let finished = process.wait();
        let account = events(&lines, "done").pop().expect("an account");
        assert_eq!((finished.code, &account["complete"]), (Some(0), &true.into()), "{account}");
        assert_eq!(account["found"], 30, "{account}");
        dones.push(account["elapsed_ms"].as_f64().expect("a number"));
    }
    for (what, times) in [("first answer", firsts), ("process end", ends), ("elapsed_ms", dones)] {
        let (median, worst) = median_and_worst(times);
        println!("no loss, 50 runs: {what} after {median:.2} ms, at worst {worst:.2} ms");
    }
}
