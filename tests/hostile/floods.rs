//! More than can be read, from everywhere and nowhere.

use std::net::{IpAddr, SocketAddr};

use mcast_proto::{plain, service};
use mcast_tests::netns::{Host, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Order, Sources, When};
use crate::forge::Forgery;
use crate::meter::{Meter, Usage};
use crate::program::{PATIENCE_MS, discover, host, is_answered, names, offer, respond};

pub(crate) const ATTACKS: [Attack; 8] = [
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
        run: |world, extent| flood(world, extent, Forgery::Query, 10_000),
    },
    Attack {
        name: "forged queries, 100,000/s",
        threshold: "never complete with one missing; all found once it is over; at most 8 MiB more",
        run: |world, extent| flood(world, extent, Forgery::Query, 100_000),
    },
    Attack {
        name: "plain probes, 100,000/s",
        threshold: "answered within 2 s once it is over; at most 8 MiB more",
        run: plain_flood,
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
            forgery: Forgery::Bytes(vec![plain::PROBE.to_vec()]),
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
    let responder = respond(&victim, family.option());
    let meter = Meter::of(&responder);
    let (sent, seconds) = Attacker::start(&liar, &family.probes(2000, u32::MAX, 2000)).finish();
    let answered = is_answered(&asker, 2000, family.option());
    Outcome {
        sent: format!("{sent} in {seconds:.2} s"),
        found: if answered { "answered" } else { "not answered" }.to_owned(),
        usage: Some(meter.read()),
        held: answered,
    }
}

fn absent_stream(world: &World, family: Family) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&victim, family.option());
    let meter = Meter::of(&responder);
    let attacker = Attacker::start(&liar, &family.probes(100, 1000, 5000));
    // Until it bites.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let answered = (0..6).filter(|_| is_answered(&asker, 500, family.option())).count();
    let usage = meter.read();
    let (sent, seconds) = attacker.finish();
    Outcome {
        sent: format!("{sent} in {seconds:.1} s"),
        found: format!("{answered} of 6 asks"),
        usage: Some(usage),
        held: answered >= 5,
    }
}

/// Who lies from 62,500 hosts of the link that nobody is.
fn everywhere(
    liar: &Host<'_>,
    forgery: Forgery,
    to: SocketAddr,
    extent: Extent,
    each_second: u32,
) -> (Attacker, u32) {
    let seconds = if extent == Extent::Full { 10 } else { 2 };
    // A debug build beside other tests.
    let each_second = if extent == Extent::Full { each_second } else { each_second.min(10_000) };
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
    usage.grown <= GROWTH && usage.opened <= 0
}

fn flood(world: &World, extent: Extent, forgery: Forgery, each_second: u32) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(5);
    let responder = offer(&victim, &truth, "");
    let meter = Meter::of(&responder);
    let group = (service::GROUP_V4, service::PORT).into();
    let (attacker, seconds) = everywhere(&liar, forgery, group, extent, each_second);
    let asks = if extent == Extent::Full { 6 } else { 1 };
    // Within the flood, even where one takes long.
    let during: Vec<_> = (0..asks).map(|_| discover(&asker, 900 * seconds / asks, "")).collect();
    let (sent, elapsed) = attacker.finish();
    let usage = meter.read();
    let after = discover(&asker, PATIENCE_MS, "");
    let whole = during.iter().filter(|answer| answer.has(&truth)).count();
    let complete = during.iter().filter(|answer| answer.complete).count();
    let wrong = during.iter().filter(|answer| answer.is_false(&truth)).count();
    let found = after.names.len();
    Outcome {
        sent: format!("{sent} in {elapsed:.1} s"),
        found: format!(
            "during it {whole} of {asks} asks found all, {complete} said complete, {wrong} of them \
             wrongly; after it {found} of {}",
            truth.len()
        ),
        usage: Some(usage),
        held: wrong == 0 && after.has(&truth) && after.complete && within_bounds(&usage),
    }
}

fn plain_flood(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, victim, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = respond(&victim, "");
    let meter = Meter::of(&responder);
    let probe = Forgery::Bytes(vec![plain::PROBE.to_vec()]);
    let (attacker, _) = everywhere(&liar, probe, Family::V4.group(), extent, 100_000);
    let (sent, elapsed) = attacker.finish();
    let usage = meter.read();
    let answered = is_answered(&asker, 2000, "");
    Outcome {
        sent: format!("{sent} in {elapsed:.1} s"),
        found: if answered { "answered" } else { "not answered" }.to_owned(),
        usage: Some(usage),
        held: answered && within_bounds(&usage),
    }
}

#[test]
fn a_burst_from_absent_hosts_does_not_deafen() {
    quick(&ATTACKS[0]);
    quick(&ATTACKS[1]);
}

#[test]
fn probes_from_absent_hosts_do_not_starve_honest_ones() {
    quick(&ATTACKS[2]);
    quick(&ATTACKS[3]);
}

#[test]
fn floods_never_make_a_part_look_like_the_whole() {
    for attack in &ATTACKS[4..] {
        quick(attack);
    }
}
