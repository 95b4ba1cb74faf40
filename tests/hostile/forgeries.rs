//! Who claims to be another, or what nobody is.

use std::net::SocketAddr;
use std::time::Duration;

use mcast_proto::service;
use mcast_tests::netns::{Host, Signal, World};

use crate::attack::{Attack, Extent, Outcome, quick};
use crate::attacker::{Attacker, Back, Order, Sources, When};
use crate::forge::{Claim, Forgery};
use crate::meter::Meter;
use crate::program::{
    Answer, GROUP, PATIENCE_MS, discover, honest_id, host, names, offer, services, watch,
};
use crate::tally::Tally;

pub(crate) const ATTACKS: [Attack; 11] = [
    Attack {
        name: "announcements with an honest id, of a later start",
        threshold: "a watcher tells of no move, and of the honest goodbye",
        run: announced_elsewhere,
    },
    Attack {
        name: "goodbyes with an honest id",
        threshold: "a watcher loses nobody",
        run: forged_goodbyes,
    },
    Attack {
        name: "announcements of invented services from beyond the link",
        threshold: "a watcher tells of none",
        run: |world, extent| ghosts(world, extent, [192, 0, 2, 0]),
    },
    Attack {
        name: "250,000 announcements of invented services from absent hosts",
        threshold: "a watcher tells of none, and of an honest start after them",
        run: |world, extent| ghosts(world, extent, [10, 0, 2, 0]),
    },
    Attack {
        name: "each question answered with an honest id, from elsewhere",
        threshold: "the honest one told, a conflict told, not complete, in every run",
        run: stolen_id,
    },
    Attack {
        name: "each question answered with an honest id, from its own address",
        threshold: "the honest words told, or not complete, in every run",
        run: stolen_address,
    },
    Attack {
        name: "each question answered by 2,000 invented services of one address",
        threshold: "all 64 honest ones found in 25 s, in every run",
        run: |world, extent| inventor(world, extent, 1),
    },
    Attack {
        name: "each question answered by 2,000 invented services of 62,500 addresses",
        threshold: "all 64 honest ones found in 25 s, in every run",
        run: |world, extent| inventor(world, extent, 62_500),
    },
    Attack {
        name: "each question of a watcher answered by 2,000 invented services of one address",
        threshold: "all 64 honest ones told, and none lost",
        run: inventor_beside_a_watcher,
    },
    Attack {
        name: "each question followed by four in the asker's name, far ahead of it",
        threshold: "all found and complete, in every run",
        run: interruption,
    },
    Attack {
        name: "each question answered to the group by one invented service",
        threshold: "all found and complete, in every run",
        run: answered_to_the_group,
    },
];

/// Sends so many from this address and port of the services.
fn lie(
    liar: &Host<'_>,
    forgery: Forgery,
    first: [u8; 4],
    count: u32,
    (each_second, times): (u32, u64),
) -> Attacker {
    let from = Sources { first: first.into(), count, port: service::PORT };
    let when = When::Rate { each_second, count: times };
    Attacker::start(liar, &Order { forgery, from, to: services(), ttl: 3, when })
}

fn announced_elsewhere(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let responder = offer(&home, &names(1), "");
    let id = honest_id(&asker);
    let watcher = watch(&asker, "");
    watcher.line_with("\"found\"");
    let meter = Meter::of(&watcher);
    let forgery = Forgery::Announce(Claim::of(Some(id), "lab-000"));
    let times = if extent == Extent::Full { 200 } else { 20 };
    let sent = lie(&liar, forgery, [10, 0, 0, 3], 1, (20, times)).finish();
    let moved = watcher.lines_so_far().iter().filter(|line| line.contains("10.0.0.3:")).count();
    let usage = meter.read();
    assert_eq!(responder.stop(Signal::TERM).code, Some(0));
    let lost = watcher.line_with("\"lost\"");
    Outcome {
        sent: sent.to_string(),
        found: format!("{moved} moves told"),
        usage: Some(usage),
        held: moved == 0 && lost.contains("goodbye"),
    }
}

fn forged_goodbyes(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let _responder = offer(&home, &names(1), "");
    let id = honest_id(&asker);
    let watcher = watch(&asker, "");
    watcher.line_with("\"found\"");
    let meter = Meter::of(&watcher);
    let forgery = Forgery::Goodbye(Claim::of(Some(id), ""));
    let times = if extent == Extent::Full { 500 } else { 100 };
    let sent = lie(&liar, forgery, [10, 0, 0, 2], 1, (50, times)).finish();
    // By now it would be taken for gone.
    std::thread::sleep(Duration::from_secs(1));
    let lost = watcher.lines_so_far().iter().filter(|line| line.contains("\"lost\"")).count();
    Outcome {
        sent: sent.to_string(),
        found: format!("{lost} lost"),
        usage: Some(meter.read()),
        held: lost == 0,
    }
}

fn ghosts(world: &World, extent: Extent, first: [u8; 4]) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let watcher = watch(&asker, "");
    asker.until_joined("eth0", GROUP, 1);
    let meter = Meter::of(&watcher);
    let times = if extent == Extent::Full { 250_000 } else { 10_000 };
    let forgery = Forgery::Announce(Claim::of(None, "ghost"));
    let sent = lie(&liar, forgery, first, 62_500, (25_000, times)).finish();
    let _responder = offer(&home, &names(1), "");
    let mut ghosts = 0;
    let mut line = watcher.line_with("\"found\"");
    while line.contains("ghost") {
        ghosts += 1;
        line = watcher.line_with("\"found\"");
    }
    Outcome {
        sent: sent.to_string(),
        found: format!("{ghosts} of them told; then the honest one"),
        usage: Some(meter.read()),
        held: ghosts == 0,
    }
}

/// Who answers each question so many times, for as long as the runs take.
fn answerer(
    liar: &Host<'_>,
    forgery: Forgery,
    from: Sources,
    (times, back): (u32, Back),
    seconds: u32,
) -> Attacker {
    let when = When::Asked { times, seconds, back };
    Attacker::start(liar, &Order { forgery, from, to: services(), ttl: 1, when })
}

fn stolen_id(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(1);
    let _responder = offer(&home, &truth, "");
    let id = honest_id(&asker);
    let (runs, seconds) = extent.runs();
    let forgery = Forgery::Reply(Claim::of(Some(id), "thief"));
    let thief =
        answerer(&liar, forgery, Sources::one([10, 0, 0, 3]), (1, Back::ToAsker), runs * seconds);
    let answers: Vec<Answer> = (0..runs).map(|_| discover(&asker, seconds * 1000, "")).collect();
    let is_heard = |answer: &&Answer| answer.addresses().any(|at| at == "10.0.0.2");
    let found = answers.iter().filter(is_heard).count();
    let is_shown = |answer: &&Answer| {
        let conflict = answer.events.iter().any(|event| event["change"] == "conflict");
        conflict && !answer.complete
    };
    let shown = answers.iter().filter(is_shown).count();
    let sent = thief.finish();
    Outcome {
        sent: format!("{} answers", sent.count),
        found: format!("the honest one in {found} of {runs} runs, a conflict in {shown}"),
        usage: None,
        held: found == runs as usize && shown == runs as usize,
    }
}

fn stolen_address(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(1);
    let _responder = offer(&home, &truth, "");
    let found = discover(&asker, PATIENCE_MS, "");
    let address = found.events[0]["addr"].as_str().and_then(|at| at.parse::<SocketAddr>().ok());
    let address = address.expect("somebody is there");
    let from = Sources { first: address.ip(), count: 1, port: address.port() };
    let forgery = Forgery::Reply(Claim::of(Some(honest_id(&asker)), "thief"));
    let answers = (forgery, from, 1, Back::ToAsker);
    let (sent, tally) = beside((&liar, &asker), &truth, answers, extent.runs());
    Outcome {
        sent: format!("{sent} answers"),
        found: tally.to_string(),
        usage: None,
        held: tally.wrong == 0,
    }
}

/// Runs beside somebody who answers each question so many times, which must find all of these.
fn beside(
    (liar, asker): (&Host<'_>, &Host<'_>),
    truth: &[String],
    (forgery, from, times, back): (Forgery, Sources, u32, Back),
    (runs, seconds): (u32, u32),
) -> (u64, Tally) {
    // Before the next run a million lines may have to be read, for which it goes on too.
    let time = runs * seconds + (runs - 1) * seconds / 3;
    let attacker = answerer(liar, forgery, from, (times, back), time);
    let answers: Vec<Answer> = (0..runs).map(|_| discover(asker, seconds * 1000, "")).collect();
    (attacker.finish().count, Tally::of(&answers, truth))
}

fn inventor(world: &World, extent: Extent, addresses: u32) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(64);
    let _responder = offer(&home, &truth, "");
    let times = if extent == Extent::Full { 2000 } else { 200 };
    // From the honest host's own address, where it is one.
    let first = if addresses == 1 { [10, 0, 0, 2] } else { [10, 0, 2, 0] };
    let from = Sources { first: first.into(), count: addresses, port: service::PORT };
    let forgery = Forgery::Reply(Claim::of(None, "invented"));
    let answers = (forgery, from, times, Back::ToAsker);
    // A crowd as large as that one would be takes as long to ask.
    let runs = if extent == Extent::Full { (4, 25) } else { (1, 10) };
    let (sent, tally) = beside((&liar, &asker), &truth, answers, runs);
    Outcome {
        sent: format!("{sent} answers"),
        found: tally.to_string(),
        usage: None,
        held: tally.wrong == 0 && tally.whole == tally.asks,
    }
}

fn inventor_beside_a_watcher(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(64);
    let _responder = offer(&home, &truth, "");
    let watcher = watch(&asker, "");
    asker.until_joined("eth0", GROUP, 1);
    let meter = Meter::of(&watcher);
    let (times, seconds) = if extent == Extent::Full { (2000, 20) } else { (200, 8) };
    let forgery = Forgery::Reply(Claim::of(None, "invented"));
    let from = Sources::one([10, 0, 0, 3]);
    let sent = answerer(&liar, forgery, from, (times, Back::ToAsker), seconds).finish();
    let lines = watcher.lines_so_far();
    let told = |event: &str, name: &str| {
        lines.iter().any(|line| line.contains(event) && line.contains(name))
    };
    let found = truth.iter().filter(|name| told("\"found\"", name)).count();
    let lost = truth.iter().filter(|name| told("\"lost\"", name)).count();
    Outcome {
        sent: format!("{} answers", sent.count),
        found: format!("{found} told, {lost} lost"),
        usage: Some(meter.read()),
        held: found == truth.len() && lost == 0,
    }
}

fn interruption(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(5);
    let responder = offer(&home, &truth, "");
    let meter = Meter::of(&responder);
    let questions = (Forgery::Interruption, Sources::one([10, 0, 0, 1]), 4, Back::AsAsker);
    let (sent, tally) = beside((&liar, &asker), &truth, questions, extent.runs());
    Outcome {
        sent: format!("{sent} questions"),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: tally.right == tally.asks,
    }
}

fn answered_to_the_group(world: &World, extent: Extent) -> Outcome {
    let lan = world.segment();
    let [asker, home, liar] = [1, 2, 3].map(|number| host(world, &lan, number));
    let truth = names(5);
    let responder = offer(&home, &truth, "");
    let meter = Meter::of(&responder);
    let forgery = Forgery::GroupReply(Claim::of(Some(7), "group"));
    let answers = (forgery, Sources::one([10, 0, 0, 3]), 1, Back::ToGroup);
    let (sent, tally) = beside((&liar, &asker), &truth, answers, extent.runs());
    Outcome {
        sent: format!("{sent} answers"),
        found: tally.to_string(),
        usage: Some(meter.read()),
        held: tally.right == tally.asks,
    }
}

#[test]
fn who_announces_itself_as_another_moves_nobody() {
    quick(&ATTACKS[..1]);
}

#[test]
fn who_says_goodbye_for_another_ends_nobody() {
    quick(&ATTACKS[1..2]);
}

#[test]
fn who_only_announces_itself_is_not_there() {
    quick(&ATTACKS[2..4]);
}

#[test]
fn who_answers_with_anothers_id_hides_nobody() {
    quick(&ATTACKS[4..6]);
}

#[test]
fn who_invents_services_hides_nobody() {
    quick(&ATTACKS[6..9]);
}

#[test]
fn who_speaks_in_the_askers_name_or_to_the_group_delays_nobody() {
    quick(&ATTACKS[9..]);
}
