//! The watcher, in runs of hours.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use mcast_proto::ops::{Op, Outcome, run};
use mcast_proto::{Cast, InterfaceId};

use super::super::fixtures::fixture;
use super::super::stage::*;
use super::super::{GROUP_V4, PORT};
use super::*;

const IPP: &str = "_ipp._tcp.local";
const LAB: &str = "Lab._ipp._tcp.local";

fn printers() -> Watching {
    let only = BTreeSet::from([ServiceType::new("_ipp._tcp").expect("a type")]);
    Watching { only, ..Watching::default() }
}

fn watch(config: Watching, ops: &[Op]) -> Outcome {
    run(&mut Watcher::new(config, 7), ops)
}

/// When this was asked, in milliseconds.
fn times(outcome: &Outcome, question: &str) -> Vec<u64> {
    let asked = asked(outcome).into_iter();
    asked
        .filter(|(_, line)| line.split("; ").any(|part| part == question))
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn it_asks_after_a_moment_then_ever_more_seldom_and_at_least_once_an_hour() {
    let outcome = watch(printers(), &[Op::Wait(Duration::from_secs(5 * 3600))]);
    let times = times(&outcome, "12 _ipp._tcp.local");
    assert!((20..=120).contains(&times[0]), "{}", times[0]);
    let mut least = 1_000;
    for pair in times.windows(2) {
        assert!((least..=least * 11 / 10).contains(&(pair[1] - pair[0])), "{pair:?} {least}");
        least = (least * 2).min(3_600_000);
    }
    assert_eq!(times.len(), 16);
    // To the group, so without a number, and never asking for an answer to itself alone.
    assert!(outcome.sent().all(|(_, to, bytes)| to == Destination::GROUP && bytes[..2] == [0, 0]));
    assert_eq!(outcome.end(), None);
}

#[test]
fn questions_share_messages_of_five() {
    let outcome = watch(Watching::default(), &[wait(1_000)]);
    let asked = asked(&outcome);
    assert_eq!(asked.iter().map(|(_, line)| line.split("; ").count()).sum::<usize>(), 41);
    assert_eq!(asked.len(), 9);
    assert!(asked[0].1.starts_with("12 _services._dns-sd._udp.local; 12 _http._tcp.local; "));
    assert!(asked.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 100));
}

#[test]
fn what_is_known_is_said_as_long_as_half_its_time_is_left() {
    let heard = [wait(500), group(2, &printer(2, 120)), wait(200_000)];
    let outcome = watch(printers(), &heard);
    let lines: Vec<_> =
        asked(&outcome).into_iter().filter(|(_, line)| line.contains("12 _ipp._tcp")).collect();
    let known = |line: &str| line.contains("known Ptr(Lab._ipp._tcp.local)");
    for (at, line) in &lines {
        assert_eq!(known(line), (500..60_500).contains(at), "{at} {line}");
    }
    assert!(lines[1].1.ends_with("known Ptr(Lab._ipp._tcp.local) 119"), "{lines:?}");
}

#[test]
fn what_does_not_fit_is_said_in_further_messages() {
    let names: Vec<String> =
        (0..100).map(|nth| format!("instance number {nth} of a hundred._ipp._tcp.local")).collect();
    let mut ops = vec![wait(500)];
    for names in names.chunks(20) {
        let records: Vec<_> = names.iter().map(|name| (IPP, 4_500, ptr(name))).collect();
        ops.push(group(2, &answer(&records)));
    }
    ops.push(wait(1_000));
    let outcome = watch(printers(), &ops);
    let lines = asked(&outcome);
    // Then what is missing of them is asked for, five at a time.
    let about: Vec<_> = lines.iter().filter(|(_, line)| line.contains("known")).collect();
    assert_eq!(about.iter().map(|(_, line)| line.matches("known").count()).sum::<usize>(), 100);
    assert!(about.len() > 2 && about.iter().all(|(at, _)| *at == about[0].0));
    for (nth, (_, line)) in about.iter().enumerate() {
        assert_eq!(line.ends_with("; more"), nth + 1 < about.len(), "{nth}");
        assert_eq!(line.contains("12 _ipp"), nth == 0);
    }
    assert!(outcome.sent().all(|(.., bytes)| bytes.len() <= 1_440));
}

#[test]
fn on_two_networks_only_what_is_known_on_both_is_said() {
    let on = |link: u32, bytes: &[u8]| {
        let mut arrival = arrival(2, PORT, Cast::Group((GROUP_V4, PORT).into()));
        arrival.from = arrival.from.by(InterfaceId(link));
        Op::Datagram(arrival, bytes.to_vec())
    };
    let lab = printer(2, 4_500);
    let other = answer(&[("_http._tcp.local", 4_500, ptr("x._http._tcp.local"))]);
    for (second, is_said) in [(&other, false), (&lab, true)] {
        let outcome = watch(printers(), &[wait(500), on(3, &lab), on(4, second), wait(1_000)]);
        let lines = asked(&outcome);
        let said = lines.iter().filter(|(_, line)| line.contains("known")).count();
        assert_eq!(said > 0, is_said, "{lines:?}");
    }
}

#[test]
fn who_is_silent_is_asked_for_four_times_and_lost_at_the_end_of_its_time() {
    let mut ops = vec![wait(500), group(2, &printer(2, 120))];
    ops.push(wait(200_000));
    let outcome = watch(printers(), &ops);
    let told = told_when(&outcome);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[1], (120_500, "lost expired lab".into()));
    for question in ["33 Lab._ipp._tcp.local", "16 Lab._ipp._tcp.local", "1 lab.local"] {
        let times = times(&outcome, question);
        assert_eq!(times.len(), 4, "{question} {times:?}");
        for (at, share) in times.iter().zip([80, 85, 90, 95]) {
            let least = 500 + 1_200 * share;
            assert!((least..least + 2_600).contains(at), "{question} {times:?}");
        }
    }
}

#[test]
fn who_answers_stays_for_hours_and_nothing_is_told_of_it_again() {
    let lab = printer(2, 120);
    let mut ops = vec![wait(500)];
    for _ in 0..180 {
        ops.extend([group(2, &lab), wait(100_000)]);
    }
    let outcome = watch(printers(), &ops);
    assert_eq!(told(&outcome).len(), 1);
    let summary = {
        let mut watcher = Watcher::new(printers(), 7);
        run(&mut watcher, &ops);
        watcher.summary(Instant::ZERO)
    };
    assert_eq!((summary.found, summary.duplicates, summary.doubts), (1, 179, Doubts::NONE));
}

#[test]
fn a_goodbye_is_believed_if_nobody_answers_for_more_than_a_second() {
    let goodbye = answer(&[(IPP, 0, ptr(LAB))]);
    let heard = [wait(500), group(2, &printer(2, 4_500)), wait(9_500), group(2, &goodbye)];
    let outcome = watch(printers(), &[&heard[..], &[wait(5_000)]].concat());
    assert_eq!(told_when(&outcome)[1], (11_250, "lost goodbye lab".into()));
    assert!(times(&outcome, "12 _ipp._tcp.local").contains(&10_000));
    // One that somebody else said is refuted by whoever is meant.
    let answered = [wait(120), group(2, &printer(2, 4_500)), wait(60_000)];
    let outcome = watch(printers(), &[&heard[..], &answered].concat());
    assert_eq!(told(&outcome).len(), 1);
    // A new text that comes a second later, as avahi's does, is a change.
    let renewed = flushing(&[(IPP, 4_500, ptr(LAB)), (LAB, 4_500, txt("rp=y"))]);
    let changed = [wait(1_010), group(2, &renewed), wait(60_000)];
    let lines = told(&watch(printers(), &[&heard[..], &changed].concat()));
    assert!(lines.len() == 2 && lines[1].starts_with("changed content \"Lab\""), "{lines:?}");
    // And who leaves a subtype stays.
    let subtype = answer(&[("_universal._sub._ipp._tcp.local", 0, ptr(LAB))]);
    let outcome = watch(
        printers(),
        &[wait(500), group(2, &printer(2, 4_500)), group(2, &subtype), wait(60_000)],
    );
    assert_eq!(told(&outcome).len(), 1);
}

#[test]
fn real_goodbyes_are_understood() {
    for (name, before, count) in [
        ("avahi-goodbye.bin", "avahi-announce-4.bin", 2),
        ("avahi-many-goodbye.bin", "avahi-many-announce-5.bin", 14),
        ("zeroconf-goodbye.bin", "zeroconf-announce-2.bin", 1),
    ] {
        let ops = [
            wait(500),
            group(2, fixture(before)),
            wait(5_000),
            group(2, fixture(name)),
            wait(5_000),
        ];
        let told = told(&watch(Watching::default(), &ops));
        let lost = told.iter().filter(|line| line.starts_with("lost goodbye")).count();
        assert_eq!((told.len(), lost), (2 * count, count), "{name} {told:?}");
    }
}

#[test]
fn a_new_address_takes_the_place_of_the_old_after_a_second_unless_both_come_together() {
    let found = [wait(500), group(2, &printer(2, 4_500)), wait(5_000)];
    let moved = flushing(&[("lab.local", 120, a(9))]);
    let outcome = watch(printers(), &[&found[..], &[group(2, &moved), wait(5_000)]].concat());
    let told = told_when(&outcome);
    assert!(
        told[1].1.starts_with("changed address \"Lab\"")
            && told[1].1.contains("(10.0.0.2, 10.0.0.9)")
    );
    assert!(told[1].0 == 5_500 && told[2].0 == 6_500, "{told:?}");
    assert!(
        told[2].1.contains("(10.0.0.9, 10.0.0.2)"),
        "what is left of the old one is the source"
    );
    // Those that come within a second belong together.
    let other = flushing(&[("lab.local", 120, a(8))]);
    let both =
        [group(2, &moved), wait(900), group(2, &other), wait(900), group(2, &moved), wait(5_000)];
    let outcome = watch(printers(), &[&found[..], &both].concat());
    let last = super::super::stage::told(&outcome).pop().expect("a change");
    assert!(last.contains("(10.0.0.8, 10.0.0.9, 10.0.0.2)"), "{last}");
}

#[test]
fn what_changes_is_told_once() {
    let change = flushing(&[(LAB, 120, srv("lab.local", 8_631)), (LAB, 120, txt("rp=y"))]);
    let ops = [
        wait(500),
        group(2, &printer(2, 120)),
        wait(50),
        group(2, &change),
        group(2, &change),
        wait(60_000),
    ];
    let told = told(&watch(printers(), &ops));
    let changed = r#"changed content "Lab" _ipp._tcp at lab.local (10.0.0.2) port 8631 [rp=y] group for 120 s"#;
    assert_eq!((told.len(), told[1].as_str()), (2, changed));
}

#[test]
fn others_questions_that_stay_unanswered_are_a_reason_to_ask_and_then_to_doubt() {
    let question = {
        let mut message = QuestionBuf::default();
        message.begin(0);
        message.ask(b"\x04_ipp\x04_tcp\x05local\x00", kind::PTR);
        message.as_bytes().to_vec()
    };
    let lab = printer(2, 4_500);
    let overheard = |question: &[u8]| {
        let asks = group(5, question);
        vec![wait(500), group(2, &lab), wait(30_000), asks.clone(), wait(2_000), asks, wait(60_000)]
    };
    let outcome = watch(printers(), &overheard(&question));
    assert_eq!(told_when(&outcome)[1], (45_500, "lost expired lab".into()));
    let asked = times(&outcome, "12 _ipp._tcp.local");
    assert!([42_500, 43_500, 44_500].iter().all(|at| asked.contains(at)), "{asked:?}");
    // An answer to the group in time is enough, and so is one to our own question.
    for at in [4, 5, 6] {
        let mut ops = overheard(&question);
        ops.insert(at, group(2, &lab));
        assert_eq!(told(&watch(printers(), &ops)).len(), 1, "{at}");
    }
    let mut ops = overheard(&question);
    ops.pop();
    ops.extend([wait(10_500), group(2, &lab), wait(60_000)]);
    assert_eq!(told(&watch(printers(), &ops)).len(), 1);
    // Those that it need not answer, or not to the group, show nothing.
    let mut known = QuestionBuf::default();
    known.begin(0);
    let at = known.ask(b"\x04_ipp\x04_tcp\x05local\x00", kind::PTR);
    let name = super::super::name::Name::read(b"\x03Lab\x04_ipp\x04_tcp\x05local\x00", 0)
        .expect("a name")
        .0;
    known.know(Ok(at), name, 4_000);
    let mut more = question.clone();
    more[2] |= 2;
    let mut alone = question.clone();
    let class = alone.len() - 2;
    alone[class] |= 0x80;
    for other in [known.as_bytes(), &more, &alone] {
        assert_eq!(told(&watch(printers(), &overheard(other))).len(), 1);
    }
    // Nor do our own, which come back to us.
    let ours: Vec<Op> = overheard(&question)
        .into_iter()
        .map(|op| match op {
            Op::Datagram(from, bytes) if bytes == question => {
                let own = arrival(1, PORT, from.cast);
                Op::Datagram(own, bytes)
            }
            op => op,
        })
        .collect();
    assert_eq!(told(&watch(printers(), &ours)).len(), 1);
}

#[test]
fn from_a_private_port_it_says_so_and_takes_the_times_of_answers_for_no_leases() {
    let private = Watching { port: Port::Private, ..printers() };
    let ops = [wait(500), unicast(2, &printer(2, 10)), wait(200_000), Op::Close, wait(1)];
    let outcome = watch(private, &ops);
    let told = told_when(&outcome);
    assert!(told[0].1.ends_with("unicast for 120 s"));
    assert_eq!(told[1], (120_500, "lost expired lab".into()));
    let ids: BTreeSet<&[u8]> = outcome.sent().map(|(.., bytes)| &bytes[..2]).collect();
    assert!(ids.len() > 10 && !ids.contains(&[0, 0][..]));
    assert!(asked(&outcome).iter().all(|(_, line)| !line.contains(';')));
    let (_, end) = outcome.end().expect("it was closed");
    assert_eq!(end.doubts, Doubts::UNHEARD | Doubts::CLOSED);
    // As a full querier nobody is to answer it alone.
    let outcome = watch(printers(), &ops);
    let (_, end) = outcome.end().expect("it was closed");
    assert_eq!((end.ignored, end.found, end.doubts), (1, 0, Doubts::CLOSED));
}

#[test]
fn who_gives_way_is_told_as_lost() {
    let config = Watching { capacity: 70, ..printers() };
    let mut ops = vec![wait(500), group(2, &printer(2, 4_500))];
    for nth in 0..100 {
        let name = format!("n{nth}._ipp._tcp.local");
        ops.extend([group(66, &answer(&[(IPP, 4_500, ptr(&name))])), wait(3_000)]);
    }
    // Two others, for whom two of the many give way.
    for nth in 0..2 {
        let name = format!("o{nth}._ipp._tcp.local");
        ops.extend([group(3, &answer(&[(IPP, 4_500, ptr(&name))])), wait(3_000)]);
    }
    let told = told(&watch(config, &ops));
    let lost: Vec<_> = told.iter().filter(|line| line.starts_with("lost")).collect();
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert!(lost.iter().all(|line| line.starts_with("lost no_room n")));
    assert_eq!(told.iter().filter(|line| line.starts_with("found \"n")).count(), 69);
}

#[test]
fn after_a_change_of_the_network_it_asks_again() {
    let changed = Op::Observe(Observation::NetworkChanged);
    let outcome = watch(printers(), &[wait(300_000), changed, wait(500)]);
    let times = times(&outcome, "12 _ipp._tcp.local");
    let last = times.last().copied().unwrap_or(0);
    assert!((300_020..=300_120).contains(&last), "{times:?}");
}
