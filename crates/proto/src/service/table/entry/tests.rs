use alloc::vec;

use super::*;

const SERVICE: Tlvs<'static> = Tlvs::NONE;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn host(last: u8) -> Path {
    Path::new(([10, 0, 0, last], 50_009).into())
}

/// Host 1 says this, whole, as it does since its first start.
fn says(words: u64) -> Said<'static> {
    Said {
        at: host(1),
        via: Via::Unicast,
        id: 7,
        words,
        print: 0,
        missing: None,
        epoch: Some(Epoch { boot: 1, seq: 1 }),
        lease: Duration::from_secs(120),
        tlvs: SERVICE,
        asked: Instant::ZERO,
    }
}

impl Said<'_> {
    fn from(self, last: u8) -> Self {
        Said { at: host(last), ..self }
    }

    fn since(self, boot: u32, seq: u32) -> Self {
        Said { epoch: Some(Epoch { boot, seq }), ..self }
    }

    /// Cut short.
    fn of(self, length: u16) -> Self {
        Said { missing: Some(length), ..self }
    }
}

/// A responder of which one answer after the other is heard.
struct Heard7 {
    entry: Entry,
    now: u64,
}

fn knows(said: Said<'_>) -> Heard7 {
    Heard7 { entry: Entry::new(at(1_000), said, 0, 1), now: 1_000 }
}

impl Heard7 {
    /// What comes a tenth of a second later in answer to a question that was put just before.
    fn hear(&mut self, said: Said<'_>) -> Heard {
        self.now += 100;
        self.hear_late(said, self.now - 10)
    }

    /// What comes now in answer to a question that was put then.
    fn hear_late(&mut self, said: Said<'_>, asked: u64) -> Heard {
        self.entry.hear(at(self.now), Said { asked: at(asked), ..said })
    }

    fn doubted(&self) -> usize {
        self.entry.voices.iter().filter(|voice| voice.doubted.is_some()).count()
    }

    /// Where it is and what it says there, those last who were heard last.
    fn voices(&self) -> Vec<(Path, u64)> {
        self.entry.voices.iter().map(|voice| (voice.at, voice.words)).collect()
    }

    fn names(&self) -> Vec<u64> {
        self.entry.voices.iter().map(|voice| voice.name).collect()
    }
}

fn whole(last: u8, words: u64) -> u64 {
    whole_name(7, host(last).remote, words)
}

fn short(last: u8, words: u64) -> u64 {
    short_name(7, host(last).remote, words)
}

const NEW_ADDRESS: Heard = Heard::Changed(Change::Address);
const NEW_CONTENT: Heard = Heard::Changed(Change::Content);
const RESTARTED: Heard = Heard::Changed(Change::Restarted);
const CONFLICT: Heard = Heard::Changed(Change::Conflict);

#[test]
fn what_was_heard_is_named_and_the_same_again_is_nothing_new() {
    let mut known = knows(says(10));
    assert!(known.entry.is_told());
    assert_eq!(known.entry.epoch(), says(10).epoch);
    for _ in 0..3 {
        assert_eq!(known.hear(says(10)), Heard::Nothing);
        assert_eq!((known.names(), known.doubted()), (vec![whole(1, 10)], 0));
    }
}

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
fn a_truncated_answer_is_not_told_until_the_whole_has_come() {
    let mut known = knows(says(10).of(200));
    assert!(!known.entry.is_told());
    assert_eq!(known.hear(says(10).of(200)), Heard::Nothing);
    assert_eq!(known.names(), [short(1, 10)]);
    assert_eq!(known.hear(says(10)), Heard::Whole);
    assert!(known.entry.is_told());
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
    let told = known.entry.tell_in_part().unwrap();
    assert_eq!((told.from, told.via, told.lease), (host(1), Via::Group, part.lease));
    assert_eq!(told.tlvs(), tlvs);
    assert!(known.entry.is_told() && known.entry.tell_in_part().is_none());
    assert_eq!(known.hear(part), Heard::Nothing);
    assert_eq!(known.hear(says(10)), NEW_CONTENT);
    assert_eq!(known.hear(says(10)), Heard::Nothing);
    assert!(knows(says(10)).entry.tell_in_part().is_none());
}

#[test]
fn of_a_part_no_more_is_kept_than_the_shortest_question_gets() {
    let tlv = |length: u8| [vec![6, 0, length], vec![b'x'; length.into()]].concat();
    let text = [tlv(61), tlv(61), tlv(200)].concat();
    let part = Said { tlvs: Tlvs::checked_before(&text), ..says(10).of(400) };
    let told = knows(part).entry.tell_in_part().unwrap();
    assert_eq!(told.tlvs().as_bytes(), &text[..128]);
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
