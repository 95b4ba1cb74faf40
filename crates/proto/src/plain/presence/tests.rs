use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;

use super::*;

fn path(host: u8, port: u16) -> Path {
    Path::new(([10, 0, 0, host], port).into())
}

fn presence() -> Presence {
    let mut presence = Presence::new(1000, 3);
    presence.probe();
    presence
}

fn hear(presence: &mut Presence, from: Path, said: &str) -> Heard {
    let (heard, gave_way) = presence.hear(from, said.as_bytes());
    assert_eq!(gave_way, None);
    assert_eq!(presence.by_age.len(), presence.voices.len());
    heard
}

/// Those who are lost by now, and then the next probe is sent.
fn probe(presence: &mut Presence) -> Vec<u64> {
    let lost = core::iter::from_fn(|| presence.next_lost()).map(|gone| gone.number);
    let lost = lost.take(99).collect();
    presence.probe();
    lost
}

#[test]
fn who_leaves_three_probes_unanswered_is_gone_and_may_be_found_again() {
    let mut presence = presence();
    assert_eq!(hear(&mut presence, path(1, 1), "Me!"), Heard::Found(1));
    assert_eq!(hear(&mut presence, path(2, 1), "Me!"), Heard::Found(2));
    assert_eq!(hear(&mut presence, path(1, 2), "Me!"), Heard::Found(3));
    assert_eq!(hear(&mut presence, path(1, 1), "Me!"), Heard::Nothing);
    assert_eq!(probe(&mut presence), []);
    assert_eq!(hear(&mut presence, path(2, 1), "Me!"), Heard::Nothing);
    assert_eq!(probe(&mut presence), []);
    assert_eq!(probe(&mut presence), []);
    assert_eq!(presence.next_lost().map(|gone| gone.path), Some(path(1, 1)));
    assert_eq!(hear(&mut presence, path(1, 1), "Me!"), Heard::Found(4));
    assert_eq!(probe(&mut presence), [3]);
    assert_eq!(probe(&mut presence), [2]);
    assert_eq!(probe(&mut presence), []);
    assert_eq!(probe(&mut presence), [4]);
}

#[test]
fn who_says_something_else_twice_and_no_more_what_it_said_has_changed() {
    let mut presence = presence();
    assert_eq!(hear(&mut presence, path(1, 1), "old"), Heard::Found(1));
    probe(&mut presence);
    assert_eq!(hear(&mut presence, path(1, 1), "new"), Heard::Nothing);
    assert_eq!(hear(&mut presence, path(1, 1), "new"), Heard::Nothing);
    probe(&mut presence);
    assert_eq!(hear(&mut presence, path(1, 1), "new"), Heard::Changed(1));
    assert_eq!(hear(&mut presence, path(1, 1), "new"), Heard::Nothing);
    assert_eq!(hear(&mut presence, path(2, 1), "new"), Heard::Found(2));
    // What it said before is another's now.
    assert_eq!(hear(&mut presence, path(1, 1), "old"), Heard::Found(3));
}

#[test]
fn who_was_silent_for_a_whole_probe_and_says_something_else_has_changed() {
    let mut presence = presence();
    assert_eq!(hear(&mut presence, path(1, 1), "old"), Heard::Found(1));
    probe(&mut presence);
    probe(&mut presence);
    assert_eq!(hear(&mut presence, path(1, 1), "new"), Heard::Changed(1));
    for _ in 0..3 {
        assert_eq!(probe(&mut presence), []);
    }
    assert_eq!(probe(&mut presence), [1]);
}

#[test]
fn two_at_one_address_are_two_in_whatever_order_they_answer() {
    for first in ["old", "new"] {
        let mut presence = presence();
        assert_eq!(hear(&mut presence, path(1, 1), "old"), Heard::Found(1));
        probe(&mut presence);
        let mut told = Vec::new();
        for turn in 0..100u32 {
            let (one, two) = if first == "old" { ("old", "new") } else { ("new", "old") };
            for (nth, said) in [one, two].into_iter().enumerate() {
                // Once both are told of, either may be lost on the way, though not for three probes.
                if turn < 2 || !(turn + nth as u32).is_multiple_of(3) {
                    told.push(hear(&mut presence, path(1, 1), said));
                }
            }
            assert_eq!(probe(&mut presence), []);
        }
        told.retain(|heard| *heard != Heard::Nothing);
        assert_eq!(told, [Heard::Found(2)], "{first} first");
    }
}

#[test]
fn of_two_at_one_address_the_one_that_is_silent_has_changed() {
    let mut presence = presence();
    assert_eq!(hear(&mut presence, path(1, 1), "a"), Heard::Found(1));
    assert_eq!(hear(&mut presence, path(1, 1), "b"), Heard::Found(2));
    probe(&mut presence);
    assert_eq!(hear(&mut presence, path(1, 1), "c"), Heard::Nothing);
    assert_eq!(hear(&mut presence, path(1, 1), "b"), Heard::Nothing);
    probe(&mut presence);
    assert_eq!(hear(&mut presence, path(1, 1), "c"), Heard::Changed(1));
    assert_eq!(hear(&mut presence, path(1, 1), "b"), Heard::Nothing);
    assert_eq!(hear(&mut presence, path(1, 1), "d"), Heard::Found(3));
}

#[test]
fn two_that_answered_one_probe_are_two_though_one_is_silent_since() {
    let mut presence = presence();
    assert_eq!(hear(&mut presence, path(1, 1), "a"), Heard::Found(1));
    probe(&mut presence);
    assert_eq!(hear(&mut presence, path(1, 1), "b"), Heard::Nothing);
    assert_eq!(hear(&mut presence, path(1, 1), "a"), Heard::Nothing);
    probe(&mut presence);
    probe(&mut presence);
    assert_eq!(hear(&mut presence, path(1, 1), "b"), Heard::Found(2));
}

#[test]
fn who_says_something_else_each_time_stays_one_and_is_there() {
    let mut presence = presence();
    let mut told = Vec::new();
    for turn in 0..20 {
        told.push(hear(&mut presence, path(1, 1), &format!("{turn} o'clock")));
        assert_eq!(probe(&mut presence), []);
    }
    assert_eq!(told[0], Heard::Found(1));
    for pair in told[1..19].chunks(2) {
        assert_eq!(pair, [Heard::Nothing, Heard::Changed(1)]);
    }
    // What was never told of is forgotten without a word.
    assert_eq!(probe(&mut presence), []);
    assert_eq!(probe(&mut presence), [1]);
    assert_eq!(probe(&mut presence), []);
    assert_eq!(presence.voices.len(), 0);
}

#[test]
fn where_an_address_is_crowded_newcomers_are_told_at_once_and_the_quietest_gives_way() {
    let mut presence = presence();
    let say =
        |presence: &mut Presence, n: u32| presence.hear(path(1, 1), format!("{n}").as_bytes());
    for n in 1..=64 {
        assert_eq!(say(&mut presence, n), (Heard::Found(u64::from(n)), None));
    }
    probe(&mut presence);
    for n in (1..=64).filter(|n| *n != 40) {
        assert_eq!(say(&mut presence, n), (Heard::Nothing, None));
    }
    let gone = Gone { path: path(1, 1), number: 40 };
    assert_eq!(say(&mut presence, 65), (Heard::Found(65), Some(gone)));
    assert_eq!(hear(&mut presence, path(1, 2), "1"), Heard::Found(66));
    assert_eq!((presence.voices.len(), presence.by_age.len()), (65, 65));
}

#[test]
fn who_has_no_room_is_not_found_and_who_gives_way_is_gone() {
    let mut presence = Presence::new(1, 3);
    presence.probe();
    assert_eq!(hear(&mut presence, path(1, 1), "Me!"), Heard::Found(1));
    let gone = Some(Gone { path: path(1, 1), number: 1 });
    assert_eq!(presence.hear(path(2, 1), b"Me!"), (Heard::Found(2), gone));
    assert_eq!((presence.voices.len(), presence.by_age.len()), (1, 1));
    let mut presence = Presence::new(0, 3);
    assert_eq!(presence.hear(path(1, 1), b"Me!"), (Heard::NoRoom, None));
    let mut presence = Presence::new(64, 3);
    presence.probe();
    (1..=64).for_each(|port| {
        assert_eq!(hear(&mut presence, path(1, port), "a"), Heard::Found(port.into()));
    });
    assert_eq!(presence.hear(path(1, 65), b"a"), (Heard::NoRoom, None));
    assert_eq!(presence.hear(path(2, 65), b"a").0, Heard::Found(65));
    assert_eq!((presence.voices.len(), presence.by_age.len()), (64, 64));
}

/// Answers between one probe and the next: who of four, of whom two share an address, and what it says.
fn any_rounds() -> impl Strategy<Value = Vec<Vec<(u8, u8)>>> {
    vec_of(vec_of((0..4u8, 0..3u8), 0..8), 1..40)
}

proptest! {
    /// Who answers every probe is told of by the second answer, and has one number for as long as it answers
    /// one probe in three. Who leaves three unanswered is gone. Nobody changes, or goes, who is not there.
    #[test]
    fn what_is_told_is_what_was_heard(rounds in any_rounds()) {
        let mut presence = Presence::new(1000, 3);
        // The voice of each number that is there; and when each voice was last heard, with the probe before.
        let mut there: BTreeMap<u64, (Path, u8)> = BTreeMap::new();
        let mut heard: BTreeMap<(Path, u8), (usize, Option<usize>)> = BTreeMap::new();
        let mut most = 0;
        for (round, answers) in rounds.iter().enumerate() {
            for gone in core::iter::from_fn(|| presence.next_lost()).take(99) {
                let (path, said) = there.remove(&gone.number).expect("it was there");
                prop_assert_eq!(path, gone.path);
                prop_assert!(heard[&(path, said)].0 + 3 < round, "it answered lately");
            }
            presence.probe();
            for &(who, said) in answers {
                let path = path(who / 2, 1 + u16::from(who == 3));
                match presence.hear(path, &[said]) {
                    (Heard::Found(number), None) => {
                        prop_assert_eq!(number, most + 1);
                        most = number;
                        there.insert(number, (path, said));
                    }
                    (Heard::Changed(number), None) => {
                        let (at, before) = there.insert(number, (path, said)).expect("it was there");
                        prop_assert!(at == path && before != said);
                        prop_assert!(heard[&(path, before)].0 + 2 <= round, "it is still heard");
                    }
                    (Heard::Nothing, None) => {}
                    other => prop_assert!(false, "{other:?}"),
                }
                let last = heard.entry((path, said)).or_insert((round, None));
                if last.0 != round {
                    *last = (round, Some(last.0));
                }
                let numbers = there.values().filter(|voice| **voice == (path, said)).count();
                prop_assert!(numbers <= 1);
                if last.1 == Some(round.wrapping_sub(1)) {
                    prop_assert_eq!(numbers, 1, "it answered two probes in a row");
                }
            }
            for voice in there.values() {
                prop_assert!(heard[voice].0 + 3 >= round, "it has left three unanswered");
            }
        }
    }
}
