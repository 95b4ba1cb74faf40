//! Doubts: what raises one, what clears it, and for how long none is raised again.

use super::*;

#[test]
fn a_doubt_stays_where_the_answer_is_to_an_earlier_question_whatever_it_says() {
    let mut known = knows(says(10));
    known.entry.doubt(at(1_000), true);
    known.now = 1_001;
    assert_eq!(known.hear_late(says(11).since(1, 2), 999), NEW_CONTENT);
    assert_eq!((known.doubted(), known.entry.said_goodbye), (1, true));
    assert_eq!(known.hear(says(11).since(1, 2)), Heard::Nothing);
    assert_eq!((known.doubted(), known.entry.said_goodbye), (0, false));
}

#[test]
fn a_doubt_is_cleared_by_the_answer_to_a_later_question_alone() {
    let mut known = knows(says(10));
    known.hear(says(10).from(2));
    let doubted = at(known.now);
    assert_eq!(known.entry.doubt(doubted, true), doubted);
    assert!(known.entry.is_doubted() && known.entry.said_goodbye && known.doubted() == 2);
    let since = known.now;
    known.now += 5;
    assert_eq!(known.entry.doubt(at(known.now), false), at(known.now));
    known.hear_late(says(10), since - 1);
    assert_eq!((known.doubted(), known.entry.said_goodbye), (2, true));
    known.hear_late(says(10), since);
    assert_eq!((known.doubted(), known.entry.said_goodbye), (1, false));
    known.hear_late(says(11).since(1, 2).from(2), since);
    assert!(known.entry.voices[1].doubted.is_none());
}

#[test]
fn who_answered_to_a_doubt_is_trusted_for_a_second_and_twice_as_long_each_time() {
    let mut known = knows(says(10));
    for trust in [1, 2, 4, 8, 16, 32, 64, 64, 64] {
        known.now += 100_000;
        assert_eq!(known.entry.doubt(at(known.now), false), at(known.now));
        known.hear(says(10));
        assert!(!known.entry.is_doubted());
        // At the end of that time it may be asked again.
        let trusted_until = at(known.now + trust * 1_000);
        assert_eq!(known.entry.clone().doubt(at(known.now + 1), false), trusted_until);
    }
}
