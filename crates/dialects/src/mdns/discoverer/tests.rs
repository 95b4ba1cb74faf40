//! The one-shot asker, on what real peers have said and in runs of our own.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use mcast_proto::ops::{Op, Outcome, run};
use mcast_proto::{Cast, OwnedEvent};

use super::super::fixtures::fixture;
use super::super::stage::*;
use super::super::{GROUP_V4, PORT};
use super::*;

fn discover(config: Discovery, ops: &[Op]) -> Outcome {
    run(&mut Discoverer::new(config, 7), ops)
}

fn only(name: &str) -> Discovery {
    let only = BTreeSet::from([ServiceType::new(name).expect("a type")]);
    Discovery { only, ..Discovery::default() }
}

#[test]
fn all_types_are_asked_for_first_and_then_the_usual_ones_five_in_a_tenth_of_a_second() {
    let outcome = discover(Discovery::default(), &[wait(60_000)]);
    let asked = asked(&outcome);
    assert_eq!(asked[0], (0, "12 _services._dns-sd._udp.local".into()));
    assert_eq!(asked[1].1, "12 _http._tcp.local");
    assert_eq!(asked.len(), 3 * 41);
    for window in asked.windows(6) {
        assert!(window[5].0 - window[0].0 >= 100, "{window:?}");
    }
    let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    asked.iter().for_each(|(at, name)| times.entry(name).or_default().push(*at));
    for (name, times) in times {
        assert_eq!(times.len(), 3, "{name}");
        assert!(times[1] - times[0] >= 250 && times[2] - times[1] >= 1_100, "{name} {times:?}");
    }
    let (end, summary) = outcome.end().expect("it ends");
    // The last type is first asked for after 0.8 s.
    assert_eq!((end, summary.doubts), (Instant::from_millis(3_800), Doubts::NONE));
    let counts = (summary.sent, summary.found, summary.received, summary.complete);
    assert_eq!(counts, (123, 0, 0, None));
}

#[test]
fn each_question_has_a_number_of_its_own() {
    let outcome = discover(Discovery { repeat: 9, ..only("_ipp._tcp") }, &[wait(60_000)]);
    let ids: BTreeSet<&[u8]> = outcome.sent().map(|(.., bytes)| &bytes[..2]).collect();
    assert!(ids.len() == outcome.sent().count() && !ids.contains(&[0, 0][..]));
    assert!(outcome.sent().all(|(_, to, bytes)| to == Destination::GROUP && bytes[2..4] == [0, 0]));
}

#[test]
fn what_is_missing_is_asked_for_until_it_is_known() {
    let outcome = discover(
        only("_ipp._tcp"),
        &[
            wait(10),
            unicast(2, fixture("mdnsd-ptr.bin")),
            wait(400),
            unicast(2, fixture("mdnsd-srv.bin")),
            wait(100),
            unicast(2, fixture("mdnsd-txt-2.bin")),
            wait(100),
            unicast(2, fixture("mdnsd-a.bin")),
            wait(60_000),
        ],
    );
    let whole = r#"found "Plotter" _ipp._tcp at Plotter.local (10.0.0.2) port 631 [rp=ipp/print, note] unicast for 120 s"#;
    assert_eq!(told_when(&outcome), [(610, whole.into())]);
    let asked = asked(&outcome);
    let count = |name: &str| asked.iter().filter(|(_, line)| line == name).count();
    // Once more by the group, because it was asked for its server and was silent.
    assert_eq!((count("12 _ipp._tcp.local"), asked_of_group(&outcome).len()), (4, 1));
    assert_eq!(count("33 Plotter._ipp._tcp.local"), 2);
    // It was asked again just before it was known.
    assert_eq!(count("16 Plotter._ipp._tcp.local"), 2);
    assert_eq!((count("1 Plotter.local"), count("28 Plotter.local")), (1, 1));
    assert_eq!(outcome.end().map(|(at, _)| at), Some(Instant::from_millis(3_610)));
}

#[test]
fn what_stays_unknown_holds_up_nothing_and_comes_as_a_change() {
    let answers = [wait(10), unicast(2, fixture("mdnsd-ptr.bin")), wait(2_500)];
    let late =
        [unicast(2, fixture("mdnsd-srv.bin")), unicast(2, fixture("mdnsd-a.bin")), wait(60_000)];
    let outcome = discover(only("_ipp._tcp"), &[&answers[..], &late].concat());
    let told = told_when(&outcome);
    let (at, first) = &told[0];
    assert_eq!(
        (*at, first.as_str()),
        (2_010, r#"found "Plotter" _ipp._tcp at ? (10.0.0.2) port ? [] unicast for 120 s"#)
    );
    assert!(told[1].1.starts_with(
        r#"changed content "Plotter" _ipp._tcp at Plotter.local (10.0.0.2) port 631"#
    ));
    assert_eq!(told.len(), 2);
}

#[test]
fn answers_of_every_habit_are_taken() {
    // As it is; without a number and a question, as Zephyr's were; to the group alone; from another port.
    let whole = fixture("zeroconf-ptr.bin");
    let question = 12 + b"\x04_ipp\x04_tcp\x05local\0\0\x0c\0\x01".len();
    let mut bare = printer(2, 10);
    bare[..2].copy_from_slice(&[0, 0]);
    let elsewhere = Op::Datagram(arrival(2, 40_000, Cast::Unicast), whole.to_vec());
    for op in [unicast(2, whole), unicast(2, &bare), group(2, &bare), elsewhere] {
        let outcome = discover(only("_ipp._tcp"), &[wait(5), op, wait(60_000)]);
        assert_eq!((told(&outcome).len(), outcome.end().map(|(_, end)| end.found)), (1, Some(1)));
    }
    assert!(question < whole.len());
}

#[test]
fn what_is_not_of_the_link_or_not_of_the_protocol_is_ignored() {
    let whole = printer(2, 120);
    let group = Cast::Group((GROUP_V4, PORT).into());
    let mut off_link = arrival(2, PORT, Cast::Unicast);
    off_link.on_link = false;
    for (arrival, bytes) in [
        (off_link, &whole[..]),
        (arrival(2, 40_000, group), &whole),
        (arrival(2, PORT, Cast::Unicast), &whole[..whole.len() - 1]),
        (arrival(2, PORT, Cast::Unicast), b"Me!"),
        (arrival(2, PORT, Cast::Unicast), b""),
    ] {
        let heard = Op::Datagram(arrival, bytes.to_vec());
        let outcome = discover(Discovery::default(), &[wait(5), heard, wait(60_000)]);
        let (_, end) = outcome.end().expect("it ends");
        assert_eq!((end.received, end.ignored, end.found), (1, 1, 0));
    }
    // Questions of others, and our own, are none of these, from whichever port.
    for port in [PORT, 40_000] {
        let heard = Op::Datagram(arrival(2, port, group), fixture("avahi-announce.bin").to_vec());
        let outcome = discover(Discovery::default(), &[wait(5), heard, wait(60_000)]);
        let (_, end) = outcome.end().expect("it ends");
        assert_eq!((end.received, end.ignored, end.found, end.duplicates), (1, 0, 0, 0));
    }
}

#[test]
fn an_instance_is_one_on_its_link_whoever_tells_of_it_and_in_which_case() {
    let lab = printer(2, 120);
    let loud = answer(&[("_IPP._TCP.local", 120, ptr("LAB._IPP._tcp.LOCAL"))]);
    let mut elsewhere = arrival(2, PORT, Cast::Unicast);
    elsewhere.from = elsewhere.from.by(mcast_proto::InterfaceId(4));
    let other_link = Op::Datagram(elsewhere, lab.clone());
    let ops = [
        wait(5),
        unicast(2, &lab),
        wait(1),
        unicast(3, &lab),
        group(2, &loud),
        other_link,
        wait(60_000),
    ];
    let outcome = discover(Discovery::default(), &ops);
    let lines = told(&outcome);
    assert_eq!(
        (lines.len(), lines.iter().filter(|line| **line == lines[0]).count()),
        (2, 2),
        "{lines:?}"
    );
    let (_, end) = outcome.end().expect("it ends");
    assert_eq!((end.found, end.duplicates), (2, 2));
}

#[test]
fn it_ends_at_its_deadline_at_its_count_and_when_it_is_closed_and_tells_what_it_knows() {
    let alone = answer(&[("_ipp._tcp.local", 120, ptr("Lab._ipp._tcp.local"))]);
    let heard = |config, rest: &[Op]| {
        let outcome = discover(config, &[&[wait(5), unicast(2, &alone)][..], rest].concat());
        let (at, end) = outcome.end().expect("it ends");
        assert_eq!((told(&outcome).len(), end.found), (1, 1));
        (at.as_nanos() / 1_000_000, end.doubts)
    };
    let deadline = Discovery { deadline: Some(Duration::from_secs(1)), ..Discovery::default() };
    assert_eq!(heard(deadline, &[wait(60_000)]), (1_000, Doubts::DEADLINE));
    assert_eq!(heard(Discovery::default(), &[wait(1), Op::Close, wait(1)]), (6, Doubts::CLOSED));
    let count = Discovery { count: Some(1), ..Discovery::default() };
    assert_eq!(heard(count, &[wait(60_000)]), (2_005, Doubts::COUNT));
    // Whoever has something new to say all the time can't keep it from its end.
    let mut ops = vec![wait(5)];
    for nth in 0..600 {
        let name = format!("n{nth}._ipp._tcp.local");
        ops.extend([unicast(2, &answer(&[("_ipp._tcp.local", 9, ptr(&name))])), wait(100)]);
    }
    let (at, end) = discover(Discovery::default(), &ops).end().expect("it ends");
    assert_eq!((at, end.doubts), (Instant::from_millis(30_000), Doubts::DEADLINE));
}

#[test]
fn who_invents_instances_hides_nobody_elses() {
    let config = Discovery { capacity: 200, ..Discovery::default() };
    let mut ops = vec![wait(5), unicast(2, &printer(2, 120))];
    for flood in 0..100 {
        let names: Vec<String> =
            (0..20).map(|nth| format!("n{flood}-{nth}._ipp._tcp.local")).collect();
        let records: Vec<_> =
            names.iter().map(|name| ("_ipp._tcp.local", 120, ptr(name))).collect();
        ops.extend([unicast(66, &answer(&records)), wait(10)]);
    }
    // Others come late, and say their names alone.
    for host in 70..80 {
        let name = format!("late {host}._ipp._tcp.local");
        ops.push(unicast(host, &answer(&[("_ipp._tcp.local", 120, ptr(&name))])));
    }
    ops.push(wait(60_000));
    let outcome = discover(config, &ops);
    let lines = told(&outcome);
    assert!(lines.iter().any(|line| line.contains("\"Lab\"")));
    assert_eq!(lines.iter().filter(|line| line.contains("late")).count(), 10);
    let (_, end) = outcome.end().expect("it ends");
    assert!(end.doubts.contains(Doubts::NO_ROOM));
    assert!(end.ignored >= 80, "{end:?}");
    // And are asked about in their turn, before most of what was invented.
    let details: Vec<_> =
        asked(&outcome).into_iter().filter(|(_, line)| line.starts_with("33 ")).collect();
    let before =
        details.iter().position(|(_, line)| line.contains("late 79")).expect("it is asked for");
    let after = details.iter().filter(|(at, _)| *at >= details[before].0).count();
    assert!(after > 20, "{after} questions for what was invented came later");
}

#[test]
fn ten_instances_in_a_datagram_are_told_one_by_one() {
    let names: Vec<String> = (0..10).map(|nth| format!("n{nth}._ipp._tcp.local")).collect();
    let mut records: Vec<_> =
        names.iter().map(|name| ("_ipp._tcp.local", 120, ptr(name))).collect();
    for name in &names {
        records
            .extend([(name.as_str(), 120, srv("lab.local", 1)), (name.as_str(), 120, txt("a=b"))]);
    }
    records.push(("lab.local", 120, a(2)));
    let bytes = answer(&records);
    let mut machine = Discoverer::new(Discovery::default(), 7);
    let now = Instant::from_millis(1);
    assert!(machine.handle_timeout(now).is_some());
    let heard = machine.handle_datagram(now, arrival(2, PORT, Cast::Unicast), &bytes);
    assert!(heard.is_none());
    for name in &names {
        assert_eq!(machine.deadline(), Some(Instant::AT_ONCE));
        let Some(Action::Emit(event)) = machine.handle_timeout(now) else {
            panic!("nothing is told")
        };
        let kept = OwnedEvent::from(event);
        let mcast_proto::Event::Found(finding) = kept.as_event() else { panic!("{kept:?}") };
        assert_eq!(Some(finding.name()), Some(name.split('.').next()));
    }
    assert!(matches!(machine.handle_timeout(now), Some(Action::Send { .. })));
}

#[test]
fn more_than_is_remembered_of_one_is_left_out_and_said_so() {
    let lab = [
        ("_ipp._tcp.local", 120, ptr("Lab._ipp._tcp.local")),
        ("Lab._ipp._tcp.local", 120, srv("lab.local", 1)),
    ];
    let addresses: Vec<_> = (1..=20).map(|host| ("lab.local", 120, a(host))).collect();
    let mut long = Vec::new();
    for nth in 0..300u32 {
        long.extend([4, b'k']);
        long.extend(format!("{nth:03}").bytes());
    }
    let mut bytes = answer(&[&lab[..], &addresses].concat());
    let mut text = b"\x03Lab\x04_ipp\x04_tcp\x05local\x00\x00\x10\x00\x01\x00\x00\x00\x78".to_vec();
    text.extend((long.len() as u16).to_be_bytes());
    text.extend(&long);
    bytes[7] += 1;
    bytes.extend(text);
    let outcome = discover(Discovery::default(), &[wait(5), unicast(2, &bytes), wait(60_000)]);
    let lines = told(&outcome);
    let addresses = lines[0].matches("10.0.0.").count();
    assert_eq!(
        (lines.len(), addresses, lines[0].contains("k255"), lines[0].contains("k256")),
        (1, 16, true, false)
    );
    assert_eq!(outcome.end().map(|(_, end)| end.doubts), Some(Doubts::NO_ROOM));
}

#[test]
fn nobody_is_kept_from_being_found_by_a_goodbye() {
    let goodbye = answer(&[("_ipp._tcp.local", 0, ptr("Lab._ipp._tcp.local"))]);
    let ops = [wait(5), unicast(2, &printer(2, 120)), group(66, &goodbye), wait(60_000)];
    assert_eq!(told(&discover(Discovery::default(), &ops)).len(), 1);
}
