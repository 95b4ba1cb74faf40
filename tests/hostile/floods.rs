//! More than can be read, from everywhere and nowhere.

use std::net::{IpAddr, SocketAddr};

use mcast_proto::plain;
use mcast_proto::wire::MIN_QUERY;
use mcast_tests::is_sanitized;
use mcast_tests::netns::{Host, Signal, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Back, Order, Sources, When};
use crate::forge::Forgery;
use crate::meter::{Meter, Usage};
use crate::program::{
    Answer, PATIENCE_MS, beside_a_busy_one, discover, host, is_answered, mcast, names, offer,
    respond, services,
};
use crate::tally::Tally;

pub(crate) const ATTACKS: [Attack; 11] = [
    Attack {
        name: "a burst of 2,000 plain probes from absent hosts",
        threshold: "an honest asker is answered within 2 s",
        run: |world, _| absent_burst(world, Family::V4),
    },
    Attack {
        name: "the same over IPv6",
        threshold: "an honest asker is answered within 2 s",
        run: |world, _| absent_burst(world, Family::V6),
    },
    Attack {
        name: "1,000 plain probes/s from 100 absent hosts",
        threshold: "at least 5 of 6 asks of 500 ms are answered",
        run: |world, _| absent_stream(world, Family::V4),
    },
    Attack {
        name: "the same over IPv6",
        threshold: "at least 5 of 6 asks of 500 ms are answered",
        run: |world, _| absent_stream(world, Family::V6),
    },
    Attack {
        name: "junk, 100,000/s",
        threshold: "never complete with one missing; all found once it is over; at most 8 MiB more",
        run: |world, extent| flood(world, extent, Forgery::Junk(64), 100_000),
    },
    Attack {
        name: "forged queries, 10,000/s",
        threshold: "never complete with one missing; all found once it is over; at most 8 MiB more",
        run: |world, extent| flood(world, extent, Forgery::Query(MIN_QUERY), 10_000),
    },
    Attack {
        name: "forged queries, 100,000/s",
        threshold: "never complete with one missing; all found once it is over; at most 8 MiB more",
        run: |world, extent| flood(world, extent, Forgery::Query(MIN_QUERY), 100_000),
    },
    Attack {
        name: "junk, 100,000/s, to a responder that has a thirtieth of a core",
        threshold: "of 10 asks at most one complete without it; all found once it is over",
        run: |world, _| starved(world),
    },
    Attack {
        name: "plain probes, 100,000/s",
        threshold: "of 4 asks of 500 ms, once it is over, one is answered; at most 8 MiB more",
        run: plain_flood,
    },
    Attack {
        name: "plain probes, 100,000/s, to a responder that prints",
        threshold: "at most 50 kB/s printed, and 8 MiB more",
        run: printed,
    },
    Attack {
        name: "each plain probe answered by 20,000 invented responders",
        threshold: "the honest one found, in every run",
        run: inventor,
    },
];

/// By how much the memory of who is attacked may grow, in KiB.
const GROWTH: u64 = 8 << 10;

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

impl Family {
    /// Hosts of the link that nobody is.
    fn absent(self) -> IpAddr {
        match self {
            Family::V4 => [10, 0, 100, 0].into(),
            Family::V6 => "fd00::100:0".parse().expect("an address"),
        }
    }

    fn group(self) -> SocketAddr {
        match self {
            Family::V4 => (plain::GROUP_V4, plain::PORT).into(),
            Family::V6 => (plain::GROUP_V6, plain::PORT).into(),
        }
    }

    fn option(self) -> &'static str {
        match self {
            Family::V4 => "-4",
            Family::V6 => "-6",
        }
    }

    fn probes(self, sources: u32, each_second: u32, count: u64) -> Order {
        Order {
            forgery: Forgery::Bytes(plain::PROBE.to_vec()),
            from: Sources { first: self.absent(), count: sources, port: 40_000 },
            to: self.group(),
            ttl: 1,
            when: When::Rate { each_second, count },
        }
    }
}

fn absent_burst(world: &World, family: Family) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&victim, &format!("--quiet {}", family.option()));
    let meter = Meter::of(&responder);
    let sent = Attacker::start(&liar, &family.probes(2000, u32::MAX, 2000)).finish();
    let answered = is_answered(&asker, 2000, family.option());
    Outcome {
        sent: sent.to_string(),
        found: if answered { "answered" } else { "not answered" }.to_owned(),
        usage: Some(meter.read()),
        held: answered,
    }
}

fn absent_stream(world: &World, family: Family) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&victim, &format!("--quiet {}", family.option()));
    let meter = Meter::of(&responder);
    let attacker = Attacker::start(&liar, &family.probes(100, 1000, 5000));
    // Until it bites.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let answered = (0..6).filter(|_| is_answered(&asker, 500, family.option())).count();
    let usage = meter.read();
    let sent = attacker.finish();
    Outcome {
        sent: sent.to_string(),
        found: format!("{answered} of 6 asks"),
        usage: Some(usage),
        held: answered >= 5,
    }
}

/// Who lies from 62,500 hosts of the link that nobody is, and for how many seconds. The quick form is
/// slower: a debug build runs it beside other tests.
fn everywhere(
    liar: &Host<'_>,
    forgery: Forgery,
    to: SocketAddr,
    extent: Extent,
    each_second: u32,
) -> (Attacker, u32) {
    let (seconds, each_second) = match extent {
        Extent::Full => (10, each_second),
        Extent::Quick => (2, each_second.min(10_000)),
    };
    let order = Order {
        forgery,
        from: Sources { first: [10, 0, 2, 0].into(), count: 62_500, port: 0 },
        to,
        ttl: 1,
        when: When::Rate { each_second, count: u64::from(each_second * seconds) },
    };
    (Attacker::start(liar, &order), seconds)
}

fn within_bounds(usage: &Usage) -> bool {
    (usage.grown <= GROWTH || is_sanitized()) && usage.opened <= 0
}

fn flood(world: &World, extent: Extent, forgery: Forgery, each_second: u32) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(5);
    let responder = offer(&victim, &truth, "");
    let meter = Meter::of(&responder);
    let (attacker, seconds) = everywhere(&liar, forgery, services(), extent, each_second);
    let asks = if extent == Extent::Full { 6 } else { 1 };
    // Within the flood, even where one takes long.
    let during: Vec<_> = (0..asks).map(|_| discover(&asker, 900 * seconds / asks, "")).collect();
    let sent = attacker.finish();
    let usage = meter.read();
    let [during, after] = [during, [discover(&asker, PATIENCE_MS, "")].into()]
        .map(|answers: Vec<Answer>| Tally::of(&answers, &truth));
    Outcome {
        sent: sent.to_string(),
        found: format!("during it {during}; after it {after}"),
        usage: Some(usage),
        held: during.wrong == 0 && after.right == 1 && within_bounds(&usage),
    }
}

/// What it can't read the kernel drops, honest questions too. It says so as soon as the kernel lets it run,
/// which may be later than the shortest discovery takes: so one ask in ten may miss it. This takes a machine
/// of its own, and has no quick form.
fn starved(world: &World) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar, other] = [1, 2, 3, 4].map(|number| host(world, &lan, number));
    let truth = names(2);
    // Who finds nobody at all never takes that for everybody.
    let _found = offer(&other, &truth[1..], "");
    let (_rival, responder) = beside_a_busy_one(&victim, &truth[0]);
    let meter = Meter::of(&responder);
    let (seconds, each_second) = (20, 100_000);
    let order = Order {
        forgery: Forgery::Junk(64),
        from: Sources { first: [10, 0, 2, 0].into(), count: 62_500, port: 0 },
        to: services(),
        ttl: 1,
        when: When::Rate { each_second, count: u64::from(each_second * seconds) },
    };
    let attacker = Attacker::start(&liar, &order);
    // Until it bites.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let during: Vec<_> = (0..10).map(|_| discover(&asker, 1500, "")).collect();
    let sent = attacker.finish();
    let usage = meter.read();
    let after: Answer = discover(&asker, PATIENCE_MS, "");
    let [during, after] = [during, vec![after]].map(|answers| Tally::of(&answers, &truth));
    Outcome {
        sent: sent.to_string(),
        found: format!("during it {during}; after it {after}"),
        usage: Some(usage),
        held: during.wrong <= 1 && after.right == 1,
    }
}

fn plain_flood(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&victim, "--quiet");
    let meter = Meter::of(&responder);
    let probe = Forgery::Bytes(plain::PROBE.to_vec());
    let (attacker, _) = everywhere(&liar, probe, Family::V4.group(), extent, 100_000);
    let sent = attacker.finish();
    let usage = meter.read();
    // Each ask is one probe, of which the first may still be drawn by lot.
    let first = (1..=4).find(|_| is_answered(&asker, 500, ""));
    Outcome {
        sent: sent.to_string(),
        found: first.map_or("not answered".to_owned(), |ask| format!("answered at ask {ask}")),
        usage: Some(usage),
        held: first.is_some() && within_bounds(&usage),
    }
}

fn printed(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [victim, liar] = [2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&victim, "");
    let meter = Meter::of(&responder);
    let probe = Forgery::Bytes(plain::PROBE.to_vec());
    let (attacker, seconds) = everywhere(&liar, probe, Family::V4.group(), extent, 100_000);
    let sent = attacker.finish();
    let usage = meter.read();
    let finished = responder.stop(Signal::TERM);
    let printed = finished.stdout.len() + finished.stderr.len();
    Outcome {
        sent: sent.to_string(),
        found: format!("{} kB printed", printed / 1000),
        usage: Some(usage),
        held: printed <= 50_000 * seconds as usize && within_bounds(&usage),
    }
}

fn inventor(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let _responder = respond(&home, "--quiet");
    let (runs, seconds, times) = if extent == Extent::Full { (4, 5, 20_000) } else { (1, 3, 1000) };
    let order = Order {
        forgery: Forgery::Bytes(b"invented".to_vec()),
        from: Sources { first: [10, 0, 2, 0].into(), count: 62_500, port: 0 },
        to: Family::V4.group(),
        ttl: 1,
        when: When::Asked { times, seconds: runs * seconds, back: Back::ToAsker },
    };
    let attacker = Attacker::start(&liar, &order);
    let words = format!("discover --json --deadline {seconds}s");
    let answers: Vec<Answer> =
        (0..runs).map(|_| Answer::of(&mcast(&asker, &words).wait())).collect();
    let sent = attacker.finish();
    let found =
        answers.iter().filter(|answer| answer.addresses().any(|at| at == "10.0.0.2")).count();
    let most = answers.iter().map(|answer| answer.events.len() - 1).max();
    Outcome {
        sent: format!("{} answers", sent.count),
        found: format!(
            "the honest one in {found} of {runs} runs; with others, {} told in one at the most",
            most.unwrap_or(0)
        ),
        usage: None,
        held: found == runs as usize,
    }
}

#[test]
fn a_burst_from_absent_hosts_does_not_deafen() {
    quick(&ATTACKS[..2]);
}

#[test]
fn probes_from_absent_hosts_do_not_starve_honest_ones() {
    quick(&ATTACKS[2..4]);
}

#[test]
fn floods_never_make_a_part_look_like_the_whole() {
    quick(&ATTACKS[4..7]);
}

#[test]
fn floods_of_probes_deafen_nobody_and_fill_no_disk() {
    quick(&ATTACKS[8..10]);
}

#[test]
fn who_invents_plain_responders_hides_nobody() {
    quick(&ATTACKS[10..]);
}
