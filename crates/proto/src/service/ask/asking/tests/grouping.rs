//! Sweeps that ask for answers to the group.

use super::*;

#[test]
fn where_nobody_is_heard_one_sweep_in_four_asks_for_answers_to_the_group() {
    let mut asker = asker(expecting(3));
    let asked: Vec<Asked> = (0..15).map(|_| asker.ask().unwrap()).collect();
    let by_group: Vec<usize> = (0..15).filter(|n| asked[*n].kind == Kind::Group).collect();
    assert_eq!(by_group, [4, 9, 14]);
    let query = asked[4].query();
    assert_eq!((query.copies, query.window_ms), (1, 24));
    // It is waited for as long as an answer there may be late, and is no quiet one.
    assert_eq!(asked[5].at - asked[4].at, ms(24 + 200 + 2));
    assert_eq!(asker.asking.verdict().quiet(), 12);
}

#[test]
fn sweeps_by_group_are_a_fifth_of_a_second_apart() {
    let mut asker = asker(expecting(3));
    let first = asker.ask_until(Kind::Group);
    asker.asking.heard(asker.now, 1, asker.asking.round, News::Nothing, Via::Group);
    let second = asker.ask_until(Kind::Group);
    assert!(second.at - first.at >= GROUP_GAP);
    asker.asking.start(asker.now, Goal { group: true, ..expecting(3) });
    assert_eq!(asker.ask().unwrap().kind, Kind::Group);
}

#[test]
fn where_answers_come_by_the_group_alone_only_sweeps_that_ask_for_those_are_quiet() {
    let mut asker = asker(Goal::everybody(4, Some(3)));
    let group = asker.ask_until(Kind::Group);
    asker.hear(1, group.query().round, None, Via::Group);
    // By turns, and four by group without anybody new.
    let kinds = asker.kinds();
    assert_eq!(kinds, [Kind::Ordinary, Kind::Group].repeat(4));
    assert!(asker.asking.has_reached_goal());
    // Once somebody is heard otherwise it is as everywhere.
    let mut asker = self::asker(Goal::everybody(4, Some(3)));
    let group = asker.ask_until(Kind::Group);
    asker.hear(1, group.query().round, None, Via::Group);
    asker.hear(2, group.query().round, None, Via::Unicast);
    assert_eq!(asker.kinds(), [Kind::Ordinary; 4]);
}

#[test]
fn a_run_may_begin_by_group_and_goes_on_as_usual() {
    let goal =
        Goal { group: true, watch: true, even_if_nobody: true, ..Goal::everybody(4, Some(1)) };
    let mut asker = asker(goal);
    asker.known.hear(asker.now, said_before());
    let first = asker.ask().unwrap();
    assert_eq!((first.kind, first.query().watch), (Kind::Group, true));
    assert_eq!(asker.kinds(), [Kind::Ordinary; 4]);
}

fn said_before() -> Said<'static> {
    Said {
        at: path(1),
        via: Via::Unicast,
        id: 1,
        words: 10,
        print: 0,
        missing: None,
        epoch: None,
        lease: ms(120_000),
        tlvs: Tlvs::NONE,
        asked: at(0),
    }
}
