//! What an epoch tells: restarts, what is overtaken, and conflicts.

use super::*;

#[test]
fn a_restart_is_told_once_whatever_it_says_and_from_wherever() {
    for (words, last) in [(10, 1), (11, 1), (10, 2), (11, 2)] {
        let mut known = knows(says(10));
        assert_eq!(known.hear(says(words).since(2, 0).from(last)), RESTARTED);
        assert_eq!(known.hear(says(words).since(2, 0).from(last)), Heard::Nothing);
        // Its other addresses may have been given to others meanwhile.
        assert_eq!(known.doubted(), usize::from(last == 2));
    }
}

#[test]
fn what_was_under_way_when_it_said_the_later_changes_nothing() {
    let mut known = knows(says(10));
    known.hear(says(11).since(1, 5));
    let then = known.now;
    known.now += 100;
    for asked in [then - 50, then] {
        assert_eq!(known.hear_late(says(10), asked), Heard::Nothing);
        assert_eq!(known.hear_late(says(12).since(1, 4).from(2), asked), Heard::Nothing);
    }
    assert_eq!(known.voices(), [(host(1), 11)]);
    assert_eq!(known.hear_late(says(10), then + 1), CONFLICT);
}

#[test]
fn two_tales_of_one_age_are_a_conflict_which_is_told_once_for_each_voice() {
    for last in [1, 2] {
        let mut known = knows(says(10));
        assert_eq!(known.hear(says(11).from(last)), CONFLICT, "from host {last}");
        assert!(known.entry.in_conflict);
        // Both are named, so that neither speaks again, and asked again.
        assert_eq!((known.names(), known.doubted()), (vec![whole(1, 10), whole(last, 11)], 1));
        for _ in 0..2 {
            assert_eq!(known.hear(says(10)), Heard::Nothing);
            assert_eq!(known.hear(says(11).from(last)), Heard::Nothing);
        }
        assert_eq!(known.doubted(), 0);
        assert_eq!(known.hear(says(11).from(3)), CONFLICT);
        assert_eq!(known.hear(says(10).from(4)), NEW_ADDRESS);
        assert_eq!(known.hear(says(12).since(1, 2).from(4)), CONFLICT);
    }
}

#[test]
fn who_speaks_for_another_of_a_later_age_is_contradicted_by_who_it_is() {
    let mut known = knows(says(66).since(9, 9).from(6));
    assert_eq!(known.hear(says(10)), CONFLICT);
    assert_eq!(known.hear(says(10)), Heard::Nothing);
    assert_eq!(known.names(), [whole(6, 66), whole(1, 10)]);

    let mut known = knows(says(10));
    assert_eq!(known.hear(says(66).since(1, 9).from(6)), NEW_CONTENT);
    assert_eq!(known.hear(says(10)), CONFLICT);
}

#[test]
fn who_grows_older_with_each_answer_does_not_put_off_the_contradiction() {
    let mut known = knows(says(66).since(1, 9).from(6));
    for seq in 10..20 {
        // The forger answers each question before the responder does.
        assert_eq!(known.hear(says(66).since(1, seq).from(6)), Heard::Nothing);
        let asked = known.now - 10;
        let expected = if seq == 10 { CONFLICT } else { Heard::Nothing };
        assert_eq!(known.hear_late(says(10), asked), expected, "{seq}");
    }
    // By starts it does, but is told of each time.
    let mut known = knows(says(66).since(9, 0).from(6));
    for boot in 10..20 {
        assert_eq!(known.hear(says(66).since(boot, 0).from(6)), RESTARTED);
    }
}

#[test]
fn who_says_the_same_contradicts_nobody_but_by_an_earlier_start() {
    let mut known = knows(says(10));
    assert_eq!(known.hear(says(10).since(1, 9).from(6)), NEW_ADDRESS);
    assert_eq!(known.hear(says(10)), Heard::Nothing);
    assert_eq!(known.hear(says(10).since(9, 0)), RESTARTED);
    // A machine has one start: this is a copy of it that was started earlier.
    assert_eq!(known.hear(says(10).from(6)), CONFLICT);
    assert_eq!(known.hear(says(10).from(6)), Heard::Nothing);
    assert_eq!(known.entry.epoch(), says(0).since(9, 0).epoch);
}

#[test]
fn who_says_the_same_since_another_start_is_another() {
    // Both answer each question, a copy of the host and the host.
    for words in [10, 11] {
        let mut known = knows(says(10));
        assert_eq!(known.hear(says(words).since(2, 0).from(6)), RESTARTED);
        let asked = known.now - 10;
        assert_eq!(known.hear_late(says(10), asked), Heard::Nothing);
        assert_eq!(known.doubted(), 1);
        assert_eq!(known.hear(says(10)), CONFLICT);

        let mut known = knows(says(words).since(2, 0).from(6));
        assert_eq!(known.hear_late(says(10), known.now - 10), Heard::Nothing);
        assert_eq!(known.hear(says(10)), CONFLICT);
        assert_eq!(known.names(), [whole(6, words), whole(1, 10)]);
    }
}

#[test]
fn when_a_forger_has_gone_what_he_said_binds_nobody() {
    let mut known = knows(says(10));
    known.hear(says(66).since(9, 9).from(6));
    assert_eq!(known.hear(says(10)), CONFLICT);
    known.entry.forget(|voice| voice.at == host(6));
    assert_eq!((known.voices(), known.entry.in_conflict), (vec![(host(1), 10)], false));
    assert_eq!(known.entry.epoch(), says(10).epoch);
    // What holds is told again, and then what is new.
    assert_eq!(known.hear(says(10)), NEW_CONTENT);
    assert_eq!(known.hear(says(11).since(1, 2)), NEW_CONTENT);
    assert_eq!(known.hear(says(11).since(1, 2)), Heard::Nothing);
}

#[test]
fn a_conflict_of_more_than_two_is_one_until_one_is_left() {
    let mut known = knows(says(10));
    known.hear(says(11).from(2));
    known.hear(says(12).from(3));
    known.entry.forget(|voice| voice.at == host(3));
    assert!(known.entry.in_conflict);
    known.entry.forget(|voice| voice.at == host(2));
    assert!(!known.entry.in_conflict);
}

#[test]
fn without_an_age_what_differs_is_a_conflict_and_with_one_it_is_later() {
    let ageless = |words| Said { epoch: None, ..says(words) };
    let mut known = knows(ageless(10));
    assert_eq!((known.entry.epoch(), known.hear(ageless(10))), (None, Heard::Nothing));
    assert_eq!(known.hear(ageless(11)), CONFLICT);
    let mut known = knows(ageless(10));
    assert_eq!(known.hear(says(11)), NEW_CONTENT);
    assert_eq!(known.hear(ageless(10)), CONFLICT);
}
