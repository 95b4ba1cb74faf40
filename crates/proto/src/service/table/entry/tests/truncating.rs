//! Truncated answers: what is told when the whole has come, or never comes.

use super::*;

#[test]
fn a_truncated_answer_is_not_told_until_the_whole_has_come() {
    let mut known = knows(says(10).of(200));
    assert!(!known.entry.is_reported());
    assert_eq!(known.hear(says(10).of(200)), Heard::Nothing);
    assert_eq!(known.names(), [short(1, 10)]);
    assert_eq!(known.hear(says(10)), Heard::Whole);
    assert!(known.entry.is_reported());
    assert_eq!(known.names(), [whole(1, 10)]);
    // Cut short again it is what it was.
    assert_eq!(known.hear(says(10).of(200)), Heard::Nothing);
    assert_eq!(known.names(), [whole(1, 10)]);
}

#[test]
fn of_the_lengths_that_are_promised_for_the_same_the_longest_counts() {
    let mut known = knows(says(10).of(8));
    let length = |known: &Heard7| known.entry.voices[0].missing.unwrap().length;
    known.hear(says(10).of(200));
    assert_eq!(length(&known), 200);
    known.hear(says(10).of(16));
    assert_eq!(length(&known), 200);
    known.hear(says(11).of(16).since(1, 2));
    assert_eq!(length(&known), 16);
}

#[test]
fn a_promise_of_other_words_gives_way_to_what_is_said_in_its_place() {
    let mut known = knows(says(66).of(200));
    assert_eq!(known.hear(says(10)), Heard::Whole);
    assert_eq!((known.names(), known.entry.in_conflict), (vec![whole(1, 10)], false));
    // The promise of another age is contradicted all the same.
    let mut known = knows(says(66).of(200).since(1, 9));
    assert_eq!(known.hear(says(10)), Heard::Whole);
    assert_eq!((known.names(), known.entry.in_conflict), (vec![whole(1, 10)], true));
}

#[test]
fn all_addresses_of_a_truncated_answer_are_told_whichever_is_whole_first() {
    for (first, second) in [(1, 2), (2, 1)] {
        let mut known = knows(says(10).of(200));
        assert_eq!(known.hear(says(10).of(200).from(2)), Heard::Nothing);
        assert_eq!(known.hear(says(10).from(first)), Heard::Whole);
        assert_eq!(known.names()[0], short(second, 10));
        assert_eq!(known.hear(says(10).from(second)), NEW_ADDRESS);
        assert_eq!(known.names(), [whole(first, 10), whole(second, 10)]);
    }
}

#[test]
fn a_change_that_is_cut_short_is_told_once_it_is_whole() {
    let mut known = knows(says(10));
    assert_eq!(known.hear(says(11).since(1, 2).of(200)), Heard::Nothing);
    assert_eq!(known.names(), [short(1, 11)]);
    assert_eq!(known.hear(says(11).since(1, 2)), NEW_CONTENT);

    let mut known = knows(says(10));
    assert_eq!(known.hear(says(10).since(2, 0).of(200)), Heard::Nothing);
    assert_eq!(known.names(), [short(1, 10)]);
    assert_eq!(known.hear(says(10).since(2, 0)), RESTARTED);

    let mut known = knows(says(10));
    assert_eq!(known.hear(says(11).since(2, 0).of(200)), Heard::Nothing);
    assert_eq!(known.hear(says(11).since(2, 0)), RESTARTED);

    let mut known = knows(says(10));
    assert_eq!(known.hear(says(10).of(200).from(2)), Heard::Nothing);
    // It said other words there before.
    assert_eq!(known.hear(says(66).of(200).from(2)), Heard::Nothing);
    assert!(known.entry.in_conflict);
    assert_eq!(known.hear(says(10).from(2)), NEW_ADDRESS);
}

#[test]
fn a_conflict_is_one_from_the_promise_on_and_told_once_it_is_whole() {
    let mut known = knows(says(10));
    assert_eq!(known.hear(says(66).of(200).from(6)), Heard::Nothing);
    assert!(known.entry.in_conflict);
    assert_eq!(known.names(), [whole(1, 10), short(6, 66)]);
    assert_eq!(known.hear(says(66).from(6)), CONFLICT);

    // The forger was first.
    let mut known = knows(says(66).of(200).from(6));
    assert_eq!(known.hear(says(10)), Heard::Whole);
    assert!(known.entry.in_conflict);
    assert_eq!(known.hear(says(66).of(200).from(6)), Heard::Nothing);
    assert_eq!(known.hear(says(66).from(6)), CONFLICT);
}

#[test]
fn a_whole_answer_in_the_place_of_a_promise_is_contradicted_by_who_made_it() {
    let mut known = knows(says(10).of(200));
    assert_eq!(known.hear(says(66)), Heard::Whole);
    assert_eq!(known.hear(says(10).of(200)), Heard::Nothing);
    assert!(known.entry.in_conflict);
    assert_eq!(known.names(), [whole(1, 66), short(1, 10)]);
    assert_eq!(known.hear(says(10)), CONFLICT);
}

#[test]
fn what_was_told_in_part_is_told_again_when_it_is_whole() {
    let text = [3, 0, 3, b'l', b'a', b'b'];
    let tlvs = Tlvs::checked_before(&text);
    let part = Said { tlvs, via: Via::Group, ..says(10).of(200) };
    let mut known = knows(part);
    let told = known.entry.report_in_part().unwrap();
    assert_eq!((told.from, told.via, told.lease), (host(1), Via::Group, part.lease));
    assert_eq!(told.tlvs(), tlvs);
    assert!(known.entry.is_reported() && known.entry.report_in_part().is_none());
    assert_eq!(known.hear(part), Heard::Nothing);
    assert_eq!(known.hear(says(10)), NEW_CONTENT);
    assert_eq!(known.hear(says(10)), Heard::Nothing);
    assert!(knows(says(10)).entry.report_in_part().is_none());
}

#[test]
fn of_a_part_no_more_is_kept_than_the_shortest_question_gets() {
    let tlv = |length: u8| [vec![6, 0, length], vec![b'x'; length.into()]].concat();
    let text = [tlv(61), tlv(61), tlv(200)].concat();
    let part = Said { tlvs: Tlvs::checked_before(&text), ..says(10).of(400) };
    let told = knows(part).entry.report_in_part().unwrap();
    assert_eq!(told.tlvs().as_bytes(), &text[..128]);
}
