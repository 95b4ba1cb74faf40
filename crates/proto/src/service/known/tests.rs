use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use super::*;
use crate::wire::{Epoch, Tlv, TlvBuf, Tlvs, short_name, whole_name};
use crate::{Change, Via};

const TXN: u64 = 0x7e57;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn host(number: u16) -> Path {
    let [a, b] = number.to_be_bytes();
    Path::new(([10, 0, a, b], 50_009).into())
}

/// This responder of this host says what all say, whole.
fn said(id: u64, number: u16) -> Said<'static> {
    Said {
        at: host(number),
        via: Via::Unicast,
        id,
        words: 10,
        print: 0,
        missing: None,
        epoch: Some(Epoch { boot: 1, seq: 1 }),
        lease: Duration::from_secs(120),
        tlvs: Tlvs::NONE,
        asked: Instant::ZERO,
    }
}

fn short(id: u64, number: u16, length: u16) -> Said<'static> {
    Said { missing: Some(length), ..said(id, number) }
}

fn hear_all(known: &mut Known, ids: Range<u64>, number: u16) {
    ids.for_each(|id| assert_eq!(known.hears(said(id, number)), Heard::New));
}

fn known(capacity: usize) -> Known {
    Known::new(TXN, capacity, Secret::new(1))
}

impl Known {
    fn hears(&mut self, said: Said<'_>) -> Heard {
        self.hear(at(1_000), Said { asked: at(1_000), ..said })
    }

    fn ids(&self) -> BTreeSet<u64> {
        self.entries.values().map(|entry| entry.id).collect()
    }

    /// The voices of an id.
    fn voices_of(&self, id: u64) -> Vec<u64> {
        self.get(id).map(|entry| entry.voices.iter().map(|voice| voice.name).collect()).unwrap()
    }

    /// That all books agree.
    fn audit(&self) {
        let voices = || self.entries.values().flat_map(|entry| &entry.voices);
        assert_eq!(self.voices(), voices().count());
        assert!(self.voices() <= self.capacity);
        let mut sources = Sources::default();
        for (place, entry) in &self.entries {
            assert_eq!(self.lots.get(entry.lot), Some(place));
            assert_eq!(self.untold.contains(place), !entry.is_told());
            assert!(!entry.voices.is_empty() && entry.voices.len() <= MOST_VOICES);
            entry.voices.iter().for_each(|voice| sources.add(voice.at.remote.ip(), *place));
        }
        assert_eq!(self.lots.len(), self.entries.len());
        assert!(self.untold.iter().all(|place| self.entries.contains_key(place)));
        for place in [0, u64::MAX / 3, u64::MAX] {
            assert_eq!(self.sources.greediest(place, 0), sources.greediest(place, 0));
        }
        let missing: Vec<u16> = voices().filter_map(|v| Some(v.missing?.length)).collect();
        let longest = missing.iter().max().map(|longest| (missing.len() as u64, *longest));
        assert_eq!(self.missing(), longest);
    }
}

#[test]
fn who_is_heard_is_known_by_id_and_by_place() {
    let mut known = known(10);
    assert!(known.is_empty());
    assert_eq!(known.hears(said(7, 1)), Heard::New);
    assert_eq!(known.hears(said(7, 1)), Heard::Nothing);
    assert_eq!(known.hears(said(8, 1)), Heard::New);
    assert_eq!(known.hears(said(7, 2)), Heard::Changed(Change::Address));
    assert_eq!((known.len(), known.voices(), known.is_empty()), (2, 3, false));
    assert!(known.get(9).is_none() && known.get(7).is_some_and(|entry| entry.id == 7));
    let place = known.place(8);
    assert_eq!(place, crate::wire::place(8, TXN));
    assert!(known.at(place).is_some_and(|entry| entry.id == 8));
    assert!(known.at_mut(place).is_some_and(|entry| entry.id == 8));
    assert!(known.at(place + 1).is_none() && known.at_mut(place + 1).is_none());
    let all: Vec<(u64, u64)> = known.iter_mut().map(|(place, entry)| (place, entry.id)).collect();
    let mut expected: Vec<(u64, u64)> = [7, 8].map(|id| (crate::wire::place(id, TXN), id)).into();
    expected.sort_unstable();
    assert_eq!(all, expected);
    known.audit();
}

#[test]
fn the_words_of_an_answer_are_its_digest_whether_it_is_known_or_not() {
    let (mut ours, mut others) = (TlvBuf::new(), TlvBuf::new());
    ours.push(Tlv::Name("lab")).unwrap();
    others.push(Tlv::Name("attic")).unwrap();
    others.push(Tlv::Digest(66)).unwrap();
    let reply = |tlvs, whole| Reply { id: 7, whole, tlvs, ..REPLY };
    let whole = reply(ours.as_tlvs(), None);
    let mut known = known(10);
    let (words, print) = known.words(host(1), &whole).unwrap();
    assert_eq!(words, crate::wire::digest(120, ours.as_tlvs()));
    // It is not made anew where it is known.
    known.hears(Said { words: 5, print, ..said(7, 1) });
    assert_eq!(known.words(host(1), &whole), Some((5, print)));
    assert_eq!(known.words(host(2), &whole), Some((words, print)));
    assert_eq!(known.words(host(1), &Reply { id: 8, ..whole }), Some((words, print)));
    let later = known.words(host(1), &Reply { lease_s: 121, ..whole }).unwrap();
    assert!(later.0 == crate::wire::digest(121, ours.as_tlvs()) && later.1 != print);
    // Where it is cut short it is what is said.
    assert_eq!(known.words(host(1), &reply(others.as_tlvs(), Some(200))), Some((66, 0)));
    assert_eq!(known.words(host(1), &reply(ours.as_tlvs(), Some(200))), None);
    assert_ne!(known.words(host(1), &reply(others.as_tlvs(), None)).unwrap().0, 66);
}

const REPLY: Reply<'static> = Reply {
    txn: TXN,
    id: 0,
    round: 1,
    copy: 0,
    whole: None,
    busy: false,
    lease_s: 120,
    tlvs: Tlvs::NONE,
};

#[test]
fn each_voice_is_in_the_slice_of_its_id_and_in_no_other() {
    let mut known = known(1_000);
    (0..100).for_each(|id| assert_eq!(known.hears(said(id, id as u16 % 7)), Heard::New));
    known.hears(said(3, 99));
    for bits in [0, 1, 4, 12, 20] {
        for index in [0, 1, (1 << bits) - 1] {
            let Some(slice) = Slice::new(bits, index) else { continue };
            let names: BTreeSet<u64> = known.in_slice(slice).map(|voice| voice.name).collect();
            let expected: BTreeSet<u64> = (0..100u64)
                .map(|id| (id, id as u16 % 7))
                .chain([(3, 99)])
                .filter(|(id, _)| slice.contains(*id, TXN))
                .map(|(id, number)| whole_name(id, host(number).remote, 10))
                .collect();
            assert_eq!(names, expected, "slice {index} of 2^{bits}");
        }
    }
    assert_eq!(known.in_slice(Slice::ALL).count(), 101);
}

#[test]
fn with_another_number_of_the_session_everybody_has_another_place() {
    let mut known = known(1_000);
    hear_all(&mut known, 0..66, 1);
    (66..100).for_each(|id| hear_all(&mut known, id..id + 1, id as u16));
    known.hears(short(100, 100, 300));
    known.hears(said(3, 99));
    let places = |known: &mut Known| known.iter_mut().map(|(place, _)| place).collect::<Vec<_>>();
    let before = places(&mut known);
    known.set_txn(!TXN);
    let after = places(&mut known);
    assert_eq!((before.len(), after.len()), (101, 101));
    assert!(after.iter().all(|place| !before.contains(place)));
    assert_eq!(known.place(7), crate::wire::place(7, !TXN));
    assert!(known.get(7).is_some_and(|entry| entry.id == 7));
    assert_eq!((known.missing(), known.has_untold()), (Some((1, 300)), true));
    known.audit();
}

#[test]
fn a_sample_is_of_voices_and_sixteen_of_one_address_at_the_most() {
    let mut known = known(1_000);
    assert_eq!(known.sampled(), 0);
    hear_all(&mut known, 0..15, 1);
    known.hears(said(0, 2));
    assert_eq!(known.sampled(), 16);
    hear_all(&mut known, 15..100, 1);
    assert_eq!(known.sampled(), 17);
}

#[test]
fn what_is_missing_is_counted_until_it_has_come_and_the_longest_is_known() {
    let mut known = known(100);
    assert_eq!(known.missing(), None);
    assert_eq!(known.hears(short(1, 1, 200)), Heard::NewInPart);
    assert_eq!(known.hears(short(2, 2, 904)), Heard::NewInPart);
    assert_eq!(known.hears(short(3, 3, 200)), Heard::NewInPart);
    assert_eq!(known.hears(said(4, 4)), Heard::New);
    assert_eq!((known.missing(), known.has_untold()), (Some((3, 904)), true));
    assert_eq!(known.hears(said(2, 2)), Heard::Whole);
    assert_eq!(known.missing(), Some((2, 200)));
    assert_eq!(known.hears(said(1, 1)), Heard::Whole);
    assert_eq!(known.missing(), Some((1, 200)));
    known.audit();
    let place = known.place(3);
    assert!(known.remove(place).is_some() && known.remove(place).is_none());
    assert_eq!((known.missing(), known.has_untold()), (None, false));
    // Who is known may have more to say.
    known.hears(Said { epoch: Some(Epoch { boot: 2, seq: 0 }), ..short(4, 4, 300) });
    assert_eq!((known.missing(), known.has_untold()), (Some((1, 300)), false));
    known.audit();
}

#[test]
fn each_of_whom_nothing_was_told_is_told_of_in_part_once() {
    let mut known = known(100);
    (1..=3).for_each(|id| assert_eq!(known.hears(short(id, 1, 200)), Heard::NewInPart));
    known.hears(said(2, 1));
    let mut told = Vec::new();
    while let Some((id, part)) = known.tell_in_part() {
        assert_eq!(part.from, host(1));
        told.push(id);
        known.audit();
    }
    told.sort_unstable();
    assert_eq!(told, [1, 3]);
    assert_eq!((known.has_untold(), known.missing()), (false, Some((2, 200))));
    assert_eq!(known.hears(said(1, 1)), Heard::Changed(Change::Content));
    known.audit();
}

#[test]
fn promises_take_a_quarter_of_the_room_at_the_most() {
    let mut known = known(40);
    (0..10).for_each(|id| assert_eq!(known.hears(short(id, 1, 200)), Heard::NewInPart));
    assert!(!known.was_full);
    assert_eq!(known.hears(short(10, 1, 200)), Heard::NoRoom);
    assert!(known.was_full && known.get(10).is_none());
    assert_eq!(known.hears(said(10, 1)), Heard::New);
    assert_eq!(known.hears(said(0, 1)), Heard::Whole);
    assert_eq!(known.hears(short(11, 1, 200)), Heard::NewInPart);
    known.audit();
    let mut smallest = Known::new(TXN, 0, Secret::new(1));
    assert_eq!(smallest.hears(short(1, 1, 200)), Heard::NewInPart);
    assert_eq!(smallest.hears(short(2, 1, 200)), Heard::NoRoom);
}

#[test]
fn a_responder_has_sixteen_voices_and_the_one_heard_least_lately_goes() {
    let mut known = known(100);
    (1..=16).for_each(|number| assert_ne!(known.hears(said(7, number)), Heard::Nothing));
    known.hears(said(7, 1));
    assert_eq!(known.hears(said(7, 17)), Heard::Changed(Change::Address));
    let names = |numbers: &[u16]| -> Vec<u64> {
        numbers.iter().map(|number| whole_name(7, host(*number).remote, 10)).collect()
    };
    let kept: Vec<u16> = (3..=16).chain([1, 17]).collect();
    assert_eq!(known.voices_of(7), names(&kept));
    assert_eq!((known.len(), known.voices(), known.was_full), (1, 16, false));
    known.audit();
}

#[test]
fn where_there_is_no_more_room_the_greediest_address_gives_way() {
    let mut known = known(200);
    hear_all(&mut known, 0..64, 1);
    hear_all(&mut known, 100..164, 2);
    hear_all(&mut known, 200..272, 3);
    assert_eq!((known.voices(), known.was_full, known.gave_way), (200, false, None));
    let mut gone = BTreeSet::new();
    for id in 300..308 {
        assert_eq!(known.hears(said(id, id as u16)), Heard::New);
        let (gave_way, at) = known.gave_way.expect("one did");
        assert!((200..272).contains(&gave_way) && at == host(3));
        assert!(known.get(gave_way).is_none() && gone.insert(gave_way));
        known.audit();
    }
    // Who comes from the greediest address takes the place of one of his own.
    for id in 400..420 {
        assert_eq!(known.hears(said(id, 3)), Heard::New);
        let (gave_way, _) = known.gave_way.unwrap();
        assert!((200..272).contains(&gave_way) || (400..id).contains(&gave_way));
    }
    known.audit();
    assert_eq!(known.hears(said(0, 1)), Heard::Nothing);
    assert_eq!(known.gave_way, None);
    let ids = known.ids();
    assert!((0..64).chain(100..164).chain(300..308).all(|id| ids.contains(&id)));
    // It is remembered that some had to.
    assert!(known.was_full);
}

#[test]
fn in_a_large_table_sixty_four_voices_never_give_way_while_an_address_has_more() {
    let mut known = known(5_000);
    hear_all(&mut known, 1_000..1_064, 1);
    hear_all(&mut known, 2_000..2_100, 2);
    (10_000..14_836).for_each(|id| hear_all(&mut known, id..id + 1, 100 + (id / 64) as u16));
    assert_eq!((known.voices(), known.was_full), (5_000, false));
    for id in 30_000..30_036 {
        hear_all(&mut known, id..id + 1, 3);
        let (gone, at) = known.gave_way.unwrap();
        assert!((2_000..2_100).contains(&gone) && at == host(2), "{gone}");
    }
    known.audit();
}

#[test]
fn where_nobody_is_greedy_who_came_late_gives_way_and_not_by_its_place() {
    let mut known = known(100);
    let honest = 1 << 40..(1 << 40) + 50;
    hear_each(&mut known, honest.clone());
    // Others answer with ids whose places are side by side.
    let side_by_side = |n: u64| (0..).find(|id| crate::wire::place(*id, TXN) >> 52 == n).unwrap();
    let crowd: BTreeSet<u64> = (0..50).map(side_by_side).collect();
    crowd.iter().for_each(|id| hear_each(&mut known, *id..id + 1));
    for id in 1 << 41..(1 << 41) + 500 {
        hear_each(&mut known, id..id + 1);
        let (gave_way, _) = known.gave_way.unwrap();
        assert!(gave_way != id && !honest.contains(&gave_way), "{gave_way}");
    }
    let later = known.ids().iter().filter(|id| **id >= 1 << 41).count();
    assert!((10..50).contains(&later), "{later}");
    known.audit();
}

/// Each is at a host of its own.
fn hear_each(known: &mut Known, ids: Range<u64>) {
    ids.for_each(|id| assert_eq!(known.hears(said(id, id as u16)), Heard::New));
}

#[test]
fn who_was_not_told_of_does_not_give_way_to_others() {
    let mut known = known(40);
    (0..10).for_each(|id| assert_eq!(known.hears(short(id, id as u16, 200)), Heard::NewInPart));
    for id in 100..200 {
        assert_eq!(known.hears(said(id, id as u16)), Heard::New);
        assert!(known.gave_way.is_none_or(|(gone, _)| gone >= 100 && gone != id));
    }
    known.audit();
    assert!((0..10).all(|id| known.get(id).is_some()));
}

#[test]
fn of_the_greediest_even_who_was_not_told_of_gives_way_and_that_is_not_told() {
    let mut known = known(70);
    (0..17).for_each(|id| assert_eq!(known.hears(short(id, 1, 200)), Heard::NewInPart));
    hear_all(&mut known, 100..148, 1);
    hear_all(&mut known, 200..205, 2);
    let mut silently = 0;
    for id in 300..340 {
        let before = known.ids();
        known.hears(said(id, 1));
        let gone: Vec<u64> = before.difference(&known.ids()).copied().collect();
        assert_eq!(gone.len(), 1);
        assert_eq!(known.gave_way.map(|(gone, _)| gone), Some(gone[0]).filter(|id| *id >= 100));
        silently += usize::from(gone[0] < 100);
        known.audit();
    }
    assert!(silently > 0);
}

#[test]
fn what_a_forger_says_for_another_gives_way_and_not_what_that_one_says() {
    let mut known = known(100);
    // He speaks for the responder of host 1, and for many that he made up.
    assert_eq!(known.hears(said(7, 1)), Heard::New);
    assert_eq!(known.hears(Said { words: 66, ..said(7, 6) }), Heard::Changed(Change::Conflict));
    hear_all(&mut known, 100..198, 6);
    for id in 200..1_200 {
        hear_all(&mut known, id..id + 1, 6);
        assert!(known.gave_way.is_none_or(|(gone, at)| gone != 7 && at == host(6)));
    }
    assert_eq!(known.voices_of(7), [whole_name(7, host(1).remote, 10)]);
    known.audit();
}

#[test]
fn with_nobody_else_the_newcomer_gives_way_after_it_was_told_of() {
    let mut known = known(1);
    assert_eq!(known.hears(said(1, 1)), Heard::New);
    assert_eq!(known.hears(said(2, 2)), Heard::New);
    assert_eq!(known.gave_way, Some((1, host(1))));
    // Of one responder it is what it said before.
    assert_eq!(known.hears(said(2, 3)), Heard::Changed(Change::Address));
    assert_eq!(
        (known.gave_way, known.voices_of(2)),
        (None, vec![whole_name(2, host(3).remote, 10)])
    );
    known.audit();
    let mut known = self::known(1);
    known.hears(short(1, 1, 200));
    assert_eq!(known.hears(said(2, 2)), Heard::New);
    assert_eq!((known.gave_way, known.get(2).is_none()), (Some((2, host(2))), true));
    assert_eq!(known.voices_of(1), [short_name(1, host(1).remote, 10)]);
    known.audit();
}

#[test]
fn who_is_gone_is_forgotten_voice_by_voice() {
    let mut known = known(100);
    known.hears(said(7, 1));
    known.hears(short(7, 2, 300));
    known.hears(said(8, 1));
    let (place, gone) = (known.place(7), |number| move |voice: &Voice| voice.at == host(number));
    assert!(known.forget(place, gone(9)).is_none() && known.voices() == 3);
    assert!(known.forget(place, gone(2)).is_none());
    assert_eq!((known.voices(), known.missing()), (2, None));
    known.audit();
    let (entry, at) = known.forget(place, gone(1)).unwrap();
    assert_eq!((entry.id, at, known.voices()), (7, host(1), 1));
    assert!(known.forget(place, gone(1)).is_none());
    known.audit();
    // Where it was heard last.
    [1, 2, 3, 2]
        .into_iter()
        .for_each(|number| assert_ne!(known.hears(said(7, number)), Heard::NoRoom));
    assert_eq!(known.forget(place, |_| true).map(|(_, at)| at), Some(host(2)));
}

#[test]
fn whatever_is_heard_the_books_agree() {
    let mut rng = Rng::new(5);
    for capacity in [1, 2, 7, 90] {
        let mut known = known(capacity);
        for step in 0..1_000u64 {
            let said = Said {
                words: rng.up_to(2),
                missing: Some(100 + rng.up_to(3) as u16 * 50).filter(|_| rng.up_to(1) == 0),
                epoch: Some(Epoch { boot: 1, seq: rng.up_to(3) as u32 }),
                ..said(rng.up_to(200), [1, 1, 1, 2, 3, 4][rng.up_to(5) as usize])
            };
            let asked = at(step.saturating_sub(rng.up_to(3)));
            let place = known.place(said.id);
            let was_known = known.at(place).is_some();
            let heard = known.hear(at(step), Said { asked, ..said });
            let is_entry = matches!(heard, Heard::New | Heard::NewInPart | Heard::NoRoom);
            assert_eq!(is_entry, !was_known, "{heard:?}");
            if rng.up_to(20) == 0 {
                let is_gone = |voice: &Voice| voice.words == 1;
                assert!(known.forget(place, is_gone).is_none_or(|(entry, _)| entry.id == said.id));
            }
            if rng.up_to(50) == 0 {
                known.tell_in_part();
            }
            if step % 5 == 0 {
                known.audit();
            }
        }
    }
}
