//! From where and in which words one responder is heard.

use super::*;

#[test]
fn what_was_heard_is_named_and_the_same_again_is_nothing_new() {
    let mut known = knows(says(10));
    assert!(known.entry.is_reported());
    assert_eq!(known.entry.epoch(), says(10).epoch);
    for _ in 0..3 {
        assert_eq!(known.hear(says(10)), Heard::Nothing);
        assert_eq!((known.names(), known.doubted()), (vec![whole(1, 10)], 0));
    }
}

#[test]
fn a_further_address_is_told_once_and_named_too() {
    let mut known = knows(says(10));
    assert_eq!(known.hear(says(10).from(2)), NEW_ADDRESS);
    assert_eq!(known.hear(says(10).from(2)), Heard::Nothing);
    assert_eq!(known.hear(says(10)), Heard::Nothing);
    assert_eq!((known.names(), known.doubted()), (vec![whole(2, 10), whole(1, 10)], 0));
    // A port is another place too, and the own end is not.
    let elsewhere = Path::new(([10, 0, 0, 1], 50_010).into());
    assert_eq!(known.hear(Said { at: elsewhere, ..says(10) }), NEW_ADDRESS);
    let here = host(1).from_local(([10, 0, 0, 9], 4_000).into());
    assert_eq!(known.hear(Said { at: here, ..says(10) }), Heard::Nothing);
    assert_eq!(known.entry.voices.len(), 3);
    assert!(known.entry.voices.iter().all(|voice| voice.at.local.is_none()));
}

#[test]
fn what_it_says_later_takes_the_place_of_what_it_said_there() {
    let mut known = knows(says(10));
    assert_eq!(known.hear(says(11).since(1, 2)), NEW_CONTENT);
    assert_eq!((known.names(), known.doubted()), (vec![whole(1, 11)], 0));
    // And from there it may come to what it said first.
    assert_eq!(known.hear(says(10).since(1, 3)), NEW_CONTENT);
    assert_eq!(known.names(), [whole(1, 10)]);
}

#[test]
fn where_it_said_otherwise_it_is_asked_again_and_catching_up_is_nothing_new() {
    let mut known = knows(says(10));
    known.hear(says(10).from(2));
    assert_eq!(known.hear(says(11).since(1, 2)), NEW_CONTENT);
    assert_eq!(known.names(), [whole(2, 10), whole(1, 11)]);
    assert!(known.entry.voices[0].doubted.is_some() && known.doubted() == 1);
    assert_eq!(known.hear(says(11).since(1, 2).from(2)), Heard::Nothing);
    assert_eq!((known.names(), known.doubted()), (vec![whole(1, 11), whole(2, 11)], 0));
}

#[test]
fn of_seventeen_voices_the_one_that_was_heard_least_lately_is_the_first() {
    let mut known = knows(says(10));
    for last in 2..=17 {
        assert_eq!(known.hear(says(10).from(last)), NEW_ADDRESS);
    }
    known.hear(says(10));
    let order: Vec<Path> = (2..=17).chain([1]).map(host).collect();
    assert_eq!(known.voices().into_iter().map(|(at, _)| at).collect::<Vec<_>>(), order);
}

#[test]
fn a_voice_is_known_by_its_place_and_its_words() {
    let mut known = knows(says(10));
    known.hear(says(11));
    for words in [10, 11] {
        let local = host(1).from_local(([10, 0, 0, 9], 4_000).into());
        assert_eq!(known.entry.voice(local, words).unwrap().words, words);
    }
    assert!(known.entry.voice(host(1), 12).is_none() && known.entry.voice(host(2), 10).is_none());
}

#[test]
fn a_whole_answer_is_known_again_by_its_print_in_its_place() {
    let print = |print, said| Said { print, ..said };
    let mut known = knows(print(1, says(10)));
    assert_eq!(known.entry.words_of(host(1), 1), Some(10));
    assert_eq!(known.entry.words_of(host(1).from_local(([10, 0, 0, 9], 1).into()), 1), Some(10));
    assert_eq!((known.entry.words_of(host(1), 2), known.entry.words_of(host(2), 1)), (None, None));
    // The same words of another age have another print; cut short they have none.
    known.hear(print(2, says(10).since(1, 2)));
    known.hear(print(0, says(10).since(1, 2).of(200)));
    assert_eq!(
        (known.entry.words_of(host(1), 2), known.entry.words_of(host(1), 1)),
        (Some(10), None)
    );
    known.hear(print(3, says(11).since(1, 2)));
    assert_eq!(
        (known.entry.words_of(host(1), 2), known.entry.words_of(host(1), 3)),
        (Some(10), Some(11))
    );
    known.hear(print(0, says(12).since(1, 3).of(200).from(2)));
    assert_eq!(known.entry.words_of(host(2), 0), None);
    known.hear(print(4, says(12).since(1, 3).from(2)));
    assert_eq!(known.entry.words_of(host(2), 4), Some(12));
}

#[test]
fn what_is_renewed_stays_renewed_when_the_words_change() {
    let mut known = knows(says(10));
    known.entry.voices[0].lease.ends = at(2);
    known.hear(says(11).since(1, 2));
    assert_eq!(known.entry.voices[0].lease.ends, at(2));
}
