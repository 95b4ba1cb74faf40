//! What may be left out of an answer, and is asked of the group.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use mcast_proto::Doubts;
use mcast_proto::ops::{Op, Outcome, run};

use super::fixtures::fixture;
use super::stage::*;
use super::{Discoverer, Discovery, ServiceType, wire};

fn discover(config: Discovery, ops: &[Op]) -> Outcome {
    run(&mut Discoverer::new(config, 7), ops)
}

fn printers() -> Discovery {
    let only = BTreeSet::from([ServiceType::new("_ipp._tcp").expect("a type")]);
    Discovery { only, ..Discovery::default() }
}

#[test]
fn what_may_be_cut_short_is_asked_of_the_group_once_and_is_a_doubt_until_that_has_answered() {
    let (cut, short) = (fixture("avahi-many-ptr.bin"), fixture("avahi-ptr.bin"));
    let kind = format!("{:?}", wire::Message::read(cut).unwrap().questions().next().unwrap().name);
    let whole = answer(&[(&kind, 120, ptr(&format!("n0.{kind}")))]);
    let other = answer(&[("_odd._tcp.local", 120, ptr("n0._odd._tcp.local"))]);
    let mut truncated = printer(2, 120);
    truncated[2] |= 2;
    let mut more = whole.clone();
    more[2] |= 2;
    let (long, longer) = ("y".repeat(180), "y".repeat(240));
    let odd = answer(&[("x.local", 9, txt(&long)), ("x.local", 9, txt(&longer))]);
    let (once, doubt) = (vec![format!("12 {kind}")], Doubts::CUT_SHORT);
    let (both, cut_again) = (unicast(2, cut), [wait(300), unicast(2, cut)]);
    let news = unicast(3, &printer(3, 120));
    let after = |op: Op| [&[both.clone(), wait(300), op][..], &cut_again].concat();
    for (case, (ops, asked, doubts)) in [
        (vec![unicast(2, short)], vec![], Doubts::NONE),
        (vec![group(2, cut)], vec![], Doubts::NONE),
        (vec![unicast(2, &truncated)], vec!["12 _ipp._tcp.local".into()], doubt),
        (cut_again.to_vec(), once.clone(), doubt),
        // Whole is what the same has said to the group, since that was asked, and all of it.
        (after(group(2, &whole)), once.clone(), Doubts::NONE),
        (after(group(3, &whole)), once.clone(), doubt),
        (after(group(2, &other)), once.clone(), doubt),
        (after(group(2, &more)), once.clone(), doubt),
        (after(unicast(2, &whole)), once.clone(), doubt),
        (vec![group(2, &whole), both.clone()], once.clone(), doubt),
        // Before it was asked, and long after.
        (vec![both.clone(), group(2, &whole)], once.clone(), doubt),
        (vec![both.clone(), wait(2_500), news, wait(1_500), group(2, &whole)], once.clone(), doubt),
        // Two are cut short, and one of them is whole.
        ([&after(group(2, &whole))[..], &[unicast(3, cut)]].concat(), once.clone(), doubt),
        // No question is known that would bring what is missing here.
        (vec![unicast(2, &odd)], vec![], doubt),
    ]
    .into_iter()
    .enumerate()
    {
        let ops = [&[wait(5)][..], &ops, &[wait(60_000)]].concat();
        let outcome = discover(Discovery::default(), &ops);
        let questions: Vec<_> =
            asked_of_group(&outcome).into_iter().map(|(_, question)| question).collect();
        // Of what is in it only the name is known: for that too the type is asked for once.
        let questions: Vec<_> = questions.into_iter().filter(|line| asked.contains(line)).collect();
        let told = outcome.end().map(|(_, end)| end.doubts);
        assert_eq!((questions, told), (asked, Some(doubts)), "case {case}");
    }
}

#[test]
fn a_text_that_does_not_come_is_asked_for_by_the_group() {
    // avahi leaves out a text of more than 512 bytes, and does not answer one who asks for it alone.
    let lab = [
        ("_ipp._tcp.local", 120, ptr("Lab._ipp._tcp.local")),
        ("Lab._ipp._tcp.local", 120, srv("lab.local", 631)),
        ("lab.local", 120, a(2)),
    ];
    let text = ("Lab._ipp._tcp.local", 120, txt("rp=x"));
    let whole = answer(&[&lab[..], &[text]].concat());
    let ops = [wait(5), unicast(2, &answer(&lab)), wait(600), group(2, &whole), wait(60_000)];
    let outcome = discover(printers(), &ops);
    let asked = asked_of_group(&outcome);
    assert!(asked.len() == 1 && asked[0].1 == "12 _ipp._tcp.local", "{asked:?}");
    assert!((250..300).contains(&asked[0].0), "{asked:?}");
    let told = told_when(&outcome);
    assert!(told.len() == 1 && told[0].1.contains("[rp=x] group"), "{told:?}");
    assert_eq!(outcome.end().map(|(_, end)| end.doubts), Some(Doubts::NONE));
    // Who answers at once is not asked so.
    let ops = [wait(5), unicast(2, &whole), wait(60_000)];
    assert_eq!(asked_of_group(&discover(printers(), &ops)), []);
}
